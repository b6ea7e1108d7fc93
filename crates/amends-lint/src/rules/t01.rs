//! # A timeline without a date
//!
//! Rows of a timeline that carry times and no date, when no heading, file name, title or front matter gives one
//! either. It is a hint if a sentence of the text tells the day.
//!
//! ## Why it matters
//!
//! A timeline is copied into tickets, chats and slides without the sentences around it. A year later nobody knows
//! which night it was, and an outage over midnight cannot be read at all.
//!
//! ## Bad
//!
//! ```text
//! ## Timeline
//!
//! * 11:05 Configuration pushed
//! ```
//!
//! ## Good
//!
//! ```text
//! ## Timeline, 2022-11-10 (UTC+05:30)
//!
//! * 11:05 Configuration pushed
//! ```
//!
//! ## Source
//!
//! Reworked copies of public postmortems lose their dates first.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::document::BlockKind;
use crate::read::facts::Dated;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T01", Level::Warning, include_str!("t01.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = times::rows(case);
    let undated = |moment: &&&crate::read::facts::Moment| !matches!(moment.dated, Dated::Written | Dated::Carried | Dated::Rolled);
    let (Some(first), true) = (rows.iter().find(undated), rows.len() >= 2) else { return Vec::new() };
    if rows.iter().any(|moment| moment.dated == Dated::Written) {
        return Vec::new();
    }
    let told = case.facts().date.as_ref();
    let in_prose = told.filter(|date| {
        let heading = case.block_at(date.span.start).is_some_and(|block| matches!(block.kind, BlockKind::Heading(_)));
        let front = case.document().front.as_ref().is_some_and(|front| front.span.contains(date.span.start));
        date.line > 0 && !heading && !front && !case.kinds_at(date.span.start).has(crate::read::section::Kinds::TIMELINE)
    });
    match (told, in_prose) {
        (Some(_), None) => Vec::new(),
        (_, Some(date)) => {
            let message = "No row of the timeline has a date; only a sentence elsewhere tells the day.";
            let finding = Finding::at(first.span, message).with(date.span, format!("{} is told here.", date.value));
            vec![finding.instead(format!("Put {} into the heading of the timeline or into its rows.", date.value)).at_most(Level::Hint)]
        }
        (None, None) => {
            let message = "No row of the timeline has a date, and neither has anything else in the text.";
            vec![Finding::at(first.span, message).instead("Put the date into the heading of the timeline or into its rows.")]
        }
    }
}
