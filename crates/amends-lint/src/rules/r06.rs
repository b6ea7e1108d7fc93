//! # Rows without evidence
//!
//! Fewer than half of the rows of a timeline link to a graph, an alert, a change or a message.
//!
//! ## Why it matters
//!
//! Memory is kind. A link lets the next reader see what was seen then.
//!
//! ## Bad
//!
//! ```text
//! - 11:15 Error rate rises
//! ```
//!
//! ## Good
//!
//! ```text
//! - 11:15 [Error rate](https://graphs.shop.io/1) rises to 12 %
//! ```
//!
//! ## Source
//!
//! PagerDuty's postmortem guide.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Moment;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("R06", Level::Hint, include_str!("r06.rs"), check);

/// Rows from which on a timeline is judged.
const FEW: usize = 4;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let document = case.document();
    let rows = times::rows(case);
    let linked = |row: &&&Moment| {
        let block = row.block.and_then(|index| document.blocks.get(index));
        block.is_some_and(|block| {
            let raw = document.slice(block.span);
            ["](", "][", "http://", "https://", "#", "<"].iter().any(|mark| raw.contains(mark))
        })
    };
    let count = rows.iter().filter(linked).count();
    let Some(first) = rows.first().filter(|_| rows.len() >= FEW && count * 2 < rows.len()) else { return Vec::new() };
    let message = format!("{count} of {} rows link to what was seen.", rows.len());
    let place = case.heading_of(Kinds::TIMELINE).unwrap_or(first.span);
    vec![Finding::at(place, message).instead("Link the graph, the alert, the change or the message.")]
}
