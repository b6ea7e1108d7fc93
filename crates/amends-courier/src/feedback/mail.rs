//! Reports that come as mail: delivery status notifications (RFC 3464), complaints (RFC 5965), and mails to the
//! unsubscribe mailbox.

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};

use super::{Event, What, bare_address, delivery_of, failed, some};

/// Reads a mail that came to the bounce or unsubscribe mailbox. A mail that is none of these says nothing.
///
/// It is never answered: what comes here was written by machines.
pub fn read_mail(raw: &[u8]) -> Vec<Event> {
    let Some(mail) = MessageParser::default().parse(raw) else { return Vec::new() };
    let part = |kind: &str| {
        mail.parts.iter().find(|p| {
            p.content_type().is_some_and(|c| {
                format!("{}/{}", c.ctype(), c.subtype().unwrap_or_default()).eq_ignore_ascii_case(kind)
            })
        })
    };
    if let Some(report) = part("message/delivery-status") {
        return of_notification(&mail, &String::from_utf8_lossy(report.contents()));
    }
    if let Some(report) = part("message/feedback-report") {
        return of_complaint(&mail, &String::from_utf8_lossy(report.contents()));
    }
    to_leave(&mail).into_iter().collect()
}

/// The fields of one block.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(block: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in block.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(fields)
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

fn blocks(report: &str) -> Vec<Fields> {
    let report = report.replace("\r\n", "\n");
    report.split("\n\n").filter(|b| !b.trim().is_empty()).map(Fields::read).collect()
}

/// Which of our messages a report is about: by the mailbox that it came to, the envelope id, or the header sent back.
fn delivery(mail: &Message<'_>, envelope_id: &str) -> Option<amends_model::DeliveryId> {
    let by_mailbox = addresses(mail)
        .iter()
        .filter_map(|a| {
            a.split_once('@').and_then(|(local, _)| local.rsplit_once('-')).map(|(_, id)| id.to_owned())
        })
        .find_map(|id| id.parse().ok());
    by_mailbox
        .or_else(|| envelope_id.trim().parse().ok())
        .or_else(|| returned(mail, "message-id").and_then(|id| delivery_of(&id)))
}

/// A header field of the message that came back with the report.
fn returned(mail: &Message<'_>, name: &str) -> Option<String> {
    mail.parts.iter().skip(1).find_map(|p| {
        let kind = p.content_type()?;
        let is_original = kind.ctype().eq_ignore_ascii_case("message")
            && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case("rfc822"))
            || kind.ctype().eq_ignore_ascii_case("text")
                && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case("rfc822-headers"));
        if !is_original {
            return None;
        }
        let text = match p.message() {
            Some(inner) => String::from_utf8_lossy(inner.raw_message()).into_owned(),
            None => String::from_utf8_lossy(p.contents()).into_owned(),
        };
        let head = text.replace("\r\n", "\n");
        let fields = Fields::read(head.split("\n\n").next().unwrap_or_default());
        some(fields.get(name)).map(str::to_owned)
    })
}

fn addresses(mail: &Message<'_>) -> Vec<String> {
    let to =
        mail.to().into_iter().flat_map(|a| a.iter().filter_map(|a| a.address.as_deref().map(str::to_owned)));
    let also = mail
        .header_values(HeaderName::Other("Delivered-To".into()))
        .filter_map(|v| v.as_text().map(bare_address));
    to.chain(also).map(|a| a.to_lowercase()).collect()
}

fn of_notification(mail: &Message<'_>, report: &str) -> Vec<Event> {
    let blocks = blocks(report);
    let envelope_id = blocks.first().map_or("", |b| b.get("original-envelope-id"));
    let delivery = delivery(mail, envelope_id);
    let mut events = Vec::new();
    for block in blocks.iter().filter(|b| !b.get("final-recipient").is_empty()) {
        let (status, said) = (block.get("status"), block.get("diagnostic-code"));
        let what = match block.get("action").to_ascii_lowercase().as_str() {
            "failed" => failed(status, said).unwrap_or(What::Refused),
            "delayed" => What::Deferred,
            "delivered" | "relayed" | "expanded" => What::Delivered,
            _ => continue,
        };
        // The original recipient is who we wrote to; the final one may be where it was forwarded.
        let who = some(block.get("original-recipient")).unwrap_or(block.get("final-recipient"));
        let mut event = Event::new(what, Some(who), None, if said.is_empty() { status } else { said });
        event.delivery.clone_from(&delivery);
        events.push(event);
    }
    events
}

fn of_complaint(mail: &Message<'_>, report: &str) -> Vec<Event> {
    let blocks = blocks(report);
    let Some(fields) = blocks.first() else { return Vec::new() };
    let kind = fields.get("feedback-type").to_ascii_lowercase();
    if kind == "not-spam" || kind.is_empty() {
        return Vec::new();
    }
    let who = some(fields.get("original-rcpt-to")).map(str::to_owned).or_else(|| returned(mail, "to"));
    let mut event = Event::new(What::Complained, who.as_deref(), None, format!("complaint: {kind}"));
    event.delivery = delivery(mail, fields.get("original-envelope-id"));
    vec![event]
}

