//! The part of a subscriber's own page on which they say when they hear, and of what.

use super::desk::{DeskError, Subscription};
use super::forms::{Said, first, managed, pairs, refused, safe};
use super::serve::Public;
use crate::pages::zones;
use amends_model::{Digest, Impact, Preferences, QuietHours};
use axum::body::Body;
use axum::extract::{Path, RawForm, State};
use axum::http::Response;
use jiff::Timestamp;

/// The form as it is shown: what is kept, or what was typed and what is wrong with it.
pub struct Wishes {
    pub(super) minimum: String,
    pub(super) planned_work: bool,
    /// Whether people read what is sent; programs have neither night nor digest.
    pub(super) people: bool,
    pub(super) digest: String,
    pub(super) daily_at: String,
    pub(super) quiet: bool,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) urgent: bool,
    pub(super) zone: String,
    /// Whether the zone is only the page's own: a browser may know better.
    pub(super) guess: bool,
    pub(super) places: Vec<(&'static str, String)>,
    pub(super) wrong: Option<String>,
}

impl Wishes {
    /// As they are kept.
    pub(super) fn of(found: &Subscription, page_zone: &str, now: Timestamp) -> Self {
        let kept = &found.preferences;
        let guess = kept.are_usual();
        let hours = kept.quiet_hours;
        let time = |time: Option<String>, usual: &str| time.unwrap_or_else(|| usual.to_owned());
        Self {
            minimum: kept.minimum_impact.to_string(),
            planned_work: kept.planned_work,
            people: !found.channel.is_program(),
            digest: kept.digest.to_string(),
            daily_at: kept.daily_at.to_string(),
            quiet: hours.is_some(),
            from: time(hours.map(|h| h.from.to_string()), "22:00"),
            until: time(hours.map(|h| h.until.to_string()), "07:00"),
            urgent: kept.urgent_at_once,
            zone: if guess { page_zone.to_owned() } else { kept.time_zone.clone() },
            guess,
            places: zones::places(now),
            wrong: None,
        }
    }

    /// As they were typed.
    fn typed(self, pairs: &[(String, String)]) -> Self {
        let given = |name: &str, usual: String| {
            let found = pairs.iter().find(|(n, _)| n == name);
            found.map_or(usual, |(_, value)| value.trim().chars().take(60).collect())
        };
        let ticked = |name: &str| first(pairs, name) == "yes";
        Self {
            minimum: given("minimum_impact", self.minimum),
            planned_work: ticked("planned_work"),
            digest: given("digest", self.digest),
            daily_at: given("daily_at", self.daily_at),
            quiet: ticked("quiet"),
            from: given("quiet_from", self.from),
            until: given("quiet_until", self.until),
            urgent: ticked("urgent_at_once"),
            zone: given("time_zone", self.zone),
            guess: false,
            ..self
        }
    }

    /// Read, or what is wrong in a sentence.
    fn read(&self) -> Result<Preferences, String> {
        let wrong = |what: &'static str| move |e: String| format!("{what} {e}.");
        let minimum_impact: Impact = self.minimum.parse().map_err(wrong("Which incidents:"))?;
        let usual = Preferences { minimum_impact, planned_work: self.planned_work, ..Preferences::default() };
        if !self.people {
            return Ok(usual);
        }
        let quiet_hours = match self.quiet {
            true => Some(QuietHours {
                from: self.from.parse().map_err(wrong("The beginning of the quiet hours"))?,
                until: self.until.parse().map_err(wrong("The end of the quiet hours"))?,
            }),
            false => None,
        };
        let digest: Digest = self.digest.parse().map_err(wrong("How often:"))?;
        let daily_at = match digest {
            Digest::Daily => self.daily_at.parse().map_err(wrong("The time of the daily digest"))?,
            Digest::AtOnce | Digest::Hourly => self.daily_at.parse().unwrap_or(usual.daily_at),
        };
        let (urgent_at_once, time_zone) = (self.urgent, self.zone.clone());
        Ok(Preferences { digest, daily_at, quiet_hours, urgent_at_once, time_zone, ..usual })
    }

    /// How bad an incident must be, in the words of the page.
    pub(super) fn impacts(&self) -> [(&'static str, &'static str); 4] {
        [
            (Impact::None.as_str(), "all of them"),
            (Impact::Minor.as_str(), "degraded performance and worse"),
            (Impact::Major.as_str(), "partial outages and worse"),
            (Impact::Critical.as_str(), "major outages only"),
        ]
    }
}

/// `POST /m/{token}/preferences`: keeps them.
pub async fn prefer(
    State(public): State<Public>,
    Path(token): Path<String>,
    RawForm(form): RawForm,
) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let found = match public.desk.look(token.to_owned()).await {
        Ok(found) => found,
        Err(error) => return refused(&public, error),
    };
    let zone = public.site.rendered().record.page.time_zone.clone();
    let typed = Wishes::of(&found, &zone, public.site.clock_now()).typed(&pairs(&form));
    let wrong = match typed.read() {
        Ok(preferences) => match public.desk.prefer(token.to_owned(), preferences).await {
            Ok(kept) => return managed(&public, &kept, None, Said::Done("Saved.")).await,
            Err(DeskError::Wrong(text)) => text,
            Err(error) => return refused(&public, error),
        },
        Err(text) => text,
    };
    managed(&public, &found, Some(Wishes { wrong: Some(wrong), ..typed }), Said::Done("")).await
}
