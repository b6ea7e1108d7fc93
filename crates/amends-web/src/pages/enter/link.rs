//! Links that work once: to sign in, or to set a password. Opening one changes nothing, because mail scanners and previews
//! open links, too; the button does.

use super::{brand, cookie, gone, secretly, sign_in};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::{Door, go, show_as};
use crate::state::WebState;
use crate::visitor::Visitor;
use amends_app::AppError;
use amends_app::identity::{LinkPurpose, MIN_PASSWORD_LENGTH, OpenLink, Secret};
use amends_model::Person;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "app/link.html")]
struct Page {
    door: Door,
    form: Fields,
    person: Person,
    /// Whether the link sets a password; else it signs in.
    sets_password: bool,
    least: usize,
    /// Who is signed in here just now, if it is somebody else.
    instead_of: Option<String>,
}

async fn render(
    state: &WebState,
    visitor: &Visitor,
    person: Person,
    sets_password: bool,
    form: Fields,
) -> Result<Response, PageError> {
    let title = match (sets_password, person.has_password) {
        (false, _) => "Sign in",
        (true, true) => "Set a new password",
        (true, false) => "Welcome",
    };
    let other = visitor.caller.as_ref().and_then(|c| c.person.as_ref()).filter(|p| p.id != person.id);
    let instead_of = other.map(|p| p.name.clone());
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let door = Door { brand: brand(&state.app).await?, ..Door::new(title) };
    let page = Page { door, form, person, sets_password, least: MIN_PASSWORD_LENGTH, instead_of };
    Ok(secretly(show_as(status, &page)))
}

/// `GET /link/{secret}`
pub async fn page(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(secret): Path<String>,
) -> Result<Response, PageError> {
    match state.app.open_link(&Secret::new(secret.as_str())).await? {
        Some(OpenLink { purpose: LinkPurpose::SetUp, .. }) => Ok(go(&format!("/setup/{secret}"))),
        Some(OpenLink { purpose, person: Some(person) }) => {
            let sets_password = purpose == LinkPurpose::Password;
            render(&state, &visitor, person, sets_password, Fields::default()).await
        }
        _ => gone(&state.app, false).await,
    }
}

/// `POST /link/{secret}`
pub async fn post(
    State(state): State<WebState>,
    visitor: Visitor,
    Path(secret): Path<String>,
    mut form: Fields,
) -> Result<Response, PageError> {
    let secret = Secret::new(secret);
    let Some(OpenLink { purpose, person: Some(person) }) = state.app.open_link(&secret).await? else {
        return gone(&state.app, false).await;
    };
    let origin = visitor.origin();
    let (answer, to) = match purpose {
        LinkPurpose::Password => {
            let password = Secret::new(form.value("password"));
            (state.app.set_password_by_link(&secret, &password, &origin).await, "/app?said=password")
        }
        LinkPurpose::SignIn => (state.app.sign_in_by_link(&secret, &origin).await, "/app"),
        LinkPurpose::SetUp => return gone(&state.app, true).await,
    };
    match answer {
        Ok(signed_in) => {
            sign_in::end_earlier(&state, &visitor).await;
            Ok(cookie::kept(go(to), &state.reach, &signed_in.secret))
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            form.remove("password");
            render(&state, &visitor, person, true, form).await
        }
        // Used by somebody else in this moment.
        Err(AppError::Refused(_)) => gone(&state.app, false).await,
        Err(other) => Err(other.into()),
    }
}
