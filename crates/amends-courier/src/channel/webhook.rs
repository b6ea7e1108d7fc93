//! Webhooks: Statuspage's body, so that what is built for it works, signed by Standard Webhooks, so that it can be trusted.

use amends_egress::Http;
use amends_model::Channel;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

use super::http::{Manners, origin, post};
use super::{Boxed, Errand, Messenger, Notice, Said, statuspage};
use crate::links::Links;

/// After a secret was renewed, messages are signed with the one before it, too, for so long.
pub const SECRET_STAYS: SignedDuration = SignedDuration::from_hours(24);

/// Statuspage's clients know 410 alone as the end.
const MANNERS: Manners = Manners { gone: &[410], broken: &[] };

/// Posts to subscribers' own servers.
pub struct Webhook {
    http: Http,
    links: Links,
}

impl Webhook {
    /// Over the one guarded way out.
    pub fn new(http: Http, links: Links) -> Self {
        Self { http, links }
    }

    /// The value of `webhook-signature`: one for each secret that is in use.
    fn signature(&self, errand: &Errand, signed: &[&str], now: Timestamp) -> Option<String> {
        let endpoint = errand.endpoint.as_ref()?;
        let sign = |generation| {
            let secret = self.links.signing_secret(&endpoint.subscriber_id, generation);
            signature(&secret, signed)
        };
        let mut value = sign(endpoint.generation);
        let lately = endpoint.rotated_at.is_some_and(|at| now.duration_since(at) < SECRET_STAYS);
        if lately && endpoint.generation > 1 {
            value.push(' ');
            value.push_str(&sign(endpoint.generation - 1));
        }
        Some(value)
    }
}

/// A secret as its owner keeps it.
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

/// Of texts one after another.
fn signature(secret: &[u8], signed: &[&str]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length of key");
    signed.iter().for_each(|text| mac.update(text.as_bytes()));
    let mut value = String::with_capacity(48);
    value.push_str("v1,");
    STANDARD.encode_string(mac.finalize().into_bytes(), &mut value);
    value
}

impl Messenger for Webhook {
    fn channel(&self) -> Channel {
        Channel::Webhook
    }

    fn destination(&self, address: &str) -> String {
        origin(address)
    }

    fn body(&self, notice: &Notice) -> String {
        statuspage::body(notice)
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        Box::pin(async move {
            let id = ["msg_", errand.delivery.id.as_str()].concat();
            let timestamp = now.as_second().to_string();
            let signature = self.signature(errand, &[&id, ".", &timestamp, ".", body], now);
            let fields = [
                ("Content-Type", "application/json"),
                ("webhook-id", id.as_str()),
                ("webhook-timestamp", timestamp.as_str()),
                ("webhook-signature", signature.as_deref().unwrap_or_default()),
            ];
            let fields = if signature.is_some() { &fields[..] } else { &fields[..3] };
            post(&self.http, &errand.delivery.address, fields, body.as_bytes(), MANNERS, now).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(signature(&secret, &[signed]), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
