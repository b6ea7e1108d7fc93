//! # Written for somebody else
//!
//! Customers are thanked in a report that says it is for the company, or the introduction speaks of employees and
//! executives and the end of customers.
//!
//! ## Why it matters
//!
//! A text for everybody is for nobody: what the company needs to know is not what a customer needs to know.
//!
//! ## Bad
//!
//! ```text
//! This report gives the company's employees the details. … Thanks for your continued confidence.
//! ```
//!
//! ## Good
//!
//! ```text
//! Two texts from the same facts: the report for the company, the letter for customers.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("K06", Level::Warning, include_str!("k06.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(thanks) = case.phrases(&["thanks"]).next() else { return Vec::new() };
    let internal = case.phrases(&["for-the-company"]).next();
    let declared = case.facts().audience.as_ref().filter(|said| said.value == Audience::Internal);
    let (span, said) = match (internal, declared, case.config.asked_audience.or(case.config.audience)) {
        (Some(phrase), ..) => (phrase.clause, "for the company"),
        (None, Some(said), _) => (said.span, "for the company"),
        (None, None, Some(Audience::Internal)) => (case.title_span(), "checked as a text for the company"),
        _ => return Vec::new(),
    };
    let message = "Customers are thanked in a text for the company.";
    vec![Finding::at(thanks.clause, message).with(span, said).instead("Decide for whom it is, and write the other text from the same facts.")]
}
