//! # Published late
//!
//! A text whose front matter dates its publication later after the incident than its tier allows: 30 days for tier
//! 0, 10 for tier 1, 7 for tier 2, 5 for tier 3.
//!
//! ## Why it matters
//!
//! Details fade within days, and so does the will to change something.
//!
//! ## Bad
//!
//! ```text
//! date: 2016-05-03 … On April 21 emails were not sent.
//! ```
//!
//! ## Good
//!
//! ```text
//! date: 2016-04-25 … On April 21 emails were not sent.
//! ```
//!
//! ## Source
//!
//! GitLab and PagerDuty ask for a draft within five working days of a severe incident.

use crate::case::Case;
use crate::finding::{Finding, Level};
use crate::read::clock::WrittenDate;
use crate::read::clock;
use crate::read::facts::MilestoneKind;
use crate::rule::Rule;
use crate::times;

pub(crate) const RULE: Rule = Rule::new("T21", Level::Warning, include_str!("t21.rs"), check);

fn check(case: &Case<'_>) -> Vec<Finding> {
    let published = || {
        let front = case.document().front.as_ref()?;
        let field = front.get("published").or_else(|| front.get("date")).or_else(|| front.get("publish_date"))?;
        match clock::read_value(&field.value)?.date? {
            WrittenDate::Full(date) => Some((date, field.span)),
            _ => None,
        }
    };
    let Some((published, place)) = published() else { return Vec::new() };
    let end = case.milestone(MilestoneKind::Resolved).or(case.milestone(MilestoneKind::Start));
    let end = end.and_then(|milestone| Some((milestone.local?.date(), milestone.span)));
    let timed = || {
        let first = case.facts().moments.iter().find(|moment| moment.has_time && times::counts(case, moment))?;
        Some((first.meant?.date(), first.span))
    };
    let dated = || case.facts().date.as_ref().map(|said| (said.value, said.span));
    let Some((end, told)) = end.or_else(timed).or_else(dated) else { return Vec::new() };
    let limit = match case.tier() {
        0 => 30,
        1 => 10,
        2 => 7,
        _ => 5,
    };
    let days = published.duration_since(end).as_hours() / 24;
    // A date years away is that of another thing, such as a template.
    if days <= limit || days > 365 {
        return Vec::new();
    }
    let message = format!("It is published {days} days after the incident ({end}); {limit} are allowed at tier {}.", case.tier());
    vec![Finding::at(place, message).with(told, format!("The incident is dated {end} here.")).instead("Publish what is known within the limit and add to it later.")]
}
