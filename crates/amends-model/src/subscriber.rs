//! Who wants to hear, and who must not be written to.

use crate::id::{ComponentId, SubscriberId};
use crate::preference::Preferences;
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// How messages reach somebody.
    pub enum Channel {
        /// Mail.
        Email = "email",
        /// A server of the subscriber's own that is posted to.
        Webhook = "webhook",
        /// A channel in Slack, or in what takes Slack's messages.
        Slack = "slack",
        /// A channel in Microsoft Teams.
        Teams = "teams",
        /// A channel in Discord.
        Discord = "discord",
        /// A text message to a telephone.
        Sms = "sms",
        /// A browser, by the push service of whoever made it.
        Webpush = "webpush",
        /// A program that reads a feed and is told by our hub.
        Websub = "websub",
    }
}

impl Channel {
    /// The channel's name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Webhook => "Webhook",
            Self::Slack => "Slack",
            Self::Teams => "Microsoft Teams",
            Self::Discord => "Discord",
            Self::Sms => "Text message",
            Self::Webpush => "Browser",
            Self::Websub => "WebSub",
        }
    }

    /// Whether a program reads what goes there: it has no night, and misses nothing.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::Webhook | Self::Websub)
    }

    /// An address as it may be shown to the team: that of a chat room or a browser is a key to it, so only its end is.
    pub fn shown(self, address: &str) -> String {
        match self {
            Self::Email | Self::Webhook | Self::Sms => address.to_owned(),
            Self::Slack | Self::Teams | Self::Discord | Self::Webpush | Self::Websub => {
                let host = address.split("://").nth(1).unwrap_or_default();
                let host = host.split(['/', '?']).next().unwrap_or_default();
                let end: String = address.chars().rev().take(4).collect();
                format!("{host} …{}", end.chars().rev().collect::<String>())
            }
        }
    }
}

words! {
    /// Where a subscription stands.
    pub enum SubscriberState {
        /// Asked for, not confirmed by the owner of the address.
        Pending = "pending",
        /// Gets messages.
        Confirmed = "confirmed",
        /// Left. Kept, so that an import does not bring them back.
        Unsubscribed = "unsubscribed",
    }
}

words! {
    /// How a subscription came about.
    pub enum Origin {
        /// The form on the page; confirmed by mail.
        Page = "page",
        /// A list that an operator brought.
        Import = "import",
        /// A person of the team, by hand or through the API.
        Team = "team",
    }
}

/// Somebody who wants to hear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Subscriber {
    /// Id.
    pub id: SubscriberId,
    /// How messages reach them.
    pub channel: Channel,
    /// Mail address in lower case, telephone number with `+`, or the address that is posted to.
    pub address: String,
    /// Where the subscription stands.
    pub state: SubscriberState,
    /// Components or groups they chose; empty for the whole page.
    pub components: Vec<ComponentId>,
    /// When they want to hear, and of what else.
    pub preferences: Preferences,
    /// How it came about.
    pub origin: Origin,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its owner confirmed it.
    pub confirmed_at: Option<Timestamp>,
    /// When they left.
    pub ended_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Subscriber {
    /// One whom nobody knew before: who has confirmed nothing yet, and hears everything at once when they have.
    pub fn new(id: SubscriberId, channel: Channel, address: &str, origin: Origin, now: Timestamp) -> Self {
        Self {
            id,
            channel,
            address: address.to_owned(),
            state: SubscriberState::Pending,
            components: Vec::new(),
            preferences: Preferences::default(),
            origin,
            created_at: now,
            confirmed_at: None,
            ended_at: None,
            updated_at: now,
        }
    }

    /// The same, confirmed.
    #[must_use]
    pub fn confirmed(self, at: Timestamp) -> Self {
        Self { state: SubscriberState::Confirmed, confirmed_at: Some(at), ..self }
    }
}

/// What is known about a subscriber who has a server of their own, besides its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The subscription.
    pub subscriber_id: SubscriberId,
    /// Mail address of whoever looks after it; empty when nobody said.
    pub owner: String,
    /// What else its channel must know; of no meaning outside it.
    pub details: String,
    /// Which of its signing secrets is in use: each renewal is the next.
    pub generation: i64,
    /// When the secret was renewed; the one before it is used, too, for a while after.
    pub rotated_at: Option<Timestamp>,
    /// Since when nothing was taken any more; none while it works.
    pub failing_since: Option<Timestamp>,
    /// When its owner was told of that.
    pub told_at: Option<Timestamp>,
    /// Why the subscription was ended by us.
    pub ended_why: Option<String>,
}

impl Endpoint {
    /// A new one.
    pub fn new(subscriber_id: SubscriberId, owner: String) -> Self {
        Self {
            subscriber_id,
            owner,
            details: String::new(),
            generation: 1,
            rotated_at: None,
            failing_since: None,
            told_at: None,
            ended_why: None,
        }
    }
}

words! {
    /// Why an address must not be written to.
    pub enum SuppressionReason {
        /// The address does not exist.
        Bounced = "bounced",
        /// Its owner called our mail spam.
        Complained = "complained",
        /// A person of the team decided so.
        Team = "team",
        /// Its owner answered STOP, or opted out with the carrier.
        OptedOut = "opted_out",
    }
}

/// An address that must not be written to until somebody lifts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suppression {
    /// On which channel.
    pub channel: Channel,
    /// The address.
    pub address: String,
    /// Why.
    pub reason: SuppressionReason,
    /// The other side's words, or a note.
    pub detail: String,
    /// Since when.
    pub at: Timestamp,
}
