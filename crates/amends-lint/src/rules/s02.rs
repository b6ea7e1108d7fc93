//! # A secret
//!
//! Keys and tokens in their known formats (AWS, GitHub, GitLab, Slack, Stripe, Google, SendGrid, npm, PyPI and
//! others), private keys, signed tokens, passwords in addresses and assignments. Where a format has a checksum it
//! is checked; where it has none, the characters must look random. Code blocks are read too.
//!
//! ## Why it matters
//!
//! Whoever reads the report can use it. Taking it out of the text is not enough: it stays in the history.
//!
//! ## Bad
//!
//! ```text
//! export DB_PASSWORD=hT7…
//! ```
//!
//! ## Good
//!
//! ```text
//! export DB_PASSWORD (rotated on 12 May)
//! ```
//!
//! ## Source
//!
//! Formats as published by the services; common complaint.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::secret;

pub(crate) const RULE: Rule = Rule::new("S02", Level::Error, include_str!("s02.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let source = case.document().source;
    secret::find(source)
        .into_iter()
        .map(|found| {
            // Never the whole: findings end up in logs.
            let message = format!("This looks like {}: ‘{}’.", found.what, secret::masked(&source[found.span.start..found.span.end]));
            Finding::at(found.span, message).instead("Revoke it first, then take it out here and in the history of the file.")
        })
        .collect()
}
