//! # The stated length is not the time between start and end
//!
//! A length of the outage, of the repair or of the time until detection that fits no pair of the text's own
//! milestones, or two such lengths that differ; ‘for 10 minutes (since 15:10)’ in a row of another time. Round numbers and ‘about’ are given room.
//!
//! ## Why it matters
//!
//! A length is what readers remember and what credits are paid for. It must not be typed by guess when the times
//! beside it say another.
//!
//! ## Bad
//!
//! ```text
//! The outage lasted 2 hours. … 11:15 Outage begins … 14:23 Resolved
//! ```
//!
//! ## Good
//!
//! ```text
//! The outage lasted 3 h 8 min (11:15 to 14:23).
//! ```
//!
//! ## Source
//!
//! A common complaint: lengths are copied from an earlier report or from a draft.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::cues::Cues;
use crate::read::document::BlockKind;
use crate::read::facts::{Duration, DurationOf, Milestone, MilestoneKind as Kind, Moment, Origin};
use crate::rule::Rule;
use crate::read::section::Kinds;
use crate::times;
use crate::phrase::Group;

const WHOLE: Group = Group::of("whole-lengths");
const PARTS: Group = Group::of("part-lengths");
const WORKING: Group = Group::of("working-hours");

pub(crate) const RULE: Rule = Rule::new("T10", Level::Error, include_str!("t10.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told: Vec<Stated<'_>> = Vec::new();
    for duration in &case.facts().durations {
        findings.extend(in_its_sentence(case, duration));
        let Some(stated) = stated(case, duration) else { continue };
        let unlike = |earlier: &&Stated<'_>| {
            let comparable = stated.whole() && earlier.whole();
            comparable && !stated.fits(minutes(earlier.duration)) && !earlier.fits(minutes(stated.duration))
        };
        let against = against_times(case, &stated);
        match (told.iter().find(unlike), against) {
            (Some(earlier), _) => {
                let message = format!("It takes {} here and {} elsewhere.", duration.text, earlier.duration.text);
                findings.push(
                    Finding::at(duration.span, message)
                        .with(earlier.duration.span, format!("It takes {} here.", earlier.duration.text))
                        .instead("Give one length, from the times of the timeline."),
                );
            }
            (None, Some(finding)) => findings.push(finding),
            (None, None) => {}
        }
        told.push(stated);
    }
    findings.extend(since(case));
    findings
}

/// "17:20: it had been running for 10 minutes (since 15:10)": the row, the length and the time do not add up.
fn since(case: &Case<'_>) -> Vec<Finding> {
    let source = case.document().source;
    let mut row: Option<&Moment> = None;
    let mut findings = Vec::new();
    let durations = &case.facts().durations;
    for moment in &case.facts().moments {
        if moment.origin == Origin::Row {
            row = Some(moment);
            continue;
        }
        let head = source.get(..moment.span.start).unwrap_or_default().trim_end_matches([' ', '~', '(']);
        let (Some(above), Some(from), true) = (row, moment.local, head.ends_with("since")) else { continue };
        let near = durations.partition_point(|duration| duration.span.start < moment.span.start);
        let Some(length) = near.checked_sub(1).map(|at| &durations[at]) else { continue };
        let close = moment.span.start.saturating_sub(length.span.end) <= NEAR && length.span.start > above.span.end;
        let told = source.get(..length.span.start).unwrap_or_default().trim_end().ends_with("for");
        let (Some(until), true) = (above.local, close && told && above.has_time && moment.has_time) else { continue };
        let apart = times::minutes(until.duration_since(from)) - minutes(length);
        if apart.abs() > times::tolerance(above, moment).max(minutes(length) / 5).max(2) {
            let message = format!(
                "‘{}’ at {} began at {}, not at {}.",
                length.text,
                until.strftime("%H:%M"),
                until.checked_sub(jiff::Span::new().minutes(minutes(length))).unwrap_or(until).strftime("%H:%M"),
                from.strftime("%H:%M"),
            );
            findings.push(
                Finding::at(moment.span, message)
                    .with(length.span, "the length")
                    .with(above.span, "the time of the row")
                    .instead("Correct the one that is mistyped."),
            );
        }
    }
    findings
}

/// How far a time may stand behind its length, in bytes.
const NEAR: usize = 60;

/// A length that is told of the incident as a whole.
pub(super) struct Stated<'c> {
    pub(super) duration: &'c Duration,
    pub(super) of: DurationOf,
    /// Behind a label ("Time to repair: 4h 9m"), or in the title.
    labelled: bool,
}

