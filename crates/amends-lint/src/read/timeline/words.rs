//! The words around a time.

use std::sync::Arc;

use crate::read::clock::Mention;
use crate::read::cues::Cues;
use crate::read::document::{Block, BlockKind, Document};

/// Longest text that is kept with a row, in bytes.
const ROW_LIMIT: usize = 2_000;
/// Longest sentence, in bytes; what is longer is cut.
const SENTENCE_LIMIT: usize = 1_000;
/// How far a line is followed, in bytes, to see whether a time opens or closes it.
const LINE_LIMIT: usize = 64;

/// The text from `start` to `end`, or its last part if that is long.
pub(super) fn before(text: &str, start: usize, end: usize) -> &str {
    let mut start = start.max(end.saturating_sub(LINE_LIMIT));
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..end).unwrap_or_default()
}

/// The line up to `end`, or its last part if that is long.
pub(super) fn line_before(text: &str, end: usize) -> &str {
    let before = before(text, 0, end);
    before.rfind('\n').map_or(before, |at| &before[at + 1..])
}

/// True for a time at the beginning of a line whose sentence began on the line above: "(Between\n1:46pm - 5:30pm)".
pub(super) fn goes_on(text: &str, at: usize) -> bool {
    let head = before(text, 0, at);
    let Some((above, here)) = head.rsplit_once('\n') else { return false };
    let last = above.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let leads = [
        "at",
        "from",
        "between",
        "until",
        "till",
        "around",
        "about",
        "approximately",
        "by",
        "to",
        "since",
        "and",
        "on",
    ];
    here.trim().is_empty() && leads.iter().any(|lead| last.eq_ignore_ascii_case(lead))
}

/// True if "since" leads to the time at `at`.
pub(super) fn follows_since(text: &str, at: usize) -> bool {
    let head = before(text, 0, at).trim_end().trim_end_matches(['~', '(']).trim_end();
    let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    word.eq_ignore_ascii_case("since")
}

/// True if nothing but marks and words such as "at" stand before the time, so that it opens its row.
pub(super) fn is_lead_in(before: &str) -> bool {
    if before.len() > 48 {
        return false;
    }
    before.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).all(|word| {
        matches!(
            word.to_ascii_lowercase().as_str(),
            "at" | "around"
                | "about"
                | "approximately"
                | "approx"
                | "ca"
                | "on"
                | "from"
                | "between"
                | "by"
                | "after"
                | "mon"
                | "tue"
                | "wed"
                | "thu"
                | "fri"
                | "sat"
                | "sun"
                | "circa"
                | "time"
                | "since"
        )
    }) && !before.contains(|c: char| c.is_ascii_digit())
}

/// "First detected:" before a time that ends its line, or stands in the next cell of a table.
pub(super) fn label_before<'b>(block: &'b Block, mention: &Mention) -> Option<&'b str> {
    let text = block.text.as_str();
    let line = line_before(text, mention.start);
    let tail = clip_to(text.get(mention.end..)?, LINE_LIMIT).lines().next().unwrap_or_default();
    let label = line.trim_end_matches([' ', ':', '|', '~', '-', '(', '*', '–', '@']);
    let label = label.rsplit(['|', '·', ';']).next().unwrap_or(label).trim();
    let short = !label.is_empty() && label.len() <= 40 && label.split_whitespace().count() <= 6;
    let tail_ends = match &block.kind {
        BlockKind::Row { .. } => tail.trim_start().starts_with('|') || tail.trim().is_empty(),
        _ => {
            let rest = tail.trim_matches([' ', '.', '*', ',']);
            // "12:08 PM - 1:30 PM (19:08 - 20:30 UTC)": the same again, in brackets.
            rest.trim_matches([')', '.']).len() <= 12 || (rest.starts_with('(') && rest.ends_with(')'))
        }
    };
    let colon = line.trim_end().ends_with([':', '|']);
    let item = matches!(block.kind, BlockKind::Item | BlockKind::Row { .. });
    (short && (tail_ends && (item || colon)) && !label.contains(['.', '!', '?'])).then_some(label)
}

/// What the row says: the words behind its time, and for a heading those of the blocks under it.
pub(super) fn rest_of_row(
    document: &Document<'_>,
    index: usize,
    mention: &Mention,
    rest_end: usize,
) -> String {
    let Some(block) = document.blocks.get(index) else { return String::new() };
    let text = block.text.as_str();
    let own = text.get(mention.end..rest_end.max(mention.end)).unwrap_or_default();
    let own = if block.kind == BlockKind::Paragraph { first_lines(own) } else { own };
    let mut row =
        clip(own.trim_start_matches([' ', ':', '-', '–', '—', '|', ']', ')', '*', ',', '}', '#'])).to_owned();
    let heading = matches!(block.kind, BlockKind::Heading(_));
    let ends_its_block = rest_end >= text.len();
    if !ends_its_block || !(heading || row.trim().is_empty()) {
        return row.trim().to_owned();
    }
    for next in document.blocks.iter().skip(index + 1).take(24) {
        let same_item = next.item.is_some_and(|item| item.parent == Some(index));
        let belongs = if heading { next.section == block.section } else { same_item || block.item.is_none() };
        let opens_next = !heading
            && block.item.is_none()
            && next.mentions.first().is_some_and(|mention| mention.start < 4);
        if !belongs || opens_next || matches!(next.kind, BlockKind::Heading(_)) || row.len() > ROW_LIMIT {
            break;
        }
        if next.is_prose() && !next.quoted {
            row.push('\n');
            row.push_str(clip(next.text.as_str()));
            if !heading && block.item.is_none() {
                break;
            }
        }
    }
    row.trim().to_owned()
}

