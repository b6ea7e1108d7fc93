//! # A late first notice
//!
//! The first public word came long after detection (60 minutes at tier 0 and 1, 30 at tier 2, 15 at tier 3), and
//! the text does not say so.
//!
//! ## Why it matters
//!
//! Customers who hear nothing look for the fault on their side. That hour is what they will remember.
//!
//! ## Bad
//!
//! ```text
//! 11:19 alert … 12:19 first notice
//! ```
//!
//! ## Good
//!
//! ```text
//! We noticed at 11:19 and told you at 12:19. That was too late: …
//! ```
//!
//! ## Source
//!
//! Mailgun's essay on postmortems.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("K07", Level::Warning, include_str!("k07.rs"), check);

const TO_CUSTOMERS: Group = Group::of("to-customers");
const LATE: Group = Group::of("late-notice");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let known = case.milestone(MilestoneKind::Detected).or(case.milestone(MilestoneKind::Declared));
    let (Some(known), Some(first)) = (known, case.milestone(MilestoneKind::FirstWord)) else { return Vec::new() };
    let (Some(known_at), Some(first_at)) = (known.local, first.local) else { return Vec::new() };
    let limit = match case.tier() {
        0 | 1 => 60,
        2 => 30,
        _ => 15,
    };
    let minutes = times::minutes(first_at.duration_since(known_at));
    // After a day it is another document, not the first notice.
    if minutes < limit || minutes > 1440 || !TO_CUSTOMERS.is_in(&first.text) || case.sentences().any(|sentence| sentence.has(LATE)) {
        return Vec::new();
    }
    let message = format!("Customers were told {} after it was known, and the text does not say so.", times::length(minutes));
    vec![
        Finding::at(first.span, message)
            .with(known.span, format!("known at {}", times::told(known_at, first_at)))
            .instead("Say that it was late and what will make it sooner."),
    ]
}
