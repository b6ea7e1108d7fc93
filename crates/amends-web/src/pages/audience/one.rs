//! One address: how it stands, and why it got each message or did not.

use super::{hears_about, outcome, standing};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::maintenance::{TickGroup, tickable};
use crate::pages::when::Markup;
use crate::pages::{go, show_as};
use amends_app::AppError;
use amends_app::subscriber::{AddSubscriber, Explanation};
use amends_model::{BroadcastKind, Channel, Subscriber, SubscriberState};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// What became of one message.
struct Message {
    at: Markup,
    subject: String,
    kind: &'static str,
    /// Address of the broadcast; none for mails to one person.
    href: Option<String>,
    tone: Tone,
    words: String,
}

/// How an endpoint does.
struct Endpoint {
    label: &'static str,
    /// Whether its messages are signed.
    signed: bool,
    owner: String,
    failing: Option<Markup>,
    ended_why: Option<String>,
}

#[derive(Template)]
#[template(path = "app/subscriber.html")]
struct Page {
    frame: Frame,
    /// The address as it is shown.
    address: String,
    /// The whole address, for links and forms.
    full: String,
    endpoint: Option<Endpoint>,
    /// Address of the subscriber's page; none for one who is not subscribed.
    here: Option<String>,
    standing: String,
    tone: Option<Tone>,
    about: String,
    since: Option<Markup>,
    suppressed: Option<String>,
    pending: bool,
    confirmed: bool,
    form: Fields,
    groups: Vec<TickGroup>,
    messages: Vec<Message>,
}

/// What a message was.
pub(super) const fn kind(kind: BroadcastKind) -> &'static str {
    match kind {
        BroadcastKind::Update => "Update",
        BroadcastKind::Maintenance => "Planned work",
        BroadcastKind::Reminder => "Reminder",
        BroadcastKind::Letter => "Letter",
        BroadcastKind::Component => "Component",
        BroadcastKind::Digest => "Digest",
        BroadcastKind::Feed => "Feeds",
        BroadcastKind::Test => "Test",
        BroadcastKind::Confirm => "Confirmation",
        BroadcastKind::Action => "Action",
        BroadcastKind::Alarm => "Alarm",
        BroadcastKind::Canary => "Copy for us",
        BroadcastKind::SignIn => "Sign-in",
        BroadcastKind::Invitation => "Invitation",
    }
}

/// `GET /app/subscribers/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let found = here.app.explain_address(&here.caller, &id).await?;
    let form = form_of(found.subscriber.as_ref());
    render(&here, found, form).await
}

/// `GET /app/subscribers/why?address=…`: any address, subscribed or not.
pub async fn why(here: Here) -> Result<Response, PageError> {
    let Some(address) = here.query("address") else { return Ok(go("/app/subscribers")) };
    let found = here.app.explain_address(&here.caller, address).await?;
    let form = form_of(found.subscriber.as_ref());
    render(&here, found, form).await
}

fn form_of(subscriber: Option<&Subscriber>) -> Fields {
    let mut form = Fields::default();
    for id in subscriber.iter().flat_map(|s| &s.components) {
        form.add("component", id.as_str());
    }
    form
}

async fn render(here: &Here, found: Explanation, form: Fields) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let when = here.when();
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let subscriber = found.subscriber.as_ref();
    let shown = subscriber.map_or_else(|| found.address.clone(), |s| s.channel.shown(&s.address));
    let endpoint = match subscriber.filter(|s| s.channel != Channel::Email) {
        Some(s) => here.app.subscriber_endpoint(&here.caller, s.id.as_str()).await?.map(|h| Endpoint {
            label: s.channel.label(),
            signed: s.channel == Channel::Webhook,
            owner: h.owner,
            failing: h.failing_since.map(|at| when.stamp(at)),
            ended_why: h.ended_why,
        }),
        None => None,
    };
    let is = |state| subscriber.is_some_and(|s| s.state == state);
    let page = Page {
        frame: here.frame(Place::Page, &shown).await?,
        here: subscriber.map(|s| format!("/app/subscribers/{}", s.id)),
        standing: found.standing,
        tone: subscriber.map(|s| standing(s, found.suppression.is_some())),
        about: subscriber.map(|s| hears_about(s, &all)).unwrap_or_default(),
        since: subscriber.map(|s| when.stamp(s.confirmed_at.unwrap_or(s.created_at))),
        suppressed: found.suppression.map(|s| s.address),
        pending: is(SubscriberState::Pending),
        confirmed: is(SubscriberState::Confirmed),
        groups: tickable(&all, |id| form.is("component", id)),
        form,
        messages: found
            .messages
            .into_iter()
            .map(|m| Message {
                at: when.stamp(m.at),
                subject: m.subject,
                kind: kind(m.kind),
                href: m.kind.is_for_subscribers().then(|| format!("/app/broadcasts/{}", m.broadcast_id)),
                tone: outcome(m.state),
                words: m.explanation,
            })
            .collect(),
        endpoint,
        address: shown,
        full: found.address,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/subscribers/{id}`: what they hear about.
pub async fn choose(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let found = here.app.subscriber(&here.caller, &id).await?;
    let components = form.all("component").map(str::to_owned).collect();
    match here.app.add_subscriber(&here.caller, again(&found, components, false)).await {
        Ok(_) => Ok(go(&format!("/app/subscribers/{id}?said=saved"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| Some("component".into()));
            let explained = here.app.explain_address(&here.caller, &id).await?;
            render(&here, explained, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/subscribers/{id}/confirm`: `how=agreed` subscribes somebody who has agreed, `how=ask` sends the mail that
/// asks them once more.
pub async fn confirm(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let found = here.app.subscriber(&here.caller, &id).await?;
    let components = found.components.iter().map(ToString::to_string).collect();
    let agreed = form.is("how", "agreed");
    here.app.add_subscriber(&here.caller, again(&found, components, agreed)).await?;
    Ok(go(&format!("/app/subscribers/{id}?said={}", if agreed { "subscribed" } else { "asked" })))
}

fn again(found: &Subscriber, components: Vec<String>, confirmed: bool) -> AddSubscriber {
    let (channel, address) = (Some(found.channel), found.address.clone());
    AddSubscriber { channel, address, owner: None, components, confirmed }
}

/// `POST /app/subscribers/{id}/test`
pub async fn test(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.app.test_subscriber(&here.caller, &id).await?;
    Ok(go(&format!("/app/subscribers/{id}?said=test_sent")))
}

#[derive(Template)]
#[template(path = "app/subscriber_secret.html")]
struct Secret {
    frame: Frame,
    back: String,
    secret: String,
    until: Option<Markup>,
}

/// `POST /app/subscribers/{id}/secret`: renews the signing secret and shows it, once.
pub async fn secret(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let renewed = here.app.renew_secret(&here.caller, &id).await?;
    let when = here.when();
    let page = Secret {
        frame: here.frame(Place::Page, "New signing secret").await?,
        back: format!("/app/subscribers/{id}"),
        secret: renewed.secret,
        until: renewed.previous_until.map(|at| when.stamp(at)),
    };
    Ok(show_as(StatusCode::OK, &page))
}

/// `POST /app/subscribers/{id}/remove`
pub async fn remove(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.app.remove_subscriber(&here.caller, &id).await?;
    Ok(go("/app/subscribers?said=removed"))
}
