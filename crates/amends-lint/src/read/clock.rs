//! Finds times and dates in plain text, in every form that people use.
//!
//! One left-to-right scan with bounded look-ahead: linear time, no backtracking. What is found is only what is
//! written; which day a bare "14:05" belongs to is decided by [`super::timeline`].

use jiff::civil::{Date, Time, Weekday};
use serde::Serialize;

use super::zone::{self, Zone};

mod dates;
mod scan;

pub use scan::mentions;

/// A time or a date (or both, or a range) as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The date, if one is written with it.
    pub date: Option<WrittenDate>,
    /// The time of day, if one is written.
    pub time: Option<WrittenTime>,
    /// The other end of a range.
    pub until: Option<(Option<WrittenDate>, WrittenTime)>,
    /// The zone, if one is written with it.
    pub zone: Option<Zone>,
    /// True after "about", "around", "~".
    pub approximate: bool,
}

/// A date as written, perhaps without a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenDate {
    /// Year, month and day.
    Full(Date),
    /// Month and day.
    MonthDay(i8, i8),
    /// A day of the week alone.
    Weekday(Weekday),
}

/// A time of day as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenTime {
    /// The time of day. For `24:00` this is midnight and `next_day` is true.
    pub time: Time,
    /// `24:00`, which is 00:00 of the day after.
    pub next_day: bool,
    /// How it is written.
    pub style: Style,
    /// True if a strict reader would stumble: "1: 55 PM", "20:56 PM".
    pub malformed: bool,
    /// True if AM or PM is written with it.
    pub meridiem: Option<Meridiem>,
}

/// 12-hour or 24-hour clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// With AM or PM.
    Twelve,
    /// Without.
    TwentyFour,
    /// A word: noon, midnight.
    Word,
}

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meridiem {
    /// Before noon.
    Am,
    /// After noon.
    Pm,
}

/// Reads a value that is nothing but a date or a time, such as one from front matter.
pub fn read_value(value: &str) -> Option<Mention> {
    let value = value.trim();
    mentions(value).into_iter().next().filter(|mention| mention.start <= 2)
}

#[cfg(test)]
mod tests;
