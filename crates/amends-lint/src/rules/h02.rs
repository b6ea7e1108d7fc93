//! # A title without an effect
//!
//! A title that names a part of the system or a technical event, and neither anybody who was hurt nor what did not
//! work. It is a hint where the title at least says that there was an issue.
//!
//! ## Why it matters
//!
//! Readers choose by the title. Who looks for ‘checkout failed’ does not open ‘Redis OOM’.
//!
//! ## Bad
//!
//! ```text
//! # Redis OOM
//! ```
//!
//! ## Good
//!
//! ```text
//! # Checkout failed for 20 minutes (Redis out of memory)
//! ```
//!
//! ## Source
//!
//! Guides to blameless incident reports.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::cues::Cues;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("H02", Level::Warning, include_str!("h02.rs"), check);

const USERS: Group = Group::of("users");
const GENERIC: Group = Group::of("generic-titles");
const EFFECTS: Group = Group::of("effects");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(title) = &case.facts().title else { return Vec::new() };
    if !case.is_postmortem() {
        return Vec::new();
    }
    let words = crate::prose::split(&title.value.to_ascii_lowercase());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let telling = USERS.is_in(&title.value) || EFFECTS.is_in(&title.value) || Cues::of(&title.value).effect && !only_names(&words);
    let generic = words.iter().all(|word| GENERIC.has(word) || word.bytes().any(|byte| byte.is_ascii_digit()));
    if telling || generic || words.is_empty() {
        return Vec::new();
    }
    let message = format!("‘{}’ names no effect on anybody.", title.value);
    let weakly = words.iter().any(|word| matches!(word.trim_end_matches('s'), "issue" | "problem" | "incident"));
    let level = if weakly { Level::Hint } else { Level::Warning };
    vec![Finding::at(title.span, message).instead("Put what users could not do in front, and the part behind it.").at_most(level)]
}

/// ‘Incident’ and ‘issue’ speak of an effect in a sentence; in a title they say nothing.
fn only_names(words: &[&str]) -> bool {
    let telling = words.iter().filter(|word| Cues::of(word).effect);
    telling.into_iter().all(|word| GENERIC.has(word))
}
