//! # Share and numbers do not agree
//!
//! A percentage beside the two numbers that it is made of: ‘45 of 50 teams (80 %)’, ‘12 % of 40,000 customers (5,600)’.
//! Rounded numbers have room.
//!
//! ## Why it matters
//!
//! Readers quote the percentage and pay credits by the number. If they do not agree, one of the two is quoted wrongly.
//!
//! ## Bad
//!
//! ```text
//! 45 of 50 teams (80 %) could not build.
//! ```
//!
//! ## Good
//!
//! ```text
//! 45 of 50 teams (90 %) could not build.
//! ```
//!
//! ## Source
//!
//! Arithmetic.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::read::number::{Number, numbers};
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("I12", Level::Error, include_str!("i12.rs"), check);

/// Longest words between two of the numbers, in bytes.
const BETWEEN: usize = 48;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = case.sentences().filter(|sentence| !sentence.is_heading() && sentence.text().contains('%'));
    told.filter_map(|sentence| judge(case, &sentence)).take(5).collect()
}

fn judge(case: &Case<'_>, sentence: &Sentence<'_>) -> Option<Finding> {
    let text = sentence.text();
    let all = numbers(text);
    let (first, last, share, part, whole) = all.windows(3).find_map(|three| {
        let [a, b, c] = three else { return None };
        let first = text.get(a.end..b.start).filter(|words| words.len() <= BETWEEN)?;
        let second = text.get(b.end..c.start).filter(|words| words.len() <= BETWEEN)?;
        let of = names_whole(first) || first.trim() == "/";
        // Nothing but words stands between, and a bracket opens before the third.
        let bracketed = second.contains('(') && !second.contains([';', ')', '.']) && !first.contains(['(', ')', ';', '.', ',']);
        match (a.percent, b.percent, c.percent) {
            // "45 of 50 teams (80 %)"
            (false, false, true) if of && bracketed => Some((a, c, c, a, b)),
            // "12 % of 40,000 customers (5,600)"
            (true, false, false) if of && bracketed && counted(text, c) => Some((a, c, a, c, b)),
            // "5,600 customers (12 % of 40,000)"
            (false, true, false) if first.contains('(') && names_whole(second) => Some((a, c, b, a, c)),
            _ => None,
        }
    })?;
    if whole.value <= 0.0 || agrees(share, part, whole) {
        return None;
    }
    let right = 100.0 * part.value / whole.value;
    let message = format!("{} of {} is {right:.1} %, not {} %.", written(text, part), written(text, whole), share.value);
    let block = &case.document().blocks[sentence.block].text;
    let span = block.span(sentence.start + first.start, sentence.start + last.end);
    Some(Finding::at(span, message).instead("Correct the one that is wrong."))
}

/// True for " of ", " % of ", " out of ".
fn names_whole(between: &str) -> bool {
    let words = between.trim_start();
    let words = ["%", "percent", "per cent"].into_iter().find_map(|sign| words.strip_prefix(sign)).unwrap_or(words);
    let words = words.trim_start();
    words.starts_with("of ") || words.starts_with("out of ")
}

/// True for "(5,600 customers)", "(about 483,000)": not a length of time, a version, an amount of something else.
fn counted(text: &str, number: &Number) -> bool {
    let behind = text.get(number.end..).unwrap_or_default().trim_start();
    let unit: String = behind.chars().take_while(|c| c.is_alphanumeric()).collect();
    let units = [
        "min", "mins", "minutes", "minute", "hours", "hour", "h", "s", "ms", "seconds", "days", "GB", "MB", "KB", "TB", "to", "of",
        "per", "am", "pm", "UTC",
    ];
    !units.contains(&unit.as_str()) && !behind.starts_with(['%', ':', '/', '-', '–', '$', '€'])
}

fn written<'t>(text: &'t str, number: &Number) -> &'t str {
    text.get(number.start..number.end).unwrap_or_default()
}

/// True if the three can be the same share, each rounded as it is written.
fn agrees(share: &Number, part: &Number, whole: &Number) -> bool {
    let range = |number: &Number| {
        let half = number.half_unit();
        ((number.value - half).max(0.0), number.value + half)
    };
    let ((low, high), (least, most)) = (range(part), range(whole));
    let (from, to) = (100.0 * low / most.max(1.0), 100.0 * high / least.max(1.0));
    let room = share.half_unit().max(if share.approximate { 2.5 } else { 0.0 });
    from <= share.value + room && share.value - room <= to
}
