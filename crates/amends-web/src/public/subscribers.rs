//! `/api/v2/subscribers.json`: subscribing as Statuspage's clients do. Nobody's addresses can be read here: looking and
//! ending need the token that only the owner was mailed.

use super::api_v2::{json, stamp};
use super::desk::{Ask, Channel, DeskError, Subscription};
use super::document::{Document, Kind};
use super::forms::{body, pairs, safe};
use super::rendered::json_error;
use super::serve::{Public, client};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::net::IpAddr;

#[derive(Serialize)]
struct Answer {
    subscriber: ApiSubscriber,
}

#[derive(Serialize)]
struct ApiSubscriber {
    created_at: String,
    skip_confirmation_notification: bool,
    quarantined_at: Option<String>,
    id: String,
    mode: &'static str,
    purge_at: Option<String>,
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_country: Option<String>,
}

/// `POST /api/v2/subscribers.json` subscribes; so does `GET` with a subscriber in the query, because the client
/// `statuspage.io` of npm asks in that way (all that happens is that a confirmation is sent, within the same budgets).
/// `GET` and `DELETE` with `?token=` or `?subscriber[id]=` look and end.
pub async fn collection(State(public): State<Public>, request: Request) -> Response<Body> {
    match request.method().clone() {
        Method::POST => posted(&public, request).await,
        Method::OPTIONS => allowed(),
        method @ (Method::GET | Method::HEAD | Method::DELETE) => {
            let fields = Fields(pairs(request.uri().query().unwrap_or("").as_bytes()));
            let asks = ["email", "endpoint", "phone_number"].iter().any(|name| fields.get(name).is_some());
            match fields.get("token").or_else(|| fields.get("id")) {
                Some(token) => by_token(&public, &method, &token).await,
                None if asks && method == Method::GET => {
                    let source = client(request.extensions());
                    subscribe(&public, source, &fields).await
                }
                None => answer(json_error(
                    StatusCode::UNAUTHORIZED,
                    "subscribers are not listed in public; give the token of your own subscription as ?token=",
                )),
            }
        }
        _ => answer(json_error(StatusCode::METHOD_NOT_ALLOWED, "use POST, GET or DELETE")),
    }
}

/// `GET` and `DELETE /api/v2/subscribers/<token>.json`.
pub async fn one(
    State(public): State<Public>,
    Path(token): Path<String>,
    request: Request,
) -> Response<Body> {
    match request.method() {
        &Method::OPTIONS => allowed(),
        method @ (&Method::GET | &Method::HEAD | &Method::DELETE) => {
            by_token(&public, method, token.strip_suffix(".json").unwrap_or(&token)).await
        }
        _ => answer(json_error(StatusCode::METHOD_NOT_ALLOWED, "use GET or DELETE")),
    }
}

async fn by_token(public: &Public, method: &Method, token: &str) -> Response<Body> {
    let Some(token) = safe(token) else { return refused(DeskError::NoSuchToken) };
    let found = match public.desk.look(token.to_owned()).await {
        Ok(found) => found,
        Err(error) => return refused(error),
    };
    if method == Method::DELETE
        && let Err(error) = public.desk.unsubscribe(token.to_owned()).await
    {
        return refused(error);
    }
    use amends_model::Channel as By;
    let Subscription { channel, address, created_at, token, .. } = found;
    let channel = match channel {
        By::Email => Channel::Email(address),
        By::Webhook => Channel::Webhook { endpoint: address, email: String::new() },
        By::Sms => Channel::Sms { number: address, country: None },
        By::Slack | By::Teams | By::Discord | By::Webpush | By::Websub => {
            Channel::Chat { channel, endpoint: address }
        }
    };
    written(public, StatusCode::OK, token, created_at, channel)
}

