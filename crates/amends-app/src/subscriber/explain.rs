//! "Why did X not get it?", answered for each recent broadcast in words.

use super::team::find;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::health::ChannelState;
use amends_courier::channel::{Address, KEPT};
use amends_courier::plan::delivery_ids;
use amends_model::local_time::show_with_zone;
use amends_model::preference::{Course, Unwanted, Word};
use amends_model::{
    Action, Broadcast, BroadcastId, BroadcastKind, Channel, Component, Delivery, DeliveryState, Hold, Impact,
    Resource, Subscriber, SubscriberState, Suppression,
};
use amends_store::{Keyset, broadcast, component, delivery, suppression};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

/// As many recent broadcasts are explained.
const RECENT: usize = 30;

/// What is known about one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The address.
    pub address: String,
    /// Its subscription, if there is one.
    pub subscriber: Option<Subscriber>,
    /// Why it must not be written to, if so.
    pub suppression: Option<Suppression>,
    /// How things stand, in a sentence or two.
    pub standing: String,
    /// Recent broadcasts and single mails, newest first.
    pub messages: Vec<Explained>,
}

/// Why one message came or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Explained {
    /// The broadcast.
    pub broadcast_id: BroadcastId,
    /// What it was.
    pub kind: BroadcastKind,
    /// Its subject line.
    pub subject: String,
    /// When it was made.
    pub at: Timestamp,
    /// Where the delivery stands; none if there never was one.
    pub state: Option<DeliveryState>,
    /// Why, in words.
    pub explanation: String,
}

impl App {
    /// Answers, for the latest broadcasts and for every mail to it alone, why this address got them or did not.
    pub async fn explain_address(
        &self,
        caller: &Caller,
        id_or_address: &str,
    ) -> Result<Explanation, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let mut tx = self.read().await?;
        let found = match find(&mut tx, id_or_address).await {
            Ok(found) => Some(found),
            Err(AppError::NotFound(_)) if id_or_address.contains(['@', ':', '+']) => None,
            Err(error) => return Err(error),
        };
        let (channel, address) = match &found {
            Some(found) => (found.channel, found.address.clone()),
            None => match Address::read(None, id_or_address) {
                Ok(read) => (read.channel, read.text),
                Err(_) => (Channel::Email, id_or_address.trim().to_lowercase()),
            },
        };
        let suppression = suppression::get(&mut tx, channel, &address).await?;
        let failing: Vec<_> = self.channels_in(&mut tx).await?.into_iter().filter(|c| c.failing).collect();
        let zone = &caller.time_zone;
        let mut messages = Vec::new();
        let got = delivery::to_address(&mut tx, &address, RECENT).await?;
        for b in broadcast::list(&mut tx, &Keyset::start(), RECENT).await? {
            let d = match got.iter().find(|d| d.broadcast_id == b.id && d.channel == channel) {
                Some(d) => Some(d.clone()),
                // It may have gone to a subscription that is no more.
                None => delivery::among(&mut tx, &delivery_ids(&b.id, channel, &address)).await?,
            };
            let words = match &d {
                Some(d) => of_delivery(d, &failing, zone),
                None => of_absence(&b, found.as_ref(), zone),
            };
            messages.push(explained(&b, d.as_ref(), words));
        }
        for d in got {
            let alone = d.subscriber_id.is_none()
                || messages.iter().all(|m: &Explained| m.broadcast_id != d.broadcast_id);
            if alone && let Some(b) = broadcast::get(&mut tx, &d.broadcast_id).await? {
                messages.push(explained(&b, Some(&d), of_delivery(&d, &failing, zone)));
            }
        }
        messages.sort_by_key(|m| std::cmp::Reverse(m.at));
        if found.is_none() && messages.iter().all(|m| m.state.is_none()) {
            // An address that nobody ever heard of; that it missed everything needs no list.
            messages.clear();
        }
        let all = component::all(&mut tx).await?;
        let standing = standing(found.as_ref(), &all, suppression.as_ref(), &failing, zone);
        Ok(Explanation { address, subscriber: found, suppression, standing, messages })
    }
}

fn explained(b: &Broadcast, d: Option<&Delivery>, words: String) -> Explained {
    Explained {
        broadcast_id: b.id.clone(),
        kind: b.kind,
        subject: b.subject.clone(),
        at: b.created_at,
        state: d.map(|d| d.state),
        explanation: words,
    }
}

