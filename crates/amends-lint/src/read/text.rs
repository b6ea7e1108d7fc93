//! The text of a block with its markup taken off, and the way back from it to the source.

use super::span::Span;

/// Plain text of one block. Markup is gone, entities are resolved, soft line breaks are `\n`; every place in it
/// can be traced to the bytes of the source that it came from.
#[derive(Clone, Debug, Default)]
pub struct Text {
    plain: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    plain: usize,
    plain_len: usize,
    source: usize,
    source_len: usize,
}

impl Text {
    /// The plain text.
    pub fn as_str(&self) -> &str {
        &self.plain
    }

    /// True if it holds nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.plain.trim().is_empty()
    }

    /// Adds text that came from `source`.
    pub(super) fn push(&mut self, text: &str, source: Span) {
        if text.is_empty() {
            return;
        }
        if let Some(last) = self.pieces.last_mut() {
            let verbatim = last.plain_len == last.source_len && text.len() == source.len();
            if verbatim && last.source + last.source_len == source.start {
                last.plain_len += text.len();
                last.source_len += text.len();
                self.plain.push_str(text);
                return;
            }
        }
        self.pieces.push(Piece {
            plain: self.plain.len(),
            plain_len: text.len(),
            source: source.start,
            source_len: source.len(),
        });
        self.plain.push_str(text);
    }

    /// Where the bytes `start..end` of the plain text stand in the source.
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source_start(start), self.source_end(end.max(start)))
    }

    /// Where the whole text stands in the source.
    pub fn whole(&self) -> Span {
        self.span(0, self.plain.len())
    }

    fn source_start(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.plain <= at);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some(piece) if at >= piece.plain + piece.plain_len => {
                self.pieces.get(index).map_or(piece.source + piece.source_len, |next| next.source)
            }
            Some(piece) if piece.plain_len == piece.source_len => piece.source + (at - piece.plain),
            Some(piece) => piece.source,
            None => 0,
        }
    }

    fn source_end(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.plain < at);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some(piece) if piece.plain_len == piece.source_len => {
                piece.source + (at - piece.plain).min(piece.source_len)
            }
            Some(piece) => piece.source + piece.source_len,
            None => self.pieces.first().map_or(0, |piece| piece.source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_leads_back_to_its_source() {
        let source = "a **bold** b&nbsp;c";
        let mut text = Text::default();
        text.push("a ", Span::new(0, 2));
        text.push("bold", Span::new(4, 8));
        text.push(" b", Span::new(10, 12));
        text.push("\u{a0}", Span::new(12, 18));
        text.push("c", Span::new(18, 19));
        assert_eq!(text.as_str(), "a bold b\u{a0}c");
        let at = |word: &str| {
            let start = text.as_str().find(word).unwrap();
            let span = text.span(start, start + word.len());
            &source[span.start..span.end]
        };
        assert_eq!(at("bold"), "bold");
        assert_eq!(at("ld b"), "ld** b");
        assert_eq!(at("b\u{a0}c"), "b&nbsp;c");
        assert_eq!(at("\u{a0}"), "&nbsp;");
        assert_eq!(text.whole(), Span::new(0, 19));
        assert_eq!(Text::default().whole(), Span::new(0, 0));
    }
}
