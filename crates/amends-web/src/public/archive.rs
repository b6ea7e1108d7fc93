//! `history.json?page=N`: the archive by quarters, as Statuspage's history page reads it; page 1 is the newest.

use super::api_v2::json;
use super::markdown;
use super::view::Item;
use super::when::When;
use amends_model::incident::Phase;
use amends_model::maintenance::MaintenanceState;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

#[derive(Serialize)]
struct Archive {
    components: Vec<String>,
    months: Vec<Month>,
}

#[derive(Serialize)]
struct Month {
    name: String,
    year: i16,
    starts_on: i8,
    days: i8,
    incidents: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    code: String,
    name: String,
    message: String,
    impact: &'static str,
    timestamp: String,
}

/// First day of the first and of the last month of a page; `this_month` is the newest month there is.
pub fn quarter(this_month: Date, page: u32) -> (Date, Date) {
    let back = |months: u32| {
        let months = i64::from(months).min(12 * 2000);
        this_month.checked_sub(months.months()).unwrap_or(this_month).first_of_month()
    };
    let newest = page.saturating_sub(1).saturating_mul(3);
    (back(newest.saturating_add(2)), back(newest))
}

/// The page with the months from `first` to `last`, newest first; `past` is what began in them, newest first.
pub fn page<'a>(
    (first, last): (Date, Date),
    past: impl IntoIterator<Item = Item<'a>>,
    when: &When,
) -> Vec<u8> {
    let past: Vec<Item> = past.into_iter().collect();
    let mut months = vec![];
    let mut month = last;
    while month >= first {
        let mine = past.iter().filter(|i| when.date(i.began()).first_of_month() == month);
        months.push(Month {
            name: month.strftime("%B").to_string(),
            year: month.year(),
            starts_on: month.weekday().to_sunday_zero_offset(),
            days: month.days_in_month(),
            incidents: mine.map(|i| line(*i, when)).collect(),
        });
        let Ok(before) = month.checked_sub(1.month()) else { break };
        month = before;
    }
    json(&Archive { components: vec![], months })
}

/// A page before the beginning: no months, which is how readers know that they have everything.
pub fn nothing() -> Vec<u8> {
    json(&Archive { components: vec![], months: vec![] })
}

fn line(item: Item, when: &When) -> Line {
    let (from, until, title, said, impact) = match item {
        Item::Incident(i) => {
            let until = i.resolved_at.filter(|_| i.phase == Phase::Resolved);
            (i.started_at, until, &i.title, i.updates.first().map(|u| &u.text), i.impact.as_str())
        }
        Item::Maintenance(m) => {
            let until = m.completed_at.filter(|_| m.state == MaintenanceState::Completed);
            let until = until.or(Some(m.scheduled_until));
            (item.began(), until, &m.title, m.updates.first().map(|u| &u.text), "maintenance")
        }
    };
    Line {
        code: item.id().to_owned(),
        name: title.clone(),
        message: said.map_or(String::new(), |t| markdown::excerpt(t, 1000)),
        impact,
        timestamp: stretch(from, until, when),
    }
}

/// `Aug <var data-var='date'>10</var>, <var data-var='time'>00:17</var> - <var data-var='time'>01:30</var> UTC`
fn stretch(from: Timestamp, until: Option<Timestamp>, when: &When) -> String {
    const MOMENT: &str = "%b <var data-var='date'>%-d</var>, <var data-var='time'>%H:%M</var>";
    let zoned = |at: Timestamp| at.to_zoned(when.zone.clone());
    let start = zoned(from).strftime(MOMENT).to_string();
    let end = match until {
        None => String::new(),
        Some(at) if when.date(at) == when.date(from) => {
            zoned(at).strftime(" - <var data-var='time'>%H:%M</var>").to_string()
        }
        Some(at) => format!(" - {}", zoned(at).strftime(MOMENT)),
    };
    format!("{start}{end} {}", zoned(from).strftime("%Z"))
}
