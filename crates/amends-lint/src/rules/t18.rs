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
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("T18", Level::Hint, include_str!("t18.rs"), check);

const VAGUE: Group = Group::of("vague-times");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = case.sentences_about(Kinds::TIMELINE).filter(|sentence| {
        // Only what opens a row: inside a row that has a time, ‘later’ tells a story.
        sentence.start == 0 && case.is_row(sentence.span().start)
    });
    rows.filter_map(|sentence| {
        let (said, span) = sentence.find(VAGUE).next()?;
        let before = sentence.text().find(said).map_or("", |at| &sentence.text()[..at]);
        if before.split_whitespace().count() > 1 {
            return None;
        }
        let message = format!("‘{said}’ is no time.");
        Some(Finding::at(span, message).instead("Give the time, with ‘about’ if it is not known to the minute."))
    })
    .collect()
}
