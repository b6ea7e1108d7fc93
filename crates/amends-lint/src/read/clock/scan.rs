//! The scan itself.

use jiff::civil::Time;

use super::dates::{self, number, space, spaces, word};
use super::{Mention, Meridiem, Style, WrittenDate, WrittenTime, zone};
use crate::read::zone::Zone;

/// All times and dates of `text`, in order and without overlap. `text` is the plain text of one block.
pub fn mentions(text: &str) -> Vec<Mention> {
    let mut scan = Scan { text, bytes: text.as_bytes(), found: Vec::new() };
    let mut at = 0;
    while at < scan.bytes.len() {
        at = scan.step(at);
    }
    scan.found
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    found: Vec<Mention>,
}

/// What is written at one place.
#[derive(Clone, Debug)]
struct Part {
    date: Option<WrittenDate>,
    time: Option<WrittenTime>,
    zone: Option<Zone>,
    end: usize,
}

impl Scan<'_> {
    /// Looks at one place and gives the next one to look at.
    fn step(&mut self, at: usize) -> usize {
        let byte = self.bytes[at];
        if byte.is_ascii_digit() {
            if self.begins_number(at)
                && let Some(end) = self.take(at)
            {
                return end;
            }
            return self.after_word(at);
        }
        if byte.is_ascii_alphabetic() {
            if self.bytes[at..].starts_with(b"http") {
                let end = self.after_address(at);
                if end > at {
                    return end;
                }
            }
            if let Some(end) = self.take(at) {
                return end;
            }
            return self.after_word(at);
        }
        at + 1
    }

    fn begins_number(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied();
        let earlier = at.checked_sub(2).and_then(|at| self.bytes.get(at)).copied();
        match before {
            Some(b'_' | b'#' | b'$' | b'=') => false,
            Some(b'.' | b':' | b'/' | b'-' | b',') => !earlier.is_some_and(|b| b.is_ascii_alphanumeric()),
            Some(byte) => !byte.is_ascii_alphanumeric(),
            None => true,
        }
    }

    /// The byte after a run of letters, digits and the marks that bind numbers ("1.13.12", "10:254").
    fn after_word(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let mut length = 1;
        while let Some(byte) = rest.get(length) {
            let binds = matches!(byte, b'.' | b':' | b'-' | b'/')
                && rest[length - 1].is_ascii_digit()
                && rest.get(length + 1).is_some_and(u8::is_ascii_digit);
            if !(byte.is_ascii_alphanumeric() || *byte == b'_' || binds) {
                break;
            }
            length += 1;
        }
        at + length
    }

    /// The byte after a web address, or `at` if there is none.
    fn after_address(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        if !(rest.starts_with(b"http://") || rest.starts_with(b"https://")) {
            return at;
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b')' | b'>' | b']' | b'|');
        at + rest.iter().position(ends).unwrap_or(rest.len())
    }

    /// Takes the mention that begins at `at`, with all that belongs to it, and gives the byte after it.
    fn take(&mut self, at: usize) -> Option<usize> {
        let first = self.part(at)?;
        let mut mention = Mention {
            start: at,
            end: first.end,
            date: first.date,
            time: first.time,
            until: None,
            zone: first.zone,
            approximate: self.approximate_before(at),
        };
        // A date and a time that stand side by side are one.
        for _ in 0..3 {
            let Some((next_at, approximate)) = self.across(mention.end) else { break };
            let Some(part) = self.part(next_at) else { break };
            let own = mention.time.is_some() && part.time.is_none() && self.has_own_time(&part);
            if !fits(&mention, &part) || own {
                break;
            }
            let replaces = matches!(part.date, Some(WrittenDate::Full(_) | WrittenDate::MonthDay(..)));
            if mention.date.is_none() || replaces {
                mention.date = part.date.or(mention.date);
            }
            mention.time = mention.time.or(part.time);
            mention.zone = mention.zone.or(part.zone);
            mention.approximate |= approximate;
            mention.end = part.end;
        }
        if mention.time.is_some() {
            self.take_range(&mut mention);
        }
        if mention.time.is_some() && mention.zone.is_none() {
            self.take_zone(&mut mention);
        }
        // A lone "03-26" or "Sun" is no mention.
        let alone = mention.time.is_none()
            && match mention.date {
                Some(WrittenDate::Weekday(_)) => mention.end - mention.start < 6,
                Some(WrittenDate::MonthDay(..)) => self.bytes[mention.start..mention.end]
                    .iter()
                    .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/')),
                _ => false,
            };
        if alone {
            return None;
        }
        let end = mention.end;
        self.found.push(mention);
        Some(end)
    }

    /// `- 12:09`, `to 2:25 PM IST`, `and 2.30 AM` after a time.
    fn take_range(&self, mention: &mut Mention) {
        let Some(next_at) = self.across_range(mention.end) else { return };
        let Some(mut part) = self.part(next_at) else { return };
        let date = if part.time.is_none() {
            // "2022-11-10 11:05 to 2022-11-10 12:00": the date comes first.
            let Some((time_at, _)) = self.across(part.end) else { return };
            let Some(time) = self.part(time_at).filter(|time| time.date.is_none()) else { return };
            let date = part.date;
            part = time;
            date
        } else {
            part.date
        };
        let Some(until) = part.time else { return };
        if let (Some(time), Some(meridiem)) = (&mut mention.time, until.meridiem)
            && time.meridiem.is_none()
            && time.style == Style::TwentyFour
        {
            inherit(time, meridiem, until.time);
        }
        mention.zone = mention.zone.take().or(part.zone);
        mention.until = Some((date, until));
        mention.end = part.end;
    }

    fn take_zone(&self, mention: &mut Mention) {
        let mut at = spaces(self.bytes, mention.end);
        if matches!(self.bytes.get(at), Some(b'(' | b'[' | b',')) {
            at = spaces(self.bytes, at + 1);
        }
        // "11:05 -5 pods": a bare offset must touch the time.
        let signed = matches!(self.bytes.get(at), Some(b'+' | b'-'));
        if signed && at != mention.end {
            return;
        }
        if let Some((zone, end)) = zone::read(self.text, at) {
            mention.zone = Some(zone);
            mention.end = end;
        }
    }

    /// A date, a time, or an ISO pair at `at`.
    fn part(&self, at: usize) -> Option<Part> {
        let byte = *self.bytes.get(at)?;
        if byte.is_ascii_digit() {
            return self.digits(at);
        }
        if !byte.is_ascii_alphabetic()
            || at.checked_sub(1).is_some_and(|b| self.bytes[b].is_ascii_alphanumeric())
        {
            return None;
        }
        if let Some((date, end)) = dates::named(self.bytes, at) {
            return Some(Part { date: Some(date), time: None, zone: None, end });
        }
        let name = word(self.bytes, at);
        let end = at + name.len();
        if let Some(day) = dates::weekday(name) {
            return Some(Part { date: Some(WrittenDate::Weekday(day)), time: None, zone: None, end });
        }
        let noon = name.eq_ignore_ascii_case(b"noon");
        if noon || name.eq_ignore_ascii_case(b"midnight") {
            let time = Time::constant(if noon { 12 } else { 0 }, 0, 0, 0);
            let time =
                WrittenTime { time, next_day: false, style: Style::Word, malformed: false, meridiem: None };
            return Some(Part { date: None, time: Some(time), zone: None, end });
        }
        None
    }

    fn digits(&self, at: usize) -> Option<Part> {
        if let Some((date, end)) = dates::numeric(self.bytes, at) {
            let iso = matches!(self.bytes.get(end), Some(b'T' | b't'));
            if iso && let Some((time, zone, end)) = self.time(end + 1) {
                return Some(Part { date: Some(date), time: Some(time), zone, end });
            }
            if !self.bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric()) {
                return Some(Part { date: Some(date), time: None, zone: None, end });
            }
            return None;
        }
        if let Some((date, end)) = dates::month_day_digits(self.bytes, at) {
            return Some(Part { date: Some(date), time: None, zone: None, end });
        }
        let (time, zone, end) = self.time(at)?;
        Some(Part { date: None, time: Some(time), zone, end })
    }

    /// A time of day that begins with a digit, and its zone.
    fn time(&self, at: usize) -> Option<(WrittenTime, Option<Zone>, usize)> {
        let (hour, digits) = number(self.bytes, at)?;
        let after = at + digits;
        if digits == 4 {
            return self.compact_time(hour, after);
        }
        if digits > 2 {
            return None;
        }
        let (minute, second, end, spaced, dotted) = self.minutes(after)?;
        if self.bytes.get(end).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let (meridiem, end) = self.meridiem(end);
        let whole = end == after || (minute.is_none() && meridiem.is_some());
        if (whole || spaced || dotted) && meridiem.is_none() {
            return None;
        }
        let touching = self.bytes.get(end).copied();
        let zulu = touching == Some(b'Z');
        if meridiem.is_none() && !zulu && touching.is_some_and(|b| b.is_ascii_alphabetic() || b == b':') {
            // "12:30pods", "1:30:x"; "14:05:" before words is fine, ":" before a digit is not.
            let next = self.bytes.get(end + 1).copied();
            if touching != Some(b':') || next.is_some_and(|b| b.is_ascii_alphanumeric()) {
                return None;
            }
        }
        let (time, next_day, malformed) = clock(hour, minute.unwrap_or(0), second, meridiem)?;
        let style = if meridiem.is_some() { Style::Twelve } else { Style::TwentyFour };
        let written = WrittenTime { time, next_day, style, malformed: malformed || spaced, meridiem };
        let (zone, end) = self.zone_after(end);
        Some((written, zone, end))
    }

    /// `:05`, `:05:30.5`, `: 05`, `.30`, `h30` after the hour: minute, second, the byte after, whether there are
    /// stray spaces, whether it is written with a dot. Nothing written at all is fine too ("3PM").
    #[allow(clippy::type_complexity)]
    fn minutes(&self, after: usize) -> Option<(Option<i16>, i16, usize, bool, bool)> {
        let colon = spaces(self.bytes, after);
        if self.bytes.get(colon) == Some(&b':') {
            let minute_at = spaces(self.bytes, colon + 1);
            if let Some((minute @ 0..=59, 2)) = number(self.bytes, minute_at) {
                let mut end = minute_at + 2;
                let mut second = 0;
                if self.bytes.get(end) == Some(&b':')
                    && let Some((value @ 0..=60, 2)) = number(self.bytes, end + 1)
                {
                    second = value.min(59);
                    end += 3;
                    if matches!(self.bytes.get(end), Some(b'.' | b','))
                        && self.bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
                    {
                        end += 1;
                        end += self.bytes[end..].iter().take(9).take_while(|b| b.is_ascii_digit()).count();
                    }
                }
                return Some((Some(minute), second, end, minute_at != after + 1, false));
            }
            return Some((None, 0, after, false, false));
        }
        if matches!(self.bytes.get(after), Some(b'.' | b'h' | b'H'))
            && let Some((minute @ 0..=59, 2)) = number(self.bytes, after + 1)
        {
            let dotted = self.bytes.get(after) == Some(&b'.');
            return Some((Some(minute), 0, after + 3, false, dotted));
        }
        Some((None, 0, after, false, false))
    }

    /// `1430 UTC`, `0930Z`: four digits are a time only if a zone follows.
    fn compact_time(&self, digits: i16, after: usize) -> Option<(WrittenTime, Option<Zone>, usize)> {
        let (zone, end) = self.zone_after(after);
        let zone = zone?;
        let (time, next_day, _) = clock(digits / 100, digits % 100, 0, None)?;
        let written =
            WrittenTime { time, next_day, style: Style::TwentyFour, malformed: false, meridiem: None };
        Some((written, Some(zone), end))
    }

    fn meridiem(&self, at: usize) -> (Option<Meridiem>, usize) {
        let start = spaces(self.bytes, at);
        let meridiem = match self.bytes.get(start) {
            Some(b'a' | b'A') => Meridiem::Am,
            Some(b'p' | b'P') => Meridiem::Pm,
            _ => return (None, at),
        };
        let mut next = start + 1;
        let dot = self.bytes.get(next) == Some(&b'.');
        if dot {
            next += 1;
            next += space(self.bytes, next);
        }
        if !matches!(self.bytes.get(next), Some(b'm' | b'M')) {
            // "10:45a", "12:29p": one letter that touches the minutes.
            let short = start == at && next == at + 1 && self.bytes[at].is_ascii_lowercase();
            let alone = !self.bytes.get(next).is_some_and(u8::is_ascii_alphanumeric);
            let minutes = at.checked_sub(3).is_some_and(|colon| self.bytes[colon] == b':');
            return if short && alone && minutes { (Some(meridiem), next) } else { (None, at) };
        }
        next += 1;
        if dot && self.bytes.get(next) == Some(&b'.') {
            next += 1;
        }
        if self.bytes.get(next).is_some_and(u8::is_ascii_alphanumeric) {
            (None, at)
        } else {
            (Some(meridiem), next)
        }
    }

    fn zone_after(&self, at: usize) -> (Option<Zone>, usize) {
        let touching = matches!(self.bytes.get(at), Some(b'Z' | b'+' | b'-'));
        let mut start = if touching { at } else { spaces(self.bytes, at) };
        if matches!(self.bytes.get(start), Some(b'(' | b'[')) {
            start += 1;
        }
        let signed = matches!(self.bytes.get(start), Some(b'+' | b'-'));
        if signed && (start != at || !self.is_offset(start)) {
            return (None, at);
        }
        match zone::read(self.text, start).or_else(|| zone::read_lower(self.text, start)) {
            Some((zone, end)) => (Some(zone), end),
            None => (None, at),
        }
    }

    /// After a time, `-07:00` is an offset and `-14:05` the end of a range: an offset has two digits of hours up
    /// to 14 and minutes of 00, 30 or 45; a range is more likely if the minutes are others.
    fn is_offset(&self, at: usize) -> bool {
        let rest = &self.bytes[at + 1..];
        let digits = rest.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
        match digits {
            4 => true,
            2 => {
                let colon = rest.get(2) == Some(&b':');
                let minutes = rest.get(3..5).unwrap_or_default();
                let hours = number(self.bytes, at + 1).map_or(99, |(hours, _)| hours);
                colon && hours <= 14 && matches!(minutes, b"00" | b"30" | b"45")
            }
            _ => false,
        }
    }

    /// Passes what may stand between a date and its time: blanks, commas, brackets, "at", "around". The second
    /// value is true if the words make it approximate.
    fn across(&self, from: usize) -> Option<(usize, bool)> {
        let (mut at, mut approximate) = (from, false);
        for _ in 0..8 {
            let blank = space(self.bytes, at);
            if blank > 0 {
                at += blank;
                continue;
            }
            match self.bytes.get(at)? {
                b',' | b'(' | b')' | b'|' | b'-' | b':' | b'@' | b'[' | b']' | b'*' => at += 1,
                b'~' => (at, approximate) = (at + 1, true),
                0xE2 if self.bytes[at..].starts_with("–".as_bytes()) => at += 3,
                byte if byte.is_ascii_alphabetic() => {
                    let name = word(self.bytes, at);
                    match name.to_ascii_lowercase().as_slice() {
                        b"at" | b"on" | b"of" | b"the" | b"from" | b"between" | b"starting" | b"by" => {}
                        b"around" | b"about" | b"approximately" | b"approx" | b"circa" => approximate = true,
                        _ => return Some((at, approximate)),
                    }
                    at += name.len();
                }
                _ => return Some((at, approximate)),
            }
        }
        None
    }

    /// Passes `-`, `–`, `—`, "to", "until", "and" after a time.
    fn across_range(&self, from: usize) -> Option<usize> {
        let mut at = spaces(self.bytes, from);
        let rest = self.bytes.get(at..)?;
        if rest.starts_with("–".as_bytes()) || rest.starts_with("—".as_bytes()) {
            at += 3;
        } else if rest.first() == Some(&b'-') {
            at += 1;
        } else {
            let name = word(self.bytes, at);
            if !matches!(name, b"to" | b"until" | b"till" | b"through" | b"and") {
                return None;
            }
            at += name.len();
        }
        at = spaces(self.bytes, at);
        if word(self.bytes, at) == b"approximately" {
            at = spaces(self.bytes, at + b"approximately".len());
        }
        if self.bytes.get(at) == Some(&b'~') {
            at += 1;
        }
        Some(at)
    }

    /// True if a date is followed by its own time, so that it does not belong to the time before it.
    fn has_own_time(&self, part: &Part) -> bool {
        let Some((at, _)) = self.across(part.end) else { return false };
        self.part(at).is_some_and(|next| next.time.is_some())
    }

    fn approximate_before(&self, at: usize) -> bool {
        let start = at.saturating_sub(16);
        let Some(before) = self.bytes.get(start..at) else { return false };
        let before = before.trim_ascii_end();
        [b"around".as_slice(), b"about", b"approximately", b"approx.", b"roughly", b"~", b"circa", b"ca."]
            .iter()
            .any(|words| {
                let tail = before.get(before.len().saturating_sub(words.len())..).unwrap_or_default();
                tail.eq_ignore_ascii_case(words)
            })
    }
}

