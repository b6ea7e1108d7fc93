//! Channels: how messages leave. One file each; all answer with a [`Verdict`], so that everything behind them
//! (recording, holding, retrying) is the same for all.

mod address;
mod chat;
mod discord;
mod email;
mod http;
mod messenger;
mod postmaster;
mod slack;
mod sms;
mod statuspage;
mod teams;
mod transports;
pub mod vet;
mod viewer;
mod webhook;
mod webpush;
mod websub;

pub use address::{Address, KINDS, Kind, Proof, kind};
pub use discord::Discord;
pub use email::Email;
pub use messenger::{Budget, Errand, Messenger, Notice, Said};
pub use postmaster::Postmaster;
pub use slack::Slack;
pub use sms::{
    Alphabet, Gateway, Sms, SmsRules, Template, Twilio, meaning as sms_meaning, number as sms_number,
    size as sms_size,
};
pub use statuspage::body as statuspage_body;
pub use teams::Teams;
pub use transports::Clock;
pub use viewer::{KEPT, Viewer};
pub use webhook::{SECRET_STAYS, Webhook, secret_text};
pub use webpush::{PushKey, Webpush};
pub use websub::{FEEDS, Feed, Feeds, HUB, Lease, Websub};

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use amends_model::page::Page;
use amends_model::{BroadcastId, Channel};
use amends_store::delivery::Claimed;
use jiff::Timestamp;

use crate::judge::Verdict;
use crate::message::Content;

/// A future that can be kept in a box.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What all messages of one broadcast have in common.
#[derive(Debug)]
pub struct Bundle {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
    /// What it says, as it was shown before it went.
    pub content: Content,
    /// When it was made; the date of its mails.
    pub made_at: Timestamp,
    /// The page in whose name it goes.
    pub page: Arc<Page>,
}

/// One message to send.
#[derive(Debug, Clone)]
pub struct Task {
    /// The delivery.
    pub delivery: Claimed,
    /// Its broadcast.
    pub bundle: Arc<Bundle>,
    /// Whether it came back unsent from a line that broke.
    pub came_back: bool,
    /// Which of the batches that the lines are at work on it is from, counted from 0.
    pub batch: usize,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub verdict: Verdict,
    /// The other side's words, or ours when there were none.
    pub words: String,
}

/// Whether a line can be used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineEnd {
    /// Nothing was left to send.
    Drained,
    /// The line is gone; open another.
    Gone(String),
}

/// A way for messages to leave.
pub trait Carrier: Send + Sync {
    /// Which channel it serves.
    fn channel(&self) -> Channel;

    /// How many lines may be open at once.
    fn lines(&self) -> usize;

    /// On how many threads: one deals with many lines faster than several that wake each other, unless making a message
    /// is much work.
    fn threads(&self) -> usize {
        1
    }

    /// Opens one.
    ///
    /// # Errors
    /// In words for the operator. Always about the channel, never about a recipient.
    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>>;

    /// The way that messages go now. When it changes, what was learned about the old one says nothing any more.
    fn way(&self) -> Way {
        Way::default()
    }

    /// The way that is used now does not work: leaves it alone for a while. Answers whether there is another.
    fn fail_over(&self) -> bool {
        false
    }
}

/// One of the ways in which a carrier's messages can go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// Its place in the order, from 0.
    pub place: usize,
    /// Its name, for people: host and port.
    pub name: String,
}

/// An open connection (or what stands for one) over which messages go one after another.
pub trait Line: Send {
    /// Sends what `next` gives until it gives nothing. Each task's answer is told to `done` exactly once, before this
    /// returns.
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd>;

    /// Ends it politely.
    fn close(self: Box<Self>) -> Boxed<'static, ()>;
}
