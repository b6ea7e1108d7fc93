//! # An order word contradicts the clock
//!
//! A sentence that puts one event after, before or until another, when the timeline has both of them the other way
//! round.
//!
//! ## Why it matters
//!
//! ‘Immediately after restoring’ tells that a step was clean-up, ‘38 minutes before’ that it was part of the
//! repair. Whoever has the next outage repeats what the sentence says.
//!
//! ## Bad
//!
//! ```text
//! * 13:45 Puppet run * 14:23 Restored … A puppet run followed immediately after restoring the service.
//! ```
//!
//! ## Good
//!
//! ```text
//! * 13:45 Puppet run * 14:23 Restored … A puppet run 38 minutes before the service was restored had no effect.
//! ```
//!
//! ## Source
//!
//! A published postmortem whose analysis puts a step behind the recovery that its timeline puts before it.

use crate::case::Case;
use crate::events;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::read::facts::{MilestoneKind, Moment};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::times;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("T16", Level::Error, include_str!("t16.rs"), check);

/// Most rows and sentences that are compared.
const MOST: usize = 200;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let rows: Vec<(&Moment, BTreeSet<String>)> = times::rows(case)
        .into_iter()
        .take(MOST)
        .map(|row| {
            let words = crate::prose::split(&row.text.lines().next().unwrap_or_default().to_ascii_lowercase());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            (row, events::content(&words))
        })
        .collect();
    if rows.len() < 3 {
        return Vec::new();
    }
    let sentences = case.sentences().filter(|sentence| {
        !sentence.is_heading() && !sentence.kinds().has(Kinds::TIMELINE | Kinds::ACTIONS | Kinds::LESSONS | Kinds::APPENDIX)
    });
    sentences.filter(|sentence| order_word(&sentence.words()).is_some()).take(MOST).filter_map(|sentence| judge(case, &sentence, &rows)).collect()
}

/// Where the word that orders stands, and whether the left part comes after the right one.
fn order_word(words: &[&str]) -> Option<(usize, bool)> {
    words.iter().enumerate().skip(2).find_map(|(at, word)| match *word {
        "after" => Some((at, true)),
        "before" | "until" => Some((at, false)),
        _ => None,
    })
}

fn judge<'c>(case: &Case<'c>, sentence: &Sentence<'_>, rows: &[(&'c Moment, BTreeSet<String>)]) -> Option<Finding> {
    let words = sentence.words();
    let (at, after) = order_word(&words)?;
    let (left, right) = (&words[..at], &words[at + 1..]);
    let (left_row, right_row) = (event(case, left, rows)?, event(case, right, rows)?);
    let (left_time, right_time) = (left_row.local?, right_row.local?);
    let wrong = if after { left_time < right_time } else { left_time > right_time };
    if !wrong || left_row.span == right_row.span {
        return None;
    }
    let apart = times::length(times::minutes(left_time.duration_since(right_time)).abs());
    let (said, held) = if after { ("after", "before") } else { (words[at], "after") };
    let message = format!(
        "The sentence says ‘{said}’, and in the timeline it is {apart} {held}: {} and {}.",
        times::told(left_time, right_time),
        times::told(right_time, left_time)
    );
    Some(
        Finding::at(sentence.span(), message)
            .with(left_row.span, format!("{}: {}", times::told(left_time, right_time), times::short(&left_row.text)))
            .with(right_row.span, format!("{}: {}", times::told(right_time, left_time), times::short(&right_row.text)))
            .instead("Tell it in the order of the clock, or correct the row."),
    )
}

/// The row that a part of a sentence speaks of: one row that shares most of its words, or the end for ‘restoring’.
fn event<'c>(case: &Case<'c>, words: &[&str], rows: &[(&'c Moment, BTreeSet<String>)]) -> Option<&'c Moment> {
    let content = events::content(words);
    let mut best: Vec<(&Moment, usize)> = rows
        .iter()
        .filter_map(|(row, own)| {
            let shared = own.intersection(&content).count();
            (shared >= 2 && shared * 2 >= own.len()).then_some((*row, shared))
        })
        .collect();
    best.sort_by_key(|(_, shared)| std::cmp::Reverse(*shared));
    match best.as_slice() {
        [(row, _)] => return Some(row),
        [(row, first), (_, second), ..] if first > second => return Some(row),
        _ => {}
    }
    let ends = words.iter().any(|word| word.starts_with("restor") || word.starts_with("recover"));
    let service = words.iter().any(|word| matches!(*word, "service" | "services" | "site" | "system" | "access"));
    let end = case.milestone(MilestoneKind::Resolved).filter(|_| ends && service && words.len() <= 6)?;
    case.facts().moments.get(end.moment)
}
