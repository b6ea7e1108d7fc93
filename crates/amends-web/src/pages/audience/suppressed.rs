//! Addresses that must not be written to: why, since when, and letting one be written to again.

use crate::error::{PageError, form_urlencoded};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, show_as};
use amends_app::subscriber::Suppress;
use amends_app::{AppError, Paging};
use amends_model::SuppressionReason;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

struct Row {
    address: String,
    href: String,
    reason: &'static str,
    detail: String,
    since: Markup,
}

#[derive(Template)]
#[template(path = "app/suppressed.html")]
struct Page {
    frame: Frame,
    form: Fields,
    rows: Vec<Row>,
    older: Option<String>,
    first: bool,
}

/// `GET /app/subscribers/suppressed?cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let address = here.query("address").unwrap_or_default().to_owned();
    render(&here, Fields::of([("address", address)])).await
}

async fn render(here: &Here, form: Fields) -> Result<Response, PageError> {
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.suppressions(&here.caller, &paging).await?;
    let when = here.when();
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let rows = found.items.into_iter().map(|s| Row {
        href: format!("/app/subscribers/why?address={}", form_urlencoded(&s.address)),
        address: s.address,
        reason: match s.reason {
            SuppressionReason::Bounced => "The address does not exist",
            SuppressionReason::Complained => "Its owner called our mail spam",
            SuppressionReason::Team => "One of us decided so",
            SuppressionReason::OptedOut => "Its owner opted out",
        },
        detail: s.detail,
        since: when.stamp(s.at),
    });
    let page = Page {
        frame: here.frame(Place::Page, "Suppressed addresses").await?,
        rows: rows.collect(),
        older: found.next_cursor.map(|cursor| format!("/app/subscribers/suppressed?cursor={cursor}")),
        first: paging.cursor.is_none(),
        form,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/subscribers/suppressed`
pub async fn add(here: Here, mut form: Fields) -> Result<Response, PageError> {
    let input = Suppress { address: form.value("address").to_owned(), note: form.value("note").to_owned() };
    match here.app.suppress(&here.caller, input).await {
        Ok(_) => Ok(go("/app/subscribers/suppressed?said=suppressed")),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/subscribers/lift`
pub async fn lift(here: Here, form: Fields) -> Result<Response, PageError> {
    let address = form.value("address");
    match here.app.lift_suppression(&here.caller, address).await {
        // Somebody else was faster; it is as it should be.
        Ok(()) | Err(AppError::NotFound(_)) => {}
        Err(other) => return Err(other.into()),
    }
    match form.value("back") {
        "list" => Ok(go("/app/subscribers/suppressed?said=lifted")),
        _ => Ok(go(&format!("/app/subscribers/why?address={}", form_urlencoded(address)))),
    }
}
