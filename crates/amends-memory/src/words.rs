//! How text becomes words: the same way when it is indexed, asked for and shown.
//!
//! Words are runs of letters and digits, in lower case, without accents. Scripts that write no spaces (Chinese,
//! Japanese, Thai, …) and Korean are taken character by character, so that any part of them can be found. English words
//! are indexed as written and, at the same place, without their ending: "deploym" finds "deployment" while it is typed,
//! and "deployed" finds "deploys".

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, TextAnalyzer, Token, TokenFilter, TokenStream, Tokenizer,
};

/// Name under which the index knows this way of taking text apart.
pub(crate) const NAME: &str = "words";

/// Longer words (keys, addresses) are cut; in bytes.
const LONGEST: usize = 64;

/// The whole chain.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Splitter).filter(LowerCaser).filter(AsciiFoldingFilter).filter(Endings).build()
}

/// A word as it is written and as it is looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// In lower case, without accents.
    pub written: String,
    /// Without its English ending; the same as `written` for most words.
    pub stem: String,
    /// Where it is in the text, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
}

/// Reads texts word by word, as the index does.
pub(crate) struct Reader {
    analyzer: TextAnalyzer,
    word: Word,
}

impl Reader {
    /// A reader.
    pub(crate) fn new() -> Self {
        Reader { analyzer: analyzer(), word: Word::default() }
    }

    /// Calls `each` for the words of `text`, in order, with their number, until it answers `false`. Words of which
    /// `skip` knows by their first byte that they are not wanted are only counted.
    pub(crate) fn for_each(
        &mut self,
        text: &str,
        skip: impl Fn(u8) -> bool,
        mut each: impl FnMut(usize, &Word) -> bool,
    ) {
        let mut pieces = Pieces { text, at: 0, token: Token::default() };
        let mut number = 0;
        while let Some((from, to)) = pieces.next_piece() {
            if !skip(text.as_bytes()[from]) {
                self.read(&text[from..to]);
                (self.word.from, self.word.to) = (from, to);
                if !each(number, &self.word) {
                    return;
                }
            }
            number += 1;
        }
    }

    fn read(&mut self, piece: &str) {
        let word = &mut self.word;
        word.stem.clear();
        if piece.is_ascii() {
            // What the analyzer does, without its detours.
            word.written.clear();
            word.written.push_str(&piece[..piece.len().min(LONGEST)]);
            word.written.make_ascii_lowercase();
            if !stem(&word.written, &mut word.stem) {
                word.stem.clone_from(&word.written);
            }
            return;
        }
        let mut stream = self.analyzer.token_stream(piece);
        if stream.advance() {
            word.written.clone_from(&stream.token().text);
        }
        word.stem.clone_from(&word.written);
        if stream.advance() {
            word.stem.clone_from(&stream.token().text);
        }
    }

    /// All words of a short text.
    pub(crate) fn all(&mut self, text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        self.for_each(
            text,
            |_| false,
            |_, word| {
                words.push(word.clone());
                true
            },
        );
        words
    }
}

/// Whether every character of this script is taken as a word.
pub(crate) const fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3100}'..='\u{318f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{323af}')
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Splits text into words.
#[derive(Clone)]
struct Splitter;

struct Pieces<'a> {
    text: &'a str,
    at: usize,
    token: Token,
}

impl Tokenizer for Splitter {
    type TokenStream<'a> = Pieces<'a>;
    fn token_stream<'a>(&'a mut self, text: &'a str) -> Pieces<'a> {
        Pieces { text, at: 0, token: Token::default() }
    }
}

impl Pieces<'_> {
    /// Where the next word begins and ends.
    fn next_piece(&mut self) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        // What stands between words, and most words, is ASCII.
        let gap = bytes[self.at..].iter().take_while(|b| b.is_ascii() && !b.is_ascii_alphanumeric()).count();
        let at = self.at + gap;
        let length = bytes[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        if length > 0 && bytes.get(at + length).is_none_or(u8::is_ascii) {
            self.at = at + length;
            return Some((at, self.at));
        }
        let (skip, first) = self.text[at..].char_indices().find(|(_, c)| c.is_alphanumeric())?;
        let from = at + skip;
        let to = if stands_alone(first) {
            from + first.len_utf8()
        } else {
            self.text[from..]
                .char_indices()
                .find(|(_, c)| !(c.is_alphanumeric() || is_accent(*c)) || stands_alone(*c))
                .map_or(self.text.len(), |(length, _)| from + length)
        };
        self.at = to;
        Some((from, to))
    }
}

impl TokenStream for Pieces<'_> {
    fn advance(&mut self) -> bool {
        let Some((from, to)) = self.next_piece() else { return false };
        let mut cut = to.min(from + LONGEST);
        while !self.text.is_char_boundary(cut) {
            cut -= 1;
        }
        let token = &mut self.token;
        token.position = token.position.wrapping_add(1);
        (token.offset_from, token.offset_to) = (from, to);
        token.text.clear();
        let piece = &self.text[from..cut];
        if piece.is_ascii() {
            token.text.push_str(piece);
        } else {
            token.text.extend(piece.chars().filter(|c| !is_accent(*c)));
        }
        true
    }
    fn token(&self) -> &Token {
        &self.token
    }
    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Adds, after each word that has one, the same word without its ending, at the same place.
#[derive(Clone)]
struct Endings;

#[derive(Clone)]
struct WithEndings<T>(T);

struct EndingStream<S> {
    inner: S,
    stem: Token,
    waiting: bool,
    showing: bool,
}

impl TokenFilter for Endings {
    type Tokenizer<T: Tokenizer> = WithEndings<T>;
    fn transform<T: Tokenizer>(self, tokenizer: T) -> WithEndings<T> {
        WithEndings(tokenizer)
    }
}

