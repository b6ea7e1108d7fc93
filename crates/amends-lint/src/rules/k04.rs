//! # Jargon in a text for customers
//!
//! More than three technical terms in a hundred words: Kubernetes, Puppet, replica, ingress, failover, load
//! balancer, OOM.
//!
//! ## Why it matters
//!
//! A customer wants to know what it means for them. What they do not understand they do not believe.
//!
//! ## Bad
//!
//! ```text
//! The ingress pods were OOM-killed after the HPA scaled the replicas.
//! ```
//!
//! ## Good
//!
//! ```text
//! Our servers ran out of memory when more of you logged in than usual.
//! ```
//!
//! ## Source
//!
//! Mailgun's essay on postmortems.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("K04", Level::Warning, include_str!("k04.rs"), check).only_for(Audience::Customers);

const JARGON: Group = Group::of("jargon");

/// Terms in a hundred words that are too many.
const MOST: usize = 3;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let (mut words, mut terms) = (0_usize, Vec::new());
    for sentence in case.sentences().filter(|sentence| !sentence.kinds().has(Kinds::APPENDIX)) {
        words += sentence.words().len();
        terms.extend(sentence.find(JARGON).map(|(_, span)| span));
    }
    let (Some(first), true) = (terms.first(), terms.len() > 3 && terms.len() * 100 > words * MOST) else {
        return Vec::new();
    };
    let message = format!("{} technical terms in {words} words.", terms.len());
    let mut finding = Finding::at(*first, message).instead("Say what it does for customers: ‘a repair script’, ‘our servers’.");
    for other in terms.iter().skip(1).take(5) {
        finding = finding.with(*other, "a technical term");
    }
    vec![finding]
}
