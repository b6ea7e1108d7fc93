//! Postmark's webhooks: JSON with a `RecordType`; not signed, so the address carries name and password.

use serde_json::Value;

use super::{Event, Untaken, What, failed, some, text, unreadable};

/// Reads a webhook. Who sent it was found out before, by name and password.
///
/// # Errors
/// [`Untaken::Unreadable`].
pub(super) fn postmark(body: &[u8]) -> Result<Vec<Event>, Untaken> {
    let json: Value = serde_json::from_slice(body).map_err(unreadable)?;
    Ok(event(&json).into_iter().collect())
}

fn event(json: &Value) -> Option<Event> {
    let details = some(text(json, "/Details")).unwrap_or(text(json, "/Description"));
    let (what, who) = match text(json, "/RecordType") {
        "Delivery" => (What::Delivered, text(json, "/Recipient")),
        "Bounce" => (bounce(text(json, "/Type"), details)?, text(json, "/Email")),
        "SpamComplaint" => (What::Complained, text(json, "/Email")),
        "SubscriptionChange" if json["SuppressSending"] == true => {
            (What::Unsubscribed, text(json, "/Recipient"))
        }
        _ => return None,
    };
    let id = some(text(json, "/Metadata/message_id"));
    Some(Event::new(what, some(who), id, details))
}

fn bounce(kind: &str, details: &str) -> Option<What> {
    Some(match kind {
        "HardBounce" => failed("", details).unwrap_or(What::Bounced),
        "Transient" | "DnsError" | "SoftBounce" => What::Deferred,
        "Blocked" | "DMARCPolicy" | "SpamNotification" => What::Rejected,
        "BadEmailAddress" => What::Bounced,
        "Unsubscribe" => What::Unsubscribed,
        "SpamComplaint" => What::Complained,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        let read = |body: &str| {
            postmark(body.as_bytes()).unwrap().pop().map(|e| (e.what, e.address.unwrap_or_default()))
        };
        let ada = || "ada@example.net".to_owned();
        let bounce = r#"{"RecordType":"Bounce","Type":"HardBounce","Email":"Ada@example.net","Details":"smtp;550 5.1.1 no"}"#;
        assert_eq!(read(bounce), Some((What::Bounced, ada())));
        assert_eq!(read(&bounce.replace("5.1.1", "5.7.1")), Some((What::Rejected, ada())));
        assert_eq!(read(&bounce.replace("HardBounce", "Transient")), Some((What::Deferred, ada())));
        assert_eq!(read(&bounce.replace("HardBounce", "AutoResponder")), None);
        assert_eq!(
            read(r#"{"RecordType":"SpamComplaint","Email":"ada@example.net"}"#),
            Some((What::Complained, ada()))
        );
        let change =
            r#"{"RecordType":"SubscriptionChange","SuppressSending":true,"Recipient":"ada@example.net"}"#;
        assert_eq!(read(change), Some((What::Unsubscribed, ada())));
        assert_eq!(read(&change.replace("true", "false")), None);
        assert!(postmark(b"[").is_err());
    }
}
