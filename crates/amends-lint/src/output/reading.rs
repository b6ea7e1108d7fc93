//! What was understood of a text, as JSON: so that a person can see why a rule fired, and programs can use it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::read::Reading;
use crate::read::facts::{Amount, Audience, DurationOf, MilestoneKind};

#[derive(Serialize)]
struct Item<'a> {
    path: &'a str,
    title: Option<&'a str>,
    date: Option<Date>,
    audience: Option<Audience>,
    time_zone: Option<&'a str>,
    milestones: Vec<Milestone<'a>>,
    durations: Vec<Duration<'a>>,
    quantities: Vec<Quantity<'a>>,
    causes: Vec<Cause<'a>>,
    whys: Vec<Why<'a>>,
    actions: Vec<Action<'a>>,
}

#[derive(Serialize)]
struct Milestone<'a> {
    kind: MilestoneKind,
    at: Option<Timestamp>,
    local: Option<String>,
    line: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct Duration<'a> {
    line: usize,
    text: &'a str,
    seconds: f64,
    approximate: bool,
    of: Option<DurationOf>,
}

#[derive(Serialize)]
struct Quantity<'a> {
    line: usize,
    text: &'a str,
    /// `count`, `percent`, `money`, `all`, `nothing`, `woolly`.
    kind: &'static str,
    value: Option<f64>,
    noun: &'a str,
    approximate: bool,
}

#[derive(Serialize)]
struct Cause<'a> {
    line: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct Why<'a> {
    line: usize,
    text: &'a str,
    depth: usize,
    parent: Option<usize>,
    question: bool,
}

#[derive(Serialize)]
struct Action<'a> {
    line: usize,
    text: &'a str,
    strength: &'static str,
    owner: Option<&'a str>,
    due: Option<&'a str>,
    verifiable: bool,
    tracker: Option<&'a str>,
    done: bool,
}

/// An array with one object per text: `{path, title, date, audience, time_zone, milestones, durations, quantities,
/// causes, whys, actions}`.
pub fn reading(files: &[(&str, &Reading<'_>)]) -> String {
    let items: Vec<Item<'_>> = files.iter().map(|(path, reading)| item(path, reading)).collect();
    // Structs of strings and numbers can always be written.
    serde_json::to_string_pretty(&items).unwrap_or_default() + "\n"
}

fn item<'a>(path: &'a str, reading: &'a Reading<'_>) -> Item<'a> {
    let facts = &reading.facts;
    let minute = |local: jiff::civil::DateTime| local.strftime("%Y-%m-%dT%H:%M").to_string();
    Item {
        path,
        title: facts.title.as_ref().map(|said| said.value.as_str()),
        date: facts.date.as_ref().map(|said| said.value),
        audience: facts.audience.as_ref().map(|said| said.value),
        time_zone: facts.time_zone.as_ref().map(|said| said.value.text.as_str()),
        milestones: facts
            .milestones
            .iter()
            .map(|milestone| Milestone {
                kind: milestone.kind,
                at: milestone.at,
                local: milestone.local.map(minute),
                line: milestone.line,
                text: &milestone.text,
            })
            .collect(),
        durations: facts
            .durations
            .iter()
            .map(|duration| Duration {
                line: duration.line,
                text: &duration.text,
                seconds: duration.seconds,
                approximate: duration.approximate,
                of: duration.of,
            })
            .collect(),
        quantities: facts
            .quantities
            .iter()
            .map(|quantity| {
                let (kind, value) = match quantity.amount {
                    Amount::Count(count) => ("count", Some(count)),
                    Amount::Percent(percent) => ("percent", Some(percent)),
                    Amount::Money(money) => ("money", Some(money)),
                    Amount::All => ("all", None),
                    Amount::Nothing => ("nothing", None),
                    Amount::Woolly => ("woolly", None),
                };
                Quantity {
                    line: quantity.line,
                    text: &quantity.text,
                    kind,
                    value,
                    noun: &quantity.noun,
                    approximate: quantity.approximate,
                }
            })
            .collect(),
        causes: facts.causes.iter().map(|said| Cause { line: said.line, text: &said.value }).collect(),
        whys: facts
            .whys
            .iter()
            .map(|why| Why {
                line: why.line,
                text: &why.text,
                depth: why.depth,
                parent: why.parent,
                question: why.question,
            })
            .collect(),
        actions: facts
            .actions
            .iter()
            .map(|action| Action {
                line: action.line,
                text: &action.text,
                strength: action.strength.grade().as_str(),
                owner: action.owner.as_deref(),
                due: action.due.as_deref(),
                verifiable: action.verifiable,
                tracker: action.tracker.as_deref(),
                done: action.done,
            })
            .collect(),
    }
}
