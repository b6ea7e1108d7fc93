//! # A section is missing
//!
//! A report that nowhere tells what every report needs: what users lost, why, and what changes. From tier 2 on also the
//! timeline, the repair, the detection and the lessons, and the level is an error.
//!
//! ## Why it matters
//!
//! Each section answers a question that some reader has. The missing one is usually the one that is hardest to
//! answer.
//!
//! ## Bad
//!
//! ```text
//! A summary and a timeline, and nothing about causes or actions
//! ```
//!
//! ## Good
//!
//! ```text
//! Summary, root cause, actions; later grown to the full form
//! ```
//!
//! ## Source
//!
//! The five questions; Google's postmortem template.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::document::BlockKind;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("R01", Level::Warning, include_str!("r01.rs"), check).at_tier(2, Level::Error);

const EFFECTS: Group = Group::of("effects");
const REASONS: Group = Group::of("tells-why");
const CHANGES: Group = Group::of("will-change");

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let facts = case.facts();
    let has = |kinds: Kinds| case.has_section(kinds);
    let says = |list: Group| case.sentences().any(|sentence| sentence.has(list));
    let mut missing = Vec::new();
    if !has(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED) && !opens_with_words(case) && !says(EFFECTS) {
        missing.push("what users lost");
    }
    if facts.causes.is_empty() && facts.whys.is_empty() && !has(Kinds::CAUSE) && !says(REASONS) {
        missing.push("why it happened");
    }
    if facts.actions.is_empty() && !has(Kinds::ACTIONS | Kinds::LESSONS) && !says(CHANGES) {
        missing.push("what changes");
    }
    if case.tier() >= 2 {
        for (kinds, what) in [
            (Kinds::TIMELINE, "the timeline"),
            (Kinds::FIX, "how it was repaired"),
            (Kinds::DETECTION, "how it was found"),
            (Kinds::LESSONS, "what was learned"),
        ] {
            if !has(kinds) {
                missing.push(what);
            }
        }
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!("Nothing tells {}.", missing.join(", or "));
    vec![Finding::at(case.title_span(), message).instead("Add it, if only with one sentence.")]
}

/// A text may tell before its first heading what happened.
fn opens_with_words(case: &Case<'_>) -> bool {
    let first = case.document().blocks.iter().find(|block| !matches!(block.kind, BlockKind::Heading(_)));
    first.is_some_and(|block| block.is_prose() && block.text.as_str().split_whitespace().count() >= 12)
}
