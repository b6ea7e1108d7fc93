//! Who hears from the page, and what became of each message: subscribers, suppressed addresses, broadcasts, the built-in
//! mail viewer.

mod broadcasts;
mod import;
mod list;
mod mail;
mod one;
mod suppressed;

pub(super) use broadcasts::{Mailing, mailing_about};

use crate::pages::incidents::Tone;
use crate::state::WebState;
use amends_model::broadcast::grouped;
use amends_model::{Component, DeliveryState, Subscriber, SubscriberState};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<WebState> {
    let import = get(import::page).post(import::post).layer(DefaultBodyLimit::max(import::LIMIT));
    Router::new()
        .route("/app/subscribers", get(list::page))
        .route("/app/subscribers/new", get(list::new_page).post(list::add))
        .route("/app/subscribers/import", import)
        .route("/app/subscribers/export", get(list::export))
        .route("/app/subscribers/why", get(one::why))
        .route("/app/subscribers/suppressed", get(suppressed::page).post(suppressed::add))
        .route("/app/subscribers/lift", post(suppressed::lift))
        .route("/app/subscribers/{id}", get(one::page).post(one::choose))
        .route("/app/subscribers/{id}/confirm", post(one::confirm))
        .route("/app/subscribers/{id}/remove", post(one::remove))
        .route("/app/subscribers/{id}/test", post(one::test))
        .route("/app/subscribers/{id}/secret", post(one::secret))
        .route("/app/broadcasts", get(broadcasts::page))
        .route("/app/broadcasts/{id}", get(broadcasts::one))
        .route("/app/broadcasts/{id}/mail", get(broadcasts::mail))
        .route("/app/broadcasts/{id}/stop", post(broadcasts::stop))
        .route("/app/mail", get(mail::page))
        .route("/app/mail/empty", post(mail::empty))
        .route("/app/mail/{number}", get(mail::one))
        .route("/app/mail/{number}/html", get(mail::html))
        .route("/app/mail/{number}/raw", get(mail::raw))
}

/// How a subscription is shown.
fn standing(subscriber: &Subscriber, suppressed: bool) -> Tone {
    let (class, mark, word) = match subscriber.state {
        SubscriberState::Confirmed if suppressed => ("partial", "◑", "Suppressed"),
        SubscriberState::Confirmed => ("ok", "●", "Gets messages"),
        SubscriberState::Pending => ("quiet-state", "○", "Not confirmed"),
        SubscriberState::Unsubscribed => ("quiet-state", "○", "Has left"),
    };
    Tone { class, mark, word }
}

/// How what became of one message is shown; none for a message that never was.
fn outcome(state: Option<DeliveryState>) -> Tone {
    let (class, mark, word) = match state {
        Some(DeliveryState::Accepted) => ("ok", "●", "Accepted"),
        Some(DeliveryState::Queued) => ("maintenance", "◇", "Waits"),
        Some(DeliveryState::Held) => ("quiet-state", "◇", "Held over"),
        Some(DeliveryState::Sending) => ("maintenance", "◇", "On its way"),
        Some(DeliveryState::Deferred) => ("degraded", "◐", "Put off"),
        Some(DeliveryState::Bounced) => ("partial", "◑", "No such address"),
        Some(DeliveryState::Refused) => ("partial", "◑", "Refused"),
        Some(DeliveryState::Suppressed) => ("quiet-state", "○", "Suppressed"),
        Some(DeliveryState::Superseded) => ("quiet-state", "○", "Overtaken"),
        Some(DeliveryState::Digested) => ("ok", "●", "In a digest"),
        Some(DeliveryState::Cancelled) | None => ("quiet-state", "○", "Not sent"),
    };
    Tone { class, mark, word }
}

/// What a subscriber hears about, in words.
fn hears_about(subscriber: &Subscriber, all: &[Component]) -> String {
    if subscriber.components.is_empty() {
        return "everything".into();
    }
    let names: Vec<&str> = subscriber
        .components
        .iter()
        .map(|id| all.iter().find(|c| c.id == *id).map_or("a part that is gone", |c| c.name.as_str()))
        .collect();
    match names.as_slice() {
        [some @ .., last] if some.len() < 3 => {
            some.iter().map(|n| format!("{n}, ")).collect::<String>() + last
        }
        many => format!("{}, {}, and {} more", many[0], many[1], many.len() - 2),
    }
}