fn standing(
    subscriber: Option<&Subscriber>,
    all: &[Component],
    suppression: Option<&Suppression>,
    failing: &[ChannelState],
    zone: &TimeZone,
) -> String {
    let when = |at: Timestamp| show_with_zone(at, zone);
    let mut out = match subscriber {
        None => "This address is not subscribed.".to_owned(),
        Some(s) => match s.state {
            SubscriberState::Pending => format!(
                "Asked for on {}, but the link in the confirmation mail was not followed, so nothing is sent.",
                when(s.created_at)
            ),
            SubscriberState::Unsubscribed => match s.ended_at {
                Some(at) => format!("Unsubscribed on {}.", when(at)),
                None => "Unsubscribed.".into(),
            },
            SubscriberState::Confirmed if s.components.is_empty() => "Subscribed to everything.".into(),
            SubscriberState::Confirmed => {
                let gone = s.components.iter().filter(|id| all.iter().all(|c| c.id != **id)).count();
                match (s.components.len(), gone) {
                    (1, 0) => "Subscribed to one part of the page.".into(),
                    (1, _) => "Subscribed to one part, which is not on the page any more.".into(),
                    (parts, 0) => format!("Subscribed to {parts} parts of the page."),
                    (parts, gone) if parts == gone => {
                        format!("Subscribed to {parts} parts, none of which is on the page any more.")
                    }
                    (parts, gone) => format!(
                        "Subscribed to {parts} parts; {gone} of them {} not on the page any more.",
                        if gone == 1 { "is" } else { "are" }
                    ),
                }
            }
        },
    };
    let wishing = subscriber.filter(|s| s.state == SubscriberState::Confirmed);
    let wishes = wishing.map(|s| s.preferences.in_words()).unwrap_or_default();
    if !wishes.is_empty() {
        out.push_str(&format!(" Wants to hear {}.", wishes.join(", ")));
    }
    if let Some(s) = suppression {
        out.push_str(&format!(" The address is suppressed since {} ({}", when(s.at), s.reason));
        out.push_str(&if s.detail.is_empty() { ").".to_owned() } else { format!(": {}).", s.detail) });
        out.push_str(" Nothing is sent until somebody lifts that.");
    } else if let Some(fault) = wishing.and_then(|s| failing.iter().find(|c| c.channel == s.channel)) {
        out.push_str(&match fault.channel {
            Channel::Email => format!(" Mail to everybody is held now: {}.", fault.reason),
            other => format!(" Nothing gets through to anybody by {other} now: {}.", fault.reason),
        });
    }
    out
}

/// Why a delivery stands where it does; pure.
fn of_delivery(d: &Delivery, failing: &[ChannelState], zone: &TimeZone) -> String {
    let waits = matches!(d.state, DeliveryState::Held | DeliveryState::Digested | DeliveryState::Superseded);
    let words = in_state(d, failing, zone);
    match d.hold {
        Some(hold) if !waits => format!("First {}. {words}", held(Some(hold))),
        _ => words,
    }
}

