//! Lengths of time and numbers of things.
//!
//! One walk over the words of each block. A number that belongs to a time or a date is neither.

use std::sync::Arc;

use super::document::{Block, Document};
use super::facts::{Amount, Duration, DurationOf, Quantity};
use super::section::Kinds;
use super::timeline::sentence_end;

/// Reads both from every block of prose.
pub(super) fn read(document: &Document<'_>) -> (Vec<Duration>, Vec<Quantity>) {
    let (mut durations, mut quantities) = (Vec::new(), Vec::new());
    for block in &document.blocks {
        let heading = matches!(block.kind, super::document::BlockKind::Heading(_));
        if (!block.is_prose() && !heading) || block.quoted || block.kinds.has(Kinds::APPENDIX) {
            continue;
        }
        let (durations, quantities) = (&mut durations, &mut quantities);
        let text = block.text.as_str();
        let lower = text.to_ascii_lowercase();
        Walk { document, block, text, lower: &lower, durations, quantities, sentence: None }.run();
    }
    (durations, quantities)
}

/// How many lengths of one sentence are asked what took so long.
const LENGTHS_PER_SENTENCE: usize = 8;

/// The sentence that the walk is in, read once.
struct Sentence {
    start: usize,
    text: Arc<str>,
    lower: String,
    asked: usize,
}

/// One number with one unit, both in seconds, and the index of the word after it.
struct Length {
    seconds: f64,
    unit: f64,
    next: usize,
}

/// A word of the text with its place.
#[derive(Clone, Copy, Debug)]
struct Word<'t> {
    start: usize,
    end: usize,
    text: &'t str,
    /// The same in lower case (ASCII).
    lower: &'t str,
}

struct Walk<'w, 't> {
    document: &'w Document<'w>,
    block: &'w Block,
    text: &'t str,
    lower: &'t str,
    durations: &'w mut Vec<Duration>,
    quantities: &'w mut Vec<Quantity>,
    sentence: Option<Sentence>,
}

