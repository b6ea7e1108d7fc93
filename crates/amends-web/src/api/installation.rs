//! What concerns the installation: the audit log and imports.

use super::List;
use super::body::Imported;
use super::query::{Part, Query};
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::identity::AuditEntry;
use amends_app::import::ImportReport;
use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list_audit)).routes(routes!(import_statuspage))
}

/// List the audit log
///
/// Every change, by whom; newest first.
#[utoipa::path(
    get, path = "/audit", tag = "installation", params(Part),
    responses((status = 200, description = "A part of the log.", body = List<AuditEntry>)),
)]
async fn list_audit(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(part): Query<Part>,
) -> Result<List<AuditEntry>, ApiError> {
    Ok(state.app.audit(&caller, &part.paging()).await?.into())
}

/// Import the history of another status page
///
/// The body is one file: an Atom or RSS feed, JSON lines, or an answer of the Statuspage API; which one is told by its
/// content. Ids are kept, nobody is notified, and it may be repeated. What could not be read is in the report.
#[utoipa::path(
    post, path = "/imports/statuspage", tag = "installation",
    request_body(content(
        (String = "application/atom+xml"), (String = "application/rss+xml"), (String = "application/xml"),
        (String = "application/x-ndjson"), (Object = "application/json"), (String = "text/plain"),
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
