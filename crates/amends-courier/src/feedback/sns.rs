//! Amazon SES through SNS: a signed envelope, and in it the event. The certificate that signed it lies at an address of
//! Amazon's; whoever calls fetches it, after [`Envelope::certificate_url`] has said that it may be trusted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::{Event, Untaken, What, failed, some, text, unreadable};

/// A message older than this is not taken; SNS tries for up to an hour by default.
const OLD: i64 = 2 * 60 * 60;

/// A message of SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    fields: Value,
}

impl Envelope {
    /// Reads it; nothing is checked yet.
    ///
    /// # Errors
    /// [`Untaken::Unreadable`].
    pub(super) fn read(body: &[u8]) -> Result<Self, Untaken> {
        let fields: Value = serde_json::from_slice(body).map_err(unreadable)?;
        if text(&fields, "/Type").is_empty() {
            return Err(Untaken::Unreadable("it has no Type; it is no message of Amazon SNS".into()));
        }
        Ok(Self { fields })
    }

    /// The topic that it came from.
    pub(super) fn topic(&self) -> &str {
        text(&self.fields, "/TopicArn")
    }

    /// Where the certificate lies.
    ///
    /// # Errors
    /// When it is not at Amazon's SNS: anybody could sign with a certificate of their own.
    pub(super) fn certificate_url(&self) -> Result<&str, Untaken> {
        let url = text(&self.fields, "/SigningCertURL");
        if is_amazon(url) { Ok(url) } else { Err(Untaken::Unsigned("its certificate is not at Amazon's")) }
    }

    /// The address to follow once, to begin the subscription; none for other messages.
    pub(super) fn confirmation_url(&self) -> Option<&str> {
        let url = text(&self.fields, "/SubscribeURL");
        (text(&self.fields, "/Type") == "SubscriptionConfirmation" && is_amazon(url)).then_some(url)
    }

    /// Checks the signature with the public key of the certificate (an RSAPublicKey in DER).
    ///
    /// # Errors
    /// [`Untaken::Unsigned`].
    pub(super) fn verify(&self, public_key: &[u8], now: Timestamp) -> Result<(), Untaken> {
        if text(&self.fields, "/SignatureVersion") != "2" {
            return Err(Untaken::Unsigned("set SignatureVersion 2 on the topic; version 1 uses SHA-1"));
        }
        let at: Result<Timestamp, _> = text(&self.fields, "/Timestamp").parse();
        if at.map_or(true, |at| (now.as_second() - at.as_second()).abs() > OLD) {
            return Err(Untaken::Unsigned("it is too old; check the clocks"));
        }
        let signature = STANDARD
            .decode(text(&self.fields, "/Signature"))
            .map_err(|_| Untaken::Unsigned("the signature is not base64"))?;
        aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
            public_key,
        )
        .verify(self.signed_text().as_bytes(), &signature)
        .map_err(|_| Untaken::Unsigned("it does not belong to this certificate"))
    }

    fn signed_text(&self) -> String {
        let names: &[&str] = if text(&self.fields, "/Type") == "Notification" {
            &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        } else {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        };
        let mut out = String::new();
        for name in names {
            // A subject that is not there is left out altogether.
            if let Some(value) = self.fields[*name].as_str() {
                out.push_str(&format!("{name}\n{value}\n"));
            }
        }
        out
    }

    /// What SES says in it.
    ///
    /// # Errors
    /// [`Untaken::Unreadable`].
    pub(super) fn events(&self) -> Result<Vec<Event>, Untaken> {
        if text(&self.fields, "/Type") != "Notification" {
            return Ok(Vec::new());
        }
        let message: Value = serde_json::from_str(text(&self.fields, "/Message")).map_err(unreadable)?;
        Ok(events(&message))
    }
}

/// The RSA public key (DER) in a certificate (PEM), as [`Envelope::verify`] takes it. Whose certificate it is was settled
/// by fetching it from Amazon's address over TLS; here it is only taken apart.
pub(super) fn public_key(certificate: &str) -> Option<Vec<u8>> {
    const RSA: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let (_, rest) = certificate.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
    let at = der.windows(RSA.len()).position(|w| w == RSA)? + RSA.len();
    // BIT STRING, length in two bytes, no unused bits, then the key.
    let [0x03, 0x82, high, low, 0x00, key @ ..] = der.get(at..)? else { return None };
    let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(1)?;
    key.get(..length).map(<[u8]>::to_vec)
}

