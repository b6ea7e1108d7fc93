//! Phrases of the English language that mean something in a postmortem: blame, vigilance, regret, fog.
//!
//! What is looked for is data, in the files of `words/`; each group of patterns there has a name. Here a text is
//! searched for all of them at once, sentence by sentence, in linear time.

use std::sync::LazyLock;

use crate::read::document::{Block, BlockKind, Document};
use crate::read::sentence_end;
use crate::read::span::Span;

mod pattern;
mod token;

use pattern::{Pattern, Reader};
use token::{Token, class, tokens};

const FILES: [&str; 4] = [
    include_str!("../../words/people.txt"),
    include_str!("../../words/blame.txt"),
    include_str!("../../words/action.txt"),
    include_str!("../../words/letters.txt"),
];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::of_files(&FILES));

/// The patterns of some files.
pub(crate) struct Lexicon {
    vocabulary: std::collections::HashMap<String, u32, crate::words::Quick>,
    groups: Vec<&'static str>,
    patterns: Vec<Pattern>,
    /// For each word the patterns that can begin with it.
    by_word: Vec<Vec<usize>>,
    /// Patterns that can begin with a sort of word.
    by_class: Vec<usize>,
    #[cfg(test)]
    errors: Vec<String>,
}

impl Lexicon {
    /// Reads word files; lists of one are known in those after it.
    pub fn of_files(files: &[&'static str]) -> Lexicon {
        let mut reader = Reader::default();
        for file in files {
            reader.read(file);
        }
        let mut by_word = vec![Vec::new(); reader.vocabulary.len() + 1];
        let mut by_class = Vec::new();
        for (index, pattern) in reader.patterns.iter().enumerate() {
            let Some(first) = pattern.first() else { continue };
            for id in &first.ids {
                if let Some(list) = by_word.get_mut(*id as usize) {
                    list.push(index);
                }
            }
            if first.classes != 0 {
                by_class.push(index);
            }
        }
        Lexicon {
            vocabulary: reader.vocabulary,
            groups: reader.groups,
            patterns: reader.patterns,
            by_word,
            by_class,
            #[cfg(test)]
            errors: reader.errors,
        }
    }

    /// The names of the groups, by their numbers.
    pub fn groups(&self) -> &[&'static str] {
        &self.groups
    }

    /// What is wrong in the files.
    #[cfg(test)]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// Every place where a pattern begins to match, with the number of its group; of patterns that begin at one word each
    /// is told.
    pub fn all(&self, text: &str) -> Vec<Found> {
        let mut room = Vec::new();
        tokens(self, text, &mut room);
        let mut found = Vec::new();
        for at in 0..room.len() {
            self.matching(&room, at, |group, end| {
                found.push(Found { group, start: room[at].start, end: room[end - 1].end });
            });
        }
        found
    }

    /// The patterns that begin at a token, with the token behind each.
    fn matching(&self, room: &[Token], at: usize, mut tell: impl FnMut(usize, usize)) {
        let token = room[at];
        let by_word = self.by_word.get(token.id as usize).filter(|_| token.id != 0);
        let by_class: &[usize] = if token.class == class::WORD { &[] } else { &self.by_class };
        for index in by_word.into_iter().flatten().chain(by_class) {
            let pattern = &self.patterns[*index];
            if let Some(end) = pattern.ends(room, at).filter(|end| *end > at) {
                tell(pattern.group, end);
            }
        }
    }

    fn id(&self, word: &str) -> u32 {
        self.vocabulary.get(word).copied().unwrap_or(0)
    }
}

/// A pattern that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The number of its group.
    pub group: usize,
    /// Its first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// A phrase that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The group that its pattern stands in.
    pub group: &'static str,
    /// Its first byte in the text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// Every phrase in one sentence, in the order in which they begin.
pub(crate) fn find(sentence: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    find_into(sentence, &mut Vec::new(), &mut found);
    found
}

fn find_into(sentence: &str, room: &mut Vec<Token>, found: &mut Vec<Hit>) {
    let lexicon = &*LEXICON;
    tokens(lexicon, sentence, room);
    for at in 0..room.len() {
        lexicon.matching(room, at, |group, end| {
            let group = lexicon.groups[group];
            let hit = Hit { group, start: room[at].start, end: room[end - 1].end };
            if !found.iter().any(|known| known.group == group && known.end >= hit.end) {
                found.push(hit);
            }
        });
    }
    drop_exceptions(found);
}

/// A group `!x` holds what is no `x`: where both are found at the same words, neither stays.
fn drop_exceptions(found: &mut Vec<Hit>) {
    let exceptions: Vec<Hit> = found.iter().copied().filter(|hit| hit.group.starts_with('!')).collect();
    if !exceptions.is_empty() {
        let meets =
            |hit: &Hit, no: &Hit| hit.start < no.end && no.start < hit.end && no.group[1..] == *hit.group;
        found.retain(|hit| !hit.group.starts_with('!') && !exceptions.iter().any(|no| meets(hit, no)));
    }
}

/// A phrase with its place in a document.
#[derive(Clone, Debug)]
pub struct Phrase {
    /// What it means: the name of its group in the word files.
    pub group: &'static str,
    /// The index of its block; `None` in front matter.
    pub block: Option<usize>,
    /// Where it stands in the source.
    pub span: Span,
    /// With the few words after it that say what it is about.
    pub clause: Span,
    /// Where the sentence around it stands in the source.
    pub sentence: Span,
}

/// Every phrase of a document, in the order of the text. Code is passed over.
pub fn phrases(document: &Document<'_>) -> Vec<Phrase> {
    let mut all = Vec::new();
    let mut room = Vec::new();
    let mut hits = Vec::new();
    if let Some(front) = &document.front {
        for key in ["title", "summary", "description"] {
            let Some(field) = front.get(key) else { continue };
            let raw = document.slice(field.span);
            let Some(offset) = raw.find(field.value.as_str()) else { continue };
            let base = field.span.start + offset;
            for (start, end) in sentences(&field.value) {
                hits.clear();
                find_into(&field.value[start..end], &mut room, &mut hits);
                let at = |offset: usize| base + start + offset;
                all.extend(hits.iter().map(|hit| Phrase {
                    group: hit.group,
                    block: None,
                    span: Span::new(at(hit.start), at(hit.end)),
                    clause: Span::new(at(hit.start), at(clause_end(&field.value[start..end], hit.end))),
                    sentence: Span::new(at(0), base + end),
                }));
            }
        }
    }
    for (index, block) in document.blocks.iter().enumerate().filter(|(_, block)| !block.quoted) {
        for (start, end) in block_sentences(block) {
            hits.clear();
            let sentence = &block.text.as_str()[start..end];
            find_into(sentence, &mut room, &mut hits);
            all.extend(hits.iter().map(|hit| Phrase {
                group: hit.group,
                block: Some(index),
                span: block.text.span(start + hit.start, start + hit.end),
                clause: block.text.span(start + hit.start, start + clause_end(sentence, hit.end)),
                sentence: block.text.span(start, end),
            }));
        }
    }
    all
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
pub fn first_of_sentences<'p>(phrases: impl Iterator<Item = &'p Phrase>) -> Vec<&'p Phrase> {
    let mut first: Vec<&Phrase> = Vec::new();
    for phrase in phrases {
        match first.last() {
            Some(known) if known.sentence == phrase.sentence => {}
            _ => first.push(phrase),
        }
    }
    first
}

/// The sentences of a block as byte ranges in its plain text, without blanks around them; none for code. Each cell
/// of a table is read for itself.
pub(crate) fn block_sentences(block: &Block) -> Vec<(usize, usize)> {
    match &block.kind {
        BlockKind::Code(_) => Vec::new(),
        BlockKind::Row { cells, .. } => {
            let text = block.text.as_str();
            let within = |(start, end): &(usize, usize)| {
                let (start, cell) = (*start, text.get(*start..*end).unwrap_or_default());
                sentences(cell)
                    .into_iter()
                    .map(move |(from, to)| (start + from, start + to))
                    .collect::<Vec<_>>()
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

#[cfg(test)]
mod tests;
