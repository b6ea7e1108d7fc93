//! SendGrid's event webhook: a JSON array, signed with ECDSA over the time and the body.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::{Event, Untaken, What, failed, some, text, unreadable};

/// A report older than this is not taken; SendGrid tries for a day and signs each attempt anew.
const OLD: i64 = 15 * 60;
/// Bytes of an uncompressed P-256 point, which end a SubjectPublicKeyInfo.
const POINT: usize = 65;

/// Reads a webhook. `key` is the verification key as SendGrid shows it (base64).
///
/// # Errors
/// [`Untaken`].
pub(super) fn sendgrid(
    body: &[u8],
    signature: Option<&str>,
    stamp: Option<&str>,
    key: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Untaken> {
    let signature = signature.and_then(|s| STANDARD.decode(s.trim()).ok());
    let (Some(signature), Some(stamp)) = (signature, stamp) else {
        return Err(Untaken::Unsigned("its headers are missing; switch the signed event webhook on"));
    };
    let key =
        STANDARD.decode(key.trim()).map_err(|_| Untaken::Unsigned("the configured key is not base64"))?;
    let point = key.len().checked_sub(POINT).map(|at| &key[at..]);
    let point = point.ok_or(Untaken::Unsigned("the configured key is too short"))?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(&[stamp.as_bytes(), body].concat(), &signature)
        .map_err(|_| Untaken::Unsigned("it does not belong to this key"))?;
    let age = stamp.parse::<i64>().map(|at| (now.as_second() - at).abs());
    if age.map_or(true, |age| age > OLD) {
        return Err(Untaken::Unsigned("it is too old; check the clocks"));
    }
    let events: Vec<Value> = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(events.iter().filter_map(event).collect())
}

fn event(json: &Value) -> Option<Event> {
    let (status, said) =
        (text(json, "/status"), some(text(json, "/reason")).unwrap_or(text(json, "/response")));
    let what = match (text(json, "/event"), text(json, "/type")) {
        ("delivered", _) => What::Delivered,
        ("deferred", _) => What::Deferred,
        ("bounce", "blocked") => What::Rejected,
        ("bounce", _) => failed(status, said).unwrap_or(What::Bounced),
        ("dropped", _) if said.starts_with("Bounced Address") => What::Bounced,
        ("dropped", _) if said.starts_with("Unsubscribed Address") => What::Unsubscribed,
        ("dropped", _) if said.starts_with("Spam Reporting Address") => What::Complained,
        ("dropped", _) => What::Rejected,
        ("spamreport", _) => What::Complained,
        ("unsubscribe" | "group_unsubscribe", _) => What::Unsubscribed,
        _ => return None,
    };
    Some(Event::new(what, some(text(json, "/email")), some(text(json, "/smtp-id")), said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    #[test]
    fn events_are_read_and_their_signature_checked() {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        // The head of a SubjectPublicKeyInfo is constant and not looked at.
        let key = STANDARD.encode([&[0x30; 26], pair.public_key().as_ref()].concat());
        let body = br#"[{"email":"Ada@example.net","event":"bounce","type":"bounce","status":"5.1.1","reason":"550 5.1.1 unknown",
            "smtp-id":"<uupdate000001.abcdefgh0125@acme.example>"},{"email":"bob@example.net","event":"bounce","type":"blocked"},
            {"email":"eve@example.net","event":"spamreport"},{"email":"joe@example.net","event":"open"}]"#;
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let stamp = "1790000000";
        let sign = |stamp: &str, body: &[u8]| {
            STANDARD.encode(pair.sign(&random, &[stamp.as_bytes(), body].concat()).unwrap())
        };
        let good = sign(stamp, body);
        let events = sendgrid(body, Some(&good), Some(stamp), &key, now).unwrap();
        assert_eq!(
            events.iter().map(|e| e.what).collect::<Vec<_>>(),
            [What::Bounced, What::Rejected, What::Complained]
        );
        assert_eq!(events[0].delivery.as_ref().map(|d| d.as_str()), Some("abcdefgh0125"));
        let changed = [body.as_slice(), b" "].concat();
        for (body, signature, stamp, why) in [
            (changed.as_slice(), Some(good.as_str()), Some(stamp), "another body"),
            (body.as_slice(), Some(good.as_str()), Some("1790000001"), "another time"),
            (body.as_slice(), None, Some(stamp), "no signature"),
            (body.as_slice(), Some(good.as_str()), None, "no time"),
        ] {
            assert!(
                matches!(sendgrid(body, signature, stamp, &key, now), Err(Untaken::Unsigned(_))),
                "{why}"
            );
        }
        let old = sign("1789990000", body);
        assert!(sendgrid(body, Some(&old), Some("1789990000"), &key, now).is_err(), "too old");
        assert!(sendgrid(body, Some(&good), Some(stamp), "AAAA", now).is_err(), "no key");
    }
}
