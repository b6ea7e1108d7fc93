//! # A conclusion from nothing seen
//!
//! ‘No errors were found in the logs’ as the reason for what was done next, while the impact lists errors.
//!
//! ## Why it matters
//!
//! Not seeing it means that the wrong place was looked at, or that it is not logged. Both are findings.
//!
//! ## Bad
//!
//! ```text
//! When no errors were found in the log files we rolled back the change.
//! ```
//!
//! ## Good
//!
//! ```text
//! The log files hold no errors, because the proxy answers before the application. We rolled back as the safest step.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C12", Level::Hint, include_str!("c12.rs"), check);

const ERRORS: Group = Group::of("error-words");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let impact = case.sentences().find(|sentence| {
        // A list in the introduction may speak of summaries; the section says that this is one.
        let section = case.document().sections.get(case.document().blocks[sentence.block].section);
        let told = section.is_some_and(|section| section.kinds.has(Kinds::IMPACT | Kinds::SUMMARY | Kinds::STOPPED));
        told && sentence.has(ERRORS)
    });
    let Some(impact) = impact.map(|sentence| sentence.span()) else { return Vec::new() };
    first_of_sentences(case.phrases(&["nothing-seen"]))
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ is taken as a reason, and users saw errors."))
                .with(impact, "errors that users saw")
                .instead("Say why the errors were not in the place that was looked at.")
        })
        .collect()
}
