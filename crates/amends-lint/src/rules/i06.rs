//! # A scope that differs between sections
//!
//! A count of something in one section and a woolly quantifier for the same in another; two counts of the same noun
//! that differ; ‘no application could’ in one section when the impact names one only.
//!
//! ## Why it matters
//!
//! The reader takes the larger scope and the owner the smaller one, and the actions are made for one of them.
//!
//! ## Bad
//!
//! ```text
//! No application was able to communicate with the database. … Impact: the Data Sync process could not connect.
//! ```
//!
//! ## Good
//!
//! ```text
//! Data Sync and the two report jobs could not connect to the database; nothing else uses it.
//! ```
//!
//! ## Source
//!
//! Guides to blameless incident reports, whose own example has it; MoraleApp's letter of 2016.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Amount, Quantity};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I06", Level::Warning, include_str!("i06.rs"), check);

const USERS: Group = Group::of("users");
const PARTS: Group = Group::of("parts");

/// Most quantities that are compared.
const MOST: usize = 60;

fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED | Kinds::REGRET;
    let sectioned = case.has_section(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED);
    let counts = |quantity: &&Quantity| {
        let kinds = case.kinds_at(quantity.span.start);
        kinds.has(told) || kinds.is_none() || !sectioned
    };
    let quantities: Vec<&Quantity> = case.facts().quantities.iter().filter(counts).take(MOST).collect();
    let mut findings = Vec::new();
    for (at, quantity) in quantities.iter().enumerate() {
        let other = quantities[..at].iter().chain(&quantities[at + 1..]).find(|other| differs(case, quantity, other));
        if let Some(other) = other {
            let message = format!("It is ‘{}’ here and ‘{}’ elsewhere.", quantity.text, other.text);
            findings.push(
                Finding::at(quantity.span, message)
                    .with(other.span, format!("‘{}’ here.", other.text))
                    .instead("Give one number in both places."),
            );
        }
    }
    findings.truncate(3);
    findings.extend(every_part(case));
    findings
}

/// The later of two places says less, or something else, about the same noun.
fn differs(case: &Case<'_>, later: &Quantity, earlier: &Quantity) -> bool {
    let section = |span: Span| case.block_at(span.start).map(|block| block.section);
    if section(later.span) == section(earlier.span) {
        return false;
    }
    // "shoppers got an error" counts shoppers: the words up to the one for people.
    let nouns = |quantity: &Quantity| -> Vec<String> {
        let words = quantity.noun.split_whitespace().map(str::to_lowercase);
        let mut nouns: Vec<String> = Vec::new();
        for word in words {
            let counted = USERS.has(&word);
            nouns.push(word.trim_end_matches('s').to_owned());
            if counted {
                break;
            }
        }
        nouns
    };
    let (later_nouns, earlier_nouns) = (nouns(later), nouns(earlier));
    let user = |noun: &String| USERS.has(noun) || USERS.has(&format!("{noun}s"));
    let shared = later_nouns.iter().take(2).any(|noun| user(noun) && earlier_nouns.contains(noun));
    match (later.amount, earlier.amount) {
        (Amount::Woolly, Amount::Count(count)) => shared && count >= 2.0,
        (Amount::Count(a), Amount::Count(b)) => {
            later.span > earlier.span
                && !later_nouns.is_empty()
                && later_nouns == earlier_nouns
                && later_nouns.iter().any(user)
                && (a - b).abs() > 0.05 * a.max(b)
                && a.min(b) >= 10.0
                && !later.approximate
                && !earlier.approximate
                && hurt(case, later)
                && hurt(case, earlier)
        }
        _ => false,
    }
}

/// True if the sentence tells how many were hurt, and of all of them: not how many of these complained, or each day.
fn hurt(case: &Case<'_>, quantity: &Quantity) -> bool {
    const PART: [&str; 23] = [
        "of these", "of them", "of whom", "of which", "reported", "contacted", "complained", "wrote", "asked", "per ",
        "each", "at most", "another", "additional", "remaining", "other", "later", "the first", "a further", "up to",
        "at least", "still", "more than",
    ];
    let Some(block) = case.block_at(quantity.span.start) else { return false };
    let text = block.text.as_str();
    let Some(at) = text.find(quantity.text.as_str()) else { return false };
    let start = text[..at].rfind(". ").map_or(0, |dot| dot + 2);
    let end = text[at..].find(". ").map_or(text.len(), |dot| at + dot);
    let sentence = text.get(start..end).unwrap_or_default();
    let lower = sentence.to_lowercase();
    let cues = crate::read::cues::Cues::of(sentence);
    (cues.effect || lower.contains("affected")) && !PART.iter().any(|part| lower.contains(part))
}

/// "No application was able to …" outside the impact, when the impact tells of named parts only.
fn every_part(case: &Case<'_>) -> Option<Finding> {
    let everywhere = case.facts().quantities.iter().filter(|quantity| {
        let part = quantity.noun.split_whitespace().next().is_some_and(|word| PARTS.has(&word.to_lowercase()));
        matches!(quantity.amount, Amount::All | Amount::Nothing)
            && part
            && case.kinds_at(quantity.span.start).has(Kinds::CAUSE | Kinds::SUMMARY)
            && !case.kinds_at(quantity.span.start).has(Kinds::IMPACT | Kinds::STOPPED | Kinds::ACTIONS)
    });
    everywhere.take(MOST).find_map(|all| beyond(case, all))
}

fn beyond(case: &Case<'_>, all: &Quantity) -> Option<Finding> {
    let embedded = case.block_at(all.span.start)?.embedded;
    let blocks = &case.document().blocks;
    let impact: Vec<_> = case
        .sentences_about(Kinds::IMPACT | Kinds::STOPPED)
        .filter(|sentence| blocks.get(sentence.block).is_some_and(|block| block.embedded == embedded))
        .collect();
    let first = impact.first()?;
    let widely = impact.iter().any(|sentence| {
        sentence.has(PARTS) && sentence.words().iter().any(|word| PARTS.has(word) && word.ends_with('s'))
            || sentence.words().iter().any(|word| matches!(*word, "all" | "every" | "everything" | "none")) || sentence.words().windows(2).any(|pair| pair[0] == "no" && PARTS.has(pair[1]))
    });
    if widely {
        return None;
    }
    let message = format!("‘{}’ reaches further than the impact, which names single parts.", all.text);
    Some(
        Finding::at(all.span, message)
            .with(first.span(), "The impact is told here.")
            .instead("Name what else failed in the impact, or narrow this sentence."),
    )
}
