//! What the forms of the public site ask of the application: to subscribe, confirm, choose, unsubscribe.

use super::source::Reply;
use amends_app::subscriber::{EndpointHealth, HubWish, SigningSecret};
use amends_model::{ComponentId, IncidentId, Preferences};
use jiff::Timestamp;
use std::net::IpAddr;

/// Where messages are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A mail address, as typed.
    Email(String),
    /// An address that is posted to; the mail address is told when that fails.
    Webhook {
        /// The address.
        endpoint: String,
        /// Whom to tell.
        email: String,
    },
    /// A chat room: an address that only its members can know.
    Chat {
        /// Where it is.
        channel: amends_model::Channel,
        /// The address.
        endpoint: String,
    },
    /// A telephone number.
    Sms {
        /// The number, as typed.
        number: String,
        /// Two letters (ISO 3166), when given.
        country: Option<String>,
    },
}

/// A wish to subscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where messages are to go.
    pub channel: Channel,
    /// Only about these components; empty for everything.
    pub components: Vec<ComponentId>,
    /// Only about this incident.
    pub incident: Option<IncidentId>,
    /// Where the request came from, for the budgets.
    pub source: Option<IpAddr>,
}

/// What is answered to a wish: the same whether the address was known or not, so that nobody can ask who subscribes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// An id that is of no use to anybody but the owner of the address: for a telephone, the name under which the code is
    /// typed in.
    pub id: String,
    /// Now.
    pub created_at: Timestamp,
}

/// A subscription, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// How messages go.
    pub channel: amends_model::Channel,
    /// The address, as it may be shown.
    pub address: String,
    /// The secret that messages are signed with, when it is shown: once.
    pub secret: Option<String>,
    /// Only about these components; empty for everything.
    pub components: Vec<ComponentId>,
    /// When they hear, and of what else.
    pub preferences: Preferences,
    /// Whether it was confirmed.
    pub confirmed: bool,
    /// Token of the page on which its owner chooses; safe in a path.
    pub token: String,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Something that was typed is wrong; a sentence for the reader.
    #[error("{0}")]
    Wrong(String),
    /// The token is not one, was used up, or has expired.
    #[error("this link is not valid any more")]
    NoSuchToken,
    /// Too often.
    #[error("too many tries; try again in {seconds} seconds")]
    TooMany {
        /// Seconds until it is worth trying again.
        seconds: u64,
    },
    /// It cannot be done just now; a sentence for the log.
    #[error("{0}")]
    Unavailable(String),
}

/// The use cases behind the public forms.
pub trait Desk: Send + Sync + 'static {
    /// Takes a wish and sends the confirmation.
    fn subscribe(&self, ask: Ask) -> Reply<'_, Asked, DeskError>;
    /// Confirms by the token of the confirmation.
    fn confirm(&self, token: String) -> Reply<'_, Subscription, DeskError>;
    /// Looks at a subscription by its owner's token, without changing anything.
    fn look(&self, token: String) -> Reply<'_, Subscription, DeskError>;
    /// Chooses components; empty for everything.
    fn choose(&self, token: String, components: Vec<ComponentId>) -> Reply<'_, Subscription, DeskError>;
    /// Ends it. Ending what has ended is no error.
    fn unsubscribe(&self, token: String) -> Reply<'_, (), DeskError>;

    /// Chooses when they hear, and of what else.
    fn prefer(&self, _token: String, _preferences: Preferences) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }
    /// Whether a code can be typed in under this name.
    fn look_at_code(&self, _id: String) -> Reply<'_, (), DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }
    /// Confirms by the code that a telephone got.
    fn confirm_by_code(&self, _id: String, _code: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }

    /// The key that browsers subscribe for.
    fn push_key(&self) -> Reply<'_, String, DeskError> {
        Box::pin(async { Err(DeskError::Wrong("Browsers cannot subscribe here.".into())) })
    }
    /// Takes a wish at the hub.
    fn ask_hub(&self, _wish: HubWish) -> Reply<'_, (), DeskError> {
        Box::pin(async { Err(DeskError::Wrong("There is no hub here.".into())) })
    }

    /// How an endpoint does; none for mail.
    fn health(&self, _token: String) -> Reply<'_, Option<EndpointHealth>, DeskError> {
        Box::pin(async { Ok(None) })
    }
    /// Renews the secret that an endpoint's messages are signed with.
    fn renew(&self, _token: String) -> Reply<'_, SigningSecret, DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }
    /// Sends an endpoint a test.
    fn test(&self, _token: String) -> Reply<'_, (), DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }
    /// Sends an endpoint what it missed again; answers how many messages that are.
    fn replay(&self, _token: String) -> Reply<'_, u64, DeskError> {
        Box::pin(async { Err(DeskError::NoSuchToken) })
    }
}
