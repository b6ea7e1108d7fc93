//! Messages on their way to subscribers: the list, one of them live, what it says, and stopping it.

use super::one::kind;
use super::outcome;
use crate::error::PageError;
use crate::pages::as_mail::{document, framing, linked};
use crate::pages::frame::{Frame, Here, Place, held};
use crate::pages::incidents::Tone;
use crate::pages::when::{Markup, When};
use crate::pages::{go, id_of, show};
use amends_app::broadcast::Progress;
use amends_app::{AppError, Paging};
use amends_model::broadcast::{Counts, Reach, grouped, length};
use amends_model::{Action, BroadcastId, DeliveryState, Resource, Subject};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;

/// A broadcast and how far it is, as one row.
pub struct Sent {
    /// Address of its page.
    pub href: String,
    /// Subject line of its mails.
    pub subject: String,
    /// What it is.
    pub kind: &'static str,
    /// When it was made.
    pub at: Markup,
    /// "9,412 of 10,000 accepted, 3 bounced, 585 on their way".
    pub words: String,
    /// Where it stands.
    pub tone: Tone,
    /// Deliveries about which all is known.
    pub done: u64,
    /// All deliveries.
    pub total: u64,
    /// Whether something is still to be sent.
    pub going: bool,
    /// "Reached 9,412 of 10,000 within 41 s"; once that is known.
    pub reached: Option<String>,
}

impl Sent {
    fn of(progress: &Progress, held: bool, when: &When) -> Self {
        let b = &progress.broadcast;
        let waiting = progress.counts.on_their_way();
        let (class, mark, word) = match (b.cancelled_at, b.finished_at) {
            (Some(_), _) => ("quiet-state", "○", "Stopped"),
            (None, Some(_)) => ("ok", "●", "Done"),
            (None, None) if held && waiting > 0 => ("degraded", "◐", "Held"),
            (None, None) if waiting == 0 && progress.counts.held > 0 => ("ok", "●", "Some hear later"),
            (None, None) => ("maintenance", "◇", "On its way"),
        };
        Sent {
            href: format!("/app/broadcasts/{}", b.id),
            subject: b.subject.clone(),
            kind: kind(b.kind),
            at: when.stamp(b.created_at),
            words: progress.words.clone(),
            tone: Tone { class, mark, word },
            done: progress.counts.total() - waiting,
            total: progress.counts.total(),
            going: b.finished_at.is_none(),
            reached: progress.reached.as_ref().map(|words| format!("Reached {words}")),
        }
    }
}

/// How far it got on one channel, and how fast.
struct Speed {
    channel: &'static str,
    planned: String,
    accepted: String,
    half: String,
    nearly_all: String,
    last: String,
}

fn speeds(progress: &Progress) -> Vec<Speed> {
    let took = |ms: Option<u64>| ms.map_or_else(|| "–".to_owned(), length);
    let of = |r: &Reach| Speed {
        channel: r.channel.label(),
        planned: grouped(r.counts.total()),
        accepted: grouped(r.counts.accepted),
        half: took(r.p50_ms),
        nearly_all: took(r.p99_ms),
        last: took(r.last_ms),
    };
    progress.reach.iter().flatten().map(of).collect()
}

/// What was sent about one thing, newest first.
#[derive(Default)]
pub struct Mailing {
    /// Each broadcast.
    pub sent: Vec<Sent>,
    /// Whether something is still to be sent.
    pub going: bool,
}

/// The broadcasts about an incident or planned work, for whoever may see them.
pub async fn mailing_about(here: &Here, subject: &Subject) -> Result<Mailing, AppError> {
    if !here.caller.may(Action::Read, Resource::Broadcast) {
        return Ok(Mailing::default());
    }
    let found = here.app.broadcasts_of(&here.caller, subject).await?;
    if found.is_empty() {
        return Ok(Mailing::default());
    }
    let held = !held(&here.app, &here.caller).await?.is_empty();
    let when = here.when();
    let sent: Vec<Sent> = found.iter().rev().map(|p| Sent::of(p, held, &when)).collect();
    Ok(Mailing { going: sent.iter().any(|s| s.going), sent })
}

#[derive(Template)]
#[template(path = "app/broadcasts.html")]
struct Page {
    frame: Frame,
    rows: Vec<Sent>,
    older: Option<String>,
    first: bool,
    going: bool,
}

/// `GET /app/broadcasts?cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.broadcasts(&here.caller, &paging).await?;
    let (frame, when) = (here.frame(Place::Page, "Broadcasts").await?, here.when());
    let rows: Vec<Sent> = found.items.iter().map(|p| Sent::of(p, !frame.held.is_empty(), &when)).collect();
    Ok(show(&Page {
        going: rows.iter().any(|r| r.going),
        rows,
        frame,
        older: found.next_cursor.map(|cursor| format!("/app/broadcasts?cursor={cursor}")),
        first: paging.cursor.is_none(),
    }))
}

