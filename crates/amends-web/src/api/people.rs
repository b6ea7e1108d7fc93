//! `/users`, `/tokens`, `/sessions`, `/me`: who signs in, and what programs sign in with.

use super::List;
use super::body::Json;
use super::idempotency::HoldsSecret;
use super::query::Id;
use super::version::{Created, IfMatch, Tagged, Versioned};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::identity::{EditPerson, EditProfile, MadeToken, NewPerson, NewToken, Session};
use amends_app::{AppError, Caller};
use amends_model::permission::Scopes;
use amends_model::{Actor, Person, PersonId, Role, SessionId, TokenId, TokenInfo};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_users, add_user))
        .routes(routes!(get_user, edit_user))
        .routes(routes!(make_link))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(get_token, revoke_token))
        .routes(routes!(get_me, edit_me))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
}

/// Somebody who was just added.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct AddedUser {
    #[serde(flatten)]
    person: Person,
    /// Where they set their password; works once, for a week, and is shown only here.
    link: String,
}

impl Versioned for AddedUser {
    fn version(&self) -> i64 {
        self.person.version
    }
}

/// List people
///
/// By name.
#[utoipa::path(
    get, path = "/users", tag = "people",
    responses((status = 200, description = "The whole list.", body = List<Person>)),
)]
async fn list_users(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<List<Person>, ApiError> {
    Ok(state.app.people(&caller).await?.into())
}

/// Add a person
///
/// They set their password by the link in the answer, which is shown only once.
#[utoipa::path(
    post, path = "/users", tag = "people",
    request_body(content = NewPerson, example = json!({
        "email": "ada@example.com", "name": "Ada", "role": "responder",
    })),
    responses((status = 201, description = "Added.", body = AddedUser)),
)]
async fn add_user(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<NewPerson>,
) -> Result<(Extension<HoldsSecret>, Created<Tagged<AddedUser>>), ApiError> {
    let added = state.app.add_person(&caller, input).await?;
    let link = state.app.link_address(&added.link);
    let at = format!("{}/users/{}", super::BASE, added.person.id);
    Ok((Extension(HoldsSecret), Created { at, body: Tagged(AddedUser { person: added.person, link }) }))
}

/// Show a person
#[utoipa::path(
    get, path = "/users/{id}", tag = "people",
    params(("id" = PersonId, Path, description = "Id.")),
    responses((status = 200, description = "The person.", body = Person)),
)]
async fn get_user(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PersonId>,
) -> Result<Tagged<Person>, ApiError> {
    Ok(Tagged(state.app.person(&caller, id.as_str()).await?))
}

/// Change a person
///
/// What is left out stays. `disabled: true` ends their sessions and tokens and keeps them out.
#[utoipa::path(
    patch, path = "/users/{id}", tag = "people",
    params(("id" = PersonId, Path, description = "Id.")),
    request_body(content = EditPerson, example = json!({"role": "communicator"})),
    responses((status = 200, description = "As they are now.", body = Person)),
)]
async fn edit_user(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PersonId>,
    seen: IfMatch,
    Json(input): Json<EditPerson>,
) -> Result<Tagged<Person>, ApiError> {
    let current = async { Ok(state.app.person(&caller, id.as_str()).await?.version) };
    let expected = seen.expected(current).await?;
    Ok(Tagged(state.app.edit_person(&caller, &id, expected, input).await?))
}

/// What a link does that works once.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    /// Signs in.
    SignIn,
    /// Sets a password and signs in.
    Password,
}

/// A link to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewLink {
    purpose: Purpose,
}

/// A link that works once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MadeLink {
    /// Its address, which is shown only here.
    link: String,
    /// When it stops working if it is not used.
    expires_at: jiff::Timestamp,
}

/// Make a link for a person
///
/// It works once: to sign in, or to set a password, for who lost theirs. Earlier ones of the same kind stop working.
#[utoipa::path(
    post, path = "/users/{id}/links", tag = "people",
    params(("id" = PersonId, Path, description = "Id.")),
    request_body(content = NewLink, example = json!({"purpose": "password"})),
    responses((status = 200, description = "The link.", body = MadeLink)),
)]
async fn make_link(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PersonId>,
    Json(wanted): Json<NewLink>,
) -> Result<(Extension<HoldsSecret>, axum::Json<MadeLink>), ApiError> {
    let link = match wanted.purpose {
        Purpose::SignIn => state.app.sign_in_link(&caller, &id).await?,
        Purpose::Password => state.app.password_link(&caller, &id).await?,
    };
    let made = MadeLink { link: state.app.link_address(&link), expires_at: link.expires_at };
    Ok((Extension(HoldsSecret), axum::Json(made)))
}

