//! # A person beside an error verb
//!
//! A handle, a name from the configuration or somebody in a role (‘the engineer’) next to a word for a mistake:
//! broke, forgot, overlooked, misread, accidentally deleted. For a role the level is a warning.
//!
//! ## Why it matters
//!
//! The name adds nothing that can be fixed: with the same tools, the next person would do the same. It makes people
//! write less the next time.
//!
//! ## Bad
//!
//! ```text
//! @sam broke production.
//! The on-call engineer forgot to silence the alert.
//! ```
//!
//! ## Good
//!
//! ```text
//! The deploy of release 4.2 broke production.
//! The runbook does not mention that the alert must be silenced.
//! ```
//!
//! ## Source
//!
//! PagerDuty, Google and Etsy on blameless reviews.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::prose::Sentence;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("B02", Level::Error, include_str!("b02.rs"), check);

const ERRORS: Group = Group::of("errors");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = first_of_sentences(case.phrases(&["named", "role"]))
        .into_iter()
        // Who writes about himself is not exposed by somebody else; that is B06.
        .filter(|phrase| phrase.group == "named" || !case.has_beside(phrase, &["self"]))
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            let message = format!("‘{words}’ puts a person beside a mistake.");
            let level = if phrase.group == "named" { Level::Error } else { Level::Warning };
            Finding::at(phrase.clause, message).at_most(level).instead(INSTEAD)
        })
        .collect();
    findings.extend(case.sentences().filter_map(|sentence| configured(case, &sentence)));
    findings
}

const INSTEAD: &str = "Name what the tool, the alert or the document allowed or did not say.";

/// Words between a name and its verb, at most.
const NEAR: usize = 6;

/// A name from the configuration with an error verb soon after it.
fn configured(case: &Case<'_>, sentence: &Sentence<'_>) -> Option<Finding> {
    let words = sentence.words();
    let name = case.config.names.iter().find_map(|name| {
        let first = name.split_whitespace().next()?.to_lowercase();
        words.iter().position(|word| word.trim_start_matches('@') == first).map(|at| (at, name))
    });
    let (at, name) = name?;
    let near = words.iter().enumerate().skip(at + 1).take(NEAR);
    let (end, verb) = near.into_iter().find(|(_, word)| ERRORS.has(word))?;
    let message = format!("{name} stands beside ‘{verb}’.");
    Some(Finding::at(sentence.span_of(at, end + 1), message).instead(INSTEAD))
}