impl<'t> Walk<'_, 't> {
    fn run(&mut self) {
        let words = self.words();
        let (mut at, mut sentence) = (0, (0, 0));
        while at < words.len() {
            while words[at].start >= sentence.1 && sentence.1 < self.text.len() {
                sentence = (sentence.1, sentence_end(self.text, sentence.1));
            }
            at = self.duration(&words, at, sentence).or_else(|| self.quantity(&words, at)).unwrap_or(at + 1);
        }
    }

    /// The words, without those that are times, dates or web addresses.
    fn words(&self) -> Vec<Word<'t>> {
        let mut times = self.block.mentions.iter().peekable();
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in self.text.char_indices().chain([(self.text.len(), ' ')]) {
            let inside = !(c.is_whitespace()
                || matches!(c, '(' | ')' | '[' | ']' | ';' | '|' | '"' | '“' | '”' | '*'));
            match (start, inside) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    start = None;
                    while times.peek().is_some_and(|time| time.end <= from) {
                        times.next();
                    }
                    let timely = times.peek().is_some_and(|time| time.start < at);
                    let raw = &self.text[from..at];
                    if !timely && !raw.contains("://") {
                        let text = raw.trim_matches([',', ':', '!', '?', '~', '≈', '.', '\'', '’']);
                        let lead = raw.len()
                            - raw.trim_start_matches([',', ':', '!', '?', '~', '≈', '.', '\'', '’']).len();
                        if !text.is_empty() {
                            let (start, end) = (from + lead, from + lead + text.len());
                            words.push(Word { start, end, text, lower: &self.lower[start..end] });
                        }
                    } else {
                        // Keeps what stands before and after a time apart.
                        words.push(Word { start: from, end: from, text: "", lower: "" });
                    }
                }
                _ => {}
            }
        }
        words
    }

    /// "approximately nine hours", "1h 50m", "54 hours 10 minutes", "half an hour".
    fn duration(&mut self, words: &[Word<'t>], at: usize, sentence: (usize, usize)) -> Option<usize> {
        let Length { mut seconds, mut unit, mut next } = one_length(words, at)?;
        // A "24-hour clock" is none.
        if words.get(next).is_some_and(|word| word.text.eq_ignore_ascii_case("clock")) {
            return None;
        }
        // Further parts count only if they are of smaller units: "1h 50m", "2 hours and 5 minutes".
        while let Some(from) = joined(words, next)
            && let Some(more) = one_length(words, from)
            && more.unit < unit
            && words[next.max(1) - 1].end + 6 >= words[from].start
        {
            (seconds, unit, next) = (seconds + more.seconds, more.unit, more.next);
        }
        let (start, end) = (words[at].start, words[next - 1].end);
        if self.sentence.as_ref().is_none_or(|seen| seen.start != sentence.0) {
            let text: Arc<str> = self.text.get(sentence.0..sentence.1).unwrap_or_default().into();
            let lower = text.to_ascii_lowercase();
            self.sentence = Some(Sentence { start: sentence.0, text, lower, asked: 0 });
        }
        let (mut context, mut of): (Arc<str>, _) = ("".into(), None);
        if let Some(seen) = &mut self.sentence {
            context = seen.text.clone();
            // A sentence with more lengths than that tells nothing about each of them.
            if seen.asked < LENGTHS_PER_SENTENCE {
                let before = seen.lower.get(..start.saturating_sub(sentence.0)).unwrap_or_default();
                of = length_of(before, &seen.lower);
            }
            seen.asked += 1;
        }
        let span = self.block.text.span(start, end);
        let approximate = approximate(words, at);
        let start = if approximate { words[at - 1].start.min(start) } else { start };
        self.durations.push(Duration {
            text: self.text[start..end].to_owned(),
            line: self.document.line(span.start),
            span,
            seconds,
            approximate,
            of,
            context,
        });
        Some(next)
    }

    /// "approximately 500 daily team emails", "100% of users", "a number of teams".
    fn quantity(&mut self, words: &[Word<'t>], at: usize) -> Option<usize> {
        let (amount, mut next) = amount(words, at)?;
        if matches!(words.get(next), Some(word) if word.text == "of") {
            next += 1;
        }
        while matches!(words.get(next), Some(word) if matches!(word.text, "the" | "our" | "its" | "their" | "all"))
        {
            next += 1;
        }
        let noun_from = next;
        while next < words.len()
            && next < noun_from + 4
            && noun_word(words[next].text)
            && (next == noun_from || self.adjoins(&words[next - 1], &words[next]))
        {
            next += 1;
        }
        let wordless = next == noun_from;
        if wordless && !matches!(amount, Amount::Percent(_) | Amount::Money(_)) {
            return None;
        }
        let noun = words[noun_from..next].iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        let noun_end = if wordless {
            words[at].end.max(words[noun_from.max(at + 1) - 1].end)
        } else {
            words[next - 1].end
        };
        let span = self.block.text.span(words[at].start, noun_end);
        self.quantities.push(Quantity {
            text: self.text.get(words[at].start..noun_end).unwrap_or_default().to_owned(),
            line: self.document.line(span.start),
            span,
            amount,
            noun,
            approximate: approximate(words, at),
        });
        Some(next.max(at + 1))
    }

    /// True if only blanks stand between two words.
    fn adjoins(&self, left: &Word<'_>, right: &Word<'_>) -> bool {
        self.text.get(left.end..right.start).is_some_and(|between| between.trim().is_empty())
    }
}

fn approximate(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |at| words[at].lower);
    matches!(
        before,
        "about"
            | "around"
            | "approximately"
            | "approx"
            | "roughly"
            | "over"
            | "almost"
            | "nearly"
            | "circa"
            | "some"
            | "than"
            | "under"
    )
}

