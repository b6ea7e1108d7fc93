//! # No proof that the actions hold
//!
//! No action names a test, a threshold, a drill or a date on which somebody looks whether it works.
//!
//! Below tier 2 it is a warning, and a hint where at least the deed can be looked at, or where all actions are weak,
//! which A07 tells.
//!
//! ## Why it matters
//!
//! An alert that never fired and a backup that was never restored are hopes. What is not proven is found out in the
//! next incident.
//!
//! ## Bad
//!
//! ```text
//! - Rotate certificates automatically
//! ```
//!
//! ## Good
//!
//! ```text
//! - Rotate certificates automatically, verified each week by a job that reads the expiry date
//! ```
//!
//! ## Source
//!
//! RCA²: every action needs a measure.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Action;
use crate::read::strength::{Grade, Strength};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A10", Level::Error, include_str!("a10.rs"), check).applies_from(1);

const PROOFS: Group = Group::of("proofs");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = &case.facts().actions;
    let proven = |action: &Action| {
        let behind_verb = action.text.split_once(' ').is_some_and(|(_, rest)| PROOFS.is_in(rest));
        let named = behind_verb || action.text.contains('%');
        // A promise to be careful proves nothing, whatever it names.
        action.strength > Strength::Vigilance
            && (named || (action.strength == Strength::Detect && action.verifiable))
    };
    let Some(first) = acts.first().filter(|_| !acts.iter().any(proven) && case.is_postmortem()) else {
        return Vec::new();
    };
    let message = match acts.len() {
        1 => "The action does not say how one will see that it holds.".to_owned(),
        many => format!("None of the {many} actions says how one will see that it holds."),
    };
    let finding = Finding::at(first.span, message).instead("Name the test, the threshold or the drill that proves it.");
    // What can be looked at afterwards is half a proof.
    let visible = acts.iter().any(|action| action.verifiable);
    // That all are weak is another rule's, and says as much.
    let weak = acts.iter().all(|action| action.strength.grade() == Grade::Weak);
    let most = match (case.tier(), visible || weak) {
        (2.., _) => Level::Error,
        (_, false) => Level::Warning,
        (_, true) => Level::Hint,
    };
    vec![finding.at_most(most)]
}