/// A token that was just made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CreatedToken {
    #[serde(flatten)]
    token: TokenInfo,
    /// What programs send as `Authorization: Bearer …`; shown only here.
    secret: String,
}

/// List tokens
///
/// Newest first; revoked and expired ones, too.
#[utoipa::path(
    get, path = "/tokens", tag = "people",
    responses((status = 200, description = "The whole list.", body = List<TokenInfo>)),
)]
async fn list_tokens(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<List<TokenInfo>, ApiError> {
    Ok(state.app.tokens(&caller).await?.into())
}

/// Make a token
///
/// Its secret is in the answer and is shown only once.
#[utoipa::path(
    post, path = "/tokens", tag = "people",
    request_body(content = NewToken, example = json!({
        "name": "deploy pipeline", "role": "responder", "scopes": ["incident:write", "event:write"],
    })),
    responses((status = 201, description = "Made.", body = CreatedToken)),
)]
async fn create_token(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<NewToken>,
) -> Result<(Extension<HoldsSecret>, Created<axum::Json<CreatedToken>>), ApiError> {
    let MadeToken { token, secret } = state.app.create_token(&caller, input).await?;
    let at = format!("{}/tokens/{}", super::BASE, token.id);
    let body = axum::Json(CreatedToken { token, secret: secret.expose().to_owned() });
    Ok((Extension(HoldsSecret), Created { at, body }))
}

/// Show a token
#[utoipa::path(
    get, path = "/tokens/{id}", tag = "people",
    params(("id" = TokenId, Path, description = "Id.")),
    responses((status = 200, description = "The token, without its secret.", body = TokenInfo)),
)]
async fn get_token(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<TokenId>,
) -> Result<axum::Json<TokenInfo>, ApiError> {
    let all = state.app.tokens(&caller).await?;
    let found = all.into_iter().find(|t| t.id == id).ok_or(AppError::NotFound("token"))?;
    Ok(axum::Json(found))
}

/// Revoke a token
///
/// It stops working at once.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "people",
    params(("id" = TokenId, Path, description = "Id.")),
    responses((status = 204, description = "Revoked.")),
)]
async fn revoke_token(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, ApiError> {
    state.app.revoke_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is asking.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Me {
    /// Whom the record names.
    actor: Actor,
    /// What they may do.
    role: Role,
    /// What a token is narrowed to; empty for all that the role may.
    scopes: Scopes,
    /// The person, when it is one.
    person: Option<Person>,
}

/// Show who is asking
#[utoipa::path(
    get, path = "/me", tag = "people",
    responses((status = 200, description = "The caller.", body = Me)),
)]
async fn get_me(ApiCaller(caller): ApiCaller) -> axum::Json<Me> {
    let Caller { actor, role, scopes, person, .. } = caller;
    axum::Json(Me { actor, role, scopes, person })
}

/// Change one's own name or time zone
///
/// `If-Match` takes the `version` of the person in `GET /api/v1/me`, in quotes. Tokens have no profile: 409.
#[utoipa::path(
    patch, path = "/me", tag = "people",
    request_body(content = EditProfile, example = json!({"time_zone": "Europe/Berlin"})),
    responses((status = 200, description = "As it is now.", body = Person)),
)]
async fn edit_me(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    seen: IfMatch,
    Json(input): Json<EditProfile>,
) -> Result<Tagged<Person>, ApiError> {
    let expected = seen.expected(async { Ok(own(&caller)?.version) }).await?;
    Ok(Tagged(state.app.edit_profile(&caller, expected, input).await?))
}

fn own(caller: &Caller) -> Result<&Person, AppError> {
    caller.person.as_ref().ok_or_else(|| {
        AppError::Refused(
            "this belongs to a person; sign in with address and password instead of a token".into(),
        )
    })
}

/// List one's own sessions
///
/// Newest first. Tokens have none: 409.
#[utoipa::path(
    get, path = "/sessions", tag = "people",
    responses(
        (status = 200, description = "The whole list.", body = List<Session>),
        (status = 409, description = "The caller is not a person.", body = crate::error::Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn list_sessions(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<List<Session>, ApiError> {
    let id = own(&caller)?.id.clone();
    Ok(state.app.sessions(&caller, &id).await?.into())
}

/// End one of one's own sessions
#[utoipa::path(
    delete, path = "/sessions/{id}", tag = "people",
    params(("id" = SessionId, Path, description = "Id.")),
    responses((status = 204, description = "Ended.")),
)]
async fn end_session(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(session): Id<SessionId>,
) -> Result<StatusCode, ApiError> {
    let id = own(&caller)?.id.clone();
    state.app.end_session(&caller, &id, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}
