//! Time zones as people write them: names, abbreviations, offsets.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use serde::Serialize;

/// A time zone that was named in the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// As written: `EST`, `UTC+2`, `Indian Standard Time`.
    pub text: String,
    /// The region whose rules apply (an IANA name), if the name stands for one.
    pub region: Option<&'static str>,
    /// The offset, in minutes east of UTC, that the words say: −300 for `EST`. Unset for a name that leaves it
    /// to the season (`Pacific time`).
    pub said_minutes: Option<i32>,
    /// True for an abbreviation that more than one part of the world uses (`IST`, `CST`).
    pub ambiguous: bool,
}

impl Zone {
    /// UTC itself.
    pub fn utc() -> Zone {
        Zone { text: "UTC".to_owned(), region: None, said_minutes: Some(0), ambiguous: false }
    }

    /// The instant of a local time. Clocks on a wall follow the region, so `3PM EST` on a day in April is read as
    /// 3 PM in New York; what the words say about the offset is compared by [`Zone::off_season`]. A local time
    /// that the spring change skips counts from before it, one that the autumn repeats is its first occurrence.
    pub fn instant(&self, local: DateTime) -> Option<Timestamp> {
        match (self.region, self.said_minutes) {
            (Some(region), said) => match TimeZone::get(region) {
                Ok(zone) => {
                    let found = zone.to_ambiguous_timestamp(local);
                    match (found.offset(), said) {
                        (AmbiguousOffset::Fold { before, after }, Some(minutes))
                            if [before, after].iter().any(|offset| offset.seconds() == minutes * 60) =>
                        {
                            at_offset(minutes, local)
                        }
                        _ => found.compatible().ok(),
                    }
                }
                Err(_) => said.and_then(|minutes| at_offset(minutes, local)),
            },
            (None, Some(minutes)) => at_offset(minutes, local),
            (None, None) => None,
        }
    }

    /// The offset that held on that day, in minutes, if it is not the one that the words say.
    pub fn off_season(&self, local: DateTime) -> Option<i32> {
        let said = self.said_minutes?;
        let zone = TimeZone::get(self.region?).ok()?;
        let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
        let held = zone.to_offset(instant).seconds() / 60;
        (held != said).then_some(held)
    }
}

fn at_offset(minutes: i32, local: DateTime) -> Option<Timestamp> {
    let offset = Offset::from_seconds(minutes.checked_mul(60)?).ok()?;
    offset.to_timestamp(local).ok()
}

/// Abbreviations: name, region, minutes east of UTC, used by several parts of the world.
const ABBREVIATIONS: &[(&str, Option<&str>, i32, bool)] = &[
    ("UTC", None, 0, false),
    ("GMT", None, 0, false),
    ("WET", Some("Europe/Lisbon"), 0, false),
    ("WEST", Some("Europe/Lisbon"), 60, false),
    ("BST", Some("Europe/London"), 60, true),
    ("CET", Some("Europe/Berlin"), 60, false),
    ("CEST", Some("Europe/Berlin"), 120, false),
    ("EET", Some("Europe/Helsinki"), 120, false),
    ("EEST", Some("Europe/Helsinki"), 180, false),
    ("MSK", None, 180, false),
    ("IST", Some("Asia/Kolkata"), 330, true),
    ("PKT", None, 300, false),
    ("SGT", None, 480, false),
    ("HKT", None, 480, false),
    ("AWST", None, 480, false),
    ("JST", None, 540, false),
    ("KST", None, 540, false),
    ("AEST", Some("Australia/Sydney"), 600, false),
    ("AEDT", Some("Australia/Sydney"), 660, false),
    ("ACST", Some("Australia/Adelaide"), 570, false),
    ("ACDT", Some("Australia/Adelaide"), 630, false),
    ("NZST", Some("Pacific/Auckland"), 720, false),
    ("NZDT", Some("Pacific/Auckland"), 780, false),
    ("AST", Some("America/Halifax"), -240, true),
    ("ADT", Some("America/Halifax"), -180, true),
    ("EST", Some("America/New_York"), -300, true),
    ("EDT", Some("America/New_York"), -240, false),
    ("CST", Some("America/Chicago"), -360, true),
    ("CDT", Some("America/Chicago"), -300, true),
    ("MST", Some("America/Denver"), -420, true),
    ("MDT", Some("America/Denver"), -360, false),
    ("PST", Some("America/Los_Angeles"), -480, true),
    ("PDT", Some("America/Los_Angeles"), -420, false),
    ("AKST", Some("America/Anchorage"), -540, false),
    ("AKDT", Some("America/Anchorage"), -480, false),
    ("HST", None, -600, false),
    ("BRT", None, -180, false),
    ("ART", None, -180, false),
    ("SAST", None, 120, false),
    ("WAT", None, 60, false),
    ("EAT", None, 180, false),
];

