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
use crate::words::{Words, words};
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule::new("C08", Level::Warning, include_str!("c08.rs"), check);

static HEDGES: LazyLock<Words> = words!("hedges");
static MARKED: LazyLock<Words> = words!("unverified");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut guesses = case
        .sentences_about(Kinds::CAUSE)
        .filter(|sentence| !sentence.kinds().has(Kinds::ACTIONS | Kinds::LESSONS) && !sentence.has(&MARKED))
        .filter_map(|sentence| sentence.find(&HEDGES).into_iter().next());
    let Some((hit, span)) = guesses.next() else { return Vec::new() };
    let message = format!("‘{}’ leaves open whether this is known.", hit.phrase.text);
    let mut finding = Finding::at(span, message).instead("Mark it: ‘suspected, not verified’, with who tests it until when.");
    for (hit, span) in guesses.take(10) {
        finding = finding.with(span, format!("‘{}’ as well", hit.phrase.text));
    }
    vec![finding]
}
