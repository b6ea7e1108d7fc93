//! When a subscriber wants to hear, and of what: their preferences, and what follows from them for one message. Pure.
//!
//! Quiet hours and digests are of people. Programs (webhooks) have no night: they only choose how bad it must be.

use crate::broadcast::{BroadcastKind, Hold};
use crate::incident::Impact;
use crate::subscriber::Channel;
use crate::text::FieldErrors;
use crate::words::words;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

words! {
    /// How often somebody wants to hear.
    #[derive(Default)]
    pub enum Digest {
        /// Each message when it is said.
        #[default]
        AtOnce = "at_once",
        /// What was said, once an hour.
        Hourly = "hourly",
        /// What was said, once a day.
        Daily = "daily",
    }
}

/// A time of day, in hours and minutes: `22:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    /// Nine in the morning.
    pub const MORNING: Self = Self { hour: 9, minute: 0 };

    fn time(self) -> Time {
        Time::constant(self.hour, self.minute, 0, 0)
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = String;

    /// Errors end a sentence that begins with the field's name.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(20).collect();
            format!("‘{shown}’ is not a time of day; write it like 22:00")
        };
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        // Browsers may add seconds.
        let minute = minute.strip_suffix(":00").unwrap_or(minute);
        let number = |digits: &str, most: i8| {
            let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<i8>().ok().filter(|n| plain && *n <= most)
        };
        match (number(hour, 23), number(minute, 59).filter(|_| minute.len() == 2)) {
            (Some(hour), Some(minute)) => Ok(Self { hour, minute }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> String {
        time.to_string()
    }
}

/// Hours in which somebody does not want to hear; over midnight when they end earlier in the day than they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// They begin, as clocks show it in the subscriber's zone.
    #[schema(value_type = String, example = "22:00", pattern = "^[0-9]{1,2}:[0-9]{2}$")]
    pub from: TimeOfDay,
    /// They end.
    #[schema(value_type = String, example = "07:00", pattern = "^[0-9]{1,2}:[0-9]{2}$")]
    pub until: TimeOfDay,
}

/// What a subscriber wishes, besides the parts of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// Only of incidents that were at least so bad at some time; `none` for all. Who heard of one hears its end, too.
    pub minimum_impact: Impact,
    /// Also of planned work.
    pub planned_work: bool,
    /// Each message at once, or what was said together.
    pub digest: Digest,
    /// When the daily digest goes, as clocks show it in their zone.
    #[schema(value_type = String, example = "09:00", pattern = "^[0-9]{1,2}:[0-9]{2}$")]
    pub daily_at: TimeOfDay,
    /// When they want to hear nothing. The newest word of each incident comes when they are over.
    pub quiet_hours: Option<QuietHours>,
    /// Whether a critical incident is told at once all the same, in quiet hours and between digests.
    pub urgent_at_once: bool,
    /// Their zone, by its name in the tz database.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            minimum_impact: Impact::None,
            planned_work: true,
            digest: Digest::AtOnce,
            daily_at: TimeOfDay::MORNING,
            quiet_hours: None,
            urgent_at_once: false,
            time_zone: "Etc/UTC".into(),
        }
    }
}

/// What is decided about: one message to subscribers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// What it is.
    pub kind: BroadcastKind,
    /// The worst that was told of its incident so far; none if that says nothing.
    pub impact: Option<Impact>,
}

/// Why somebody does not get a message that is for their part of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwanted {
    /// It is not as bad as they asked for.
    Milder,
    /// They do not want to hear of planned work.
    PlannedWork,
}

/// What is done with one message to one subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It goes now.
    Now,
    /// It goes not before then: by itself after quiet hours, in a digest for every other reason.
    NotBefore(Timestamp, Hold),
    /// It does not go.
    Skip(Unwanted),
}

/// The longest that any search for a time of day must look ahead, in days: one may be missing in a zone on one day.
const DAYS_AHEAD: i8 = 3;
const HOUR: i64 = 3600;

impl Preferences {
    /// Whether they ask for nothing out of the ordinary. Such preferences are not kept at all.
    pub fn are_usual(&self) -> bool {
        let zone_matters = self.quiet_hours.is_some() || self.digest == Digest::Daily;
        let usual = Self { time_zone: self.time_zone.clone(), ..Self::default() };
        !zone_matters && *self == Self { urgent_at_once: self.urgent_at_once, ..usual }
    }

