//! # An internal name in a public text
//!
//! Hosts that only exist inside (`.internal`, `.corp`, `.local`), private addresses and links to internal trackers,
//! in a text for customers.
//!
//! ## Why it matters
//!
//! It tells an attacker what to look for and a customer nothing.
//!
//! ## Bad
//!
//! ```text
//! db-07.int and 10.2.0.14 were restarted, see jira.shop.io/browse/OPS-112
//! ```
//!
//! ## Good
//!
//! ```text
//! The database was restarted
//! ```
//!
//! ## Source
//!
//! Common complaint.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("S03", Level::Error, include_str!("s03.rs"), check).only_for(Audience::Customers);

const INNER: Group = Group::of("inner-hosts");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sentence in case.sentences() {
        let words = sentence.words();
        for (at, word) in words.iter().enumerate() {
            let Some(what) = inner(word) else { continue };
            let finding = Finding::at(sentence.span_of(at, at + 1), format!("‘{word}’ is {what}."));
            findings.push(finding.instead("Say what it does for customers, without its name."));
        }
    }
    findings
}

fn inner(word: &str) -> Option<&'static str> {
    let host = word.split('/').next().unwrap_or_default();
    let parts: Vec<&str> = host.split('.').collect();
    if parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        let number = |at: usize| parts.get(at).and_then(|part| part.parse::<u8>().ok()).unwrap_or(0);
        let private = match number(0) {
            10 => true,
            172 => (16..32).contains(&number(1)),
            192 => number(1) == 168,
            _ => false,
        };
        return private.then_some("an address inside the own network");
    }
    let named = parts.len() >= 2 && parts.iter().all(|part| !part.is_empty());
    if !named {
        return None;
    }
    if parts.last().is_some_and(|top| INNER.has(top)) {
        return Some("a host that only exists inside");
    }
    let tracker = parts.first().is_some_and(|first| matches!(*first, "jira" | "youtrack" | "redmine" | "confluence"))
        || (host.ends_with("atlassian.net") && word.contains('/'));
    tracker.then_some("a page that customers cannot open")
}
