//! The words in their context: which text of a record answers best, and the part of it that is shown.

use crate::ask::{Answer, Ask, Group};
use crate::words::Reader;
use std::collections::HashSet;

/// A part of a text that is shown. Plain text, never markup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = FoundPiece)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// About as much of a text is shown; in bytes.
const SHOWN: usize = 240;
/// About as much of it stands before the first match.
const BEFORE: usize = 60;
/// More matches in one text change nothing.
const MOST_MATCHES: usize = 500;

/// A word of a text that answers.
#[derive(Debug, Clone, Copy)]
struct Match {
    group: usize,
    member: usize,
    word: usize,
    from: usize,
    to: usize,
    answer: Answer,
}

/// Looks for what was asked in texts. `forgiving`: typing errors count; `loose`: words of a phrase count one by one.
pub(crate) struct Looker<'a> {
    reader: Reader,
    ask: &'a Ask,
    /// First bytes of words that may answer.
    firsts: [bool; 256],
    /// As many bytes of text as are still looked at.
    budget: usize,
}

impl<'a> Looker<'a> {
    /// Looks through at most `budget` bytes of text.
    pub(crate) fn new(ask: &'a Ask, budget: usize) -> Self {
        // A word that is not ASCII may become any letter.
        let mut firsts: [bool; 256] = std::array::from_fn(|byte| byte >= 128);
        for byte in ask.words().filter_map(|(_, word)| word.written.bytes().next()) {
            firsts[usize::from(byte.to_ascii_lowercase())] = true;
            firsts[usize::from(byte.to_ascii_uppercase())] = true;
        }
        Looker { reader: Reader::new(), ask, firsts, budget }
    }

    /// Whether there may be text that was not looked through.
    pub(crate) fn is_tired(&self) -> bool {
        self.budget == 0
    }

    /// The whole text, with its matches.
    pub(crate) fn whole(&mut self, text: &str, forgiving: bool, loose: bool) -> Vec<Piece> {
        let matches = self.matches(text, forgiving, loose);
        pieces(text, 0, text.len(), &matches)
    }

    /// The text that answers best and the part of it to show; the first text's beginning if none does.
    pub(crate) fn best(
        &mut self,
        texts: &[&str],
        forgiving: bool,
        loose: bool,
    ) -> Option<(usize, Vec<Piece>)> {
        let mut best: Option<(usize, usize, Vec<Match>)> = None;
        let most = self.ask.groups.len() * (100 + Answer::Same.exactness());
        for (n, text) in texts.iter().enumerate() {
            let matches = self.matches(text, forgiving, loose);
            let worth = worth(&matches);
            if worth > best.as_ref().map_or(0, |(_, best, _)| *best) {
                best = Some((n, worth, matches));
                if worth == most {
                    break;
                }
            }
            if self.budget == 0 {
                break;
            }
        }
        if let Some((n, _, matches)) = best {
            return Some((n, around(texts[n], &matches)));
        }
        let n = texts.iter().position(|text| !text.trim().is_empty())?;
        Some((n, around(texts[n], &[])))
    }

    fn matches(&mut self, text: &str, forgiving: bool, loose: bool) -> Vec<Match> {
        let mut end = text.len().min(self.budget);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.budget = if end < text.len() { 0 } else { self.budget - end };
        let mut found = Vec::new();
        let (ask, firsts) = (self.ask, &self.firsts);
        let skip = |first: u8| !forgiving && !firsts[usize::from(first)];
        self.reader.for_each(&text[..end], skip, |number, word| {
            for (group, what) in ask.groups.iter().enumerate() {
                let mut look = |member: usize, sought: &crate::ask::Sought| {
                    if let Some(answer) = sought.answered_by(word, forgiving) {
                        let (from, to) = (word.from, word.to);
                        found.push(Match { group, member, word: number, from, to, answer });
                    }
                };
                match what {
                    Group::Word(sought) => look(0, sought),
                    Group::Phrase(members) => {
                        members.iter().enumerate().for_each(|(member, (_, sought))| look(member, sought));
                    }
                }
            }
            found.len() < MOST_MATCHES
        });
        if !loose {
            self.keep_whole_phrases(&mut found);
        }
        found
    }

    /// Forgets words of phrases that do not stand together.
    fn keep_whole_phrases(&self, found: &mut Vec<Match>) {
        for (group, what) in self.ask.groups.iter().enumerate() {
            let Group::Phrase(members) = what else { continue };
            let there: HashSet<(usize, usize)> =
                found.iter().filter(|m| m.group == group).map(|m| (m.member, m.word)).collect();
            let first = members.first().map_or(0, |(place, _)| *place);
            let whole: HashSet<usize> = there
                .iter()
                .filter(|(member, _)| *member == 0)
                .map(|(_, word)| *word)
                .filter(|word| {
                    members
                        .iter()
                        .enumerate()
                        .all(|(n, (place, _))| there.contains(&(n, word + place - first)))
                })
                .collect();
            found.retain(|m| {
                m.group != group
                    || members
                        .get(m.member)
                        .and_then(|(place, _)| m.word.checked_sub(place - first))
                        .is_some_and(|begin| whole.contains(&begin))
            });
        }
    }
}

/// How well these matches answer: first how many different things were found, then how exactly.
fn worth(matches: &[Match]) -> usize {
    let mut best = [0usize; 8];
    for m in matches {
        if let Some(slot) = best.get_mut(m.group) {
            *slot = (*slot).max(m.answer.exactness());
        }
    }
    best.iter().filter(|b| **b > 0).count() * 100 + best.iter().sum::<usize>()
}

