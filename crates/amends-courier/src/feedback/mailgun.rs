//! Mailgun's webhooks: JSON `{signature, event-data}`; the signature does not cover the body.

use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde_json::Value;

use super::{Event, Untaken, What, failed, some, text, unreadable};

/// A report older than this is not taken. Mailgun signs each attempt anew.
const OLD: i64 = 15 * 60;

/// Reads a webhook and answers its token, too: because the body is not signed, whoever has seen one signature could send
/// another body with it, so the caller must take each token once only.
///
/// # Errors
/// [`Untaken`].
pub(super) fn mailgun(body: &[u8], key: &str, now: Timestamp) -> Result<(String, Vec<Event>), Untaken> {
    let json: Value = serde_json::from_slice(body).map_err(unreadable)?;
    let (stamp, token) = (text(&json, "/signature/timestamp"), text(&json, "/signature/token"));
    let signature =
        from_hex(text(&json, "/signature/signature")).ok_or(Untaken::Unsigned("it is missing"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hmac::verify(&key, format!("{stamp}{token}").as_bytes(), &signature)
        .map_err(|_| Untaken::Unsigned("it does not belong to this key"))?;
    let age = stamp.parse::<i64>().map(|at| (now.as_second() - at).abs());
    if age.map_or(true, |age| age > OLD) {
        return Err(Untaken::Unsigned("it is too old; check the clocks"));
    }
    Ok((token.to_owned(), event(&json["event-data"]).into_iter().collect()))
}

fn event(data: &Value) -> Option<Event> {
    let status = &data["delivery-status"];
    let said = some(text(status, "/message"))
        .or(some(text(status, "/description")))
        .unwrap_or(text(data, "/reason"));
    let what = match (text(data, "/event"), text(data, "/severity")) {
        ("delivered", _) => What::Delivered,
        ("failed", "temporary") => What::Deferred,
        ("failed", _) => {
            let code = status["code"].as_i64().unwrap_or_default();
            failed(text(status, "/enhanced-code"), &format!("{code} {said}"))
                .or(failed("", said))
                .unwrap_or(What::Bounced)
        }
        ("rejected", _) => What::Rejected,
        ("complained", _) => What::Complained,
        ("unsubscribed", _) => What::Unsubscribed,
        _ => return None,
    };
    Some(Event::new(
        what,
        some(text(data, "/recipient")),
        some(text(data, "/message/headers/message-id")),
        said,
    ))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|n| u8::from_str_radix(&text[n..n + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &str, at: i64, event: &str) -> String {
        let token = "0123456789abcdef0123456789abcdef0123456789abcdef01";
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let tag = hmac::sign(&key, format!("{at}{token}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        format!(
            "{{\"signature\":{{\"timestamp\":\"{at}\",\"token\":\"{token}\",\"signature\":\"{hex}\"}},\"event-data\":{event}}}"
        )
    }

    const BOUNCE: &str = r#"{"event":"failed","severity":"permanent","reason":"bounce","recipient":"Ada@example.net",
        "message":{"headers":{"message-id":"uupdate000001.abcdefgh0125@acme.example"}},
        "delivery-status":{"code":550,"message":"5.1.1 The email account does not exist."}}"#;

    #[test]
    fn events_are_read_and_their_signature_checked() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let read = |body: &str| mailgun(body.as_bytes(), "key", now).map(|(_, events)| events);
        let events = read(&signed("key", 1_790_000_000, BOUNCE)).unwrap();
        assert_eq!((events[0].what, events[0].address.as_deref()), (What::Bounced, Some("ada@example.net")));
        assert_eq!(events[0].delivery.as_ref().map(|d| d.as_str()), Some("abcdefgh0125"));
        let blocked = BOUNCE.replace("5.1.1 The", "5.7.1 The");
        assert_eq!(read(&signed("key", 1_790_000_000, &blocked)).unwrap()[0].what, What::Rejected);
        let complaint = r#"{"event":"complained","recipient":"ada@example.net"}"#;
        assert_eq!(read(&signed("key", 1_790_000_000, complaint)).unwrap()[0].what, What::Complained);
        assert_eq!(read(&signed("key", 1_790_000_000, r#"{"event":"opened"}"#)), Ok(vec![]));

        for (body, why) in [
            (signed("other", 1_790_000_000, BOUNCE), "another key"),
            (signed("key", 1_790_000_000 - 3600, BOUNCE), "too old"),
            (
                signed("key", 1_790_000_000, BOUNCE).replace("\"signature\":\"", "\"signature\":\"zz"),
                "no hex",
            ),
            ("{}".into(), "nothing"),
        ] {
            assert!(matches!(read(&body), Err(Untaken::Unsigned(_))), "{why}");
        }
        let (token, _) = mailgun(signed("key", 1_790_000_000, BOUNCE).as_bytes(), "key", now).unwrap();
        assert_eq!(token.len(), 50);
        assert!(matches!(read("not json"), Err(Untaken::Unreadable(_))));
    }
}
