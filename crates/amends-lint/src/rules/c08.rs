//! # A guess among the causes
//!
//! ‘Probably’, ‘presumably’, ‘it seems’, ‘might have been’ in a section about causes, without a word such as
//! ‘suspected’ or ‘unverified’. One finding for all.
//!
//! ## Why it matters
//!
//! In a year the ‘probably’ is forgotten and the guess is what everybody knows.
//!
//! ## Bad
//!
//! ```text
//! It was probably DNS.
//! ```
//!
//! ## Good
//!
//! ```text
//! Suspected, not verified: the resolver's cache. Ada tests it by 12 May.
//! ```
//!
//! ## Source
//!
//! Howie, the post-incident guide.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("C08", Level::Warning, include_str!("c08.rs"), check);

const HEDGES: Group = Group::of("hedges");
const MARKED: Group = Group::of("unverified");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut guesses = case
        .sentences_about(Kinds::CAUSE)
        .filter(|sentence| !sentence.kinds().has(Kinds::ACTIONS | Kinds::LESSONS) && !sentence.has(MARKED))
        .filter_map(|sentence| sentence.find(HEDGES).next());
    let Some((said, span)) = guesses.next() else { return Vec::new() };
    let message = format!("‘{said}’ leaves open whether this is known.");
    let mut finding = Finding::at(span, message).instead("Mark it: ‘suspected, not verified’, with who tests it until when.");
    for (said, span) in guesses.take(10) {
        finding = finding.with(span, format!("‘{said}’ as well"));
    }
    vec![finding]
}
