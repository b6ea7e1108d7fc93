//! Versions of resources: ETag, If-Match, If-None-Match (RFC 9110 §8.8.3, §13).

use crate::error::{ApiError, Problem};
use amends_app::AppError;
use amends_app::action::ActionLine;
use amends_model::page::Page;
use amends_model::{Component, Event, Incident, Maintenance, Person, Postmortem};
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A resource that counts its changes.
pub trait Versioned: Serialize {
    /// The number, from 1.
    fn version(&self) -> i64;
}

macro_rules! versioned {
    ($($name:ident),+ $(,)?) => {
        $(
            impl Versioned for $name {
                fn version(&self) -> i64 { self.version }
            }
        )+
        /// Their names in the description, and those of answers that hold one.
        pub const NAMES: &[&str] = &["AddedUser", "ActionLine", $(stringify!($name)),+];
    };
}
versioned!(Incident, Event, Component, Maintenance, Page, Person, Postmortem);

impl Versioned for ActionLine {
    fn version(&self) -> i64 {
        self.action.version
    }
}

/// Answers a resource with its version as a strong ETag.
#[derive(Debug)]
pub struct Tagged<T>(pub T);

impl<T: Versioned> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let tag = entity_tag(self.0.version());
        let mut response = Json(self.0).into_response();
        response.headers_mut().insert(header::ETAG, tag);
        // May be kept by the client, and must be asked for again each time.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

/// Answers a resource that was just made: 201, with where it is.
#[derive(Debug)]
pub struct Created<T> {
    /// Path of the new resource.
    pub at: String,
    /// How it is answered.
    pub body: T,
}

impl<T: IntoResponse> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        *response.status_mut() = StatusCode::CREATED;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(at) = HeaderValue::try_from(self.at) {
            response.headers_mut().insert(header::LOCATION, at);
        }
        response
    }
}

fn entity_tag(version: i64) -> HeaderValue {
    // Digits and quotes are always a header value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The versions that an edit may replace, from `If-Match`. Missing: 428.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whichever there is.
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl IfMatch {
    /// The version to expect. `current` reads the resource's version, and is asked only when the header does not decide.
    pub async fn expected<F>(self, current: F) -> Result<i64, ApiError>
    where
        F: Future<Output = Result<i64, AppError>>,
    {
        match self {
            IfMatch::Any => Ok(current.await?),
            IfMatch::OneOf(versions) => match versions.as_slice() {
                [one] => Ok(*one),
                several => {
                    let current = current.await?;
                    // 0 is no version, so the use case answers with how it is now.
                    Ok(several.iter().copied().find(|v| *v == current).unwrap_or(0))
                }
            },
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let given: Vec<&HeaderValue> = parts.headers.get_all(header::IF_MATCH).iter().collect();
        if given.is_empty() {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "if-match-required",
                "Say which version you saw",
                "an edit needs the header If-Match with the ETag of the version that it changes, so that nobody's work \
                 is overwritten unseen; read it first, and send its ETag",
            ));
        }
        let mut versions = Vec::new();
        for value in given {
            for tag in tags(value)? {
                match tag {
                    Tag::Any => return Ok(IfMatch::Any),
                    // A weak tag never matches strongly (RFC 9110 §13.1.1); nor does one that was never ours.
                    Tag::Weak(_) => versions.push(0),
                    Tag::Strong(text) => versions.push(text.parse().unwrap_or(0)),
                }
            }
        }
        Ok(IfMatch::OneOf(versions))
    }
}

enum Tag<'a> {
    Any,
    Weak(&'a str),
    Strong(&'a str),
}

/// Entity tags of one header line, or 400.
fn tags(value: &HeaderValue) -> Result<Vec<Tag<'_>>, Problem> {
    let wrong = || {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "Not an entity tag",
            "write If-Match like \"7\", with the quotes, as the ETag came",
        )
    };
    let text = value.to_str().map_err(|_| wrong())?;
    // Our own tags hold no comma, so a list may be split at commas.
    text.split(',')
        .map(|part| {
            let part = part.trim();
            if part == "*" {
                return Ok(Tag::Any);
            }
            let (weak, opaque) = part.strip_prefix("W/").map_or((false, part), |rest| (true, rest));
            let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
            if inner.contains('"') {
                return Err(wrong());
            }
            Ok(if weak { Tag::Weak(inner) } else { Tag::Strong(inner) })
        })
        .collect()
}

/// Answers 304 when the client has the version already.
pub async fn not_modified(request: axum::extract::Request, next: Next) -> Response {
    let asked = matches!(*request.method(), Method::GET | Method::HEAD)
        .then(|| request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>());
    let response = next.run(request).await;
    let Some(asked) = asked.filter(|a| !a.is_empty() && response.status() == StatusCode::OK) else {
        return response;
    };
    if !matches_any(&asked, response.headers()) {
        return response;
    }
    let mut unchanged = StatusCode::NOT_MODIFIED.into_response();
    for name in [header::ETAG, header::CACHE_CONTROL] {
        if let Some(value) = response.headers().get(&name) {
            unchanged.headers_mut().insert(name, value.clone());
        }
    }
    unchanged
}

fn matches_any(asked: &[HeaderValue], headers: &HeaderMap) -> bool {
    let Some(current) = headers.get(header::ETAG).and_then(|v| v.to_str().ok()) else { return false };
    let current = current.trim_matches('"');
    asked.iter().filter_map(|value| tags(value).ok()).flatten().any(|tag| match tag {
        Tag::Any => true,
        // If-None-Match compares weakly (RFC 9110 §13.1.2).
        Tag::Weak(text) | Tag::Strong(text) => text == current,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(values: &[&str]) -> Result<IfMatch, u16> {
        let mut request = axum::http::Request::new(());
        for value in values {
            request.headers_mut().append(header::IF_MATCH, HeaderValue::from_str(value).expect("header"));
        }
        let (mut parts, ()) = request.into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.map_err(|p| p.status)
    }

    #[tokio::test]
    async fn if_match_is_read_as_the_standard_says() {
        let one_of = |versions: &[i64]| Ok(IfMatch::OneOf(versions.to_vec()));
        let table: [(&[&str], Result<IfMatch, u16>); 9] = [
            (&[], Err(428)),
            (&["\"7\""], one_of(&[7])),
            (&["*"], Ok(IfMatch::Any)),
            (&["\"7\", \"8\""], one_of(&[7, 8])),
            (&["\"7\"", "\"9\""], one_of(&[7, 9])),
            (&["W/\"7\""], one_of(&[0])),
            (&["\"abc\""], one_of(&[0])),
            (&["7"], Err(400)),
            (&["\"7"], Err(400)),
        ];
        for (values, wanted) in table {
            assert_eq!(read(values).await, wanted, "{values:?}");
        }
    }

    #[tokio::test]
    async fn of_several_versions_the_current_one_counts() {
        let several = IfMatch::OneOf(vec![7, 8]);
        assert_eq!(several.clone().expected(async { Ok(8) }).await.ok(), Some(8));
        assert_eq!(several.expected(async { Ok(9) }).await.ok(), Some(0));
        assert_eq!(IfMatch::Any.expected(async { Ok(9) }).await.ok(), Some(9));
        let unread = IfMatch::OneOf(vec![3]).expected(async { Err(AppError::NotFound("incident")) }).await;
        assert_eq!(unread.ok(), Some(3));
    }
}
