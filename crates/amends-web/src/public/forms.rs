//! The forms of the public site. GET only ever shows; POST acts (RFC 8058, and mail scanners that follow every link).

use super::desk::{Ask, Channel, DeskError, Subscription};
use super::pages::{self, Act, Context};
use super::serve::{Public, client, private, redirect};
use amends_model::ComponentId;
use axum::body::Body;
use axum::extract::{Path, RawForm, Request, State};
use axum::http::{Extensions, HeaderValue, Response, StatusCode, header};
use bytes::Bytes;

/// The pairs of a form (`application/x-www-form-urlencoded`), decoded.
pub(super) fn pairs(body: &[u8]) -> Vec<(String, String)> {
    // Our own decoder, because a form repeats names, which serde's struct form cannot hold.
    let text = |part: &[u8]| {
        let mut out = Vec::with_capacity(part.len());
        let mut bytes = part.iter().copied();
        while let Some(b) = bytes.next() {
            out.push(match b {
                b'+' => b' ',
                b'%' => {
                    let mut ahead = bytes.clone();
                    let hex = |b: Option<u8>| b.and_then(|b| (b as char).to_digit(16));
                    match (hex(ahead.next()), hex(ahead.next())) {
                        (Some(high), Some(low)) => {
                            bytes = ahead;
                            (high * 16 + low) as u8
                        }
                        _ => b'%',
                    }
                }
                b => b,
            });
        }
        String::from_utf8_lossy(&out).into_owned()
    };
    let pairs = body.split(|b| *b == b'&').filter(|p| !p.is_empty()).take(400);
    pairs
        .map(|pair| {
            let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            (text(&pair[..at]), text(pair.get(at + 1..).unwrap_or(&[])))
        })
        .collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
}

/// The chosen components that are on the page.
fn chosen(pairs: &[(String, String)], public: &Public) -> Vec<ComponentId> {
    let rendered = public.site.rendered();
    let known = rendered.record.components.iter().filter(|c| !c.is_group);
    let is_chosen = |id: &ComponentId| pairs.iter().any(|(n, v)| n == "component" && v == id.as_str());
    known.map(|c| c.id.clone()).filter(is_chosen).collect()
}

/// Takes the form on the page.
pub async fn subscribe(
    State(public): State<Public>,
    extensions: Extensions,
    RawForm(form): RawForm,
) -> Response<Body> {
    let pairs = pairs(&form);
    let (email, components) = (first(&pairs, "email"), chosen(&pairs, &public));
    let ids: Vec<String> = components.iter().map(ComponentId::to_string).collect();
    let ask = Ask {
        channel: Channel::Email(email.to_owned()),
        components,
        incident: None,
        source: client(&extensions),
    };
    match public.desk.subscribe(ask).await {
        Ok(_) => redirect(StatusCode::SEE_OTHER, "/subscribe/sent"),
        Err(DeskError::Wrong(text)) => {
            let rendered = public.site.rendered();
            let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
            private(
                StatusCode::UNPROCESSABLE_ENTITY,
                pages::subscribe(&cx, email, &ids, Some(&text)),
                &public,
            )
        }
        Err(error) => refused(&public, error),
    }
}

/// After the form: the same words whether the address was known or not.
pub async fn sent(State(public): State<Public>) -> Response<Body> {
    say(
        &public,
        StatusCode::OK,
        "Look into your inbox",
        &[
            "If the address is right, a mail with a link is on its way. You hear from us once you follow the link.",
            "Nothing there after a few minutes? Look into the spam folder, or try again.",
        ],
        None,
    )
}

/// Where the link of the confirmation leads.
pub async fn confirm_page(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let act = Act::Post(format!("/s/{token}"), "Yes, send me updates".into());
    let line = "You will hear when something breaks, changes or is mended. Every mail has a link to stop.";
    say(&public, StatusCode::OK, "Get updates by mail?", &[line], Some(act))
}

/// Confirms.
pub async fn confirm(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.confirm(token.to_owned()).await {
        Ok(found) => {
            let line = format!("Updates go to {} from now on.", found.address);
            let act = Act::Go(format!("/m/{}", found.token), "Choose what you hear about".into());
            say(&public, StatusCode::OK, "You are subscribed", &[&line], Some(act))
        }
        Err(error) => refused(&public, error),
    }
}

