//! # The text and the record disagree
//!
//! A milestone, a length or a severity that is not the one on the incident's record, a number of something that the
//! record, or the other text about the same incident, counts differently, or a component that was hurt and is not
//! mentioned. Needs the record: inside Amends, or a file given with the text.
//!
//! ## Why it matters
//!
//! The text is read for years, and the record is what was measured. A number that exists twice is wrong once.
//!
//! ## Bad
//!
//! ```text
//! 510 emails were not sent. (record: 500 emails)
//! ```
//!
//! ## Good
//!
//! ```text
//! 500 emails were not sent.
//! ```
//!
//! ## Source
//!
//! A common complaint: the public letter and the internal report give different numbers.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::facts::{Amount, DurationOf, MilestoneKind as Kind, Quantity};
use crate::read::section::Kinds;
use crate::read::span::Span;
use crate::record::Record;
use crate::rule::Rule;
use crate::rules::t10;
use crate::times;
use std::collections::BTreeMap;

pub(crate) const RULE: Rule = Rule::new("X01", Level::Error, include_str!("x01.rs"), check);

const INSTEAD: &str = "Correct the text, or the record if that is wrong.";

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(record) = case.record else { return Vec::new() };
    let mut findings = milestones(case, record);
    findings.extend(lengths(case, record));
    findings.extend(severities(case, record));
    findings.extend(counted(case, record));
    findings.extend(elsewhere(case, record));
    findings.extend(components(case, record));
    findings
}

/// Components that were hurt and that a text which tells of its impact does not mention.
fn components(case: &Case<'_>, record: &Record) -> Option<Finding> {
    let told = Kinds::IMPACT | Kinds::STOPPED | Kinds::SUMMARY;
    let place = case.heading_of(told)?;
    case.sentences_about(told).next()?;
    let source = case.document().source.to_lowercase();
    // "Shop - Checkout": the group and the name.
    let named = |name: &str| name.rsplit(" - ").next().is_some_and(|name| source.contains(&name.to_lowercase()));
    let absent = record.components.iter().filter(|(name, _)| !named(name));
    let absent: Vec<String> = absent.map(|(name, how)| format!("{name} ({how})")).collect();
    if absent.is_empty() {
        return None;
    }
    let message = format!("The record says that these were hurt, and the text does not: {}.", absent.join(", "));
    let finding = Finding::at(place, message).at_most(Level::Warning);
    Some(finding.instead("Say what users of them could not do, or correct the record."))
}

fn milestones(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What the status page says about the first word is compared by X02.
    let here = |kind: Kind| kind != Kind::FirstWord || record.updates.is_empty();
    for milestone in case.facts().milestones.iter().filter(|milestone| here(milestone.kind)) {
        let (Some(told), Some(known)) = (milestone.at, record.milestone(milestone.kind)) else { continue };
        let Some(moment) = case.facts().moments.get(milestone.moment).filter(|moment| moment.has_time) else { continue };
        let apart = times::minutes(told.duration_since(known));
        if apart.abs() <= if moment.approximate { 15 } else { 1 } {
            continue;
        }
        // The record's time on the clock that the text uses.
        let clock = milestone.local.and_then(|local| Some((local, local.checked_add(known.duration_since(told)).ok()?)));
        let shown = clock.map_or_else(|| known.to_string(), |(told, known)| times::told(known, told));
        let source = record.source(milestone.kind).map_or_else(String::new, |source| format!(" ({source})"));
        let side = if apart > 0 { "earlier" } else { "later" };
        let message = format!(
            "On the record {} at {shown}{source}, {} {side} than is told here.",
            words(milestone.kind),
            times::length(apart.abs()),
        );
        findings.push(Finding::at(milestone.span, message).instead(INSTEAD));
    }
    findings
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Trigger => "it was set off",
        Kind::Start => "it began",
        Kind::Detected => "it was noticed",
        Kind::Declared => "it was declared",
        Kind::FirstWord => "customers were first told",
        Kind::Mitigated => "customers no longer hurt",
        Kind::Resolved => "it was over",
    }
}

/// Lengths of the whole, of the repair and of the time until somebody knew, that fit no pair of the record's milestones.
fn lengths(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    for duration in &case.facts().durations {
        let Some(stated) = t10::stated(case, duration) else { continue };
        let (starts, ends): (&[Kind], &[Kind]) = match stated.of {
            DurationOf::Detection => (&[Kind::Start], &[Kind::Detected, Kind::Declared]),
            DurationOf::Repair => (&[Kind::Start, Kind::Detected, Kind::Declared], &[Kind::Mitigated, Kind::Resolved]),
            DurationOf::Outage | DurationOf::Resolution => (&[Kind::Start, Kind::Detected], &[Kind::Resolved, Kind::Mitigated]),
        };
        let known = |kinds: &[Kind]| kinds.iter().filter_map(|kind| Some((*kind, record.milestone(*kind)?))).collect::<Vec<_>>();
        let (starts, ends) = (known(starts), known(ends));
        let pairs = starts.iter().flat_map(|start| ends.iter().map(move |end| (start, end)));
        let lengths: Vec<_> = pairs.map(|(start, end)| (times::minutes(end.1.duration_since(start.1)), start.0, end.0)).collect();
        if lengths.iter().any(|(length, ..)| stated.fits(*length)) {
            continue;
        }
        let Some((length, start, end)) = lengths.first().filter(|(length, ..)| *length >= 0) else { continue };
        let message = format!(
            "‘{}’ is told here; on the record it is {}, from when {} until {}.",
            duration.text.trim(),
            times::length(*length),
            words(*start),
            words(*end),
        );
        findings.push(Finding::at(duration.span, message).instead(INSTEAD));
    }
    findings
}

