//! What becomes of mail after the next server took it: bounces (DSN), complaints (ARF), and the event webhooks of mail
//! providers. Each format has its file and says the same thing: an [`Event`]. Pure; what it means for subscribers is
//! decided by who asks.

mod desk;
mod mail;
mod mailgun;
mod mandrill;
mod postmark;
mod sendgrid;
mod sms;
mod sns;

pub use desk::{Desk, Post, Report, Reporter};
pub use mail::read_mail;
pub use sms::{Keyword, SmsDesk, SmsFate, SmsPost, TWILIO, keyword, read_answer, read_status};

use mailgun::mailgun;
use mandrill::mandrill;
use postmark::postmark;
use sendgrid::sendgrid;

use amends_model::DeliveryId;

use crate::judge::{Verdict, judge_reply};
use crate::smtp::{Enhanced, Parsed, Reply, Stage, parse};

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// It was delivered to the mailbox.
    Delivered,
    /// It will be tried again by the other side.
    Deferred,
    /// The address does not exist.
    Bounced,
    /// It did not reach this recipient, for a reason that may pass.
    Refused,
    /// The receiving side does not want mail from us.
    Rejected,
    /// The recipient called it spam.
    Complained,
    /// The recipient unsubscribed with the provider.
    Unsubscribed,
}

/// What happened to one message, as far as the other side says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub what: What,
    /// Which delivery it was, if that can be told.
    pub delivery: Option<DeliveryId>,
    /// Who it was for, in lower case; reports may leave it out.
    pub address: Option<String>,
    /// The token of the subscriber's links, in a mail to the unsubscribe mailbox.
    pub token: Option<String>,
    /// The other side's words.
    pub detail: String,
}

impl Event {
    fn new(what: What, address: Option<&str>, message_id: Option<&str>, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        Self {
            what,
            delivery: message_id.and_then(delivery_of),
            address: address.map(bare_address).filter(|a| a.contains('@')),
            token: None,
            detail: detail.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect(),
        }
    }
}

/// Why a report is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untaken {
    /// The signature is missing, wrong or too old.
    #[error("the signature is not right: {0}")]
    Unsigned(&'static str),
    /// It is not what it should be.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

fn unreadable(e: impl std::fmt::Display) -> Untaken {
    Untaken::Unreadable(e.to_string())
}

/// The delivery in one of our Message-IDs: `<u{update}.{delivery}@…>`.
fn delivery_of(message_id: &str) -> Option<DeliveryId> {
    let inner = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, _) = inner.rsplit_once('@')?;
    local.rsplit_once('.')?.1.parse().ok()
}

/// `Ada <Ada@Example.net>` and `rfc822; ada@example.net` as the store writes addresses.
fn bare_address(written: &str) -> String {
    let inner = written.rsplit_once('<').map_or(written, |(_, rest)| rest);
    let inner = inner.split_once(';').map_or(inner, |(_, rest)| rest);
    inner.trim().trim_end_matches('>').trim().to_lowercase()
}

/// What a final failure means, by its status (`5.1.1`) or the receiving server's own reply, if either says enough.
fn failed(status: &str, said: &str) -> Option<What> {
    let words = said.split_once(';').map_or(said, |(_, rest)| rest).trim();
    let of_reply = match parse(format!("{words}\r\n").as_bytes()) {
        Parsed::Reply(reply, _) => reply.enhanced,
        _ => None,
    };
    let enhanced = of_reply.or_else(|| enhanced(status))?;
    if enhanced.class == 4 {
        return Some(What::Refused);
    }
    let reply = Reply { code: 550, enhanced: Some(enhanced), text: String::new() };
    Some(match judge_reply(Stage::EndOfData, &reply) {
        Verdict::HardBounce => What::Bounced,
        Verdict::SenderRejected => What::Rejected,
        _ => What::Refused,
    })
}

fn enhanced(status: &str) -> Option<Enhanced> {
    let mut numbers = status.trim().splitn(3, '.');
    Some(Enhanced {
        class: numbers.next()?.parse().ok()?,
        subject: numbers.next()?.parse().ok()?,
        detail: numbers.next()?.split_whitespace().next()?.parse().ok()?,
    })
}

/// A text in a JSON value; empty if it is none.
fn text<'a>(value: &'a serde_json::Value, path: &str) -> &'a str {
    value.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// Some text, if there is any.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_message_ids_name_the_delivery() {
        let id: DeliveryId = "abcdefgh0123".parse().unwrap();
        assert_eq!(delivery_of("<uupdate000001.abcdefgh0123@acme.example>"), Some(id.clone()));
        assert_eq!(delivery_of("uupdate000001.abcdefgh0123@acme.example"), Some(id));
        for other in ["<x@y.z>", "", "<a.b@c>", "<.@>"] {
            assert_eq!(delivery_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_codes_about_the_address_bounce_it() {
        assert_eq!(failed("5.1.1", ""), Some(What::Bounced));
        assert_eq!(
            failed("5.0.0", "smtp; 550 5.1.1 no such user"),
            Some(What::Bounced),
            "the server knows best"
        );
        assert_eq!(failed("5.1.1", "smtp; 550 5.7.26 unauthenticated"), Some(What::Rejected));
        assert_eq!(failed("5.2.2", ""), Some(What::Refused));
        assert_eq!(failed("4.4.1", ""), Some(What::Refused));
        assert_eq!(failed("", "who knows"), None);
        assert_eq!(failed("5.1", ""), None);
    }

    #[test]
    fn addresses_are_written_as_the_store_writes_them() {
        assert_eq!(bare_address("rfc822; Ada@Example.net"), "ada@example.net");
        assert_eq!(bare_address("Ada <ADA@example.net>"), "ada@example.net");
    }
}
