//! # It repeats an open action
//!
//! The same action was promised after an earlier incident and is still open.
//!
//! ## Why it matters
//!
//! Two promises for one thing hide that the first was not kept.
//!
//! ## Bad
//!
//! ```text
//! - Alert before certificates expire (also open from INC-12)
//! ```
//!
//! ## Good
//!
//! ```text
//! - Carry out INC-12's alert on certificates by Friday; it was moved up to high priority
//! ```
//!
//! ## Source
//!
//! Common complaint in reviews of action items.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::topic;

pub(crate) const RULE: Rule = Rule::new("A15", Level::Warning, include_str!("a15.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let open: Vec<_> = record.open_actions.iter().map(|(from, text)| (from, topic::stems(text))).collect();
    let acts = case.facts().actions.iter().filter(|action| !action.done);
    acts.filter_map(|action| {
        let about = topic::stems(&action.text);
        let same = open.iter().find(|(from, other)| {
            let shared = about.intersection(other).count();
            shared >= 3 && topic::covered(other, &about) >= 0.7 && !action.text.contains(from.as_str())
        });
        let (from, _) = same?;
        let message = format!("{from} has promised this already, and it is still open.");
        Some(Finding::at(action.span, message).instead("Link the open action and say what changes its chances, instead of promising it again."))
    })
    .collect()
}
