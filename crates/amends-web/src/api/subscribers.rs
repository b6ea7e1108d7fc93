//! `/subscribers` and `/explain`: who gets messages, lists of them, and why somebody got one or did not.

use super::List;
use super::body::{Csv, Json};
use super::query::{Id, Query, SubscriberRef};
use super::version::Created;
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::subscriber::{
    AddSubscriber, EndpointHealth, Explanation, ImportReport, Replayed, SigningSecret, SubscriberCounts,
    SubscriberFilter,
};
use amends_app::{AppError, Paging};
use amends_model::{Channel, Preferences, Subscriber, SubscriberState};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_subscribers, add_subscriber))
        .routes(routes!(count_subscribers))
        .routes(routes!(import_subscribers))
        .routes(routes!(export_subscribers))
        .routes(routes!(get_subscriber, remove_subscriber))
        .routes(routes!(set_preferences))
        .routes(routes!(get_endpoint))
        .routes(routes!(renew_secret))
        .routes(routes!(send_test))
        .routes(routes!(replay))
        .routes(routes!(explain_address))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Which {
    /// Only those in this state.
    state: Option<SubscriberState>,
    /// Only those on this channel.
    channel: Option<Channel>,
    /// Only those whose address holds this.
    #[param(max_length = 254)]
    q: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    cursor: Option<String>,
}

/// List subscribers
///
/// Newest first; those who did not confirm or who left, too.
#[utoipa::path(
    get, path = "/subscribers", tag = "subscribers", params(Which),
    responses((status = 200, description = "A part of the list.", body = List<Subscriber>)),
)]
async fn list_subscribers(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(which): Query<Which>,
) -> Result<List<Subscriber>, ApiError> {
    let filter = SubscriberFilter { state: which.state, search: which.q, channel: which.channel };
    let paging = Paging { limit: which.limit, cursor: which.cursor };
    Ok(state.app.subscribers(&caller, &filter, &paging).await?.into())
}

/// Add a subscriber
///
/// They get the mail that asks whether they want it, unless `confirmed` says that they have agreed already. One that is
/// there is given the new choice of components. Who has left is not brought back like this: 409.
#[utoipa::path(
    post, path = "/subscribers", tag = "subscribers",
    request_body(content = AddSubscriber, example = json!({"address": "ada@example.com"})),
    responses((status = 201, description = "Added.", body = Subscriber)),
)]
async fn add_subscriber(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Json(input): Json<AddSubscriber>,
) -> Result<Created<axum::Json<Subscriber>>, ApiError> {
    let added = state.app.add_subscriber(&caller, input).await?;
    Ok(Created { at: format!("{}/subscribers/{}", super::BASE, added.id), body: axum::Json(added) })
}

/// Count subscribers
#[utoipa::path(
    get, path = "/subscribers/counts", tag = "subscribers",
    responses((status = 200, description = "How many there are in each state.", body = SubscriberCounts)),
)]
async fn count_subscribers(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<axum::Json<SubscriberCounts>, ApiError> {
    Ok(axum::Json(state.app.subscriber_counts(&caller).await?))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct How {
    /// Only say what would be done.
    dry_run: Option<bool>,
}

/// Import subscribers
///
/// The body is CSV with a column `address`, `email` or `endpoint`, and optionally `channel`, `owner`, `components` (ids or
/// names, separated by `;`) and `state`; or one address a line. They are subscribed at once: whoever imports them says that they asked for it. Who has
/// left is not brought back. Lines that are not understood are in the report, and the rest goes in. It may be repeated.
#[utoipa::path(
    post, path = "/subscribers/import", tag = "subscribers", params(How),
    request_body(
        content((String = "text/csv"), (String = "text/plain")), description = "The list.",
    ),
    responses((status = 200, description = "What was read and written.", body = ImportReport)),
)]
async fn import_subscribers(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(how): Query<How>,
    Csv(list): Csv,
) -> Result<axum::Json<ImportReport>, ApiError> {
    let dry_run = how.dry_run.unwrap_or_default();
    Ok(axum::Json(state.app.import_subscribers(&caller, &list, dry_run).await?))
}

