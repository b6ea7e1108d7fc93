//! # A why without an answer
//!
//! A question of the why tree with nothing under it and not marked as open, and in prose what changed ‘for some reason’.
//!
//! ## Why it matters
//!
//! It is the most interesting line of the report, and it will not be asked again.
//!
//! ## Bad
//!
//! ```text
//! - Why doesn't our firewall support this?
//! ```
//!
//! ## Good
//!
//! ```text
//! - Why doesn't our firewall support this? (open, Ada asks the vendor by 12 May)
//! ```
//!
//! ## Source
//!
//! The five-questions article.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;
use std::collections::BTreeSet;

pub(crate) const RULE: Rule = Rule::new("C05", Level::Warning, include_str!("c05.rs"), check);

const OPEN: Group = Group::of("open-question");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let whys = &case.facts().whys;
    let answered: BTreeSet<usize> = whys.iter().filter_map(|why| why.parent).collect();
    let questions = whys.iter().enumerate().filter(|(index, why)| {
        // An answer may stand behind the question, or be the next item of the list.
        let behind = why.text.rsplit('?').next().is_some_and(|rest| rest.split_whitespace().count() >= 3);
        let next = whys.get(index + 1).is_some_and(|next| next.depth == why.depth && next.parent == why.parent && !next.question);
        why.question && !answered.contains(index) && !behind && !next && !OPEN.is_in(&why.text)
    });
    let mut findings: Vec<Finding> = questions
        .map(|(_, why)| {
            Finding::at(why.span, "This question has no answer.")
                .instead("Answer it, or mark it: (open: who asks, until when).")
        })
        .collect();
    findings.extend(unexplained(case));
    findings
}

/// Something changed or happened in between, and neither this sentence nor the next one says why.
fn unexplained(case: &Case<'_>) -> Vec<Finding> {
    let told = Kinds::CAUSE | Kinds::FIX;
    let found = first_of_sentences(case.phrases(&["unexplained"])).into_iter().filter(|phrase| {
        let kinds = case.kinds_at(phrase.span.start);
        kinds.has(told) && !kinds.has(Kinds::ACTIONS | Kinds::APPENDIX) && !OPEN.is_in(case.document().slice(phrase.sentence))
    });
    found
        .filter(|phrase| {
            let after = case.document().source.get(phrase.sentence.end..).unwrap_or_default();
            let next = crate::prose::sentences(paragraph(after)).into_iter().next().map(|(start, end)| &after[start..end]);
            let reason = |text: &str| REASONS.is_in(text);
            !reason(case.document().slice(phrase.sentence)) && !next.is_some_and(reason)
        })
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ asks why, and nothing answers."))
                .instead("Answer it, or mark it: (open: who asks, until when).")
        })
        .collect()
}

const REASONS: Group = Group::of("reasons");

/// What is left of the paragraph, as far as one sentence can reach.
fn paragraph(text: &str) -> &str {
    let mut end = text.len().min(1_000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].split("\n\n").next().unwrap_or_default()
}
