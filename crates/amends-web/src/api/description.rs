//! The description of the API (OpenAPI 3.1): what all operations share is added here, by rule, so that no operation
//! forgets it.

use super::query::{IncidentRef, MailAddress, MailNumber, PostmortemRef, SubscriberRef};
use super::version;
use crate::error::Problem;
use crate::state::WebState;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::LazyLock;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ContentBuilder, Info, License, OpenApi, Ref, RefOr, Required};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(get_description))
}

static DESCRIPTION: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&super::openapi()).unwrap_or_default());

/// Describe the API
///
/// This description: OpenAPI 3.1. It needs no token.
#[utoipa::path(
    get, path = "/openapi.json", tag = "installation", security(()),
    responses((status = 200, description = "The description.", body = Object)),
)]
async fn get_description() -> Response {
    let mut response = DESCRIPTION.as_str().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    response
}

const TAGS: &[(&str, &str)] = &[
    ("incidents", "One record for each thing that broke, and where it stands."),
    ("updates", "Messages to customers about an incident."),
    ("events", "The timeline of an incident: notes, alerts, changes, milestones and roles."),
    ("components", "What customers use, and its state."),
    ("maintenances", "Planned work."),
    ("page", "The settings of the status page."),
    ("subscribers", "Who gets the messages, and who must not be written to."),
    ("broadcasts", "Messages on their way, and what became of each."),
    ("postmortems", "What happened, why, what it cost, what changes."),
    ("actions", "Corrective actions: who does what by when."),
    ("people", "Who signs in: people, tokens, sessions."),
    ("installation", "Search, imports, the audit log, health, and this description."),
];

const INTRODUCTION: &str = "Everything that the app can do, for programs.\n\n\
    **Who calls** is proved by `Authorization: Bearer TOKEN`; tokens are made with `amends token create` or in the app.\n\n\
    **Lists** are `{items, next_cursor}`; send `next_cursor` as `cursor` to go on, until it is null.\n\n\
    **Edits** need `If-Match` with the `ETag` that was read, so that nobody's work is overwritten unseen. If somebody was \
    faster, the answer is 412 and holds the resource as it is now.\n\n\
    **Requests that may have been lost** can be sent again: a POST with an `Idempotency-Key` acts once, and is answered \
    again as the first time, for 24 hours.\n\n\
    **Problems** are RFC 9457 documents: `detail` says what was wrong and what to do, `errors` names each wrong field.\n\n\
    **Budgets** are per caller; every answer says what is left in `RateLimit`.";

/// Problems that operations can answer: status, name, when.
const PROBLEMS: &[(u16, &str, &str)] = &[
    (
        400,
        "Malformed",
        "The request is not readable: malformed JSON (with line and column), or a malformed header.",
    ),
    (401, "Unauthenticated", "The token is missing, wrong, expired or revoked."),
    (403, "Forbidden", "The caller may not do this."),
    (404, "NotFound", "There is none with this id, or none that the caller may see."),
    (405, "NotAllowed", "The path does not have this method; `Allow` says which it has."),
    (
        409,
        "NotPossible",
        "It cannot be done in the state that things are in, or a request with this Idempotency-Key is being done.",
    ),
    (412, "Changed", "Somebody changed it meanwhile; `current` holds it as it is now."),
    (413, "TooLarge", "The body has too many bytes."),
    (415, "WrongType", "The body's Content-Type is not one that is read here."),
    (422, "Invalid", "Fields or parameters are not right; `errors` names each with a JSON pointer."),
    (428, "VersionMissing", "`If-Match` is missing."),
    (429, "TooMany", "The caller's budget is used up; `Retry-After` says for how many seconds."),
    (500, "Fault", "A fault of Amends; nothing was changed."),
    (503, "Unavailable", "A part that is needed cannot be reached just now; nothing was changed."),
];

/// Adds what all operations share.
pub(super) fn finish(mut described: OpenApi) -> OpenApi {
    described.info = Info::new("Amends", env!("CARGO_PKG_VERSION"));
    described.info.description = Some(INTRODUCTION.into());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".into());
    described.info.license = Some(license);
    described.tags = Some(
        TAGS.iter()
            .map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build())
            .collect(),
    );
    described.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    for item in described.paths.paths.values_mut() {
        for (method, operation) in each(item) {
            complete(&method, operation);
        }
    }
    let components = described.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into(), Problem::schema());
    components.schemas.insert(
        amends_model::FieldError::name().into(),
        <amends_model::FieldError as PartialSchema>::schema(),
    );
    components.schemas.insert(IncidentRef::name().into(), IncidentRef::schema());
    components.schemas.insert(SubscriberRef::name().into(), SubscriberRef::schema());
    components.schemas.insert(MailAddress::name().into(), MailAddress::schema());
    components.schemas.insert(MailNumber::name().into(), MailNumber::schema());
    components.schemas.insert(PostmortemRef::name().into(), PostmortemRef::schema());
    for (status, name, when) in PROBLEMS {
        components.responses.insert((*name).into(), problem(*status, when).into());
    }
    for (name, header) in headers() {
        components.headers.insert(name.into(), header.into());
    }
    for (name, parameter) in parameters() {
        components.parameters.insert(name.into(), parameter.into());
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token, such as `amdt_…`."))
        .build();
    components.security_schemes.insert("bearer".into(), SecurityScheme::Http(bearer).into());
    described
}

