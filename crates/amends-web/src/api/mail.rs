//! `/mailbox`: the built-in viewer of mails.

use super::List;
use super::query::{Id, MailNumber, Query};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::Paging;
use amends_app::mail::{MailboxMail, OpenedMail};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list_mailbox, empty_mailbox)).routes(routes!(get_mail))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Only those to this address.
    #[param(max_length = 254)]
    to: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(pattern = "^[0-9]{1,18}$")]
    cursor: Option<String>,
}

/// List the mails of the built-in viewer
///
/// What was sent while no mail server is configured; newest first. The newest 2,000 are kept.
#[utoipa::path(
    get, path = "/mailbox", tag = "installation", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<MailboxMail>)),
)]
async fn list_mailbox(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<MailboxMail>, ApiError> {
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.mailbox(&caller, which.to.as_deref(), &paging).await?.into())
}

/// Empty the built-in viewer
#[utoipa::path(
    delete, path = "/mailbox", tag = "installation",
    responses((status = 204, description = "Emptied.")),
)]
async fn empty_mailbox(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<StatusCode, ApiError> {
    state.app.empty_mailbox(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Open a mail of the built-in viewer
#[utoipa::path(
    get, path = "/mailbox/{number}", tag = "installation",
    params(("number" = MailNumber, Path, description = "Its number.")),
    responses((status = 200, description = "The mail.", body = OpenedMail)),
)]
async fn get_mail(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(number): Id<MailNumber>,
) -> Result<Json<OpenedMail>, ApiError> {
    Ok(Json(state.app.mailbox_mail(&caller, number.0).await?))
}
