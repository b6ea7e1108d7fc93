//! `Idempotency-Key` on every POST: sent again, a request acts once and is answered as the first time.

use super::body;
use super::who::Who;
use crate::error::{ApiError, Problem};
use crate::state::WebState;
use amends_app::idempotency::{Answer, Taken};
use amends_app::{AppError, Caller};
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Name of the request header.
pub const HEADER: &str = "idempotency-key";
/// Headers that are part of an answer and are given again with it.
const KEPT_HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CONTENT_DISPOSITION];

/// Set on an answer that holds a secret, which is shown once and never kept.
#[derive(Debug, Clone, Copy)]
pub struct HoldsSecret;

/// The layer.
pub async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    let key = match key(request.headers()) {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    // Without a caller the answer is 401 in any case.
    let Some(Who(Some(caller))) = request.extensions().get::<Who>().cloned() else {
        return next.run(request).await;
    };
    match take(&state, &caller, &key, request).await {
        Ok(Ok(request)) => act(state, caller, key, request, next).await,
        Ok(Err(response)) => response,
        Err(error) => ApiError(error).into_response(),
    }
}

/// Takes the key: the request to go on with, or the answer that is there already.
async fn take(
    state: &WebState,
    caller: &Caller,
    key: &str,
    request: Request,
) -> Result<Result<Request, Response>, AppError> {
    let (parts, body) = request.into_parts();
    let limit = super::body_limit(parts.uri.path());
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = match body::read(whole, limit).await {
        Ok(bytes) => bytes,
        Err(problem) => return Ok(Err(problem.into_response())),
    };
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    let digest = amends_app::idempotency::digest(parts.method.as_str(), &uri.to_string(), &bytes);
    let conflict = |kind: &str, title: &'static str, detail: &str| {
        Ok(Err(Problem::new(StatusCode::CONFLICT, kind, title, detail).into_response()))
    };
    match state.app.take_key(caller, key, &digest).await? {
        Taken::Fresh => Ok(Ok(Request::from_parts(parts, Body::from(bytes)))),
        Taken::Done(answer) => Ok(Err(again(answer))),
        Taken::InProgress => conflict(
            "idempotency-in-progress",
            "Being done",
            "a request with this Idempotency-Key is being worked on; wait a moment and send it again",
        ),
        Taken::CutOff => conflict(
            "idempotency-cut-off",
            "Not known whether it was done",
            "the server stopped while it worked on the request with this Idempotency-Key; look whether it was done, and \
             use a new key if it was not",
        ),
        Taken::OtherRequest => Ok(Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "Used for another request",
            "this Idempotency-Key came with another request before; use a new key for each new request",
        )
        .into_response())),
    }
}

/// Does the request and keeps its answer. In a task of its own: a client that goes away must not leave it half known.
async fn act(state: WebState, caller: Caller, key: String, request: Request, next: Next) -> Response {
    let work = tokio::spawn(async move {
        let (parts, body) = next.run(request).await.into_parts();
        let read = axum::body::to_bytes(body, usize::MAX).await;
        let kept = match &read {
            Ok(bytes) if is_final(parts.status) => {
                let answer = if parts.extensions.get::<HoldsSecret>().is_some() {
                    shown_once()
                } else {
                    answer(parts.status, &parts.headers, bytes)
                };
                state.app.keep_answer(&caller, &key, &answer).await
            }
            _ => state.app.release_key(&caller, &key).await,
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the answer to a request with an Idempotency-Key could not be kept");
        }
        Response::from_parts(parts, Body::from(read.unwrap_or_default()))
    });
    work.await.unwrap_or_else(|error| {
        ApiError(AppError::Internal(format!("a request ended unexpectedly: {error}"))).into_response()
    })
}

/// Whether an answer is the outcome of the request, rather than a reason to try the same again.
fn is_final(status: StatusCode) -> bool {
    !status.is_server_error()
        && !matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        )
}

fn answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
    let kept = KEPT_HEADERS
        .iter()
        .filter_map(|name| Some((name.as_str().to_owned(), headers.get(name)?.to_str().ok()?.to_owned())));
    Answer {
        status: status.as_u16(),
        headers: kept.collect(),
        body: String::from_utf8_lossy(body).into_owned(),
    }
}

fn shown_once() -> Answer {
    let problem = Problem::new(
        StatusCode::CONFLICT,
        "shown-once",
        "Done before",
        "the request with this Idempotency-Key was done, and its answer held a secret that is shown only once; revoke \
         what it made, and make a new one with a new key",
    );
    Answer {
        status: problem.status,
        headers: vec![("content-type".into(), "application/problem+json".into())],
        body: serde_json::to_string(&problem).unwrap_or_default(),
    }
}

fn again(answer: Answer) -> Response {
    let mut response = Body::from(answer.body).into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The key: 1 to 255 visible characters, as a structured-field string (`"…"`) or bare.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let wrong = |detail: &str| {
        Problem::new(StatusCode::BAD_REQUEST, "idempotency-key", "Not an Idempotency-Key", detail)
    };
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(wrong("send one Idempotency-Key, not several"));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let visible = bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if visible && (1..=255).contains(&bare.len()) {
        Ok(bare.to_owned())
    } else {
        Err(wrong(
            "an Idempotency-Key has 1 to 255 visible ASCII characters without quotes inside, such as a UUID",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_bare_or_quoted() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, HeaderValue::from_str(value).expect("header"));
            }
            key(&headers).map_err(|p| p.status)
        };
        assert_eq!(read(&["\"a-1\""]), Ok("a-1".into()));
        assert_eq!(read(&["a-1"]), Ok("a-1".into()));
        for wrong in [&[""][..], &["\"\""], &["a b"], &["a\"b"], &["a", "b"]] {
            assert_eq!(read(wrong), Err(400), "{wrong:?}");
        }
        assert_eq!(read(&[&"k".repeat(256)]), Err(400));
    }
}
