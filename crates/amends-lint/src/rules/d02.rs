//! # Customers found it, and nothing will find it next time
//!
//! A fault that customers or users reported first, with actions of which none makes a machine notice: no alert,
//! monitor, check, probe or test.
//!
//! ## Why it matters
//!
//! What customers find, they have already suffered. If nothing is changed, they find the next one as well.
//!
//! ## Bad
//!
//! ```text
//! Customers told us at 09:40. Actions: write a runbook.
//! ```
//!
//! ## Good
//!
//! ```text
//! Customers told us at 09:40. Actions: alert when logins fall below half of the usual number.
//! ```
//!
//! ## Source
//!
//! A common complaint of customers who reported the same fault twice.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("D02", Level::Error, include_str!("d02.rs"), check);

const FOUND_BY_CUSTOMERS: Group = Group::of("found-by-customers");
const MACHINES: Group = Group::of("found-by-machines");
const DETECTION: Group = Group::of("detection-actions");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let facts = case.facts();
    if facts.actions.is_empty() || facts.actions.iter().any(|action| DETECTION.is_in(&action.text)) {
        return Vec::new();
    }
    let row = case.milestone(MilestoneKind::Detected).map(|detected| (detected.span, detected.text.to_string()));
    let section = || {
        let mut told = case.sentences_about(Kinds::DETECTION);
        told.find(|sentence| sentence.has(FOUND_BY_CUSTOMERS)).map(|sentence| (sentence.span(), sentence.text().to_owned()))
    };
    let by_customers = |(_, text): &(_, String)| FOUND_BY_CUSTOMERS.is_in(text) && !MACHINES.is_in(text);
    let Some((place, _)) = row.filter(by_customers).or_else(|| section().filter(by_customers)) else { return Vec::new() };
    let machines = case.sentences_about(Kinds::TIMELINE | Kinds::DETECTION).any(|sentence| sentence.has(MACHINES));
    if machines {
        return Vec::new();
    }
    let message = "Customers found it, and none of the actions makes a machine find it next time.";
    let finding = Finding::at(place, message).instead("Add an action with an alert, a probe or a check, and its threshold.");
    vec![facts.actions.first().map_or(finding.clone(), |action| finding.with(action.span, "The actions begin here."))]
}
