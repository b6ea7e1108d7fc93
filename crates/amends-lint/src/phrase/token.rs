//! Words and marks of a sentence.

use super::Lexicon;

/// What a token is besides its letters.
pub(super) mod class {
    /// `@ada`.
    pub const HANDLE: u8 = 1;
    /// A word with a capital that does not begin the sentence and is no acronym: the name of somebody or something.
    pub const NAME: u8 = 1 << 1;
    /// Begins with a digit.
    pub const NUMBER: u8 = 1 << 2;
    /// A mark such as a comma, not a word.
    pub const MARK: u8 = 1 << 3;
    /// Any word.
    pub const WORD: u8 = 1 << 4;
}

/// How many classes there are.
pub(super) const CLASSES: usize = 5;

/// A word or mark with its place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub start: usize,
    pub end: usize,
    /// The word's number in the lexicon; 0 if no pattern knows it.
    pub id: u32,
    pub class: u8,
}

/// Takes a sentence apart. Words keep apostrophes and hyphens inside them; other marks are tokens of one character.
pub(super) fn tokens(lexicon: &Lexicon, text: &str, into: &mut Vec<Token>) {
    into.clear();
    let bytes = text.as_bytes();
    let mut lower = String::new();
    let (mut at, mut first) = (0, true);
    while let Some(byte) = bytes.get(at).copied() {
        if byte.is_ascii_whitespace() || matches!(byte, b'*' | b'_' | b'`' | b'"') {
            at += 1;
            continue;
        }
        let c = if byte.is_ascii() { char::from(byte) } else { char_at(text, at) };
        let start = at;
        at += c.len_utf8();
        if c.is_whitespace() || matches!(c, '“' | '”') {
            continue;
        }
        let handle = c == '@' && char_at(text, at).is_alphanumeric();
        if !handle && !c.is_alphanumeric() {
            let id = if c.is_ascii() { lexicon.mark(byte) } else { lexicon.id(&text[start..at]) };
            into.push(Token { start, end: at, id, class: class::MARK });
            continue;
        }
        at = word_end(text, at, handle, c.is_ascii_digit());
        let word = &text[start..at];
        fold(word, &mut lower);
        let class = if handle {
            class::HANDLE
        } else if c.is_ascii_digit() {
            class::NUMBER
        } else if !first && c.is_uppercase() && char_at(text, start + c.len_utf8()).is_lowercase() {
            class::NAME | class::WORD
        } else {
            class::WORD
        };
        first = false;
        // "the engineer's mistake": the ending is a word of its own.
        match lower.strip_suffix("'s").filter(|owner| !owner.is_empty()) {
            Some(owner) => {
                let split = at - word.chars().rev().take(2).map(char::len_utf8).sum::<usize>();
                into.push(Token { start, end: split, id: lexicon.id(owner), class });
                into.push(Token { start: split, end: at, id: lexicon.id("'s"), class: class::WORD });
            }
            None => into.push(Token { start, end: at, id: lexicon.id(&lower), class }),
        }
    }
}

/// Where the word goes on to whose first character ends at `at`.
fn word_end(text: &str, mut at: usize, handle: bool, number: bool) -> usize {
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at).copied() {
        let c = if byte.is_ascii() { char::from(byte) } else { char_at(text, at) };
        let next = at + c.len_utf8();
        let inside = c.is_alphanumeric() || {
            let joins = matches!(c, '\'' | '’' | '-' | '‑' | '_') || (c == '.' && (number || handle));
            joins && char_at(text, next).is_alphanumeric()
        };
        if !inside {
            break;
        }
        at = next;
    }
    at
}

/// The character that begins at a byte; a blank behind the last one.
fn char_at(text: &str, at: usize) -> char {
    text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ')
}

/// The word in lower case, with straight apostrophes and hyphens.
fn fold(word: &str, lower: &mut String) {
    lower.clear();
    if word.is_ascii() {
        lower.push_str(word);
        lower.make_ascii_lowercase();
        return;
    }
    lower.extend(word.chars().flat_map(char::to_lowercase).map(|c| match c {
        '’' => '\'',
        '‑' => '-',
        other => other,
    }));
}
