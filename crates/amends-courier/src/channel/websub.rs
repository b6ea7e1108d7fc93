//! Programs that read our feeds, told by us at once (WebSub): this is our own hub. What is sent is the whole feed as it is then.
//!
//! An address is the program's own, `#`, and the feed that it reads: `https://reader.example/callback#/history.atom`.

use std::fmt::Write;
use std::sync::Arc;

use amends_egress::{Http, Request, Target, Trust};
use amends_model::Channel;
use form_urlencoded::Serializer;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::http::{Manners, judge, origin};
use super::{Boxed, Errand, Messenger, Notice, Said};
use crate::judge::Verdict;
use crate::message::Content;

const MANNERS: Manners = Manners { gone: &[410], broken: &[] };

/// The feeds that can be subscribed to.
pub const FEEDS: &[&str] = &["/history.rss", "/history.atom", "/history.feed.json"];
/// Where the hub is.
pub const HUB: &str = "/hub";

/// A feed as it is now: its content type and its bytes.
pub type Feed = (String, Vec<u8>);
/// Gives a feed by its path, not older than an instant; none when it cannot be read.
pub type Feeds = Arc<dyn Fn(String, Timestamp) -> Boxed<'static, Option<Feed>> + Send + Sync>;

/// What is known about a subscription, besides its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// What messages are signed with; empty for none.
    pub secret: String,
    /// Until when it stands.
    pub until: Timestamp,
}

/// Tells programs that read feeds.
pub struct Websub {
    http: Http,
    feeds: Feeds,
}

/// The program's own address, and the feed.
fn parts(address: &str) -> Option<(&str, &str)> {
    address.split_once('#').filter(|(_, feed)| FEEDS.contains(feed))
}

/// The one spelling of an address.
pub(super) fn read(text: &str) -> Result<String, String> {
    let (url, feed) = parts(text.trim())
        .ok_or("must end with # and a feed, like https://reader.example/callback#/history.atom")?;
    let target = Target::parse(url).map_err(|e| e.to_string())?;
    Ok(format!("{}#{feed}", target.url()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn signature(secret: &str, body: &[u8]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length of key");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

impl Websub {
    /// Over the one guarded way out.
    pub fn new(http: Http, feeds: Feeds) -> Self {
        Self { http, feeds }
    }

    /// Asks the program itself whether it wants it (verification of intent).
    async fn ask(&self, errand: &Errand, content: &Content, now: Timestamp) -> Said {
        let Content::Intent(intent) = content else {
            return Said::new(Verdict::Refused, "that is not for feeds");
        };
        let Some((url, feed)) = parts(&errand.delivery.address) else {
            return Said::new(Verdict::Refused, "the address names no feed");
        };
        let challenge = errand.delivery.id.to_string();
        let query = Serializer::new(String::new())
            .append_pair("hub.mode", intent.mode())
            .append_pair("hub.topic", &format!("{}{feed}", errand.notice.public_url))
            .append_pair("hub.challenge", &challenge)
            .append_pair("hub.lease_seconds", &intent.lease_seconds.to_string())
            .finish();
        let sign = if url.contains('?') { '&' } else { '?' };
        let target = match Target::parse(&format!("{url}{sign}{query}")) {
            Ok(target) => target,
            Err(e) => return Said::new(Verdict::Refused, format!("the address {e}")),
        };
        let request =
            Request { method: "GET", target: &target, trust: Trust::Visitor, fields: &[], body: b"" };
        let result = self.http.send(request).await;
        let echoed = result.as_ref().is_ok_and(|r| r.body.trim_ascii() == challenge.as_bytes());
        let said = judge(result, &target, MANNERS, now);
        match said.verdict {
            Verdict::Accepted if !echoed => {
                Said::new(Verdict::Refused, "the challenge was not repeated, so the wish is not theirs")
            }
            // Whoever does not know of it says so; nothing that stands is ended by that.
            Verdict::HardBounce => Said { verdict: Verdict::Refused, ..said },
            _ => said,
        }
    }
}

impl Messenger for Websub {
    fn channel(&self) -> Channel {
        Channel::Websub
    }

    fn destination(&self, address: &str) -> String {
        origin(address.split('#').next().unwrap_or_default())
    }

    /// What is sent is the feed, which only the moment of sending knows.
    fn body(&self, _notice: &Notice) -> String {
        String::new()
    }

    fn send<'a>(&'a self, errand: &'a Errand, _body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        Box::pin(async move {
            let content = &errand.notice.stored.content;
            if matches!(content, Content::Intent(_)) {
                return self.ask(errand, content, now).await;
            }
            let Some((url, feed)) = parts(&errand.delivery.address) else {
                return Said::new(Verdict::Refused, "the address names no feed");
            };
            let lease = errand.endpoint.as_ref().and_then(|e| serde_json::from_str::<Lease>(&e.details).ok());
            let Some(lease) = lease.filter(|l| l.until > now) else {
                return Said::new(Verdict::HardBounce, "its lease has run out and was not renewed");
            };
            let target = match Target::parse(url) {
                Ok(target) => target,
                Err(e) => return Said::new(Verdict::Refused, format!("the address {e}")),
            };
            let Some((kind, body)) = (self.feeds)(feed.to_owned(), errand.notice.made_at).await else {
                return Said::new(Verdict::NotSent, "the feed cannot be read just now");
            };
            let page = &errand.notice.public_url;
            let link = format!("<{page}{HUB}>; rel=\"hub\", <{page}{feed}>; rel=\"self\"");
            let signature = signature(&lease.secret, &body);
            let mut fields = vec![("Content-Type", kind.as_str()), ("Link", link.as_str())];
            if !lease.secret.is_empty() {
                fields.push(("X-Hub-Signature", signature.as_str()));
            }
            let request = Request {
                method: "POST",
                target: &target,
                trust: Trust::Visitor,
                fields: &fields,
                body: &body,
            };
            judge(self.http.send(request).await, &target, MANNERS, now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_feed() {
        let address = "https://reader.example/callback?id=1#/history.atom";
        assert_eq!(read(address).as_deref(), Ok(address));
        for wrong in [
            "https://reader.example/callback",
            "https://reader.example/#/other",
            "reader.example#/history.rss",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    /// RFC 4231, the second example.
    #[test]
    fn messages_are_signed_as_the_standard_says() {
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
