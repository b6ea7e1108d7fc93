//! What is different between two texts, line by line and word by word. Pure.

use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Texts that differ in everything are compared for so long at most; then whole blocks count as changed.
const LONGEST: Duration = Duration::from_millis(300);
/// As many unchanged lines stand around what changed.
const AROUND: usize = 2;

/// What a line is in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In both.
    Same,
    /// Only in the earlier text.
    Gone,
    /// Only in the later text.
    New,
    /// Stands for unchanged lines that are left out.
    Skipped,
}

/// A line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// Its text in pieces; those that are true are what differs from the line beside it.
    pub pieces: Vec<(bool, String)>,
}

/// Compares two texts.
pub fn compare(old: &str, new: &str) -> Vec<Line> {
    if old == new {
        return Vec::new();
    }
    let diff = TextDiff::configure().timeout(LONGEST).diff_lines(old, new);
    let mut lines = Vec::new();
    let mut shown_to = 0;
    for group in diff.grouped_ops(AROUND) {
        let starts = group.first().map_or(0, |op| op.new_range().start);
        if starts > shown_to {
            lines.push(Line { kind: Kind::Skipped, pieces: Vec::new() });
        }
        shown_to = group.last().map_or(starts, |op| op.new_range().end);
        for op in &group {
            for change in diff.iter_inline_changes(op) {
                let kind = match change.tag() {
                    ChangeTag::Equal => Kind::Same,
                    ChangeTag::Delete => Kind::Gone,
                    ChangeTag::Insert => Kind::New,
                };
                let mut pieces: Vec<(bool, String)> = change
                    .iter_strings_lossy()
                    .map(|(differs, text)| (differs, text.trim_end_matches('\n').to_owned()))
                    .collect();
                // A line that is wholly new needs no second colour in it.
                if pieces.iter().all(|(differs, text)| *differs || text.trim().is_empty()) {
                    pieces = vec![(false, pieces.into_iter().map(|(_, text)| text).collect())];
                }
                lines.push(Line { kind, pieces });
            }
        }
    }
    if shown_to < new.lines().count() {
        lines.push(Line { kind: Kind::Skipped, pieces: Vec::new() });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> String {
        let line = |line: &Line| {
            let mark = match line.kind {
                Kind::Same => ' ',
                Kind::Gone => '-',
                Kind::New => '+',
                Kind::Skipped => return "…".to_owned(),
            };
            let pieces = line.pieces.iter().map(|(d, t)| if *d { format!("[{t}]") } else { t.clone() });
            format!("{mark}{}", pieces.collect::<String>())
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn words_that_changed_are_told_apart_from_lines_that_did() {
        let old = "one\ntwo\nthree\nfour\nMails were late today\nsix\nseven\neight\nnine\n";
        let new = "one\ntwo\nthree\nfour\nMails were lost today\nsix\nseven\neight\nnine\nten\n";
        let shown = text(&compare(old, new));
        assert_eq!(
            shown,
            "…\n three\n four\n-Mails were [late] today\n+Mails were [lost] today\n six\n seven\n eight\n nine\n+ten"
        );
        assert!(compare(old, old).is_empty());
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_compared_in_time() {
        let old: String = (0..6_000).map(|n| format!("a{n} {}\n", n * 7)).collect();
        let new: String = (0..6_000).map(|n| format!("b{n} {}\n", n * 11)).collect();
        let lines = compare(&old, &new);
        assert!(lines.iter().filter(|l| l.kind == Kind::New).count() == 6_000);
    }
}
