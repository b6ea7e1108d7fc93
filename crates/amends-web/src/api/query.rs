//! Reading what stands in the address: query parameters and ids.

use super::body::invalid;
use crate::error::Problem;
use amends_app::Paging;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// Query parameters. A value that is not understood is refused with 422 and the parameter's name; parameters that an
/// operation does not know are refused before (see [`super::strict`]).
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let from = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(from).map(Query).map_err(|error| {
            let name = error.path().iter().next().map(ToString::to_string).unwrap_or_default();
            invalid(format!("/{name}"), error.into_inner().to_string())
        })
    }
}

/// Part of a list: how many, and from where.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct Part {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<usize>,
    /// Where the list goes on: `next_cursor` of the answer before.
    #[param(max_length = 100, pattern = "^-?[0-9a-z-]+$")]
    pub cursor: Option<String>,
}

impl Part {
    /// As the use cases take it.
    pub fn paging(&self) -> Paging {
        Paging { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// The last parameter of the path, such as an id. What does not have its form does not exist: 404.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T>
where
    T::Err: std::fmt::Display,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = |detail: String| Problem::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail);
        let found = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| missing("the id in the address is not UTF-8".into()))?;
        let text = found.iter().last().map_or("", |(_, value)| value);
        text.parse().map(Id).map_err(|error: T::Err| missing(error.to_string()))
    }
}

/// Names an incident in the path: its id, or the number people say (`42`, `INC-42`).
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^([a-z0-9]{12}|(INC-|inc-)?[0-9]{1,18})$", examples("INC-42"))]
pub struct IncidentRef(pub String);

impl FromStr for IncidentRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("INC-").or_else(|| text.strip_prefix("inc-")).unwrap_or(text);
        let is_number = (1..=18).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if is_number || amends_model::id::is_id(text) {
            return Ok(IncidentRef(text.to_owned()));
        }
        Err(format!(
            "‘{}’ names no incident; write its id (12 characters, a to z and 0 to 9) or its number, such as INC-42",
            text.chars().take(40).collect::<String>()
        ))
    }
}

/// Names a subscriber in the path: an id or a mail address.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
#[schema(
    value_type = String, pattern = "^([a-z0-9]{12}|[!#-.0-?A-Z^-~]{1,64}@[A-Za-z0-9.-]{1,253})$", max_length = 254,
    examples("ada@example.com")
)]
pub struct SubscriberRef(pub String);

impl FromStr for SubscriberRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if amends_model::id::is_id(text) {
            return Ok(SubscriberRef(text.to_owned()));
        }
        if is_posted_to(text) {
            return Ok(SubscriberRef(text.to_owned()));
        }
        amends_model::text::email("id", text).map(SubscriberRef).map_err(|_| {
            format!(
                "‘{}’ names no subscriber; write an address, or an id (12 characters, a to z and 0 to 9)",
                text.chars().take(40).collect::<String>()
            )
        })
    }
}

/// Whether this looks like an address that is posted to; whether it is one is the application's question.
fn is_posted_to(text: &str) -> bool {
    let begins = text.starts_with("https://") || text.starts_with("http://");
    begins && text.len() <= 2_048 && text.bytes().all(|b| b > b' ' && b != 0x7f)
}

/// A mail address in the path.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
#[schema(
    value_type = String, pattern = "^[!#-.0-?A-Z^-~]{1,64}@[A-Za-z0-9.-]{1,253}$", max_length = 254,
    examples("ada@example.com")
)]
pub struct MailAddress(pub String);

impl FromStr for MailAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_posted_to(text) {
            return Ok(MailAddress(text.to_owned()));
        }
        amends_model::text::email("address", text)
            .map(MailAddress)
            .map_err(|_| format!("‘{}’ is not a mail address", text.chars().take(40).collect::<String>()))
    }
}

/// Names a mail of the built-in viewer in the path: its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = i64, minimum = 1)]
pub struct MailNumber(pub i64);

impl FromStr for MailNumber {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.map(MailNumber).ok_or_else(|| "mails are named by their number, such as 1".into())
    }
}

/// Names a postmortem in the path: its id, or the id or number of its incident.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^([a-z0-9]{12}|(INC-|inc-)?[0-9]{1,18})$", examples("INC-42"))]
pub struct PostmortemRef(pub String);

impl FromStr for PostmortemRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(|IncidentRef(text)| PostmortemRef(text)).map_err(|_| {
            format!(
                "‘{}’ names no postmortem; write its id (12 characters, a to z and 0 to 9) or its incident's number, such as \
                 INC-42",
                text.chars().take(40).collect::<String>()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_are_named_by_id_or_number() {
        for right in ["abcdefghijk1", "42", "INC-42", "inc-7"] {
            assert!(right.parse::<IncidentRef>().is_ok(), "{right}");
        }
        for wrong in ["", "INC-", "+42", "-1", "INC-+4", "abc", "ABCDEFGHIJKL", "1234567890123456789"] {
            assert!(wrong.parse::<IncidentRef>().is_err(), "{wrong}");
        }
    }
}