/// `https://sns.{region}.amazonaws.com/…`, and nothing that only looks like it.
fn is_amazon(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let region = host
        .strip_prefix("sns.")
        .and_then(|r| r.strip_suffix(".amazonaws.com").or_else(|| r.strip_suffix(".amazonaws.com.cn")));
    region.is_some_and(|r| !r.is_empty() && r.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

fn events(message: &Value) -> Vec<Event> {
    let kind = some(text(message, "/eventType")).unwrap_or(text(message, "/notificationType"));
    let header = message.pointer("/mail/headers").and_then(Value::as_array).into_iter().flatten();
    let id = header
        .filter(|h| text(h, "/name").eq_ignore_ascii_case("message-id"))
        .map(|h| text(h, "/value"))
        .next()
        .or(some(text(message, "/mail/commonHeaders/messageId")));
    let list = |path: &str| message.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let addressed = |what: What, list: Vec<Value>, detail: &str| {
        list.iter()
            .map(|r| Event::new(what, r.as_str().or(some(text(r, "/emailAddress"))), id, detail))
            .collect::<Vec<_>>()
    };
    match kind {
        "Bounce" => list("/bounce/bouncedRecipients")
            .iter()
            .map(|r| {
                let (status, said) = (text(r, "/status"), text(r, "/diagnosticCode"));
                let what = match text(message, "/bounce/bounceType") {
                    "Permanent" => failed(status, said).unwrap_or(What::Bounced),
                    _ => What::Deferred,
                };
                Event::new(what, some(text(r, "/emailAddress")), id, said)
            })
            .collect(),
        "Complaint" => addressed(
            What::Complained,
            list("/complaint/complainedRecipients"),
            text(message, "/complaint/complaintFeedbackType"),
        ),
        "Delivery" => {
            addressed(What::Delivered, list("/delivery/recipients"), text(message, "/delivery/smtpResponse"))
        }
        "DeliveryDelay" => addressed(
            What::Deferred,
            list("/deliveryDelay/delayedRecipients"),
            text(message, "/deliveryDelay/delayType"),
        ),
        "Reject" | "Rendering Failure" => {
            addressed(What::Rejected, list("/mail/destination"), text(message, "/reject/reason"))
        }
        "Subscription" => addressed(What::Unsubscribed, list("/mail/destination"), "unsubscribed with SES"),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_addresses_are_followed() {
        assert!(is_amazon("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-x.pem"));
        for wrong in [
            "http://sns.eu-west-1.amazonaws.com/x",
            "https://sns.eu-west-1.amazonaws.com.evil.example/x",
            "https://sns.evil.example/.amazonaws.com",
            "https://sns.a@evil.amazonaws.com/x",
            "https://evil.example/?sns.eu-west-1.amazonaws.com",
            "https://sns..amazonaws.com/x",
            "",
        ] {
            assert!(!is_amazon(wrong), "{wrong}");
        }
    }

    fn envelope(message: &str, signature: &str) -> Envelope {
        let body = serde_json::json!({
            "Type": "Notification", "MessageId": "m1", "TopicArn": "arn:aws:sns:eu-west-1:1:mail", "Message": message,
            "Timestamp": "2026-09-21T14:13:20Z", "SignatureVersion": "2", "Signature": signature,
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem",
        });
        Envelope::read(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_signature_covers_the_fields_in_their_order() {
        use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
        let pem = include_str!("../../tests/data/dkim_rsa_2048.pem");
        let der: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
        let der = STANDARD.decode(der).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).unwrap();
        let signed = "Message\n{}\nMessageId\nm1\nTimestamp\n2026-09-21T14:13:20Z\nTopicArn\narn:aws:sns:eu-west-1:1:mail\nType\nNotification\n";
        assert_eq!(envelope("{}", "").signed_text(), signed);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &aws_lc_rs::rand::SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        let signature = STANDARD.encode(signature);
        let now: Timestamp = "2026-09-21T14:20:00Z".parse().unwrap();
        let key = pair.public_key().as_ref();
        assert_eq!(envelope("{}", &signature).verify(key, now), Ok(()));
        assert!(envelope("{ }", &signature).verify(key, now).is_err(), "another message");
        let later: Timestamp = "2026-09-22T14:20:00Z".parse().unwrap();
        assert!(envelope("{}", &signature).verify(key, later).is_err(), "too old");
    }

    #[test]
    fn events_are_read() {
        let of = |message: &str| {
            let found = envelope(message, "").events().unwrap().pop();
            found.map(|e| (e.what, e.address.unwrap_or_default(), e.delivery.map(|d| d.to_string())))
        };
        let bounce = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":
            [{"emailAddress":"Ada@example.net","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 unknown"}]},
            "mail":{"headers":[{"name":"Message-ID","value":"<uupdate000001.abcdefgh0125@acme.example>"}]}}"#;
        let ada = || "ada@example.net".to_owned();
        assert_eq!(of(bounce), Some((What::Bounced, ada(), Some("abcdefgh0125".into()))));
        assert_eq!(of(&bounce.replace("Permanent", "Transient")).map(|e| e.0), Some(What::Deferred));
        assert_eq!(of(&bounce.replace("5.1.1", "5.7.1")).map(|e| e.0), Some(What::Rejected));
        let complaint = r#"{"eventType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"ada@example.net"}]}}"#;
        assert_eq!(of(complaint), Some((What::Complained, ada(), None)));
        let reject = r#"{"eventType":"Reject","mail":{"destination":["ada@example.net"]},"reject":{"reason":"Bad content"}}"#;
        assert_eq!(of(reject), Some((What::Rejected, ada(), None)));
        assert_eq!(of(r#"{"eventType":"Open"}"#), None);
        assert!(envelope("no json", "").events().is_err());
        assert!(Envelope::read(b"{}").is_err());
    }
}
