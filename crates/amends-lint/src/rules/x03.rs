//! # A tier below what the facts say
//!
//! A text whose front matter gives a lower tier than the record makes of the severity, or a severity that makes a lower
//! tier than what users felt.
//!
//! ## Why it matters
//!
//! The tier decides the review. Lowering it quietly lowers what is learned.
//!
//! ## Bad
//!
//! ```text
//! tier: 0 (record: tier 2, by cost)
//! ```
//!
//! ## Good
//!
//! ```text
//! tier: 2
//! ```
//!
//! ## Source
//!
//! A common complaint about severities that are lowered after the fact.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("X03", Level::Warning, include_str!("x03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let Some(known) = record.tier else { return Vec::new() };
    let mut findings = Vec::new();
    let field = case.document().front.as_ref().and_then(|front| front.get("tier"));
    let told = field.and_then(|field| Some((field, field.value.trim().parse::<u8>().ok()?)));
    if let Some((field, told)) = told.filter(|(_, told)| *told < known) {
        let message = format!("The text says tier {told}, and what is on the record makes it tier {known}.");
        let finding = Finding::at(field.span, message);
        findings.push(finding.instead("Raise the tier, or waive this with the reason for lowering it."));
    }
    // How much process it deserves is a matter for the company, not for its customers.
    let inside = case.audience() != Some(Audience::Customers);
    if let Some((felt, what)) = record.felt.as_ref().filter(|(felt, _)| inside && *felt > known && told.is_none_or(|(_, told)| told < *felt)) {
        let message = format!("Its severity makes it tier {known}, and {what} makes it tier {felt}.");
        let finding = Finding::at(case.title_span(), message);
        findings.push(finding.instead("Raise the severity, or waive this with the reason for the lower one."));
    }
    findings
}