/// Export subscribers
///
/// All of them as CSV, in the form that the import takes.
#[utoipa::path(
    get, path = "/subscribers/export", tag = "subscribers",
    responses((status = 200, description = "The list.", body = String, content_type = "text/csv")),
)]
async fn export_subscribers(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Response, ApiError> {
    Ok(csv_file(state.app.export_subscribers(&caller).await?))
}

/// A list of subscribers as a file to keep.
pub(crate) fn csv_file(list: String) -> Response {
    let mut response = list.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"subscribers.csv\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Show a subscriber
#[utoipa::path(
    get, path = "/subscribers/{id}", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 200, description = "The subscriber.", body = Subscriber)),
)]
async fn get_subscriber(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<axum::Json<Subscriber>, ApiError> {
    Ok(axum::Json(state.app.subscriber(&caller, &who.0).await?))
}

/// Remove a subscriber
///
/// The address is forgotten, and may subscribe again. What was sent stays in the log of deliveries.
#[utoipa::path(
    delete, path = "/subscribers/{id}", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 204, description = "Removed.")),
)]
async fn remove_subscriber(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<StatusCode, ApiError> {
    state.app.remove_subscriber(&caller, &who.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set when a subscriber hears, and of what
///
/// All preferences together; what is left out is as usual. Whom they keep from hearing now hears later: the newest word of each
/// incident after quiet hours, what was said together in a digest. What was held over for them goes out at once. Programs
/// (webhooks) have no quiet hours and no digest: 422.
#[utoipa::path(
    put, path = "/subscribers/{id}/preferences", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    request_body(content = Preferences, example = json!({
        "minimum_impact": "major", "quiet_hours": {"from": "22:00", "until": "07:00"}, "urgent_at_once": true,
        "time_zone": "Europe/Berlin",
    })),
    responses((status = 200, description = "The subscriber as it is now.", body = Subscriber)),
)]
async fn set_preferences(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
    Json(preferences): Json<Preferences>,
) -> Result<axum::Json<Subscriber>, ApiError> {
    Ok(axum::Json(state.app.set_preferences(&caller, &who.0, preferences).await?))
}

/// Show how an endpoint does
///
/// For subscribers with a server or chat room of their own: who looks after it, since when it fails, and what came of the last
/// messages. 404 for mail.
#[utoipa::path(
    get, path = "/subscribers/{id}/endpoint", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 200, description = "How it does.", body = EndpointHealth)),
)]
async fn get_endpoint(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<axum::Json<EndpointHealth>, ApiError> {
    let found = state.app.subscriber_endpoint(&caller, &who.0).await?;
    Ok(axum::Json(found.ok_or(AppError::NotFound("endpoint"))?))
}

/// Renew the signing secret of a webhook
///
/// The answer shows it, once. Messages are signed with the one before it, too, for a day.
#[utoipa::path(
    post, path = "/subscribers/{id}/secret", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 200, description = "The new secret.", body = SigningSecret)),
)]
async fn renew_secret(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<axum::Json<SigningSecret>, ApiError> {
    Ok(axum::Json(state.app.renew_secret(&caller, &who.0).await?))
}

/// Send a test message to an endpoint
///
/// It goes the way of all messages; what came of it is shown with the endpoint.
#[utoipa::path(
    post, path = "/subscribers/{id}/test", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 204, description = "It is on its way.")),
)]
async fn send_test(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<StatusCode, ApiError> {
    state.app.test_subscriber(&caller, &who.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send what an endpoint did not take again
///
/// Everything of the last five days that was refused, or given up after all attempts, goes out once more with the same ids.
#[utoipa::path(
    post, path = "/subscribers/{id}/replay", tag = "subscribers",
    params(("id" = SubscriberRef, Path, description = "Id or address.")),
    responses((status = 200, description = "How many messages that are.", body = Replayed)),
)]
async fn replay(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Id(who): Id<SubscriberRef>,
) -> Result<axum::Json<Replayed>, ApiError> {
    Ok(axum::Json(state.app.replay_subscriber(&caller, &who.0).await?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct About {
    /// A mail address, or an address that is posted to, subscribed or not.
    #[param(required = true, max_length = 2048)]
    #[serde(default)]
    address: String,
}

/// Explain why an address got messages or did not
///
/// How its subscription stands, and for each recent broadcast what became of it, in words.
#[utoipa::path(
    get, path = "/explain", tag = "subscribers", params(About),
    responses((status = 200, description = "The explanation.", body = Explanation)),
)]
async fn explain_address(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Query(about): Query<About>,
) -> Result<axum::Json<Explanation>, ApiError> {
    if !about.address.contains(['@', ':', '+']) {
        let what = "is not an address; write a mail address, or the address that is posted to";
        return Err(AppError::field("address", what).into());
    }
    Ok(axum::Json(state.app.explain_address(&caller, &about.address).await?))
}
