//! # No cost
//!
//! A text that gives no cost and no stand-in for one: no money, credits, support contacts, rating or error budget.
//! Also a sum of money without a word about how it was found.
//!
//! ## Why it matters
//!
//! The cost decides how much the mending may take. A figure without a method is believed by those who like it.
//!
//! ## Bad
//!
//! ```text
//! The outage cost us $10,000.
//! ```
//!
//! ## Good
//!
//! ```text
//! The outage cost $8k to $12k: the median revenue of the last eight Thursdays between 14:00 and 16:00, less what was made up until midnight.
//! ```
//!
//! ## Source
//!
//! Public accounts of outages that name a sum and no method.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Amount;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I08", Level::Hint, include_str!("i08.rs"), check).applies_from(1).at_tier(2, Level::Warning);

const COSTS: Group = Group::of("costs");
const METHODS: Group = Group::of("methods");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let sums = case.facts().quantities.iter().filter(|quantity| matches!(quantity.amount, Amount::Money(_)));
    let sums: Vec<_> = sums.collect();
    if let Some(first) = sums.first() {
        let block = |offset: usize| case.block_at(offset).map(|block| block.span);
        let explained = sums.iter().any(|sum| {
            let here = block(sum.span.start);
            case.sentences().any(|sentence| block(sentence.span().start) == here && sentence.has(METHODS))
        });
        if explained {
            return Vec::new();
        }
        let message = format!("{} is named, and not how it was found.", first.text);
        let finding = Finding::at(first.span, message).instead("Say what it was compared with, and give a range.");
        return vec![sums.iter().skip(1).take(4).fold(finding, |finding, sum| finding.with(sum.span, "Another sum."))];
    }
    if !case.is_postmortem() || case.sentences().any(|sentence| sentence.has(COSTS)) {
        return Vec::new();
    }
    let message = "It does not say what the incident cost, in money or in anything that stands for it.";
    vec![Finding::at(case.title_span(), message).instead("Give lost orders, credits, support contacts or error budget, with the method.")]
}
