//! Times of the demo: "so many days before now, at 11:42 UTC", and their place in texts.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::timeline::{Line, What, When};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// From where the times of one record count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// So many minutes before now.
    MinutesAgo(i64),
    /// Midnight UTC so many days ago; negative for days to come.
    DaysAgo(i64),
}

impl Anchor {
    /// The instant, cut to the minute.
    pub fn instant(self, now: Timestamp) -> Timestamp {
        let now = now.as_second();
        seconds(match self {
            Anchor::MinutesAgo(minutes) => now.div_euclid(MINUTE) * MINUTE - minutes * MINUTE,
            Anchor::DaysAgo(days) => now.div_euclid(DAY) * DAY - days * DAY,
        })
    }

    /// When a line of the record happened.
    pub fn of(self, when: When, now: Timestamp) -> Timestamp {
        let from = self.instant(now).as_second();
        seconds(match when {
            When::After(minutes) => from + minutes * MINUTE,
            When::Clock { day, minute } => from + day * DAY + minute * MINUTE,
        })
    }
}

/// Whole seconds as an instant; the demo's times are all within a few years of now.
fn seconds(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The times of one record that its texts may name: `{started}`, `{detected}`, `{declared}`, `{first_word}`,
/// `{mitigated}`, `{resolved}`, and `{started..mitigated}` for the time between two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(Vec<(&'static str, Timestamp)>);

impl Facts {
    /// Finds them in the lines of a record: the first of each kind, of `mitigated` and `resolved` the last.
    pub fn of(lines: &[(Timestamp, &Line)]) -> Self {
        let first = |is: &dyn Fn(&What) -> bool| lines.iter().find(|(_, l)| is(&l.what)).map(|(at, _)| *at);
        let last = |is: &dyn Fn(&What) -> bool| lines.iter().rfind(|(_, l)| is(&l.what)).map(|(at, _)| *at);
        let declared = first(&|w| matches!(w, What::Declared { .. }));
        let resolved = last(&|w| matches!(w, What::Update { phase: amends_model::Phase::Resolved, .. }));
        let found = [
            ("started", first(&|w| matches!(w, What::Started))),
            ("detected", first(&|w| matches!(w, What::Alert { .. } | What::Detected { .. })).or(declared)),
            ("declared", declared),
            ("first_word", first(&|w| matches!(w, What::Update { .. }))),
            ("mitigated", last(&|w| matches!(w, What::Mitigated { .. })).or(resolved)),
            ("resolved", resolved),
        ];
        Facts(found.into_iter().filter_map(|(name, at)| at.map(|at| (name, at))).collect())
    }

    /// The instant of a fact.
    pub fn get(&self, name: &str) -> Option<Timestamp> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, at)| *at)
    }

    /// Puts the facts in the place of their names in a text.
    ///
    /// # Errors
    /// A name in braces that is no fact of this record.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (name, tail) = after.split_once('}').ok_or("a { without }")?;
            let unknown = || format!("{{{name}}} is no time of this record");
            match name.split_once("..") {
                Some((from, until)) => {
                    let (from, until) =
                        (self.get(from).ok_or_else(unknown)?, self.get(until).ok_or_else(unknown)?);
                    out.push_str(&duration((until.as_second() - from.as_second()) / MINUTE));
                }
                None => out.push_str(&hour_and_minute(self.get(name).ok_or_else(unknown)?)),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The same text with references that the application fills in when it is read: `{started}` becomes
/// `{{started:time}}`, `{started..mitigated}` becomes `{{started..mitigated}}`.
pub fn referenced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let form = if name.contains("..") { "" } else { ":time" };
        out.push_str(&format!("{{{{{name}{form}}}}}"));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// "11:42", UTC.
pub fn hour_and_minute(at: Timestamp) -> String {
    let at = Offset::UTC.to_datetime(at);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// "22 minutes", "1 hour 4 minutes", "1 day 11 hours".
pub fn duration(minutes: i64) -> String {
    let part = |n: i64, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let (days, hours, rest) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    let parts = if days > 0 {
        [part(days, "day"), part(hours, "hour")]
    } else {
        [part(hours, "hour"), part(rest, "minute")]
    };
    let words: Vec<String> = parts.into_iter().flatten().collect();
    if words.is_empty() { "less than a minute".to_owned() } else { words.join(" ") }
}
