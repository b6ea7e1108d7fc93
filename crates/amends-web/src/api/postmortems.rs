//! `/postmortems`: the internal document and the customers' letter, both written around facts of the record.

use super::List;
use super::body::Json;
use super::query::{Id, PostmortemRef, Query};
use super::version::{Created, IfMatch, Tagged};
use crate::error::{ApiError, Problem};
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::postmortem::{
    CheckText, DraftPostmortem, EditPostmortem, Finding, LetterPreview, PostmortemView, PublishDocument,
    PublishLetter, Shown, Template,
};
use amends_app::{AppError, Paging};
use amends_model::{Postmortem, PostmortemState, PostmortemSummary, PostmortemVersion};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_postmortems, draft_postmortem))
        .routes(routes!(get_postmortem, edit_postmortem))
        .routes(routes!(read_postmortem))
        .routes(routes!(preview_postmortem))
        .routes(routes!(lint_postmortem))
        .routes(routes!(list_postmortem_versions))
        .routes(routes!(export_postmortem))
        .routes(routes!(submit_postmortem))
        .routes(routes!(withdraw_postmortem))
        .routes(routes!(publish_postmortem))
        .routes(routes!(preview_letter))
        .routes(routes!(publish_letter))
        .routes(routes!(list_postmortem_templates))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Only those that have come this far; all when nothing is said.
    #[param(inline)]
    state: Option<PostmortemState>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
}

/// List postmortems
///
/// By when what they are about began, newest first.
#[utoipa::path(
    get, path = "/postmortems", tag = "postmortems", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<PostmortemSummary>)),
)]
async fn list_postmortems(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<PostmortemSummary>, ApiError> {
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.postmortems(&caller, which.state, &paging).await?.into())
}

/// How a draft begins.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPostmortem {
    /// The incident that it is about, by id or number.
    incident: String,
    /// Template of the document; `five-questions` when nothing is said.
    #[serde(default)]
    template: Option<String>,
    /// Template of the letter; `regret-reason-remedy` when nothing is said.
    #[serde(default)]
    letter_template: Option<String>,
    /// Who writes it; the caller when nothing is said.
    #[serde(default)]
    authors: Vec<String>,
}

/// Draft a postmortem
///
/// From the record of an incident and two templates. Facts stand in its texts as placeholders such as `{{started}}`, and are
/// filled in whenever it is read.
#[utoipa::path(
    post, path = "/postmortems", tag = "postmortems",
    request_body(content = NewPostmortem, example = json!({"incident": "INC-42", "template": "five-questions"})),
    responses(
        (status = 201, description = "Drafted.", body = Postmortem),
        (status = 412, description = "The incident has a postmortem already; `current` holds it.", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn draft_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<NewPostmortem>,
) -> Result<Created<Tagged<Postmortem>>, ApiError> {
    let NewPostmortem { incident, template, letter_template, authors } = input;
    let draft = DraftPostmortem { template, letter_template, authors };
    let drafted =
        state.app.draft_postmortem(&caller, &incident, draft).await.map_err(|error| match error {
            AppError::NotFound("incident") => AppError::field(
                "incident",
                "there is none with this id or number; see ‘amends incident list’",
            ),
            other => other,
        })?;
    Ok(Created { at: format!("{}/postmortems/{}", super::BASE, drafted.id), body: Tagged(drafted) })
}

/// Show a postmortem
///
/// As it is stored, with its placeholders.
#[utoipa::path(
    get, path = "/postmortems/{id}", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    responses((status = 200, description = "The postmortem.", body = Postmortem)),
)]
async fn get_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
) -> Result<Tagged<Postmortem>, ApiError> {
    Ok(Tagged(state.app.postmortem(&caller, &id.0).await?))
}

/// Edit a postmortem
///
/// What is left out stays. Earlier versions are kept. Customers read a letter as it was published until it is published again.
#[utoipa::path(
    patch, path = "/postmortems/{id}", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = EditPostmortem, example = json!({
        "title": "Teams got no daily mail", "document": "## What happened\n\nIt began at {{started}}.",
    })),
    responses((status = 200, description = "As it is now.", body = Postmortem)),
)]
async fn edit_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    seen: IfMatch,
    Json(input): Json<EditPostmortem>,
) -> Result<Tagged<Postmortem>, ApiError> {
    let expected = seen.expected(async { Ok(state.app.postmortem(&caller, &id.0).await?.version) }).await?;
    Ok(Tagged(state.app.edit_postmortem(&caller, &id.0, expected, input).await?))
}

