//! # Nothing about luck, or what went well
//!
//! No section says what went well, or where luck helped.
//!
//! ## Why it matters
//!
//! Next time luck will not be there. And what worked should not be taken out by somebody who does not know that it
//! did.
//!
//! ## Bad
//!
//! ```text
//! A report that only lists what failed
//! ```
//!
//! ## Good
//!
//! ```text
//! What went well: the alert. Where we were lucky: the author was looking at the screen.
//! ```
//!
//! ## Source
//!
//! Google's postmortem template.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("R04", Level::Hint, include_str!("r04.rs"), check).applies_from(1);

const FORTUNE: Group = Group::of("went-well");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = case.sentences().any(|sentence| sentence.has(FORTUNE)) || learned(case);
    if told || !case.is_postmortem() {
        return Vec::new();
    }
    let finding = Finding::at(case.title_span(), "It does not say what went well and where luck helped.");
    vec![finding.instead("Add both: what should be kept, and what must not depend on luck.")]
}

/// A section of lessons counts, one about what went wrong does not.
fn learned(case: &Case<'_>) -> bool {
    let sections = &case.document().sections;
    sections.iter().filter(|section| section.own.has(Kinds::LESSONS)).any(|section| {
        let title = section.title.to_lowercase();
        ["lesson", "learn", "takeaway", "good"].iter().any(|word| title.contains(word))
    })
}
