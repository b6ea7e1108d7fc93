//! # ‘Outage’ for a part
//!
//! A title or summary that says outage or down, when the impact is a share below 100 %.
//!
//! ## Why it matters
//!
//! People who were not hurt learn to doubt the page, and those who plan by it stop work that they could have done.
//!
//! ## Bad
//!
//! ```text
//! Outage: 12 % of requests failed.
//! ```
//!
//! ## Good
//!
//! ```text
//! Degraded checkout: 12 % of requests failed.
//! ```
//!
//! ## Source
//!
//! PagerDuty's guide to severity levels.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Amount;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I09", Level::Hint, include_str!("i09.rs"), check);

const USERS: Group = Group::of("users");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let share = case.facts().quantities.iter().find(|quantity| {
        matches!(quantity.amount, Amount::Percent(percent) if percent < 60.0)
            && case.kinds_at(quantity.span.start).has(Kinds::IMPACT | Kinds::SUMMARY | Kinds::STOPPED)
            && quantity.noun.split_whitespace().any(|word| USERS.has(&word.to_lowercase()))
    });
    let (Some(share), Some(title)) = (share, case.facts().title.as_ref()) else { return Vec::new() };
    let named = crate::prose::split(&title.value.to_ascii_lowercase());
    if !named.iter().any(|word| word == "outage") || named.iter().any(|word| word == "partial") {
        return Vec::new();
    }
    let message = format!("The title says outage, and {} were hurt.", share.text);
    vec![Finding::at(title.span, message).with(share.span, "The share is told here.").instead("Call it a degradation or a partial outage.")]
}
