//! # The trigger is given as the cause
//!
//! The causes name only what set it off (a deploy, a push, a release, a restart) and no mechanism.
//!
//! ## Why it matters
//!
//! Changes go out every day. What made this one harmful was there before it.
//!
//! ## Bad
//!
//! ```text
//! The outage was caused by a deploy.
//! ```
//!
//! ## Good
//!
//! ```text
//! The deploy read an address that production does not set. Nothing checks addresses at start-up.
//! ```
//!
//! ## Source
//!
//! Google's split of trigger and root cause.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;
use crate::prose::split;

pub(crate) const RULE: Rule = Rule::new("C07", Level::Warning, include_str!("c07.rs"), check);

const TRIGGERS: Group = Group::of("triggers");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut causes = case.facts().causes.iter().filter(|cause| case.kinds_at(cause.span.start).has(Kinds::CAUSE));
    let (Some(cause), None) = (causes.next(), causes.next()) else { return Vec::new() };
    let words = split(&cause.value.to_lowercase());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mechanism = words.len() > 14 || ["because", "which", "that", "due", "without", "since", "missing"].iter().any(|word| words.contains(word));
    if mechanism || !TRIGGERS.is_in(&cause.value) || !case.facts().whys.is_empty() {
        return Vec::new();
    }
    let finding = Finding::at(cause.span, "This tells what set it off, not why that could hurt users.");
    vec![finding.instead("Add the mechanism: what the change met that was already there.")]
}