/// Read a postmortem
///
/// With its facts filled in: those of the document in the caller's time zone, those of the letter in the page's.
#[utoipa::path(
    get, path = "/postmortems/{id}/view", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    responses((status = 200, description = "The postmortem with what stands beside it.", body = PostmortemView)),
)]
async fn read_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
) -> Result<axum::Json<PostmortemView>, ApiError> {
    Ok(axum::Json(state.app.read_postmortem(&caller, &id.0).await?))
}

/// A text that is being written.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewText {
    /// Markdown with placeholders.
    text: String,
    /// Whether it is the customers' letter, in which nothing internal may stand.
    #[serde(default)]
    letter: bool,
}

/// Preview a text
///
/// What it would look like with its facts, and what is wrong with its placeholders. Nothing is saved.
#[utoipa::path(
    post, path = "/postmortems/{id}/preview", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = PreviewText, example = json!({"text": "It lasted {{duration}}.", "letter": false})),
    responses((status = 200, description = "As a reader would see it.", body = Shown)),
)]
async fn preview_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(input): Json<PreviewText>,
) -> Result<axum::Json<Shown>, ApiError> {
    Ok(axum::Json(state.app.preview_postmortem(&caller, &id.0, &input.text, input.letter).await?))
}

/// What is checked.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
struct LintText {
    /// The customers' letter, not the internal document.
    letter: bool,
    /// Its title as it is being written; the saved one when nothing is said.
    title: Option<String>,
    /// The text as it is being written, Markdown with placeholders; the saved one when nothing is said.
    text: Option<String>,
}

/// Check a text
///
/// What the linter finds in the document or the letter, in the order of the text: as its readers will see it, with its facts
/// filled in, and compared with the record. Places are those of the text as it is written. Errors stop publishing.
/// Nothing is saved.
#[utoipa::path(
    post, path = "/postmortems/{id}/lint", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = LintText, example = json!({"letter": false})),
    responses((status = 200, description = "The whole list; empty if nothing is found.", body = List<Finding>)),
)]
async fn lint_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(LintText { letter, title, text }): Json<LintText>,
) -> Result<List<Finding>, ApiError> {
    let input = CheckText { letter, title, text };
    Ok(state.app.check_postmortem(&caller, &id.0, input).await?.into())
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Versions {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 20, pattern = "^[0-9]+$")]
    cursor: Option<String>,
}

/// List versions of a postmortem
///
/// Its texts as they were saved, newest first.
#[utoipa::path(
    get, path = "/postmortems/{id}/versions", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number."), Versions),
    responses((status = 200, description = "A part of the list.", body = List<PostmortemVersion>)),
)]
async fn list_postmortem_versions(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Query(part): Query<Versions>,
) -> Result<List<PostmortemVersion>, ApiError> {
    let limit = Paging { limit: part.limit, cursor: None }.limit()?;
    let wrong = || AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before");
    let before = part.cursor.map(|cursor| cursor.parse::<i64>().map_err(|_| wrong())).transpose()?;
    let items = state.app.postmortem_history(&caller, &id.0, before, limit).await?;
    // Versions count from 1: before the first there is none.
    let oldest = items.last().filter(|oldest| items.len() == limit && oldest.version > 1);
    let next_cursor = oldest.map(|oldest| oldest.version.to_string());
    Ok(List { items, next_cursor })
}

/// Export a postmortem
///
/// Markdown with front matter that reads well anywhere, and that an import reads back without loss.
#[utoipa::path(
    get, path = "/postmortems/{id}/export", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    responses((status = 200, description = "The file.", body = String, content_type = "text/markdown")),
)]
async fn export_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
) -> Result<([(HeaderName, HeaderValue); 2], String), ApiError> {
    let file = state.app.export_postmortem(&caller, &id.0).await?;
    Ok((markdown_file(&file.name), file.text))
}