/// The part of the text with the most different matches.
fn around(text: &str, matches: &[Match]) -> Vec<Piece> {
    let mut best = (0, 0, matches.first().map_or(0, |m| m.from));
    for (n, first) in matches.iter().enumerate() {
        let inside = matches[n..].iter().take_while(|m| m.to <= first.from + SHOWN - BEFORE);
        let (mut groups, mut count) = (0u8, 0);
        for m in inside {
            groups |= 1 << (m.group % 8);
            count += 1;
        }
        if (groups.count_ones(), count) > (best.0, best.1) {
            best = (groups.count_ones(), count, first.from);
        }
    }
    let from = begin_of_word(text, best.2.saturating_sub(BEFORE));
    let to = end_of_word(text, from + SHOWN);
    pieces(text, from, to, matches)
}

/// The first beginning of a word at or after `at`, if it is near; otherwise the next character.
fn begin_of_word(text: &str, at: usize) -> usize {
    if at == 0 {
        return 0;
    }
    let at = ceil(text, at);
    match text[at..].char_indices().take(BEFORE / 4).find(|(_, c)| c.is_whitespace()) {
        Some((n, c)) => at + n + c.len_utf8(),
        None => at,
    }
}

fn end_of_word(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let at = ceil(text, at);
    text[at..].char_indices().take(BEFORE / 4).find(|(_, c)| c.is_whitespace()).map_or(at, |(n, _)| at + n)
}

fn ceil(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Cuts `text[from..to]` at its matches.
fn pieces(text: &str, from: usize, to: usize, matches: &[Match]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |text: String, is_match: bool| match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(last) if last.is_match == is_match => last.text += &text,
        _ => pieces.push(Piece { text, is_match }),
    };
    if from > 0 {
        push("… ".into(), false);
    }
    let mut at = from;
    for m in matches.iter().filter(|m| m.from >= from && m.to <= to) {
        // The same word may answer several groups.
        if m.from >= at {
            push(plain(&text[at..m.from], at == from), false);
            push(text[m.from..m.to].to_owned(), true);
            at = m.to;
        }
    }
    push(plain(&text[at..to], at == from), false);
    if to < text.len() {
        push(" …".into(), false);
    }
    pieces
}

/// One line of plain text: white space becomes a space, Markdown's commonest marks go.
fn plain(text: &str, is_start: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut line_start = is_start;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() || c.is_control() => {
                line_start |= c == '\n';
                if !(out.ends_with(' ') || is_start && out.is_empty()) {
                    out.push(' ');
                }
            }
            '*' if rest.peek() == Some(&'*') => {
                rest.next();
            }
            '`' => {}
            '#' | '>' if line_start => {}
            c => {
                line_start = false;
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::understand;

    /// Pieces as text, matches in brackets.
    fn shown(pieces: &[Piece]) -> String {
        pieces.iter().map(|p| if p.is_match { format!("[{}]", p.text) } else { p.text.clone() }).collect()
    }

    fn best(ask: &str, texts: &[&str]) -> Option<(usize, String)> {
        let ask = understand(ask);
        Looker::new(&ask, 1 << 20).best(texts, true, false).map(|(n, pieces)| (n, shown(&pieces)))
    }

    #[test]
    fn the_text_with_most_of_the_words_is_shown() {
        let texts = ["The mail is late.", "Mails are **late** since\n\nthe deployment.", "late late late"];
        assert_eq!(
            best("mail late deploym", &texts),
            Some((1, "[Mails] are [late] since the [deployment].".into()))
        );
        assert_eq!(best("DÉPLOYMENT ", &texts), Some((1, "Mails are late since the [deployment].".into())));
        assert_eq!(best("deplyoment ", &texts), Some((1, "Mails are late since the [deployment].".into())));
    }

    #[test]
    fn phrases_are_marked_where_they_stand_together() {
        let text = "unsigned mail was rejected; then: rejected: unsigned";
        assert_eq!(
            best("\"rejected unsigned\"", &[text]),
            Some((0, "unsigned mail was rejected; then: [rejected]: [unsigned]".into()))
        );
        assert_eq!(best("障害", &["今日の障害です"]), Some((0, "今日の[障害]です".into())));
    }

    #[test]
    fn long_texts_are_cut_around_the_words() {
        let text = format!(
            "{} needle {} needle thread {}",
            "hay ".repeat(200),
            "hay ".repeat(200),
            "hay ".repeat(200)
        );
        let (_, shown) = best("needle thread ", &[&text]).unwrap();
        assert!(shown.starts_with("… hay") && shown.ends_with("hay …"), "{shown}");
        assert!(shown.contains("[needle] [thread]") && shown.len() < 300, "{shown}");
    }

    #[test]
    fn without_a_match_the_beginning_is_shown() {
        assert_eq!(
            best("nothing ", &["", "# Title\n\nSome `code`."]),
            Some((1, " Title Some code.".trim_start().into()))
        );
        assert_eq!(best("nothing ", &["", " "]), None);
    }

    #[test]
    fn cuts_never_split_characters() {
        for n in 0..40 {
            let text = format!("{}needle{}", "é🐌".repeat(60 + n), "障🐌é".repeat(90));
            let (_, shown) = best("needle ", &[&text]).unwrap();
            assert!(shown.len() < 700, "{shown}");
        }
    }
}
