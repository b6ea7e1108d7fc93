//! Where providers' webhooks arrive: finds out whether they are who they say, and what they say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use amends_egress::{DialError, Door, DoorConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::sns::{Envelope, public_key};
use super::{Event, Untaken, mailgun, mandrill, postmark, sendgrid, unreadable};
use crate::smtp::Secret;

/// Who sends webhooks about mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reporter {
    /// Mailgun.
    Mailgun,
    /// Twilio SendGrid.
    Sendgrid,
    /// Postmark.
    Postmark,
    /// Amazon SES, through SNS.
    Ses,
    /// Mailchimp Transactional (Mandrill).
    Mandrill,
}

impl Reporter {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Mailgun, Self::Sendgrid, Self::Postmark, Self::Ses, Self::Mandrill];

    /// Its name in addresses and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mailgun => "mailgun",
            Self::Sendgrid => "sendgrid",
            Self::Postmark => "postmark",
            Self::Ses => "ses",
            Self::Mandrill => "mandrill",
        }
    }
}

/// A webhook as it came.
pub struct Post<'a> {
    /// The value of a header field, by its name in lower case.
    pub header: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The body.
    pub body: &'a [u8],
    /// The address that it was sent to, as it is registered with the provider.
    pub url: String,
}

/// What a webhook says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// May be taken once only: what it is known by.
    pub once: Option<String>,
    /// What happened.
    pub events: Vec<Event>,
}

/// The desk. A provider without a key is not listened to.
pub struct Desk {
    keys: HashMap<&'static str, Secret>,
    door: Door,
    certificates: Mutex<HashMap<String, Vec<u8>>>,
}

/// Certificates of Amazon that are remembered.
const CERTIFICATES: usize = 16;
/// Most bytes of one.
const CERTIFICATE: usize = 16 * 1024;

impl Desk {
    /// With the key of each provider: Mailgun's webhook signing key, SendGrid's verification key, `user:password` for
    /// Postmark, the ARN of the SNS topic for SES, Mandrill's webhook key.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub fn new(keys: Vec<(Reporter, Secret)>) -> Result<Self, DialError> {
        Ok(Self {
            keys: keys.into_iter().map(|(reporter, key)| (reporter.name(), key)).collect(),
            door: Door::new(DoorConfig::default())?,
            certificates: Mutex::default(),
        })
    }

    /// The provider of this name, if it is listened to.
    pub fn reporter(&self, name: &str) -> Option<Reporter> {
        Reporter::ALL.into_iter().find(|r| r.name() == name && self.keys.contains_key(name))
    }

    /// Reads a webhook after checking who sent it.
    ///
    /// # Errors
    /// [`Untaken`].
    pub async fn read(&self, from: Reporter, post: &Post<'_>, now: Timestamp) -> Result<Report, Untaken> {
        let key = self.keys.get(from.name()).map(Secret::expose);
        let key = key.ok_or(Untaken::Unsigned("no key is configured for this provider"))?;
        let header = |name: &str| (post.header)(name);
        let events = match from {
            Reporter::Mailgun => {
                let (token, events) = mailgun(post.body, key, now)?;
                return Ok(Report { once: Some(token), events });
            }
            Reporter::Sendgrid => {
                let signature = header("x-twilio-email-event-webhook-signature");
                let stamp = header("x-twilio-email-event-webhook-timestamp");
                sendgrid(post.body, signature.as_deref(), stamp.as_deref(), key, now)?
            }
            Reporter::Postmark => {
                let given = header("authorization").and_then(|h| basic(&h));
                if !given.is_some_and(|given| same(given.as_bytes(), key.as_bytes())) {
                    return Err(Untaken::Unsigned("name and password in its address are missing or wrong"));
                }
                postmark(post.body)?
            }
            Reporter::Mandrill => {
                let fields: Vec<(String, String)> = form_urlencoded::parse(post.body).into_owned().collect();
                mandrill(&fields, header("x-mandrill-signature").as_deref(), key, &post.url)?
            }
            Reporter::Ses => self.ses(post.body, key, now).await?,
        };
        Ok(Report { once: None, events })
    }

    async fn ses(&self, body: &[u8], topic: &str, now: Timestamp) -> Result<Vec<Event>, Untaken> {
        let envelope = Envelope::read(body)?;
        if envelope.topic() != topic {
            return Err(Untaken::Unsigned("it is from another topic than the configured one"));
        }
        let url = envelope.certificate_url()?.to_owned();
        envelope.verify(&self.certificate(&url).await?, now)?;
        if let Some(url) = envelope.confirmation_url() {
            self.door.fetch(url, CERTIFICATE).await.map_err(unreadable)?;
        }
        envelope.events()
    }

    async fn certificate(&self, url: &str) -> Result<Vec<u8>, Untaken> {
        let known = self.certificates.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let text = self.door.fetch(url, CERTIFICATE).await.map_err(unreadable)?;
        let key = public_key(&text).ok_or(Untaken::Unsigned("its certificate cannot be read"))?;
        let mut certificates = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        if certificates.len() >= CERTIFICATES {
            certificates.clear();
        }
        certificates.insert(url.to_owned(), key.clone());
        Ok(key)
    }
}

/// `user:password` of a basic authorization.
fn basic(header: &str) -> Option<String> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
}

/// Compares without telling by the time it takes how much was right.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    let digest = |bytes: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest(a).as_ref() == digest(b).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> Desk {
        Desk::new(vec![
            (Reporter::Postmark, Secret::new("amends:secret")),
            (Reporter::Ses, Secret::new("arn:aws:sns:eu-west-1:1:mail")),
        ])
        .unwrap()
    }

    #[tokio::test]
    async fn only_providers_with_a_key_are_listened_to() {
        let desk = desk();
        assert_eq!(desk.reporter("postmark"), Some(Reporter::Postmark));
        assert_eq!(desk.reporter("mailgun"), None);
        let post = Post { header: &|_| None, body: b"{}", url: String::new() };
        let now = Timestamp::UNIX_EPOCH;
        assert!(matches!(desk.read(Reporter::Mailgun, &post, now).await, Err(Untaken::Unsigned(_))));
        let ses = br#"{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:2:other"}"#;
        let post = Post { body: ses, ..post };
        assert!(matches!(desk.read(Reporter::Ses, &post, now).await, Err(Untaken::Unsigned(_))));
    }

    #[tokio::test]
    async fn postmark_shows_name_and_password() {
        let desk = desk();
        let complaint = br#"{"RecordType":"SpamComplaint","Email":"ada@example.net"}"#;
        for (given, taken) in [("amends:secret", true), ("amends:other", false), ("", false)] {
            let header = format!("Basic {}", STANDARD.encode(given));
            let headers = move |name: &str| (name == "authorization").then(|| header.clone());
            let post = Post { header: &headers, body: complaint, url: String::new() };
            assert_eq!(
                desk.read(Reporter::Postmark, &post, Timestamp::UNIX_EPOCH).await.is_ok(),
                taken,
                "{given}"
            );
        }
    }
}
