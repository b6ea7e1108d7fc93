//! Times as people type them, in their zone; stored as instants. Safe over daylight-saving changes.

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};

/// Reads a time that a person typed: RFC 3339 with offset, `YYYY-MM-DD HH:MM[:SS]` (also with `T`) in `zone`, `HH:MM`
/// (the latest such time that is not more than an hour ahead), `now`, or `-90m`, `-2h`, `+1d`.
///
/// Errors are sentences for the person: what was not understood, or that the local time does not exist or exists twice.
pub fn parse(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    if let Some(relative) = relative(text) {
        return relative.and_then(|d| now.checked_add(d).map_err(|_| "is too far away".to_owned()));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    // With an offset but a blank instead of `T`, or without seconds.
    if let Some((local, offset)) = split_offset(text)
        && let Ok(local) = local.replace(' ', "T").parse::<DateTime>()
    {
        return offset.to_timestamp(local).map_err(|_| "is too far away".to_owned());
    }
    if let Some(time) = time_of_day(text) {
        return time_only(time, zone, now);
    }
    match text.replacen(' ', "T", 1).parse::<DateTime>() {
        Ok(local) if text.len() > 10 => in_zone(local, zone),
        _ => Err(format!(
            "‘{}’ is not a time; write it like 2026-11-20 15:04, 15:04, 2026-11-20T15:04:00Z or -10m",
            text.chars().take(40).collect::<String>()
        )),
    }
}

/// As [`parse`], for times to come: `HH:MM` is the next such time.
pub fn parse_ahead(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let Some(time) = time_of_day(text) else { return parse(text, zone, now) };
    let today = now.to_zoned(zone.clone()).date();
    let candidate = in_zone(today.to_datetime(time), zone)?;
    if candidate > now {
        return Ok(candidate);
    }
    let tomorrow = today.tomorrow().map_err(|_| "is too far away".to_owned())?;
    in_zone(tomorrow.to_datetime(time), zone)
}

/// `15:04`, `15:04:05`, or `9:00` as people type it.
fn time_of_day(text: &str) -> Option<Time> {
    let padded = if text.as_bytes().get(1) == Some(&b':') { format!("0{text}") } else { text.to_owned() };
    padded.parse().ok().filter(|_| padded.len() <= 8)
}

fn relative(text: &str) -> Option<Result<SignedDuration, String>> {
    let sign = match text.chars().next()? {
        '-' => -1,
        '+' => 1,
        _ => return None,
    };
    let unit = text.chars().next_back()?;
    let number: i64 = text[1..].strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    Some(
        number
            .checked_mul(seconds * sign)
            .map(SignedDuration::from_secs)
            .ok_or_else(|| "is too far away".to_owned()),
    )
}

fn split_offset(text: &str) -> Option<(&str, jiff::tz::Offset)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local.trim_end(), jiff::tz::Offset::UTC));
    }
    let at = text.len().checked_sub(6).filter(|at| text.is_char_boundary(*at))?;
    let (local, offset) = text.split_at(at);
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Some((local.trim_end(), jiff::tz::Offset::from_seconds(sign * seconds).ok()?))
}

fn time_only(time: Time, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
    let today = now.to_zoned(zone.clone()).date();
    let limit = now + SignedDuration::from_hours(1);
    let candidate = in_zone(today.to_datetime(time), zone)?;
    if candidate <= limit {
        return Ok(candidate);
    }
    let yesterday = today.yesterday().map_err(|_| "is too far away".to_owned())?;
    in_zone(yesterday.to_datetime(time), zone)
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let ambiguous = zone.to_ambiguous_zoned(local);
    let name = zone.iana_name().unwrap_or("your zone");
    let shown = local.strftime("%Y-%m-%d %H:%M");
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {}
        AmbiguousOffset::Gap { .. } => {
            return Err(format!(
                "{shown} does not exist in {name}: clocks went forward then; give another time"
            ));
        }
        AmbiguousOffset::Fold { before, after } => {
            return Err(format!(
                "{shown} comes twice in {name}: clocks went back then; add which one you mean: {shown}{} or {shown}{}",
                offset_text(before),
                offset_text(after)
            ));
        }
    }
    ambiguous.unambiguous().map(|z| z.timestamp()).map_err(|_| "is too far away".to_owned())
}

