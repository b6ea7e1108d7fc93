//! # An impact without people
//!
//! A text that tells what failed (in its impact, its summary, or, if it has no such section, its opening) and names
//! nobody who was hurt: no user, customer, team, request or order.
//!
//! ## Why it matters
//!
//! People are hurt, not containers. A reader who does not know the component cannot tell what it means, and neither
//! can the person who has to decide how much to spend on it.
//!
//! ## Bad
//!
//! ```text
//! The Data Sync Java container stopped working.
//! ```
//!
//! ## Good
//!
//! ```text
//! The Data Sync process was failing to connect to the UserHistory database, so users who logged in could not see their latest transactions.
//! ```
//!
//! ## Source
//!
//! Guides to blameless incident reports: explain the outage in terms of its users.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::cues::Cues;
use crate::read::document::BlockKind;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I02", Level::Warning, include_str!("i02.rs"), check);

const USERS: Group = Group::of("users");

/// A text without sections opens with what happened.
const OPENING: usize = 6;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = Kinds::IMPACT | Kinds::STOPPED | Kinds::SUMMARY;
    let sectioned = case.sentences_about(told).next().is_some();
    let blocks = &case.document().blocks;
    let scope = || {
        case.sentences().filter(move |sentence| {
            let block = &blocks[sentence.block];
            if sectioned {
                block.kinds.has(told) || matches!(block.kind, BlockKind::Heading(1))
            } else {
                sentence.block < OPENING && block.kinds.is_none()
            }
        })
    };
    if scope().any(|sentence| sentence.has(USERS)) {
        return Vec::new();
    }
    let broken = scope().filter(|sentence| !sentence.is_heading()).find(|sentence| {
        // "[Open issue]" is a link, not a story.
        sentence.words().len() >= 4 && Cues::of(sentence.text()).effect
    });
    let Some(sentence) = broken else { return Vec::new() };
    let message = "It says what failed and not who was hurt by it.";
    vec![Finding::at(sentence.span(), message).instead("Say what users could not do, and which users.")]
}
