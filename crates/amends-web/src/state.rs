//! What every route works with.

use amends_app::App;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// How this server is reached; decided by configuration.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Whether people reach it by https (then cookies are `Secure` and browsers are told to stay with https).
    pub https: bool,
    /// Scheme, host and port of the public address, such as `https://status.acme.example`: the only origin whose forms
    /// are taken.
    pub origin: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// API requests that each caller may make in a minute; [`crate::api::PER_MINUTE`] when nothing is said.
    pub api_requests_per_minute: Option<NonZeroU32>,
    /// Whether `/metrics` is answered on an address of its own, and not on this one.
    pub metrics_apart: bool,
}

/// Shared by all routes; cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// The application.
    pub app: App,
    /// How this server is reached.
    pub reach: Arc<Reach>,
}
