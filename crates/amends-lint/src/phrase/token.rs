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
    let mut lower = String::new();
    let mut chars = text.char_indices().peekable();
    let mut first = true;
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() || matches!(c, '*' | '_' | '`' | '"' | '“' | '”') {
            continue;
        }
        let handle = c == '@' && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if !handle && !c.is_alphanumeric() {
            let end = start + c.len_utf8();
            let id = lexicon.id(&text[start..end]);
            into.push(Token { start, end, id, class: class::MARK });
            continue;
        }
        let mut end = start + c.len_utf8();
        while let Some((at, next)) = chars.peek().copied() {
            let inner = matches!(next, '\'' | '’' | '-' | '‑' | '_')
                || (next == '.' && c.is_ascii_digit())
                || (handle && next == '.');
            let joins =
                inner && text[at + next.len_utf8()..].chars().next().is_some_and(char::is_alphanumeric);
            if !next.is_alphanumeric() && !joins {
                break;
            }
            end = at + next.len_utf8();
            chars.next();
        }
        let word = &text[start..end];
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase).map(|c| match c {
            '’' => '\'',
            '‑' => '-',
            other => other,
        }));
        let capital = c.is_uppercase() && word.chars().nth(1).is_some_and(char::is_lowercase);
        let class = if handle {
            class::HANDLE
        } else if c.is_ascii_digit() {
            class::NUMBER
        } else if capital && !first {
            class::NAME | class::WORD
        } else {
            class::WORD
        };
        // "the engineer's mistake": the ending is a word of its own.
        let owned = lower.strip_suffix("'s").filter(|owner| !owner.is_empty()).map(str::len);
        let split = if owned.is_some() {
            end - word.chars().rev().take(2).map(char::len_utf8).sum::<usize>()
        } else {
            end
        };
        into.push(Token {
            start,
            end: split,
            id: lexicon.id(lower.get(..owned.unwrap_or(lower.len())).unwrap_or("")),
            class,
        });
        if owned.is_some() {
            into.push(Token { start: split, end, id: lexicon.id("'s"), class: class::WORD });
        }
        first = false;
    }
}
