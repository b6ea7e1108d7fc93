//! Preferences as columns of a list: written for those who asked for something, read for who has them. Empty is as usual.

use amends_model::preference::{QuietHours, TimeOfDay};
use amends_model::{Channel, Preferences};

/// The columns, in this order.
pub(super) const COLUMNS: [&str; 7] =
    ["minimum_impact", "planned_work", "digest", "daily_at", "quiet_hours", "urgent_at_once", "time_zone"];

/// Other names under which they may stand.
pub(super) fn is_named(column: usize, word: &str) -> bool {
    let others: &[&str] = match COLUMNS[column] {
        "minimum_impact" => &["impact", "min_impact"],
        "planned_work" => &["maintenance", "maintenances"],
        "time_zone" => &["timezone", "zone"],
        _ => &[],
    };
    word == COLUMNS[column] || others.contains(&word)
}

/// What stands in the columns.
pub(super) fn written(p: &Preferences) -> [String; 7] {
    if p.are_usual() {
        return Default::default();
    }
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    [
        p.minimum_impact.to_string(),
        yes(p.planned_work),
        p.digest.to_string(),
        p.daily_at.to_string(),
        p.quiet_hours.map(|q| format!("{}-{}", q.from, q.until)).unwrap_or_default(),
        yes(p.urgent_at_once),
        p.time_zone.clone(),
    ]
}

/// Reads them; the end of a sentence that names the column when one cannot be read.
pub(super) fn read(columns: &[String; 7], channel: Channel) -> Result<Preferences, String> {
    let usual = Preferences::default();
    if columns.iter().all(String::is_empty) {
        return Ok(usual);
    }
    let [impact, work, digest, daily_at, quiet, urgent, zone] = columns;
    let preferences = Preferences {
        minimum_impact: word(impact, usual.minimum_impact).map_err(|e| told("minimum_impact", e))?,
        planned_work: yes(work, usual.planned_work).map_err(|e| told("planned_work", e))?,
        digest: word(digest, usual.digest).map_err(|e| told("digest", e))?,
        daily_at: if daily_at.is_empty() {
            usual.daily_at
        } else {
            daily_at.parse().map_err(|e| told("daily_at", e))?
        },
        quiet_hours: quiet_hours(quiet).map_err(|e| told("quiet_hours", e))?,
        urgent_at_once: yes(urgent, usual.urgent_at_once).map_err(|e| told("urgent_at_once", e))?,
        time_zone: if zone.is_empty() { usual.time_zone } else { zone.clone() },
    };
    preferences.check(channel).map_err(|errors| {
        let first = errors.0.into_iter().next();
        first.map_or_else(String::new, |e| format!("{}: {}", e.pointer.trim_start_matches('/'), e.detail))
    })?;
    Ok(preferences)
}

fn told(column: &str, why: String) -> String {
    format!("{column}: {why}")
}

fn word<T: std::str::FromStr<Err = String>>(text: &str, usual: T) -> Result<T, String> {
    if text.is_empty() { Ok(usual) } else { text.to_lowercase().replace([' ', '-'], "_").parse() }
}

fn yes(text: &str, usual: bool) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "" => Ok(usual),
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(format!("‘{}’ is not yes or no", super::super::shown(text))),
    }
}

fn quiet_hours(text: &str) -> Result<Option<QuietHours>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let (from, until) = text.split_once(['-', '–']).ok_or_else(|| {
        format!("‘{}’ has no beginning and end; write 22:00-07:00", super::super::shown(text))
    })?;
    let time = |text: &str| text.parse::<TimeOfDay>();
    Ok(Some(QuietHours { from: time(from)?, until: time(until)? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::Impact;
    use amends_model::preference::Digest;

    fn columns(values: [&str; 7]) -> [String; 7] {
        values.map(str::to_owned)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let night = QuietHours { from: "22:00".parse().unwrap(), until: "07:30".parse().unwrap() };
        let usual = Preferences::default;
        for preferences in [
            usual(),
            Preferences { minimum_impact: Impact::Major, ..usual() },
            Preferences { planned_work: false, ..usual() },
            Preferences { digest: Digest::Hourly, urgent_at_once: true, ..usual() },
            Preferences {
                digest: Digest::Daily,
                daily_at: "17:05".parse().unwrap(),
                quiet_hours: Some(night),
                time_zone: "America/New_York".into(),
                ..usual()
            },
        ] {
            assert_eq!(read(&written(&preferences), Channel::Email), Ok(preferences));
        }
        assert!(written(&usual()).iter().all(String::is_empty), "nothing is said of what is usual");
    }

    #[test]
    fn people_write_them_in_their_own_way_and_mistakes_are_named() {
        let read_as = |values| read(&columns(values), Channel::Email);
        let found = read_as(["Major", "No", "At once", "", "22:00 – 7:00", "TRUE", "Europe/Berlin"]).unwrap();
        assert_eq!((found.minimum_impact, found.planned_work), (Impact::Major, false));
        assert_eq!(found.quiet_hours.map(|q| q.until.to_string()).as_deref(), Some("07:00"));
        for (values, says) in [
            (["worse", "", "", "", "", "", ""], "minimum_impact"),
            (["", "perhaps", "", "", "", "", ""], "planned_work: ‘perhaps’ is not yes or no"),
            (["", "", "weekly", "", "", "", ""], "digest"),
            (["", "", "daily", "noon", "", "", ""], "daily_at: ‘noon’ is not a time of day"),
            (["", "", "", "", "nights", "", ""], "22:00-07:00"),
            (["", "", "", "", "22:00-22:00", "", ""], "quiet_hours"),
            (["", "", "daily", "", "", "", "Mars/Base"], "time_zone: is not a time zone"),
        ] {
            let error = read_as(values).unwrap_err();
            assert!(error.contains(says), "{values:?}: {error}");
        }
        let program = read(&columns(["", "", "hourly", "", "", "", ""]), Channel::Webhook);
        assert!(program.unwrap_err().contains("for people"));
        assert_eq!(
            read(&columns(["minor", "", "", "", "", "", ""]), Channel::Webhook).unwrap().minimum_impact,
            Impact::Minor
        );
    }
}
