//! The text that the linter reads: what was typed with its facts filled in, its title before it and its actions after
//! it, as readers see them. It knows for every byte where that was typed. Pure.

use super::fill::Filled;
use amends_lint::read::span::{LineIndex, Span};
use jiff::civil::Date;
use std::ops::Range;

/// Where a part of the text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Title and day, which stand in fields of their own.
    Title,
    /// The writer, from this byte of the source on.
    Typed(usize),
    /// The record, in place of what stands at this range of the source.
    Fact(Range<usize>),
    /// The record: what is shown beneath the document.
    Beneath,
}

/// A part; it begins where the one before it ends.
#[derive(Debug)]
struct Part {
    start: usize,
    end: usize,
    origin: Origin,
}

/// In which of the fields that make up the text a place lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The title.
    Title,
    /// The text, in words that the writer typed.
    Typed,
    /// The text, where a fact of the record stands.
    Fact,
    /// The corrective actions beneath the document.
    Actions,
}

/// A place in a field: lines and columns from 1, columns in characters; the end is one past the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub field: Field,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A text as it is checked.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    source: &'a str,
    /// The title as it was typed.
    pub title: &'a str,
    lines: LineIndex,
    /// The text that the linter reads.
    pub text: String,
    parts: Vec<Part>,
}

impl<'a> Checked<'a> {
    /// Puts a text together. `day` is that of the incident; `beneath` is what stands under the text when it is read.
    pub fn new(
        title: &'a str,
        day: Date,
        source: &'a str,
        filled: &Filled,
        beneath: Option<&str>,
    ) -> Checked<'a> {
        // A JSON string is a YAML string; one can always be made of text.
        let quoted = serde_json::to_string(title).unwrap_or_default();
        let mut text = format!("---\ntitle: {quoted}\ndate: {day}\n---\n\n");
        let mut parts = vec![Part { start: 0, end: text.len(), origin: Origin::Title }];
        let base = text.len();
        text.push_str(&filled.markdown);
        let mut add = |end: usize, origin: Origin| {
            let start = parts.last().map_or(0, |part| part.end);
            if end > start {
                parts.push(Part { start, end, origin });
            }
        };
        let mut typed = 0;
        for value in &filled.values {
            add(base + value.out.start, Origin::Typed(typed));
            add(base + value.out.end, Origin::Fact(value.source.clone()));
            typed = value.source.end;
        }
        add(text.len(), Origin::Typed(typed));
        if let Some(beneath) = beneath {
            text.push_str("\n\n");
            text.push_str(beneath);
            add(text.len(), Origin::Beneath);
        }
        Checked { source, title, lines: LineIndex::new(source), text, parts }
    }

    /// The part in which a byte of the text lies.
    fn part(&self, at: usize) -> Option<&Part> {
        let index = self.parts.partition_point(|part| part.end <= at);
        self.parts.get(index).or(self.parts.last())
    }

    /// The part in which the last byte of a span lies.
    fn last(&self, span: Span) -> Option<&Part> {
        self.part(if span.is_empty() { span.start } else { span.end - 1 })
    }

    /// Where a span of the text was typed, or what stands in the place of what was typed.
    pub fn place(&self, span: Span) -> Place {
        let (Some(first), Some(last)) = (self.part(span.start), self.last(span)) else {
            return self.at(Field::Typed, 0, 0);
        };
        let start = match &first.origin {
            Origin::Title => {
                let end_column = self.title.chars().count() + 1;
                return Place { field: Field::Title, line: 1, column: 1, end_line: 1, end_column };
            }
            Origin::Beneath => return self.beneath(first, span),
            Origin::Typed(from) => from + (span.start - first.start),
            Origin::Fact(range) => range.start,
        };
        let end = match &last.origin {
            Origin::Typed(from) => from + (span.end.max(last.start) - last.start),
            Origin::Fact(range) => range.end,
            Origin::Title | Origin::Beneath => self.source.len(),
        };
        let whole = matches!(first.origin, Origin::Fact(_)) && std::ptr::eq(first, last);
        self.at(if whole { Field::Fact } else { Field::Typed }, start, end.max(start))
    }

    fn at(&self, field: Field, start: usize, end: usize) -> Place {
        let (start, end) = (start.min(self.source.len()), end.min(self.source.len()));
        Place {
            field,
            line: self.lines.line(start),
            column: self.lines.column(self.source, start),
            end_line: self.lines.line(end),
            end_column: self.lines.column(self.source, end),
        }
    }

    fn beneath(&self, part: &Part, span: Span) -> Place {
        let before = self.text.get(part.start..span.start).unwrap_or_default().trim_start_matches('\n');
        let line = before.matches('\n').count() + 1;
        Place { field: Field::Actions, line, column: 1, end_line: line, end_column: 1 }
    }

    /// The name of the fact that stands at a span, with its braces.
    pub fn fact(&self, span: Span) -> Option<&str> {
        match &self.part(span.start)?.origin {
            Origin::Fact(range) => self.source.get(range.clone()),
            _ => None,
        }
    }

    /// The range of the source that a span is, if the writer typed all of it.
    pub fn typed(&self, span: Span) -> Option<Range<usize>> {
        // Between two parts, what is typed before counts: a change there is a change of it.
        let index = self.parts.partition_point(|part| part.end < span.end);
        let part = self.parts.get(index).filter(|part| part.start <= span.start)?;
        match part.origin {
            Origin::Typed(from) => Some(from + (span.start - part.start)..from + (span.end - part.start)),
            _ => None,
        }
    }

    /// A range of the source as lines and columns.
    pub fn source_place(&self, range: &Range<usize>) -> Place {
        self.at(Field::Typed, range.start, range.end)
    }

    /// Where in the source a comment goes that the linter would put at `offset` of the text, and its text. One that
    /// would stand in the record stands before the section instead.
    pub fn comment(&self, offset: usize, text: &str) -> (usize, String) {
        if let Some(at) = self.typed(Span::new(offset, offset)) {
            return (at.start, text.to_owned());
        }
        let alone = format!("{}\n\n", text.trim());
        match self.part(offset.saturating_sub(1)).map(|part| &part.origin) {
            Some(Origin::Fact(range)) => (section_before(self.source, range.start), alone),
            _ => (0, alone),
        }
    }
}

