//! Query parameters that an operation does not know are refused: a misspelled filter must not pass for none.
//!
//! What an operation knows is taken from its description, so that the two cannot disagree.

use crate::error::Problem;
use amends_model::FieldError;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// The query parameters of every operation, by method and path template.
#[derive(Debug, Clone)]
pub struct Known(Arc<HashMap<(Method, String), Vec<String>>>);

impl Known {
    /// Reads them from the description.
    pub fn of(description: &OpenApi) -> Self {
        let mut known = HashMap::new();
        for (path, item) in &description.paths.paths {
            for (method, operation) in operations(item) {
                let names = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
                    RefOr::T(p) if p.parameter_in == ParameterIn::Query => Some(p.name.clone()),
                    _ => None,
                });
                known.insert((method, path.clone()), names.collect());
            }
        }
        Known(Arc::new(known))
    }
}

/// The operations of a path, with their methods.
pub fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|o| (method, o)))
}

/// The layer.
pub async fn refuse_unknown(State(known): State<Known>, request: Request, next: Next) -> Response {
    match unknown(&known, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn unknown(known: &Known, request: &Request) -> Option<Problem> {
    let query = request.uri().query().filter(|q| !q.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    // A method that the path does not have is answered with 405 further on.
    let names = known.0.get(&(method, path))?;
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let short: String = name.chars().take(60).collect();
        let detail = if names.is_empty() {
            format!("‘{short}’ is not known here; this operation takes no parameters")
        } else if !names.iter().any(|n| *n == name) {
            format!("‘{short}’ is not known here; there are: {}", names.join(", "))
        } else if !seen.insert(name) {
            format!("‘{short}’ is given twice; give it once")
        } else {
            continue;
        };
        errors.push(FieldError {
            pointer: format!("/{}", short.replace('~', "~0").replace('/', "~1")),
            detail,
        });
    }
    let first = errors.first()?.detail.clone();
    Some(Problem {
        errors,
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some parameters are not right", first)
    })
}