impl Stated<'_> {
    /// From the beginning to the end, not only until somebody knew.
    fn whole(&self) -> bool {
        self.of != DurationOf::Detection && !(self.labelled && self.of == DurationOf::Repair)
    }

    /// True if the length may stand for `actual` minutes: one behind a label within a minute, a round one within half
    /// of what it is rounded to, an approximate one within 15 %.
    pub(super) fn fits(&self, actual: i64) -> bool {
        let told = minutes(self.duration);
        let rounding = match told {
            told if told >= 1440 && told % 1440 == 0 => 720,
            told if told >= 120 && told % 60 == 0 => 30,
            told if told >= 60 && told % 30 == 0 => 15,
            told if told >= 20 && told % 5 == 0 => 5,
            told if told % 5 == 0 => 2,
            _ => 0,
        };
        let room = match (self.labelled && self.of != DurationOf::Outage, self.duration.approximate) {
            (true, false) => if told % 5 == 0 { 2 } else { 1 },
            (_, true) => rounding.max(told * 15 / 100),
            (false, false) => rounding.max(told * 2 / 100),
        };
        (told - actual).abs() <= room.max(1)
    }
}

/// Tells of what a length is said, if it is said of the whole.
pub(super) fn stated<'c>(case: &Case<'_>, duration: &'c Duration) -> Option<Stated<'c>> {
    let block = case.block_at(duration.span.start)?;
    // "5h 09m (during support hours 10:00-17:00)" is counted with another clock.
    if WORKING.is_in(&duration.context) {
        return None;
    }
    let title = matches!(block.kind, BlockKind::Heading(1));
    let context = duration.context.trim_start_matches(['-', '*', ' ']);
    let before = context.find(duration.text.trim()).map_or("", |at| context.get(..at).unwrap_or_default());
    let before = before.rsplit('\n').next().unwrap_or(before);
    let before_label = before.trim_end_matches([' ', '*', '~', '≈']);
    let label = label_cell(block, duration)
        .or_else(|| (before.len() <= 40 && before_label.ends_with([':', '|'])).then_some(before_label));
    let labelled = title || label.is_some();
    if labelled {
        let of = match label {
            Some(label) if !title => of_label(label, duration.of)?,
            _ => duration.of.unwrap_or(DurationOf::Outage),
        };
        return Some(Stated { duration, of, labelled });
    }
    if let Some(of) = measured_from(context, duration) {
        return Some(Stated { duration, of, labelled });
    }
    let summed = block.kinds.has(Kinds::SUMMARY | Kinds::IMPACT | Kinds::STOPPED) || block.kinds.is_none();
    let detection = duration.of == Some(DurationOf::Detection);
    let unnoticed = ["unnoticed for", "undetected for"].iter().any(|words| before.trim_end().ends_with(words));
    if unnoticed {
        return Some(Stated { duration, of: DurationOf::Detection, labelled });
    }
    if !alone(case, duration) || beside_a_time(case, duration) {
        return None;
    }
    // "Logs were not shipped for ninety minutes."
    let broken = || {
        let words = crate::prose::split(&context.to_ascii_lowercase());
        Cues::of(context).effect || words.iter().any(|word| matches!(word.as_str(), "not" | "no" | "nobody" | "unable"))
    };
    let failing = before.trim_end_matches([' ', '~']).ends_with(" for") && broken();
    let whole = (failing || WHOLE.is_in(context)) && !PARTS.is_in(context);
    let of = if detection { DurationOf::Detection } else { DurationOf::Outage };
    ((detection || (summed && whole)) && minutes(duration) >= 5).then_some(Stated { duration, of, labelled })
}

/// The cell before the one that holds the length and nothing else: "Duration | 1h 13m".
fn label_cell<'b>(block: &'b crate::read::document::Block, duration: &Duration) -> Option<&'b str> {
    let cells: Vec<&str> = block.cells().collect();
    let at = cells.iter().position(|cell| cell.trim_start_matches(['~', '≈', ' ']).starts_with(duration.text.trim()))?;
    cells.get(at.checked_sub(1)?).copied().filter(|label| label.len() <= 40 && !label.is_empty())
}

