//! The routes of the public site.

use super::desk::Desk;
use super::document::{Document, Kind};
use super::pages::{self, Context};
use super::site::Site;
use super::{events, forms, hub, phone, preferences, subscribers};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Where a request really came from, when a proxy in front says so and is trusted: set by the server's own layer.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// What the routes work with.
#[derive(Clone)]
pub struct Public {
    /// The pages.
    pub site: Site,
    /// The forms.
    pub desk: Arc<dyn Desk>,
    /// Who waits for news.
    pub(super) listeners: Arc<events::Listeners>,
}

/// The public site: pages, feeds, Statuspage API, assets, forms; and the answer to every path that no router knows.
pub fn router(site: Site, desk: Arc<dyn Desk>) -> Router {
    let read = || get(read).options(preflight);
    Router::new()
        .route("/", read())
        .route("/history", read())
        .route("/history/{month}", read())
        .route("/history.rss", read())
        .route("/history.atom", read())
        .route("/history.json", read())
        .route("/history.feed.json", read())
        .route("/maintenance.ics", read())
        .route("/incidents/{id}", read())
        .route("/maintenances/{id}", get(to_incidents))
        .route("/hub", post(hub::ask))
        .route("/push-worker.js", read())
        .route("/badge.svg", read())
        .route("/icon/{name}", read())
        .route("/favicon.ico", read())
        .route("/robots.txt", read())
        .route("/events", get(events::events))
        .route("/embed", read())
        .route("/embed/script.js", read())
        .route("/static/{file}", read())
        .route("/api/v2/subscribers.json", any(subscribers::collection))
        .route("/api/v2/subscribers/{token}", any(subscribers::one))
        .route("/api/v2/{*rest}", read())
        .route("/subscribe", get(read_get).post(forms::subscribe))
        .route("/subscribe/sent", get(forms::sent))
        .route("/subscribe/sent/{channel}", get(forms::sent_by))
        .route("/subscribe/{channel}", get(forms::subscribe_by))
        .route("/c/{id}", get(phone::code_page).post(phone::code))
        .route("/s/{token}", get(forms::confirm_page).post(forms::confirm))
        .route("/m/{token}", get(forms::manage_page).post(forms::manage))
        .route("/m/{token}/preferences", post(preferences::prefer))
        .route("/m/{token}/secret", post(forms::renew))
        .route("/m/{token}/test", post(forms::test))
        .route("/m/{token}/again", post(forms::again))
        .route("/u/{token}", get(forms::unsubscribe_page).post(forms::unsubscribe))
        .fallback(unknown)
        .with_state(Public { site, desk, listeners: Arc::default() })
}

/// A path that no router knows: a page, or JSON where that was asked for.
async fn unknown(State(public): State<Public>, request: Request) -> Response<Body> {
    let rendered = public.site.rendered();
    rendered.nothing_at(request.uri().path()).answer(request.method(), request.headers())
}

/// A page of a few sentences in the frame of the public site, for whatever a visitor has to be told, such as a fault.
pub fn say(site: &Site, status: StatusCode, heading: &str, lines: &[&str]) -> Response<Body> {
    let rendered = site.rendered();
    let cx = Context::new(&rendered.record, site.clock_now(), rendered.stale);
    let body = pages::message(&cx, heading, lines, None);
    Document::with_status(status, Kind::Passing, body, site.clock_now())
        .answer(&Method::GET, &HeaderMap::new())
}

/// Any document: from memory, or rendered now.
pub async fn read(State(public): State<Public>, request: Request) -> Response<Body> {
    let (path, query) = (request.uri().path(), request.uri().query());
    let found = match query {
        Some(_) if path == "/history.json" => None,
        _ => public.site.hot(path, Document::clone),
    };
    let document = match found {
        Some(document) => document,
        None => public.site.document(path, query).await,
    };
    document.answer(request.method(), request.headers())
}

async fn read_get(state: State<Public>, request: Request) -> Response<Body> {
    read(state, request).await
}

async fn to_incidents(request: Request) -> Response<Body> {
    let id = request.uri().path().trim_start_matches("/maintenances/");
    redirect(StatusCode::MOVED_PERMANENTLY, &format!("/incidents/{id}"))
}

/// The answer to a browser that asks whether another site may read (CORS preflight).
async fn preflight() -> Response<Body> {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, If-None-Match, If-Modified-Since"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page for one reader.
pub(super) fn private(status: StatusCode, body: Vec<u8>, public: &Public) -> Response<Body> {
    Document::with_status(status, Kind::Private, body, public.site.clock_now())
        .answer(&Method::GET, &HeaderMap::new())
}

/// A redirect within this site.
pub(super) fn redirect(status: StatusCode, to: &str) -> Response<Body> {
    let mut response = status.into_response();
    super::document::protect(Kind::Private, response.headers_mut());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// Where a request came from.
pub(super) fn client(extensions: &axum::http::Extensions) -> Option<IpAddr> {
    let said = extensions.get::<ClientAddress>().map(|a| a.0);
    said.or_else(|| extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|c| c.0.ip()))
}