impl<T: Tokenizer> Tokenizer for WithEndings<T> {
    type TokenStream<'a> = EndingStream<T::TokenStream<'a>>;
    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        let inner = self.0.token_stream(text);
        EndingStream { inner, stem: Token::default(), waiting: false, showing: false }
    }
}

impl<S: TokenStream> TokenStream for EndingStream<S> {
    fn advance(&mut self) -> bool {
        if self.waiting {
            self.waiting = false;
            self.showing = true;
            return true;
        }
        self.showing = false;
        if !self.inner.advance() {
            return false;
        }
        let token = self.inner.token();
        self.stem.text.clear();
        if stem(&token.text, &mut self.stem.text) {
            self.stem.position = token.position;
            (self.stem.offset_from, self.stem.offset_to) = (token.offset_from, token.offset_to);
            self.waiting = true;
        }
        true
    }
    fn token(&self) -> &Token {
        if self.showing { &self.stem } else { self.inner.token() }
    }
    fn token_mut(&mut self) -> &mut Token {
        if self.showing { &mut self.stem } else { self.inner.token_mut() }
    }
}

/// Writes an English word without its ending to `stem`, if it has one: plural, -ing, -ed, a silent e. Light on purpose:
/// it needs no tables, and what it gets wrong it gets wrong alike in texts and in questions.
fn stem(word: &str, stem: &mut String) -> bool {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return false;
    }
    let mut rest = word;
    let mut end = "";
    if let Some(base) = rest.strip_suffix("ies").filter(|base| base.len() > 2) {
        (rest, end) = (base, "y");
    } else if rest.ends_with("sses") {
        rest = &rest[..rest.len() - 2];
    } else if rest.ends_with('s') && !["ss", "us", "is"].iter().any(|kept| rest.ends_with(kept)) {
        rest = &rest[..rest.len() - 1];
    }
    let has_vowel = |base: &str| base.bytes().any(|b| b"aeiouy".contains(&b));
    if end.is_empty() {
        if let Some(base) = rest.strip_suffix("ied").filter(|base| base.len() > 2) {
            (rest, end) = (base, "y");
        } else if !rest.ends_with("eed") {
            let base = rest.strip_suffix("ing").or_else(|| rest.strip_suffix("ed"));
            if let Some(base) = base.filter(|base| base.len() > 2 && has_vowel(base)) {
                let tail = &base.as_bytes()[base.len() - 2..];
                let doubled = tail[0] == tail[1] && !b"aeiouylsz".contains(&tail[0]) && base.len() > 3;
                rest = if doubled { &base[..base.len() - 1] } else { base };
            }
        }
        if let Some(base) = rest.strip_suffix('e').filter(|base| base.len() > 2) {
            rest = base;
        }
    }
    stem.push_str(rest);
    stem.push_str(end);
    stem != word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        Reader::new().all(text).into_iter().map(|w| w.written).collect()
    }

    fn stem_of(word: &str) -> String {
        Reader::new().all(word).remove(0).stem
    }

    #[test]
    fn words_are_plain() {
        assert_eq!(
            written("Mail-Server №5: DÉJÀ-VU, naïve Straße!"),
            ["mail", "server", "5", "deja", "vu", "naive", "strasse"]
        );
        assert_eq!(written("de\u{301}ja\u{300} vu"), ["deja", "vu"], "accents written apart");
        assert_eq!(written("user_history 10.0.0.1 5xx"), ["user", "history", "10", "0", "0", "1", "5xx"]);
        assert!(written(" … 🐌 \u{0} ** ").is_empty());
    }

    #[test]
    fn scripts_without_spaces_are_taken_character_by_character() {
        assert_eq!(written("データbase障害"), ["デ", "ー", "タ", "base", "障", "害"]);
        assert_eq!(written("한국"), ["한", "국"]);
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "The ÉTAGÈRE fell";
        let words = Reader::new().all(text);
        assert_eq!(&text[words[1].from..words[1].to], "ÉTAGÈRE");
    }

    #[test]
    fn texts_are_read_as_they_are_indexed() {
        let text = "The E\u{301}TAGÈRES were Deployed, CACHED & 障害 on node-17.eu; Straße 5xx";
        let mut analyzer = analyzer();
        let mut stream = analyzer.token_stream(text);
        let mut indexed = Vec::new();
        stream.process(&mut |token| indexed.push(token.text.clone()));
        let mut read = Vec::new();
        for word in Reader::new().all(text) {
            read.push(word.written.clone());
            read.extend((word.stem != word.written).then_some(word.stem));
        }
        assert_eq!(read, indexed);
    }

    #[test]
    fn forms_of_a_word_meet() {
        for forms in [
            ["deploy", "deploys", "deployed", "deploying"],
            ["cache", "caches", "cached", "caching"],
            ["retry", "retries", "retried", "retrying"],
            ["stop", "stops", "stopped", "stopping"],
            ["fail", "fails", "failed", "failing"],
            ["pass", "passes", "passed", "passing"],
            ["database", "databases", "database", "databases"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem_of(form)).collect();
            assert!(stems.iter().all(|s| *s == stems[0]), "{forms:?} became {stems:?}");
        }
        for kept in ["status", "this", "string", "redis", "dns", "bring", "speed", "need", "5xxs"] {
            assert_eq!(stem_of(kept), kept);
        }
    }

    #[test]
    fn endless_words_are_cut_at_a_character() {
        let long = "é".repeat(500);
        let words = Reader::new().all(&long);
        assert_eq!((words.len(), words[0].written.len(), words[0].to), (1, 32, 1000));
    }
}
