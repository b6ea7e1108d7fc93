//! What concerns the installation: the audit log, health and imports.

use super::List;
use super::body::{self, Imported};
use super::query::{Part, Query};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::health::Health;
use amends_app::identity::AuditEntry;
use amends_app::identity::AuditFilter;
use amends_app::import::ImportReport;
use amends_app::postmortem::{ImportFile, ImportedPostmortem};
use amends_model::Resource;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_audit))
        .routes(routes!(get_health))
        .routes(routes!(import_statuspage))
        .routes(routes!(import_postmortems))
}

/// Which lines of the log.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Lines {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
    /// Only what was done to this kind of thing.
    #[param(inline)]
    resource: Option<Resource>,
    /// Only what was done to the thing with this id.
    resource_id: Option<String>,
    /// Only what somebody did whose id this is, or whose name holds this text.
    actor: Option<String>,
}

/// List the audit log
///
/// Every change, by whom; newest first. Asked for an actor or a kind of thing, an answer tells of the next 20,000 lines: it may
/// hold few or none and go on all the same.
#[utoipa::path(
    get, path = "/audit", tag = "installation", params(Lines),
    responses((status = 200, description = "A part of the log.", body = List<AuditEntry>)),
)]
async fn list_audit(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(lines): Query<Lines>,
) -> Result<List<AuditEntry>, ApiError> {
    let Lines { limit, cursor, resource, resource_id, actor } = lines;
    let filter = AuditFilter { resource, resource_id, actor };
    Ok(state.app.audit(&caller, &filter, &Part { limit, cursor }.paging()).await?.into())
}

/// Show how the installation is
///
/// Database, mail (whether it is held, since when, why, and how many messages wait), suppressed addresses, the search index
/// of the node that answers. Whether this node can serve at all is said by `/readyz`, without a token.
#[utoipa::path(
    get, path = "/health", tag = "installation",
    responses((status = 200, description = "How it is.", body = Health)),
)]
async fn get_health(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Health>, ApiError> {
    Ok(Json(state.app.health(&caller).await?))
}

/// Import the history of another status page
///
/// The body is one file: an Atom or RSS feed, JSON lines, or an answer of the Statuspage API; which one is told by its
/// content. Ids are kept, nobody is notified, and it may be repeated. What could not be read is in the report.
#[utoipa::path(
    post, path = "/imports/statuspage", tag = "installation",
    request_body(content(
        (String = "application/atom+xml"), (String = "application/rss+xml"), (String = "application/xml"),
        (String = "application/x-ndjson"), (serde_json::Value = "application/json"), (String = "text/plain"),
    )),
    responses((status = 200, description = "What was read and written.", body = ImportReport)),
)]
async fn import_statuspage(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Imported(file): Imported,
) -> Result<Json<ImportReport>, ApiError> {
    Ok(Json(state.app.import_statuspage(&caller, &file).await?))
}

/// Files to import.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportFiles {
    /// At most 2,000.
    files: Vec<ImportFile>,
}

/// Import postmortems
///
/// Markdown files. Those that were exported here come back without loss; others are read as a person would: title, times,
/// milestones, causes, actions. It may be repeated: what is the same changes nothing. The answer says for each file what was
/// understood; a file that cannot be taken does not stop the others.
#[utoipa::path(
    post, path = "/imports/postmortems", tag = "installation",
    request_body(content = ImportFiles, example = json!({"files": [{
        "path": "2035-01-20-daily-mails.md",
        "text": "# Teams got no daily mail\n\n- 14:30 The vendor's plan was changed\n- 15:00 Mails were rejected\n",
    }]})),
    responses((status = 200, description = "What was understood and written, file by file.", body = List<ImportedPostmortem>)),
)]
async fn import_postmortems(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    body::Json(input): body::Json<ImportFiles>,
) -> Result<List<ImportedPostmortem>, ApiError> {
    Ok(state.app.import_postmortems(&caller, &input.files).await?.into())
}