fn offset_text(offset: jiff::tz::Offset) -> String {
    let seconds = offset.seconds();
    format!(
        "{}{:02}:{:02}",
        if seconds < 0 { '-' } else { '+' },
        seconds.abs() / 3600,
        seconds.abs() / 60 % 60
    )
}

/// Shows an instant in a zone: `2026-11-20 15:04`.
pub fn show(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Shows an instant in a zone with the zone's short name: `2026-11-20 15:04 CET`.
pub fn show_with_zone(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Shows only the time of day: `15:04`.
pub fn show_time(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%H:%M").to_string()
}

fn zoned(at: Timestamp, zone: &TimeZone) -> Zoned {
    at.to_zoned(zone.clone())
}

/// Shows a length of time in words: `under a minute`, `24 min`, `2 h 05 min`, `3 d 4 h`.
pub fn show_duration(length: SignedDuration) -> String {
    let minutes = length.as_secs().unsigned_abs() / 60;
    match minutes {
        0 => "under a minute".into(),
        1..60 => format!("{minutes} min"),
        60..2880 => format!("{} h {:02} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// An instant as Statuspage writes it: three fraction digits, `Z` in UTC, else the zone's offset.
pub fn stamp(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let form = if zoned.offset().is_zero() && zoned.strftime("%Z").to_string() == "UTC" {
        "%Y-%m-%dT%H:%M:%S.%3fZ"
    } else {
        "%Y-%m-%dT%H:%M:%S.%3f%:z"
    };
    zoned.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("instant")
    }

    #[test]
    fn typed_times_are_read_in_the_persons_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("zone");
        let now = at("2026-11-20T15:30:00Z");
        let table = [
            ("now", "2026-11-20T15:30:00Z"),
            ("-90m", "2026-11-20T14:00:00Z"),
            ("+1d", "2026-11-21T15:30:00Z"),
            ("2026-11-20 15:04", "2026-11-20T14:04:00Z"),
            ("2026-11-20T15:04", "2026-11-20T14:04:00Z"),
            ("2026-07-01 15:04:05", "2026-07-01T13:04:05Z"),
            ("2026-11-20T15:04:00Z", "2026-11-20T15:04:00Z"),
            ("2026-11-20 15:04-05:00", "2026-11-20T20:04:00Z"),
            ("16:00", "2026-11-20T15:00:00Z"),
            ("23:50", "2026-11-19T22:50:00Z"),
            ("9:05", "2026-11-20T08:05:00Z"),
        ];
        for (typed, meant) in table {
            assert_eq!(parse(typed, &berlin, now), Ok(at(meant)), "{typed}");
        }
        for wrong in
            ["", "yesterday", "2026-11-20", "25:00", "2026-13-01 10:00", "-9999999999999999d", "+", "é+01:00"]
        {
            assert!(parse(wrong, &berlin, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_to_come_is_the_next_one() {
        let berlin = TimeZone::get("Europe/Berlin").expect("zone");
        let now = at("2026-11-20T15:30:00Z");
        for (typed, meant) in [
            ("16:45", "2026-11-20T15:45:00Z"),
            ("16:30", "2026-11-21T15:30:00Z"),
            ("9:00", "2026-11-21T08:00:00Z"),
            ("+30m", "2026-11-20T16:00:00Z"),
            ("2026-11-20 15:04", "2026-11-20T14:04:00Z"),
        ] {
            assert_eq!(parse_ahead(typed, &berlin, now), Ok(at(meant)), "{typed}");
        }
        assert!(parse_ahead("25:00", &berlin, now).is_err());
    }

    #[test]
    fn clock_changes_are_said_plainly() {
        let berlin = TimeZone::get("Europe/Berlin").expect("zone");
        let now = at("2026-11-20T15:30:00Z");
        assert!(parse("2026-03-29 02:30", &berlin, now).is_err_and(|e| e.contains("does not exist")));
        let twice = parse("2026-10-25 02:30", &berlin, now);
        assert!(
            twice.as_ref().is_err_and(|e| e.contains("02:30+02:00") && e.contains("02:30+01:00")),
            "{twice:?}"
        );
        assert_eq!(parse("2026-10-25 02:30+01:00", &berlin, now), Ok(at("2026-10-25T01:30:00Z")));
    }
}
