use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("instant")
}

fn time(text: &str) -> TimeOfDay {
    text.parse().expect("time of day")
}

fn quiet(from: &str, until: &str) -> Option<QuietHours> {
    Some(QuietHours { from: time(from), until: time(until) })
}

fn berlin() -> Preferences {
    Preferences { time_zone: "Europe/Berlin".into(), ..Preferences::default() }
}

fn update(impact: Impact) -> Word {
    Word { kind: BroadcastKind::Update, impact: Some(impact) }
}

#[test]
fn severity_and_planned_work_decide_whether() {
    use BroadcastKind::{Component, Letter, Maintenance, Reminder, Update};
    let now = at("2026-11-20T12:00:00Z");
    let major = Preferences { minimum_impact: Impact::Major, ..berlin() };
    let no_work = Preferences { planned_work: false, ..berlin() };
    let skip = Course::Skip;
    for (preferences, kind, impact, course) in [
        (&berlin(), Update, Some(Impact::None), Course::Now),
        (&berlin(), Maintenance, None, Course::Now),
        (&major, Update, Some(Impact::None), skip(Unwanted::Milder)),
        (&major, Update, Some(Impact::Minor), skip(Unwanted::Milder)),
        (&major, Update, Some(Impact::Major), Course::Now),
        (&major, Update, Some(Impact::Critical), Course::Now),
        (&major, Letter, Some(Impact::Minor), skip(Unwanted::Milder)),
        (&major, Component, Some(Impact::Minor), skip(Unwanted::Milder)),
        (&major, Update, None, Course::Now),
        (&major, Maintenance, None, Course::Now),
        (&no_work, Maintenance, None, skip(Unwanted::PlannedWork)),
        (&no_work, Reminder, None, skip(Unwanted::PlannedWork)),
        (&no_work, Update, Some(Impact::None), Course::Now),
    ] {
        assert_eq!(preferences.course(Word { kind, impact }, now, None), course, "{kind} {impact:?}");
    }
}

