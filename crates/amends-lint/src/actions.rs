//! What the rules about actions share.

use crate::case::Case;
use crate::finding::Finding;
use crate::read::facts::Action;

/// Most actions that one finding names beside the first.
const MOST: usize = 20;

/// One finding for all actions that lack something: at the first of them, with the others beside it. `say` is given how
/// many they are and how many there are in all, and gives message and advice.
pub(crate) fn one_for_all(
    case: &Case<'_>,
    lacks: impl Fn(&&Action) -> bool,
    say: impl Fn(usize, usize) -> (String, &'static str),
) -> Vec<Finding> {
    if !case.is_postmortem() {
        return Vec::new();
    }
    let actions = &case.facts().actions;
    let without: Vec<&Action> = actions.iter().filter(lacks).collect();
    let Some((first, others)) = without.split_first() else { return Vec::new() };
    let (message, instead) = say(without.len(), actions.len());
    let mut finding = Finding::at(first.span, message).instead(instead);
    for other in others.iter().take(MOST) {
        finding = finding.with(other.span, "neither has this one");
    }
    vec![finding]
}

/// "The action has", "None of the 3 actions has", "2 of 5 actions have".
pub(crate) fn share(count: usize, all: usize, one: &str, several: &str) -> String {
    match (count, all) {
        (1, 1) => format!("The action {one}"),
        (1, _) => format!("One of {all} actions {one}"),
        (count, all) if count == all => format!("The {all} actions {several}"),
        (count, all) => format!("{count} of {all} actions {several}"),
    }
}
