//! The sentences of a text as words, with the phrases that are in them, for rules that look for words.

use crate::phrase::{self, Finder, Group, Hit, Scope};
use crate::read::document::{Block, BlockKind, Document};
use crate::read::section::Kinds;
use crate::read::sentence_end;
use crate::read::span::Span;

/// Every block's sentences. Code and quotations are not in it; of front matter the title and the summary are.
#[derive(Debug, Default)]
pub struct Prose {
    /// The text of each block in lower case (ASCII); empty for blocks that are not read.
    lower: Vec<String>,
    sentences: Vec<Place>,
    words: Vec<(u32, u32)>,
    /// What is in the sentences, in their order.
    hits: Vec<Hit>,
    /// For each group of phrases its hits, as the index of the sentence and that of the hit.
    by_group: Vec<Vec<(usize, usize)>>,
}

#[derive(Debug)]
struct Place {
    text: In,
    start: usize,
    end: usize,
    words: (usize, usize),
    hits: (usize, usize),
}

/// The text that a sentence is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Block(usize),
    /// A field of the front matter, whose value begins at this byte of the source.
    Front(&'static str, usize),
}

/// A sentence, a list item's or table cell's part of one.
#[derive(Clone, Copy)]
pub struct Sentence<'c> {
    document: &'c Document<'c>,
    prose: &'c Prose,
    place: &'c Place,
    /// The index of its block.
    pub block: usize,
    /// First byte in the block's plain text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// A phrase with its place in a document.
#[derive(Clone, Debug)]
pub struct Phrase {
    /// What it means: the name of its group in the word files.
    pub group: &'static str,
    /// Where it stands in the source.
    pub span: Span,
    /// With the few words after it that say what it is about.
    pub clause: Span,
    /// Where the sentence around it stands in the source.
    pub sentence: Span,
    /// The index of that sentence.
    at: usize,
}

/// The fields of front matter that are read as text.
const FIELDS: [&str; 3] = ["title", "summary", "description"];

impl Prose {
    /// Splits the blocks of a document and searches them, once.
    pub fn of(document: &Document<'_>) -> Prose {
        let mut prose = Prose { by_group: vec![Vec::new(); phrase::groups().len()], ..Prose::default() };
        let mut finder = Finder::new(Scope::Prose);
        for (key, value, base) in FIELDS.into_iter().filter_map(|key| front(document, key)) {
            for (start, end) in sentences(value) {
                prose.add(In::Front(key, base), value, (start, end), (0, 0), &mut finder);
            }
        }
        for (index, block) in document.blocks.iter().enumerate() {
            let text = block.text.as_str();
            let mut lower = String::new();
            if !block.quoted && !matches!(block.kind, BlockKind::Code(_)) {
                lower = text.to_ascii_lowercase();
                for (start, end) in block_sentences(block) {
                    let first = prose.words.len();
                    words_of(&lower, start, end, &mut prose.words);
                    if prose.words.len() > first {
                        let words = (first, prose.words.len());
                        prose.add(In::Block(index), text, (start, end), words, &mut finder);
                    }
                }
            }
            prose.lower.push(lower);
        }
        prose
    }

    fn add(
        &mut self,
        place: In,
        text: &str,
        (start, end): (usize, usize),
        words: (usize, usize),
        finder: &mut Finder,
    ) {
        let (first, sentence) = (self.hits.len(), self.sentences.len());
        self.hits.extend(finder.find(&text[start..end]));
        for (at, hit) in self.hits.iter().enumerate().skip(first) {
            self.by_group[hit.number()].push((sentence, at));
        }
        self.sentences.push(Place { text: place, start, end, words, hits: (first, self.hits.len()) });
    }

    /// The sentences in the order of the text, headings included, front matter not.
    pub fn sentences<'c>(&'c self, document: &'c Document<'c>) -> impl Iterator<Item = Sentence<'c>> {
        self.sentences.iter().filter_map(move |place| {
            let In::Block(block) = place.text else { return None };
            Some(Sentence { document, prose: self, place, block, start: place.start, end: place.end })
        })
    }

    /// The phrases of any of these groups, in the order of the text.
    pub fn phrases(&self, document: &Document<'_>, groups: &[&str]) -> impl Iterator<Item = Phrase> {
        let number = |group: &&str| phrase::groups().iter().position(|known| known == group);
        let lists = groups.iter().filter_map(number).filter_map(|number| self.by_group.get(number));
        let mut places: Vec<(usize, usize)> = lists.flatten().copied().collect();
        places.sort_unstable();
        places.into_iter().map(move |(sentence, hit)| self.phrase(document, sentence, hit))
    }

    /// The names of the groups whose phrases are in the same sentence.
    pub fn beside(&self, phrase: &Phrase) -> impl Iterator<Item = &'static str> {
        let (from, to) = self.sentences.get(phrase.at).map_or((0, 0), |place| place.hits);
        self.hits[from..to].iter().map(Hit::group)
    }

    fn phrase(&self, document: &Document<'_>, at: usize, hit: usize) -> Phrase {
        let (place, hit) = (&self.sentences[at], self.hits[hit]);
        let (text, base) = match place.text {
            In::Block(block) => (document.blocks[block].text.as_str(), None),
            In::Front(key, base) => (front(document, key).map_or("", |(_, value, _)| value), Some(base)),
        };
        let sentence = text.get(place.start..place.end).unwrap_or_default();
        let span = |start: usize, end: usize| match (place.text, base) {
            (In::Block(block), _) => document.blocks[block].text.span(place.start + start, place.start + end),
            (_, base) => {
                let base = base.unwrap_or(0) + place.start;
                Span::new(base + start, base + end)
            }
        };
        Phrase {
            group: hit.group(),
            span: span(hit.start, hit.end),
            clause: span(hit.start, clause_end(sentence, hit.end)),
            sentence: span(0, sentence.len()),
            at,
        }
    }
}

