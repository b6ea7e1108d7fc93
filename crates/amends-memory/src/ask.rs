//! What somebody typed, taken as plain text: there are no operators, and nothing that can be wrong.

use crate::words::{self, Reader, Word};

/// As much as is looked at; in characters.
const LONGEST: usize = 200;
/// As many words and phrases as count.
pub(crate) const MOST: usize = 8;
/// As many words of one phrase as count.
const LONGEST_PHRASE: usize = 10;
/// Words shorter than this are not looked for with a typing error.
const SHORTEST_WITH_ERROR: usize = 5;

/// Words that are in nearly every text: they are left out when there are others.
const COMMON: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "been", "by", "for", "from", "had", "has", "have", "in", "is",
    "it", "its", "of", "on", "or", "our", "that", "the", "their", "this", "to", "was", "we", "were", "which",
    "with",
];

/// A word to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    /// As written.
    pub written: String,
    /// Without its ending.
    pub stem: String,
    /// Whether it may go on: it is still being typed.
    pub open: bool,
}

/// What must be found together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Group {
    /// One word.
    Word(Sought),
    /// Words in this order, each with its place; common ones are skipped but keep their place.
    Phrase(Vec<(usize, Sought)>),
}

/// How a word of a text answers a sought one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// With one typing error.
    Near,
    /// It begins with it.
    Begins,
    /// It is the word, or another form of it.
    Same,
}

impl Answer {
    pub(crate) const fn exactness(self) -> usize {
        match self {
            Answer::Near => 1,
            Answer::Begins => 2,
            Answer::Same => 3,
        }
    }
}

impl Sought {
    /// Whether it is also looked for with a typing error.
    pub(crate) fn forgives(&self) -> bool {
        self.written.chars().count() >= SHORTEST_WITH_ERROR
    }

    /// Whether `word` answers it. `forgiving` takes typing errors into account.
    pub(crate) fn answered_by(&self, word: &Word, forgiving: bool) -> Option<Answer> {
        if word.stem == self.stem || word.written == self.stem {
            Some(Answer::Same)
        } else if self.open && word.written.starts_with(&self.written) {
            Some(Answer::Begins)
        } else if forgiving && self.forgives() && is_near(&self.written, &word.written, self.open) {
            Some(Answer::Near)
        } else {
            None
        }
    }
}

/// What was typed, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// What must be found; at most [`MOST`].
    pub groups: Vec<Group>,
    /// The record that was named by its number: INC-42, #42, 42.
    pub number: Option<i64>,
}

impl Ask {
    /// Every single word that is sought.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &Sought)> {
        self.groups.iter().enumerate().flat_map(|(n, group)| {
            let words: Vec<&Sought> = match group {
                Group::Word(word) => vec![word],
                Group::Phrase(words) => words.iter().map(|(_, word)| word).collect(),
            };
            words.into_iter().map(move |word| (n, word))
        })
    }
}

/// Understands what was typed.
pub(crate) fn understand(text: &str) -> Ask {
    let mut reader = Reader::new();
    let text: String = text.chars().take(LONGEST).collect();
    let mut ask = Ask { groups: Vec::new(), number: number(text.trim()) };
    let mut common = Vec::new();
    for (chunk, kind) in chunks(&text) {
        let words = reader.all(chunk);
        let open = kind == Chunk::Open;
        let group = match words.len() {
            0 => continue,
            1 => Group::Word(sought(&words[0], open)),
            _ => phrase(&words, open),
        };
        if let Group::Word(word) = &group
            && kind == Chunk::Closed
            && COMMON.contains(&word.written.as_str())
        {
            common.push(group);
        } else if !ask.groups.contains(&group) {
            ask.groups.push(group);
        }
    }
    if ask.groups.is_empty() {
        common.dedup();
        ask.groups = common;
    }
    ask.groups.truncate(MOST);
    ask
}

fn sought(word: &Word, open: bool) -> Sought {
    Sought { written: word.written.clone(), stem: word.stem.clone(), open }
}

