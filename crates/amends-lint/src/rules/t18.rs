//! # A vague time in the timeline
//!
//! Words such as ‘later’, ‘some time after’, ‘around noon’ where a row of a timeline should have a time.
//!
//! ## Why it matters
//!
//! A row without a time cannot be put beside logs, and gaps hide behind it.
//!
//! ## Bad
//!
//! ```text
//! - Later we restarted the servers
//! ```
//!
//! ## Good
//!
//! ```text
//! - 13:55 Servers restarted
//! ```
//!
//! ## Source
//!
//! Guides to incident timelines.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::words::{Words, words};
use std::sync::LazyLock;

pub(crate) const RULE: Rule = Rule::new("T18", Level::Hint, include_str!("t18.rs"), check);

static VAGUE: LazyLock<Words> = words!("vague-times");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = case.sentences_about(Kinds::TIMELINE).filter(|sentence| {
        // Only what opens a row: inside a row that has a time, ‘later’ tells a story.
        sentence.start == 0 && case.is_row(sentence.span().start)
    });
    rows.filter_map(|sentence| {
        let (hit, span) = sentence.find(&VAGUE).into_iter().find(|(hit, _)| hit.first <= 1)?;
        let message = format!("‘{}’ is no time.", hit.phrase.text);
        Some(Finding::at(span, message).instead("Give the time, with ‘about’ if it is not known to the minute."))
    })
    .collect()
}
