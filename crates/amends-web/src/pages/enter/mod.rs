//! Coming in and going out: signing in, links that work once, creating the administrator, signing out. The only pages of
//! the app that answer to strangers.

mod cookie;
mod link;
mod next;
mod setup;
mod sign_in;

use super::when::When;
use super::{Door, show_as};
use crate::error::PageError;
use crate::state::WebState;
use amends_app::{App, AppError};
use askama::Template;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use jiff::tz::TimeZone;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/sign-in", get(sign_in::page).post(sign_in::post))
        .route("/sign-out", post(sign_in::out))
        .route("/setup/{secret}", get(setup::page).post(setup::post))
        .route("/link/{secret}", get(link::page).post(link::post))
}

/// The page's name; none before there is a page.
async fn brand(app: &App) -> Result<Option<String>, AppError> {
    match app.page().await {
        Ok(page) => Ok(Some(page.name)),
        Err(AppError::Refused(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Times as strangers read them: in the page's zone.
async fn when(app: &App) -> Result<When, AppError> {
    let zone = match app.page().await {
        Ok(page) => TimeZone::get(&page.time_zone).unwrap_or(TimeZone::UTC),
        Err(AppError::Refused(_)) => TimeZone::UTC,
        Err(other) => return Err(other),
    };
    Ok(When { zone, now: app.now() })
}

#[derive(Template)]
#[template(path = "app/link_gone.html")]
struct Gone {
    door: Door,
    setup: bool,
}

/// The answer to a link that does nothing any more.
async fn gone(app: &App, setup: bool) -> Result<Response, PageError> {
    let door = Door { brand: brand(app).await?, ..Door::new("This link does not work any more") };
    Ok(secretly(show_as(StatusCode::GONE, &Gone { door, setup })))
}

/// A page whose address is a secret: no other address learns it.
fn secretly(mut response: Response) -> Response {
    // Not no-referrer: then a browser would not say either where the form was sent from, which the guard asks.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}