fn in_state(d: &Delivery, failing: &[ChannelState], zone: &TimeZone) -> String {
    let when = |at: Timestamp| show_with_zone(at, zone);
    let said = d.reply.as_deref().map(|r| format!(" It said: “{r}”.")).unwrap_or_default();
    let is_mail = d.channel == Channel::Email;
    let waits = matches!(d.state, DeliveryState::Queued | DeliveryState::Deferred);
    if let Some(fault) = failing.iter().find(|c| waits && c.channel == d.channel) {
        let since = when(fault.since);
        return format!("Held since {since}, because {}. It goes out when that is mended.", fault.reason);
    }
    if let Some(at) = d.delivered_at.filter(|_| d.state == DeliveryState::Accepted) {
        let (whom, advice) = match d.channel {
            Channel::Email => {
                ("the mail server", " If they do not see it, ask them to look into the spam folder, too.")
            }
            Channel::Sms => ("the gateway for text messages", ""),
            _ => ("their server", ""),
        };
        let accepted = when(d.updated_at);
        return format!(
            "Taken by {whom} at {accepted}, and delivered: that was reported at {}.{said}{advice}",
            when(at)
        );
    }
    match d.state {
        DeliveryState::Queued => "Waits for its turn.".into(),
        DeliveryState::Held => match d.hold {
            Some(Hold::Digest) => format!("Held over for their digest, which goes at {}.", when(d.next_at)),
            Some(Hold::Cap) => format!(
                "Held back, because they got as much within an hour as anybody may; what is held back comes together at {}.",
                when(d.next_at)
            ),
            Some(Hold::Quiet) | None => {
                format!("Held over during their quiet hours; it goes at {}.", when(d.next_at))
            }
        },
        DeliveryState::Digested => {
            format!("Not sent by itself: {}.", d.reply.as_deref().unwrap_or("told in a digest"))
        }
        DeliveryState::Sending if is_mail => "On its way to the mail server now.".into(),
        DeliveryState::Accepted if d.channel == Channel::Sms => {
            format!("Taken by the gateway for text messages at {}.{said}", when(d.updated_at))
        }
        DeliveryState::Sending => "On its way to their server now.".into(),
        DeliveryState::Deferred if d.attempts == 0 => {
            format!(
                "Not tried yet, because their server did not answer just before; tried at {}.",
                when(d.next_at)
            )
        }
        DeliveryState::Deferred => {
            format!("Put off after {} attempts; tried again at {}.{said}", d.attempts, when(d.next_at))
        }
        DeliveryState::Accepted if d.reply.as_deref() == Some(KEPT) => format!(
            "Kept in the built-in viewer at {}, because no mail server is configured: it reached nobody.",
            when(d.updated_at)
        ),
        DeliveryState::Accepted if !is_mail => {
            format!("Taken by their server at {}.{said}", when(d.updated_at))
        }
        DeliveryState::Accepted => format!(
            "Accepted by the mail server at {}.{said} What it did with it then is in its own log; ask them to look into the spam folder, too.",
            when(d.updated_at)
        ),
        DeliveryState::Bounced if !is_mail => {
            format!("Their server said at {} that it is gone for good.{said}", when(d.updated_at))
        }
        DeliveryState::Bounced => {
            format!(
                "The address does not exist, says the receiving side.{said} It was suppressed at {}.",
                when(d.updated_at)
            )
        }
        DeliveryState::Refused => format!("Not taken by the receiving side.{said} The subscription stays."),
        DeliveryState::Suppressed => "Not sent, because the address was suppressed.".into(),
        DeliveryState::Cancelled => {
            format!("Not sent: {}.", d.reply.as_deref().unwrap_or("no longer subscribed"))
        }
        DeliveryState::Superseded if d.hold.is_some() && d.attempts == 0 => {
            format!("Not sent: while it was {}, newer word on the same matter went instead.", held(d.hold))
        }
        DeliveryState::Superseded => {
            "Not sent again, because newer word on the same matter was on its way already.".into()
        }
    }
}

/// Why something was held, in words that go on a sentence.
fn held(hold: Option<Hold>) -> &'static str {
    match hold {
        Some(Hold::Digest) => "held over for their digest",
        Some(Hold::Cap) => "held back, because they got as much within an hour as anybody may",
        Some(Hold::Quiet) | None => "held over during their quiet hours",
    }
}

/// Why there is no delivery at all; pure.
fn of_absence(b: &Broadcast, subscriber: Option<&Subscriber>, zone: &TimeZone) -> String {
    let when = |at: Timestamp| show_with_zone(at, zone);
    let Some(s) = subscriber else { return "Not sent: the address is not subscribed.".into() };
    match (s.state, s.confirmed_at, s.ended_at) {
        (SubscriberState::Pending, ..) if s.created_at > b.created_at => {
            return format!(
                "Not sent: the subscription was asked for only afterwards, at {}.",
                when(s.created_at)
            );
        }
        (SubscriberState::Pending, ..) => return "Not sent: the subscription is not confirmed.".into(),
        (_, Some(confirmed), _) if confirmed > b.created_at => {
            return format!(
                "Not sent: the subscription was confirmed only afterwards, at {}.",
                when(confirmed)
            );
        }
        (SubscriberState::Unsubscribed, _, Some(ended)) => {
            return format!("Not sent: unsubscribed at {}.", when(ended));
        }
        (SubscriberState::Unsubscribed, ..) => return "Not sent: unsubscribed.".into(),
        (SubscriberState::Confirmed, ..) => {}
    }
    if b.cancelled_at.is_some() {
        return "Not sent: the broadcast was stopped by a person.".into();
    }
    if b.planned_at.is_none() {
        return "Not yet: who gets it is still being written down.".into();
    }
    let chosen = s.components.is_empty() || s.components.iter().any(|c| b.audience.components.contains(c));
    let word = Word { kind: b.kind, impact: b.audience.impact };
    let course = s.preferences.course(word, b.created_at, None);
    if let (true, Course::Skip(unwanted)) = (chosen, course) {
        return match unwanted {
            Unwanted::PlannedWork => "Not sent: they do not want to hear of planned work.".into(),
            Unwanted::Milder => format!(
                "Not sent: they want to hear only of what is {} or worse, and this was {}.",
                s.preferences.minimum_impact,
                b.audience.impact.unwrap_or(Impact::None)
            ),
        };
    }
    if chosen {
        "Not sent: when it went out, the address had chosen to hear of other things.".into()
    } else {
        "Not sent: it is about parts of the page that the address did not choose.".into()
    }
}
