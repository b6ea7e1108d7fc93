//! # A shallow analysis
//!
//! From tier 2 on: a why tree of fewer than three levels, or with a single branch.
//!
//! ## Why it matters
//!
//! The first why is a description. Where several things had to be true, one chain explains one of them.
//!
//! ## Bad
//!
//! ```text
//! Why? The certificate had expired.
//! ```
//!
//! ## Good
//!
//! ```text
//! Why did it expire? Why did nothing renew it? Why did nobody see the warning? – each with its own answer
//! ```
//!
//! ## Source
//!
//! The five questions; John Card on causal analysis.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("C04", Level::Warning, include_str!("c04.rs"), check).applies_from(2);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let whys = &case.facts().whys;
    let Some(first) = whys.first() else { return Vec::new() };
    let depth = whys.iter().map(|why| why.depth).max().unwrap_or(0) + 1;
    let parents: BTreeSet<usize> = whys.iter().filter_map(|why| why.parent).collect();
    let branches = (0..whys.len()).filter(|index| !parents.contains(index)).take(MOST).count();
    let what = match (depth < 3, branches < 2) {
        (true, true) => "one branch of two levels at most",
        (true, false) => "fewer than three levels",
        (false, true) => "a single branch",
        (false, false) => return Vec::new(),
    };
    let finding = Finding::at(first.span, format!("The why tree has {what}."));
    vec![finding.instead("Ask on: why it happened, why it was not caught, why it was not seen, why it took so long.")]
}

/// Leaves that are counted.
const MOST: usize = 2;
