//! Mail to one person, the state of mail as a whole, and the built-in mailbox.

use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::identity::{Link, LinkPurpose};
use crate::paging::{Listed, MAX_LIMIT, Paging};
use crate::record;
use amends_courier::message::{self, Content, Invitation, SignIn};
use amends_courier::{Links, plan};
use amends_model::{Action, BroadcastId, Channel, ChannelHealth, DeliveryId, Person, Resource, text};
use amends_store::{Tx, channel, delivery, mailbox, setting};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// The setting that holds the secret of all subscribers' links, as hexadecimal text.
const LINK_SECRET: &str = "link_secret";

/// How mail is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MailState {
    /// Host and port of the mail server; none when mail goes to the built-in viewer.
    pub server: Option<String>,
    /// Whether messages are held because the mail server does not take them.
    pub held: bool,
    /// How many messages wait, held or not.
    pub waiting: u64,
    /// Since when it works, or does not; none if nothing was ever sent.
    pub since: Option<Timestamp>,
    /// What is wrong, in words; empty when nothing is.
    pub reason: String,
    /// The mail server's own words.
    pub detail: String,
    /// When it is asked again.
    pub next_probe_at: Option<Timestamp>,
}

/// A mail of the built-in viewer, as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct MailboxMail {
    /// Counts mails from 1.
    pub number: i64,
    /// When it was sent.
    pub at: Timestamp,
    /// To whom.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// What it hangs together with in a mail program: `incident-…`, `maintenance-…`; empty for mails to one person.
    pub thread: String,
    /// The delivery that it was.
    pub delivery_id: DeliveryId,
}

/// A mail of the built-in viewer, opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OpenedMail {
    /// As in the list.
    pub mail: MailboxMail,
    /// Header fields, name and value, in order.
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: String,
    /// The HTML part: a whole document, to be shown only where it cannot run anything.
    pub html: String,
    /// The message as it would have gone over the wire.
    pub raw: String,
}

impl MailboxMail {
    fn new(m: mailbox::Mail, thread: String) -> Self {
        let mailbox::Mail { number, at, recipient, subject, delivery_id, .. } = m;
        Self { number, at, recipient, subject, thread, delivery_id }
    }
}

impl App {
    /// The links of subscribers' mails. Their secret is made at the first use and kept for ever: links in old mails
    /// must go on working.
    pub async fn links(&self) -> Result<Links, AppError> {
        if let Some(links) = self.links_cell().get() {
            return Ok(links.clone());
        }
        let stored = setting::get(&mut self.read().await?, LINK_SECRET).await?;
        let secret = match stored {
            Some(secret) => secret,
            None => {
                let fresh: String = self.random::<32>().iter().map(|b| format!("{b:02x}")).collect();
                let mut tx = self.begin().await?;
                let secret = setting::get_or_set(&mut tx, LINK_SECRET, &fresh).await?;
                tx.commit().await?;
                secret
            }
        };
        let links = Links::new(&self.mail().public_url, secret.as_bytes());
        Ok(self.links_cell().get_or_init(|| links).clone())
    }

    /// Puts a mail to one address on its way, within the caller's transaction.
    pub(crate) async fn mail_to(
        &self,
        tx: &mut Tx,
        content: &Content,
        address: &str,
    ) -> Result<DeliveryId, AppError> {
        let page = page_of(tx).await?;
        let subject = message::compose(&self.mail().letterhead(&page), content).subject().to_owned();
        let id = self.new_id(BroadcastId::from_random);
        Ok(plan::enqueue_single(tx, id, content, &subject, address, self.now()).await?)
    }