fn phrase(words: &[Word], open: bool) -> Group {
    let last = words.len() - 1;
    let mut kept: Vec<(usize, Sought)> = words
        .iter()
        .enumerate()
        .filter(|(n, word)| (open && *n == last) || !COMMON.contains(&word.written.as_str()))
        .map(|(n, word)| {
            // A character of a script without spaces is whole as it is.
            let alone = word.written.chars().any(words::stands_alone);
            (n, sought(word, open && n == last && !alone))
        })
        .collect();
    kept.truncate(LONGEST_PHRASE);
    match kept.len() {
        0 => Group::Phrase(vec![(0, sought(&words[0], false)), (1, sought(&words[1], false))]),
        1 => Group::Word(kept.remove(0).1),
        _ => Group::Phrase(kept),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// Finished.
    Closed,
    /// In quotes.
    Quoted,
    /// The last one, still being typed.
    Open,
}

/// Cuts at spaces, except between a pair of quotes.
fn chunks(text: &str) -> Vec<(&str, Chunk)> {
    let is_quote = |c: char| matches!(c, '"' | '“' | '”' | '„' | '«' | '»');
    let mut chunks = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[begin..];
        let first = rest.chars().next().unwrap_or(' ');
        if is_quote(first) {
            let inside = &rest[first.len_utf8()..];
            if let Some(end) = inside.find(is_quote) {
                chunks.push((&inside[..end], Chunk::Quoted));
                rest =
                    inside[end..].get(inside[end..].chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
            } else {
                // A quote that is not closed (yet) says nothing.
                rest = inside;
            }
            continue;
        }
        match rest.find(|c: char| c.is_whitespace() || is_quote(c)) {
            Some(end) => {
                chunks.push((&rest[..end], Chunk::Closed));
                rest = &rest[end..];
            }
            None => {
                chunks.push((rest, Chunk::Open));
                break;
            }
        }
    }
    chunks
}

/// The number of `INC-42`, `inc 42`, `#42`, `42`.
fn number(text: &str) -> Option<i64> {
    let digits = match text.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("inc") => text[3..].trim_start_matches(['-', ' ', '#']),
        _ => text.trim_start_matches('#'),
    };
    let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Whether `word` is `sought` with at most one letter added, left out, changed, or two neighbours swapped; with `open`,
/// whether it begins so.
fn is_near(sought: &str, word: &str, open: bool) -> bool {
    // Nearly every word of nearly every text: its letters are looked at where they lie.
    if sought.is_ascii() && word.is_ascii() {
        return are_near(sought.as_bytes(), word.as_bytes(), open);
    }
    let sought: Vec<char> = sought.chars().collect();
    let word: Vec<char> = word.chars().take(sought.len() + 2).collect();
    are_near(&sought, &word, open)
}

fn are_near<L: PartialEq>(sought: &[L], word: &[L], open: bool) -> bool {
    let same = sought.iter().zip(word).take_while(|(a, b)| a == b).count();
    let (a, b) = (&sought[same..], &word[same..]);
    let fits = |skip_a: usize, skip_b: usize| match (a.get(skip_a..), b.get(skip_b..)) {
        (Some(a), Some(b)) if open => b.starts_with(a),
        (Some(a), Some(b)) => a == b,
        _ => false,
    };
    let swapped = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0];
    fits(0, 0) || fits(1, 1) || fits(1, 0) || fits(0, 1) || (swapped && fits(2, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Ask {
        understand(text)
    }

    /// Groups as text: `open*`, `"a phrase"`.
    fn shown(text: &str) -> Vec<String> {
        let word = |w: &Sought| format!("{}{}", w.written, if w.open { "*" } else { "" });
        ask(text)
            .groups
            .iter()
            .map(|group| match group {
                Group::Word(w) => word(w),
                Group::Phrase(words) => {
                    format!("{:?}", words.iter().map(|(_, w)| word(w)).collect::<Vec<_>>().join(" "))
                }
            })
            .collect()
    }

    #[test]
    fn the_last_word_is_still_being_typed() {
        assert_eq!(shown("mail dat"), ["mail", "dat*"]);
        assert_eq!(shown("mail data "), ["mail", "data"]);
        assert_eq!(shown("mail mail "), ["mail"]);
    }

    #[test]
    fn common_words_count_only_alone() {
        assert_eq!(shown("the mail is late "), ["mail", "late"]);
        assert_eq!(shown("the "), ["the"]);
        assert_eq!(shown("mail th"), ["mail", "th*"]);
    }

    #[test]
    fn what_is_quoted_or_joined_stays_together() {
        assert_eq!(shown("\"rejected: unsigned\" mail "), ["\"rejected unsigned\"", "mail"]);
        assert_eq!(shown("„line of sight“ "), ["\"line sight\""]);
        assert_eq!(shown("10.0.0.1 "), ["\"10 0 0 1\""]);
        assert_eq!(shown("api-5x"), ["\"api 5x*\""]);
        assert_eq!(shown("障害"), ["\"障 害\""]);
        assert_eq!(shown("\"of the\""), ["\"of the\""]);
    }

    #[test]
    fn nothing_is_an_operator_or_an_error() {
        assert_eq!(shown("title:x AND (b OR -c) ~3 "), ["\"title x\"", "b", "c", "3"]);
        assert_eq!(shown("x\"y"), ["x", "y*"]);
        for empty in ["", " ", "\"", "\"\"", "((", "****", "\u{0}\u{0}", "🐌"] {
            assert!(shown(empty).is_empty(), "{empty:?}");
        }
        assert_eq!(ask(&"word ".repeat(10_000)).groups.len(), 1);
        assert_eq!(ask("q1 q2 q3 q4 q5 q6 q7 q8 q9 q10").groups.len(), MOST);
        let Group::Phrase(words) = &ask(&format!("\"{}\"", "x1 ".repeat(50))).groups[0] else { panic!() };
        assert_eq!(words.len(), LONGEST_PHRASE);
    }

    #[test]
    fn numbers_name_incidents() {
        for text in ["INC-42", "inc 42", "Inc42", "#42", " 42 "] {
            assert_eq!(ask(text).number, Some(42), "{text}");
        }
        for text in ["INC-", "INC-42x", "4 2", "1234567890123", "incident", "ünc"] {
            assert_eq!(ask(text).number, None, "{text}");
        }
    }

    #[test]
    fn one_typing_error_is_forgiven() {
        for (sought, word) in [
            ("postgres", "postgres"),
            ("postgers", "postgres"),
            ("postgrs", "postgres"),
            ("posstgres", "postgres"),
            ("postgrex", "postgres"),
            ("xpostgres", "postgres"),
            ("postgre", "postgres"),
        ] {
            assert!(is_near(sought, word, false), "{sought}");
        }
        for (sought, word) in [("postxxes", "postgres"), ("post", "postgres"), ("sergtsop", "postgres")] {
            assert!(!is_near(sought, word, false), "{sought}");
        }
        assert!(is_near("psotg", "postgres", true) && !is_near("xxotg", "postgres", true));
    }
}
