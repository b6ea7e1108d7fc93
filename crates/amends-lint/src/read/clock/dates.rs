//! Dates in digits and words.

use jiff::civil::{Date, Weekday};

use super::WrittenDate;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// The word of ASCII letters at `at`.
pub(super) fn word(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().take(24).take_while(|byte| byte.is_ascii_alphabetic()).count();
    &rest[..length]
}

/// The number of up to four digits at `at`, and how many digits it has. Longer runs of digits are no number.
pub(super) fn number(text: &[u8], at: usize) -> Option<(i16, usize)> {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || length > 4 {
        return None;
    }
    Some((rest[..length].iter().fold(0, |sum, byte| sum * 10 + i16::from(byte - b'0')), length))
}

/// A month by its name or usual abbreviation; only names with a capital letter count, because "may" and "march"
/// are words too.
pub(super) fn month(word: &[u8]) -> Option<i8> {
    if word.len() < 3 || !word[0].is_ascii_uppercase() {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| {
        let month = month.as_bytes();
        month == lower
            || lower.len() == 3 && month.starts_with(&lower)
            || lower == b"sept" && month[0] == b's'
    })?;
    i8::try_from(at + 1).ok()
}

/// A day of the week by its name or an abbreviation of three letters, with a capital letter.
pub(super) fn weekday(word: &[u8]) -> Option<Weekday> {
    if word.len() < 3 || !word[0].is_ascii_uppercase() {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let found = DAYS.iter().find(|(name, _)| {
        let name = name.as_bytes();
        name == lower || lower.len() == 3 && name.starts_with(&lower)
    });
    // "Sun", "Sat" and "Wed" stand for more than days; only with the whole name is a lone word a day.
    found.map(|(_, day)| *day)
}

/// A date that begins with a digit at `at`: the date and the byte after it.
pub(super) fn numeric(text: &[u8], at: usize) -> Option<(WrittenDate, usize)> {
    let (first, digits) = number(text, at)?;
    let (separator, wide) = separator(text, at + digits)?;
    if digits <= 2
        && let Some(found) = day_then_month(text, at + digits, first)
    {
        return Some(found);
    }
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let second_at = at + digits + wide;
    let (second, second_digits) = number(text, second_at)?;
    if second_digits > 2 {
        return None;
    }
    let third_at = second_at + second_digits;
    let again = self::separator(text, third_at).is_some_and(|(again, _)| again == separator);
    let third = again.then(|| number(text, third_at + wide)).flatten();
    let free = |end: usize| !text.get(end).is_some_and(|b| b.is_ascii_digit());
    if digits == 4 {
        let (day, day_digits) = third?;
        let end = third_at + wide + day_digits;
        return (day_digits <= 2 && free(end)).then(|| full(first, second, day)).flatten().map(|d| (d, end));
    }
    if digits > 2 {
        return None;
    }
    match third {
        Some((year, year_digits)) => {
            let end = third_at + wide + year_digits;
            let year = match (year_digits, separator) {
                (4, _) => year,
                // 1.13.12 is rather a version than a date.
                (2, b'-' | b'/') => 2000 + year,
                _ => return None,
            };
            // Day first if it cannot be a month; with dots always (21.04.2016).
            let day_first = separator == b'.' || first > 12;
            let (month, day) = if day_first { (second, first) } else { (first, second) };
            if !free(end) || text.get(end) == Some(&separator) {
                return None;
            }
            full(year, month, day).map(|date| (date, end))
        }
        None => None,
    }
}

/// The byte between two numbers of a date and how long it is: a hyphen that does not break counts as a hyphen.
fn separator(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let unbroken = text
        .get(at..at + 3)
        .is_some_and(|bytes| bytes == "\u{2011}".as_bytes() || bytes == "\u{2010}".as_bytes());
    if unbroken { Some((b'-', 3)) } else { text.get(at).map(|byte| (*byte, 1)) }
}

/// `03-26` or `3/26`, which is a date only if a time follows; the caller looks at that.
pub(super) fn month_day_digits(text: &[u8], at: usize) -> Option<(WrittenDate, usize)> {
    let (first, digits) = number(text, at)?;
    let separator = *text.get(at + digits)?;
    let (second, second_digits) = number(text, at + digits + 1)?;
    let end = at + digits + 1 + second_digits;
    let plain = digits <= 2
        && second_digits <= 2
        && matches!(separator, b'-' | b'/')
        && !text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'.'));
    if !plain {
        return None;
    }
    let (month, day) = if first > 12 { (second, first) } else { (first, second) };
    month_day(month, day).map(|date| (date, end))
}

