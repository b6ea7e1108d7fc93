//! Places in the source text: byte spans, lines and columns.

use serde::Serialize;

/// A half-open range of byte offsets in the source text. Both ends are character borders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to `end`; an end before the start gives an empty span at `start`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end: end.max(start) }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True if nothing is inside.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// True if `offset` lies inside.
    pub fn contains(&self, offset: usize) -> bool {
        (self.start..self.end).contains(&offset)
    }

    /// The smallest span that holds both.
    pub fn join(&self, other: Span) -> Span {
        Span::new(self.start.min(other.start), self.end.max(other.end))
    }
}

/// Where the lines of a text begin, for turning byte offsets into lines and columns.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
    /// How many characters begin before each `STEP`th byte, so that a column in a very long line is found at once.
    chars: Vec<usize>,
}

/// Bytes between two counts of characters.
const STEP: usize = 512;

/// How many characters begin in these bytes.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

impl LineIndex {
    /// Indexes the text once, in linear time.
    pub fn new(text: &str) -> LineIndex {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        let mut chars = vec![0];
        for part in text.as_bytes().chunks(STEP) {
            chars.push(chars.last().copied().unwrap_or(0) + begun(part));
        }
        LineIndex { starts, chars }
    }

    /// The line, from 1, in which the byte offset lies.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The column, from 1, counted in characters, of the byte offset in `text` (the text that was indexed).
    pub fn column(&self, text: &str, offset: usize) -> usize {
        let start = self.starts.get(self.line(offset) - 1).copied().unwrap_or(0);
        self.chars_before(text, offset).saturating_sub(self.chars_before(text, start)) + 1
    }

    fn chars_before(&self, text: &str, offset: usize) -> usize {
        let offset = offset.min(text.len());
        let counted = offset / STEP;
        let rest = text.as_bytes().get(counted * STEP..offset).unwrap_or_default();
        self.chars.get(counted).copied().unwrap_or(0) + begun(rest)
    }

    /// How many lines the text has (a final line break opens one more, empty line).
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The span of a line, from 1, without its line break.
    pub fn span_of_line(&self, text: &str, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|at| self.starts.get(at)).copied() else {
            return Span::new(text.len(), text.len());
        };
        let end = self.starts.get(line).map_or(text.len(), |next| next - 1);
        let carriage = end > start && text.as_bytes().get(end - 1) == Some(&b'\r');
        let end = if carriage { end - 1 } else { end };
        Span::new(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let text = "ab\nä€c\r\n\nx";
        let index = LineIndex::new(text);
        assert_eq!(index.lines(), 4);
        assert_eq!(index.line(0), 1);
        assert_eq!(index.line(2), 1);
        assert_eq!(index.line(3), 2);
        let c = text.find('c').unwrap();
        assert_eq!((index.line(c), index.column(text, c)), (2, 3));
        assert_eq!(index.line(text.len()), 4);
        let second = index.span_of_line(text, 2);
        assert_eq!(&text[second.start..second.end], "ä€c");
        assert!(index.span_of_line(text, 9).is_empty());
        let long = "xä".repeat(2_000);
        let index = LineIndex::new(&long);
        assert_eq!(
            (index.column(&long, 0), index.column(&long, 3 * 1_500), index.column(&long, 6_000)),
            (1, 3_001, 4_001)
        );
        assert!(index.span_of_line(text, 0).is_empty());
    }
}
