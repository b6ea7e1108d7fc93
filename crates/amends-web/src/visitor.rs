//! Who sent a request: proved by a session cookie, a bearer token, or the local socket. Nothing else counts.

use crate::error::{ApiError, PageError};
use crate::state::{Reach, WebState};
use amends_app::identity::{self, Secret, Session};
use amends_app::{AppError, Caller};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The cookie that holds a session's secret. `__Host-` binds it to this host and https (RFC 6265bis §4.1.3.2).
pub fn session_cookie_name(reach: &Reach) -> &'static str {
    if reach.https { "__Host-amends" } else { "amends" }
}

/// Marks requests that came over the local socket of the data folder: whoever can open it owns the installation.
#[derive(Debug, Clone)]
pub struct Local(pub Caller);

/// Whoever sent the request, signed in or not.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who, if they proved it.
    pub caller: Option<Caller>,
    /// The session, when it was proved by one.
    pub session: Option<Session>,
    /// Network address, for budgets and the list of sessions; loopback for the local socket.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// Why it could not be found out who sent a request (the database is away).
#[derive(Debug)]
pub struct NoVisitor(pub AppError);

impl From<AppError> for NoVisitor {
    fn from(error: AppError) -> Self {
        NoVisitor(error)
    }
}

impl Visitor {
    /// From where somebody signs in, as the application takes it.
    pub fn origin(&self) -> identity::Visitor {
        identity::Visitor { address: self.address, agent: self.agent.clone() }
    }
}

impl FromRequestParts<WebState> for Visitor {
    type Rejection = NoVisitor;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, NoVisitor> {
        // Found out by a layer before.
        if let Some(known) = parts.extensions.get::<Visitor>() {
            return Ok(known.clone());
        }
        let address = client_address(&parts.extensions, &parts.headers, &state.reach);
        let agent: String = header(&parts.headers, USER_AGENT).chars().take(200).collect();
        let mut visitor = Visitor { caller: None, session: None, address, agent };
        if let Some(Local(caller)) = parts.extensions.get() {
            visitor.caller = Some(caller.clone());
        } else if let Some(secret) = bearer(&parts.headers) {
            visitor.caller = state.app.token(&Secret::new(secret)).await?;
        } else if let Some(secret) = cookie(&parts.headers, session_cookie_name(&state.reach))
            && let Some((caller, session)) = state.app.session(&Secret::new(secret)).await?
        {
            (visitor.caller, visitor.session) = (Some(caller), Some(session));
        }
        Ok(visitor)
    }
}

/// A caller of the API. Without proof the answer is 401.
#[derive(Debug, Clone)]
pub struct ApiCaller(pub Caller);

impl FromRequestParts<WebState> for ApiCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, ApiError> {
        let visitor = Visitor::from_request_parts(parts, state).await.map_err(|e| ApiError(e.0))?;
        visitor.caller.map(ApiCaller).ok_or(ApiError(AppError::Unauthenticated))
    }
}

/// A signed-in person. Without a session the answer leads to the sign-in page and back; to a form, it says how to send it
/// again.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub caller: Caller,
    /// By which session.
    pub session: Session,
    /// From where.
    pub origin: identity::Visitor,
}

impl FromRequestParts<WebState> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, PageError> {
        let visitor = Visitor::from_request_parts(parts, state).await.map_err(|e| PageError::App(e.0))?;
        let origin = visitor.origin();
        match (visitor.caller, visitor.session) {
            (Some(caller), Some(session)) => Ok(SignedIn { caller, session, origin }),
            _ if !parts.method.is_safe() => Err(PageError::SignedOut),
            _ => Err(PageError::SignIn {
                next: parts.uri.path_and_query().map_or_else(|| "/app".into(), ToString::to_string),
            }),
        }
    }
}

/// The bearer token (RFC 6750 §2.1), if there is one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim())
}

/// One cookie's value.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn header(headers: &HeaderMap, name: axum::http::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The address of whoever is at the other end: the peer, or, behind trusted proxies, the last address in
/// `X-Forwarded-For` that is not one of them.
pub(crate) fn client_address(extensions: &Extensions, headers: &HeaderMap, reach: &Reach) -> IpAddr {
    let Some(ConnectInfo(peer)) = extensions.get::<ConnectInfo<SocketAddr>>() else {
        return Ipv4Addr::LOCALHOST.into();
    };
    let mut address = peer.ip().to_canonical();
    if reach.trusted_proxies.contains(&address) {
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let chain: Vec<IpAddr> =
            forwarded.flat_map(|line| line.split(',')).filter_map(|a| a.trim().parse().ok()).collect();
        for hop in chain.into_iter().rev() {
            address = hop;
            if !reach.trusted_proxies.contains(&hop) {
                break;
            }
        }
    }
    address
}