/// Where a subscriber chooses.
pub async fn manage_page(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.look(token.to_owned()).await {
        Ok(found) if !found.confirmed => {
            let line = format!(
                "No mail goes to {}: this subscription is not confirmed, or has ended.",
                found.address
            );
            let act = Act::Go("/subscribe".into(), "Subscribe again".into());
            say(&public, StatusCode::OK, "Nothing to choose", &[&line], Some(act))
        }
        Ok(found) => managed(&public, &found, false),
        Err(error) => refused(&public, error),
    }
}

/// Keeps what a subscriber chose.
pub async fn manage(
    State(public): State<Public>,
    Path(token): Path<String>,
    RawForm(form): RawForm,
) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let pairs = pairs(&form);
    let some = first(&pairs, "about") == "some";
    let components = if some { chosen(&pairs, &public) } else { vec![] };
    if some && components.is_empty() {
        let lines = ["Choose at least one part, or everything. To hear nothing any more, stop all mail."];
        let act = None;
        return say(&public, StatusCode::UNPROCESSABLE_ENTITY, "Nothing was chosen", &lines, act);
    }
    match public.desk.choose(token.to_owned(), components).await {
        Ok(found) => managed(&public, &found, true),
        Err(error) => refused(&public, error),
    }
}

fn managed(public: &Public, found: &Subscription, saved: bool) -> Response<Body> {
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    let ids: Vec<String> = found.components.iter().map(ComponentId::to_string).collect();
    private(StatusCode::OK, pages::manage(&cx, &found.token, &found.address, &ids, saved), public)
}

/// Where the link to stop leads: shows, and changes nothing.
pub async fn unsubscribe_page(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let act = Act::Post(format!("/u/{token}"), "Stop all mail to me".into());
    let line = "You will not hear from this status page any more. You can subscribe again at any time.";
    say(&public, StatusCode::OK, "Stop updates?", &[line], Some(act))
}

/// Ends a subscription: the button, and a mail program's one click (RFC 8058), which needs no cookie and no redirect.
pub async fn unsubscribe(
    State(public): State<Public>,
    Path(token): Path<String>,
    _request: Request,
) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.unsubscribe(token.to_owned()).await {
        Ok(()) => {
            let line = "No further mail will be sent to you from this status page.";
            let act = Act::Go("/subscribe".into(), "Subscribe again".into());
            say(&public, StatusCode::OK, "You are unsubscribed", &[line], Some(act))
        }
        Err(error) => refused(&public, error),
    }
}

/// A token as it can be in our links; anything else is none.
pub(super) fn safe(token: &str) -> Option<&str> {
    let fits = (1..=200).contains(&token.len());
    (fits && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))
        .then_some(token)
}

fn say(
    public: &Public,
    status: StatusCode,
    heading: &str,
    lines: &[&str],
    act: Option<Act>,
) -> Response<Body> {
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    private(status, pages::message(&cx, heading, lines, act), public)
}

fn refused(public: &Public, error: DeskError) -> Response<Body> {
    match error {
        DeskError::Wrong(text) => {
            say(public, StatusCode::UNPROCESSABLE_ENTITY, "That did not work", &[&text], None)
        }
        DeskError::NoSuchToken => {
            let lines =
                ["It was used already, has expired, or was cut off in the mail. Nothing was changed."];
            let act = None;
            say(public, StatusCode::NOT_FOUND, "This link is not valid any more", &lines, act)
        }
        DeskError::TooMany { seconds } => {
            let line = format!(
                "So that nobody can flood inboxes with this form, it takes only so many requests. Try again in {}.",
                super::when::length(seconds.div_ceil(60))
            );
            let mut response =
                say(public, StatusCode::TOO_MANY_REQUESTS, "Please wait a little", &[&line], None);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        DeskError::Unavailable(text) => {
            tracing::warn!(error = text, "a public form could not be answered");
            let lines =
                ["Nothing was changed. The status page itself is not affected; try again in a moment."];
            let mut response =
                say(public, StatusCode::SERVICE_UNAVAILABLE, "We cannot do this right now", &lines, None);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            response
        }
    }
}

/// The body of a request of which the length is bounded.
pub(super) async fn body(request: Request) -> Option<Bytes> {
    axum::body::to_bytes(request.into_body(), 64 * 1024).await.ok()
}
