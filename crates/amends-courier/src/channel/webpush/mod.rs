//! Browsers, by the push service of whoever made them (RFC 8030): sealed for the browser alone (RFC 8291), and signed so that
//! the service knows who sends (VAPID, RFC 8292).
//!
//! An address is what a browser gives, in one line: the push service's address, `#`, and two keys with a dot between.

mod seal;

use amends_egress::{Http, Request, Target, Trust};
use amends_model::Channel;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::{PublicKey, SecretKey};
use serde_json::json;
use sha2::Sha256;

use super::http::{Manners, judge, origin};
use super::{Boxed, Errand, Messenger, Notice, Said};
use crate::judge::Verdict;
use crate::links::Links;
use crate::message::{Content, brief, cut};
use crate::plan::thread;
use seal::{Receiver, seal};

/// Where the push services of the makers of browsers are.
pub(super) const HOSTS: &[&str] = &[
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    ".push.services.mozilla.com",
    ".push.apple.com",
    ".notify.windows.com",
];
/// The browser took its subscription back.
const MANNERS: Manners = Manners { gone: &[404, 410], broken: &[] };
/// How long a service keeps a message for a browser that is not there.
const KEPT: u32 = 24 * 3600;
/// How long it keeps one that somebody waits for.
const AWAITED: u32 = 600;
/// A signature works for an hour or two; a service refuses one that works for more than a day.
const SIGNED: i64 = 3600;
/// Browsers of one maker are at one host: that so many messages are on their way there at once is no burden to it.
const LANES: u64 = 16;
/// As much text stands in a notification.
const TEXT: usize = 600;

/// Tells browsers.
pub struct Webpush {
    http: Http,
    links: Links,
    key: PushKey,
    contact: String,
}

/// The key by which a push service knows us. It is this installation's for ever: a browser subscribes for it.
pub struct PushKey(SigningKey);

impl PushKey {
    /// Follows from the installation's secret.
    pub fn new(links: &Links) -> Self {
        // One number in four billion is none of the curve's; the next one is.
        let key = (0..).find_map(|n| SecretKey::from_slice(&links.push_key(n)).ok());
        #[expect(clippy::expect_used, reason = "the search does not end without one")]
        let key = key.expect("a number of the curve");
        Self(SigningKey::from(key))
    }

    /// As a browser takes it.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(seal::point(&PublicKey::from(self.0.verifying_key())))
    }

    /// The value of `Authorization` for messages to an origin.
    fn authorization(&self, origin: &str, contact: &str, now: Timestamp) -> String {
        let until = (now.as_second() / SIGNED + 2) * SIGNED;
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(json!({"typ": "JWT", "alg": "ES256"}));
        let signed = format!("{head}.{}", part(json!({"aud": origin, "exp": until, "sub": contact})));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("vapid t={signed}.{}, k={}", URL_SAFE_NO_PAD.encode(signature.to_bytes()), self.public())
    }
}

/// The service's address and the browser's keys.
fn parts(address: &str) -> Result<(&str, Receiver), String> {
    let (url, keys) = address.split_once('#').ok_or("has no keys of a browser; subscribe on the page")?;
    let wrong = || "has keys that are none of a browser; subscribe on the page again".to_owned();
    let (key, secret) = keys.split_once('.').ok_or_else(wrong)?;
    let read = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let key = read(key).and_then(|k| PublicKey::from_sec1_bytes(&k).ok()).ok_or_else(wrong)?;
    let secret = read(secret).and_then(|s| s.try_into().ok()).ok_or_else(wrong)?;
    Ok((url, Receiver { key, secret }))
}

/// The one spelling of an address.
pub(super) fn read(text: &str) -> Result<String, String> {
    let (url, to) = parts(text.trim())?;
    let target = Target::parse(url).map_err(|e| e.to_string())?;
    let [key, secret] = [seal::point(&to.key), to.secret.to_vec()].map(|k| URL_SAFE_NO_PAD.encode(k));
    Ok(format!("{}#{key}.{secret}", target.url()))
}

impl Webpush {
    /// Over the one guarded way out; `contact` is who looks after us, for whoever runs the push service: `mailto:` or https.
    pub fn new(http: Http, links: Links, contact: String) -> Self {
        let key = PushKey::new(&links);
        Self { http, links, key, contact }
    }

    /// The key that is used once, and the salt. They follow from what is said to whom, so that the same message is the same
    /// on every attempt, and another one never has them.
    fn once(&self, address: &str, body: &str) -> (SecretKey, [u8; 16]) {
        let draw = |n: u32| -> [u8; 32] {
            #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
            let mut mac =
                Hmac::<Sha256>::new_from_slice(&self.links.push_key(u32::MAX)).expect("any length of key");
            mac.update(&n.to_be_bytes());
            mac.update(address.as_bytes());
            mac.update(&[0]);
            mac.update(body.as_bytes());
            mac.finalize().into_bytes().into()
        };
        let mut salt = [0; 16];
        salt.copy_from_slice(&draw(0)[..16]);
        #[expect(clippy::expect_used, reason = "the search does not end without one")]
        let key = (1..).find_map(|n| SecretKey::from_slice(&draw(n)).ok()).expect("a number of the curve");
        (key, salt)
    }
}