/// Where the heading begins under which a byte of the source stands; the beginning if there is none.
fn section_before(source: &str, at: usize) -> usize {
    let before = source.get(..at).unwrap_or_default();
    let mut start = before.len();
    loop {
        start = before.get(..start).and_then(|text| text.rfind('\n')).map_or(0, |end| end + 1);
        if before.get(start..).is_some_and(|line| line.starts_with('#')) || start == 0 {
            return start;
        }
        start -= 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fill::fill;
    use super::super::sample::record;
    use super::*;
    use amends_model::Audience;
    use jiff::tz::TimeZone;

    fn checked<'a>(title: &'a str, source: &'a str) -> Checked<'a> {
        let filled = fill(source, &record(), &TimeZone::UTC, Audience::Internal);
        Checked::new(title, "2026-03-10".parse().unwrap(), source, &filled, Some("## Actions\n\n- a\n- b"))
    }

    fn find(checked: &Checked<'_>, words: &str) -> Span {
        let start = checked.text.find(words).unwrap();
        Span::new(start, start + words.len())
    }

    #[test]
    fn every_place_is_told_where_it_was_typed() {
        let source = "## Wöñ\n\nIt took {{duration}} in all.\n\n{{timeline}}\n\nEnd.";
        let it = checked("Users \"can\" not", source);
        assert!(it.text.starts_with("---\ntitle: \"Users \\\"can\\\" not\"\ndate: 2026-03-10\n---\n\n## W"));
        let told = |words: &str| {
            let place = it.place(find(&it, words));
            (place.field, place.line, place.column, place.end_line, place.end_column)
        };
        assert_eq!(told("can"), (Field::Title, 1, 1, 1, 16));
        assert_eq!(told("ñ"), (Field::Typed, 1, 6, 1, 7));
        assert_eq!(told("2 h 05 min in"), (Field::Typed, 3, 9, 3, 24));
        assert_eq!(told("05 min"), (Field::Fact, 3, 9, 3, 21));
        assert_eq!(told(" in all"), (Field::Typed, 3, 21, 3, 28));
        assert_eq!(told("We are"), (Field::Fact, 5, 1, 5, 13));
        assert_eq!(told("End."), (Field::Typed, 7, 1, 7, 5));
        assert_eq!(told("- b"), (Field::Actions, 4, 1, 4, 1));
        assert_eq!(it.fact(find(&it, "We are")), Some("{{timeline}}"));
        assert_eq!(it.fact(find(&it, "End.")), None);
        assert_eq!(it.place(Span::new(it.text.len(), it.text.len())).field, Field::Actions);
    }

    #[test]
    fn only_what_was_typed_can_be_changed() {
        let source = "## A\n\nOn {{started:date}} it stopped.\n";
        let it = checked("T", source);
        let range = it.typed(find(&it, "stopped")).unwrap();
        assert_eq!(&source[range], "stopped");
        assert_eq!(it.typed(find(&it, "March 2026 it")), None);
        assert_eq!(it.typed(find(&it, "- a")), None);
        assert_eq!(it.typed(Span::new(0, 3)), None);
        let end = it.text.find(".\n").unwrap() + 1;
        let (at, text) = it.comment(end, " <!-- x -->");
        assert_eq!(
            (&source[..at], text.as_str()),
            ("## A\n\nOn {{started:date}} it stopped.", " <!-- x -->")
        );
    }

    #[test]
    fn a_comment_never_stands_in_the_record() {
        let source = "# One\n\ntext\n\n## Two\n\n{{timeline}}\n";
        let it = checked("T", source);
        let row = it.text.find("We are").unwrap();
        let (at, text) = it.comment(row, " <!-- x -->");
        assert_eq!((&source[at..at + 6], text.as_str()), ("## Two", "<!-- x -->\n\n"));
        assert_eq!(it.comment(it.text.find("- b").unwrap(), "<!-- x -->").0, 0);
        assert_eq!(it.comment(5, "\n\n<!-- x -->"), (0, "<!-- x -->\n\n".to_owned()));
        assert_eq!(section_before("no heading", 5), 0);
        assert_eq!(section_before("", 0), 0);
        assert_eq!(section_before("\n\n", 2), 0);
    }
}