/// `10 November 2022`, `10th of November`, `21 Apr`, from the byte after the number of the day.
fn day_then_month(text: &[u8], after: usize, day: i16) -> Option<(WrittenDate, usize)> {
    let mut at = ordinal(text, after);
    // "20. January", as it is written in the north of Europe.
    if at == after && text.get(at) == Some(&b'.') && space(text, at + 1) > 0 {
        at += 1;
    }
    at = spaces(text, at);
    if at == after {
        return None;
    }
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    if word(text, at) == b"of" {
        at = spaces(text, at + 2);
    }
    let name = word(text, at);
    let month = i16::from(month(name)?);
    let end = at + name.len();
    let (year, end) = year_after(text, end);
    Some((year.and_then(|y| full(y, month, day)).or_else(|| month_day(month, day))?, end))
}

/// `November 10th, 2022`, `Apr 21`, from the name of the month at `at`.
pub(super) fn named(text: &[u8], at: usize) -> Option<(WrittenDate, usize)> {
    let name = word(text, at);
    let month = i16::from(month(name)?);
    let mut after = at + name.len();
    if text.get(after) == Some(&b'.') {
        after += 1;
    }
    let mut next = spaces(text, after);
    if next == after {
        return None;
    }
    if word(text, next) == b"the" {
        next = spaces(text, next + 3);
    }
    let (day, digits) = number(text, next)?;
    if digits > 2 || text.get(next + digits) == Some(&b':') {
        return None;
    }
    let end = ordinal(text, next + digits);
    let (year, end) = year_after(text, end);
    Some((year.and_then(|y| full(y, month, day)).or_else(|| month_day(month, day))?, end))
}

/// A year of four digits after `, ` or a space: the year and the byte after it, or `at` if there is none.
fn year_after(text: &[u8], at: usize) -> (Option<i16>, usize) {
    let mut next = at;
    if text.get(next) == Some(&b',') {
        next += 1;
    }
    next = spaces(text, next);
    match number(text, next) {
        Some((year @ 1970..=2199, 4)) if next > at => (Some(year), next + 4),
        _ => (None, at),
    }
}

fn ordinal(text: &[u8], at: usize) -> usize {
    match word(text, at) {
        b"st" | b"nd" | b"rd" | b"th" => at + 2,
        _ => at,
    }
}

pub(super) fn spaces(text: &[u8], mut at: usize) -> usize {
    let limit = at + 4;
    while at < limit {
        let length = space(text, at);
        if length == 0 {
            break;
        }
        at += length;
    }
    at
}

/// The length in bytes of the blank at `at`: a space, tab, line break, or one of the unbreakable spaces that word
/// processors put between "11:05" and "AM".
pub(super) fn space(text: &[u8], at: usize) -> usize {
    match text.get(at..).unwrap_or_default() {
        [b' ' | b'\t' | b'\n', ..] => 1,
        [0xC2, 0xA0, ..] => 2,
        [0xE2, 0x80, 0xAF | 0x89, ..] => 3,
        _ => 0,
    }
}

fn full(year: i16, month: i16, day: i16) -> Option<WrittenDate> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    if !(1970..=2199).contains(&year) {
        return None;
    }
    Date::new(year, month, day).ok().map(WrittenDate::Full)
}

fn month_day(month: i16, day: i16) -> Option<WrittenDate> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    // 2000 was a leap year: 29 February is a day of some year.
    Date::new(2000, month, day).ok().map(|_| WrittenDate::MonthDay(month, day))
}
