//! # Out of balance
//!
//! One section holds more than 60 % of the words, or, from tier 2 on, the analysis of causes less than 10 %.
//!
//! ## Why it matters
//!
//! Long timelines and short analyses tell what happened to those who were there, and nothing to those who come
//! after.
//!
//! ## Bad
//!
//! ```text
//! Ten pages of chat, three lines about causes
//! ```
//!
//! ## Good
//!
//! ```text
//! The chat in an appendix, the causes in their own section
//! ```
//!
//! ## Source
//!
//! Howie, the post-incident guide.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("R03", Level::Hint, include_str!("r03.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let document = case.document();
    let mut counts = vec![0_usize; document.sections.len()];
    let mut causes = 0_usize;
    for block in document.blocks.iter().filter(|block| block.is_prose()) {
        let words = block.text.as_str().split_whitespace().count();
        causes += if block.kinds.has(Kinds::CAUSE) { words } else { 0 };
        if let Some(count) = counts.get_mut(block.section).filter(|_| !block.kinds.has(Kinds::APPENDIX)) {
            *count += words;
        }
    }
    let all: usize = counts.iter().sum();
    let filled = counts.iter().filter(|count| **count > 0).count();
    if all < 300 || filled < 4 || !case.is_postmortem() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let largest = counts.iter().enumerate().max_by_key(|(_, count)| **count);
    if let Some((index, count)) = largest.filter(|(_, count)| **count * 10 > all * 6)
        && let Some(section) = document.sections.get(index)
        && let Some(block) = section.heading.and_then(|heading| document.blocks.get(heading))
    {
        let message = format!("‘{}’ holds {} % of all words.", section.title, count * 100 / all);
        findings.push(Finding::at(block.text.whole(), message).instead("Move details into an appendix, and say more about causes."));
    }
    if case.tier() >= 2 && causes * 10 < all {
        let place = case.heading_of(Kinds::CAUSE).unwrap_or_else(|| case.title_span());
        let message = format!("The causes take {} % of all words.", causes * 100 / all);
        findings.push(Finding::at(place, message).instead("Say why it happened, why it was not caught, and why it took so long."));
    }
    findings
}
