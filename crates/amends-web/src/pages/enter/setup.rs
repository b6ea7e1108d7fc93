//! The first start: whoever opens the printed link creates the administrator, and the page if there is none.

use super::{brand, cookie, gone, secretly};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::{Door, go, show_as};
use crate::state::WebState;
use crate::visitor::Visitor;
use amends_app::AppError;
use amends_app::identity::{LinkPurpose, MIN_PASSWORD_LENGTH, Secret, SetUp};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

#[derive(Template)]
#[template(path = "app/setup.html")]
struct Page {
    door: Door,
    form: Fields,
    has_page: bool,
    least: usize,
    now: Timestamp,
}

async fn render(state: &WebState, form: Fields) -> Result<Response, PageError> {
    let brand = brand(&state.app).await?;
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        has_page: brand.is_some(),
        door: Door { brand, ..Door::new("Create the administrator") },
        form,
        least: MIN_PASSWORD_LENGTH,
        now: state.app.now(),
    };
    Ok(secretly(show_as(status, &page)))
}

async fn works(state: &WebState, secret: &Secret) -> Result<bool, PageError> {
    let open = state.app.open_link(secret).await?;
    Ok(open.is_some_and(|open| open.purpose == LinkPurpose::SetUp))
}

/// `GET /setup/{secret}`
pub async fn page(State(state): State<WebState>, Path(secret): Path<String>) -> Result<Response, PageError> {
    if !works(&state, &Secret::new(secret)).await? {
        return gone(&state.app, true).await;
    }
    render(&state, Fields::of([("time_zone", "Etc/UTC".into()), ("guess_zone", "yes".into())])).await
}

/// `POST /setup/{secret}`
pub async fn post(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(secret): Path<String>,
    mut form: Fields,
) -> Result<Response, PageError> {
    let secret = Secret::new(secret);
    let input = SetUp {
        name: form.value("name").to_owned(),
        email: form.value("email").to_owned(),
        password: Secret::new(form.value("password")),
        time_zone: form.value("time_zone").to_owned(),
        page_name: form.value("page_name").to_owned(),
    };
    match state.app.setup(&secret, input, &visitor.origin()).await {
        Ok(signed_in) => Ok(cookie::kept(go("/app?said=welcome"), &state.reach, &signed_in.secret)),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            for secret in ["password", "guess_zone"] {
                form.remove(secret);
            }
            render(&state, form).await
        }
        Err(AppError::Refused(_)) => gone(&state.app, true).await,
        Err(other) => Err(other.into()),
    }
}
