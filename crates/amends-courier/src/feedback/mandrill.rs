//! Mandrill's webhooks: a form with `mandrill_events`; signed with the address that it was sent to.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Event, Untaken, What, failed, some, text, unreadable};

/// Reads a webhook. `fields` are the form's, `url` is the address as it is registered with Mandrill.
///
/// # Errors
/// [`Untaken`].
pub(super) fn mandrill(
    fields: &[(String, String)],
    signature: Option<&str>,
    key: &str,
    url: &str,
) -> Result<Vec<Event>, Untaken> {
    let signature = signature.and_then(|s| STANDARD.decode(s.trim()).ok());
    let signature = signature.ok_or(Untaken::Unsigned("X-Mandrill-Signature is missing"))?;
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort();
    let mut signed = url.to_owned();
    for (name, value) in sorted {
        signed.push_str(name);
        signed.push_str(value);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    hmac::verify(&key, signed.as_bytes(), &signature)
        .map_err(|_| Untaken::Unsigned("it does not belong to this key and address"))?;
    let events = fields.iter().find(|(name, _)| name == "mandrill_events").map_or("[]", |(_, value)| value);
    let events: Vec<Value> = serde_json::from_str(events).map_err(unreadable)?;
    Ok(events.iter().filter_map(event).collect())
}

fn event(json: &Value) -> Option<Event> {
    let message = &json["msg"];
    let said = some(text(message, "/diag")).unwrap_or(text(message, "/bounce_description"));
    let what = match text(json, "/event") {
        "delivered" => What::Delivered,
        "deferral" | "soft_bounce" => What::Deferred,
        "hard_bounce" => failed("", said).unwrap_or(What::Bounced),
        "reject" => What::Rejected,
        "spam" => What::Complained,
        "unsub" => What::Unsubscribed,
        _ => return None,
    };
    let id = some(text(message, "/headers/Message-Id")).or(some(text(message, "/metadata/message_id")));
    Some(Event::new(what, some(text(message, "/email")), id, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://status.acme.example/hooks/mail/mandrill";

    fn signed(events: &str) -> (Vec<(String, String)>, String) {
        let fields = vec![("mandrill_events".to_owned(), events.to_owned())];
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"key");
        let tag = hmac::sign(&key, format!("{URL}mandrill_events{events}").as_bytes());
        (fields, STANDARD.encode(tag))
    }

    #[test]
    fn events_are_read_and_their_signature_checked() {
        let events = r#"[{"event":"hard_bounce","msg":{"email":"ada@example.net","diag":"smtp;550 5.1.1 unknown"}},
            {"event":"hard_bounce","msg":{"email":"bob@example.net","diag":"smtp;550 5.7.1 blocked"}},
            {"event":"reject","msg":{"email":"eve@example.net"}},{"event":"spam","msg":{"email":"joe@example.net"}},
            {"event":"click","msg":{}}]"#;
        let (fields, signature) = signed(events);
        let read = mandrill(&fields, Some(&signature), "key", URL).unwrap();
        let whats: Vec<_> = read.iter().map(|e| e.what).collect();
        assert_eq!(whats, [What::Bounced, What::Rejected, What::Rejected, What::Complained]);
        assert!(mandrill(&fields, Some(&signature), "key", "https://else.example/").is_err());
        assert!(mandrill(&fields, Some(&signature), "other", URL).is_err());
        assert!(mandrill(&fields, None, "key", URL).is_err());
        let (fields, signature) = signed("{");
        assert!(matches!(mandrill(&fields, Some(&signature), "key", URL), Err(Untaken::Unreadable(_))));
    }
}
