//! `/actions`: corrective actions over all incidents.

use super::List;
use super::body::Json;
use super::query::{Id, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::action::{ActionFilter, ActionLine, EditAction, NewAction, WhichActions};
use amends_app::{AppError, Caller, Paging};
use amends_model::{ActionId, PersonId};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_actions, add_action))
        .routes(routes!(get_action, edit_action, remove_action))
        .routes(routes!(finish_action))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// `open`, `overdue`, `closed` or `all`; open when nothing is said.
    #[param(inline)]
    state: Option<WhichActions>,
    /// Only those of one person: an id, or `me`.
    #[param(pattern = "^(me|[a-z0-9]{12})$")]
    owner: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
}

/// List actions
///
/// Over all incidents: the one that is due first first, those without a day last.
#[utoipa::path(
    get, path = "/actions", tag = "actions", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<ActionLine>)),
)]
async fn list_actions(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<ActionLine>, ApiError> {
    let owner = which.owner.as_deref().map(|owner| owner_of(&caller, owner)).transpose()?;
    let filter = ActionFilter { which: which.state.unwrap_or_default(), owner };
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.actions(&caller, &filter, &paging).await?.into())
}

fn owner_of(caller: &Caller, owner: &str) -> Result<PersonId, AppError> {
    let parsed = match (owner, &caller.person) {
        ("me", Some(person)) => Ok(person.id.clone()),
        ("me", None) => Err("‘me’ is nobody who can own an action; name a person by id".to_owned()),
        (id, _) => id.parse(),
    };
    parsed.map_err(|why| AppError::field("owner", why))
}

/// Add an action
///
/// To a postmortem, or to an incident that has none yet.
#[utoipa::path(
    post, path = "/actions", tag = "actions",
    request_body(content = NewAction, example = json!({
        "incident": "INC-42", "text": "Alert when the rejection rate exceeds 1 %", "owner": "ada@example.com",
        "due": "2035-02-01", "term": "short",
    })),
    responses((status = 201, description = "Added.", body = ActionLine)),
)]
async fn add_action(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<NewAction>,
) -> Result<Created<Tagged<ActionLine>>, ApiError> {
    let added = state.app.add_action(&caller, input).await.map_err(|error| match error {
        AppError::NotFound(what @ ("postmortem" | "incident")) => {
            AppError::field(what, format!("there is no {what} with this id or number"))
        }
        other => other,
    })?;
    let line = state.app.action(&caller, &added.id).await?;
    Ok(Created { at: format!("{}/actions/{}", super::BASE, added.id), body: Tagged(line) })
}

/// Show an action
#[utoipa::path(
    get, path = "/actions/{id}", tag = "actions",
    params(("id" = ActionId, Path, description = "Id.")),
    responses((status = 200, description = "The action.", body = ActionLine)),
)]
async fn get_action(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ActionId>,
) -> Result<Tagged<ActionLine>, ApiError> {
    Ok(Tagged(state.app.action(&caller, &id).await?))
}

/// Change an action
///
/// What is left out stays, and null takes away. `done` and `dropped` need a note that says how it is known, or why.
#[utoipa::path(
    patch, path = "/actions/{id}", tag = "actions",
    params(("id" = ActionId, Path, description = "Id.")),
    request_body(content = EditAction, example = json!({"due": "2035-03-01", "owner": "ada@example.com"})),
    responses((status = 200, description = "As it is now.", body = ActionLine)),
)]
async fn edit_action(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ActionId>,
    seen: IfMatch,
    Json(input): Json<EditAction>,
) -> Result<Tagged<ActionLine>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.action(&caller, &id).await?.action.version) }).await?;
    state.app.edit_action(&caller, &id, expected, input).await?;
    Ok(Tagged(state.app.action(&caller, &id).await?))
}

/// Remove an action
///
/// One that was added by mistake. One that will not be done is rather dropped, with a note.
#[utoipa::path(
    delete, path = "/actions/{id}", tag = "actions",
    params(("id" = ActionId, Path, description = "Id.")),
    responses((status = 204, description = "Removed.")),
)]
async fn remove_action(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ActionId>,
) -> Result<StatusCode, ApiError> {
    state.app.remove_action(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How it is known.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct FinishAction {
    /// How it is known that it holds; Markdown.
    note: String,
}

/// Mark an action as done
#[utoipa::path(
    post, path = "/actions/{id}/done", tag = "actions",
    params(("id" = ActionId, Path, description = "Id.")),
    request_body(content = FinishAction, example = json!({"note": "The alert fired in a drill on staging."})),
    responses(
        (status = 200, description = "It is done.", body = ActionLine),
        (status = 412, description = "It was changed at the same moment.", body = crate::error::Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn finish_action(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<ActionId>,
    Json(input): Json<FinishAction>,
) -> Result<Tagged<ActionLine>, ApiError> {
    state.app.finish_action(&caller, &id, &input.note).await?;
    Ok(Tagged(state.app.action(&caller, &id).await?))
}