/// A mail to `unsub+{token}@…`, as `List-Unsubscribe` asks for.
fn to_leave(mail: &Message<'_>) -> Option<Event> {
    // Written by a machine on its own account: out of office, not a wish.
    let automatic = mail
        .header("Auto-Submitted")
        .and_then(|v| v.as_text())
        .is_some_and(|v| !v.eq_ignore_ascii_case("no"));
    if automatic {
        return None;
    }
    let raw_to: Vec<String> = mail
        .to()
        .into_iter()
        .flat_map(|a| a.iter().filter_map(|a| a.address.as_deref().map(str::to_owned)))
        .collect();
    let token = raw_to
        .iter()
        .find_map(|a| a.rsplit_once('@')?.0.split_once('+').map(|(_, token)| token.to_owned()))?;
    let mut event = Event::new(What::Unsubscribed, None, None, "asked by mail");
    event.token = Some(token);
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(kind: &str, report_type: &str, status: &str, original: &str, to: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.net\r\nTo: {to}\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type={report_type}; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n\
             --b\r\nContent-Type: {kind}\r\n\r\n{status}\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
        )
    }

    const STATUS: &str = "Reporting-MTA: dns; mx.example.net\r\nOriginal-Envelope-Id: abcdefgh0123\r\n\r\n\
        Final-Recipient: rfc822; Ada@example.net\r\nOriginal-Recipient: rfc822;ada@example.net\r\nAction: failed\r\n\
        Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 <ada@example.net>: Recipient address rejected: User\r\n    unknown\r\n";

    #[test]
    fn a_bounce_is_read() {
        let mail = report(
            "message/delivery-status",
            "delivery-status",
            STATUS,
            "Message-ID: <x@y>\r\n",
            "status@acme.example",
        );
        let events = read_mail(mail.as_bytes());
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0].what, What::Bounced);
        assert_eq!(events[0].address.as_deref(), Some("ada@example.net"));
        assert_eq!(
            events[0].delivery.as_ref().map(|d| d.as_str()),
            Some("abcdefgh0123"),
            "by the envelope id"
        );
        assert!(events[0].detail.ends_with("User unknown"), "{}", events[0].detail);
    }

    #[test]
    fn the_delivery_is_found_by_mailbox_envelope_or_header() {
        let without = STATUS.replace("Original-Envelope-Id: abcdefgh0123\r\n", "");
        let header = "Message-ID: <uupdate000001.abcdefgh0125@acme.example>\r\n";
        let of = |status: &str, to: &str| {
            let mail = report("message/delivery-status", "delivery-status", status, header, to);
            read_mail(mail.as_bytes())[0].delivery.clone().map(|d| d.to_string())
        };
        assert_eq!(of(STATUS, "b-abcdefgh0124@acme.example").as_deref(), Some("abcdefgh0124"));
        assert_eq!(of(STATUS, "status@acme.example").as_deref(), Some("abcdefgh0123"));
        assert_eq!(of(&without, "status@acme.example").as_deref(), Some("abcdefgh0125"));
    }

    #[test]
    fn what_was_only_delayed_or_is_ours_to_mend_bounces_nobody() {
        for (change, what) in [
            (("Action: failed", "Action: delayed"), What::Deferred),
            (("Action: failed", "Action: delivered"), What::Delivered),
            (("5.1.1", "5.7.1"), What::Rejected),
            (("5.1.1", "5.2.2"), What::Refused),
            (("5.1.1", "4.4.7"), What::Refused),
        ] {
            let status = STATUS.replace(change.0, change.1);
            let mail =
                report("message/delivery-status", "delivery-status", &status, "", "status@acme.example");
            assert_eq!(read_mail(mail.as_bytes())[0].what, what, "{change:?}");
        }
    }

    #[test]
    fn a_complaint_is_read_even_without_the_address() {
        let feedback = "Feedback-Type: abuse\r\nUser-Agent: Example/1.0\r\nVersion: 1\r\n";
        let header = "Message-ID: <uupdate000001.abcdefgh0125@acme.example>\r\nTo: redacted\r\n";
        let mail = report("message/feedback-report", "feedback-report", feedback, header, "fbl@acme.example");
        let events = read_mail(mail.as_bytes());
        assert_eq!((events[0].what, events[0].address.as_deref()), (What::Complained, None));
        assert_eq!(events[0].delivery.as_ref().map(|d| d.as_str()), Some("abcdefgh0125"));
        let praise = feedback.replace("abuse", "not-spam");
        let mail = report("message/feedback-report", "feedback-report", &praise, header, "fbl@acme.example");
        assert!(read_mail(mail.as_bytes()).is_empty());
    }

    #[test]
    fn a_mail_to_the_unsubscribe_mailbox_is_a_wish_unless_a_machine_wrote_it() {
        let wish =
            "From: ada@example.net\r\nTo: <unsub+TOKEN.x@acme.example>\r\nSubject: unsubscribe\r\n\r\n\r\n";
        assert_eq!(read_mail(wish.as_bytes())[0].token.as_deref(), Some("TOKEN.x"));
        let holiday = format!("Auto-Submitted: auto-replied\r\n{wish}");
        assert!(read_mail(holiday.as_bytes()).is_empty());
        for other in ["", "x", "From: a@b.c\r\nTo: status@acme.example\r\n\r\nhello", "\u{0}\r\n\r\n"] {
            assert!(read_mail(other.as_bytes()).is_empty(), "{other:?}");
        }
    }
}
