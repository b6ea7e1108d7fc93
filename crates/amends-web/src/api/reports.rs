//! Reports about mail that came as mail.

use super::body::Imported;
use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::ApiCaller;
use amends_app::report::Reported;
use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(take_mail_report))
}

/// Take a bounce or complaint
///
/// The body is a whole mail as it came to the bounce or unsubscribe mailbox: a delivery status notification, a complaint
/// (ARF), or a wish to unsubscribe. Addresses that do not exist or complain are suppressed. A mail that is none of these
/// changes nothing. Providers' webhooks go to /hooks/mail/… instead.
#[utoipa::path(
    post, path = "/mail-reports", tag = "subscribers",
    request_body(content((String = "text/plain"), (String = "application/octet-stream"))),
    responses((status = 200, description = "What it changed.", body = Reported)),
)]
async fn take_mail_report(
    State(state): State<WebState>,
    ApiCaller(caller): ApiCaller,
    Imported(mail): Imported,
) -> Result<Json<Reported>, ApiError> {
    Ok(Json(state.app.take_report_mail(&caller, &mail).await?))
}
