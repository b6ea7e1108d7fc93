//! Discord, by incoming webhook: one embed, and nobody is ever mentioned.

use amends_egress::Http;
use amends_model::Channel;
use jiff::Timestamp;
use serde_json::json;

use super::chat::chat;
use super::http::{Manners, post};
use super::{Boxed, Errand, Messenger, Notice, Said};
use crate::message::{MANAGE, cut};

/// Where Discord's webhooks are.
pub(super) const HOSTS: &[&str] = &["discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"];
/// The webhook was deleted.
const MANNERS: Manners = Manners { gone: &[401, 403, 404, 410], broken: &[] };

/// Most characters of a title, and of all of the text; an embed has 6,000.
const TITLE: usize = 256;
const TEXT: usize = 3_000;
const LINES: usize = 900;

/// Posts to channels in Discord.
pub struct Discord {
    http: Http,
}

impl Discord {
    /// Over the one guarded way out.
    pub fn new(http: Http) -> Self {
        Self { http }
    }
}

impl Messenger for Discord {
    fn channel(&self) -> Channel {
        Channel::Discord
    }

    fn destination(&self, address: &str) -> String {
        address.to_owned()
    }

    fn body(&self, notice: &Notice) -> String {
        let chat = chat(notice);
        let b = &chat.brief;
        let mut parts = Vec::new();
        if !b.state.is_empty() {
            parts.push(format!("**{}**", cut(&b.state, 200, char::len_utf16)));
        }
        if !b.text.is_empty() {
            parts.push(cut(&b.text, TEXT, char::len_utf16));
        }
        if !chat.lines.is_empty() {
            parts.push(cut(&chat.lines.join("\n"), LINES, char::len_utf16));
        }
        if chat.brief.subscribed {
            parts.push(format!("[Change or stop]({MANAGE})"));
        } else if let Some((words, url)) = &b.link {
            parts.push(format!("[{words}]({url})"));
        }
        let mut embed = json!({
            "title": cut(&b.title, TITLE, char::len_utf16),
            "description": parts.join("\n\n"),
            "color": chat.colour(),
            "footer": {"text": cut(&b.facts.join(" · "), 500, char::len_utf16)},
            "author": {"name": cut(&b.from, 200, char::len_utf16), "url": notice.public_url},
        });
        if let Some((_, url)) = &b.link {
            embed["url"] = url.as_str().into();
        }
        json!({
            "username": username(&b.from),
            "embeds": [embed],
            "allowed_mentions": {"parse": []},
        })
        .to_string()
    }

    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, now: Timestamp) -> Boxed<'a, Said> {
        let fields = [("Content-Type", "application/json")];
        Box::pin(async move {
            // With `wait`, the answer says whether the message was made, not only whether it was read.
            let sign = if errand.delivery.address.contains('?') { '&' } else { '?' };
            let address = format!("{}{sign}wait=true", errand.delivery.address);
            post(&self.http, &address, &fields, body.as_bytes(), MANNERS, now).await
        })
    }
}

/// Discord refuses messages in names that hold its own, or "clyde".
fn username(name: &str) -> String {
    let lower = name.to_lowercase();
    if lower.contains("discord") || lower.contains("clyde") {
        "Status".into()
    } else {
        cut(name, 80, char::len_utf16)
    }
}
