//! The hub (WebSub): programs that read our feeds ask to be told of changes, and are asked in turn whether that is their wish.

use crate::context::{App, page_of};
use crate::error::AppError;
use amends_courier::channel::{Address, FEEDS};
use amends_courier::message::{self, Content, FeedNews, Intent};
use amends_courier::plan;
use amends_model::broadcast::Audience;
use amends_model::{BroadcastId, Channel};
use amends_store::{setting, subscriber};
use jiff::SignedDuration;
use std::net::IpAddr;

/// How long a subscription stands: what is wished for, within these; in seconds.
const LEASE: i64 = 10 * 86_400;
const SHORTEST: i64 = 3_600;
const LONGEST: i64 = 30 * 86_400;
/// Most bytes of a secret, as the standard has it.
const SECRET: usize = 200;
/// The setting that tells the feeds that were last told of from those now.
const DIGEST: &str = "feeds_told";

/// A wish at the hub, as the standard names its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubWish {
    /// `subscribe` or `unsubscribe`.
    pub mode: String,
    /// The feed's address.
    pub topic: String,
    /// What is posted to.
    pub callback: String,
    /// For how long.
    pub lease_seconds: Option<String>,
    /// What messages are signed with.
    pub secret: Option<String>,
    /// Where the wish came from, for its budget.
    pub source: Option<IpAddr>,
}

impl App {
    /// Takes a wish, and asks the program whether it is its own.
    ///
    /// Errors: a part of it is wrong; the address cannot be posted to; the hub was asked too often.
    pub async fn ask_hub(&self, wish: HubWish) -> Result<(), AppError> {
        let ends = match wish.mode.as_str() {
            "subscribe" => false,
            "unsubscribe" => true,
            _ => return Err(AppError::field("hub.mode", "must be subscribe or unsubscribe")),
        };
        let base = &self.mail().public_url;
        let feed = wish.topic.strip_prefix(base.as_str()).filter(|path| FEEDS.contains(path));
        let feed = feed.ok_or_else(|| {
            let known: Vec<String> = FEEDS.iter().map(|f| format!("{base}{f}")).collect();
            AppError::field("hub.topic", format!("is no feed of this hub; it has {}", known.join(", ")))
        })?;
        if wish.callback.contains('#') {
            return Err(AppError::field("hub.callback", "must not hold a #"));
        }
        let to = Address::read(Some(Channel::Websub), &format!("{}#{feed}", wish.callback.trim()));
        let to = to.map_err(|e| AppError::field("hub.callback", e))?;
        self.vet_url(&to).map_err(|e| AppError::field("hub.callback", e))?;
        let seconds =
            wish.lease_seconds.as_deref().filter(|s| !s.is_empty()).map(str::parse::<i64>).transpose();
        let seconds =
            seconds.map_err(|_| AppError::field("hub.lease_seconds", "must be a whole number of seconds"))?;
        let secret = wish.secret.unwrap_or_default();
        if secret.len() >= SECRET {
            return Err(AppError::field("hub.secret", "must be shorter than 200 bytes"));
        }
        if let Some(source) = wish.source {
            self.form_budget().take(source)?;
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        if self.too_many_at(&mut tx, &to, now - SignedDuration::from_hours(24), now).await? {
            return Err(AppError::TooMany { seconds: 3600 });
        }
        let found = match subscriber::get_by_address(&mut tx, Channel::Websub, &to.text).await? {
            Some(found) => found,
            // Whoever is not there need not be asked whether they leave.
            None if ends => return Ok(()),
            None => self.newcomer(&mut tx, &to, "", Vec::new(), now).await?,
        };
        let content = Content::Intent(Intent {
            subscriber_id: found.id.to_string(),
            ends,
            lease_seconds: seconds.unwrap_or(LEASE).clamp(SHORTEST, LONGEST),
            secret,
            at: now,
        });
        self.send_question(&mut tx, &content, Channel::Websub, &to.text, now).await?;
        self.commit(tx).await
    }

    /// Tells those who subscribed at the hub that the feeds are others than they were told of. A duty: whoever renders the
    /// feeds says what they are now. Answers whether somebody is told.
    pub async fn tell_hub(&self, digest: &str) -> Result<bool, AppError> {
        if setting::get(&mut self.read().await?, DIGEST).await?.is_some_and(|told| told == digest) {
            return Ok(false);
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        if !setting::replace(&mut tx, DIGEST, digest).await? {
            return Ok(false);
        }
        if !subscriber::is_any_on(&mut tx, Channel::Websub).await? {
            tx.commit().await?;
            return Ok(false);
        }
        let url = self.mail().public_url.clone();
        let content = Content::Feed(FeedNews { digest: digest.to_owned(), url, at: now });
        let page = page_of(&mut tx).await?;
        let subject = message::compose(&self.mail().letterhead(&page), &content).subject().to_owned();
        let id = self.new_id(BroadcastId::from_random);
        plan::enqueue(&mut tx, id, &content, &subject, Audience::default(), now).await?;
        tx.commit().await?;
        self.courier_nudge(Channel::Websub).notify_one();
        Ok(true)
    }
}
