//! # A placeholder
//!
//! TBD, TODO, ‘to be determined’, lorem ipsum, ‘insert … here’, a date of the template, and sections of a known
//! kind with nothing in them. A text in which nothing is written is a warning.
//!
//! ## Why it matters
//!
//! Whoever reads it cannot tell whether nothing is known or nobody wrote it down.
//!
//! ## Bad
//!
//! ```text
//! ## Root cause
//!
//! TBD
//! ```
//!
//! ## Good
//!
//! ```text
//! ## Root cause
//!
//! Not known yet. The core dump is being read; this section will be updated by 12 May.
//! ```
//!
//! ## Source
//!
//! elife-xpub issue 1463.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::document::BlockKind;
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("R02", Level::Error, include_str!("r02.rs"), check);

const PLACEHOLDERS: Group = Group::of("placeholders");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for sentence in case.sentences() {
        let todo = sentence.kinds().has(Kinds::ACTIONS) || sentence.is_heading() || sentence.is_column_names();
        let found = sentence.find(PLACEHOLDERS).next();
        // ‘TODO’ is the state of an action, and a word in code; as text it is written in capitals.
        let found = found.filter(|(said, _)| {
            let short = !said.contains(' ');
            let shouted = said.bytes().all(|byte| !byte.is_ascii_lowercase());
            // In a sentence of its own, ‘to be done’ means what it says.
            if short { !todo && shouted } else { sentence.words().len() <= 6 }
        });
        if let Some((said, span)) = found {
            let message = format!("‘{said}’ stands where something should be said.");
            findings.push(Finding::at(span, message).instead("Say it, or say that it is not known and when it will be."));
        }
    }
    findings.extend(empty_sections(case));
    findings.extend(empty(case));
    findings
}

/// A text without a word.
fn empty(case: &Case<'_>) -> Option<Finding> {
    let document = case.document();
    if document.blocks.iter().any(|block| block.text.as_str().contains(char::is_alphanumeric)) {
        return None;
    }
    let message = if document.front.is_some() { "Nothing is written below the front matter." } else { "The text is empty." };
    let finding = Finding::at(Span::default(), message).at_most(Level::Warning);
    Some(finding.instead("Begin with what users could not do, from when to when."))
}

/// Headings of known sections that are followed at once by the next heading, or by nothing.
fn empty_sections(case: &Case<'_>) -> Vec<Finding> {
    let blocks = &case.document().blocks;
    let mut findings = Vec::new();
    for section in case.document().sections.iter().filter(|section| !section.own.is_none() && !section.embedded) {
        let Some(heading) = section.heading.filter(|_| section.level >= 2 && section.level <= 6) else { continue };
        let below = match blocks.get(heading + 1).map(|block| &block.kind) {
            None => true,
            Some(BlockKind::Heading(level)) => *level <= section.level,
            Some(_) => false,
        };
        if !below || has_picture(case, heading) {
            continue;
        }
        if let Some(block) = blocks.get(heading) {
            let message = format!("Nothing stands under ‘{}’.", section.title);
            findings.push(Finding::at(block.text.whole(), message).instead("Write it, or take the heading out."));
        }
    }
    findings
}

/// True if something that is no text (a picture, a comment) stands between a heading and the next block.
fn has_picture(case: &Case<'_>, heading: usize) -> bool {
    let blocks = &case.document().blocks;
    let from = blocks.get(heading).map_or(0, |block| block.span.end);
    let to = blocks.get(heading + 1).map_or(case.document().source.len(), |block| block.span.start);
    case.document().source.get(from..to).is_some_and(|between| between.contains("![") || between.contains("<img"))
}
