//! The forms of the public site. GET only ever shows; POST acts (RFC 8058, and mail scanners that follow every link).

use super::desk::{Ask, Channel, DeskError, Subscription};
use super::document::{Document, Kind};
use super::pages::{self, Act, Context, Typed, Wrong};
use super::preferences::Wishes;
use super::serve::{Public, client, private, redirect};
use amends_model::{Channel as By, ComponentId};
use axum::body::Body;
use axum::extract::{Path, RawForm, RawQuery, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;

/// The pairs of a form (`application/x-www-form-urlencoded`), decoded.
pub(crate) fn pairs(body: &[u8]) -> Vec<(String, String)> {
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

pub(super) fn first<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
}

/// What was chosen is not on the page any more.
struct Gone;

impl Gone {
    const SAID: &str = "The parts that you chose are not on this page any more; choose again.";
}

/// The chosen components that are on the page; empty when none was chosen. That all of them are gone is not a wish for
/// everything.
fn chosen(pairs: &[(String, String)], public: &Public) -> Result<Vec<ComponentId>, Gone> {
    let rendered = public.site.rendered();
    let known = rendered.record.components.iter().filter(|c| !c.is_group);
    let wanted = || pairs.iter().filter(|(n, v)| n == "component" && !v.is_empty()).map(|(_, v)| v);
    let found: Vec<_> =
        known.map(|c| &c.id).filter(|id| wanted().any(|w| w == id.as_str())).cloned().collect();
    if found.is_empty() && wanted().next().is_some() { Err(Gone) } else { Ok(found) }
}

/// Takes the form on the page.
pub async fn subscribe(
    State(public): State<Public>,
    extensions: Extensions,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response<Body> {
    let pairs = pairs(&form);
    let email = first(&pairs, "email").to_owned();
    let endpoint = first(&pairs, "endpoint").to_owned();
    let by: By = first(&pairs, "channel").parse().unwrap_or(By::Email);
    let typed = Typed { email: email.clone(), endpoint: endpoint.clone() };
    let components = match chosen(&pairs, &public) {
        Ok(components) => components,
        Err(Gone) if wants_json(&headers) => return in_json(Err(DeskError::Wrong(Gone::SAID.into()))),
        Err(Gone) => return form_again(&public, by, &typed, &[], Wrong::Parts(Gone::SAID)),
    };
    let ids: Vec<String> = components.iter().map(ComponentId::to_string).collect();
    let ask = Ask {
        channel: match by {
            By::Email => Channel::Email(email),
            By::Webhook => Channel::Webhook { endpoint, email },
            By::Sms => Channel::Sms { number: endpoint, country: None },
            channel => Channel::Chat { channel, endpoint },
        },
        components,
        incident: None,
        source: client(&extensions),
    };
    let asked = public.desk.subscribe(ask).await;
    if wants_json(&headers) {
        return in_json(asked.map(|_| serde_json::json!({"asked": true})));
    }
    let later_again = |later: Later| {
        let wrong = Wrong::Now(later.heading, &later.line);
        later.told(form_again(&public, by, &typed, &ids, wrong))
    };
    match asked {
        Ok(_) if by == By::Email => redirect(StatusCode::SEE_OTHER, "/subscribe/sent"),
        Ok(asked) if by == By::Sms => redirect(StatusCode::SEE_OTHER, &format!("/c/{}", asked.id)),
        Ok(_) => redirect(StatusCode::SEE_OTHER, &format!("/subscribe/sent/{by}")),
        Err(DeskError::Wrong(text)) => form_again(&public, by, &typed, &ids, Wrong::Address(&text)),
        Err(DeskError::TooMany { seconds }) => later_again(Later::too_many(seconds)),
        Err(DeskError::Unavailable(why)) => later_again(Later::unavailable(&why)),
        Err(error @ DeskError::NoSuchToken) => refused(&public, error),
    }
}

/// The form with what was typed and what is wrong with it.
fn form_again(public: &Public, by: By, typed: &Typed, ids: &[String], wrong: Wrong<'_>) -> Response<Body> {
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    private(StatusCode::UNPROCESSABLE_ENTITY, pages::subscribe(&cx, by, typed, ids, Some(wrong)), public)
}

/// Whether a script asks, and not a form.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|v| v.starts_with("application/json"))
}

/// The answer to a script.
fn in_json(result: Result<serde_json::Value, DeskError>) -> Response<Body> {
    let (status, text) = match result {
        Ok(value) => return json_of(StatusCode::OK, &value),
        Err(DeskError::Wrong(text)) => (StatusCode::UNPROCESSABLE_ENTITY, text),
        Err(DeskError::NoSuchToken) => (StatusCode::NOT_FOUND, "This link is not valid any more.".into()),
        Err(e @ DeskError::TooMany { .. }) => (StatusCode::TOO_MANY_REQUESTS, format!("{e}.")),
        Err(DeskError::Unavailable(why)) => {
            tracing::warn!(error = why, "a public form could not be answered");
            (StatusCode::SERVICE_UNAVAILABLE, "We cannot do this right now; try again in a moment.".into())
        }
    };
    json_of(status, &serde_json::json!({"error": text}))
}

fn json_of(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let body = value.to_string().into_bytes();
    Document::with_status(status, Kind::PassingJson, body, jiff::Timestamp::UNIX_EPOCH)
        .answer(&Method::GET, &HeaderMap::new())
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

/// The form for one channel.
pub async fn subscribe_by(State(public): State<Public>, Path(channel): Path<String>) -> Response<Body> {
    let rendered = public.site.rendered();
    let offered = channel.parse::<By>().ok().filter(|by| rendered.record.ways.contains(by));
    let Some(by) = offered else {
        let line = "Choose one of the ways on the page for updates.";
        let act = Act::Go("/subscribe".into(), "Get updates".into());
        return say(&public, StatusCode::NOT_FOUND, "There is no such way", &[line], Some(act));
    };
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    if by == By::Webpush {
        return match public.desk.push_key().await {
            Ok(key) => private(StatusCode::OK, pages::push(&cx, key), &public),
            Err(error) => refused(&public, error),
        };
    }
    private(StatusCode::OK, pages::subscribe(&cx, by, &Typed::default(), &[], None), &public)
}

/// After the form of another channel: the same words whether the address was known or not.
pub async fn sent_by(State(public): State<Public>, Path(channel): Path<String>) -> Response<Body> {
    let (heading, line) = match channel.parse::<By>() {
        Ok(By::Slack | By::Teams | By::Discord) => (
            "Look into the channel",
            "If the address is right, a message with a link is in the channel now. Updates come once somebody there follows it.",
        ),
        Ok(By::Webhook) => (
            "Look into your inbox",
            "If the address is right, a mail with a link is on its way to it. Updates come to the endpoint once you follow the link, and the page behind it shows the secret that they are signed with.",
        ),
        _ => return sent(State(public)).await,
    };
    say(&public, StatusCode::OK, heading, &[line], None)
}

/// Where the link of the confirmation leads.
pub async fn confirm_page(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let act = Act::Post(format!("/s/{token}"), "Yes, send me updates".into());
    let line = "You will hear when something breaks, changes or is mended. Every message has a link to stop.";
    say(&public, StatusCode::OK, "Get these updates?", &[line], Some(act))
}

/// Confirms.
pub async fn confirm(
    State(public): State<Public>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let confirmed = public.desk.confirm(token.to_owned()).await;
    if wants_json(&headers) {
        return in_json(confirmed.map(|found| serde_json::json!({"manage": format!("/m/{}", found.token)})));
    }
    match confirmed {
        Ok(found) if found.secret.is_some() => {
            let line = format!("Updates go to {} from now on.", found.address);
            let secret = found.secret.as_deref().unwrap_or_default();
            let manage = format!("/m/{}", found.token);
            secret_page(&public, "Your endpoint is subscribed", &line, secret, &manage)
        }
        Ok(found) => {
            let line = format!("Updates go to {} from now on.", found.address);
            let act = Act::Go(format!("/m/{}", found.token), "Choose what you hear about".into());
            say(&public, StatusCode::OK, "You are subscribed", &[&line], Some(act))
        }
        Err(error) => refused(&public, error),
    }
}

/// Where a subscriber chooses.
pub async fn manage_page(
    State(public): State<Public>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let said = query.as_deref().and_then(|q| q.strip_prefix("said=")).unwrap_or_default();
    let said = match said {
        "test" => "A test is on its way; what came of it stands below in a moment.",
        "again" => "What was missed is on its way again.",
        "nothing" => "Nothing was missed.",
        _ => "",
    };
    match public.desk.look(token.to_owned()).await {
        Ok(found) if !found.confirmed => {
            let line = format!(
                "Nothing goes to {}: this subscription is not confirmed, or has ended.",
                found.address
            );
            let act = Act::Go("/subscribe".into(), "Subscribe again".into());
            say(&public, StatusCode::OK, "Nothing to choose", &[&line], Some(act))
        }
        Ok(found) => managed(&public, &found, None, Said::Done(said)).await,
        Err(error) => refused(&public, error),
    }
}

/// Renews the secret that messages are signed with, and shows it.
pub async fn renew(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.renew(token.to_owned()).await {
        Ok(renewed) => {
            let line = "Messages are signed with this secret from now on, and for a day with the one before it, too.";
            secret_page(&public, "Your new signing secret", line, &renewed.secret, &format!("/m/{token}"))
        }
        Err(error) => refused(&public, error),
    }
}

/// Sends a test.
pub async fn test(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.test(token.to_owned()).await {
        Ok(()) => redirect(StatusCode::SEE_OTHER, &format!("/m/{token}?said=test")),
        Err(error) => refused(&public, error),
    }
}

/// Sends what was missed again.
pub async fn again(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    match public.desk.replay(token.to_owned()).await {
        Ok(0) => redirect(StatusCode::SEE_OTHER, &format!("/m/{token}?said=nothing")),
        Ok(_) => redirect(StatusCode::SEE_OTHER, &format!("/m/{token}?said=again")),
        Err(error) => refused(&public, error),
    }
}

fn secret_page(public: &Public, heading: &str, line: &str, secret: &str, manage: &str) -> Response<Body> {
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    private(StatusCode::OK, pages::secret(&cx, heading, line, secret, manage), public)
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
    let chosen = if some { chosen(&pairs, &public) } else { Ok(vec![]) };
    let wrong = match chosen {
        Ok(components) if some && components.is_empty() => {
            "Choose at least one part, or everything. To hear nothing any more, stop all messages."
        }
        Err(Gone) => Gone::SAID,
        Ok(components) => {
            return match public.desk.choose(token.to_owned(), components).await {
                Ok(found) => managed(&public, &found, None, Said::Done("Saved.")).await,
                Err(error) => refused(&public, error),
            };
        }
    };
    match public.desk.look(token.to_owned()).await {
        Ok(found) if found.confirmed => managed(&public, &found, None, Said::Wrong(wrong)).await,
        Ok(_) => redirect(StatusCode::SEE_OTHER, &format!("/m/{token}")),
        Err(error) => refused(&public, error),
    }
}

/// What the page on which a subscriber chooses says on top.
pub(super) enum Said<'a> {
    /// What was done; empty for nothing.
    Done(&'a str),
    /// What is wrong with the parts that were chosen.
    Wrong(&'a str),
}

/// The page on which a subscriber chooses; with what was typed, when it was wrong.
pub(super) async fn managed(
    public: &Public,
    found: &Subscription,
    typed: Option<Wishes>,
    said: Said<'_>,
) -> Response<Body> {
    let health = match public.desk.health(found.token.clone()).await {
        Ok(health) => health,
        Err(error) => return refused(public, error),
    };
    let rendered = public.site.rendered();
    let cx = Context::new(&rendered.record, public.site.clock_now(), rendered.stale);
    let ids: Vec<String> = found.components.iter().map(ComponentId::to_string).collect();
    let is_wrong = typed.is_some() || matches!(said, Said::Wrong(_));
    let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let wishes = typed.unwrap_or_else(|| Wishes::of(found, &cx.record.page.time_zone, cx.when.now));
    private(status, pages::manage(&cx, found, &ids, wishes, health, said), public)
}

/// Where the link to stop leads: shows, and changes nothing.
pub async fn unsubscribe_page(State(public): State<Public>, Path(token): Path<String>) -> Response<Body> {
    let Some(token) = safe(&token) else { return refused(&public, DeskError::NoSuchToken) };
    let mut lines = Vec::new();
    match public.desk.look(token.to_owned()).await {
        Ok(found) if found.confirmed => lines.push(format!("Messages go to {}.", found.address)),
        Err(error @ DeskError::NoSuchToken) => return refused(&public, error),
        // Nothing goes to anybody yet or any more, or nobody knows; the button may work all the same.
        Ok(_) | Err(_) => {}
    }
    lines.push(
        "You will not hear from this status page any more. You can subscribe again at any time.".to_owned(),
    );
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let act = Act::Post(format!("/u/{token}"), "Stop all messages".into());
    say(&public, StatusCode::OK, "Stop updates?", &lines, Some(act))
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
            let line = "Nothing further will be sent to you from this status page.";
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

pub(super) fn say(
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

pub(super) fn refused(public: &Public, error: DeskError) -> Response<Body> {
    match error {
        DeskError::Wrong(text) => {
            say(public, StatusCode::UNPROCESSABLE_ENTITY, "That did not work", &[&text], None)
        }
        DeskError::NoSuchToken => {
            let lines =
                ["It was used already, has expired, or was cut off in the mail. Nothing was changed."];
            let act = Some(Act::Go("/subscribe".into(), "Get updates".into()));
            say(public, StatusCode::NOT_FOUND, "This link is not valid any more", &lines, act)
        }
        DeskError::TooMany { seconds } => Later::too_many(seconds).say(public),
        DeskError::Unavailable(why) => Later::unavailable(&why).say(public),
    }
}

/// What is not done now, and will be when it is asked for again.
struct Later {
    status: StatusCode,
    heading: &'static str,
    line: String,
    seconds: u64,
}

impl Later {
    fn too_many(seconds: u64) -> Self {
        let line = format!(
            "So that nobody can flood others with this form, it takes only so many requests. Try again in {}.",
            super::when::length(seconds.div_ceil(60))
        );
        Self { status: StatusCode::TOO_MANY_REQUESTS, heading: "Please wait a little", line, seconds }
    }

    fn unavailable(why: &str) -> Self {
        tracing::warn!(error = why, "a public form could not be answered");
        let line =
            "Nothing was changed. The status page itself is not affected; try again in a moment.".to_owned();
        let (status, heading) = (StatusCode::SERVICE_UNAVAILABLE, "We cannot do this right now");
        Self { status, heading, line, seconds: 30 }
    }

    fn say(&self, public: &Public) -> Response<Body> {
        self.told(say(public, self.status, self.heading, &[&self.line], None))
    }

    /// An answer that says so to programs, too.
    fn told(&self, mut response: Response<Body>) -> Response<Body> {
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.seconds));
        response
    }
}

/// The body of a request of which the length is bounded.
pub(super) async fn body(request: Request) -> Option<Bytes> {
    axum::body::to_bytes(request.into_body(), 64 * 1024).await.ok()
}