/// True if a further part adds what the mention lacks.
fn fits(mention: &Mention, part: &Part) -> bool {
    let weekday_only = matches!(mention.date, Some(WrittenDate::Weekday(_)));
    match (part.date, part.time) {
        (Some(WrittenDate::Weekday(_)), None) => mention.date.is_none(),
        (Some(_), None) => mention.date.is_none() || weekday_only,
        (None, Some(_)) => mention.time.is_none(),
        (Some(_), Some(_)) => mention.time.is_none() && (mention.date.is_none() || weekday_only),
        (None, None) => false,
    }
}

/// The time of day: with `24:00` as the next midnight, and whether it is written in a way that cannot be right.
fn clock(hour: i16, minute: i16, second: i16, meridiem: Option<Meridiem>) -> Option<(Time, bool, bool)> {
    let (hour, malformed) = match (meridiem, hour) {
        (None, 0..=24) => (hour, false),
        (Some(Meridiem::Am), 1..=11) | (Some(Meridiem::Pm), 12) => (hour, false),
        (Some(Meridiem::Am), 12) => (0, false),
        (Some(Meridiem::Am), 0) => (0, true),
        (Some(Meridiem::Pm), 1..=11) => (hour + 12, false),
        (Some(_), 13..=23) => (hour, true),
        _ => return None,
    };
    let next_day = hour == 24;
    if next_day && (minute, second) != (0, 0) {
        return None;
    }
    let [hour, minute, second] = [hour % 24, minute, second].map(|value| i8::try_from(value).unwrap_or(-1));
    Time::new(hour, minute, second, 0).ok().map(|time| (time, next_day, malformed))
}

/// "11:00 - 11:30 PM": the first time takes the second one's half of the day, unless that would put it behind.
fn inherit(time: &mut WrittenTime, meridiem: Meridiem, until: Time) {
    let hour = time.time.hour();
    if hour > 12 || hour == 0 {
        return;
    }
    let candidate = match meridiem {
        Meridiem::Am if hour == 12 => 0,
        Meridiem::Pm if hour < 12 => hour + 12,
        _ => hour,
    };
    let Ok(moved) = Time::new(candidate, time.time.minute(), time.time.second(), 0) else { return };
    if moved <= until {
        time.time = moved;
    }
    time.style = Style::Twelve;
}