/// What a label says that its length is the length of: nothing for "Complete outage", which is a part.
fn of_label(label: &str, told: Option<DurationOf>) -> Option<DurationOf> {
    let lower = label.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let all = |known: &[&str]| words.iter().all(|word| known.contains(word));
    match told {
        Some(DurationOf::Outage) | None => {
            let whole = all(&[
                "total", "duration", "length", "downtime", "outage", "incident", "time", "of", "the", "impact",
                "disruption", "interruption", "lasted", "event", "elapsed", "service", "overall", "and", "customer", "user",
            ]);
            let named = words.iter().any(|word| {
                matches!(*word, "duration" | "length" | "downtime" | "lasted" | "elapsed" | "total" | "outage" | "impact" | "disruption")
            });
            (whole && named).then_some(DurationOf::Outage)
        }
        of => of,
    }
}

/// "20 minutes after the first failed login" beside a word for noticing, "the incident was closed after 75 minutes".
fn measured_from(context: &str, duration: &Duration) -> Option<DurationOf> {
    let at = context.find(duration.text.trim())?;
    let (before, after) = (context.get(..at)?.to_lowercase(), context.get(at + duration.text.trim().len()..)?.to_lowercase());
    let noticed = ["notic", "alerted", "alerts", "detect", "paged", "discover", "found out", "fired"];
    let first = ["after the first", "after the start", "after it began", "after it started", "after the beginning", "after impact"];
    let from_first = first.iter().any(|words| after.trim_start().starts_with(words));
    if from_first && noticed.iter().any(|word| before.contains(word)) {
        return Some(DurationOf::Detection);
    }
    let ended = ["incident was closed after", "incident was over after", "incident was resolved after", "outage was over after", "outage ended after"];
    ended.iter().any(|words| before.trim_end().ends_with(words)).then_some(DurationOf::Outage)
}

/// True if the sentence names no other length. Lengths of one sentence stand beside each other in the facts.
fn alone(case: &Case<'_>, duration: &Duration) -> bool {
    let durations = &case.facts().durations;
    let at = durations.partition_point(|other| other.span.start < duration.span.start);
    let same = |other: Option<&Duration>| {
        other.is_some_and(|other| std::sync::Arc::ptr_eq(&other.context, &duration.context))
    };
    !same(at.checked_sub(1).and_then(|before| durations.get(before))) && !same(durations.get(at + 1))
}

/// True if the sentence gives a time as well: then it tells of what happened between two of them.
fn beside_a_time(case: &Case<'_>, duration: &Duration) -> bool {
    !beside(case, duration).is_empty()
}

/// The times of the sentence in which a length stands.
fn beside<'f>(case: &'f Case<'_>, duration: &Duration) -> Vec<&'f Moment> {
    let moments = &case.facts().moments;
    let reach = duration.context.len();
    let from = moments.partition_point(|moment| moment.span.start + reach < duration.span.start);
    let near = moments[from..].iter().take_while(|moment| moment.span.start < duration.span.end + reach);
    near.filter(|moment| moment.has_time && *moment.text == *duration.context.trim()).take(3).collect()
}

/// "It began at 10:54 and was over by 12:50, lasting 2 hours and 8 minutes": the sentence has both ends and the length.
fn in_its_sentence(case: &Case<'_>, duration: &Duration) -> Option<Finding> {
    let context = &duration.context;
    let lasting = ["lasting", "lasted"].iter().any(|word| context.contains(word));
    if !lasting || !alone(case, duration) || PARTS.is_in(context) || WORKING.is_in(context) {
        return None;
    }
    let (first, last, until) = match beside(case, duration).as_slice() {
        [only] => (*only, *only, only.until?),
        [first, last] if first.until.is_none() && last.until.is_none() => (*first, *last, last.local?),
        _ => return None,
    };
    let from = first.local?;
    let apart = times::minutes(until.duration_since(from));
    let stated = Stated { duration, of: DurationOf::Outage, labelled: false };
    let near = times::tolerance(first, last) > 0 && (minutes(duration) - apart).abs() <= times::tolerance(first, last);
    if apart <= 0 || stated.fits(apart) || near {
        return None;
    }
    let message = format!(
        "{} is stated, and from {} to {} it is {}.",
        duration.text,
        from.strftime("%H:%M"),
        until.strftime("%H:%M"),
        times::length(apart)
    );
    Some(
        Finding::at(duration.span, message)
            .with(first.span, "It begins here.")
            .with(last.span, "It is over here.")
            .instead("Correct the length or the times; better still, give the times and leave the length to them."),
    )
}

