//! # The fate of lost data is not told
//!
//! A summary or impact that says that data or messages were lost, dropped, deleted or not sent, in a text that
//! nowhere says whether they were recovered, sent again, or are gone for good.
//!
//! ## Why it matters
//!
//! It is the first question of the person whose data it was, and the answer decides what they have to do.
//!
//! ## Bad
//!
//! ```text
//! 500 daily emails were not sent.
//! ```
//!
//! ## Good
//!
//! ```text
//! 500 daily emails were not sent and will not be sent again; the next day's mails hold the missing question.
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I07", Level::Warning, include_str!("i07.rs"), check);

const LOST: Group = Group::of("lost");
const DATA: Group = Group::of("data");
const FATES: Group = Group::of("fates");

/// "No orders were lost": there is nothing to tell about them.
fn nothing(words: &[&str]) -> bool {
    let litter = words.iter().any(|word| matches!(*word, "log" | "logs" | "cache" | "caches" | "temporary"));
    litter || words.iter().take(4).any(|word| matches!(*word, "no" | "none" | "nothing" | "without" | "neither"))
}

fn check(case: &Case<'_>) -> Vec<Finding> {
    let sectioned = case.has_section(Kinds::IMPACT | Kinds::STOPPED | Kinds::SUMMARY);
    let lost = case.sentences().find(|sentence| {
        let kinds = sentence.kinds();
        let told = kinds.has(Kinds::IMPACT | Kinds::STOPPED | Kinds::SUMMARY | Kinds::REGRET) || kinds.is_none() || !sectioned;
        told && !kinds.has(Kinds::ACTIONS) && !sentence.is_heading() && sentence.has(LOST) && sentence.has(DATA) && !nothing(&sentence.words())
    });
    let Some(sentence) = lost else { return Vec::new() };
    if case.sentences().any(|sentence| sentence.has(FATES)) {
        return Vec::new();
    }
    let place = sentence.find(LOST).next().map_or_else(|| sentence.span(), |(_, span)| span);
    let message = "What became of it is not told.";
    vec![Finding::at(place, message).instead("Say whether it was recovered or sent again, or that it is gone and what that means.")]
}
