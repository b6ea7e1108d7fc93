//! # Animated language
//!
//! Intensifiers (‘ridiculous’, ‘horrible’, ‘insanely slow’) and two or more exclamation marks. A single exclamation
//! mark is a hint.
//!
//! A single strong word is a hint; several set the tone.
//!
//! ## Why it matters
//!
//! Strong words make the next writer careful instead of exact. A number says it better.
//!
//! ## Bad
//!
//! ```text
//! The dashboard was ridiculously slow!!!
//! ```
//!
//! ## Good
//!
//! ```text
//! The dashboard took 40 s to load.
//! ```
//!
//! ## Source
//!
//! Google's guide to postmortem culture.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::first_of_sentences;
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B08", Level::Warning, include_str!("b08.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let words = first_of_sentences(case.phrases(&["animated"])).into_iter().filter(|phrase| {
        // What customers felt may be said in a letter to them.
        !case.kinds_at(phrase.span.start).has(Kinds::REGRET | Kinds::APPENDIX)
    });
    let words: Vec<_> = words.collect();
    // One strong word may be a person speaking; several set the tone.
    let most = if words.len() > 1 { Level::Warning } else { Level::Hint };
    let mut findings: Vec<Finding> = words
        .into_iter()
        .map(|phrase| {
            let words = case.document().slice(phrase.span);
            Finding::at(phrase.clause, format!("‘{words}’ is stronger than a fact.")).at_most(most).instead(INSTEAD)
        })
        .collect();
    findings.extend(case.sentences().filter_map(|sentence| {
        let text = sentence.text().trim_end();
        let marks = text.len() - text.trim_end_matches('!').len();
        if marks == 0 || case.kinds_at(sentence.span().start).has(Kinds::APPENDIX) {
            return None;
        }
        let level = if marks > 1 { Level::Warning } else { Level::Hint };
        let span = sentence.span();
        let span = Span::new(span.end.saturating_sub(marks), span.end);
        // Where markup follows the words, the marks are not the last bytes.
        let shown = case.document().slice(span).bytes().all(|byte| byte == b'!');
        let place = if shown { span } else { sentence.span() };
        let finding = Finding::at(place, "An exclamation mark raises the voice.").at_most(level);
        let finding = finding.instead("End the sentence with a full stop.");
        Some(if shown { finding.replace("Write a full stop", ".") } else { finding })
    }));
    findings
}

const INSTEAD: &str = "Give the number, or leave the word out.";
