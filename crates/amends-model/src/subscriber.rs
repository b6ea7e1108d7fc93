//! Who wants to hear, and who must not be written to.

use crate::id::{ComponentId, SubscriberId};
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// How messages reach somebody.
    pub enum Channel {
        /// Mail.
        Email = "email",
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
    /// Mail address, in lower case.
    pub address: String,
    /// Where the subscription stands.
    pub state: SubscriberState,
    /// Components or groups they chose; empty for the whole page.
    pub components: Vec<ComponentId>,
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

words! {
    /// Why an address must not be written to.
    pub enum SuppressionReason {
        /// The address does not exist.
        Bounced = "bounced",
        /// Its owner called our mail spam.
        Complained = "complained",
        /// A person of the team decided so.
        Team = "team",
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
