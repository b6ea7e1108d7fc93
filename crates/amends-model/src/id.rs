//! Ids: 12 characters `[a-z0-9]`, as on every Statuspage-compatible page, so that one id serves the store, the API and
//! the public addresses alike. Ids of imported incidents are kept.

use std::fmt;
use std::str::FromStr;

/// What ids are made of, in their order.
pub const ID_ALPHABET: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// Length of an id in characters.
pub const ID_LENGTH: usize = 12;

/// Turns 12 random bytes into an id's text.
pub fn id_text(random: [u8; ID_LENGTH]) -> String {
    random.into_iter().map(|byte| char::from(character(byte))).collect()
}

/// Bytes are mapped modulo 36; the small bias is irrelevant because ids are not secrets.
fn character(random: u8) -> u8 {
    let alphabet = ID_ALPHABET.as_bytes();
    alphabet[usize::from(random) % alphabet.len()]
}

/// Whether `text` has the form of an id.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String")]
        #[schema(value_type = String, pattern = "^[a-z0-9]{12}$", min_length = 12, max_length = 12)]
        pub struct $name([u8; ID_LENGTH]);

        impl $name {
            /// The id made of 12 random bytes.
            pub fn from_random(random: [u8; ID_LENGTH]) -> Self { Self(random.map(character)) }
            /// The 12 characters.
            pub fn as_str(&self) -> &str { std::str::from_utf8(&self.0).expect("ids are letters and digits") }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.debug_tuple(stringify!($name)).field(&self.as_str()).finish() }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.serialize_str(self.as_str()) }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text.as_bytes().try_into() {
                    Ok(bytes) if is_id(text) => Ok(Self(bytes)),
                    _ => Err(format!("‘{}’ is not an id (12 characters, a to z and 0 to 9)", text.chars().take(40).collect::<String>())),
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> { text.parse() }
        }
        impl From<$name> for String { fn from(id: $name) -> String { id.as_str().to_owned() } }
        impl AsRef<str> for $name { fn as_ref(&self) -> &str { self.as_str() } }
    )+};
}

ids! {
    /// An incident.
    IncidentId,
    /// A planned maintenance.
    MaintenanceId,
    /// A component or component group of the page.
    ComponentId,
    /// An event on a timeline; the id of an update is the id of its event.
    EventId,
    /// A subscriber.
    SubscriberId,
    /// One update on its way to all its subscribers.
    BroadcastId,
    /// One message to one subscriber.
    DeliveryId,
    /// A postmortem.
    PostmortemId,
    /// A corrective action.
    ActionId,
    /// A person who signs in.
    PersonId,
    /// An API token.
    TokenId,
    /// A signed-in session.
    SessionId,
    /// The status page.
    PageId,
}

/// What a timeline belongs to: an incident or a maintenance.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An incident's timeline.
    Incident(IncidentId),
    /// A maintenance's timeline.
    Maintenance(MaintenanceId),
}

impl Subject {
    /// The id alone; incident and maintenance ids share one space.
    pub fn id(&self) -> &str {
        match self {
            Subject::Incident(id) => id.as_str(),
            Subject::Maintenance(id) => id.as_str(),
        }
    }

    /// `incident` or `maintenance`.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Incident(_) => "incident",
            Subject::Maintenance(_) => "maintenance",
        }
    }
}

impl From<IncidentId> for Subject {
    fn from(id: IncidentId) -> Self {
        Subject::Incident(id)
    }
}

impl From<MaintenanceId> for Subject {
    fn from(id: MaintenanceId) -> Self {
        Subject::Maintenance(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_that_clients_know() {
        assert!(is_id(&id_text([0; 12])));
        assert!(is_id(&id_text([255; 12])));
        for wrong in ["", "abc", "ABCDEFGHIJKL", "abcdefghijkl0", "abcdefghijk-", "abcdefghijé"] {
            assert!(wrong.parse::<IncidentId>().is_err(), "{wrong}");
        }
    }
}