fn joined(words: &[Word<'_>], at: usize) -> Option<usize> {
    let word = words.get(at)?;
    Some(if word.text == "and" { at + 1 } else { at })
}

fn one_length(words: &[Word<'_>], at: usize) -> Option<Length> {
    let lower = words.get(at)?.lower;
    let next = |ahead: usize| words.get(at + ahead).map_or("", |word| word.lower);
    let length = |number: f64, unit: f64, taken: usize| {
        Some(Length { seconds: number * unit, unit, next: at + taken })
    };
    if lower == "half" && matches!(next(1), "an" | "a") {
        return length(0.5, unit(next(2))?, 3);
    }
    if matches!(lower, "an" | "one") && next(1) == "hour" {
        let half = next(2) == "and" && next(3) == "a" && next(4) == "half";
        return if half { length(1.5, 3600.0, 5) } else { length(1.0, 3600.0, 2) };
    }
    // "40min", "1h", "47-minute".
    let digits = lower.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    // "3.7M failed requests" are millions.
    if digits > 0 && digits < lower.len() && &words[at].text[digits..] != "M" {
        let number: f64 = lower[..digits].parse().ok()?;
        return length(number, unit(lower[digits..].trim_start_matches('-'))?, 1);
    }
    if let Some((number_word, unit_word)) = lower.split_once('-')
        && let (Some(number), Some(unit)) = (number(number_word), unit(unit_word))
    {
        return length(number, unit, 1);
    }
    length(number(lower)?, unit(next(1))?, 2)
}

fn unit(word: &str) -> Option<f64> {
    Some(match word {
        "second" | "seconds" | "sec" | "secs" | "s" => 1.0,
        "minute" | "minutes" | "min" | "mins" | "m" => 60.0,
        "hour" | "hours" | "hr" | "hrs" | "h" => 3600.0,
        "day" | "days" | "d" => 86_400.0,
        "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

/// A number in digits (with thousands separators) or as a word in lower case.
fn number(word: &str) -> Option<f64> {
    if word.bytes().next().is_some_and(|byte| byte.is_ascii_digit()) {
        let (digits, times) = match word.strip_suffix(['k', 'K']) {
            Some(digits) => (digits, 1e3),
            None => match word.strip_suffix('M') {
                Some(digits) => (digits, 1e6),
                None => (word.strip_suffix('+').unwrap_or(word), 1.0),
            },
        };
        let grouped = digits.split(',').skip(1).all(|group| group.len() == 3);
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
        if !plain || !grouped || digits.matches('.').count() > 1 || digits.len() > 18 {
            return None;
        }
        return digits.replace(',', "").parse::<f64>().ok().map(|number| number * times);
    }
    const SMALL: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    const TENS: [(&str, f64); 9] = [
        ("thirty", 30.0),
        ("forty", 40.0),
        ("fifty", 50.0),
        ("sixty", 60.0),
        ("seventy", 70.0),
        ("eighty", 80.0),
        ("ninety", 90.0),
        ("hundred", 100.0),
        ("dozen", 12.0),
    ];
    if let Some(at) = SMALL.iter().position(|small| *small == word) {
        return u8::try_from(at).ok().map(f64::from);
    }
    TENS.iter().find(|(ten, _)| *ten == word).map(|(_, value)| *value)
}

fn length_of(before: &str, sentence: &str) -> Option<DurationOf> {
    let any = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(
        before,
        &[
            "time to detect",
            "time to discover",
            "unnoticed",
            "undetected",
            "detected within",
            "noticed after",
        ],
    ) || any(sentence, &["before we realized", "before we noticed", "without noticing", "went unnoticed"])
    {
        return Some(DurationOf::Detection);
    }
    if any(before, &["time to repair", "time to mitigate", "time to fix"]) {
        return Some(DurationOf::Repair);
    }
    if any(before, &["time to resol", "time to recover", "time to restore"]) {
        return Some(DurationOf::Resolution);
    }
    let outage = [
        "outage",
        "lasted",
        "downtime",
        "unavailable",
        "not accessible",
        "inaccessible",
        "were affected",
        "affected",
        "was down",
        "were down",
        "disruption",
        "degradation",
        "interruption",
        "period during which",
        "incident",
        "impact",
    ];
    any(sentence, &outage).then_some(DurationOf::Outage)
}

/// How many, and the index of the word after it.
fn amount(words: &[Word<'_>], at: usize) -> Option<(Amount, usize)> {
    let word = words[at].text;
    let lower = words[at].lower;
    let next = words.get(at + 1).map_or("", |word| word.lower);
    let third = words.get(at + 2).map_or("", |word| word.lower);
    if let Some(digits) = word.strip_suffix('%') {
        return Some((Amount::Percent(number(digits)?), at + 1));
    }
    if let Some(digits) = word.strip_prefix(['$', '€', '£']) {
        return Some((Amount::Money(number(digits)?), at + 1));
    }
    if matches!(lower, "a" | "the") {
        let woolly = matches!(
            next,
            "number" | "handful" | "couple" | "lot" | "few" | "fraction" | "majority" | "subset"
        );
        let of = third == "of";
        return (woolly && (of || next == "few")).then_some((Amount::Woolly, at + 2));
    }
    match lower {
        "some" | "several" | "many" | "various" | "numerous" | "few" | "most" | "significant"
        | "multiple" | "countless" => {
            return Some((Amount::Woolly, at + 1));
        }
        "all" | "every" | "everyone" => return Some((Amount::All, at + 1)),
        "no" | "none" => return Some((Amount::Nothing, at + 1)),
        _ => {}
    }
    let value = number(lower)?;
    if matches!(next, "percent" | "per") {
        let length = if next == "per" && third == "cent" { 3 } else { 2 };
        return Some((Amount::Percent(value), at + length));
    }
    // "one" before a noun is hardly ever a count, a four-digit year never.
    if lower == "one" || (word.len() == 4 && (1970.0..2100.0).contains(&value) && !next.ends_with('s')) {
        return None;
    }
    Some((Amount::Count(value), at + 1))
}

/// A word that may stand in "500 daily team emails".
fn noun_word(word: &str) -> bool {
    const STOPS: [&str; 61] = [
        "a", "an", "and", "are", "as", "at", "be", "because", "been", "before", "but", "by", "could", "did",
        "do", "due", "during", "each", "for", "from", "had", "has", "have", "if", "in", "into", "is", "it",
        "may", "more", "not", "of", "on", "one", "or", "out", "over", "per", "so", "such", "than", "that",
        "the", "then", "there", "these", "this", "to", "until", "was", "we", "were", "when", "where",
        "which", "while", "who", "will", "with", "would", "after",
    ];
    let lower = word.to_ascii_lowercase();
    !lower.is_empty()
        && lower.len() <= 32
        && lower.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '\'' | '’' | '/'))
        && lower.chars().any(char::is_alphabetic)
        && !STOPS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use crate::read::facts::{Amount, DurationOf};
    use crate::{Source, read};

    fn lengths(text: &str) -> Vec<(f64, bool, Option<DurationOf>)> {
        let reading = read(Source { path: None, text });
        reading.facts.durations.iter().map(|d| (d.seconds / 60.0, d.approximate, d.of)).collect()
    }

    #[test]
    fn lengths_in_every_usual_form() {
        for (text, minutes) in [
            ("for ninety minutes", 90.0),
            ("**Time**: 1h 50m", 110.0),
            ("0h 30m", 30.0),
            ("40min of it", 40.0),
            ("went unnoticed for 40minutes", 40.0),
            ("just over nine hours, while", 540.0),
            ("54 hours 10 minutes", 3250.0),
            ("2 hours and 5 minutes", 125.0),
            ("a 47 minute period", 47.0),
            ("a 47-minute period", 47.0),
            ("half an hour", 30.0),
            ("an hour and a half", 90.0),
            ("1.5 hours", 90.0),
            ("399 minutes", 399.0),
            ("2 days", 2880.0),
        ] {
            let found = lengths(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!((found[0].0 - minutes).abs() < 0.01, "{text}: {found:?}");
        }
        assert!(lengths("at 11:05 we had 3 hosts, several hours later, 5 m2").is_empty());
    }

    #[test]
    fn what_took_so_long() {
        assert_eq!(lengths("Time to detection: 53 minutes"), [(53.0, false, Some(DurationOf::Detection))]);
        assert_eq!(lengths("Time to recovery: 109 minutes"), [(109.0, false, Some(DurationOf::Resolution))]);
        assert_eq!(lengths("The outage lasted about 6 hours."), [(360.0, true, Some(DurationOf::Outage))]);
    }

    #[test]
    fn numbers_of_things() {
        let text = "On April 21, approximately 500 daily team emails were not sent at 3PM. 100% of users saw it, \
                    a number of teams and several customers too; 415 jobs and 1,240 of 9,800 users. It cost $10,000 in 2022.";
        let reading = read(Source { path: None, text });
        let found: Vec<(Amount, &str)> =
            reading.facts.quantities.iter().map(|q| (q.amount, q.noun.as_str())).collect();
        assert_eq!(
            found,
            [
                (Amount::Count(500.0), "daily team emails"),
                (Amount::Percent(100.0), "users saw"),
                (Amount::Woolly, "teams"),
                (Amount::Woolly, "customers too"),
                (Amount::Count(415.0), "jobs"),
                (Amount::Count(9800.0), "users"),
                (Amount::Money(10000.0), ""),
            ]
        );
        assert!(reading.facts.quantities[0].approximate);
        assert_eq!(reading.facts.quantities[0].text, "500 daily team emails");
    }
}
