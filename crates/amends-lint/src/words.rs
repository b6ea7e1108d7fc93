//! English word lists, kept as data files in `words/`, and finding their phrases in a text.
//!
//! One phrase a line, in lower case; `#` begins a comment. A `*` at the end of a word stands for any ending. After
//! `=>` may follow what to write instead; every rule says how it uses that.

use std::borrow::Cow;
use std::collections::HashMap;

/// A list of phrases, ready to be looked for.
#[derive(Debug)]
pub struct Words {
    phrases: Vec<Phrase>,
    exact: HashMap<&'static str, Vec<usize>, Quick>,
    /// Phrases whose first word is a stem, by the first three bytes of the stem.
    stems: HashMap<&'static str, Vec<usize>, Quick>,
    /// The bytes with which phrases begin: most words of a text begin none, and need not be looked up.
    firsts: [bool; 256],
}

/// A phrase of a list.
#[derive(Debug)]
pub struct Phrase {
    /// As it stands in the list.
    pub text: &'static str,
    /// What the list says after `=>`.
    pub note: Option<&'static str>,
    parts: Vec<&'static str>,
}

/// A phrase that was found: a range of words and the phrase.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'w> {
    /// Index of the first word.
    pub first: usize,
    /// One past the index of the last word.
    pub end: usize,
    /// The phrase.
    pub phrase: &'w Phrase,
}

impl Words {
    /// Reads a list.
    pub fn parse(list: &'static str) -> Words {
        let mut words = Words {
            phrases: Vec::new(),
            exact: HashMap::default(),
            stems: HashMap::default(),
            firsts: [false; 256],
        };
        for line in list.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (text, note) = match line.split_once("=>") {
                Some((text, note)) => (text.trim(), Some(note.trim())),
                None => (line, None),
            };
            let parts: Vec<&'static str> = text.split_whitespace().collect();
            let Some(first) = parts.first() else { continue };
            let index = words.phrases.len();
            match first.bytes().next() {
                None | Some(b'*') => words.firsts = [true; 256],
                Some(byte) => words.firsts[usize::from(byte)] = true,
            }
            match first.strip_suffix('*') {
                Some(stem) => words.stems.entry(key(stem)).or_default().push(index),
                None => words.exact.entry(first).or_default().push(index),
            }
            words.phrases.push(Phrase { text, note, parts });
        }
        words
    }

    /// Every phrase that is in `words` (lower case), in order. At each word the longest phrase counts, and
    /// phrases do not overlap.
    pub fn find<'w>(&'w self, words: &[&str]) -> Vec<Hit<'w>> {
        let mut hits = Vec::new();
        let mut at = 0;
        while at < words.len() {
            match self.at(words, at) {
                Some(hit) => {
                    at = hit.end;
                    hits.push(hit);
                }
                None => at += 1,
            }
        }
        hits
    }

    /// The longest phrase that begins at the word `at`.
    pub fn at<'w>(&'w self, words: &[&str], at: usize) -> Option<Hit<'w>> {
        self.at_by(&|index| words.get(index).copied(), at)
    }

    /// As [`Words::at`], for words that are told by their index.
    fn at_by<'w, 't>(&'w self, words: &impl Fn(usize) -> Option<&'t str>, at: usize) -> Option<Hit<'w>> {
        let first = words(at)?;
        if !self.firsts[usize::from(first.bytes().next()?)] {
            return None;
        }
        let first = straight(first);
        let first = first.as_ref();
        let exact = self.exact.get(first).map(Vec::as_slice).unwrap_or_default();
        let short = (1..=3)
            .filter(|length| first.len() >= *length && first.is_char_boundary(*length))
            .filter_map(|length| self.stems.get(&first[..length]))
            .flatten();
        exact
            .iter()
            .chain(short)
            .map(|index| &self.phrases[*index])
            .filter(|phrase| phrase.is_at(words, at))
            .max_by_key(|phrase| phrase.parts.len())
            .map(|phrase| Hit { first: at, end: at + phrase.parts.len(), phrase })
    }

    /// True if a phrase of the list is in `words`.
    pub fn any(&self, words: &[&str]) -> bool {
        self.any_by(words.len(), |index| words.get(index).copied())
    }

    /// True if a phrase of the list is in so many words, which are told by their index.
    pub fn any_by<'t>(&self, count: usize, words: impl Fn(usize) -> Option<&'t str>) -> bool {
        (0..count).any(|at| self.at_by(&words, at).is_some())
    }

    /// True if a phrase of the list is in a text.
    pub fn any_of(&self, text: &str) -> bool {
        let words = split(&text.to_ascii_lowercase());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.any(&words)
    }

    /// True if the list holds this single word.
    pub fn has(&self, word: &str) -> bool {
        self.at(&[word], 0).is_some()
    }
}

impl Phrase {
    fn is_at<'t>(&self, words: &impl Fn(usize) -> Option<&'t str>, at: usize) -> bool {
        self.parts.iter().enumerate().all(|(offset, part)| {
            words(at + offset).is_some_and(|word| match part.strip_suffix('*') {
                Some(stem) => word.starts_with(stem),
                None => word == *part || (word.contains('’') && straight(word) == *part),
            })
        })
    }
}

/// A hash that is quick for short words. Who writes a text cannot choose what is in the lists, so it need not be secret.
pub(crate) type Quick = std::hash::BuildHasherDefault<Fnv>;

/// Fowler, Noll and Vo's hash, in the variant 1a.
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The word with straight apostrophes, as word lists have them.
fn straight(word: &str) -> Cow<'_, str> {
    if word.contains('’') { Cow::Owned(word.replace('’', "'")) } else { Cow::Borrowed(word) }
}

/// The words of a text in lower case. Inner apostrophes and hyphens stay.
pub fn split(lower: &str) -> Vec<String> {
    lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '@' | '%')))
        .map(|word| word.trim_matches(['\'', '’', '-']))
        .filter(|word| !word.is_empty())
        .map(|word| straight(word).into_owned())
        .collect()
}

fn key(stem: &str) -> &str {
    let mut end = stem.len().min(3);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    &stem[..end]
}

/// A word list from `words/`, read once.
macro_rules! words {
    ($name:literal) => {
        std::sync::LazyLock::new(|| {
            $crate::words::Words::parse(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/words/",
                $name,
                ".txt"
            )))
        })
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_counts_and_stems_match() {
        let list = Words::parse("# note\nfail*\nfailed to => say what allowed it\na number of\n*\n");
        let found: Vec<(&str, usize)> = list
            .find(&["we", "failed", "to", "see", "a", "number", "of", "failures"])
            .iter()
            .filter(|hit| hit.phrase.text != "*")
            .map(|hit| (hit.phrase.text, hit.first))
            .collect();
        assert_eq!(found, [("failed to", 1), ("a number of", 4), ("fail*", 7)]);
        assert_eq!(list.at(&["failed", "to"], 0).unwrap().phrase.note, Some("say what allowed it"));
        assert!(list.has("failing") && !list.has("fai"));
    }
}
