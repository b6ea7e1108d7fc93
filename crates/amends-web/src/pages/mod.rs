//! The app in the browser: pages made on the server that work completely without script.
//!
//! A form posts and is answered with a redirect, or with the same form, the errors at their fields and every typed word
//! kept. What a role may not do is not offered; the use cases refuse it besides.

mod actions;
mod as_mail;
mod audience;
mod changes;
mod enter;
mod fields;
mod frame;
mod incidents;
mod maintenance;
mod now;
mod postmortems;
mod preview;
mod rules;
mod search;
mod settings;
mod site;
mod when;
pub(crate) mod zones;

use crate::assets;
use crate::error::Problem;
use crate::state::WebState;
use amends_app::AppError;
use askama::Template;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// A text as the beginning of a sentence.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Every page of the app.
pub fn routes() -> Router<WebState> {
    Router::new()
        .merge(enter::routes())
        .merge(changes::routes())
        .merge(now::routes())
        .merge(incidents::routes())
        .merge(maintenance::routes())
        .merge(postmortems::routes())
        .merge(rules::routes())
        .merge(actions::routes())
        .merge(search::routes())
        .merge(preview::routes())
        .merge(site::routes())
        .merge(settings::routes())
        .merge(audience::routes())
}

/// A rendered page.
fn show(template: &impl Template) -> Response {
    show_as(StatusCode::OK, template)
}

/// A rendered page with a status of its own, such as 422 for a form that has to be looked at again.
fn show_as(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => html_response(status, html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn html_response(status: StatusCode, html: String) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (status, kind, html).into_response()
}

/// What a person wrote in Markdown, as safe markup beneath a heading of the second level.
fn markdown(text: &str) -> when::Markup {
    when::Markup(amends_app::markdown::html_under(text, 2))
}

/// An id from a path; what is no id is not found.
fn id_of<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, AppError> {
    text.parse().map_err(|_| AppError::NotFound(what))
}

/// On to another page after something was done (303).
fn go(to: &str) -> Response {
    Redirect::to(to).into_response()
}

/// What a page without the rail has around its content: those that strangers see, and errors.
#[derive(Debug, Clone)]
struct Door {
    /// Of the document.
    title: String,
    /// Name of the company, where it is known.
    brand: Option<String>,
    css: &'static str,
    base_js: &'static str,
    app_js: &'static str,
    icon: &'static str,
}

impl Door {
    fn new(title: &str) -> Self {
        Door {
            title: title.to_owned(),
            brand: None,
            css: assets::url("app.css"),
            base_js: assets::url("base.js"),
            app_js: assets::url("app.js"),
            icon: assets::url("favicon.svg"),
        }
    }
}

/// The page that says what was wrong, what is safe and what to do.
pub fn error_page(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    show_as(status, &ErrorPage { door: Door::new(problem.title), detail: &problem.detail })
}

/// The answer to a form of somebody whose session has ended: the browser keeps what was typed and can send it again.
pub fn signed_out_page() -> Response {
    show_as(StatusCode::UNAUTHORIZED, &SignedOut { door: Door::new("You are signed out") })
}

#[derive(Template)]
#[template(path = "app/error.html")]
struct ErrorPage<'a> {
    door: Door,
    detail: &'a str,
}

#[derive(Template)]
#[template(path = "app/signed_out.html")]
struct SignedOut {
    door: Door,
}