/// The headers of a Markdown file with this name, which holds only a to z, digits, `-` and `.`.
pub(crate) fn markdown_file(name: &str) -> [(HeaderName, HeaderValue); 2] {
    let named = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8")),
        (header::CONTENT_DISPOSITION, named.unwrap_or(HeaderValue::from_static("attachment"))),
    ]
}

/// Which version somebody saw.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
struct SeenVersion {
    /// The version that was seen; without it, whichever there is.
    version: Option<i64>,
}

/// Hand a draft to its reviewers
#[utoipa::path(
    post, path = "/postmortems/{id}/submit", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = SeenVersion, example = json!({"version": 7})),
    responses(
        (status = 200, description = "It is in review.", body = Postmortem),
        (status = 412, description = "It was changed meanwhile.", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn submit_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(seen): Json<SeenVersion>,
) -> Result<Tagged<Postmortem>, ApiError> {
    Ok(Tagged(state.app.submit_postmortem(&caller, &id.0, seen.version).await?))
}

/// Take a postmortem back from review
#[utoipa::path(
    post, path = "/postmortems/{id}/withdraw", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = SeenVersion, example = json!({"version": 8})),
    responses(
        (status = 200, description = "It is a draft again.", body = Postmortem),
        (status = 412, description = "It was changed meanwhile.", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
async fn withdraw_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(seen): Json<SeenVersion>,
) -> Result<Tagged<Postmortem>, ApiError> {
    Ok(Tagged(state.app.withdraw_postmortem(&caller, &id.0, seen.version).await?))
}

/// Publish the internal document
///
/// The whole company can read it as finished. Customers see nothing of it. A text in which the linter finds errors is not
/// published, unless `despite_findings` says why it is all the same.
#[utoipa::path(
    post, path = "/postmortems/{id}/publish", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = PublishDocument, example = json!({"version": 8})),
    responses(
        (status = 200, description = "It is published.", body = Postmortem),
        (status = 412, description = "It was changed meanwhile.", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "Fields are not right, or the linter finds errors; `findings` holds them.",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn publish_postmortem(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(input): Json<PublishDocument>,
) -> Result<Tagged<Postmortem>, ApiError> {
    Ok(Tagged(state.app.publish_postmortem(&caller, &id.0, input).await?))
}

/// Preview the customers' letter
///
/// As they will read it on the page and in the mail, and to how many it goes. Changes nothing.
#[utoipa::path(
    get, path = "/postmortems/{id}/letter/preview", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    responses((status = 200, description = "What publishing it would show and send.", body = LetterPreview)),
)]
async fn preview_letter(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
) -> Result<axum::Json<LetterPreview>, ApiError> {
    Ok(axum::Json(state.app.preview_letter(&caller, &id.0).await?))
}

/// Publish the customers' letter
///
/// It stands on the incident's page and in the feeds, and goes to the incident's subscribers. It is kept as it reads now. A
/// letter in which the linter finds errors is not published, unless `despite_findings` says why it is all the same.
#[utoipa::path(
    post, path = "/postmortems/{id}/letter/publish", tag = "postmortems",
    params(("id" = PostmortemRef, Path, description = "Its id, or its incident's id or number.")),
    request_body(content = PublishLetter, example = json!({"version": 9, "notify": false})),
    responses(
        (status = 200, description = "It is published.", body = Postmortem),
        (status = 412, description = "It was changed since the preview.", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "Fields are not right, or the linter finds errors; `findings` holds them.",
            body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn publish_letter(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(id): Id<PostmortemRef>,
    Json(input): Json<PublishLetter>,
) -> Result<Tagged<Postmortem>, ApiError> {
    Ok(Tagged(state.app.publish_letter(&caller, &id.0, input).await?))
}

/// List templates
///
/// What a document or letter can begin with: those that come with Amends, and the operator's.
#[utoipa::path(
    get, path = "/postmortem-templates", tag = "postmortems",
    responses((status = 200, description = "The whole list.", body = List<Template>)),
)]
async fn list_postmortem_templates(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<List<Template>, ApiError> {
    Ok(state.app.postmortem_templates(&caller)?.0.into())
}
