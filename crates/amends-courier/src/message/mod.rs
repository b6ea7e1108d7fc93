//! Building mails. Pure: the same content gives the same bytes, so a message that is sent again after a crash is the
//! same message, and what the preview shows is what goes.
//!
//! [`compose`] renders a content once for everybody; [`Draft::to`] puts a recipient's address and links in.

mod brief;
mod clean;
mod content;
mod html;
mod kinds;
mod markdown;
mod mime;
mod read;
mod stored;
mod text;
mod view;

pub use brief::{Brief, brief, cut};
pub use content::{
    ActionDue, Alarm, ComponentNews, Confirm, Content, Digest, EndpointNotice, FeedNews, Intent, Invitation,
    Letter, Listed, MaintenanceNews, SignIn, Test, Update,
};
pub use stored::{Snapshot, Stored};

/// The places for a recipient's own links in what other channels lay out themselves.
pub(crate) use clean::{MANAGE, UNSUBSCRIBE};

pub use read::{Opened, open};

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use clean::{line, url};
use mime::{SOFT, address_field, put_field, quoted_printable, text_field, token_field};

/// Most characters of a subject.
const SUBJECT: usize = 200;

/// Who writes.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// Name of the page.
    pub page_name: String,
    /// Its public address, without a slash at the end.
    pub page_url: String,
    /// Id of the page; the tenant in feedback reports.
    pub page_id: String,
    /// Display name in From, if it is not the page's name with "Status".
    pub from_name: Option<String>,
    /// The address in From.
    pub from_address: String,
    /// Where answers go, if not to From.
    pub reply_to: Option<String>,
    /// Envelope sender for bounces, if not From: `bounce@acme.example` becomes `bounce-{delivery}@acme.example`.
    pub bounces_to: Option<String>,
    /// The mailbox that reads unsubscribe mails: `unsub@acme.example` becomes `unsub+{token}@acme.example`.
    pub unsubscribe_by_mail: Option<String>,
    /// The zone in which times are told.
    pub zone: TimeZone,
    /// BCP 47.
    pub language: String,
}

impl Letterhead {
    /// The name that stands in From and in brackets before every subject.
    pub fn display_name(&self) -> String {
        match self.from_name.as_deref().map(|n| line(n, 100)) {
            Some(name) if !name.is_empty() => name,
            _ => {
                let name = line(&self.page_name, 100);
                if name.to_lowercase().ends_with("status") {
                    name
                } else {
                    format!("{name} Status").trim_start().into()
                }
            }
        }
    }

    /// The domain after the @ of From; Message-IDs are made in it.
    pub fn domain(&self) -> &str {
        self.from_address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }

    fn list_id(&self) -> String {
        let host = self.page_url.split("://").nth(1).unwrap_or(&self.page_url);
        let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
        let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
        if host.is_empty() { self.domain().to_owned() } else { host }
    }

    /// The envelope sender of one delivery.
    pub fn envelope_sender(&self, delivery_id: &str) -> String {
        match self.bounces_to.as_deref().and_then(|b| b.rsplit_once('@')) {
            Some((local, domain)) => format!("{local}-{delivery_id}@{domain}"),
            None => self.from_address.clone(),
        }
    }
}

/// Who reads, and the links that are theirs alone.
#[derive(Debug, Clone, Default)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// Id of the delivery: with the content's id it makes the Message-ID, so it is the same on every attempt.
    pub delivery_id: String,
    /// Page to change the subscription.
    pub manage_url: String,
    /// Page to unsubscribe; a POST to it does so at once (RFC 8058).
    pub unsubscribe_url: String,
    /// The token in that address, for unsubscribing by mail.
    pub token: String,
}

/// How a mail hangs together with others.
#[derive(Debug, Clone)]
struct Thread {
    /// The constant root of the thread (never sent itself), without domain.
    root: Option<String>,
    /// Begins the Message-ID: kind and id.
    id: String,
    /// Incident or other event, and component, for feedback reports.
    event: String,
    component: String,
}

impl Thread {
    fn of_event(kind: &str, id: &str, letter: char, about: &str, component: String) -> Self {
        Self { component: token(&component).into(), ..Self::threaded(kind, id, letter, about) }
    }

    fn threaded(kind: &str, id: &str, letter: char, about: &str) -> Self {
        Self {
            root: Some(format!("{kind}-{}", token(id))),
            event: token(id).into(),
            ..Self::alone(letter, about)
        }
    }

    fn alone(letter: char, about: &str) -> Self {
        let about = token(about).into_owned();
        Self { root: None, id: format!("{letter}{about}"), event: about, component: "page".into() }
    }
}

/// Ids are ours, but they end up between angle brackets: nothing else may, and not too much.
fn token(id: &str) -> Cow<'_, str> {
    let mut id = clean::only(id, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if id.len() > 32 {
        id.to_mut().truncate(32);
    }
    id
}

/// What a person sees before it goes. Links that differ for each recipient lead to the page itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, a whole document.
    pub html: String,
}

/// Between the parts. Quoted-printable never holds "=_" (RFC 2045 §6.7), so that no part can hold it.
const BOUNDARY: &str = "=_part";

#[derive(Clone, Copy)]
enum Slot {
    Manage,
    Unsubscribe,
}

/// An encoded stretch of the mail, and the recipient's link that follows it.
struct Piece {
    encoded: String,
    then: Option<Slot>,
    is_html: bool,
}

/// A mail for everybody, ready to be addressed.
pub struct Draft {
    head: Letterhead,
    subject: String,
    thread: Thread,
    broadcast: bool,
    text: String,
    html: String,
    /// From, Subject and all that is the same for everybody.
    common_header: String,
    /// From Content-Type to the end.
    parts: Vec<Piece>,
}

