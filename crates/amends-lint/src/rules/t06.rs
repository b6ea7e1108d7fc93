//! # Rows out of order
//!
//! A row of a timeline that is earlier than the row above it. A clock that goes over midnight is understood; a
//! timeline with the newest row first is in order, too. A date that jumps back while the clock goes on is reported
//! as well.
//!
//! ## Why it matters
//!
//! Either the time is mistyped or the story is told in the wrong order. Both change what seems to have caused what.
//!
//! ## Bad
//!
//! ```text
//! - 12:02 Rollback fails
//! - 11:55 Rollback begins
//! ```
//!
//! ## Good
//!
//! ```text
//! - 11:55 Rollback begins
//! - 12:02 Rollback fails
//! ```
//!
//! ## Source
//!
//! A common complaint of reviewers; dates copied from an older report are the usual reason.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::document::BlockKind;
use crate::read::facts::{Dated, Moment};
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T06", Level::Error, include_str!("t06.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows = times::rows(case);
    // Nested rows tell a part of the story by themselves.
    let place = |row: &Moment| {
        let block = row.block.and_then(|index| case.document().blocks.get(index));
        block.map(|block| {
            let heading = matches!(block.kind, BlockKind::Heading(_));
            let section = case.document().sections.get(block.section).filter(|_| heading);
            (section.map_or(Some(block.section), |section| section.parent), block.item.map_or(0, |item| item.depth))
        })
    };
    let pairs: Vec<(&Moment, &Moment)> =
        rows.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| place(a) == place(b) && a.block != b.block).collect();
    let back = |(a, b): &&(&Moment, &Moment)| matches!((a.local, b.local), (Some(a), Some(b)) if b < a);
    let forth = |(a, b): &&(&Moment, &Moment)| matches!((a.local, b.local), (Some(a), Some(b)) if b > a);
    if pairs.iter().filter(back).count() > pairs.iter().filter(forth).count() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (above, row) in pairs.iter().filter(back) {
        let (Some(before), Some(local)) = (above.local, row.local) else { continue };
        let slack = times::tolerance(above, row);
        if times::minutes(before.duration_since(local)) <= slack {
            continue;
        }
        let mistyped = row.dated == Dated::Written && row.meant != row.local || above.meant != above.local;
        let message = format!(
            "This row is at {} and the one above it at {}{}",
            times::told(local, before),
            times::told(before, local),
            if mistyped { ": one of the dates is probably mistyped." } else { "." }
        );
        findings.push(
            Finding::at(row.span, message)
                .with(above.span, format!("This is {} later.", times::length(times::minutes(before.duration_since(local)))))
                .instead("Correct the time, or move the row to its place."),
        );
    }
    findings
}
