//! The hub: where programs that read the feeds ask to be told of changes (WebSub).

use super::desk::DeskError;
use super::forms::{first, pairs};
use super::serve::{Public, client};
use amends_app::subscriber::HubWish;
use axum::extract::{RawForm, State};
use axum::http::{Extensions, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Takes a wish: 202, and the program itself is asked whether it is its own.
pub async fn ask(State(public): State<Public>, extensions: Extensions, RawForm(form): RawForm) -> Response {
    let pairs = pairs(&form);
    let field = |name: &str| Some(first(&pairs, name).to_owned()).filter(|v| !v.is_empty());
    let wish = HubWish {
        mode: field("hub.mode").unwrap_or_default(),
        topic: field("hub.topic").unwrap_or_default(),
        callback: field("hub.callback").unwrap_or_default(),
        lease_seconds: field("hub.lease_seconds"),
        secret: field("hub.secret"),
        source: client(&extensions),
    };
    let (status, text) = match public.desk.ask_hub(wish).await {
        Ok(()) => (StatusCode::ACCEPTED, String::new()),
        Err(DeskError::TooMany { seconds }) => {
            let mut response =
                (StatusCode::TOO_MANY_REQUESTS, "Too many wishes; try again later.\n").into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            return response;
        }
        Err(DeskError::Unavailable(why)) => {
            tracing::warn!(error = why, "a wish at the hub could not be taken");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "This cannot be done right now; try again in a moment.\n".into(),
            )
        }
        Err(wrong) => (StatusCode::BAD_REQUEST, format!("{wrong}\n")),
    };
    (status, text).into_response()
}