/// Names that leave the offset to the season.
const SEASONLESS: &[(&str, &str)] = &[
    ("PT", "America/Los_Angeles"),
    ("MT", "America/Denver"),
    ("CT", "America/Chicago"),
    ("ET", "America/New_York"),
];

/// Names in words, in lower case. Longer names come first.
const NAMES: &[(&str, Option<&str>, Option<i32>)] = &[
    ("coordinated universal time", None, Some(0)),
    ("greenwich mean time", None, Some(0)),
    ("central european summer time", Some("Europe/Berlin"), Some(120)),
    ("central european standard time", Some("Europe/Berlin"), Some(60)),
    ("central european time", Some("Europe/Berlin"), None),
    ("eastern european time", Some("Europe/Helsinki"), None),
    ("british summer time", Some("Europe/London"), Some(60)),
    ("indian standard time", Some("Asia/Kolkata"), Some(330)),
    ("india standard time", Some("Asia/Kolkata"), Some(330)),
    ("israel standard time", Some("Asia/Jerusalem"), Some(120)),
    ("israel time", Some("Asia/Jerusalem"), None),
    ("irish standard time", Some("Europe/Dublin"), Some(60)),
    ("japan standard time", None, Some(540)),
    ("china standard time", None, Some(480)),
    ("singapore time", None, Some(480)),
    ("pacific standard time", Some("America/Los_Angeles"), Some(-480)),
    ("pacific daylight time", Some("America/Los_Angeles"), Some(-420)),
    ("pacific time", Some("America/Los_Angeles"), None),
    ("mountain standard time", Some("America/Denver"), Some(-420)),
    ("mountain time", Some("America/Denver"), None),
    ("central standard time", Some("America/Chicago"), Some(-360)),
    ("central daylight time", Some("America/Chicago"), Some(-300)),
    ("central time", Some("America/Chicago"), None),
    ("eastern standard time", Some("America/New_York"), Some(-300)),
    ("eastern daylight time", Some("America/New_York"), Some(-240)),
    ("eastern time", Some("America/New_York"), None),
    ("us/pacific", Some("America/Los_Angeles"), None),
    ("us/mountain", Some("America/Denver"), None),
    ("us/central", Some("America/Chicago"), None),
    ("us/eastern", Some("America/New_York"), None),
    ("london time", Some("Europe/London"), None),
    ("berlin time", Some("Europe/Berlin"), None),
    ("uk time", Some("Europe/London"), None),
];

/// Reads a zone that stands at byte `at` of `text`, after any of ` (,` have been passed by the caller. Gives the
/// zone and the byte after it.
pub fn read(text: &str, at: usize) -> Option<(Zone, usize)> {
    let rest = text.get(at..)?;
    let bytes = rest.as_bytes();
    let first = *bytes.first()?;
    if first == b'Z' && !bytes.get(1).is_some_and(u8::is_ascii_alphanumeric) {
        let zone = Zone { text: "Z".to_owned(), ..Zone::utc() };
        return Some((zone, at + 1));
    }
    if matches!(first, b'+' | b'-') {
        let (minutes, length) = offset(bytes)?;
        return Some((fixed(&rest[..length], minutes), at + length));
    }
    named(rest).map(|(zone, length)| (zone, at + length))
}

