//! How the installation is: what the record itself knows, and what an examination of everything around it finds.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::mail::MailState;
use amends_model::{Action, Channel, Resource, Suppression};
use amends_store::{EngineKind, Keyset, Tx, channel, delivery, suppression};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Will hurt sooner or later.
    Warning,
    /// Does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at, in a word.
    pub what: &'static str,
    /// What was seen.
    pub says: String,
    /// What to do; empty when nothing is to be done.
    pub remedy: String,
}

/// Looks at everything around the record (clock, disk, mail server, DNS, public address). Wired in: it reaches out to the
/// network, which the use cases do not.
pub type Examiner = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<Finding>> + Send>> + Send + Sync>;

/// How this node's search index is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SearchHealth {
    /// Whether everything can be found.
    pub complete: bool,
    /// How many records can be found.
    pub indexed: u64,
    /// Of how many.
    pub records: u64,
}

/// How a channel does on which something was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChannelState {
    /// Which.
    pub channel: Channel,
    /// Whether messages wait because nothing gets through.
    pub failing: bool,
    /// How many messages wait for their turn or to be tried again.
    pub waiting: u64,
    /// Since when it works, or does not.
    pub since: Timestamp,
    /// What is wrong, in words; empty when nothing is.
    pub reason: String,
    /// The other side's own words, if there were any.
    pub detail: String,
    /// When it is tried again; none while it works.
    pub next_probe_at: Option<Timestamp>,
}

/// How a static mirror of the public site is that this node keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MirrorHealth {
    /// Where it is: a folder, or a bucket and the beginning of its names.
    pub place: String,
    /// Whether it shows what the page shows.
    pub current: bool,
    /// Since when it does, or does not.
    pub since: Timestamp,
    /// What is wrong, in words; empty when nothing is.
    pub reason: String,
}

/// The mirrors that this node keeps, by place.
pub(crate) type Mirrors = Mutex<BTreeMap<String, MirrorHealth>>;

/// How the installation is, as its record knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Version of Amends.
    pub version: &'static str,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Messages that are held, because the mail server does not take them; 0 while it does.
    pub held: u64,
    /// How mail is doing.
    pub mail: MailState,
    /// How each channel does on which something was sent, as far as that is known; mail among them.
    pub channels: Vec<ChannelState>,
    /// Addresses that are not written to any more.
    pub suppressed: u64,
    /// The newest of them.
    pub last_suppressed: Option<Suppression>,
    /// The search index of the node that answers; none when it cannot be read.
    pub search: Option<SearchHealth>,
    /// The static mirrors that the node that answers keeps.
    pub mirrors: Vec<MirrorHealth>,
}

impl App {
    /// How the installation is, as its record knows.
    pub async fn health(&self, caller: &Caller) -> Result<Health, AppError> {
        caller.require(Action::Read, Resource::Health)?;
        let mut tx = self.read().await?;
        let mail = self.mail_state_in(&mut tx).await?;
        let channels = self.channels_in(&mut tx).await?;
        let suppressed = suppression::count(&mut tx).await?;
        // Addresses are for those who may see subscribers.
        let last_suppressed = if caller.may(Action::Read, Resource::Subscriber) {
            let newest = suppression::list(&mut tx, &Keyset::start(), 1).await?;
            newest.into_iter().find(|s| s.channel == Channel::Email)
        } else {
            None
        };
        let database = match tx.kind() {
            EngineKind::Sqlite => "sqlite",
            EngineKind::Postgres => "postgresql",
        };
        drop(tx);
        let search = match self.search_progress().await {
            Ok((complete, indexed, records)) => Some(SearchHealth { complete, indexed, records }),
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be read");
                None
            }
        };
        let held = if mail.held { mail.waiting } else { 0 };
        Ok(Health {
            version: env!("CARGO_PKG_VERSION"),
            database,
            held,
            mail,
            channels,
            suppressed,
            last_suppressed,
            search,
            mirrors: self.mirrors(),
        })
    }

    /// Notes how a mirror is: why it is not up to date, or none when it is. True if that is news.
    pub fn note_mirror(&self, place: &str, reason: Option<&str>) -> bool {
        let (current, reason) = (reason.is_none(), reason.unwrap_or_default());
        let now = self.now();
        let mut mirrors = self.mirrors_cell().lock().unwrap_or_else(PoisonError::into_inner);
        let known = mirrors.get(place);
        if known.is_some_and(|m| m.current == current && m.reason == reason) {
            return false;
        }
        let since = known.filter(|m| m.current == current).map_or(now, |m| m.since);
        let fresh = MirrorHealth { place: place.to_owned(), current, since, reason: reason.to_owned() };
        mirrors.insert(place.to_owned(), fresh);
        true
    }

    pub(crate) fn mirrors(&self) -> Vec<MirrorHealth> {
        let mirrors = self.mirrors_cell().lock().unwrap_or_else(PoisonError::into_inner);
        mirrors.values().cloned().collect()
    }

    /// The channels on which nothing gets through, mail first: for the banner.
    pub async fn failing_channels(&self, caller: &Caller) -> Result<Vec<ChannelState>, AppError> {
        caller.require(Action::Read, Resource::Health)?;
        let mut channels = self.channels_in(&mut self.read().await?).await?;
        channels.retain(|c| c.failing);
        channels.sort_by_key(|c| Channel::ALL.iter().position(|known| *known == c.channel));
        Ok(channels)
    }

    pub(crate) async fn channels_in(&self, tx: &mut Tx) -> Result<Vec<ChannelState>, AppError> {
        let mut out = Vec::new();
        for h in channel::all(tx).await? {
            out.push(ChannelState {
                channel: h.channel,
                failing: h.failing,
                waiting: delivery::waiting(tx, h.channel).await?,
                since: h.since,
                reason: h.reason,
                detail: h.detail,
                next_probe_at: h.next_probe_at,
            });
        }
        Ok(out)
    }

    /// Looks at everything around the record; takes seconds. For who runs the installation.
    pub async fn examine(&self, caller: &Caller) -> Result<Vec<Finding>, AppError> {
        caller.require(Action::Edit, Resource::Page)?;
        match self.examiner() {
            Some(examiner) => Ok(examiner().await),
            None => Ok(Vec::new()),
        }
    }
}
