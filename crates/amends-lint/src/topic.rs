//! What a text is about: the stems of the words that carry its meaning, to see whether two places speak of the same.

use std::collections::BTreeSet;

use crate::phrase::{self, Group};
use crate::prose::words;

const STOP: Group = Group::of("stop");
const COMMON: Group = Group::of("common");

/// Longest text that is taken apart, in bytes.
const LIMIT: usize = 4_000;

/// The stems of its words, without those that could stand in any report.
pub(crate) fn stems(text: &str) -> BTreeSet<String> {
    let mut end = text.len().min(LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lower = text[..end].to_lowercase().replace('’', "'");
    words(&lower)
        .flat_map(|word| word.split('-'))
        .filter(|word| word.len() >= 3 && !word.starts_with('@') && !word.starts_with("http"))
        .filter(|word| !phrase::any_has(&[STOP, COMMON], word))
        .map(stem)
        .collect()
}

/// The word without its usual endings, so that "rolled back", "rollbacks" and "rolling" meet.
fn stem(word: &str) -> String {
    let cut = ["ations", "ation", "ings", "ing", "ies", "ed", "es", "s", "y", "e"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() >= 3));
    let stem = cut.unwrap_or(word);
    stem.chars().take(6).collect()
}

/// Which share of `what` is also in `other`, from 0 to 1; 1 if there is nothing to find.
pub(crate) fn covered(what: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    if what.is_empty() {
        return 1.0;
    }
    let count = |count: usize| u16::try_from(count).map_or(f64::from(u16::MAX), f64::from);
    count(what.intersection(other).count()) / count(what.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        assert_eq!(stems("The rollbacks failed"), stems("a failing rollback"));
        let cause = stems("The root cause of this outage was a misspelt file name in a configuration file.");
        assert!(cause.contains("missp") || cause.contains("misspe"), "{cause:?}");
        assert!(covered(&cause, &stems("Test before deploying")) < 0.01);
        assert!(covered(&BTreeSet::new(), &cause) > 0.99);
    }
}