/// How many deliveries stand in one state.
struct Group {
    state: DeliveryState,
    tone: Tone,
    count: u64,
}

/// What became of one message.
struct Row {
    address: String,
    href: String,
    words: String,
    at: Markup,
}

#[derive(Template)]
#[template(path = "app/broadcast.html")]
struct One {
    frame: Frame,
    here: String,
    sent: Sent,
    /// What it is about, and its page.
    about: Option<(&'static str, String)>,
    groups: Vec<Group>,
    /// How fast it was, on each channel; once it is finished.
    speeds: Vec<Speed>,
    /// How many are not gone yet, for the button that stops them.
    stoppable: Option<String>,
    text: Markup,
    chosen: Option<Chosen>,
}

/// The deliveries in one state.
struct Chosen {
    word: &'static str,
    rows: Vec<Row>,
    more: Option<String>,
}

/// `GET /app/broadcasts/{id}?state=…&cursor=…`
pub async fn one(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: BroadcastId = id_of(&id, "broadcast")?;
    let progress = here.app.broadcast(&here.caller, &id).await?;
    let message = here.app.broadcast_message(&here.caller, &id).await?;
    let when = here.when();
    let frame = here.frame(Place::Page, &message.subject).await?;
    let state: Option<DeliveryState> = here.query("state").and_then(|s| s.parse().ok());
    let chosen = match state.filter(|_| frame.can.subscribers) {
        Some(state) => Some(deliveries(&here, &id, state, &when).await?),
        None => None,
    };
    let page = One {
        here: format!("/app/broadcasts/{id}"),
        sent: Sent::of(&progress, !frame.held.is_empty(), &when),
        about: about(&progress.broadcast.thread),
        groups: groups(progress.counts),
        speeds: speeds(&progress),
        stoppable: (progress.broadcast.finished_at.is_none()
            && here.caller.may(Action::Remove, Resource::Broadcast))
        .then(|| stoppable(&progress)),
        text: linked(&message.text),
        chosen,
        frame,
    };
    Ok(framing(show(&page)))
}

fn stoppable(progress: &Progress) -> String {
    if progress.broadcast.planned_at.is_none() {
        return "Stop it".into();
    }
    format!(
        "Do not send the {} that wait",
        grouped(progress.counts.queued + progress.counts.deferred + progress.counts.held)
    )
}

fn groups(mut counts: Counts) -> Vec<Group> {
    let each = DeliveryState::ALL.iter().map(|state| Group {
        state: *state,
        tone: outcome(Some(*state)),
        count: *counts.of(*state),
    });
    each.filter(|g| g.count > 0).collect()
}

fn about(thread: &str) -> Option<(&'static str, String)> {
    let (kind, id) = thread.split_once('-')?;
    match kind {
        "incident" => Some(("The incident", format!("/app/incidents/{id}"))),
        "maintenance" => Some(("The planned work", format!("/app/maintenances/{id}"))),
        _ => None,
    }
}

async fn deliveries(
    here: &Here,
    id: &BroadcastId,
    state: DeliveryState,
    when: &When,
) -> Result<Chosen, AppError> {
    let paging = Paging { limit: Some(100), cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.deliveries(&here.caller, id, Some(state), &paging).await?;
    let rows = found.items.into_iter().map(|d| Row {
        href: format!("/app/subscribers/why?address={}", crate::error::form_urlencoded(&d.address)),
        address: d.address,
        words: d.reply.unwrap_or_default(),
        at: when.stamp(d.updated_at),
    });
    let more = found.next_cursor.map(|c| format!("/app/broadcasts/{id}?state={state}&cursor={c}#deliveries"));
    Ok(Chosen { word: outcome(Some(state)).word, rows: rows.collect(), more })
}

/// `GET /app/broadcasts/{id}/mail`: the mail as its readers see it, for a frame.
pub async fn mail(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: BroadcastId = id_of(&id, "broadcast")?;
    Ok(document(&here.app.broadcast_message(&here.caller, &id).await?.html))
}

/// `POST /app/broadcasts/{id}/stop`
pub async fn stop(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: BroadcastId = id_of(&id, "broadcast")?;
    match here.app.stop_broadcast(&here.caller, &id).await {
        Ok(_) => Ok(go(&format!("/app/broadcasts/{id}?said=stopped"))),
        // All of it has gone meanwhile; its page says so.
        Err(AppError::Refused(_)) => Ok(go(&format!("/app/broadcasts/{id}"))),
        Err(other) => Err(other.into()),
    }
}
