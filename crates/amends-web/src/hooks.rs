//! Where mail providers send what became of our mail (`POST /hooks/mail/{provider}`), and gateways for text messages what
//! became of those and what people answered (`/hooks/sms/{by}/…`). Who sends is found out by each one's own signature or
//! secret, so neither a token nor an origin is asked for.

use crate::error::ApiError;
use crate::public::{pairs, xml};
use crate::state::WebState;
use amends_app::report::{Incoming, Reported};
use amends_app::subscriber::{SmsPost, TWILIO};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

/// Where they are.
pub const BASE: &str = "/hooks/";
/// Providers send up to a thousand events at once.
const LIMIT: usize = 4 * 1024 * 1024;

pub(crate) fn routes() -> Router<WebState> {
    // Mandrill looks whether there is anything before it sends.
    let hook = post(take).merge(get(|| async { "ok\n" })).layer(DefaultBodyLimit::max(LIMIT));
    Router::new()
        .route("/hooks/mail/{provider}", hook)
        .route("/hooks/sms/{by}/in", get(answer).post(answer).layer(DefaultBodyLimit::max(SMALL)))
        .route("/hooks/sms/{by}/status/{id}", get(status).post(status).layer(DefaultBodyLimit::max(SMALL)))
}

/// Most bytes of what a gateway for text messages says.
const SMALL: usize = 64 * 1024;

/// A request of a gateway, taken apart.
struct Heard {
    url: String,
    form: Vec<(String, String)>,
    query: Vec<(String, String)>,
    signature: Option<String>,
    settings: Option<String>,
}

impl Heard {
    fn new(state: &WebState, uri: &axum::http::Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let path = uri.path_and_query().map_or("", |p| p.as_str());
        Self {
            url: format!("{}{path}", state.reach.origin),
            form: pairs(body),
            query: pairs(uri.query().unwrap_or_default().as_bytes()),
            signature: header("x-twilio-signature"),
            settings: header("x-twilio-webhooks-signature-settings"),
        }
    }

    fn post<'a>(&'a self, by: &'a str) -> SmsPost<'a> {
        SmsPost {
            by,
            url: &self.url,
            form: &self.form,
            query: &self.query,
            signature: self.signature.as_deref(),
            signature_settings: self.settings.as_deref(),
        }
    }
}

/// What somebody answered to a text message. What is said back is the answer: a document for Twilio, words for others.
async fn answer(
    State(state): State<WebState>,
    Path(by): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let heard = Heard::new(&state, &uri, &headers, &body);
    let said = state.app.take_sms(&heard.post(&by)).await?;
    if by != TWILIO {
        return Ok(said.into_response());
    }
    let message = if said.is_empty() { String::new() } else { format!("<Message>{}</Message>", xml(&said)) };
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>{message}</Response>\n");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"))], document)
        .into_response())
}

/// What became of a text message.
async fn status(
    State(state): State<WebState>,
    Path((by, id)): Path<(String, String)>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<&'static str, ApiError> {
    let heard = Heard::new(&state, &uri, &headers, &body);
    state.app.take_sms_status(&id, &heard.post(&by)).await?;
    Ok("")
}

async fn take(
    State(state): State<WebState>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Reported>, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let url = format!("{}/hooks/mail/{provider}", state.reach.origin);
    let incoming = Incoming { header: &header, body: &body, url };
    Ok(Json(state.app.take_report(&provider, &incoming).await?))
}
