//! Times as Statuspage prints them: month, day, clock and the abbreviation of a zone, without a year.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// Minutes east of UTC for an abbreviation that Rails prints. Ambiguous ones (CST, IST, BST) are read as Statuspage's
/// own list of zones means them.
pub(super) fn offset_minutes(abbreviation: &str) -> Option<i32> {
    Some(match abbreviation {
        "UTC" | "GMT" | "Z" | "WET" => 0,
        "BST" | "WEST" | "CET" | "WAT" => 60,
        "CEST" | "EET" | "CAT" | "SAST" => 120,
        "EEST" | "MSK" | "EAT" | "IDT" => 180,
        "PKT" => 300,
        "IST" => 330,
        "WIB" => 420,
        "SGT" | "HKT" | "AWST" | "PHT" => 480,
        "JST" | "KST" => 540,
        "ACST" => 570,
        "AEST" => 600,
        "ACDT" => 630,
        "AEDT" => 660,
        "NZST" => 720,
        "NZDT" => 780,
        "BRT" | "ART" | "ADT" => -180,
        "NDT" => -150,
        "NST" => -210,
        "AST" | "EDT" => -240,
        "EST" | "CDT" => -300,
        "CST" | "MDT" => -360,
        "MST" | "PDT" => -420,
        "PST" | "AKDT" => -480,
        "AKST" => -540,
        "HST" => -600,
        other => return numeric(other),
    })
}

/// Zones without letters print as `-03` or `+0530`.
fn numeric(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-" | "−", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits[..2].parse::<i32>().ok()?, digits[2..].parse::<i32>().ok()?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// A day and clock without a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Yearless {
    pub month: i8,
    pub day: i8,
    pub hour: i8,
    pub minute: i8,
}

impl Yearless {
    /// Reads "Aug", " 7", "00:37". `None` when it is no such time.
    pub(super) fn read(month: &str, day: &str, clock: &str) -> Option<Self> {
        const MONTHS: [&str; 12] =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let month = month.trim().to_ascii_lowercase();
        let month = MONTHS.iter().position(|m| month.starts_with(m))? + 1;
        let day: i8 = day.trim().parse().ok()?;
        let (hour, minute) = clock.trim().split_once(':')?;
        let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
        // A leap year, so that the 29th of February is a day.
        DateTime::new(2024, i8::try_from(month).ok()?, day, hour, minute, 0, 0).ok()?;
        Some(Self { month: i8::try_from(month).ok()?, day, hour, minute })
    }

    /// The instant in the given year.
    pub(super) fn in_year(self, year: i16, offset: i32) -> Option<Timestamp> {
        let date = Date::new(year, self.month, self.day).ok()?;
        let time = Time::new(self.hour, self.minute, 0, 0).ok()?;
        let offset = Offset::from_seconds(offset * 60).ok()?;
        offset.to_timestamp(date.to_datetime(time)).ok()
    }

    /// The latest such instant that is not after `limit` (with `slack` minutes of grace, as printed times are rounded).
    pub(super) fn at_or_before(self, limit: Timestamp, slack: i64, offset: i32) -> Option<Timestamp> {
        let limit = Timestamp::from_second(limit.as_second().saturating_add(slack * 60)).ok()?;
        let year = Offset::UTC.to_datetime(limit).year();
        // A 29th of February may lie up to eight years back.
        (0..9).find_map(|back| self.in_year(year + 1 - back, offset).filter(|t| *t <= limit))
    }

    /// The such instant that is nearest to `other`.
    pub(super) fn nearest(self, other: Timestamp, offset: i32) -> Option<Timestamp> {
        let year = Offset::UTC.to_datetime(other).year();
        (-1..=1)
            .filter_map(|d| self.in_year(year + d, offset))
            .min_by_key(|t| (t.as_second() - other.as_second()).abs())
    }

    /// Minutes by which this, read as UTC, is ahead of `instant`: the offset of the zone it was printed in, if it is
    /// a plausible one (a multiple of 15 minutes, at most 14 hours).
    pub(super) fn offset_from(self, instant: Timestamp) -> Option<i32> {
        let here = self.nearest(instant, 0)?;
        let floor = instant.as_second().div_euclid(60) * 60;
        let minutes = (here.as_second() - floor) / 60;
        (minutes % 15 == 0 && minutes.abs() <= 14 * 60).then(|| i32::try_from(minutes).ok()).flatten()
    }
}
