//! # One event, two times
//!
//! An event (a deployment, a rollback, a restart, the declaration, the first notice) that is told in two places
//! with the same words and different times.
//!
//! ## Why it matters
//!
//! A reader cannot tell which of the two holds, and every conclusion from the order of events hangs on it.
//!
//! ## Bad
//!
//! ```text
//! * 11:05 Configuration pushed … At 11:19 a configuration change was released.
//! ```
//!
//! ## Good
//!
//! ```text
//! * 11:05 Configuration pushed … At 11:05 a configuration change was released.
//! ```
//!
//! ## Source
//!
//! A published postmortem whose timeline and analysis are 14 minutes apart about one deployment.

use crate::case::Case;
use crate::events;
use crate::read::facts::Moment;
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T12", Level::Error, include_str!("t12.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = events::half_day_slips(case).into_iter().map(slip).collect();
    findings.extend(events::zone_slips(case).into_iter().map(conversion));
    for (here, there, _) in events::twice(case) {
        let (Some(a), Some(b)) = (here.moment.local, there.moment.local) else { continue };
        let message = format!(
            "{} is told with two times, {} here and {} elsewhere.",
            here.class.noun(),
            times::told(a, b),
            times::told(b, a),
        );
        findings.push(
            Finding::at(here.moment.span, message)
                .with(there.moment.span, format!("{} here: {}", times::told(b, a), times::short(&there.moment.text)))
                .instead("Keep the time that the logs show; if these are two events, say what makes them different."),
        );
    }
    findings
}

fn slip((moment, row): (&Moment, &Moment)) -> Finding {
    let clock = |moment: &Moment| moment.local.map_or(String::new(), |local| local.strftime("%H:%M").to_string());
    let message = format!("This is {}, and the row about it is at {}: twelve hours apart, as AM and PM are.", clock(moment), clock(row));
    Finding::at(moment.span, message)
        .with(row.span, format!("{} here: {}", clock(row), times::short(&row.text)))
        .instead("Write the time on the 24-hour clock, in which the slip cannot happen.")
}

fn conversion((moment, row, minutes): (&Moment, &Moment, i64)) -> Finding {
    let zoned = |moment: &Moment| {
        let clock = moment.local.map_or(String::new(), |local| local.strftime("%H:%M").to_string());
        format!("{clock} {}", moment.zone.as_ref().map_or("", |zone| zone.text.as_str()))
    };
    let message = format!(
        "This is {}, and the row about it is at {}: {} apart, as a conversion into the wrong zone makes them.",
        zoned(moment),
        zoned(row),
        times::length(minutes)
    );
    Finding::at(moment.span, message)
        .with(row.span, format!("{} here: {}", zoned(row), times::short(&row.text)))
        .instead("Convert it again, or name the zone that the rows are really in.")
}