fn each(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|o| (method, o)))
}

/// Adds parameters, headers and problems to one operation.
fn complete(method: &Method, operation: &mut Operation) {
    let versioned = operation.responses.responses.values().any(is_versioned);
    let mut statuses = vec![422, 429, 500, 503, 405];
    if operation.security.is_none() {
        statuses.extend([401, 403]);
    }
    let parameters = operation.parameters.get_or_insert_default();
    if parameters.iter().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Path)) {
        statuses.push(404);
    }
    if operation.request_body.is_some() {
        statuses.extend([400, 413, 415]);
    }
    let shared = |name: &str| RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
    match *method {
        Method::GET if versioned => parameters.push(shared("IfNoneMatch")),
        Method::POST => {
            parameters.push(shared("IdempotencyKey"));
            statuses.extend([400, 409, 413]);
        }
        Method::PATCH => {
            parameters.push(shared("IfMatch"));
            statuses.extend([400, 409, 412, 428]);
        }
        Method::PUT | Method::DELETE => statuses.push(409),
        _ => {}
    }
    if *method == Method::GET && versioned {
        let unchanged = Described::new("Not changed since the version in `If-None-Match`.");
        operation.responses.responses.insert("304".into(), unchanged.into());
    }
    for (status, response) in &mut operation.responses.responses {
        let tagged = is_versioned(response) || status == "304";
        let RefOr::T(response) = response else { continue };
        let mut add = |name: &str, shared: &str| {
            let header = Ref::new(format!("#/components/headers/{shared}"));
            response.headers.entry(name.into()).or_insert(RefOr::Ref(header));
        };
        add("RateLimit-Policy", "RateLimitPolicy");
        add("RateLimit", "RateLimit");
        if tagged {
            add("ETag", "ETag");
        }
        if status == "201" {
            add("Location", "Location");
        }
    }
    for status in statuses {
        if let Some((_, name, _)) = PROBLEMS.iter().find(|(s, ..)| *s == status) {
            let response = Ref::new(format!("#/components/responses/{name}"));
            operation.responses.responses.entry(status.to_string()).or_insert(RefOr::Ref(response));
        }
    }
}

/// Whether a response holds one resource that counts its changes.
fn is_versioned(response: &RefOr<Described>) -> bool {
    let RefOr::T(response) = response else { return false };
    response.content.values().any(|content| match content {
        RefOr::T(content) => match &content.schema {
            Some(RefOr::Ref(schema)) => {
                let name = schema.ref_location.rsplit('/').next().unwrap_or_default();
                version::NAMES.contains(&name)
            }
            _ => false,
        },
        RefOr::Ref(_) => false,
    })
}

fn problem(status: u16, when: &str) -> Described {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .example(Some(example(status)))
        .build();
    let mut response = ResponseBuilder::new().description(when).content("application/problem+json", content);
    let mut add = |name: &str, shared: &str| {
        response = std::mem::take(&mut response)
            .header_ref(name, Ref::new(format!("#/components/headers/{shared}")));
    };
    if status != 401 {
        add("RateLimit-Policy", "RateLimitPolicy");
        add("RateLimit", "RateLimit");
    }
    match status {
        401 => add("WWW-Authenticate", "Challenge"),
        405 => add("Allow", "Allow"),
        429 | 503 => add("Retry-After", "RetryAfter"),
        _ => {}
    }
    response.build()
}

