//! Signing in with address and password, and signing out.

use super::{brand, cookie, next, when};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::when::{When, short};
use crate::pages::{Door, go, show_as};
use crate::state::WebState;
use crate::visitor::{Visitor, cookie as cookie_of, session_cookie_name};
use amends_app::AppError;
use amends_app::identity::Secret;
use amends_model::local_time;
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::SignedDuration;

#[derive(Template)]
#[template(path = "app/sign_in.html")]
struct Page {
    door: Door,
    form: Fields,
    /// What happened before.
    note: Option<&'static str>,
    /// Why no try is looked at just now, and when the next one is.
    wait: Option<String>,
    /// There is no administrator yet.
    setup: bool,
}

/// What the address of the sign-in page may say.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
    said: String,
}

/// `GET /sign-in?next=`
pub async fn page(
    State(state): State<WebState>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // A query that cannot be read asks for nothing in particular.
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let next = next::place(&asked.next).to_owned();
    if visitor.session.is_some() {
        return Ok(go(&next));
    }
    let had_session = cookie_of(&headers, session_cookie_name(&state.reach)).is_some();
    let note = match asked.said.as_str() {
        "out" => Some("You are signed out."),
        "ended" => Some("Your session is ended. Sign in with the new password."),
        _ if had_session => Some("Your session has ended. Sign in to go on."),
        _ => None,
    };
    let mut page = empty(&state, &next).await?;
    page.note = note;
    Ok(show_as(StatusCode::OK, &page))
}

async fn empty(state: &WebState, next: &str) -> Result<Page, PageError> {
    Ok(Page {
        door: Door { brand: brand(&state.app).await?, ..Door::new("Sign in") },
        form: Fields::of([("next", next.to_owned())]),
        note: None,
        wait: None,
        setup: state.app.needs_setup().await?,
    })
}

/// `POST /sign-in`
pub async fn post(
    State(state): State<WebState>,
    visitor: Visitor,
    mut form: Fields,
) -> Result<Response, PageError> {
    let next = next::place(form.value("next")).to_owned();
    let password = Secret::new(form.value("password"));
    let answer = state.app.sign_in(form.value("email"), &password, &visitor.origin()).await;
    let mut page = empty(&state, &next).await?;
    let (status, retry) = match answer {
        Ok(signed_in) => {
            end_earlier(&state, &visitor).await;
            return Ok(cookie::kept(go(&next), &state.reach, &signed_in.secret));
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            (StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Err(AppError::Unauthenticated) => {
            form.refuse("password", "was changed just now; try again");
            (StatusCode::UNPROCESSABLE_ENTITY, None)
        }
        Err(AppError::TooMany { seconds }) => {
            page.wait = Some(wait_until(seconds, &when(&state.app).await?));
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds))
        }
        Err(other) => return Err(other.into()),
    };
    form.remove("password");
    form.set("next", next);
    page.form = form;
    let mut response = show_as(status, &page);
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// When the next try is looked at: `in 32 seconds, at 15:04:32 CET`.
fn wait_until(seconds: u64, when: &When) -> String {
    let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let until = when.now.checked_add(length).unwrap_or(when.now);
    let distance = match seconds {
        1 => "in a second".into(),
        2..120 => format!("in {seconds} seconds"),
        _ => format!("in {}", short(length + SignedDuration::from_secs(59))),
    };
    let zoned = until.to_zoned(when.zone.clone());
    let clock = if seconds < 120 {
        zoned.strftime("%H:%M:%S").to_string()
    } else {
        local_time::show_time(until + SignedDuration::from_secs(59), &when.zone)
    };
    format!("{distance}, at {clock} {}", zoned.strftime("%Z"))
}

/// A browser has one session: the one that it had before is ended.
pub(super) async fn end_earlier(state: &WebState, visitor: &Visitor) {
    if let (Some(caller), Some(session)) = (&visitor.caller, &visitor.session)
        && let Err(error) = state.app.sign_out(caller, &session.id).await
    {
        // It ends by itself; whoever has just signed in should not be stopped by it.
        tracing::warn!(%error, "an earlier session of the same browser was not ended");
    }
}

/// `POST /sign-out`
pub async fn out(State(state): State<WebState>, visitor: Visitor) -> Result<Response, PageError> {
    if let (Some(caller), Some(session)) = (&visitor.caller, &visitor.session) {
        state.app.sign_out(caller, &session.id).await?;
    }
    Ok(cookie::taken_back(go("/sign-in?said=out"), &state.reach))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn the_wait_is_said_in_words_and_as_a_time() {
        let zone = TimeZone::get("Europe/Berlin").expect("zone");
        let when = When { zone, now: "2026-11-20T14:59:30Z".parse().expect("instant") };
        assert_eq!(wait_until(1, &when), "in a second, at 15:59:31 CET");
        assert_eq!(wait_until(32, &when), "in 32 seconds, at 16:00:02 CET");
        assert_eq!(wait_until(300, &when), "in 5 min, at 16:05 CET");
    }
}
