//! # No apology
//!
//! A text for customers without ‘sorry’ or ‘apologise’ said by the one who writes: we or I.
//!
//! ## Why it matters
//!
//! Thanks for patience asks the reader for something. An apology says that we know what we took.
//!
//! ## Bad
//!
//! ```text
//! Thank you for your patience.
//! ```
//!
//! ## Good
//!
//! ```text
//! We are sorry that we lost a day of your answers.
//! ```
//!
//! ## Source
//!
//! Travis CI's template: regret, reason, remedy.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K01", Level::Warning, include_str!("k01.rs"), check).only_for(Audience::Customers);

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() || case.phrases(&["apology"]).next().is_some() {
        return Vec::new();
    }
    let place = case.facts().audience.as_ref().map_or_else(|| case.title_span(), |said| said.span);
    let finding = Finding::at(place, "Customers are told what happened, and nobody says sorry.");
    vec![finding.instead("Say it first, and for what: ‘We are sorry that …’.")]
}
