//! Times as readers see them: right without script, in the page's zone by name; the script makes them the reader's own.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The page's zone and the instant it is rendered for.
#[derive(Debug, Clone)]
pub struct When {
    /// The page's zone.
    pub zone: TimeZone,
    /// Now.
    pub now: Timestamp,
}

impl When {
    /// `20 Nov, 15:19 CET`, with the year when it is another one; as a `<time>` element, UTC on hover.
    pub fn stamp(&self, at: Timestamp) -> String {
        self.element(at, "stamp", &self.stamp_text(at))
    }

    /// `15:19 CET` when that is today, else as [`When::stamp`]; as a `<time>` element, UTC on hover.
    pub fn time(&self, at: Timestamp) -> String {
        self.element(at, "time", &self.time_text(at))
    }

    /// As [`When::stamp`], without markup.
    pub fn stamp_text(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        let this_year = zoned.year() == self.now.to_zoned(self.zone.clone()).year();
        let form = if this_year { "%-d %b, %H:%M %Z" } else { "%-d %b %Y, %H:%M %Z" };
        zoned.strftime(form).to_string()
    }

    /// As [`When::time`], without markup.
    pub fn time_text(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        if zoned.date() == self.today() {
            zoned.strftime("%H:%M %Z").to_string()
        } else {
            self.stamp_text(at)
        }
    }

    /// From when until when: the second time alone when both are on one day.
    pub fn range(&self, from: Timestamp, until: Timestamp) -> String {
        let (a, b) = (from.to_zoned(self.zone.clone()), until.to_zoned(self.zone.clone()));
        if a.date() == b.date() {
            let form = if a.year() == self.now.to_zoned(self.zone.clone()).year() {
                "%-d %b, %H:%M"
            } else {
                "%-d %b %Y, %H:%M"
            };
            let first = self.element(from, "stamp", &a.strftime(form).to_string());
            // Another form, so that the script leaves the day out where the server did.
            let second = self.element(until, "till", &b.strftime("%H:%M %Z").to_string());
            format!("{first} to {second}")
        } else {
            format!("{} to {}", self.stamp(from), self.stamp(until))
        }
    }

    /// The day on which it is, in the page's zone.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Today in the page's zone.
    pub fn today(&self) -> Date {
        self.date(self.now)
    }

    /// The page's zone as people call it now: `CET`, `UTC`, or `UTC+03`.
    pub fn zone_name(&self) -> String {
        let name = self.now.to_zoned(self.zone.clone()).strftime("%Z").to_string();
        if name.starts_with(['+', '-']) { format!("UTC{name}") } else { name }
    }

    fn element(&self, at: Timestamp, form: &str, text: &str) -> String {
        let utc = at.to_zoned(TimeZone::UTC);
        format!(
            r#"<time datetime="{}" data-as="{form}" title="{}">{text}</time>"#,
            utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            utc.strftime("%Y-%m-%d %H:%M UTC")
        )
    }
}

/// `20 Nov`, with the year when it is another than `today`'s.
pub fn day(date: Date, today: Date) -> String {
    let form = if date.year() == today.year() { "%-d %b" } else { "%-d %b %Y" };
    date.strftime(form).to_string()
}

/// A length of time in words: `41 min`, `1 h 52 min`, `3 days 4 h`. Less than a minute counts as one.
pub fn length(minutes: u64) -> String {
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let some = |n: u64, unit: &str| if n > 0 { format!(" {n} {unit}") } else { String::new() };
    match (days, hours) {
        (0, 0) => format!("{} min", minutes.max(1)),
        (0, _) => format!("{hours} h{}", some(rest, "min")),
        (1, _) => format!("1 day{}", some(hours, "h")),
        _ => format!("{days} days{}", some(hours, "h")),
    }
}

/// The whole minutes from one instant to another, rounded up; none if it runs backwards.
pub fn minutes_between(from: Timestamp, until: Timestamp) -> u64 {
    let length: SignedDuration = until.duration_since(from);
    u64::try_from((length.as_secs() + 59) / 60).unwrap_or(0)
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
    fn times_name_their_zone_and_carry_the_instant() {
        let when = berlin();
        assert_eq!(
            when.time(at("2026-11-20T14:19:30Z")),
            r#"<time datetime="2026-11-20T14:19:30Z" data-as="time" title="2026-11-20 14:19 UTC">15:19 CET</time>"#
        );
        assert_eq!(
            when.time_text(at("2026-11-20T23:30:00Z")),
            "21 Nov, 00:30 CET",
            "that is tomorrow in Berlin"
        );
        assert_eq!(when.stamp_text(at("2026-07-01T10:00:00Z")), "1 Jul, 12:00 CEST");
        assert_eq!(when.stamp_text(at("2025-12-31T23:30:00Z")), "1 Jan, 00:30 CET");
        assert_eq!(when.stamp_text(at("2025-12-31T10:30:00Z")), "31 Dec 2025, 11:30 CET");
    }

    #[test]
    fn ranges_name_a_day_once() {
        let when = berlin();
        let plain = |html: String| {
            html.split('<').filter_map(|p| p.split_once('>')).map(|(_, t)| t).collect::<String>()
        };
        assert_eq!(
            plain(when.range(at("2026-11-29T05:00:00Z"), at("2026-11-29T05:30:00Z"))),
            "29 Nov, 06:00 to 06:30 CET"
        );
        assert_eq!(
            plain(when.range(at("2026-11-29T22:00:00Z"), at("2026-11-30T05:30:00Z"))),
            "29 Nov, 23:00 CET to 30 Nov, 06:30 CET"
        );
    }

    #[test]
    fn lengths_read_well() {
        for (minutes, text) in [
            (0, "1 min"),
            (59, "59 min"),
            (60, "1 h"),
            (112, "1 h 52 min"),
            (1440, "1 day"),
            (4565, "3 days 4 h"),
        ] {
            assert_eq!(length(minutes), text);
        }
        assert_eq!(minutes_between(at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:01Z")), 1);
        assert_eq!(minutes_between(at("2026-01-01T00:01:00Z"), at("2026-01-01T00:00:00Z")), 0);
    }
}
