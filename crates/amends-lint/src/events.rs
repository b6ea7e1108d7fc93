//! Events that a text tells more than once: in a row of the timeline and again in a sentence.

use std::collections::BTreeSet;

use crate::case::Case;
use crate::phrase::{self, Group, Scope};
use crate::prose::split;
use crate::read::clock::Style;
use crate::read::document::BlockKind;
use crate::read::facts::{MilestoneKind, Moment, Origin};
use crate::times;

const STOP: Group = Group::of("stop");
const CHANGES: Group = Group::of("changes");
const ROLLBACKS: Group = Group::of("rollbacks");
const RESTARTS: Group = Group::of("restarts");
const FAILED: Group = Group::of("failed");

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
#[derive(Clone, Debug)]
pub(crate) struct Event<'c> {
    /// Its time.
    pub moment: &'c Moment,
    /// What kind of thing happened.
    pub class: Class,
    /// True if the words say that it did not work.
    pub failed: bool,
    content: BTreeSet<String>,
    /// The stem of the word that says what was done.
    verb: String,
}

/// Longest text that is looked through for events, in bytes.
const LIMIT: usize = 400;
/// Most events of a text that are compared.
const MOST: usize = 60;
/// Most times among which they are looked for.
const AMONG: usize = 2_000;

/// The events of the text that have a time; [`Case::events`] keeps them.
pub(crate) fn events<'c>(case: &Case<'c>) -> Vec<Event<'c>> {
    let mut events: Vec<Event<'c>> = Vec::new();
    let mut read: Option<&Moment> = None;
    for moment in case.facts().moments.iter().take(AMONG) {
        // Of the times of one sentence the first stands for what it says.
        let seen = read.is_some_and(|read| std::sync::Arc::ptr_eq(&read.text, &moment.text));
        if seen || moment.cues.rehearsal || !times::counts(case, moment) {
            continue;
        }
        read = Some(moment);
        events.extend(event(moment));
        if events.len() >= MOST {
            break;
        }
    }
    events
}

fn event(moment: &Moment) -> Option<Event<'_>> {
    let text = clip(&moment.text);
    let hits = phrase::find(Scope::Prose, &text);
    let has = |group: Group| hits.iter().any(|hit| hit.of(group));
    let words = split(&text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let declared = moment.cues.weight(MilestoneKind::Declared) >= 5;
    let class = if declared {
        Class::Declared
    } else if has(ROLLBACKS) {
        Class::Rollback
    } else if has(RESTARTS) {
        Class::Restart
    } else if has(CHANGES) {
        Class::Change
    } else {
        return None;
    };
    let done = words.iter().find(|word| phrase::any_has(&[CHANGES, ROLLBACKS, RESTARTS], word));
    let verb = done.map_or(String::new(), |word| word.chars().take(5).collect());
    Some(Event { moment, class, failed: has(FAILED), content: content(&words), verb })
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
        .filter(|word| word.len() >= 3 && !word.contains('@'))
        .filter(|word| !phrase::any_has(&[STOP, CHANGES, ROLLBACKS, RESTARTS], word))
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
        case.events().iter().cloned().partition(|event| event.moment.origin == Origin::Row);
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
            // A label is as exact as a row; a sentence may round.
            let least = i64::from(other.moment.origin == Origin::Prose);
            apart(row.moment, other.moment) <= times::tolerance(row.moment, other.moment).max(least)
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
    // The same verb for it makes it likelier that the same thing is meant.
    let least = if row.verb == other.verb { 0.4 } else { 0.6 };
    share >= least && (shared >= 2 || row.content.len() == 1)
}

