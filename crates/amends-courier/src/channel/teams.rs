//! Microsoft Teams, by a workflow that posts to a channel: one Adaptive Card.

use amends_egress::Http;
use amends_model::Channel;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::chat::chat;
use super::http::{Manners, post};
use super::{Boxed, Errand, Messenger, Notice, Said};
use crate::message::cut;

/// Where Teams' incoming webhooks and workflows are; a dot at the beginning stands for every name in it.
pub(super) const HOSTS: &[&str] =
    &[".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com", ".powerautomate.com"];
/// The workflow or connector was removed.
const MANNERS: Manners = Manners { gone: &[404, 410], broken: &[] };
/// A message may have 28 KB; the text is cut long before.
const TEXT: usize = 12_000;

/// Posts to channels in Teams.
pub struct Teams {
    http: Http,
}

impl Teams {
    /// Over the one guarded way out.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

fn block(text: String, more: Value) -> Value {
    let mut out = json!({"type": "TextBlock", "text": text, "wrap": true});
    if let (Some(out), Some(more)) = (out.as_object_mut(), more.as_object()) {
        out.extend(more.clone());
    }
    out
}

impl Messenger for Teams {
    fn channel(&self) -> Channel {
        Channel::Teams
    }

    fn destination(&self, address: &str) -> String {
        address.to_owned()
    }

    fn body(&self, notice: &Notice) -> String {
        let chat = chat(notice);
        let b = &chat.brief;
        let colour = match b.tone {
            "ok" => "Good",
            "degraded" | "partial" => "Warning",
            "major" => "Attention",
            _ => "Accent",
        };
        let mut card = vec![
            block(cut(&b.from, 200, char::len_utf8), json!({"size": "Small", "isSubtle": true})),
            block(
                cut(&b.title, 1_000, char::len_utf8),
                json!({"size": "Large", "weight": "Bolder", "style": "heading", "spacing": "None"}),
            ),
        ];
        if !b.state.is_empty() {
            card.push(block(b.state.clone(), json!({"color": colour, "weight": "Bolder"})));
        }
        if !b.text.is_empty() {
            card.push(block(cut(&b.text, TEXT, char::len_utf8), json!({})));
        }
        for line in chat.lines.iter().take(50) {
            card.push(block(cut(line, 200, char::len_utf8), json!({"spacing": "Small"})));
        }
        if !b.facts.is_empty() {
            let facts = cut(&b.facts.join(" · "), 500, char::len_utf8);
            card.push(block(facts, json!({"size": "Small", "isSubtle": true})));
        }
        let open = |title: &str, url: &str| json!({"type": "Action.OpenUrl", "title": title, "url": url});
        let mut actions: Vec<Value> = b.link.iter().map(|(words, url)| open(words, url)).collect();
        actions.extend(chat.manage().map(|url| open("Change or stop", &url)));
        json!({
            "type": "message",
            "summary": cut(&chat.headline(), 500, char::len_utf8),
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": card,
                    "actions": actions,
                },
            }],
        })
        .to_string()
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        let fields = [("Content-Type", "application/json; charset=utf-8")];
        Box::pin(async move {
            post(&self.http, &errand.delivery.address, &fields, body.as_bytes(), MANNERS, now).await
        })
    }
}
