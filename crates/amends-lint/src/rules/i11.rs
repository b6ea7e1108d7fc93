//! # A change that goes the other way
//!
//! A verb that raises with a smaller number after it than before, or one that lowers with a larger.
//!
//! ## Why it matters
//!
//! The two numbers are swapped, or the verb is wrong. Whoever repeats the step will set the one that is written.
//!
//! ## Bad
//!
//! ```text
//! 10:38 Decision made to increase the node count to 60 from 80.
//! ```
//!
//! ## Good
//!
//! ```text
//! 10:38 Decision made to increase the node count from 60 to 80.
//! ```
//!
//! ## Source
//!
//! A published report whose next row has the numbers the right way round.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::prose::Sentence;
use crate::rule::Rule;
use crate::phrase::Group;

pub(crate) const RULE: Rule = Rule::new("I11", Level::Warning, include_str!("i11.rs"), check);

const RAISES: Group = Group::of("raises");
const LOWERS: Group = Group::of("lowers");

/// Words between the verb and its numbers, at most.
const NEAR: usize = 8;

fn check(case: &Case<'_>) -> Vec<Finding> {
    case.sentences().filter(|sentence| !sentence.is_heading()).filter_map(|sentence| judge(&sentence)).collect()
}

fn judge(sentence: &Sentence<'_>) -> Option<Finding> {
    let words = sentence.words();
    let (first, before, after) = words.windows(4).enumerate().find_map(|(at, four)| {
        let [one, a, two, b] = four else { return None };
        match (*one, *two) {
            ("from", "to") => Some((at, number(a)?, number(b)?)),
            ("to", "from") => Some((at, number(b)?, number(a)?)),
            _ => None,
        }
    })?;
    // "from 500 MB to 1 GB" has words between the numbers and is not compared, nor is "from 2 to 1 replicas each".
    let near = &words[first.saturating_sub(NEAR)..first];
    // "raised" or "scaled up": one word or two.
    let at = |list: Group| (0..near.len()).rev().find(|at| list.is_in(&near[*at..near.len().min(at + 2)].join(" ")));
    let (raises, lowers) = (at(RAISES), at(LOWERS));
    let wrong = match (raises, lowers) {
        (Some(_), None) => after < before,
        (None, Some(_)) => after > before,
        _ => false,
    };
    if !wrong {
        return None;
    }
    let verb = raises.or(lowers)? + first.saturating_sub(NEAR);
    let message = format!("‘{}’ goes from {before} to {after}, which is {}.", words[verb], if after < before { "less" } else { "more" });
    Some(Finding::at(sentence.span_of(verb, first + 4), message).instead("Swap the numbers, or correct the verb."))
}

/// A plain number, with or without a per cent sign.
fn number(word: &str) -> Option<f64> {
    word.trim_end_matches('%').parse().ok().filter(|number: &f64| number.is_finite())
}
