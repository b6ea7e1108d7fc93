//! # Words of another company's report
//!
//! Many runs of three words are those of a well-known report. What is compared are marks of the words; the other
//! text is not in the program.
//!
//! ## Why it matters
//!
//! What was copied did not happen here. In copies, the rows that explained the original are often the ones that got
//! lost.
//!
//! ## Bad
//!
//! ```text
//! Google's report of 30 April 2013 with other names
//! ```
//!
//! ## Good
//!
//! ```text
//! What your own team saw, in the order in which it saw it
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022, a copy of Google's of 2013.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use std::collections::HashSet;
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule::new("R07", Level::Warning, include_str!("r07.rs"), check);

static KNOWN: LazyLock<HashSet<u32>> = LazyLock::new(|| {
    let marks = include_str!("../../words/known-reports.txt").lines().filter(|line| !line.starts_with('#'));
    marks.flat_map(str::split_whitespace).filter_map(|mark| u32::from_str_radix(mark, 16).ok()).collect()
});

/// Runs of three words that must be the same.
const ENOUGH: usize = 20;
/// One in so many runs must be the same.
const SHARE: usize = 12;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let (mut all, mut same) = (0_usize, 0_usize);
    let mut places = Vec::new();
    for sentence in case.sentences() {
        let text = sentence.text().to_lowercase();
        let words: Vec<&str> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .filter(|word| !word.is_empty() && !word.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        let known = words.windows(3).filter(|run| KNOWN.contains(&mark(&run.join(" ")))).count();
        all += words.len().saturating_sub(2);
        same += known;
        if known >= 3 {
            places.push(sentence.span());
        }
    }
    let (Some(first), true) = (places.first(), same >= ENOUGH && same * SHARE >= all) else { return Vec::new() };
    let message = format!("{same} runs of words are those of Google's report of 30 April 2013.");
    let mut finding = Finding::at(*first, message).instead("Tell what happened here, in your own words.");
    for place in places.iter().skip(1).take(5) {
        finding = finding.with(*place, "also known from there");
    }
    vec![finding]
}

/// FNV-1a, 32 bits.
fn mark(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