/// Times that are written twelve hours away from a row about the same thing, as a wrong AM or PM makes them: the time
/// outside the timeline first.
pub(crate) fn half_day_slips<'c>(case: &Case<'c>) -> Vec<(&'c Moment, &'c Moment)> {
    let rows = times::rows(case);
    let clock = |moment: &Moment| moment.local.map(|local| local.time());
    let told = case.facts().moments.iter().filter(|moment| {
        moment.origin != Origin::Row && times::counts(case, moment) && moment.style == Some(Style::Twelve)
    });
    let slip = |moment: &'c Moment| {
        let time = clock(moment)?;
        if rows.iter().any(|row| clock(row) == Some(time)) {
            return None;
        }
        let own = words_of(moment);
        let row = rows.iter().find(|row| {
            let Some(other) = clock(row).filter(|other| half_a_day_apart(*other, time)) else { return false };
            let both_ends = match (moment.until, row.until) {
                (Some(a), Some(b)) => half_a_day_apart(a.time(), b.time()),
                _ => false,
            };
            let (_, shared) = overlap(&own, &words_of(row));
            both_ends || shared >= 2 || (shared >= 1 && other.minute() % 30 != 0)
        })?;
        Some((moment, *row))
    };
    told.take(MOST).filter_map(slip).collect()
}

/// Times with a zone of their own that are whole hours away from the row about the same thing, as a conversion into the
/// wrong zone makes them: the time with its own zone first.
pub(crate) fn zone_slips<'c>(case: &Case<'c>) -> Vec<(&'c Moment, &'c Moment, i64)> {
    let rows = times::rows(case);
    let told = case.facts().moments.iter().filter(|moment| {
        moment.has_time && moment.own_zone && moment.origin != Origin::Row && moment.at.is_some()
    });
    let slip = |moment: &'c Moment| {
        let here = moment.at?;
        let row = rows.iter().copied().find(|row| {
            let (Some(at), Some(zone), Some(own)) = (row.at, &row.zone, &moment.zone) else { return false };
            let hours = minutes_of_day(here, at);
            let elsewhere = (zone.region, zone.said_minutes) != (own.region, own.said_minutes);
            let below = under(case, moment, row);
            // The odd minute of a row in what stands under it is the same event, however far the zones are apart.
            let odd = row.local.is_some_and(|local| local.minute() % 15 != 0);
            elsewhere
                && hours != 0
                && hours % 60 == 0
                && (hours <= 180 || (below && odd))
                && (below || same_kind(moment, row))
        })?;
        let agrees = rows.iter().any(|other| other.at.is_some_and(|at| minutes_of_day(here, at) == 0));
        (!agrees).then(|| (moment, row, minutes_of_day(here, row.at.unwrap_or(here))))
    };
    told.take(MOST).filter_map(slip).collect()
}

/// Minutes between two instants without the days between them.
fn minutes_of_day(a: jiff::Timestamp, b: jiff::Timestamp) -> i64 {
    let apart = times::minutes(a.duration_since(b)).abs() % 1440;
    apart.min(1440 - apart)
}

/// True if the time stands in what a row says: under its heading.
fn under(case: &Case<'_>, moment: &Moment, row: &Moment) -> bool {
    let block = |moment: &Moment| moment.block.and_then(|index| case.document().blocks.get(index));
    match (block(moment), block(row)) {
        (Some(inner), Some(head)) => {
            matches!(head.kind, BlockKind::Heading(_))
                && inner.section == head.section
                && moment.block > row.block
        }
        _ => false,
    }
}

/// True if both say plainly that it is the time of the same milestone.
fn same_kind(a: &Moment, b: &Moment) -> bool {
    MilestoneKind::ALL.into_iter().any(|kind| a.cues.weight(kind) >= 5 && b.cues.weight(kind) >= 5)
}

fn words_of(moment: &Moment) -> BTreeSet<String> {
    let words = split(&clip(&moment.text));
    content(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn half_a_day_apart(a: jiff::civil::Time, b: jiff::civil::Time) -> bool {
    (i32::from(a.hour()) - i32::from(b.hour())).abs() == 12 && a.minute() == b.minute()
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