    /// Sends a one-time link to the person that it was made for: an invitation, or a way to sign in.
    pub async fn mail_link(&self, caller: &Caller, person: &Person, link: &Link) -> Result<(), AppError> {
        caller.require(Action::Edit, Resource::Person)?;
        let now = self.now();
        let url = self.link_address(link);
        let link_id = self.new_id(BroadcastId::from_random).to_string();
        let valid_until = link.expires_at;
        let content = match link.purpose {
            LinkPurpose::SignIn => {
                Content::SignIn(SignIn { link_id, name: person.name.clone(), url, valid_until })
            }
            LinkPurpose::Password | LinkPurpose::SetUp => Content::Invitation(Invitation {
                link_id,
                invited_by: caller.actor.name.clone(),
                role: person.role.to_string(),
                url,
                valid_until,
            }),
        };
        let mut tx = self.begin().await?;
        self.mail_to(&mut tx, &content, &person.email).await?;
        let detail = json!({"link_mailed": true});
        record::changed(&mut tx, caller, Action::Edit, Resource::Person, person.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await
    }

    /// How mail is doing: for the banner, the doctor and the health check.
    pub async fn mail_state(&self, caller: &Caller) -> Result<MailState, AppError> {
        caller.require(Action::Read, Resource::Health)?;
        self.mail_state_in(&mut self.read().await?).await
    }

    pub(crate) async fn mail_state_in(&self, tx: &mut Tx) -> Result<MailState, AppError> {
        let health = channel::get(tx, Channel::Email).await?;
        let waiting = delivery::waiting(tx, Channel::Email).await?;
        Ok(state(self.mail().server.clone(), health, waiting))
    }

    /// Mails of the built-in viewer, newest first; only those to one address, if it is given.
    pub async fn mailbox(
        &self,
        caller: &Caller,
        to: Option<&str>,
        paging: &Paging,
    ) -> Result<Listed<MailboxMail>, AppError> {
        caller.require(Action::Read, Resource::Mailbox)?;
        let limit = paging.limit()?;
        let to = to.map(|to| text::email("to", to)).transpose().map_err(|e| AppError::Invalid(e.into()))?;
        let before = match &paging.cursor {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_| {
                AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before")
            })?,
        };
        let found = mailbox::list(&mut self.read().await?, to.as_deref(), before, limit + 1).await?;
        let more = found.len() > limit;
        let items: Vec<MailboxMail> =
            found.into_iter().take(limit).map(|(mail, thread)| MailboxMail::new(mail, thread)).collect();
        let next_cursor = items.last().filter(|_| more).map(|m| m.number.to_string());
        Ok(Listed { items, next_cursor })
    }

    /// How many mails the built-in viewer holds.
    pub async fn mailbox_size(&self, caller: &Caller) -> Result<u64, AppError> {
        caller.require(Action::Read, Resource::Mailbox)?;
        Ok(mailbox::count(&mut self.read().await?).await?)
    }

    /// The mails of one thread to one recipient in the built-in viewer, newest first; at most 200.
    pub async fn mailbox_thread(
        &self,
        caller: &Caller,
        thread: &str,
        to: &str,
    ) -> Result<Vec<MailboxMail>, AppError> {
        caller.require(Action::Read, Resource::Mailbox)?;
        let found = mailbox::of_thread(&mut self.read().await?, thread, to, MAX_LIMIT).await?;
        Ok(found.into_iter().map(|mail| MailboxMail::new(mail, thread.to_owned())).collect())
    }

    /// One mail of the built-in viewer.
    pub async fn mailbox_mail(&self, caller: &Caller, number: i64) -> Result<OpenedMail, AppError> {
        caller.require(Action::Read, Resource::Mailbox)?;
        let found = mailbox::get(&mut self.read().await?, number).await?;
        let (mail, thread, raw) = found.ok_or(AppError::NotFound("mail"))?;
        let message::Opened { headers, text, html } = message::open(&raw);
        Ok(OpenedMail {
            mail: MailboxMail::new(mail, thread),
            headers,
            text,
            html,
            raw: String::from_utf8_lossy(&raw).into_owned(),
        })
    }

    /// Empties the built-in viewer; answers how many mails there were.
    pub async fn empty_mailbox(&self, caller: &Caller) -> Result<u64, AppError> {
        caller.require(Action::Remove, Resource::Mailbox)?;
        let mut tx = self.begin().await?;
        let count = mailbox::clear(&mut tx).await?;
        let detail = json!({"mails": count});
        record::changed(&mut tx, caller, Action::Remove, Resource::Mailbox, "all", detail, self.now())
            .await?;
        self.commit(tx).await?;
        Ok(count)
    }
}

fn state(server: Option<String>, health: Option<ChannelHealth>, waiting: u64) -> MailState {
    match health {
        Some(h) => MailState {
            server,
            held: h.failing,
            waiting,
            since: Some(h.since),
            reason: h.reason,
            detail: h.detail,
            next_probe_at: h.next_probe_at,
        },
        None => MailState {
            server,
            held: false,
            waiting,
            since: None,
            reason: String::new(),
            detail: String::new(),
            next_probe_at: None,
        },
    }
}
