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
use crate::finding::{Finding, Level};
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T12", Level::Error, include_str!("t12.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (here, there, minutes) in events::twice(case) {
        let (Some(a), Some(b)) = (here.moment.local, there.moment.local) else { continue };
        let half_day = minutes == 720;
        let message = format!(
            "{} is told with two times, {} here and {} elsewhere{}.",
            here.class.noun(),
            times::told(a, b),
            times::told(b, a),
            if half_day { ": twelve hours apart, as AM and PM are" } else { "" }
        );
        findings.push(
            Finding::at(here.moment.span, message)
                .with(there.moment.span, format!("{} here: {}", times::told(b, a), times::short(&there.moment.text)))
                .instead("Keep the time that the logs show; if these are two events, say what makes them different."),
        );
    }
    findings
}
