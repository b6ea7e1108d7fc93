//! The app in the browser: pages made on the server that work completely without script.
//!
//! A form posts and is answered with a redirect, or with the same form, the errors at their fields and every typed word
//! kept. What a role may not do is not offered; the use cases refuse it besides.

mod fields;
mod frame;
mod incidents;
mod maintenance;
mod now;
mod preview;
mod site;
mod when;

use crate::assets;
use crate::error::Problem;
use crate::state::WebState;
use amends_app::AppError;
use askama::Template;
use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

/// Every page of the app.
pub fn routes() -> Router<WebState> {
    Router::new()
        .merge(now::routes())
        .merge(incidents::routes())
        .merge(maintenance::routes())
        .merge(preview::routes())
        .merge(site::routes())
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

/// The page that says what was wrong, what is safe and what to do.
pub fn error_page(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = ErrorPage {
        title: &problem.title,
        detail: &problem.detail,
        css: assets::url("app.css"),
        base_js: assets::url("base.js"),
        icon: assets::url("favicon.svg"),
    };
    show_as(status, &page)
}

#[derive(Template)]
#[template(path = "app/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    detail: &'a str,
    css: &'static str,
    base_js: &'static str,
    icon: &'static str,
}
