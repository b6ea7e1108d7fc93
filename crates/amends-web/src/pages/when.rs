//! Times as a signed-in person reads them: in the zone they chose, UTC on hover. The browser's own zone plays no part, so
//! that what a person reads and what they type are always in the same zone.

use amends_model::local_time;
use askama::filters::HtmlSafe;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// The reader's zone and now.
#[derive(Debug, Clone)]
pub struct When {
    /// The reader's zone.
    pub zone: TimeZone,
    /// The instant that the page is rendered for.
    pub now: Timestamp,
}

/// Markup that this program made itself; templates do not escape it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(pub String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

impl When {
    /// `20 Nov 15:19`, with the year when it is another one.
    pub fn stamp(&self, at: Timestamp) -> Markup {
        self.element(at, &self.stamp_text(at))
    }

    /// `15:19` when that is today, else as [`When::stamp`].
    pub fn time(&self, at: Timestamp) -> Markup {
        self.element(at, &self.time_text(at))
    }

    /// `15:19` alone, for a line beneath a heading that says the day.
    pub fn clock(&self, at: Timestamp) -> Markup {
        self.element(at, &local_time::show_time(at, &self.zone))
    }

    /// `15:19` when that is on the day of `other`, else as [`When::stamp`].
    pub fn time_beside(&self, at: Timestamp, other: Timestamp) -> Markup {
        if self.day(at) == self.day(other) { self.clock(at) } else { self.stamp(at) }
    }

    /// As [`When::stamp`], without markup.
    pub fn stamp_text(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let this_year = zoned.year() == self.now.to_zoned(self.zone.clone()).year();
        zoned.strftime(if this_year { "%-d %b %H:%M" } else { "%-d %b %Y %H:%M" }).to_string()
    }

    /// As [`When::time`], without markup.
    pub fn time_text(&self, at: Timestamp) -> String {
        if self.day(at) == self.day(self.now) {
            local_time::show_time(at, &self.zone)
        } else {
            self.stamp_text(at)
        }
    }

    /// `Friday 20 November`, with the year when it is another one: a heading for what happened that day.
    pub fn day_heading(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let today = self.day(self.now);
        if zoned.date() == today {
            return "Today".into();
        }
        if today.yesterday().is_ok_and(|y| y == zoned.date()) {
            return "Yesterday".into();
        }
        zoned.strftime(if zoned.year() == today.year() { "%A %-d %B" } else { "%A %-d %B %Y" }).to_string()
    }

    /// As a person types it into a field: `2026-11-20 15:04`.
    pub fn typed(&self, at: Timestamp) -> String {
        local_time::show(at, &self.zone)
    }

    /// The day in the reader's zone.
    pub fn day(&self, at: Timestamp) -> jiff::civil::Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// From when until when: the day once when both are on one.
    pub fn range(&self, from: Timestamp, until: Timestamp) -> Markup {
        let until_text =
            if self.day(from) == self.day(until) { self.clock(until) } else { self.stamp(until) };
        Markup(format!("{} to {until_text}", self.stamp(from)))
    }

    /// `24 min ago` or `in 24 min`, as a `<time>` element.
    pub fn distance(&self, at: Timestamp) -> Markup {
        self.element(at, &distance(self.now, at))
    }

    /// How long it has been going on, ticking where there is script.
    pub fn running(&self, since: Timestamp) -> Markup {
        Markup(format!(
            r#"<span class="num" data-clock="{}">{}</span>"#,
            since.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            local_time::show_duration(self.now.duration_since(since).max(SignedDuration::ZERO))
        ))
    }

    /// The zone as people call it now, such as `CET` or `UTC+03`, and where it is.
    pub fn zone_name(&self) -> String {
        let short = self.now.to_zoned(self.zone.clone()).strftime("%Z").to_string();
        let short = if short.starts_with(['+', '-']) { format!("UTC{short}") } else { short };
        match self.zone.iana_name() {
            Some("Etc/UTC" | "UTC" | "Etc/GMT") | None => short,
            Some(name) => format!("{name}, {short}"),
        }
    }

    fn element(&self, at: Timestamp, text: &str) -> Markup {
        let utc = at.to_zoned(TimeZone::UTC);
        Markup(format!(
            r#"<time datetime="{}" title="{}">{text}</time>"#,
            utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            utc.strftime("%Y-%m-%d %H:%M:%S UTC")
        ))
    }
}

/// `24 min ago`, `in 24 min` or `now`.
pub fn distance(now: Timestamp, at: Timestamp) -> String {
    let length = at.duration_since(now);
    if length.abs() < SignedDuration::from_mins(1) {
        return "now".into();
    }
    let text = short(length.abs());
    if length.is_negative() { format!("{text} ago") } else { format!("in {text}") }
}

/// A length of time for a person in a hurry: `24 min`, `2 h 5 min`, `3 days`.
pub fn short(length: SignedDuration) -> String {
    let minutes = length.as_secs().unsigned_abs() / 60;
    let some = |n: u64, unit: &str| if n > 0 { format!(" {n} {unit}") } else { String::new() };
    match minutes {
        0 => "under a minute".into(),
        1..60 => format!("{minutes} min"),
        60..1440 => format!("{} h{}", minutes / 60, some(minutes % 60, "min")),
        1440..2880 => format!("1 day{}", some(minutes % 1440 / 60, "h")),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("instant")
    }

    fn berlin() -> When {
        When { zone: TimeZone::get("Europe/Berlin").expect("zone"), now: at("2026-11-20T15:24:00Z") }
    }

    #[test]
    fn times_are_in_the_readers_zone_with_utc_on_hover() {
        let when = berlin();
        assert_eq!(
            when.time(at("2026-11-20T14:19:30Z")).0,
            r#"<time datetime="2026-11-20T14:19:30Z" title="2026-11-20 14:19:30 UTC">15:19</time>"#
        );
        assert_eq!(when.time_text(at("2026-11-20T23:30:00Z")), "21 Nov 00:30", "that is tomorrow in Berlin");
        assert_eq!(when.stamp_text(at("2025-07-01T10:00:00Z")), "1 Jul 2025 12:00");
        assert_eq!(when.day_heading(at("2026-11-19T22:59:00Z")), "Yesterday");
        assert_eq!(when.day_heading(at("2026-11-19T23:01:00Z")), "Today");
        assert_eq!(when.day_heading(at("2026-11-13T12:00:00Z")), "Friday 13 November");
        assert_eq!(when.zone_name(), "Europe/Berlin, CET");
    }

    #[test]
    fn distances_are_rounded_down_to_what_matters() {
        let now = at("2026-11-20T15:24:00Z");
        for (to, text) in [
            ("2026-11-20T15:24:30Z", "now"),
            ("2026-11-20T15:40:00Z", "in 16 min"),
            ("2026-11-20T15:20:00Z", "4 min ago"),
            ("2026-11-20T13:19:00Z", "2 h 5 min ago"),
            ("2026-11-21T17:24:00Z", "in 1 day 2 h"),
            ("2026-11-13T15:24:00Z", "7 days ago"),
        ] {
            assert_eq!(distance(now, at(to)), text);
        }
    }
}
