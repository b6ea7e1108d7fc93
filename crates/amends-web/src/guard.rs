//! What stands before every route: security headers, and no foreign page acting in a person's name.

use crate::error::Problem;
use crate::pages::error_page;
use crate::public::ClientAddress;
use crate::state::{Reach, WebState};
use crate::visitor::{Local, bearer, client_address};
use amends_app::subscriber::HUB;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// No inline script or style, nothing from elsewhere, no framing (CSP 3; the set of OWASP's secure headers).
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types amends";

/// What no page here asks a browser for.
pub const PERMISSIONS_POLICY: &str = "camera=(), microphone=(), geolocation=()";

/// Said where people come by https: that browsers stay with it (RFC 6797).
pub const STAY_WITH_HTTPS: &str = "max-age=31536000; includeSubDomains";

/// Adds the security headers that the answer did not set itself.
pub async fn security_headers(State(state): State<WebState>, request: Request, next: Next) -> Response {
    // A page that is told to send no referrer sends its forms with `Origin: null`; without https that would be all that
    // is known about them. The app's pages tell this site, and no other, where a form was sent from.
    let of_app = has_session_forms(request.uri().path());
    let referrer = if of_app { "same-origin" } else { "no-referrer" };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, referrer);
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    // What no route declared cacheable is private.
    set(header::CACHE_CONTROL, "no-store");
    if state.reach.https {
        set(header::STRICT_TRANSPORT_SECURITY, STAY_WITH_HTTPS);
    }
    response
}

/// Whether forms of this page act in a person's name.
fn has_session_forms(path: &str) -> bool {
    path == "/app" || path.starts_with("/app/") || path == "/sign-in"
}

/// Notes where a request really came from, for the budgets of the public forms.
pub async fn know_client(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let address = client_address(request.extensions(), request.headers(), &state.reach);
    request.extensions_mut().insert(ClientAddress(address));
    next.run(request).await
}

/// Refuses unsafe requests that a foreign page may have caused. Programs with a bearer token, the local socket, the
/// public forms and the one-click unsubscribe (RFC 8058) carry no ambient authority and pass.
pub async fn same_origin(State(state): State<WebState>, request: Request, next: Next) -> Response {
    // The public forms know nobody: a token in the path, or nothing at all, is what they act on. Browsers that are told
    // to send no referrer send `Origin: null` with a form, and without https nothing else.
    let path = request.uri().path();
    let open =
        ["/u/", "/s/", "/m/", "/c/", "/api/v2/", crate::hooks::BASE].iter().any(|p| path.starts_with(p))
            || path == "/subscribe"
            || path == HUB;
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let local = request.extensions().get::<Local>().is_some();
    // A program that forgot its token is told so by the API itself; without a cookie there is nobody to act as.
    let nobody = path.starts_with("/api/v1/") && !request.headers().contains_key(header::COOKIE);
    if safe
        || open
        || local
        || nobody
        || bearer(request.headers()).is_some()
        || is_same_origin(&request, &state.reach)
    {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::FORBIDDEN,
        "foreign-origin",
        "Not from this site",
        "this form was not sent from this site; open the page here and send it again (programs use a bearer token)",
    );
    if path.starts_with("/api/") { problem.into_response() } else { error_page(&problem) }
}

/// Fetch metadata says it in every current browser; older ones send `Origin`.
fn is_same_origin(request: &Request, reach: &Reach) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return false };
    origin == reach.origin
        || text("host").is_some_and(|host| {
            origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) == Some(host)
        })
}