/// The lines up to the first that ends with its sentence: in a paragraph without marks of a list what stands on the
/// lines below is told of other times.
fn first_lines(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.trim_end().ends_with(['.', '!', '?']) {
            break;
        }
    }
    &text[..end]
}

/// The sentences of one text, each read once however many times stand in it.
pub(super) struct Sentences<'t> {
    text: &'t str,
    start: usize,
    end: usize,
    said: Option<Arc<str>>,
    cues: Option<Cues>,
}

impl<'t> Sentences<'t> {
    pub(super) fn new(text: &'t str) -> Sentences<'t> {
        Sentences { text, start: 0, end: 0, said: None, cues: None }
    }

    /// The sentence in which the byte `at` lies. Calls must go forward in the text.
    pub(super) fn around(&mut self, at: usize) -> Arc<str> {
        while at >= self.end && self.end < self.text.len() {
            self.start = self.end;
            self.end = sentence_end(self.text, self.start);
            (self.said, self.cues) = (None, None);
        }
        let (text, start, end) = (self.text, self.start, self.end);
        self.said.get_or_insert_with(|| text.get(start..end).unwrap_or_default().trim().into()).clone()
    }

    /// What the sentence that was read last speaks of.
    pub(super) fn cues(&mut self) -> Cues {
        let (text, start, end) = (self.text, self.start, self.end);
        *self.cues.get_or_insert_with(|| Cues::of(text.get(start..end).unwrap_or_default()))
    }
}

impl<'t> Sentences<'t> {
    /// Of a sentence with several times the words that speak of the one at `at`, a mention of the sentence that was read
    /// last: "At 3:40 we switched it, and by 4:10 it was over." Nothing if it is the only one.
    pub(super) fn clause(&self, mentions: &[Mention], at: usize) -> Option<&'t str> {
        let here = &mentions[at];
        let inside = |other: &&Mention| {
            other.time.is_some() && (self.start..self.end).contains(&other.start) && here.time.is_some()
        };
        let before = mentions[..at].last().filter(inside);
        let after = mentions.get(at + 1).filter(inside);
        if before.is_none() && after.is_none() {
            return None;
        }
        let from = before.map_or(self.start, |before| before.end);
        let until = after.map_or(self.end, |after| after.start);
        let (left, right) = (self.text.get(from..here.start)?, self.text.get(here.end..until)?);
        let leads = said(left) == 0 || (right.starts_with(',') && passes(left));
        Some(match (leads, after) {
            (true, _) if said(right) > 0 => right,
            (_, Some(_)) => left,
            // What follows the last time belongs to it as well.
            (_, None) => self.text.get(from..self.end)?,
        })
    }
}

/// True for words that only lead to the time: "Four minutes later, at 3:44 p.m., exports failed".
fn passes(text: &str) -> bool {
    const MOST: usize = 4;
    let moved =
        ["later", "after", "afterwards", "earlier", "finally", "next", "day", "morning", "evening", "night"];
    said(text) <= MOST && text.split(|c: char| !c.is_alphabetic()).any(|word| moved.contains(&word))
}

/// How many words say something: not "and by", "then at".
fn said(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let empty = [
        "at", "by", "and", "then", "on", "around", "about", "until", "from", "the", "it", "we", "after",
        "before",
    ];
    words.filter(|word| !empty.iter().any(|other| word.eq_ignore_ascii_case(other))).count()
}

/// Where the sentence that begins at `start` ends.
pub(crate) fn sentence_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let limit = (start + SENTENCE_LIMIT).min(bytes.len());
    let mut end = (start..limit).find(|at| ends_sentence(bytes, *at)).map_or(limit, |at| at + 1);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// True if the byte at `at` ends a sentence: a full stop, question or exclamation mark before a blank, unless it
/// belongs to "a.m.", "approx." and the like.
fn ends_sentence(bytes: &[u8], at: usize) -> bool {
    let next_blank = bytes.get(at + 1).is_none_or(|next| next.is_ascii_whitespace());
    match bytes.get(at) {
        Some(b'!' | b'?') => next_blank,
        Some(b'.') => {
            let before = bytes.get(at.saturating_sub(4)..at).unwrap_or_default();
            let word = before.rsplit(|b| b.is_ascii_whitespace()).next().unwrap_or_default();
            let short = matches!(
                word,
                b"a.m" | b"p.m" | b"A.M" | b"P.M" | b"prox" | b"e.g" | b"i.e" | b"ca" | b"vs" | b"No"
            );
            next_blank && !short
        }
        _ => false,
    }
}

fn clip(text: &str) -> &str {
    clip_to(text, ROW_LIMIT)
}

fn clip_to(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_found_in_one_walk() {
        let text = "One ran. At 3 p.m. EST it broke! Two ä";
        let mut sentences = Sentences::new(text);
        for (word, expected) in [
            ("ran", "One ran."),
            ("3", "At 3 p.m. EST it broke!"),
            ("EST", "At 3 p.m. EST it broke!"),
            ("Two", "Two ä"),
        ] {
            assert_eq!(&*sentences.around(text.find(word).unwrap()), expected);
        }
        let long = "ä".repeat(3000);
        assert!(Sentences::new(&long).around(4000).len() <= SENTENCE_LIMIT + 1);
        assert_eq!(&*Sentences::new("").around(0), "");
    }
}
