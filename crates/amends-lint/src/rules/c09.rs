//! # A why that repeats its question
//!
//! An answer of the why tree that says the same as the question above it.
//!
//! ## Why it matters
//!
//! It looks like a step and is none.
//!
//! ## Bad
//!
//! ```text
//! Why did the gateway refuse connections? The gateway refused connections.
//! ```
//!
//! ## Good
//!
//! ```text
//! Why did the gateway refuse connections? Its certificate had expired.
//! ```
//!
//! ## Source
//!
//! Common complaint about five-whys sessions.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::topic;

pub(crate) const RULE: Rule = Rule::new("C09", Level::Hint, include_str!("c09.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let whys = &case.facts().whys;
    whys.iter()
        .filter(|why| !why.question)
        .filter_map(|why| {
            let above = whys.get(why.parent?)?;
            let (answer, question) = (topic::stems(&why.text), topic::stems(&above.text));
            if answer.len() < 2 || topic::covered(&answer, &question) < 0.8 {
                return None;
            }
            let finding = Finding::at(why.span, "The answer repeats its question.").with(above.span, "the question");
            Some(finding.instead("Say what was behind it."))
        })
        .collect()
}
