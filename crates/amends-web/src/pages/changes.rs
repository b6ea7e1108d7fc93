//! What open pages wait for: the number of the newest change, answered when there is a newer one than they know, or when
//! a channel stopped or works again.

use super::frame::{held, mark};
use crate::error::PageError;
use crate::state::WebState;
use crate::visitor::Visitor;
use amends_app::Caller;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::time::Duration;

/// Proxies cut what is silent for a minute; before that it is asked again.
const PATIENCE: Duration = Duration::from_secs(25);
/// Whether messages get through is no change of the record; it is looked at so often.
const LOOK: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/app/changes", get(changes))
}

/// What a page knows, as it is written into it: the newest change, and which channels do not work.
pub(super) fn known(newest: i64, held: &str) -> String {
    if held.is_empty() { newest.to_string() } else { format!("{newest}-{held}") }
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Asked {
    after: String,
}

/// `GET /app/changes?after=`: what there is to know now, at once if it is not what `after` says, else when it is, or
/// after a while. Says what changed to nobody: pages read themselves anew, and show what their reader may see.
async fn changes(
    State(state): State<WebState>,
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, PageError> {
    let (Some(_), Some(caller)) = (&visitor.session, &visitor.caller) else {
        return Ok((StatusCode::UNAUTHORIZED, "sign in first\n").into_response());
    };
    let asked = asked.map(|Query(asked)| asked.after).unwrap_or_default();
    let mut ending = state.app.ending();
    let now = tokio::select! {
        now = other_than(&state, caller, &asked) => now?,
        // A server that ends does not wait for those who wait.
        _ = ending.wait_for(|ending| *ending) => asked,
        () = tokio::time::sleep(PATIENCE) => asked,
    };
    Ok(now.into_response())
}

/// Waits until there is something else to know than `asked`.
async fn other_than(state: &WebState, caller: &Caller, asked: &str) -> Result<String, PageError> {
    let (number, was_held) = asked.split_once('-').unwrap_or((asked, ""));
    let after: i64 = number.parse().unwrap_or(0);
    let mut changes = state.app.changes();
    loop {
        let newest = *changes.borrow_and_update();
        let held = mark(&held(&state.app, caller).await?);
        // A node that has just started may know less than a page that another one rendered: it waits for more.
        if newest > after || held != was_held {
            return Ok(known(newest.max(after), &held));
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_a_number_and_a_mark() {
        assert_eq!([known(7, ""), known(7, "email+sms")], ["7", "7-email+sms"]);
    }
}
