//! The sentences of a text as words, for rules that look for words.

use crate::read::document::{BlockKind, Document};
use crate::read::section::Kinds;
use crate::read::sentence_end;
use crate::read::span::Span;
use crate::words::{Hit, Words};

/// Every block's words, in lower case (ASCII), split into sentences. Code, quotations and front matter are not in it.
#[derive(Debug, Default)]
pub struct Prose {
    /// The text of each block in lower case; empty for blocks that are not read.
    lower: Vec<String>,
    sentences: Vec<Place>,
    words: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Place {
    block: usize,
    start: usize,
    end: usize,
    words: (usize, usize),
}

/// A sentence, a list item's or table row's part of one.
#[derive(Clone, Copy)]
pub struct Sentence<'c> {
    document: &'c Document<'c>,
    lower: &'c str,
    words: &'c [(u32, u32)],
    /// The index of its block.
    pub block: usize,
    /// First byte in the block's plain text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

impl Prose {
    /// Splits the blocks of a document once.
    pub fn of(document: &Document<'_>) -> Prose {
        let mut prose = Prose::default();
        for (index, block) in document.blocks.iter().enumerate() {
            if matches!(block.kind, BlockKind::Code(_)) || block.quoted {
                prose.lower.push(String::new());
                continue;
            }
            let lower = block.text.as_str().to_ascii_lowercase();
            let mut start = 0;
            while start < lower.len() {
                let end = sentence_end(&lower, start);
                let first = prose.words.len();
                words_of(&lower, start, end, &mut prose.words);
                if prose.words.len() > first {
                    let words = (first, prose.words.len());
                    prose.sentences.push(Place { block: index, start, end, words });
                }
                start = end;
            }
            prose.lower.push(lower);
        }
        prose
    }

    /// The sentences in the order of the text, headings included.
    pub fn sentences<'c>(&'c self, document: &'c Document<'c>) -> impl Iterator<Item = Sentence<'c>> {
        self.sentences.iter().map(move |place| Sentence {
            document,
            lower: &self.lower[place.block],
            words: &self.words[place.words.0..place.words.1],
            block: place.block,
            start: place.start,
            end: place.end,
        })
    }
}

impl<'c> Sentence<'c> {
    /// As written, without markup.
    pub fn text(&self) -> &'c str {
        let text = self.document.blocks[self.block].text.as_str();
        text.get(self.start..self.end).unwrap_or_default().trim()
    }

    /// Its words in lower case. Apostrophes, hyphens, `%`, `@` and inner full stops belong to a word; a curly
    /// apostrophe is written straight in word lists and found by [`Sentence::find`] either way.
    pub fn words(&self) -> Vec<&'c str> {
        self.words.iter().map(|(start, end)| &self.lower[*start as usize..*end as usize]).collect()
    }

    /// Where the words from `first` up to `end` (not included) stand in the source.
    pub fn span_of(&self, first: usize, end: usize) -> Span {
        let text = &self.document.blocks[self.block].text;
        let at = |index: usize| self.words.get(index).copied();
        match (at(first), at(end.saturating_sub(1))) {
            (Some((start, _)), Some((_, end))) => text.span(start as usize, end as usize),
            _ => self.span(),
        }
    }

    /// Where the whole sentence stands in the source.
    pub fn span(&self) -> Span {
        let text = &self.document.blocks[self.block].text;
        let raw = text.as_str().get(self.start..self.end).unwrap_or_default();
        let lead = raw.len() - raw.trim_start().len();
        text.span(self.start + lead, self.start + raw.trim_end().len().max(lead))
    }

    /// What its section is about.
    pub fn kinds(&self) -> Kinds {
        self.document.blocks[self.block].kinds
    }

    /// True in a heading.
    pub fn is_heading(&self) -> bool {
        matches!(self.document.blocks[self.block].kind, BlockKind::Heading(_))
    }

    /// True in the row of column names of a table.
    pub fn is_column_names(&self) -> bool {
        matches!(self.document.blocks[self.block].kind, BlockKind::Row { header: true, .. })
    }

    /// The phrases of a list in it, with the places in the source.
    pub fn find<'w>(&self, list: &'w Words) -> Vec<(Hit<'w>, Span)> {
        let words = self.words();
        list.find(&words).into_iter().map(|hit| (hit, self.span_of(hit.first, hit.end))).collect()
    }

    /// True if it holds a phrase of the list.
    pub fn has(&self, list: &Words) -> bool {
        let word = |&(start, end): &(u32, u32)| &self.lower[start as usize..end as usize];
        list.any_by(self.words.len(), |index| self.words.get(index).map(word))
    }

    /// True if a digit is in it.
    pub fn has_digit(&self) -> bool {
        self.lower[self.start..self.end].bytes().any(|byte| byte.is_ascii_digit())
    }
}

/// Splits into words; each is a range of bytes.
fn words_of(text: &str, start: usize, end: usize, words: &mut Vec<(u32, u32)>) {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '%' | '@' | '_' | '.' | '/');
    let part = text.get(start..end).unwrap_or_default();
    let mut from = None;
    for (at, c) in part.char_indices().chain([(part.len(), ' ')]) {
        match (from, inner(c)) {
            (None, true) => from = Some(at),
            (Some(first), false) => {
                from = None;
                let raw = &part[first..at];
                let marks = ['\'', '’', '-', '.', '/', '_'];
                let kept = raw.trim_matches(marks);
                let lead = raw.len() - raw.trim_start_matches(marks).len();
                let begin = start + first + lead;
                if let (false, Ok(from), Ok(to)) =
                    (kept.is_empty(), u32::try_from(begin), u32::try_from(begin + kept.len()))
                {
                    words.push((from, to));
                }
            }
            _ => {}
        }
    }
}
