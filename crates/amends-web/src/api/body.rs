//! Reading request bodies: what is wrong is said with its place, and nothing is read past the limit.

use super::object::Objects;
use crate::error::Problem;
use amends_model::FieldError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::Segment;

/// Most bytes of an ordinary request body.
pub const LIMIT: usize = 1024 * 1024;
/// Most bytes of a body that is imported.
pub const IMPORT_LIMIT: usize = 64 * 1024 * 1024;

/// A JSON body (RFC 8259). Not JSON by its type: 415. Malformed: 400 with line and column. Well formed but not what is
/// asked for: 422 with a JSON pointer to the value.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A file of another status page, up to [`IMPORT_LIMIT`]. What it is is told by its content; its type must be one that can
/// be meant.
#[derive(Debug)]
pub struct Imported(pub Bytes);

/// A list in CSV or one a line, up to [`IMPORT_LIMIT`].
#[derive(Debug)]
pub struct Csv(pub Bytes);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let declared = media_type(request.headers());
        let limit = super::body_limit(request.uri().path());
        let body = read(request, limit).await?;
        require_json(&declared)?;
        parse(&body).map(Json)
    }
}

impl<S: Send + Sync> FromRequest<S> for Imported {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let declared = media_type(request.headers());
        let body = read(request, IMPORT_LIMIT).await?;
        let xml = ["application/xml", "text/xml"].contains(&declared.as_str()) || declared.ends_with("+xml");
        let other = ["application/json", "application/x-ndjson", "text/plain", "application/octet-stream"];
        if xml || other.contains(&declared.as_str()) {
            Ok(Imported(body))
        } else {
            Err(wrong_type(&declared, "application/xml or application/json"))
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Csv {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let declared = media_type(request.headers());
        let body = read(request, IMPORT_LIMIT).await?;
        // What browsers of different makers call it.
        let csv = ["text/csv", "application/csv", "application/vnd.ms-excel", "text/plain"];
        if csv.contains(&declared.as_str()) { Ok(Csv(body)) } else { Err(wrong_type(&declared, "text/csv")) }
    }
}

/// Reads a body that may have at most `limit` bytes.
pub async fn read(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(too_large(limit));
    }
    axum::body::to_bytes(request.into_body(), limit).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        if source.is_some_and(|e| e.is::<http_body_util::LengthLimitError>()) {
            return too_large(limit);
        }
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not readable",
            "the body ended before it was complete; send it again",
        )
    })
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "Too large",
        format!("the body has more than {} MiB; send less at once", limit / 1024 / 1024),
    )
}

/// The declared media type in lower case without parameters; empty if there is none.
fn media_type(headers: &HeaderMap) -> String {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn require_json(declared: &str) -> Result<(), Problem> {
    let json = declared == "application/json"
        || declared.strip_prefix("application/").is_some_and(|sub| sub.ends_with("+json"));
    if json { Ok(()) } else { Err(wrong_type(declared, "application/json")) }
}

fn wrong_type(declared: &str, wanted: &str) -> Problem {
    let said = if declared.is_empty() { "has no Content-Type".to_owned() } else { format!("is {declared}") };
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        "Not a type that is read here",
        format!("the body {said}; send {wanted} with the header ‘Content-Type: {wanted}’"),
    )
}

/// Reads a JSON object, or says where it went wrong.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => invalid(String::new(), "must be a JSON object: {…}".into()),
            Err(error) => refused(error, String::new()),
        });
    }
    let mut from = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Objects(&mut from)).map_err(|error| {
        let pointer = pointer(error.path());
        refused(error.into_inner(), pointer)
    })?;
    from.end().map_err(|error| refused(error, String::new()))?;
    Ok(value)
}

fn refused(error: serde_json::Error, pointer: String) -> Problem {
    use serde_json::error::Category;
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned();
    match error.classify() {
        Category::Data => invalid(pointer, what),
        Category::Eof => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not JSON",
            format!("the JSON ends too early, at line {line}, column {column}: {what}"),
        ),
        Category::Syntax | Category::Io => Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not JSON",
            format!("the body is not JSON at line {line}, column {column}: {what}"),
        ),
    }
}

/// One value that is not what is asked for.
pub fn invalid(pointer: String, detail: String) -> Problem {
    let shown = if pointer.is_empty() { "the body".to_owned() } else { pointer.clone() };
    Problem {
        errors: vec![FieldError { pointer, detail: detail.clone() }],
        ..Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Some fields are not right",
            format!("{shown}: {detail}"),
        )
    }
}

/// RFC 6901.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        let token = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            // The variant of an enum is no place of its own in the JSON.
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        text.push('/');
        text.push_str(&token);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_app::incident::{Declare, NewEvent};

    fn fault<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> Problem {
        parse::<T>(body.as_bytes()).expect_err("refused")
    }

    #[test]
    fn malformed_json_is_told_by_line_and_column() {
        let problem = fault::<Declare>("{\"title\": \"x\",\n  nonsense}");
        assert_eq!(problem.status, 400);
        assert!(problem.detail.contains("line 2, column 3"), "{}", problem.detail);
        for body in ["", "{", "{} {}", "{\"title\": \"\u{1}\"}", "nonsense", &"[".repeat(100_000)] {
            assert_eq!(fault::<Declare>(body).status, 400, "{body:.20}");
        }
    }

    #[test]
    fn wrong_values_are_told_by_pointer() {
        let table = [
            (r#"{"title": 5}"#, "/title"),
            (
                r#"{"title":"x","components":[{"component":"a","status":"operational"},{"component":"b","status":"so-so"}]}"#,
                "/components/1/status",
            ),
            (r#"{"title":"x","started_at":"soon"}"#, "/started_at"),
            (r#"{"title":"x","colour":"red"}"#, "/colour"),
            (r#"{"title":"x","a/b~c":"red"}"#, "/a~1b~0c"),
            (r#"[]"#, ""),
            (r#"null"#, ""),
            (r#"{"title":"x","components":[["a","operational"]]}"#, "/components/0"),
        ];
        for (body, pointer) in table {
            let problem = fault::<Declare>(body);
            assert_eq!(
                (problem.status, problem.errors[0].pointer.as_str()),
                (422, pointer),
                "{body}: {problem:?}"
            );
        }
        for body in
            [r#"{"kind":"note","text":"x","colour":"red"}"#, r#"["note","x",null]"#, r#"{"text":"x"}"#]
        {
            assert_eq!(fault::<NewEvent>(body).status, 422, "{body}");
        }
    }
}
