//! # A percentage of nothing
//!
//! A percentage of users, requests, orders or the like in a summary or an impact section without what it is a
//! percentage of. Rates of machines (CPU, disk) are left alone.
//!
//! ## Why it matters
//!
//! 25 % of four requests and 25 % of four million are different incidents.
//!
//! ## Bad
//!
//! ```text
//! 25 % failed.
//! ```
//!
//! ## Good
//!
//! ```text
//! 25 % of 4,100 requests failed.
//! ```
//!
//! ## Source
//!
//! Google's SRE workbook: give the denominator.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::read::facts::{Amount, Quantity};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I05", Level::Warning, include_str!("i05.rs"), check);

const USERS: Group = Group::of("users");
const MACHINES: Group = Group::of("machine-rates");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let sentences: Vec<Sentence<'_>> = case.sentences_about(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED).collect();
    let bare = case.facts().quantities.iter().filter(|quantity| {
        matches!(quantity.amount, Amount::Percent(percent) if percent < 100.0)
            && !quantity.noun.split_whitespace().any(|word| USERS.has(&word.to_lowercase()))
    });
    bare.filter_map(|quantity| finding(&sentences, quantity)).collect()
}

fn finding(sentences: &[Sentence<'_>], quantity: &Quantity) -> Option<Finding> {
    let home = sentences.partition_point(|sentence| sentence.span().end <= quantity.span.start);
    let sentence = sentences.get(home).filter(|sentence| sentence.span().start <= quantity.span.start)?;
    let words = sentence.words();
    let based = words.contains(&"of") || sentence.has(MACHINES);
    if based || !(sentence.has(USERS) || words.iter().any(|word| word.starts_with("fail") || word.starts_with("affect"))) {
        return None;
    }
    let message = format!("‘{}’ has no base.", quantity.text);
    Some(Finding::at(quantity.span, message).instead("Say of how many: ‘25 % of 4,100 requests’."))
}