/// Renders content once for everybody.
pub fn compose(head: &Letterhead, content: &Content) -> Draft {
    let laid = kinds::lay_out(head, content);
    let name = head.display_name();
    let subject = line(&format!("[{name}] {}", laid.subject), SUBJECT + 110);
    let broadcast = laid.view.subscribed;
    let text = text::render(&laid.view);
    let html = html::render(&laid.view, &line(&head.language, 35));
    let mut header = address_field("From", &name, &head.from_address);
    if let Some(reply_to) = &head.reply_to {
        header.push_str(&address_field("Reply-To", "", reply_to));
    }
    header.push_str(&text_field("Subject", &subject));
    if let Some(root) = &laid.thread.root {
        let root = format!("<{root}@{}>", head.domain());
        header.push_str(&token_field("In-Reply-To", &root));
        header.push_str(&token_field("References", &root));
    }
    if broadcast {
        header.push_str(&address_field("List-Id", &name, &head.list_id()));
    }
    header.push_str("Auto-Submitted: auto-generated\r\n");
    if broadcast {
        header.push_str("Precedence: bulk\r\n");
    }
    header.push_str("X-Auto-Response-Suppress: OOF, AutoReply\r\n");
    if broadcast {
        let Thread { event, component, .. } = &laid.thread;
        let page = token(&head.page_id);
        put_field("Feedback-ID", format_args!("{event}:{component}:{page}:amends"), &mut header);
    }
    header.push_str("MIME-Version: 1.0\r\n");
    Draft {
        head: head.clone(),
        subject,
        broadcast,
        parts: parts(&text, &html),
        text,
        html,
        thread: laid.thread,
        common_header: header,
    }
}

fn parts(text: &str, html: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut encoded = format!("Content-Type: multipart/alternative; boundary=\"{BOUNDARY}\"\r\n");
    for (kind, part) in [("plain", text), ("html", html)] {
        let head = format!(
            "\r\n--{BOUNDARY}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        );
        encoded.push_str(&head);
        let mut rest = part;
        while let Some(at) = rest.find([MANAGE, UNSUBSCRIBE]) {
            let slot = if rest[at..].starts_with(MANAGE) { Slot::Manage } else { Slot::Unsubscribe };
            quoted_printable(&rest[..at], &mut encoded);
            encoded.push_str(SOFT);
            out.push(Piece { encoded, then: Some(slot), is_html: kind == "html" });
            encoded = SOFT.to_owned();
            rest = &rest[at + MANAGE.len_utf8()..];
        }
        quoted_printable(rest, &mut encoded);
    }
    encoded.push_str(&format!("\r\n--{BOUNDARY}--\r\n"));
    out.push(Piece { encoded, then: None, is_html: true });
    out
}

impl Draft {
    /// The subject line.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// What a person sees before it goes: the very same parts, with the page's address where each recipient's own
    /// links will be.
    pub fn preview(&self) -> Preview {
        let place = url(&self.head.page_url);
        let fill = |part: &str, link: &str| part.replace([MANAGE, UNSUBSCRIBE], link);
        Preview {
            subject: self.subject.clone(),
            text: fill(&self.text, &place),
            html: fill(&self.html, &markdown::escaped(&place)),
        }
    }

    /// The envelope sender of one delivery.
    pub fn envelope_sender(&self, delivery_id: &str) -> String {
        self.head.envelope_sender(delivery_id)
    }

    /// The Message-ID for one delivery, with its brackets.
    pub fn message_id(&self, delivery_id: &str) -> String {
        format!("<{}.{}@{}>", self.thread.id, token(delivery_id), self.head.domain())
    }

    /// The whole message for one recipient, with CRLF line ends. `date` is when the broadcast was made, so that the
    /// message is the same on every attempt.
    pub fn to(&self, recipient: &Recipient, date: Timestamp) -> Vec<u8> {
        let manage = url(&recipient.manage_url);
        let unsubscribe = url(&recipient.unsubscribe_url);
        let size = self.parts.iter().map(|p| p.encoded.len() + 200).sum::<usize>();
        let mut out = String::with_capacity(size + self.common_header.len() + 1000);
        out.push_str(&self.common_header);
        self.put_own_header(recipient, &unsubscribe, date, &mut out);
        for piece in &self.parts {
            out.push_str(&piece.encoded);
            let link = match piece.then {
                None => continue,
                Some(Slot::Unsubscribe) if !unsubscribe.is_empty() => &unsubscribe,
                Some(Slot::Manage | Slot::Unsubscribe) => &manage,
            };
            // Nothing else that may stand in a link means anything in HTML.
            if piece.is_html && link.contains('&') {
                quoted_printable(&markdown::escaped(link), &mut out);
            } else {
                quoted_printable(link, &mut out);
            }
        }
        out.into_bytes()
    }

    /// The header fields that only this recipient's message has.
    fn put_own_header(&self, recipient: &Recipient, unsubscribe: &str, date: Timestamp, out: &mut String) {
        put_field("To", &recipient.address, out);
        put_field("Date", date.strftime("%a, %d %b %Y %H:%M:%S +0000"), out);
        put_field("Message-ID", self.message_id(&recipient.delivery_id), out);
        if !self.broadcast || unsubscribe.is_empty() {
            return;
        }
        let mailbox = self.head.unsubscribe_by_mail.as_deref().and_then(|m| m.rsplit_once('@'));
        if let Some((local, domain)) = mailbox {
            let mailto = format_args!("<{unsubscribe}>, <mailto:{local}+{}@{domain}>", url(&recipient.token));
            put_field("List-Unsubscribe", mailto, out);
        } else {
            put_field("List-Unsubscribe", format_args!("<{unsubscribe}>"), out);
        }
        out.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
    }
}
