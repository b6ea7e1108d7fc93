//! # The number of reports is missing
//!
//! A text in which customers or users reported the fault and that does not say how many did.
//!
//! ## Why it matters
//!
//! The number of people who took the trouble to write is the cheapest measure of how much it hurt.
//!
//! ## Bad
//!
//! ```text
//! Customers contacted support.
//! ```
//!
//! ## Good
//!
//! ```text
//! 31 customers contacted support between 09:00 and 10:00.
//! ```
//!
//! ## Source
//!
//! PagerDuty's template asks for it.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Amount;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I10", Level::Hint, include_str!("i10.rs"), check);

const FOUND_BY_CUSTOMERS: Group = Group::of("found-by-customers");
const CONTACTS: Group = Group::of("contacts");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let aside = Kinds::ACTIONS | Kinds::LESSONS | Kinds::APPENDIX;
    let told = case.sentences().filter(|sentence| !sentence.kinds().has(aside) && !sentence.is_heading());
    let reports: Vec<_> = told.filter(|sentence| sentence.has(FOUND_BY_CUSTOMERS)).collect();
    let Some(first) = reports.first() else { return Vec::new() };
    let counted = case.facts().quantities.iter().any(|quantity| {
        matches!(quantity.amount, Amount::Count(_)) && CONTACTS.is_in(&quantity.noun)
    });
    if counted {
        return Vec::new();
    }
    let message = "People reported it, and it is not told how many.";
    vec![Finding::at(first.span(), message).instead("Count tickets, mails and calls: ‘31 tickets in the first hour’.")]
}