impl Messenger for Webpush {
    fn channel(&self) -> Channel {
        Channel::Webpush
    }

    fn destination(&self, address: &str) -> String {
        let lane = address.bytes().fold(0u64, |n, b| n.wrapping_mul(31).wrapping_add(b.into())) % LANES;
        format!("{} {lane}", origin(address.split('#').next().unwrap_or_default()))
    }

    fn body(&self, notice: &Notice) -> String {
        let content = &notice.stored.content;
        let b = brief(&notice.head, content);
        if let Content::Confirm(c) = content {
            // The browser's own worker follows the link: that the message came to it is the proof.
            let title = if c.subscribed_already { "Updates come here already" } else { "Updates are on" };
            let (confirm, manage) =
                if c.subscribed_already { (None, Some(&c.url)) } else { (Some(&c.url), None) };
            return json!({
                "confirm": confirm, "manage": manage, "title": title,
                "text": format!("{} tells you here from now on.", b.from), "url": notice.public_url,
            })
            .to_string();
        }
        let state = b.state.trim_start_matches(|c: char| !c.is_alphanumeric());
        let title = if state.is_empty() { b.title.clone() } else { format!("{state}: {}", b.title) };
        let text = cut(&super::sms::words(&b.text), TEXT, char::len_utf8);
        json!({
            "title": cut(&title, 200, char::len_utf8),
            "text": if text.is_empty() { b.facts.join(" · ") } else { text },
            "from": cut(&b.from, 100, char::len_utf8),
            "url": b.link.map_or_else(|| notice.public_url.clone(), |(_, url)| url),
            "tag": thread(content),
            "manage": b.subscribed.then(|| crate::message::MANAGE.to_string()),
        })
        .to_string()
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        Box::pin(async move {
            let refused = |why: String| Said::new(Verdict::Refused, format!("the address {why}"));
            let (url, to) = match parts(&errand.delivery.address) {
                Ok(parts) => parts,
                Err(why) => return refused(why),
            };
            let target = match Target::parse(url) {
                Ok(target) => target,
                Err(e) => return refused(e.to_string()),
            };
            let (own, salt) = self.once(&errand.delivery.address, body);
            let Some(sealed) = seal(&to, &own, salt, body.as_bytes()) else {
                return Said::new(Verdict::Refused, "the message is too long for a push service");
            };
            let content = &errand.notice.stored.content;
            let thread = thread(content);
            let ttl = if thread.is_empty() { AWAITED } else { KEPT }.to_string();
            let authorization = self.key.authorization(target.origin(), &self.contact, now);
            let mut fields = vec![
                ("Content-Type", "application/octet-stream"),
                ("Content-Encoding", "aes128gcm"),
                ("TTL", ttl.as_str()),
                ("Urgency", urgency(content)),
                ("Authorization", authorization.as_str()),
            ];
            if !thread.is_empty() {
                // What the browser has not fetched yet is replaced by newer word.
                fields.push(("Topic", thread.as_str()));
            }
            let request = Request {
                method: "POST",
                target: &target,
                trust: Trust::Visitor,
                fields: &fields,
                body: &sealed,
            };
            judge(self.http.send(request).await, &target, MANNERS, now)
        })
    }
}

/// Whether a telephone is woken for it.
fn urgency(content: &Content) -> &'static str {
    match content {
        Content::Update(_) | Content::Confirm(_) | Content::Test(_) => "high",
        _ => "normal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    const KEYS: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4.BTBZMqHH6r4Tts7J_aSIgg";

    #[test]
    fn addresses_hold_the_browsers_keys() {
        let url = format!("https://push.example.com/abc#{KEYS}");
        assert_eq!(read(&url).as_deref(), Ok(url.as_str()));
        let padded = url.replace(".BTBZMqHH6r4Tts7J_aSIgg", "=.BTBZMqHH6r4Tts7J_aSIgg==");
        assert_eq!(read(&padded).as_deref(), Ok(url.as_str()));
        for wrong in [
            "https://push.example.com/abc",
            "https://push.example.com/#x.y",
            &url.replace("BCV", "BCW"),
            &url[8..],
            &format!("{url}aa"),
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_service_can_check_who_sends() {
        let key = PushKey::new(&Links::new("https://status.acme.example", &[7; 32]));
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let header = key.authorization("https://push.example.com", "mailto:ops@acme.example", now);
        let (token, public) =
            header.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).unwrap();
        assert_eq!(public, key.public());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let verifier = VerifyingKey::from_sec1_bytes(&bytes(public)).unwrap();
        verifier.verify(signed.as_bytes(), &Signature::from_slice(&bytes(signature)).unwrap()).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&bytes(signed.split('.').nth(1).unwrap())).unwrap();
        let left = claims["exp"].as_i64().unwrap() - now.as_second();
        assert!((3_600..86_400).contains(&left), "{left}");
        assert_eq!(claims["aud"], "https://push.example.com");
    }
}
