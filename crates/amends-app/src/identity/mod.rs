//! Who is who: the first administrator, people, passwords, sessions, one-time links, API tokens, and the audit log.

mod audit;
mod link;
mod password;
mod people;
mod secret;
mod session;
mod setup;
mod sign_in;
pub mod throttle;
mod token;

pub use audit::{AuditEntry, AuditFilter};
pub use link::{Link, LinkPurpose, OpenLink};
pub use password::{MAX_LENGTH as MAX_PASSWORD_LENGTH, MIN_LENGTH as MIN_PASSWORD_LENGTH};
pub use people::{AddedPerson, EditPerson, EditProfile, NewPerson};
pub use secret::Secret;
pub use session::{ABSOLUTE_LIMIT, IDLE_LIMIT, Session};
pub use setup::SetUp;
pub use sign_in::SignedIn;
pub use token::{MadeToken, NewToken};

use crate::caller::Caller;
use crate::error::AppError;
use amends_model::{Person, text};
use std::net::IpAddr;

const MAX_NAME: usize = 100;
const MAX_AGENT: usize = 200;

/// From where somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Network address; behind a proxy that is trusted, the one that the proxy names.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

impl Visitor {
    /// The address as it is shown.
    fn address_text(&self) -> String {
        self.address.to_canonical().to_string()
    }

    /// What failed sign-ins are counted by: the address, or the network of an IPv6 address, of which everybody has 2^64.
    fn address_key(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => {
                let s = v6.segments();
                format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
            }
        }
    }

    fn agent_text(&self) -> String {
        text::cleaned(&self.agent, MAX_AGENT).replace(['\n', '\t'], " ")
    }
}

/// The person who asks, for what belongs to them alone. Stands where `require` stands in other use cases.
fn require_person(caller: &Caller) -> Result<&Person, AppError> {
    caller.person.as_ref().ok_or_else(|| {
        AppError::Refused(
            "this belongs to a person; sign in with address and password instead of a token".into(),
        )
    })
}
