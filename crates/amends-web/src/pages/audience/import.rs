//! Bringing a list of subscribers: what would happen is shown first, and a report afterwards.

use crate::error::{PageError, Problem};
use crate::pages::as_mail::counted;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::{error_page, show_as};
use amends_app::AppError;
use amends_app::subscriber::ImportReport;
use amends_model::{Action, Resource};
use askama::Template;
use axum::extract::Multipart;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Most bytes of a list that is brought in the browser. Half a million addresses fit; the command line takes more.
pub const LIMIT: usize = 16 * 1024 * 1024;

#[derive(Template)]
#[template(path = "app/import.html")]
struct Page {
    frame: Frame,
    pasted: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "app/import_report.html")]
struct Report {
    frame: Frame,
    report: ImportReport,
    /// The list, to be sent again when this is only a look.
    list: Option<String>,
    added: String,
    wrong: String,
}

/// What the form sent.
#[derive(Default)]
struct Sent {
    step: String,
    list: Vec<u8>,
}

/// `GET /app/subscribers/import`
pub async fn page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Subscriber)?;
    render(&here, String::new(), None).await
}

async fn render(here: &Here, pasted: String, wrong: Option<String>) -> Result<Response, PageError> {
    let status = if wrong.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = here.frame(Place::Page, "Import subscribers").await?;
    Ok(show_as(status, &Page { frame, pasted, wrong }))
}

/// `POST /app/subscribers/import`: `step=send` brings them in, anything else only says what that would do.
pub async fn post(here: Here, parts: Result<Multipart, MultipartRejection>) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Subscriber)?;
    let sent = match parts {
        Ok(parts) => read(parts).await.map_err(|error| too_large(&error)),
        Err(rejection) => Err(rejection.into_response()),
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(response) => return Ok(response),
    };
    let text = String::from_utf8_lossy(&sent.list).into_owned();
    if text.trim().is_empty() {
        return render(&here, text, Some("is empty; choose a file or paste addresses".into())).await;
    }
    let send = sent.step == "send";
    match here.app.import_subscribers(&here.caller, &sent.list, !send).await {
        Ok(report) => {
            let title = if send { "Imported" } else { "What this list would do" };
            let page = Report {
                frame: here.frame(Place::Page, title).await?,
                list: (!send).then_some(text),
                added: counted(report.added, "address", "addresses"),
                wrong: counted(report.wrong, "line is", "lines are"),
                report,
            };
            Ok(show_as(StatusCode::OK, &page))
        }
        Err(AppError::Invalid(errors)) => {
            let detail = errors.0.first().map(|e| e.detail.clone()).unwrap_or_default();
            let pasted = if text.len() > 100_000 { String::new() } else { text };
            render(&here, pasted, Some(detail)).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn read(mut parts: Multipart) -> Result<Sent, MultipartError> {
    let mut sent = Sent::default();
    while let Some(part) = parts.next_field().await? {
        match part.name() {
            Some("step") => sent.step = part.text().await?,
            // A file that was not chosen comes empty; then what was pasted counts.
            Some("file" | "list" | "pasted") => {
                let bytes = part.bytes().await?;
                if sent.list.is_empty() {
                    sent.list = bytes.to_vec();
                }
            }
            _ => {}
        }
    }
    Ok(sent)
}

fn too_large(error: &MultipartError) -> Response {
    let (status, title, detail) = if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        (
            StatusCode::PAYLOAD_TOO_LARGE,
            "The list is too large",
            format!(
                "It has more than {} MiB. Nothing was imported. Split it, or use ‘amends subscriber import FILE’, which takes more.",
                LIMIT / 1024 / 1024
            ),
        )
    } else {
        (
            StatusCode::BAD_REQUEST,
            "The list did not arrive whole",
            "Nothing was imported; send it again.".into(),
        )
    };
    error_page(&Problem::new(status, "upload", title, detail))
}
