//! The list of channels: how an address of each is read, and how its owner proves that they want it.
//!
//! A channel is a file in this folder and a line in [`KINDS`].

use amends_egress::Target;
use amends_model::{Channel, text};

use super::{discord, slack, sms, teams, webpush, websub};

/// How somebody shows that a subscription is wanted where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The address itself is asked: a mail, a message in the chat room, with a link.
    Itself,
    /// The address itself gets a code, which is typed into the page that it was asked for on.
    Code,
    /// The owner's mail address is asked, which is given with it.
    Owner,
}

/// What the application must know about a channel.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Which.
    pub channel: Channel,
    /// How a subscription is confirmed.
    pub proof: Proof,
    /// What an address of it is called in a form.
    pub asks_for: &'static str,
    /// What one looks like.
    pub example: &'static str,
    /// Whether an address that is not said to be of any channel is one of this.
    is_one: fn(&str) -> bool,
    /// Its one spelling, or what is wrong with it: the end of a sentence that begins with its name.
    read: fn(&str) -> Result<String, String>,
}

/// Every channel, in the order in which an address is tried.
pub const KINDS: &[Kind] = &[
    Kind {
        channel: Channel::Sms,
        proof: Proof::Code,
        asks_for: "Mobile number",
        example: "+49 151 23456789",
        is_one: sms::is_number,
        read: sms::number,
    },
    Kind {
        channel: Channel::Email,
        proof: Proof::Itself,
        asks_for: "Mail address",
        example: "ada@example.com",
        is_one: |t| !t.contains("://"),
        read: |t| text::email("address", t).map_err(|e| e.detail),
    },
    Kind {
        channel: Channel::Slack,
        proof: Proof::Itself,
        asks_for: "Webhook URL of a Slack channel",
        example: "https://hooks.slack.com/services/T…/B…/…",
        is_one: |t| at(slack::HOSTS, "/", t),
        read: |t| room(slack::HOSTS, "/", t, "https://hooks.slack.com/services/…"),
    },
    Kind {
        channel: Channel::Teams,
        proof: Proof::Itself,
        asks_for: "Webhook URL of a Teams channel",
        example: "https://….logic.azure.com/workflows/…",
        is_one: |t| at(teams::HOSTS, "/", t),
        read: |t| room(teams::HOSTS, "/", t, "https://….logic.azure.com/… or https://….webhook.office.com/…"),
    },
    Kind {
        channel: Channel::Discord,
        proof: Proof::Itself,
        asks_for: "Webhook URL of a Discord channel",
        example: "https://discord.com/api/webhooks/…/…",
        is_one: |t| at(discord::HOSTS, "/api/", t),
        read: |t| room(discord::HOSTS, "/api/", t, "https://discord.com/api/webhooks/…"),
    },
    Kind {
        channel: Channel::Webpush,
        proof: Proof::Itself,
        asks_for: "Subscription of a browser",
        example: "https://push.example.com/…#….…",
        is_one: |t| webpush::read(t).is_ok(),
        read: webpush::read,
    },
    Kind {
        channel: Channel::Websub,
        proof: Proof::Itself,
        asks_for: "Callback and feed",
        example: "https://reader.example/callback#/history.atom",
        is_one: |t| websub::read(t).is_ok(),
        read: websub::read,
    },
    Kind {
        channel: Channel::Webhook,
        proof: Proof::Owner,
        asks_for: "URL to post to",
        example: "https://example.com/status-hook",
        is_one: |t| t.contains("://"),
        read: |t| Target::parse(t).map(|t| t.url().to_owned()).map_err(|e| e.to_string()),
    },
];

/// The line of a channel.
pub fn kind(channel: Channel) -> &'static Kind {
    // Every channel has a line; a test holds that.
    KINDS.iter().find(|k| k.channel == channel).unwrap_or(&KINDS[0])
}

