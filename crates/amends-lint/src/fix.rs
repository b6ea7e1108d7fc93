//! Makes the changes that findings offer.

use crate::finding::{Edit, Finding};

/// The text with every offered change made, and how many findings that mends. Of two changes that touch the same words
/// only the first is made; linting again offers the other.
pub fn apply(text: &str, findings: &[Finding]) -> (String, usize) {
    let mut fixes: Vec<&Vec<Edit>> =
        findings.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| &fix.edits).collect();
    fixes.sort_by_key(|edits| edits.iter().map(|edit| edit.span.start).min());
    let (mut taken, mut made): (Vec<&Edit>, usize) = (Vec::new(), 0);
    let mut free_from = 0;
    for edits in fixes {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by_key(|edit| edit.span);
        let apart = edits.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
        let inside = edits.iter().all(|edit| text.get(edit.span.start..edit.span.end).is_some());
        let (Some(first), Some(last)) = (edits.first(), edits.last()) else { continue };
        if first.span.start >= free_from && apart && inside {
            free_from = last.span.end.max(last.span.start + 1);
            taken.extend(edits);
            made += 1;
        }
    }
    let (mut fixed, mut at) = (String::with_capacity(text.len()), 0);
    for edit in taken {
        fixed.push_str(text.get(at..edit.span.start).unwrap_or_default());
        fixed.push_str(&edit.text);
        at = edit.span.end;
    }
    fixed.push_str(text.get(at..).unwrap_or_default());
    (fixed, made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::span::Span;

    fn replace(start: usize, end: usize, text: &str) -> Finding {
        Finding::at(Span::new(start, end), "m").replace("t", text)
    }

    #[test]
    fn changes_are_made_once_and_in_order() {
        let findings = [replace(4, 7, "X"), replace(0, 1, "Y"), replace(5, 8, "Z"), replace(50, 60, "W")];
        assert_eq!(apply("a bcdefgh", &findings), ("Y bcXgh".to_owned(), 2));
        assert_eq!(apply("abc", &[]), ("abc".to_owned(), 0));
    }
}
