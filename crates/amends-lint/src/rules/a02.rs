//! # An owner that is a crowd
//!
//! An owner that is a team, a list of names or ‘everyone’ instead of one person.
//!
//! ## Why it matters
//!
//! A team has meetings, a person has a to-do list. Others may help; one sees to it.
//!
//! ## Bad
//!
//! ```text
//! | Alert on expiry | Platform team |
//! ```
//!
//! ## Good
//!
//! ```text
//! | Alert on expiry | Ada Lovelace |
//! ```
//!
//! ## Source
//!
//! Google, The Site Reliability Workbook, on action items.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("A02", Level::Warning, include_str!("a02.rs"), check);

const CROWDS: Group = Group::of("crowds");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let owned = case.facts().actions.iter().filter_map(|action| Some((action, action.owner.as_deref()?)));
    owned
        .filter(|(_, owner)| {
            let several = owner.contains(['&', '/', ';', ',']) || owner.contains(" and ") || owner.matches('@').count() > 1;
            several || CROWDS.is_in(owner)
        })
        .map(|(action, owner)| {
            let owner = owner.trim();
            Finding::at(action.span, format!("‘{owner}’ is not one person."))
                .instead("Name the one who sees to it; the others can help.")
        })
        .collect()
}