/// Reads an abbreviation in lower case, which only behind a time is one: "10:25 am edt".
pub fn read_lower(text: &str, at: usize) -> Option<(Zone, usize)> {
    const SURE: [&str; 13] =
        ["est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "cet", "cest", "bst", "ist", "aest"];
    let rest = text.get(at..)?;
    let length = rest.bytes().take(5).take_while(u8::is_ascii_lowercase).count();
    let word = rest.get(..length)?;
    if !SURE.contains(&word) {
        return None;
    }
    let (zone, length) = named(&word.to_ascii_uppercase()).filter(|_| ends_word(rest.as_bytes(), length))?;
    Some((Zone { text: word.to_owned(), ..zone }, at + length))
}

fn named(rest: &str) -> Option<(Zone, usize)> {
    let bytes = rest.as_bytes();
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let word = bytes.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let letters = rest.get(..word)?;
    if matches!(letters, "UTC" | "GMT" | "utc" | "gmt" | "Utc" | "Gmt") {
        let spaces = bytes[word..].iter().take_while(|byte| **byte == b' ').count().min(1);
        if let Some((minutes, length)) = offset(&bytes[word + spaces..]) {
            let length = word + spaces + length;
            return Some((fixed(&rest[..length], minutes), length));
        }
        return ends_word(bytes, word).then(|| (fixed(letters, 0), word));
    }
    for (name, region, said_minutes) in NAMES {
        let head = rest.get(..name.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(name)) && ends_word(bytes, name.len()) {
            let zone = Zone {
                text: rest[..name.len()].to_owned(),
                region: *region,
                said_minutes: *said_minutes,
                ambiguous: false,
            };
            return Some((zone, name.len()));
        }
    }
    if let Some(found) = iana(rest) {
        return Some(found);
    }
    if !ends_word(bytes, word) {
        return None;
    }
    let abbreviation = ABBREVIATIONS.iter().find(|(name, ..)| *name == letters);
    if let Some((name, region, minutes, ambiguous)) = abbreviation {
        let zone = Zone {
            text: (*name).to_owned(),
            region: *region,
            said_minutes: Some(*minutes),
            ambiguous: *ambiguous,
        };
        return Some((zone, word));
    }
    let (name, region) = SEASONLESS.iter().find(|(name, _)| *name == letters)?;
    let zone = Zone { text: (*name).to_owned(), region: Some(region), said_minutes: None, ambiguous: false };
    Some((zone, word))
}

/// A name of the tz database such as `Europe/Berlin`.
fn iana(rest: &str) -> Option<(Zone, usize)> {
    const AREAS: [&str; 8] =
        ["Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Etc/"];
    AREAS.iter().find(|area| rest.starts_with(**area))?;
    let length =
        rest.bytes().take(48).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_')).count();
    let name = &rest[..length];
    // A static name is kept so that zones stay small; the list is the one that jiff ships or the system has.
    let zone = TimeZone::get(name).ok()?;
    let region = known_name(zone.iana_name()?)?;
    Some((Zone { text: name.to_owned(), region: Some(region), said_minutes: None, ambiguous: false }, length))
}

fn known_name(name: &str) -> Option<&'static str> {
    use std::sync::LazyLock;
    static ALL: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        jiff::tz::db().available().map(|name| &*Box::leak(name.to_string().into_boxed_str())).collect()
    });
    ALL.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

fn fixed(text: &str, minutes: i32) -> Zone {
    Zone { text: text.to_owned(), region: None, said_minutes: Some(minutes), ambiguous: false }
}