async fn posted(public: &Public, request: Request) -> Response<Body> {
    let source = client(request.extensions());
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.to_ascii_lowercase().contains("json"));
    let Some(bytes) = body(request).await else {
        return answer(json_error(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KB"));
    };
    let fields = if is_json { from_json(&bytes) } else { Some(Fields(pairs(&bytes))) };
    match fields {
        Some(fields) => subscribe(public, source, &fields).await,
        None => answer(json_error(
            StatusCode::BAD_REQUEST,
            "the body is not JSON; send {\"subscriber\": {\"email\": \"ada@example.com\"}} or the same as a form",
        )),
    }
}

async fn subscribe(public: &Public, source: Option<IpAddr>, fields: &Fields) -> Response<Body> {
    let (email, endpoint, number) = (fields.get("email"), fields.get("endpoint"), fields.get("phone_number"));
    let channel = match (email, endpoint, number) {
        (Some(email), Some(endpoint), _) => Channel::Webhook { endpoint, email },
        (None, Some(_), _) => {
            return refused(DeskError::Wrong("email: is missing; it is told when the endpoint fails".into()));
        }
        (Some(email), None, None) => Channel::Email(email),
        (_, None, Some(number)) => Channel::Sms { number, country: fields.get("phone_country") },
        (None, None, None) => {
            return refused(DeskError::Wrong("email: is missing; send subscriber[email]".into()));
        }
    };
    let one_of = |name: &str| fields.get(name).map(|id| id.parse::<amends_model::ComponentId>());
    let components = match (one_of("component_id"), fields.all("component_ids")) {
        (Some(Err(text)), _) => return refused(DeskError::Wrong(format!("component_id: {text}"))),
        (Some(Ok(id)), _) => vec![id],
        (None, many) => match many.iter().map(|id| id.parse()).collect::<Result<Vec<_>, String>>() {
            Ok(ids) => ids,
            Err(text) => return refused(DeskError::Wrong(format!("component_ids: {text}"))),
        },
    };
    let rendered = public.site.rendered();
    let known = |id| rendered.record.components.iter().any(|c| c.id == id && !c.is_group);
    if let Some(unknown) = components.iter().find(|id| !known((*id).clone())) {
        return refused(DeskError::Wrong(format!(
            "component_id: there is no component {unknown} on this page"
        )));
    }
    let incident = match fields.get("incident_id").map(|id| id.parse()) {
        Some(Err(text)) => return refused(DeskError::Wrong(format!("incident_id: {text}"))),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    match public.desk.subscribe(Ask { channel: channel.clone(), components, incident, source }).await {
        Ok(asked) => written(public, StatusCode::CREATED, asked.id, asked.created_at, channel),
        Err(error) => refused(error),
    }
}

fn written(
    public: &Public,
    status: StatusCode,
    id: String,
    at: Timestamp,
    channel: Channel,
) -> Response<Body> {
    let zone = public.site.rendered().record.page.zone();
    let mut subscriber = ApiSubscriber {
        created_at: stamp(at, &zone),
        skip_confirmation_notification: false,
        quarantined_at: None,
        id,
        mode: "email",
        purge_at: None,
        email: None,
        endpoint: None,
        phone_number: None,
        phone_country: None,
    };
    match channel {
        Channel::Email(email) => subscriber.email = Some(email),
        Channel::Webhook { endpoint, email } => {
            subscriber.mode = "webhook";
            (subscriber.email, subscriber.endpoint) = (Some(email).filter(|e| !e.is_empty()), Some(endpoint));
        }
        Channel::Chat { channel, endpoint } => {
            (subscriber.mode, subscriber.endpoint) = (channel.as_str(), Some(endpoint));
        }
        Channel::Sms { number, country } => {
            subscriber.mode = "sms";
            (subscriber.phone_number, subscriber.phone_country) = (Some(number), country);
        }
    }
    answer(Document::with_status(status, Kind::PassingJson, json(&Answer { subscriber }), at))
}

fn refused(error: DeskError) -> Response<Body> {
    let (status, seconds) = match &error {
        DeskError::Wrong(_) => (StatusCode::UNPROCESSABLE_ENTITY, None),
        DeskError::NoSuchToken => (StatusCode::NOT_FOUND, None),
        DeskError::TooMany { seconds } => (StatusCode::TOO_MANY_REQUESTS, Some(*seconds)),
        DeskError::Unavailable(text) => {
            tracing::warn!(error = text, "the subscribers API could not be answered");
            let text = "this cannot be done just now; nothing was changed, try again in a moment";
            return answer(json_error(StatusCode::SERVICE_UNAVAILABLE, text));
        }
    };
    let mut response = answer(json_error(status, &error.to_string()));
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn answer(document: Document) -> Response<Body> {
    document.answer(&Method::GET, &HeaderMap::new())
}

fn allowed() -> Response<Body> {
    let mut response = answer(json_error(StatusCode::OK, ""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.body_mut() = Body::empty();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_TYPE);
    headers
        .insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// The fields of a subscriber, named as in a form: `subscriber[email]`, `subscriber[component_ids][]`, or bare.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn all(&self, name: &str) -> Vec<String> {
        let is_it = |given: &str| {
            let given = given.trim_end_matches("[]");
            given == name || given.strip_prefix("subscriber[").and_then(|n| n.strip_suffix(']')) == Some(name)
        };
        let mine = self.0.iter().filter(|(given, value)| is_it(given) && !value.trim().is_empty());
        mine.map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn get(&self, name: &str) -> Option<String> {
        self.all(name).into_iter().next()
    }
}

fn from_json(bytes: &[u8]) -> Option<Fields> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let object = value.get("subscriber").unwrap_or(&value).as_object()?;
    let mut fields = vec![];
    for (name, value) in object {
        match value {
            Value::String(text) => fields.push((name.clone(), text.clone())),
            Value::Number(number) => fields.push((name.clone(), number.to_string())),
            Value::Array(list) => {
                fields.extend(
                    list.iter().filter_map(Value::as_str).map(|text| (name.clone(), text.to_owned())),
                );
            }
            _ => {}
        }
    }
    Some(Fields(fields))
}