/// Whether an address leads to one of these hosts, by https and its port.
fn at(hosts: &[&str], path: &str, text: &str) -> bool {
    Target::parse(text.trim()).is_ok_and(|t| {
        let is = |h: &str| if h.starts_with('.') { t.host().ends_with(h) } else { t.host() == h };
        t.is_https() && t.port() == 443 && t.path().starts_with(path) && hosts.iter().any(|h| is(h))
    })
}

fn room(hosts: &[&str], path: &str, text: &str, like: &str) -> Result<String, String> {
    let target = Target::parse(text).map_err(|e| e.to_string())?;
    if at(hosts, path, text) {
        Ok(target.url().to_owned())
    } else {
        Err(format!("is not a webhook of that service; it looks like {like}"))
    }
}

/// An address on a channel, in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// The channel.
    pub channel: Channel,
    /// The address.
    pub text: String,
}

impl Address {
    /// Reads one. Without a channel, it is the one that it looks like.
    ///
    /// # Errors
    /// What is wrong with it: the end of a sentence that begins with the field's name.
    pub fn read(channel: Option<Channel>, text: &str) -> Result<Self, String> {
        let text = text.trim();
        let kind = match channel {
            Some(channel) => kind(channel),
            None => KINDS.iter().find(|k| (k.is_one)(text)).unwrap_or(&KINDS[0]),
        };
        Ok(Self { channel: kind.channel, text: (kind.read)(text)? })
    }

    /// Whether it is at a service that everybody's addresses are at, so that many of them at one host are no attack on it.
    pub fn is_at_known_service(&self) -> bool {
        match self.channel {
            Channel::Email | Channel::Sms | Channel::Slack | Channel::Teams | Channel::Discord => true,
            Channel::Webpush => at(webpush::HOSTS, "/", self.url()),
            Channel::Webhook | Channel::Websub => false,
        }
    }

    /// What of it is dialled, where something is.
    pub fn url(&self) -> &str {
        self.text.split('#').next().unwrap_or_default()
    }

    /// As the team may see it.
    pub fn shown(&self) -> String {
        self.channel.shown(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_a_line() {
        for channel in Channel::ALL {
            assert_eq!(kind(*channel).channel, *channel);
        }
        assert_eq!(KINDS.len(), Channel::ALL.len());
    }

    #[test]
    fn addresses_are_of_the_channel_that_they_look_like() {
        for (text, channel) in [
            (" Ada@Example.com ", Channel::Email),
            (" +49 151 23456789 ", Channel::Sms),
            ("tel:+4915123456789", Channel::Sms),
            ("https://example.com/hook", Channel::Webhook),
            ("https://hooks.slack.com/services/T0/B0/x", Channel::Slack),
            ("https://prod-12.westeurope.logic.azure.com/workflows/x?sig=y", Channel::Teams),
            ("https://acme.webhook.office.com/webhookb2/x", Channel::Teams),
            ("https://discord.com/api/webhooks/1/x", Channel::Discord),
            ("https://hooks.slack.com.evil.example/services/x", Channel::Webhook),
            ("http://hooks.slack.com/services/x", Channel::Webhook),
        ] {
            assert_eq!(Address::read(None, text).unwrap().channel, channel, "{text}");
        }
        assert!(Address::read(None, "nonsense").is_err());
        for (channel, text) in [
            (Channel::Slack, "https://example.com/services/x"),
            (Channel::Slack, "http://hooks.slack.com/services/x"),
            (Channel::Slack, "https://hooks.slack.com:8443/services/x"),
            (Channel::Teams, "https://logic.azure.com/x"),
            (Channel::Discord, "https://discord.com/channels/1"),
            (Channel::Discord, "https://discord.com@127.0.0.1/api/webhooks/1"),
            (Channel::Webhook, "ada@example.com"),
            (Channel::Sms, "0151 23456789"),
        ] {
            assert!(Address::read(Some(channel), text).is_err(), "{text}");
        }
    }
}
