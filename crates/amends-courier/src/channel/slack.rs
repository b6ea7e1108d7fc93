//! Slack, by incoming webhook: blocks with a plain text for notifications.

use amends_egress::Http;
use amends_model::Channel;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::chat::chat;
use super::http::{Manners, origin, post};
use super::{Boxed, Errand, Messenger, Notice, Said};
use crate::message::cut;

/// Where Slack's incoming webhooks are.
pub(super) const HOSTS: &[&str] = &["hooks.slack.com", "hooks.slack-gov.com"];
/// The webhook was taken away, its channel archived, or its app removed.
const MANNERS: Manners = Manners { gone: &[403, 404, 410], broken: &[] };

/// Most characters of a header block, of a section, and of what stands small beneath.
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const CONTEXT: usize = 2_000;

/// Posts to channels in Slack.
pub struct Slack {
    http: Http,
}

impl Slack {
    /// Over the one guarded way out.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

/// Text as Slack shows it literally: these three begin links, mentions and commands.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escaped text of at most `most` characters, cut so that no escape is cut.
fn section(text: &str, most: usize) -> String {
    let length = |c: char| match c {
        '&' => 5,
        '<' | '>' => 4,
        _ => 1,
    };
    escaped(&cut(text, most, length))
}

impl Messenger for Slack {
    fn channel(&self) -> Channel {
        Channel::Slack
    }

    /// Each address by itself: they are all at one host, and one that is gone says nothing about the others.
    fn destination(&self, address: &str) -> String {
        if HOSTS.iter().any(|h| address.contains(h)) { address.to_owned() } else { origin(address) }
    }

    fn body(&self, notice: &Notice) -> String {
        let chat = chat(notice);
        let b = &chat.brief;
        let mut blocks: Vec<Value> = vec![
            json!({"type": "header", "text": {"type": "plain_text", "text": cut(&b.title, HEADER, |_| 1), "emoji": false}}),
        ];
        let mut text = Vec::new();
        if !b.state.is_empty() {
            text.push(format!("*{}*", section(&b.state, 200).replace('*', "")));
        }
        if !b.text.is_empty() {
            text.push(section(&b.text, 2_500));
        }
        if !text.is_empty() {
            let text = text.join("\n");
            blocks
                .push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
        }
        if !chat.lines.is_empty() {
            let text = section(&chat.lines.join("\n"), SECTION);
            blocks
                .push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
        }
        let mut small = vec![section(&b.facts.join(" · "), CONTEXT / 2)];
        if let Some((words, url)) = &b.link {
            small.push(format!("<{}|{}>", escaped(url), escaped(words)));
        }
        if let Some(manage) = chat.manage() {
            small.push(format!("<{manage}|Change or stop>"));
        }
        small.retain(|s| !s.is_empty());
        if !small.is_empty() {
            blocks.push(
                json!({"type": "context", "elements": [{"type": "mrkdwn", "text": small.join(" · ")}]}),
            );
        }
        json!({"text": section(&chat.headline(), SECTION), "blocks": blocks}).to_string()
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        let fields = [("Content-Type", "application/json; charset=utf-8")];
        Box::pin(async move {
            post(&self.http, &errand.delivery.address, &fields, body.as_bytes(), MANNERS, now).await
        })
    }
}