#[test]
fn quiet_hours_digests_and_the_cap_decide_when() {
    let night = Preferences { quiet_hours: quiet("22:00", "07:00"), ..berlin() };
    let noon = Preferences { quiet_hours: quiet("12:00", "13:30"), ..berlin() };
    let urgent = Preferences { urgent_at_once: true, ..night.clone() };
    let hourly = Preferences { digest: Digest::Hourly, ..berlin() };
    let hourly_by_day = Preferences { digest: Digest::Hourly, ..night.clone() };
    let daily = Preferences { digest: Digest::Daily, ..berlin() };
    let daily_urgent = Preferences { urgent_at_once: true, ..daily.clone() };
    let early = Preferences { daily_at: time("05:00"), digest: Digest::Daily, ..night.clone() };
    let (minor, critical) = (Impact::Minor, Impact::Critical);
    // Berlin is an hour ahead of UTC in November.
    for (name, preferences, impact, now, full, after) in [
        ("usual", &berlin(), minor, "2026-11-20T23:00:00Z", None, None),
        ("day", &night, minor, "2026-11-20T12:00:00Z", None, None),
        (
            "first moment of the night",
            &night,
            minor,
            "2026-11-20T21:00:00Z",
            None,
            Some("2026-11-21T06:00:00Z"),
        ),
        ("last moment before", &night, minor, "2026-11-20T20:59:59Z", None, None),
        ("after midnight", &night, minor, "2026-11-21T05:59:59Z", None, Some("2026-11-21T06:00:00Z")),
        ("the morning", &night, minor, "2026-11-21T06:00:00Z", None, None),
        ("noon", &noon, minor, "2026-11-20T11:00:00Z", None, Some("2026-11-20T12:30:00Z")),
        ("urgent passes", &urgent, critical, "2026-11-20T23:00:00Z", None, None),
        ("others do not", &urgent, Impact::Major, "2026-11-20T23:00:00Z", None, Some("2026-11-21T06:00:00Z")),
        ("only if they say so", &night, critical, "2026-11-20T23:00:00Z", None, Some("2026-11-21T06:00:00Z")),
    ] {
        let course = match after {
            None => Course::Now,
            Some(after) => Course::NotBefore(at(after), Hold::Quiet),
        };
        assert_eq!(preferences.course(update(impact), at(now), full), course, "{name}");
    }
    let full = Some(at("2026-11-20T12:40:00Z"));
    let in_the_night = Some(at("2026-11-20T21:10:00Z"));
    for (name, preferences, impact, now, full, after, hold) in [
        ("hourly", &hourly, minor, "2026-11-20T12:10:00Z", None, "2026-11-20T13:00:00Z", Hold::Digest),
        (
            "at the hour: the next",
            &hourly,
            minor,
            "2026-11-20T12:00:00Z",
            None,
            "2026-11-20T13:00:00Z",
            Hold::Digest,
        ),
        (
            "no digest at night",
            &hourly_by_day,
            minor,
            "2026-11-20T20:10:00Z",
            None,
            "2026-11-21T06:00:00Z",
            Hold::Digest,
        ),
        ("daily", &daily, minor, "2026-11-20T12:10:00Z", None, "2026-11-21T08:00:00Z", Hold::Digest),
        ("daily, today", &daily, minor, "2026-11-20T07:10:00Z", None, "2026-11-20T08:00:00Z", Hold::Digest),
        (
            "daily, but still quiet",
            &early,
            minor,
            "2026-11-20T12:00:00Z",
            None,
            "2026-11-21T06:00:00Z",
            Hold::Digest,
        ),
        ("full", &berlin(), critical, "2026-11-20T12:10:00Z", full, "2026-11-20T12:40:00Z", Hold::Cap),
        (
            "full and urgent",
            &daily_urgent,
            critical,
            "2026-11-20T12:10:00Z",
            full,
            "2026-11-20T12:40:00Z",
            Hold::Cap,
        ),
        (
            "full until the night",
            &night,
            minor,
            "2026-11-20T20:30:00Z",
            in_the_night,
            "2026-11-21T06:00:00Z",
            Hold::Cap,
        ),
        (
            "a digest is one already",
            &hourly,
            minor,
            "2026-11-20T12:10:00Z",
            full,
            "2026-11-20T13:00:00Z",
            Hold::Digest,
        ),
    ] {
        let course = preferences.course(update(impact), at(now), full);
        assert_eq!(course, Course::NotBefore(at(after), hold), "{name}");
    }
    assert_eq!(daily_urgent.course(update(critical), at("2026-11-20T12:10:00Z"), None), Course::Now);
    assert_eq!(berlin().course(update(minor), at("2026-11-20T12:40:00Z"), full), Course::Now, "free again");
}

