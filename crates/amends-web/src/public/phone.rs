//! The page that takes the code that a telephone got.

use super::desk::DeskError;
use super::forms::{first, pairs, refused, safe, say};
use super::pages::{Act, Context, Frame, frame, render};
use super::serve::{Public, private};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, RawForm, State};
use axum::http::{Response, StatusCode};

#[derive(Template)]
#[template(path = "public/code.html")]
struct CodePage {
    frame: Frame,
    id: String,
    wrong: Option<String>,
}

fn page(public: &Public, status: StatusCode, id: &str, wrong: Option<String>) -> Response<Body> {
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    let mut frame = frame(&cx, Some("Type in your code"), "/subscribe", "Confirm your number");
    frame.listed = false;
    private(status, render(&CodePage { frame, id: id.to_owned(), wrong }), public)
}

fn over(public: &Public) -> Response<Body> {
    let line =
        "It was used already, is older than half an hour, or was mistyped too often. Nothing was changed.";
    let act = Act::Go("/subscribe/sms".into(), "Ask for another".into());
    say(public, StatusCode::NOT_FOUND, "This code does not work any more", &[line], Some(act))
}

/// Where the form of a telephone leads: the same whether the number was known or not.
pub async fn code_page(State(public): State<Public>, Path(id): Path<String>) -> Response<Body> {
    let Some(id) = safe(&id) else { return over(&public) };
    match public.desk.look_at_code(id.to_owned()).await {
        Ok(()) => page(&public, StatusCode::OK, id, None),
        Err(DeskError::NoSuchToken) => over(&public),
        Err(error) => refused(&public, error),
    }
}

/// Takes the code.
pub async fn code(
    State(public): State<Public>,
    Path(id): Path<String>,
    RawForm(form): RawForm,
) -> Response<Body> {
    let Some(id) = safe(&id) else { return over(&public) };
    let typed = first(&pairs(&form), "code").to_owned();
    match public.desk.confirm_by_code(id.to_owned(), typed).await {
        Ok(found) => {
            let line = format!("Updates go to {} from now on. Answer STOP to end them.", found.address);
            let act = Act::Go(format!("/m/{}", found.token), "Choose what you hear about".into());
            say(&public, StatusCode::OK, "You are subscribed", &[&line], Some(act))
        }
        Err(DeskError::Wrong(text)) => page(&public, StatusCode::UNPROCESSABLE_ENTITY, id, Some(text)),
        Err(DeskError::NoSuchToken) => over(&public),
        Err(error) => refused(&public, error),
    }
}
