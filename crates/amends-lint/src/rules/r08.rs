//! # A broken sentence
//!
//! A paragraph that ends without a full stop, and a sentence that consists of its first half: ‘After we had
//! reviewed the logs.’
//!
//! ## Why it matters
//!
//! Something was to be said there. The reader cannot know what.
//!
//! ## Bad
//!
//! ```text
//! After we've conducted an internal review of the outage. It is possible
//! ```
//!
//! ## Good
//!
//! ```text
//! After an internal review of the outage, we will change two things.
//! ```
//!
//! ## Source
//!
//! The web team's postmortem of November 2022; the five-questions article.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::document::{BlockKind, Document};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("R08", Level::Hint, include_str!("r08.rs"), check);

const OPENERS: Group = Group::of("openers");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let document = case.document();
    let mut findings = Vec::new();
    for sentence in case.sentences() {
        let block = &document.blocks[sentence.block];
        if block.kind != BlockKind::Paragraph || block.item.is_some() || block.embedded {
            continue;
        }
        let (text, words) = (sentence.text(), sentence.words());
        if half(text, &words) {
            let finding = Finding::at(sentence.span(), "This sentence is only the first half of one.");
            findings.push(finding.instead("Join it to the next one, or say what follows from it."));
        } else if open_ended(document, sentence.block, sentence.end, text, &words) {
            let finding = Finding::at(sentence.span(), "This sentence ends in the middle.");
            findings.push(finding.instead("End it, or end it with a full stop."));
        }
    }
    findings
}

/// Begins with ‘after’, ‘because’, ‘although’ and has no main clause: no comma, one verb.
fn half(text: &str, words: &[&str]) -> bool {
    let opens = words.first().is_some_and(|word| OPENERS.has(word));
    let ends = text.trim_end().ends_with('.');
    opens && ends && (4..=16).contains(&words.len()) && !text.contains([',', ':', ';', '–', '—', '('])
}

/// The last sentence of a paragraph, without a mark at its end, that nothing goes on from.
fn open_ended(document: &Document<'_>, index: usize, end: usize, text: &str, words: &[&str]) -> bool {
    let block = &document.blocks[index];
    let last = block.text.as_str()[end..].trim().is_empty();
    let text = text.trim_end();
    let bare = text.ends_with(char::is_alphanumeric) && !text.contains("://") && !text.contains('\n');
    let goes_on = document.blocks.get(index + 1).is_some_and(|next| {
        matches!(next.kind, BlockKind::Item | BlockKind::Code(_) | BlockKind::Row { .. }) || next.quoted
    });
    // Labels (‘Date: 12 May’) and names are no sentences.
    let sentence = words.len() >= 3 && text.starts_with(char::is_uppercase) && !text.contains(':') && text.contains(' ');
    // Looked at last: it reads the whole paragraph.
    let prose = || block.text.as_str().contains(". ") || PREDICATES.is_in(text);
    last && bare && !goes_on && sentence && prose()
}

const PREDICATES: Group = Group::of("predicates");