fn against_times(case: &Case<'_>, stated: &Stated<'_>) -> Option<Finding> {
    let duration = stated.duration;
    let (starts, ends): (&[Kind], &[Kind]) = match stated.of {
        DurationOf::Detection => (&[Kind::Start, Kind::Trigger], &[Kind::Detected, Kind::Declared]),
        DurationOf::Repair => (&[Kind::Start, Kind::Detected, Kind::Declared, Kind::Trigger], &[Kind::Mitigated, Kind::Resolved]),
        DurationOf::Outage | DurationOf::Resolution => {
            (&[Kind::Start, Kind::Detected, Kind::Declared, Kind::Trigger], &[Kind::Resolved, Kind::Mitigated])
        }
    };
    // A repair that has its own time is measured to that.
    let own_end = stated.of == DurationOf::Repair && labelled(case, Kind::Mitigated);
    let ends = if own_end { &ends[..1] } else { ends };
    let mut nearest: Option<(i64, &Milestone, &Milestone)> = None;
    for start in starts.iter().filter_map(|kind| case.milestone(*kind)) {
        for end in ends.iter().filter_map(|kind| case.milestone(*kind)) {
            let apart = match (start.at, end.at) {
                (Some(start), Some(end)) => times::minutes(end.duration_since(start)),
                _ => times::minutes(end.local?.duration_since(start.local?)),
            };
            if apart <= 0 {
                continue;
            }
            if stated.fits(apart) {
                return None;
            }
            let told = minutes(duration);
            if nearest.is_none_or(|(other, ..)| (apart - told).abs() < (other - told).abs()) {
                nearest = Some((apart, start, end));
            }
        }
    }
    let (apart, start, end) = nearest?;
    // Another pair of times may be meant: then the length is not wrong, only told of something else.
    if !own_end && (between_claims(case, stated) || (stated.labelled && between_rows(case, stated))) {
        return None;
    }
    // A day without a time is no measure.
    let timed = |milestone: &Milestone| case.facts().moments.get(milestone.moment).is_some_and(|moment| moment.origin != Origin::FrontMatter || stated.labelled);
    if !timed(start) || !timed(end) {
        return None;
    }
    let clock =
        |milestone: &Milestone| milestone.local.map(|local| local.strftime("%H:%M").to_string()).unwrap_or_default();
    let message = format!(
        "{} is stated, and from {} to {} it is {}.",
        duration.text,
        clock(start),
        clock(end),
        times::length(apart)
    );
    let named = |milestone: &Milestone| format!("{}: {}", clock(milestone), times::short(&milestone.text));
    Some(
        Finding::at(duration.span, message)
            .with(start.span, named(start))
            .with(end.span, named(end))
            .instead("Correct the length or the times; better still, give the times and leave the length to them."),
    )
}

fn labelled(case: &Case<'_>, kind: Kind) -> bool {
    case.milestone(kind)
        .and_then(|milestone| case.facts().moments.get(milestone.moment))
        .is_some_and(|moment| matches!(moment.origin, Origin::Label | Origin::FrontMatter))
}

/// True if a start and an end that are told anywhere are as far apart as the length says.
fn between_claims(case: &Case<'_>, stated: &Stated<'_>) -> bool {
    let starts = times::claims(case, Kind::Start);
    let ends = times::claims(case, Kind::Resolved);
    starts.iter().take(20).any(|start| {
        ends.iter().take(20).any(|end| {
            let apart = times::minutes(end.local.duration_since(start.local));
            apart > 0 && stated.fits(apart)
        })
    })
}

/// True if any later row is as far from one of the first rows, or from a milestone, as the length says.
fn between_rows(case: &Case<'_>, stated: &Stated<'_>) -> bool {
    let rows: Vec<&Moment> = times::rows(case).into_iter().take(60).collect();
    let first = rows.iter().take(4).filter_map(|row| row.meant);
    let starts = first.chain(case.facts().milestones.iter().filter_map(|milestone| milestone.local));
    let starts: Vec<_> = starts.collect();
    starts.iter().any(|start| {
        rows.iter().filter_map(|row| row.meant).any(|end| {
            let apart = times::minutes(end.duration_since(*start));
            apart > 0 && stated.fits(apart)
        })
    })
}

#[expect(clippy::cast_possible_truncation, reason = "lengths of incidents are far below the limit; larger ones saturate")]
pub(super) fn minutes(duration: &Duration) -> i64 {
    (duration.seconds / 60.0).round() as i64
}
