//! Events that a text tells more than once: in a row of the timeline and again in a sentence.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::case::Case;
use crate::read::facts::{MilestoneKind, Moment, Origin};
use crate::times;
use crate::words::{Words, split, words};

static STOP: LazyLock<Words> = words!("stop");
static CHANGES: LazyLock<Words> = words!("changes");
static ROLLBACKS: LazyLock<Words> = words!("rollbacks");
static RESTARTS: LazyLock<Words> = words!("restarts");
static FAILED: LazyLock<Words> = words!("failed");

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Something was deployed, pushed, released, upgraded.
    Change,
    /// Something was taken back.
    Rollback,
    /// Something was restarted.
    Restart,
    /// It was called an incident.
    Declared,
}

impl Class {
    /// The event in words.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Class::Change => "This change",
            Class::Rollback => "This rollback",
            Class::Restart => "This restart",
            Class::Declared => "The declaration",
        }
    }
}

/// An event with its time.
#[derive(Debug)]
pub(crate) struct Event<'c> {
    /// Its time.
    pub moment: &'c Moment,
    /// What kind of thing happened.
    pub class: Class,
    /// True if the words say that it did not work.
    pub failed: bool,
    content: BTreeSet<String>,
}

/// Longest text that is looked through for events, in bytes.
const LIMIT: usize = 400;
/// Most events of a text that are compared.
const MOST: usize = 60;

/// The events of the text that have a time.
pub(crate) fn events<'c>(case: &Case<'c>) -> Vec<Event<'c>> {
    let moments =
        case.facts().moments.iter().filter(|moment| times::counts(case, moment) && !moment.cues.rehearsal);
    moments.filter_map(event).take(MOST).collect()
}

fn event(moment: &Moment) -> Option<Event<'_>> {
    let text = clip(&moment.text);
    let words = split(&text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let declared = moment.cues.weight(MilestoneKind::Declared) >= 5;
    let class = if declared {
        Class::Declared
    } else if ROLLBACKS.any(&words) {
        Class::Rollback
    } else if RESTARTS.any(&words) {
        Class::Restart
    } else if CHANGES.any(&words) {
        Class::Change
    } else {
        return None;
    };
    Some(Event { moment, class, failed: FAILED.any(&words), content: content(&words) })
}

fn clip(text: &str) -> String {
    let mut end = text.len().min(LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let line = text[..end].lines().next().unwrap_or_default();
    line.to_ascii_lowercase()
}

/// The words that say what it is about, cut to their stems.
pub(crate) fn content(words: &[&str]) -> BTreeSet<String> {
    words
        .iter()
        .filter(|word| word.len() >= 3 && !word.contains('@') && !STOP.has(word))
        .filter(|word| !CHANGES.has(word) && !ROLLBACKS.has(word) && !RESTARTS.has(word))
        .map(|word| word.chars().take(5).collect())
        .collect()
}

/// How much of the smaller set the two share, from 0 to 1, and how many words.
pub(crate) fn overlap(a: &BTreeSet<String>, b: &BTreeSet<String>) -> (f64, usize) {
    let shared = a.intersection(b).count();
    let least = a.len().min(b.len());
    let share = if least == 0 { 0.0 } else { small(shared) / small(least) };
    (share, shared)
}

fn small(count: usize) -> f64 {
    u16::try_from(count).map_or(f64::from(u16::MAX), f64::from)
}

/// Events that are told twice with different times, with the minutes between: the place outside the timeline first.
pub(crate) fn twice<'c>(case: &Case<'c>) -> Vec<(Event<'c>, Event<'c>, i64)> {
    let (mut rows, mut others): (Vec<Event<'c>>, Vec<Event<'c>>) =
        events(case).into_iter().partition(|event| event.moment.origin == Origin::Row);
    let mut found = Vec::new();
    // One row of the timeline that repeats another word by word.
    let mut at = 0;
    while at + 1 < rows.len() {
        let (a, b) = (&rows[at], &rows[at + 1]);
        let same = !a.content.is_empty() && a.moment.text.trim() == b.moment.text.trim();
        let apart = apart(a.moment, b.moment);
        if same && apart > times::tolerance(a.moment, b.moment) {
            let b = rows.remove(at + 1);
            let a = rows.remove(at);
            found.push((b, a, apart));
        } else {
            at += 1;
        }
    }
    while let Some(other) = others.pop() {
        let same_place = |row: &Event<'_>| {
            let (a, b) = (row.moment, other.moment);
            a.block.is_some() && a.block == b.block
        };
        let alike = |row: &Event<'_>| {
            row.class == other.class && row.failed == other.failed && alike(row, &other) && !same_place(row)
        };
        let mut matching: Vec<usize> = (0..rows.len()).filter(|at| alike(&rows[*at])).collect();
        let agrees = matching.iter().any(|at| {
            let row = &rows[*at];
            apart(row.moment, other.moment) <= times::tolerance(row.moment, other.moment).max(1)
        });
        // With several rows like it nobody can tell which one is meant.
        if let (Some(at), false, true) = (matching.pop(), agrees, matching.is_empty()) {
            let row = rows.remove(at);
            let apart = apart(row.moment, other.moment);
            found.push((other, row, apart));
        }
    }
    found.sort_by_key(|(here, ..)| here.moment.span);
    found
}

fn alike(row: &Event<'_>, other: &Event<'_>) -> bool {
    if row.class == Class::Declared {
        return true;
    }
    let (share, shared) = overlap(&row.content, &other.content);
    share >= 0.6 && (shared >= 2 || row.content.len() == 1)
}

/// Minutes between two moments; where a date is only assumed, those between the clocks.
pub(crate) fn apart(a: &Moment, b: &Moment) -> i64 {
    use crate::read::facts::Dated;
    if let (Some(a_at), Some(b_at), true) = (a.at, b.at, a.own_zone && b.own_zone) {
        return times::minutes(a_at.duration_since(b_at)).abs();
    }
    let (Some(left), Some(right)) = (a.local, b.local) else { return 0 };
    let apart = times::minutes(left.duration_since(right)).abs();
    let assumed = |moment: &Moment| !matches!(moment.dated, Dated::Written);
    if assumed(a) || assumed(b) { (apart % 1440).min(1440 - apart % 1440) } else { apart }
}