fn example(status: u16) -> serde_json::Value {
    let (kind, title, detail) = match status {
        400 => ("malformed", "Not JSON", "the body is not JSON at line 1, column 2: key must be a string"),
        401 => ("unauthenticated", "Who are you?", "sign in or give a valid token first"),
        403 => (
            "forbidden",
            "Not allowed",
            "this needs the right to publish updates; ask an administrator for a role or token that has it",
        ),
        404 => ("not-found", "Not found", "there is no incident with this id"),
        405 => ("method", "Not possible here", "PUT is not possible here; the header Allow says what is"),
        409 => (
            "refused",
            "Not possible now",
            "INC-42 is internal: customers cannot see it; make it public first",
        ),
        412 => (
            "conflict",
            "Changed meanwhile",
            "somebody changed it meanwhile; look at how it is now, and save again",
        ),
        413 => ("too-large", "Too large", "the body has more than 1 MiB; send less at once"),
        415 => {
            ("media-type", "Not a type that is read here", "the body is text/plain; send application/json")
        }
        422 => {
            return json!({
                "type": "/problems/invalid", "title": "Some fields are not right", "status": 422,
                "detail": "title: is empty; write something",
                "errors": [{"pointer": "/title", "detail": "is empty; write something"}],
            });
        }
        428 => ("if-match-required", "Say which version you saw", "an edit needs the header If-Match"),
        429 => ("too-many", "Too many tries", "too many tries; try again in 3 seconds"),
        503 => ("unavailable", "Not available just now", "a part that is needed cannot be reached just now"),
        _ => ("internal", "A fault of ours", "something went wrong in Amends; nothing was changed"),
    };
    json!({"type": format!("/problems/{kind}"), "title": title, "status": status, "detail": detail})
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn headers() -> Vec<(&'static str, Header)> {
    let header = |schema: ObjectBuilder, description: &str| {
        let mut header = Header::new(Schema::Object(schema.build()));
        header.description = Some(description.into());
        header
    };
    vec![
        (
            "ETag",
            header(text().pattern(Some("^\"[0-9]+\"$")), "The version; send it as `If-Match` to change it."),
        ),
        ("Location", header(text().pattern(Some("^/api/v1/")), "Where the new resource is.")),
        ("Allow", header(text(), "The methods that the path has.")),
        ("Challenge", header(text(), "`Bearer`.")),
        (
            "RetryAfter",
            header(ObjectBuilder::new().schema_type(Type::Integer), "After how many seconds to try again."),
        ),
        (
            "RateLimit",
            header(
                text(),
                "What is left of the budget (`r`), and in how many seconds it is whole again (`t`).",
            ),
        ),
        ("RateLimitPolicy", header(text(), "The budget: `q` requests in `w` seconds.")),
    ]
}

fn parameters() -> Vec<(&'static str, Parameter)> {
    let parameter = |name: &str, required: Required, schema: ObjectBuilder, description: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(required)
            .schema(Some(Schema::Object(schema.build())))
            .description(Some(description))
            .build()
    };
    // Each may hold several entity tags, or `*`.
    let tag = "(W/)?\"[^\"\\\\,\\u0000-\\u0020\\u007f-\\uffff]*\"";
    let tags = format!("^(\\*|{tag}(, ?{tag})*)$");
    vec![
        (
            "IfMatch",
            parameter(
                "If-Match",
                Required::True,
                text().pattern(Some(tags)).examples([json!("\"7\"")]),
                "The `ETag` of the version that is changed.",
            ),
        ),
        (
            "IfNoneMatch",
            parameter(
                "If-None-Match",
                Required::False,
                text().examples([json!("\"7\"")]),
                "The `ETag` of the version that is there already; the answer is 304 if it is still the current one.",
            ),
        ),
        (
            "IdempotencyKey",
            parameter(
                "Idempotency-Key",
                Required::False,
                text()
                    .pattern(Some("^(\"[!#-\\[\\]-~]{1,255}\"|[!#-\\[\\]-~]{1,255})$"))
                    .examples([json!("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"")]),
                "The same for every try of one request: it then acts once, and is answered again as the first time.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::strict;

    #[test]
    fn every_operation_says_what_it_can_answer() {
        let described = crate::api::openapi();
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in &described.paths.paths {
            assert!(path.starts_with("/api/v1/"), "{path}");
            for (method, operation) in strict::operations(item) {
                let at = format!("{method} {path}");
                let id = operation.operation_id.clone().unwrap_or_default();
                assert!(
                    !id.is_empty() && ids.insert(id.clone()),
                    "{at}: operation id ‘{id}’ is missing or not unique"
                );
                assert!(operation.summary.is_some(), "{at} has no summary");
                let tags = operation.tags.clone().unwrap_or_default();
                assert!(tags.iter().all(|t| TAGS.iter().any(|(name, _)| name == t)), "{at}: {tags:?}");
                let has = |status: &str| operation.responses.responses.contains_key(status);
                assert!(has("429") && has("500") && has("503") && has("405"), "{at}");
                assert_eq!(has("404"), path.contains('{'), "{at}");
                assert_eq!(has("428"), method == Method::PATCH, "{at}");
                let good = operation.responses.responses.keys().filter(|s| s.starts_with('2')).count();
                assert_eq!(good, 1, "{at} has one answer that means success");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let text = serde_json::to_value(crate::api::openapi()).expect("json");
        let mut references = Vec::new();
        collect(&text, &mut references);
        assert!(references.len() > 100);
        for reference in references {
            assert!(text.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
        }
    }

    fn collect(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(reference) = map.get("$ref").and_then(|r| r.as_str()) {
                    found.push(reference.to_owned());
                }
                map.values().for_each(|v| collect(v, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
}
