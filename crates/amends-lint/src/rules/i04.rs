//! # A woolly number of users
//!
//! ‘Some’, ‘several’, ‘many’, ‘a number of’ before users, customers, teams, orders and the like, where a summary or
//! an impact section should count them.
//!
//! Where another sentence of the section gives a number, it is a hint.
//!
//! ## Why it matters
//!
//! Everybody fills the gap with what they fear or hope. The number can nearly always be had from logs, and ‘at
//! least 12’ is a number, too.
//!
//! ## Bad
//!
//! ```text
//! A configuration change caused a number of teams to not receive emails.
//! ```
//!
//! ## Good
//!
//! ```text
//! A configuration change caused 12 teams to not receive 500 emails.
//! ```
//!
//! ## Source
//!
//! MoraleApp's letter of 2016: ‘approximately 500 emails’ at its top, ‘a number of teams’ at its end.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Amount, Quantity};
use crate::read::section::Kinds;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I04", Level::Warning, include_str!("i04.rs"), check);

const USERS: Group = Group::of("users");

/// "Most of them" is no count of the hurt, and "several other sites" are not theirs.
fn says_else(quantity: &Quantity) -> bool {
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_lowercase();
    first(&quantity.noun) == "other" || first(&quantity.text) == "most"
}

/// "It is easy to know how many members were added" counts nobody.
fn asks(case: &Case<'_>, quantity: &Quantity) -> bool {
    let before = case.document().source.get(..quantity.span.start).unwrap_or_default();
    let word = before.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    word.eq_ignore_ascii_case("how")
}

/// True if they stand in sections apart, which may speak of different things.
fn other_section(case: &Case<'_>, a: &Quantity, b: &Quantity) -> bool {
    let section = |quantity: &Quantity| case.block_at(quantity.span.start).map(|block| block.section);
    section(a) != section(b)
}

fn check(case: &Case<'_>) -> Vec<Finding> {
    let woolly = |quantity: &&Quantity| {
        quantity.amount == Amount::Woolly
            && case.kinds_at(quantity.span.start).has(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED | Kinds::REGRET)
            && !says_else(quantity)
            && !asks(case, quantity)
            && quantity.noun.split_whitespace().take(3).any(|word| USERS.has(&word.to_lowercase()))
    };
    let mut places = case.facts().quantities.iter().filter(woolly);
    let Some(first) = places.next() else { return Vec::new() };
    let message = format!("‘{}’ says no number.", first.text);
    let finding = Finding::at(first.span, message).instead("Count them: ‘12 of 340’, or ‘at least 12’.");
    // Where another sentence gives the number, or the whole, the vague word only speaks of it again.
    let counted = case.facts().quantities.iter().any(|quantity| {
        !matches!(quantity.amount, Amount::Woolly | Amount::Nothing)
            && case.kinds_at(quantity.span.start).has(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED | Kinds::REGRET)
            && quantity.noun.split_whitespace().any(|word| USERS.has(&word.to_lowercase()))
            && !other_section(case, quantity, first)
    });
    let finding = if counted { finding.at_most(Level::Hint) } else { finding };
    vec![places.take(8).fold(finding, |finding, other| finding.with(other.span, format!("‘{}’ here.", other.text)))]
}
