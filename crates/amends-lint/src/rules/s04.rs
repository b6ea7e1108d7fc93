//! # Details of a weakness under embargo
//!
//! The front matter sets an embargo (`embargo: 2026-12-01`), and the text for customers names a CVE, a payload, a
//! version or a port.
//!
//! ## Why it matters
//!
//! Until everybody has updated, the details help whoever attacks.
//!
//! ## Bad
//!
//! ```text
//! embargo: 2026-12-01
//! Versions before 2.4.1 accept a crafted header on port 8443 (CVE-2026-1234).
//! ```
//!
//! ## Good
//!
//! ```text
//! embargo: 2026-12-01
//! A weakness in the gateway is being fixed. Details follow on 1 December.
//! ```
//!
//! ## Source
//!
//! Mailgun's essay: do not disclose the exact nature of a bug that is still open.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::Audience;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("S04", Level::Error, include_str!("s04.rs"), check).only_for(Audience::Customers);

const DETAILS: Group = Group::of("exploit-details");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let front = case.document().front.as_ref();
    let keys = ["embargo", "embargo_until", "embargo date"];
    let embargo = keys.iter().find_map(|key| front?.get(key)).filter(|field| !matches!(field.value.trim(), "" | "none" | "no" | "false"));
    let Some(embargo) = embargo else { return Vec::new() };
    let told = case.sentences().filter(|sentence| sentence.has(DETAILS));
    told.map(|sentence| {
        Finding::at(sentence.span(), "It gives details of a weakness that is under embargo.")
            .with(embargo.span, format!("until {}", embargo.value.trim()))
            .instead("Leave the details out until then, and say when they will follow.")
    })
    .collect()
}
