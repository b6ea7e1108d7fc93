//! What channels have in common whose subscribers have a server of their own.

use std::sync::Arc;

use amends_model::page::Page;
use amends_model::{Channel, Endpoint};
use amends_store::delivery::Claimed;
use jiff::{SignedDuration, Timestamp};

use super::Boxed;
use crate::judge::Verdict;
use crate::links::Links;
use crate::message::{Letterhead, MANAGE, Stored, UNSUBSCRIBE};
use crate::settings::MailSettings;

/// A way for messages to reach a subscriber's own server.
pub trait Messenger: Send + Sync {
    /// Which channel it serves.
    fn channel(&self) -> Channel;

    /// What one breaker is about: usually the origin of the address.
    fn destination(&self, address: &str) -> String;

    /// The body of a broadcast, made once for everybody; the places of the recipient's own links are filled in later.
    fn body(&self, notice: &Notice) -> String;

    /// What may be sent in a day, where each message costs money.
    fn budget(&self) -> Option<Budget> {
        None
    }

    /// Sends one message. Whatever happens is an answer.
    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said>;
}

/// What may be sent in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// To one address.
    pub per_address: u64,
    /// To all together.
    pub in_all: u64,
}

/// One broadcast, for one channel.
#[derive(Debug)]
pub struct Notice {
    /// What it says.
    pub stored: Stored,
    /// When it was made.
    pub made_at: Timestamp,
    /// The page in whose name it goes.
    pub page: Arc<Page>,
    /// Who writes.
    pub head: Letterhead,
    /// Public address of the page.
    pub public_url: String,
    /// The body in pieces, and which link follows each.
    pieces: Vec<(String, Option<char>)>,
}

impl Notice {
    /// Not rendered yet.
    pub fn new(stored: Stored, made_at: Timestamp, page: Arc<Page>, settings: &MailSettings) -> Self {
        let head = settings.letterhead(&page);
        Self { stored, made_at, page, head, public_url: settings.public_url.clone(), pieces: Vec::new() }
    }

    /// Rendered for a channel.
    #[must_use]
    pub fn rendered(mut self, messenger: &dyn Messenger) -> Self {
        let body = messenger.body(&self);
        let mut rest = body.as_str();
        while let Some(at) = rest.find([MANAGE, UNSUBSCRIBE]) {
            let (piece, after) = rest.split_at(at);
            let place = after.chars().next().unwrap_or(MANAGE);
            self.pieces.push((piece.to_owned(), Some(place)));
            rest = &after[place.len_utf8()..];
        }
        self.pieces.push((rest.to_owned(), None));
        self
    }
}

/// One message to one subscriber's server.
#[derive(Debug, Clone)]
pub struct Errand {
    /// The delivery.
    pub delivery: Claimed,
    /// What is known about where it goes.
    pub endpoint: Option<Endpoint>,
    /// Its broadcast.
    pub notice: Arc<Notice>,
    /// The claim that it belongs to.
    pub lease: Arc<str>,
}

impl Errand {
    /// The body with the recipient's own links in it. The same on every attempt.
    pub fn body(&self, links: &Links) -> String {
        let token = self.delivery.subscriber_id.as_ref().map(|id| links.subscriber_token(id));
        let link = |place: char| match &token {
            Some(token) if place == MANAGE => links.manage_url(token),
            Some(token) => links.unsubscribe_url(token),
            None => self.notice.public_url.clone(),
        };
        let room = self.notice.pieces.iter().map(|(piece, _)| piece.len() + 120).sum();
        let mut out = String::with_capacity(room);
        for (piece, place) in &self.notice.pieces {
            out.push_str(piece);
            if let Some(place) = place {
                out.push_str(&link(*place));
            }
        }
        out
    }
}

/// What a server said to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it means.
    pub verdict: Verdict,
    /// Its words, or ours when there were none. Never holds a secret.
    pub words: String,
    /// It asked not to be asked again before this has passed.
    pub after: Option<SignedDuration>,
    /// Whether anybody answered at all. When not, others who want to go there need not try.
    pub answered: bool,
}

impl Said {
    /// Somebody answered.
    pub fn new(verdict: Verdict, words: impl Into<String>) -> Self {
        Self { verdict, words: words.into(), after: None, answered: true }
    }
}
