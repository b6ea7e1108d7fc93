//! Who calls: found out once for each request, before anything else.

use crate::error::ApiError;
use crate::state::WebState;
use crate::visitor::Visitor;
use amends_app::Caller;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The caller, if they proved who they are.
#[derive(Debug, Clone)]
pub struct Who(pub Option<Caller>);

/// Where a request comes from, for the budgets of those who did not prove who they are.
#[derive(Debug, Clone)]
pub struct Address(pub String);

/// The layer: leaves [`Who`] and [`Address`] in the request.
pub async fn find_out(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match Visitor::from_request_parts(&mut parts, &state).await {
        Ok(visitor) => {
            parts.extensions.insert(Address(visitor.address.to_string()));
            parts.extensions.insert(Who(visitor.caller.clone()));
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => ApiError(error.0).into_response(),
    }
}
