//! # ‘All’ and an exception
//!
//! A section that says that all (or 100 %) of something were hurt, and in another sentence that the same could go
//! on.
//!
//! ## Why it matters
//!
//! One of the two is wrong, and the reader cannot tell which. Customers who were spared lose trust in the number,
//! those who were hurt in the exception.
//!
//! ## Bad
//!
//! ```text
//! The issue affected 100% of users. Users could continue to access other requests.
//! ```
//!
//! ## Good
//!
//! ```text
//! All users of the web site were affected. The API, which runs elsewhere, was not.
//! ```
//!
//! ## Source
//!
//! A published postmortem that has both sentences side by side.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::cues::Cues;
use crate::prose::Sentence;
use crate::read::facts::{Amount, Quantity};
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I03", Level::Error, include_str!("i03.rs"), check);

const SPARED: Group = Group::of("spared");
const WENT: Group = Group::of("went-through");
const SHARE: Group = Group::of("shares");

fn check(case: &Case<'_>) -> Vec<Finding> {
    let sentences: Vec<_> = case.sentences().filter(|sentence| !sentence.is_heading()).collect();
    let all = case.facts().quantities.iter().filter(|quantity| {
        matches!(quantity.amount, Amount::All) || quantity.amount == Amount::Percent(100.0)
    });
    let mut findings = Vec::new();
    for quantity in all.take(50) {
        let Some(noun) = head(quantity) else { continue };
        let home = sentences.partition_point(|sentence| sentence.span().end <= quantity.span.start);
        let Some(own) = sentences.get(home).filter(|own| Cues::of(own.text()).effect) else { continue };
        let near = sentences.iter().skip(home.saturating_sub(3)).take(7);
        let exception = near.filter(|other| other.block == own.block && other.start != own.start).find(|other| {
            let words = other.words();
            let spared = other.has(SPARED) || (other.has(WENT) && other.has(SHARE));
            spared && words.iter().take(8).any(|word| word.trim_end_matches('s') == noun)
        });
        if let Some(exception) = exception {
            let message = format!("‘{}’ were hurt, and another sentence says that some were not.", quantity.text);
            findings.push(
                Finding::at(quantity.span, message)
                    .with(exception.span(), "Here they could go on.")
                    .instead("Say which of them were hurt, and which were not."),
            );
        }
    }
    findings.extend(sentences.iter().filter_map(nobody));
    findings
}

/// "Nobody could connect; staff in Warsaw were able to": the exception stands in the same sentence.
fn nobody(sentence: &Sentence<'_>) -> Option<Finding> {
    let words = sentence.words();
    let at = words.iter().take(6).position(|word| matches!(*word, "nobody" | "noone"))?;
    let negated = ["affected", "lost", "hurt", "noticed", "harmed", "else"];
    if words.iter().skip(at + 1).take(4).any(|word| negated.contains(word)) {
        return None;
    }
    let (_, spared) = sentence.find(SPARED).next()?;
    let after = spared.start > sentence.span_of(at, at + 1).end;
    after.then(|| {
        Finding::at(sentence.span_of(at, at + 1), "Nobody, and the same sentence says that some could.")
            .with(spared, "Here they could go on.")
            .instead("Say which of them were hurt, and which were not.")
    })
}

/// The thing counted, in the singular.
fn head(quantity: &Quantity) -> Option<String> {
    let noun = quantity.noun.split_whitespace().find(|word| USERS.has(&word.to_lowercase()))?;
    Some(noun.to_lowercase().trim_end_matches('s').to_owned())
}

const USERS: Group = Group::of("users");
