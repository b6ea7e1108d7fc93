//! # The summary's cause is missing from the analysis
//!
//! The summary names a cause, and the section about causes speaks of something else. Where a few words are shared
//! it is a warning.
//!
//! ## Why it matters
//!
//! One of the two is wrong, or the analysis is of another problem.
//!
//! ## Bad
//!
//! ```text
//! Summary: … a misspelt file name. Root cause: the change was not tested first.
//! ```
//!
//! ## Good
//!
//! ```text
//! Both name the misspelt file, and the analysis says why nothing noticed it.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::times;
use crate::topic;
use crate::phrase::Group;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("C03", Level::Error, include_str!("c03.rs"), check);

const ROOT: Group = Group::of("root-cause");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let facts = case.facts();
    let of_summary = facts.causes.iter().filter(|cause| {
        let kinds = case.kinds_at(cause.span.start);
        kinds.has(Kinds::SUMMARY) && !kinds.has(Kinds::CAUSE) && ROOT.is_in(&cause.value)
    });
    let mut of_summary = of_summary.peekable();
    if of_summary.peek().is_none() {
        return Vec::new();
    }
    let mut analysis = BTreeSet::new();
    let mut length = 0;
    for sentence in case.sentences_about(Kinds::CAUSE).filter(|sentence| !sentence.kinds().has(Kinds::SUMMARY)) {
        analysis.extend(topic::stems(sentence.text()));
        length += sentence.words().len();
    }
    if length < 8 {
        return Vec::new();
    }
    of_summary
        .filter_map(|cause| {
            let about = topic::stems(named(&cause.value)?);
            let share = topic::covered(&about, &analysis);
            if about.len() < 3 || share > 0.5 {
                return None;
            }
            // Half of the words may be shared by chance: ‘configuration’ and ‘file’ are everywhere.
            let level = match share {
                share if share > 0.3 => Level::Hint,
                share if share > 0.1 => Level::Warning,
                _ => Level::Error,
            };
            let message = format!("The section about causes does not speak of this: ‘{}’.", times::short(&cause.value));
            let finding = Finding::at(cause.span, message).at_most(level).instead("Analyse the cause that the summary names, or correct the summary.");
            let analysis = case.sentences_about(Kinds::CAUSE).find(|sentence| !sentence.kinds().has(Kinds::SUMMARY));
            Some(match analysis {
                Some(sentence) => finding.with(sentence.span(), "where the causes are told"),
                None => finding,
            })
        })
        .take(1)
        .collect()
}

/// The part of the sentence behind ‘was’ or ‘by’.
pub(super) fn named(cause: &str) -> Option<&str> {
    let from = [" was caused by ", " caused by ", " was ", " is ", ": "].iter().find_map(|mark| cause.find(mark).map(|at| at + mark.len()));
    let named = cause.get(from?..)?;
    // "The root cause was confirmed the same day" names none.
    let first = named.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    let found = [
        "confirmed", "found", "determined", "known", "unknown", "unclear", "not", "still", "discovered", "established", "initially",
        "quickly", "later", "never",
    ];
    (!found.contains(&first)).then_some(named)
}
