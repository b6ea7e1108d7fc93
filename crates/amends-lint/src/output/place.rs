//! Where a finding is, for people: lines and columns, and the sentence around it.

use crate::read::document::Document;
use crate::read::sentence_end;
use crate::read::span::Span;

/// Lines and columns of a span, from 1, columns in characters. The end is one past the last character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Line of the end.
    pub end_line: usize,
    /// Column of the end.
    pub end_column: usize,
}

impl Place {
    /// Finds lines and columns.
    pub fn of(document: &Document<'_>, span: Span) -> Place {
        let (source, lines) = (document.source, &document.lines);
        Place {
            line: lines.line(span.start),
            column: lines.column(source, span.start),
            end_line: lines.line(span.end),
            end_column: lines.column(source, span.end),
        }
    }
}

/// How far a sentence is looked for on both sides, in bytes.
const REACH: usize = 1_000;

/// The sentence, row or line in which the span begins, as it stands in the source, without the marks of a list or
/// heading before it.
pub fn sentence(document: &Document<'_>, span: Span) -> String {
    let source = document.source;
    let after = document.blocks.partition_point(|block| block.span.start <= span.start);
    let block = after.checked_sub(1).and_then(|index| document.blocks.get(index));
    let line = document.lines.span_of_line(source, document.lines.line(span.start));
    let home = block.map(|block| block.span).filter(|home| home.end >= span.start).unwrap_or(line);
    let mut start = boundary(source, home.start.max(span.start.saturating_sub(REACH)));
    let limit = boundary(source, home.end.min(span.start + REACH));
    loop {
        let end = sentence_end(source, start).min(limit);
        if end > span.start || end <= start || end >= limit {
            let text = source.get(start..boundary(source, end.max(span.start))).unwrap_or_default();
            return trimmed(text).to_owned();
        }
        start = end;
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn trimmed(text: &str) -> &str {
    let text = text.trim();
    let marks = text.trim_start_matches(['#', '>', '*', '-', '+', '|', ' ']);
    // "**bold** at the start" keeps its marks.
    if text.starts_with("**") || text.starts_with("--") { text } else { marks.trim_end_matches(['|', ' ']) }
}
