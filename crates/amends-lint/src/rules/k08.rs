//! # Nothing that the reader can use
//!
//! A text for customers without a step, a link, an address or a date for what comes next.
//!
//! ## Why it matters
//!
//! The one thing that helps is something to do: check your mails of that day, subscribe here, write to us there.
//!
//! ## Bad
//!
//! ```text
//! We take this seriously.
//! ```
//!
//! ## Good
//!
//! ```text
//! Please send the mails of 21 April again; this page lists them. Subscribe to notices at …
//! ```
//!
//! ## Source
//!
//! Mailgun's essay: the new status page was something to do at once.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("K08", Level::Hint, include_str!("k08.rs"), check).only_for(Audience::Customers);

const STEPS: Group = Group::of("steps");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let source = case.document().source;
    let useful = source.contains("http") || source.contains('@') || source.contains("](");
    if useful || !case.is_postmortem() || case.sentences().any(|sentence| sentence.has(STEPS)) {
        return Vec::new();
    }
    let finding = Finding::at(case.title_span(), "A customer finds nothing here to do, to follow or to ask.");
    vec![finding.instead("Add one step, one link or one address.")]
}
