//! What the status page says of itself: name, sentence, help, language, zone.

use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::{go, show_as};
use amends_app::AppError;
use amends_app::component::EditPage;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "app/page_settings.html")]
struct Page {
    frame: Frame,
    form: Fields,
    url: String,
    now: jiff::Timestamp,
    theirs: Option<Vec<Theirs>>,
}

const FIELDS: [(&str, &str); 5] = [
    ("name", "Name"),
    ("description", "One sentence beneath it"),
    ("support_url", "Where customers get help"),
    ("time_zone", "Time zone"),
    ("language", "Language"),
];

fn form_of(page: &amends_model::page::Page) -> Fields {
    Fields::of([
        ("name", page.name.clone()),
        ("description", page.description.clone().unwrap_or_default()),
        ("support_url", page.support_url.clone().unwrap_or_default()),
        ("time_zone", page.time_zone.clone()),
        ("language", page.language.clone()),
        ("version", page.version.to_string()),
    ])
}

/// `GET /app/page/settings`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let form = form_of(&here.app.page().await?);
    render(&here, form, None).await
}

async fn render(here: &Here, form: Fields, theirs: Option<Vec<Theirs>>) -> Result<Response, PageError> {
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let page = Page {
        frame: here.frame(Place::Page, "The page").await?,
        now: here.app.now(),
        url: here.app.settings().public_url.clone(),
        form,
        theirs,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/page/settings`
pub async fn post(here: Here, mut form: Fields) -> Result<Response, PageError> {
    let input = EditPage {
        name: Some(form.value("name").to_owned()),
        time_zone: Some(form.value("time_zone").to_owned()),
        description: Some(form.some("description")),
        support_url: Some(form.some("support_url")),
        language: Some(form.value("language").trim().to_owned()),
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_page(&here.caller, expected, input).await {
        Ok(_) => Ok(go("/app/page/settings?said=saved")),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let saved = form_of(&here.app.page().await?);
            let theirs = FIELDS
                .iter()
                .filter(|(name, _)| saved.value(name) != form.value(name).trim())
                .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
                .collect();
            form.set("version", saved.value("version").to_owned());
            render(&here, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}