    /// Checks them for a subscriber on a channel.
    ///
    /// # Errors
    /// Which are wrong, and what to do.
    pub fn check(&self, channel: Channel) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        if TimeZone::get(&self.time_zone).is_err() {
            let what = "is not a time zone; write its name in the tz database, like Europe/Berlin";
            errors.add("time_zone", what);
        }
        if self.quiet_hours.is_some_and(|q| q.from == q.until) {
            errors.add("quiet_hours", "begin and end at the same time; give different ones, or none");
        }
        if channel.is_program() && (self.quiet_hours.is_some() || self.digest != Digest::AtOnce) {
            let what = "are for people; a program is sent each message at once";
            errors.add(if self.quiet_hours.is_some() { "quiet_hours" } else { "digest" }, what);
        }
        errors.finish()
    }

    /// What is out of the ordinary, in words; empty for nothing.
    pub fn in_words(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.minimum_impact != Impact::None {
            out.push(format!("only incidents that are {} or worse", self.minimum_impact));
        }
        if !self.planned_work {
            out.push("no planned work".into());
        }
        match self.digest {
            Digest::AtOnce => {}
            Digest::Hourly => out.push("in an hourly digest".into()),
            Digest::Daily => {
                out.push(format!("in a daily digest at {} ({})", self.daily_at, self.time_zone));
            }
        }
        if let Some(QuietHours { from, until }) = self.quiet_hours {
            out.push(format!("not from {from} to {until} ({})", self.time_zone));
        }
        if self.urgent_at_once && (self.quiet_hours.is_some() || self.digest != Digest::AtOnce) {
            out.push("critical incidents at once all the same".into());
        }
        out
    }

    /// Their zone.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// What is done with a message now. `full_until` is set when they got as much as anybody may in an hour: until when.
    pub fn course(&self, word: Word, now: Timestamp, full_until: Option<Timestamp>) -> Course {
        if matches!(word.kind, BroadcastKind::Maintenance | BroadcastKind::Reminder) && !self.planned_work {
            return Course::Skip(Unwanted::PlannedWork);
        }
        if word.impact.is_some_and(|impact| impact < self.minimum_impact) {
            return Course::Skip(Unwanted::Milder);
        }
        let urgent = self.urgent_at_once && word.impact == Some(Impact::Critical);
        let zone = self.zone();
        let (at, hold) = match (self.digest, full_until.filter(|at| *at > now)) {
            (Digest::Hourly, _) if !urgent => (next_hour(now), Hold::Digest),
            (Digest::Daily, _) if !urgent => (next_time(self.daily_at, now, &zone), Hold::Digest),
            (_, Some(full_until)) => (full_until, Hold::Cap),
            (_, None) => (now, Hold::Quiet),
        };
        let at = match self.quiet_hours {
            Some(quiet) if !urgent => after_quiet(quiet, at, &zone),
            _ => at,
        };
        if at > now { Course::NotBefore(at, hold) } else { Course::Now }
    }
}

/// The next full hour.
fn next_hour(now: Timestamp) -> Timestamp {
    let second = now.as_second().div_euclid(HOUR).saturating_add(1).saturating_mul(HOUR);
    Timestamp::from_second(second).unwrap_or(now)
}

fn is_in(quiet: QuietHours, time: Time) -> bool {
    let (from, until) = (quiet.from.time(), quiet.until.time());
    if from < until { from <= time && time < until } else { from <= time || time < until }
}

/// The first instant from `at` on that is not in quiet hours.
fn after_quiet(quiet: QuietHours, at: Timestamp, zone: &TimeZone) -> Timestamp {
    let mut end = at;
    // Where clocks go back, the end of quiet hours may be followed by some of them once more.
    for _ in 0..3 {
        if !is_in(quiet, end.to_zoned(zone.clone()).time()) {
            break;
        }
        end = next_time(quiet.until, end, zone);
    }
    end
}

/// When clocks in a zone next show a time of day, after `after`; where they skip it, when they pass it.
fn next_time(time: TimeOfDay, after: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = after.to_zoned(zone.clone()).date();
    let days = (0..DAYS_AHEAD).filter_map(|n| today.checked_add(i32::from(n).days()).ok());
    let times = days.flat_map(|day| shown_at(day.to_datetime(time.time()), zone));
    let next = times.into_iter().find(|at| *at > after);
    next.unwrap_or_else(|| after.checked_add(SignedDuration::from_hours(24)).unwrap_or(after))
}

/// When clocks in a zone show a local time: once, twice, or where they skip it, the moment in which they do.
fn shown_at(local: DateTime, zone: &TimeZone) -> Vec<Timestamp> {
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(local).ok();
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset).into_iter().collect(),
        AmbiguousOffset::Fold { before, after } => at(before).into_iter().chain(at(after)).collect(),
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the later offset, a skipped time lies before the change.
            let change = at(after).and_then(|early| zone.following(early).next().map(|t| t.timestamp()));
            change.into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests;
