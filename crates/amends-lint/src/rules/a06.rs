//! # Vigilance instead of a change
//!
//! Asking people to be careful, more aware, to double-check, to test ‘no matter how small’. In actions it is an
//! error, elsewhere a warning.
//!
//! ## Why it matters
//!
//! People were already trying. Care does not scale and fades in a week; what a tool does stays.
//!
//! ## Bad
//!
//! ```text
//! - Future changes will be done in a more intentional and careful way.
//! ```
//!
//! ## Good
//!
//! ```text
//! - The deploy tool refuses changes to the mail account between 14:00 and 16:00.
//! ```
//!
//! ## Source
//!
//! RCA², the National Patient Safety Foundation's guideline: vigilance is no action.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::read::facts::Action;
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::read::strength::Strength;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("A06", Level::Error, include_str!("a06.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let acts = &case.facts().actions;
    let vigilant = |action: &&Action| action.strength == Strength::Vigilance;
    let mut findings: Vec<Finding> =
        acts.iter().filter(vigilant).map(|action| finding(case, action.span, Level::Error)).collect();
    // Actions stand in the order of the text and do not overlap.
    let spans: Vec<Span> = acts.iter().filter(vigilant).map(|action| action.span).collect();
    let inside = |span: Span| {
        let after = spans.partition_point(|action| action.start < span.end);
        after.checked_sub(1).and_then(|index| spans.get(index)).is_some_and(|action| span.start < action.end)
    };
    for phrase in first_of_sentences(case.phrases(&["care"])) {
        if !inside(phrase.span) {
            let promised = case.kinds_at(phrase.span.start).has(Kinds::ACTIONS);
            findings.push(finding(case, phrase.clause, if promised { Level::Error } else { Level::Warning }));
        }
    }
    findings
}

fn finding(case: &Case<'_>, span: Span, level: Level) -> Finding {
    let words = times::short(case.document().slice(span));
    Finding::at(span, format!("‘{words}’ relies on people being careful."))
        .at_most(level)
        .instead("Change the tool so that it checks, limits or refuses by itself.")
}
