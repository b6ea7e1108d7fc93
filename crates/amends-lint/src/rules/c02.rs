//! # The single root cause
//!
//! ‘The root cause was …’ where the text names no second factor. Below tier 2 it is a hint.
//!
//! ## Why it matters
//!
//! One cause is where the search stopped. What let it through, kept it hidden and made it last can each be changed
//! as well.
//!
//! ## Bad
//!
//! ```text
//! The root cause was an expired certificate.
//! ```
//!
//! ## Good
//!
//! ```text
//! Contributing factors: the certificate had expired; nothing renews it; the alert went to a mailbox that nobody reads.
//! ```
//!
//! ## Source
//!
//! Richard Cook, How complex systems fail; Howie, the post-incident guide.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C02", Level::Warning, include_str!("c02.rs"), check);

const SINGLE: Group = Group::of("single-cause");
const SEVERAL: Group = Group::of("several-causes");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let facts = case.facts();
    let several = case.sentences().any(|sentence| sentence.has(SEVERAL)) || facts.whys.len() >= 3;
    let inside = facts.causes.iter().filter(|cause| case.kinds_at(cause.span.start).has(Kinds::CAUSE)).count();
    if several || inside >= 4 || !case.is_postmortem() {
        return Vec::new();
    }
    let named = case.sentences().find_map(|sentence| {
        let (_, span) = sentence.find(SINGLE).next()?;
        (!sentence.is_heading() && !sentence.kinds().has(Kinds::ACTIONS)).then_some(span)
    });
    let Some(span) = named else { return Vec::new() };
    let level = if case.tier() >= 2 { Level::Warning } else { Level::Hint };
    let finding = Finding::at(span, "One cause is named, and nothing that let it through.").at_most(level);
    vec![finding.instead("Name the contributing factors: why it could happen, why it was not caught, why it lasted.")]
}
