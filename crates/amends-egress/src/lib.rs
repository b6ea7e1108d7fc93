//! The one door to the outside: whoever needs a connection or a DNS answer gets it here.
//!
//! - [`Door`] dials (address policy, time limits, `TCP_NODELAY`) and wraps connections in TLS.
//! - [`Http`] posts to a [`Target`] that somebody else named: limits, kept connections, nothing followed.
//! - [`Names`] asks DNS; the resolver's address can be set, so that checks can run against a known zone.
//! - [`policy`] decides which addresses may be dialled for a destination that a visitor typed in.
//! - [`sender`] judges what a domain publishes about its mail (SPF, DKIM, DMARC). Pure; the look-ups are in
//!   [`survey`].
//!
//! What is deliberately absent: proxies from the environment, redirects, and any way around the policy.

mod dial;
mod dns;
mod fetch;
mod http;
pub mod policy;
pub mod sender;
pub mod survey;
mod target;
mod tls;

pub use dial::{Destination, DialError, Door, DoorConfig, Wire};
pub use dns::{LookupError, Names};
pub use fetch::FetchError;
pub use http::{Http, HttpError, Reply, Request};
pub use policy::{AddressPolicy, Allowed, Refusal, Trust};
pub use target::{Target, TargetError};
pub use tls::Verify;
