//! # An abbreviation that is not explained
//!
//! Two to five capitals that are in no list of common ones and that the text does not spell out, used more than
//! once.
//!
//! ## Why it matters
//!
//! The next reader may be new, or a customer, or you in two years.
//!
//! ## Bad
//!
//! ```text
//! The HPA and the CNI disagreed.
//! ```
//!
//! ## Good
//!
//! ```text
//! The horizontal pod autoscaler (HPA) and the network plugin disagreed.
//! ```
//!
//! ## Source
//!
//! PagerDuty's postmortem guide.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::phrase::Group;
use std::collections::BTreeMap;

pub(crate) const RULE: Rule = Rule::new("R05", Level::Hint, include_str!("r05.rs"), check);

const COMMON: Group = Group::of("abbreviations");

/// Most abbreviations that are named.
const MOST: usize = 5;

fn check(case: &Case<'_>) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let document = case.document();
    let mut seen: BTreeMap<&str, (Span, usize, bool)> = BTreeMap::new();
    for block in document.blocks.iter().filter(|block| block.is_prose() && !block.quoted && !block.kinds.has(Kinds::APPENDIX | Kinds::PEOPLE)) {
        let text = block.text.as_str();
        for (start, word) in capitals(text) {
            let before = text[..start].trim_end_matches(' ');
            let after = &text[start + word.len()..];
            let explained = (before.ends_with('(') && after.starts_with(')')) || after.starts_with(" (") || after.starts_with(": ");
            let span = block.text.span(start, start + word.len());
            let entry = seen.entry(word).or_insert((span, 0, false));
            entry.1 += 1;
            entry.2 |= explained;
        }
    }
    let mut unknown: Vec<(&str, Span)> = seen
        .into_iter()
        .filter(|(word, (_, count, explained))| *count >= 2 && !explained && !COMMON.has(&word.to_lowercase()))
        .map(|(word, (span, ..))| (word, span))
        .collect();
    unknown.sort_by_key(|(_, span)| *span);
    unknown
        .into_iter()
        .take(MOST)
        .map(|(word, span)| {
            Finding::at(span, format!("‘{word}’ is not explained.")).instead("Spell it out where it stands first.")
        })
        .collect()
}

/// Words of two to five capitals. Neither parts of names with digits or underscores, nor lines that shout.
fn capitals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '#' | '@')))
        .map(move |word| {
            let start = at;
            at += word.len() + text[start + word.len()..].chars().next().map_or(0, char::len_utf8);
            (start, word)
        })
        .map(|(start, word)| (start, word.trim_end_matches(['.', '-', '/'])))
        .filter(|(_, word)| (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()))
}
