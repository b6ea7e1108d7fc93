//! # A hindsight adverb
//!
//! ‘Obviously’, ‘clearly’, ‘simply’, ‘merely’, ‘of course’ where causes and events are told.
//!
//! ## Why it matters
//!
//! It was not obvious then, or it would not have happened. The sentence says the same without the word.
//!
//! ## Bad
//!
//! ```text
//! The flag was obviously wrong.
//! ```
//!
//! ## Good
//!
//! ```text
//! The flag was wrong.
//! ```
//!
//! ## Source
//!
//! John Allspaw, Blameless postmortems and a just culture.

use crate::case::Case;
use crate::finding::Edit;
use crate::finding::{Finding, Level};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;

pub(crate) const RULE: Rule = Rule::new("B05", Level::Hint, include_str!("b05.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = Kinds::CAUSE | Kinds::TIMELINE | Kinds::SUMMARY | Kinds::FIX;
    let found = case.phrases(&["hindsight"]).filter(|phrase| case.kinds_at(phrase.span.start).has(told));
    found
        .map(|phrase| {
            let word = case.document().slice(phrase.span);
            let finding = Finding::at(phrase.span, format!("‘{word}’ looks back from what is known now."))
                .instead("Leave the word out.");
            match taken_out(case.document().source, phrase.span) {
                Some(edit) => finding.fix(format!("Leave out ‘{word}’"), vec![edit]),
                None => finding,
            }
        })
        .collect()
}

/// Takes a word out together with one blank beside it. Not at the start of a sentence, where more would change, and not
/// before an adjective or noun that a comma ties to it.
fn taken_out(source: &str, span: Span) -> Option<Edit> {
    let before = source.get(..span.start)?;
    let after = source.get(span.end..)?;
    let inside = before.ends_with(' ') && before.trim_end().ends_with(|c: char| c.is_alphanumeric());
    let goes_on = after.starts_with(' ') && after[1..].starts_with(char::is_alphabetic);
    (inside && goes_on).then(|| Edit { span: Span::new(span.start, span.end + 1), text: String::new() })
}
