//! People who sign in, and programs with tokens.

use crate::id::{PersonId, TokenId};
use crate::permission::{Role, Scopes};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// Id.
    pub id: PersonId,
    /// Address, lower case; unique.
    pub email: String,
    /// Name that others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Zone in which they enter and read times; IANA name.
    pub time_zone: String,
    /// Cannot sign in any more.
    pub disabled: bool,
    /// Whether a password was set (an invited person has none yet).
    pub has_password: bool,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
    /// Counts changes, for optimistic edits.
    pub version: i64,
}

/// An API token, without its secret (which is shown once and stored hashed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenInfo {
    /// Id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it is narrowed to; empty for all that the role may.
    pub scopes: Scopes,
    /// First characters of the token, to recognise it by.
    pub prefix: String,
    /// Who made it; the name as it was then.
    pub created_by: String,
    /// The person who answers for it: it may never do more than they may, and ends with them. None if it was made on
    /// the machine itself.
    pub person_id: Option<PersonId>,
    /// When.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