/// The value of a field of the front matter and the byte of the source where it begins.
fn front<'d>(document: &'d Document<'_>, key: &'static str) -> Option<(&'static str, &'d str, usize)> {
    let field = document.front.as_ref()?.get(key)?;
    let offset = document.slice(field.span).find(field.value.as_str())?;
    Some((key, field.value.as_str(), field.span.start + offset))
}

impl<'c> Sentence<'c> {
    /// As written, without markup.
    pub fn text(&self) -> &'c str {
        let text = self.document.blocks[self.block].text.as_str();
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Its words in lower case. Apostrophes, hyphens, `%`, `@` and inner full stops belong to a word.
    pub fn words(&self) -> Vec<&'c str> {
        let lower = &self.prose.lower[self.block];
        self.ranges().iter().map(|(start, end)| &lower[*start as usize..*end as usize]).collect()
    }

    fn ranges(&self) -> &'c [(u32, u32)] {
        &self.prose.words[self.place.words.0..self.place.words.1]
    }

    /// Where the words from `first` up to `end` (not included) stand in the source.
    pub fn span_of(&self, first: usize, end: usize) -> Span {
        let text = &self.document.blocks[self.block].text;
        let at = |index: usize| self.ranges().get(index).copied();
        match (at(first), at(end.saturating_sub(1))) {
            (Some((start, _)), Some((_, end))) => text.span(start as usize, end as usize),
            _ => self.span(),
        }
    }

    /// Where the whole sentence stands in the source.
    pub fn span(&self) -> Span {
        self.document.blocks[self.block].text.span(self.start, self.end)
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

    /// The phrases of a group in it: as written, without markup, and the place in the source.
    pub fn find(&self, group: Group) -> impl Iterator<Item = (&'c str, Span)> {
        let (text, whole) = (self.text(), &self.document.blocks[self.block].text);
        let start = self.start;
        self.hits().iter().filter(move |hit| hit.of(group)).map(move |hit| {
            let said = text.get(hit.start..hit.end).unwrap_or_default();
            (said, whole.span(start + hit.start, start + hit.end))
        })
    }

    /// True if it holds a phrase of the group.
    pub fn has(&self, group: Group) -> bool {
        self.hits().iter().any(|hit| hit.of(group))
    }

    /// True if a digit is in it.
    pub fn has_digit(&self) -> bool {
        self.text().bytes().any(|byte| byte.is_ascii_digit())
    }

    fn hits(&self) -> &'c [Hit] {
        &self.prose.hits[self.place.hits.0..self.place.hits.1]
    }
}

/// Most words that follow a phrase in its clause.
const CLAUSE: usize = 5;

/// Where the clause around a phrase that ends at `end` is over: at a mark, or after a few words.
fn clause_end(sentence: &str, end: usize) -> usize {
    let mut words = 0;
    for (at, c) in sentence[end..].char_indices() {
        let over = matches!(c, ',' | ';' | ':' | '(' | ')' | '|' | '!' | '?')
            || (c == '.' && !sentence[end + at + 1..].starts_with(char::is_alphanumeric));
        words += usize::from(c.is_whitespace());
        if over || words > CLAUSE {
            return end + at;
        }
    }
    sentence.len()
}

/// The first phrase of each sentence: one finding is enough for one sentence.
pub fn first_of_sentences(phrases: impl Iterator<Item = Phrase>) -> Vec<Phrase> {
    let mut first: Vec<Phrase> = Vec::new();
    for phrase in phrases {
        if first.last().is_none_or(|known| known.at != phrase.at) {
            first.push(phrase);
        }
    }
    first
}

/// The sentences of a block as byte ranges in its plain text, without blanks around them; none for code. Each cell
/// of a table is read for itself.
fn block_sentences(block: &Block) -> Vec<(usize, usize)> {
    match &block.kind {
        BlockKind::Code(_) => Vec::new(),
        BlockKind::Row { cells, .. } => {
            let text = block.text.as_str();
            let within = |(start, end): &(usize, usize)| {
                let (start, cell) = (*start, text.get(*start..*end).unwrap_or_default());
                let shifted = move |(from, to)| (start + from, start + to);
                sentences(cell).into_iter().map(shifted).collect::<Vec<_>>()
            };
            cells.iter().flat_map(within).collect()
        }
        _ => sentences(block.text.as_str()),
    }
}

/// The sentences of a text as byte ranges, without blanks around them.
pub(crate) fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = sentence_end(text, start);
        let sentence = &text[start..end];
        let lead = sentence.len() - sentence.trim_start().len();
        let length = sentence.trim().len();
        if length > 0 {
            all.push((start + lead, start + lead + length));
        }
        start = end;
    }
    all
}

/// The words of a text. Inner apostrophes and hyphens stay.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '@' | '%')))
        .map(|word| word.trim_matches(['\'', '’', '-']))
        .filter(|word| !word.is_empty())
}

/// The words of a text in lower case (ASCII), with straight apostrophes.
pub(crate) fn split(text: &str) -> Vec<String> {
    words(text).map(|word| word.to_ascii_lowercase().replace('’', "'")).collect()
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