#[test]
fn quiet_hours_hold_over_clock_changes() {
    for (zone, from, until, now, after) in [
        // Clocks in Berlin skip 02:00 to 03:00 on 29 March: what ends at 02:30 ends when they jump.
        ("Europe/Berlin", "22:00", "02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "22:00", "07:00", "2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z"),
        // They show 02:00 to 03:00 twice on 25 October: the second half hour is quiet, too.
        ("Europe/Berlin", "22:00", "02:30", "2026-10-24T23:59:00Z", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
        ("Europe/Berlin", "22:00", "07:00", "2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z"),
        // Half an hour, a quarter, and a zone without changes.
        ("Australia/Lord_Howe", "23:00", "02:10", "2026-10-03T14:00:00Z", "2026-10-03T15:30:00Z"),
        ("Asia/Kathmandu", "22:00", "07:00", "2026-10-03T18:00:00Z", "2026-10-04T01:15:00Z"),
        // Samoa left out the whole of 30 December 2011.
        ("Pacific/Apia", "22:00", "07:00", "2011-12-30T09:00:00Z", "2011-12-30T17:00:00Z"),
    ] {
        let preferences =
            Preferences { quiet_hours: quiet(from, until), time_zone: zone.into(), ..Preferences::default() };
        let course = preferences.course(update(Impact::Minor), at(now), None);
        assert_eq!(course, Course::NotBefore(at(after), Hold::Quiet), "{zone} {from} to {until} at {now}");
    }
}

#[test]
fn what_is_held_goes_as_soon_as_it_is_not_quiet_any_more() {
    for zone in ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York"] {
        let tz = TimeZone::get(zone).expect("zone");
        for (from, until) in [("22:00", "07:00"), ("01:30", "02:30"), ("02:15", "02:45"), ("00:00", "23:59")]
        {
            let hours = quiet(from, until);
            let preferences =
                Preferences { quiet_hours: hours, time_zone: zone.into(), ..Preferences::default() };
            // The days around changes of clocks: New York, Berlin, Lord Howe, Berlin, New York.
            for start in ["2026-03-07", "2026-03-28", "2026-10-03", "2026-10-24", "2026-10-31"] {
                let minute = |n: i64| at(&format!("{start}T00:00:00Z")) + SignedDuration::from_mins(5 * n);
                let is_quiet =
                    |n: i64| hours.is_some_and(|q| is_in(q, minute(n).to_zoned(tz.clone()).time()));
                // From the end, in steps of five minutes: the next that is not quiet.
                let mut next = None;
                for n in (0..3 * 288).rev() {
                    if !is_quiet(n) {
                        next = Some(n);
                    }
                    let Some(next) = next.filter(|_| n < 2 * 288 && n % 3 == 0) else { continue };
                    let course = preferences.course(update(Impact::Minor), minute(n), None);
                    // Where clocks go back out of quiet hours, the night lasts until it is really over.
                    let ends =
                        |end: &Timestamp| end.to_zoned(tz.clone()).strftime("%H:%M").to_string() == until;
                    let right = match (&course, next == n) {
                        (Course::Now, now) => now,
                        (Course::NotBefore(end, Hold::Quiet), false) => {
                            *end == minute(next) || *end > minute(next) && ends(end)
                        }
                        _ => false,
                    };
                    assert!(right, "{zone} {from} to {until} at {}: {course:?}", minute(n));
                }
            }
        }
    }
}

#[test]
fn preferences_are_checked_and_read_back() {
    let of = |p: Preferences, channel| p.check(channel).err().map(|e| e.to_string()).unwrap_or_default();
    assert_eq!(of(berlin(), Channel::Email), "");
    let nowhere = Preferences { time_zone: "Berlin".into(), ..berlin() };
    assert!(of(nowhere, Channel::Email).contains("time_zone"));
    let whole_day = Preferences { quiet_hours: quiet("07:00", "7:00"), ..berlin() };
    assert!(of(whole_day, Channel::Email).contains("same time"));
    let digest = Preferences { digest: Digest::Daily, ..berlin() };
    assert_eq!(of(digest.clone(), Channel::Slack), "");
    assert!(of(digest.clone(), Channel::Webhook).contains("for people"));

    assert!(berlin().are_usual() && !digest.are_usual());
    let night = Preferences { quiet_hours: quiet("22:00", "07:00"), ..berlin() };
    let json = serde_json::to_string(&night).expect("JSON");
    assert!(json.contains(r#""quiet_hours":{"from":"22:00","until":"07:00"}"#), "{json}");
    assert_eq!(serde_json::from_str::<Preferences>(&json).expect("back"), night);
    assert_eq!(serde_json::from_str::<Preferences>("{}").expect("defaults"), Preferences::default());
    assert!(serde_json::from_str::<Preferences>(r#"{"quiet":1}"#).is_err(), "a misspelled wish is not lost");
    for wrong in ["", "24:00", "7", "07:60", "7:5", "-1:00", "07:00:30", "noon"] {
        assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
    }
    assert_eq!(time("7:05:00").to_string(), "07:05");
}
