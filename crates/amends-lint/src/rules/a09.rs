//! # A cause without an action
//!
//! The stated root cause, the answers at the ends of the why tree, or a repair that failed: none of the actions
//! speaks of it, and nothing says that the risk is accepted.
//!
//! ## Why it matters
//!
//! What led to the failure is still there. That may be right, and then it should be written down.
//!
//! ## Bad
//!
//! ```text
//! Cause: a misspelt file name in the configuration.
//! - Add more error logging
//! ```
//!
//! ## Good
//!
//! ```text
//! Cause: a misspelt file name in the configuration.
//! - Check at start-up that every file named in the configuration exists
//! ```
//!
//! ## Source
//!
//! The five-questions example report, whose final version drops the health check.

use crate::case::Case;
use crate::events::Class;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::times;
use crate::topic;
use crate::phrase::Group;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("A09", Level::Warning, include_str!("a09.rs"), check);

const ACCEPTED: Group = Group::of("accepted");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let facts = case.facts();
    if facts.actions.is_empty() || !case.is_postmortem() {
        return Vec::new();
    }
    let mut promised = BTreeSet::new();
    for action in &facts.actions {
        promised.extend(topic::stems(&action.text));
    }
    let mut findings = Vec::new();
    let mut judge = |span, text: &str, most: f64, what: &str| {
        let about = topic::stems(text);
        if about.len() >= 3 && topic::covered(&about, &promised) <= most && !ACCEPTED.is_in(text) {
            let message = format!("No action answers this {what}: ‘{}’.", times::short(text.trim()));
            findings.push(Finding::at(span, message).instead("Add the action, or say that the risk is accepted and by whom."));
        }
    };
    let said = |text: &str| ROOT.is_in(text) && (text.contains(" was ") || text.contains(" is "));
    let stated = |span: Span| case.kinds_at(span.start).has(Kinds::SUMMARY | Kinds::CAUSE);
    let names = |text: &str| super::c03::named(text).is_some();
    let named = facts.causes.iter().filter(|cause| said(&cause.value) && names(&cause.value) && stated(cause.span));
    for cause in named.take(1) {
        judge(cause.span, &cause.value, 0.5, "cause");
    }
    let parents: BTreeSet<usize> = facts.whys.iter().filter_map(|why| why.parent).collect();
    let leaves = facts.whys.iter().enumerate().filter(|(index, why)| !parents.contains(index) && !why.question);
    for (_, leaf) in leaves.take(MOST) {
        judge(leaf.span, &leaf.text, 0.2, "why");
    }
    for event in case.events().iter().filter(|event| event.failed && event.class == Class::Rollback).take(1) {
        let named = facts.actions.iter().any(|action| ROLLBACKS.is_in(&action.text));
        if !named {
            let message = format!("No action answers the failed rollback: ‘{}’.", times::short(&event.moment.text));
            findings.push(Finding::at(event.moment.span, message).instead("Find out why it failed, and rehearse it."));
        }
    }
    findings
}

const ROOT: Group = Group::of("root-cause");
const ROLLBACKS: Group = Group::of("rollbacks");

/// Most leaves of a why tree that are looked at.
const MOST: usize = 50;
