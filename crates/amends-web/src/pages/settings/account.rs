//! Oneself: name and zone, password, and where one is signed in.

use super::agent;
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, id_of, show_as};
use amends_app::AppError;
use amends_app::identity::{EditProfile, MIN_PASSWORD_LENGTH, Secret, Session};
use amends_model::{Person, SessionId};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;

/// A field that was changed elsewhere meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

/// A session as one row.
pub struct Row {
    pub id: String,
    pub browser: String,
    pub address: String,
    pub since: Markup,
    pub seen: Markup,
    pub this: bool,
}

impl Row {
    /// The rows of `sessions` as `here` reads them.
    pub fn all(here: &Here, sessions: &[Session]) -> Vec<Row> {
        let when = here.when();
        let row = |s: &Session| Row {
            id: s.id.to_string(),
            browser: agent::named(&s.agent),
            address: s.address.clone(),
            since: when.stamp(s.created_at),
            seen: when.distance(s.last_seen_at),
            this: s.id == here.session.id,
        };
        sessions.iter().map(row).collect()
    }
}

#[derive(Template)]
#[template(path = "app/account.html")]
struct Page {
    frame: Frame,
    person: Person,
    profile: Fields,
    password: Fields,
    theirs: Option<Vec<Theirs>>,
    sessions: Vec<Row>,
    least: usize,
    now: Timestamp,
}

fn own(here: &Here) -> Result<Person, PageError> {
    Ok(here.caller.person.clone().ok_or(AppError::Unauthenticated)?)
}

fn form_of(person: &Person) -> Fields {
    Fields::of([
        ("name", person.name.clone()),
        ("time_zone", person.time_zone.clone()),
        ("version", person.version.to_string()),
    ])
}

async fn render(
    here: &Here,
    form: Fields,
    password: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let person = own(here)?;
    let status = match (&theirs, form.fine() && password.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let sessions = here.app.sessions(&here.caller, &person.id).await?;
    let page = Page {
        frame: here.frame(Place::Account, "Your account").await?,
        sessions: Row::all(here, &sessions),
        person,
        profile: form,
        password,
        theirs,
        least: MIN_PASSWORD_LENGTH,
        now: here.app.now(),
    };
    Ok(show_as(status, &page))
}

/// `GET /app/account`
pub async fn page(here: Here) -> Result<Response, PageError> {
    render(&here, form_of(&own(&here)?), Fields::default(), None).await
}

/// `POST /app/account`: name and zone.
pub async fn profile(here: Here, mut form: Fields) -> Result<Response, PageError> {
    let input = EditProfile {
        name: Some(form.value("name").to_owned()),
        time_zone: Some(form.value("time_zone").to_owned()),
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_profile(&here.caller, expected, input).await {
        Ok(_) => Ok(go("/app/account?said=saved")),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, form, Fields::default(), None).await
        }
        Err(AppError::Conflict { .. }) => {
            let saved = form_of(&own(&here)?);
            let theirs = [("name", "Name"), ("time_zone", "Time zone")]
                .iter()
                .filter(|(name, _)| saved.value(name) != form.value(name).trim())
                .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
                .collect();
            form.set("version", saved.value("version").to_owned());
            render(&here, form, Fields::default(), Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/account/password`
pub async fn password(here: Here, form: Fields) -> Result<Response, PageError> {
    let current = form.some("current").map(|_| Secret::new(form.value("current")));
    let new = Secret::new(form.value("password"));
    let changed =
        here.app.change_password(&here.caller, &here.session.id, current.as_ref(), &new, &here.origin).await;
    // Nothing of what was typed is shown again.
    let mut shown = Fields::default();
    let retry = match changed {
        Ok(()) => return Ok(go("/app/account?said=password_changed")),
        Err(AppError::Invalid(errors)) => {
            shown.refuse_all(&errors, |_| None);
            None
        }
        Err(AppError::TooMany { seconds }) => {
            shown.refuse(
                "current",
                format!("was tried too often; the next try is looked at in {seconds} seconds"),
            );
            Some(seconds)
        }
        Err(other) => return Err(other.into()),
    };
    let mut response = render(&here, form_of(&own(&here)?), shown, None).await?;
    if let Some(seconds) = retry {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// `POST /app/account/sessions/{id}/end`
pub async fn end(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: SessionId = id_of(&id, "session")?;
    match here.app.end_session(&here.caller, &own(&here)?.id, &id).await {
        // Ended meanwhile, which is what was wanted.
        Ok(()) | Err(AppError::NotFound(_)) => Ok(go("/app/account?said=session_ended#sessions")),
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/account/sessions/end-others`
pub async fn end_others(here: Here) -> Result<Response, PageError> {
    here.app.end_sessions(&here.caller, &own(&here)?.id, Some(&here.session.id)).await?;
    Ok(go("/app/account?said=sessions_ended#sessions"))
}