/// "SEV-1", "sev 1", "severity 1" where the incident never had it.
fn severities(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    if record.severities.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for sentence in case.sentences() {
        let words = sentence.words();
        for (at, word) in words.iter().enumerate() {
            let Some(rest) = word.strip_prefix("severity").or_else(|| word.strip_prefix("sev")) else { continue };
            let (digits, end) = match rest.trim_start_matches('-') {
                "" => (words.get(at + 1).copied().unwrap_or_default(), at + 2),
                rest => (rest, at + 1),
            };
            let Some(told) = digits.parse::<u8>().ok().filter(|told| (1..=5).contains(told)) else { continue };
            if record.severities.contains(&told) {
                continue;
            }
            let known: Vec<String> = record.severities.iter().map(|severity| format!("sev{severity}")).collect();
            let message = format!("On the record the severity is {}.", known.join(", then "));
            // Another incident may be meant.
            findings.push(Finding::at(sentence.span_of(at, end), message).instead(INSTEAD).at_most(Level::Warning));
        }
    }
    findings
}

/// What is counted: of the words after a number the first plural near it, without its ending; or else the first word.
fn thing(noun: &str) -> String {
    let noun = noun.to_lowercase();
    let plural = |word: &&str| word.len() > 3 && word.ends_with('s') && !word.ends_with("ss");
    let word = noun.split_whitespace().take(3).find(plural).or_else(|| noun.split_whitespace().next());
    word.unwrap_or_default().trim_end_matches('s').to_owned()
}

/// True if the numbers are not the same, with room where the text says that it is not exact.
fn differ(told: f64, known: f64, approximate: bool) -> bool {
    let room = if approximate { 0.1 * known.abs() } else { 0.0 };
    (told - known).abs() > room
}

fn counted(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    let mut findings = Vec::new();
    for quantity in &case.facts().quantities {
        let Amount::Count(told) = quantity.amount else { continue };
        let noun = quantity.noun.to_lowercase();
        let counted = record.quantities.iter().find(|(_, of)| {
            let of = of.to_lowercase();
            noun.split_whitespace().any(|word| word.trim_end_matches('s') == of.trim_end_matches('s'))
        });
        let Some((known, of)) = counted else { continue };
        if differ(told, *known, quantity.approximate) {
            let message = format!("The record counts {known} {of}, and this is ‘{}’.", quantity.text);
            findings.push(Finding::at(quantity.span, message).instead(INSTEAD));
        }
    }
    findings
}

/// Nouns that measure, and do not count what was hurt.
const MEASURES: [&str; 14] = [
    "minute", "min", "hour", "second", "day", "week", "month", "year", "percent", "time", "step", "way", "line", "part",
];

/// A thing that this text and the other each count once, with numbers close enough to be meant for the same.
fn elsewhere(case: &Case<'_>, record: &Record) -> Vec<Finding> {
    let mut there: BTreeMap<String, Vec<&crate::record::Elsewhere>> = BTreeMap::new();
    for told in &record.elsewhere {
        there.entry(thing(&told.noun)).or_default().push(told);
    }
    let mut here: BTreeMap<String, Vec<(f64, &Quantity)>> = BTreeMap::new();
    for quantity in &case.facts().quantities {
        if let Amount::Count(count) = quantity.amount {
            here.entry(thing(&quantity.noun)).or_default().push((count, quantity));
        }
    }
    let mut findings: Vec<(Span, Finding)> = Vec::new();
    for (thing, told) in here.iter().filter(|(thing, _)| !thing.is_empty() && !MEASURES.contains(&thing.as_str())) {
        let Some(known) = there.get(thing) else { continue };
        let (first, other) = (told[0].0, known[0]);
        if told.iter().any(|(count, _)| differ(*count, first, false)) || known.iter().any(|known| differ(known.count, other.count, false)) {
            continue;
        }
        let near = first >= 2.0 && other.count >= 2.0 && (0.5..=2.0).contains(&(first / other.count));
        for (count, quantity) in told {
            if near && differ(*count, other.count, quantity.approximate) {
                let message = format!("‘{}’ is told here, and {} has {} {thing}s.", quantity.text, other.place, other.count);
                findings.push((quantity.span, Finding::at(quantity.span, message).instead("Give one number in both.")));
            }
        }
    }
    findings.sort_by_key(|(span, _)| *span);
    findings.into_iter().map(|(_, finding)| finding).collect()
}