/// `+5`, `+05`, `+0530`, `+05:30` and the same with a minus: minutes and length.
fn offset(bytes: &[u8]) -> Option<(i32, usize)> {
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = bytes[1..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let number = |range: &[u8]| range.iter().fold(0_i32, |sum, byte| sum * 10 + i32::from(byte - b'0'));
    let (hours, minutes, length) = match digits {
        1 | 2 => {
            let hours = number(&bytes[1..=digits]);
            let colon = bytes.get(1 + digits) == Some(&b':');
            let after = bytes.get(2 + digits..4 + digits).filter(|two| two.iter().all(u8::is_ascii_digit));
            match after {
                Some(two) if colon => (hours, number(two), 4 + digits),
                _ => (hours, 0, 1 + digits),
            }
        }
        4 => (number(&bytes[1..3]), number(&bytes[3..5]), 5),
        _ => return None,
    };
    let ends = !bytes.get(length).is_some_and(u8::is_ascii_alphanumeric);
    (hours <= 14 && minutes < 60 && ends).then_some((sign * (hours * 60 + minutes), length))
}

fn ends_word(bytes: &[u8], at: usize) -> bool {
    !bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The first zone that is named in a sentence about times ("All times in PDT (UTC-7)."). An offset in it wins
/// over the name, because it leaves no doubt.
pub fn find(text: &str) -> Option<(Zone, usize, usize)> {
    let mut found: Option<(Zone, usize, usize)> = None;
    let mut at = 0;
    let mut inside_word = false;
    while at < text.len() {
        let byte = text.as_bytes()[at];
        if byte.is_ascii_alphabetic()
            && !inside_word
            && let Some((zone, end)) = read(text, at)
        {
            let exact = zone.region.is_none() && zone.said_minutes.is_some();
            let wins = match &found {
                None => true,
                Some((first, _, first_end)) => {
                    exact && zone.said_minutes != Some(0) && first.region.is_some() && at - first_end <= 4
                }
            };
            if wins {
                found = Some((zone, at, end));
            }
            at = end;
            continue;
        }
        inside_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(text: &str) -> Zone {
        let (zone, end) = read(text, 0).unwrap_or_else(|| panic!("{text} is a zone"));
        assert_eq!(end, text.len(), "{text}");
        zone
    }

    #[test]
    fn zones_in_every_usual_form() {
        for (text, minutes) in [
            ("UTC", 0),
            ("Z", 0),
            ("GMT+2", 120),
            ("UTC -07:00", -420),
            ("+0530", 330),
            ("-08:00", -480),
            ("IST", 330),
            ("Indian Standard Time", 330),
            ("EST", -300),
            ("JST", 540),
        ] {
            assert_eq!(zone(text).said_minutes, Some(minutes), "{text}");
        }
        assert_eq!(zone("US/Pacific").region, Some("America/Los_Angeles"));
        assert_eq!(zone("Europe/Berlin").region, Some("Europe/Berlin"));
        assert_eq!(zone("PT").said_minutes, None);
        assert!(zone("CST").ambiguous);
        for text in ["PTA", "Zoo", "ESTATE", "we", "+99", "Europe/Atlantis", ""] {
            assert!(read(text, 0).is_none(), "{text}");
        }
    }

    #[test]
    fn a_wrong_season_is_seen_and_the_wall_clock_is_followed() {
        let april = "2016-04-21T15:00".parse::<DateTime>().unwrap();
        let eastern = zone("EST");
        assert_eq!(eastern.off_season(april), Some(-240));
        assert_eq!(eastern.instant(april).unwrap().to_string(), "2016-04-21T19:00:00Z");
        assert_eq!(zone("EDT").off_season(april), None);
        assert_eq!(zone("UTC").off_season(april), None);
        let skipped = "2024-03-10T02:30".parse::<DateTime>().unwrap();
        assert_eq!(zone("PT").instant(skipped).unwrap().to_string(), "2024-03-10T10:30:00Z");
        let repeated = "2024-11-03T01:30".parse::<DateTime>().unwrap();
        assert_eq!(zone("PT").instant(repeated).unwrap().to_string(), "2024-11-03T08:30:00Z");
    }

    #[test]
    fn the_zone_of_a_sentence() {
        let found =
            |text: &'static str| find(text).map(|(zone, start, end)| (zone.said_minutes, &text[start..end]));
        assert_eq!(found("All times in PDT (UTC-7)."), Some((Some(-420), "UTC-7")));
        assert_eq!(found("(all times are Indian Standard Time)"), Some((Some(330), "Indian Standard Time")));
        assert_eq!(found("*(All times US/Pacific, 24-hour clock.)*"), Some((None, "US/Pacific")));
        assert_eq!(found("All times in GMT+2"), Some((Some(120), "GMT+2")));
        assert_eq!(found("nothing of the sort"), None);
    }
}
