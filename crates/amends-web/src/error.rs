//! The one place where an application error becomes an answer: a problem document (RFC 9457) or a page.

use amends_app::AppError;
use amends_app::postmortem::Finding;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

/// A problem document, RFC 9457.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem: a name of ours that stays, as a relative reference.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What was wrong this time, and what to do.
    pub detail: String,
    /// Wrong fields, each with a JSON pointer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<amends_model::FieldError>,
    /// What the linter finds in a text that was to be published.
    #[serde(skip_serializing_if = "nothing")]
    #[schema(value_type = Vec<Finding>)]
    pub findings: Box<[Finding]>,
    /// After a conflict: the resource as it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<serde_json::Value>>,
}

fn nothing(findings: &[Finding]) -> bool {
    findings.is_empty()
}

impl Problem {
    /// A problem of a kind.
    pub fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            kind: format!("/problems/{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            findings: Box::default(),
            current: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The problem that an application error is.
pub fn problem(error: &AppError) -> Problem {
    let detail = error.to_string();
    match error {
        AppError::Invalid(errors) => Problem {
            errors: errors.0.clone(),
            ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some fields are not right", detail)
        },
        AppError::NotFound(_) => Problem::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail),
        AppError::Unauthenticated => {
            Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Who are you?", detail)
        }
        AppError::Forbidden { .. } => Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail),
        AppError::Conflict { current } => Problem {
            current: Some(current.clone()),
            ..Problem::new(StatusCode::PRECONDITION_FAILED, "conflict", "Changed meanwhile", detail)
        },
        AppError::Findings(findings) => Problem {
            findings: findings.clone().into(),
            ..Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "findings",
                "The linter finds errors",
                format!("{detail} in ‘despite_findings’"),
            )
        },
        AppError::Refused(_) => Problem::new(StatusCode::CONFLICT, "refused", "Not possible now", detail),
        AppError::TooMany { .. } => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many tries", detail)
        }
        AppError::Unavailable(_) => {
            tracing::error!(error = %detail, "the database cannot be reached");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available just now",
                "a part that is needed cannot be reached just now; nothing was changed, try again in a moment",
            )
        }
        AppError::Full(_) => {
            tracing::error!(error = %detail, "nothing can be written");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "full", "No room left", detail)
        }
        AppError::Internal(text) => {
            // What went wrong inside is for the log; the caller learns that it was not their fault.
            tracing::error!(error = %text, "a use case failed");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "A fault of ours",
                "something went wrong in Amends; nothing was changed; the log of the server says more",
            )
        }
    }
}

/// An application error as the API answers it.
#[derive(Debug)]
pub struct ApiError(pub AppError);

impl From<AppError> for ApiError {
    fn from(error: AppError) -> Self {
        ApiError(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry = match &self.0 {
            AppError::TooMany { seconds } => Some(*seconds),
            AppError::Unavailable(_) | AppError::Full(_) => Some(5),
            _ => None,
        };
        let mut response = problem(&self.0).into_response();
        if let Some(seconds) = retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for crate::visitor::NoVisitor {
    fn into_response(self) -> Response {
        ApiError(self.0).into_response()
    }
}

/// Why a page of the app cannot be shown.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in; after signing in they come back to `next`.
    SignIn {
        /// Path and query.
        next: String,
    },
    /// A form came from somebody whose session has ended.
    SignedOut,
    /// The use case said no.
    App(AppError),
}

impl From<AppError> for PageError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unauthenticated => PageError::SignIn { next: "/app".into() },
            other => PageError::App(other),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            PageError::SignIn { next } => {
                let next: String = form_urlencoded(&next);
                Redirect::to(&format!("/sign-in?next={next}")).into_response()
            }
            PageError::SignedOut => crate::pages::signed_out_page(),
            PageError::App(error) => crate::pages::error_page(&problem(&error)),
        }
    }
}

/// Percent-encodes a value for a query.
pub(crate) fn form_urlencoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
