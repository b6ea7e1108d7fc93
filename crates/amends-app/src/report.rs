//! What becomes of mail after it was accepted: bounces, complaints and wishes to leave, as providers and mail servers report
//! them. The address of a report that says so is suppressed, with the reason; a person can lift that.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::idempotency::{self, Answer, Taken};
use crate::record;
pub use amends_courier::feedback::Post as Incoming;
use amends_courier::feedback::{Event, Untaken, What, read_mail};
use amends_model::{
    Action, Channel, Delivery, DeliveryState, Resource, SubscriberState, Suppression, SuppressionReason,
};
use amends_store::{Tx, delivery, subscriber, suppression};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// What reports did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reported {
    /// Addresses that are not written to any more.
    pub suppressed: u64,
    /// Subscriptions that ended.
    pub left: u64,
    /// Messages that did not arrive.
    pub failed: u64,
    /// Messages that arrived.
    pub delivered: u64,
    /// Reports that changed nothing: delayed, known already, or about mail that is not ours.
    pub unchanged: u64,
}

impl App {
    /// Takes a webhook of a mail provider; who sent it is found out by its signature.
    ///
    /// Errors: there is no such provider, or none with a key; the signature is not right; it cannot be read.
    pub async fn take_report(&self, provider: &str, post: &Incoming<'_>) -> Result<Reported, AppError> {
        let desk = self.report_desk().ok_or(AppError::NotFound("mail provider"))?;
        let from = desk.reporter(provider).ok_or(AppError::NotFound("mail provider"))?;
        let report = desk.read(from, post, self.now()).await.map_err(|untaken| {
            tracing::warn!(provider, why = %untaken, "a report about mail was not taken");
            match untaken {
                Untaken::Unsigned(_) => AppError::Unauthenticated,
                Untaken::Unreadable(why) => AppError::field("body", why),
            }
        })?;
        let caller = Caller::system(&format!("{provider} reports"));
        if let Some(token) = &report.once {
            let digest = idempotency::digest("POST", provider, token.as_bytes());
            match self.take_key(&caller, token, &digest).await? {
                Taken::Fresh => {}
                _ => return Err(AppError::Refused("this report was taken before".into())),
            }
        }
        let done = self.note_reports(&caller, report.events).await;
        if let Some(token) = &report.once {
            match &done {
                Ok(_) => {
                    let answer = Answer { status: 200, headers: Vec::new(), body: String::new() };
                    self.keep_answer(&caller, token, &answer).await?;
                }
                Err(_) => self.release_key(&caller, token).await?,
            }
        }
        done
    }

    /// Takes a mail that came to the bounce or unsubscribe mailbox. One that is no report changes nothing.
    pub async fn take_report_mail(&self, caller: &Caller, raw: &[u8]) -> Result<Reported, AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let mut events = read_mail(raw);
        let mut left = 0;
        for token in events.iter().filter_map(|e| e.token.as_deref()) {
            // A token that is not ours: somebody wrote to the mailbox by hand.
            left += u64::from(self.unsubscribe(token).await.is_ok());
        }
        events.retain(|e| e.token.is_none());
        let done = self.note_reports(caller, events).await?;
        Ok(Reported { left: done.left + left, ..done })
    }

    async fn note_reports(&self, caller: &Caller, events: Vec<Event>) -> Result<Reported, AppError> {
        let mut done = Reported::default();
        for event in events {
            let now = self.now();
            let mut tx = self.begin().await?;
            let did = self.note_report(&mut tx, &event, now).await?;
            if did.delivered > 0 {
                // What went as it should needs no line in the audit log.
                self.commit(tx).await?;
                done.delivered += did.delivered;
                continue;
            }
            if did == Reported::default() {
                done.unchanged += 1;
                continue;
            }
            let detail = json!({"report": format!("{:?}", event.what).to_lowercase(), "said": event.detail});
            let id = event.delivery.as_ref().map_or("report", |d| d.as_str());
            record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, id, detail, now).await?;
            self.commit(tx).await?;
            done.suppressed += did.suppressed;
            done.left += did.left;
            done.failed += did.failed;
        }
        Ok(done)
    }

    async fn note_report(&self, tx: &mut Tx, event: &Event, now: Timestamp) -> Result<Reported, AppError> {
        let mut did = Reported::default();
        let about = match &event.delivery {
            Some(id) => delivery::get(tx, id).await?,
            None => None,
        };
        // A report names where a message ended up; who gets ours is the address that we wrote to.
        let address = about.as_ref().map(|d: &Delivery| d.address.clone()).or_else(|| event.address.clone());
        let Some(address) = address else { return Ok(did) };
        let found = subscriber::get_by_address(tx, Channel::Email, &address).await?;
        if about.is_none() && found.is_none() {
            // The same provider may carry other mail than ours.
            return Ok(did);
        }
        let state = match event.what {
            What::Bounced => Some(DeliveryState::Bounced),
            What::Refused | What::Rejected => Some(DeliveryState::Refused),
            _ => None,
        };
        if let (Some(state), Some(d)) = (state, &about) {
            did.failed = u64::from(delivery::reported(tx, &d.id, state, &event.detail, now).await?);
        }
        if let (What::Delivered, Some(d)) = (event.what, &about) {
            let said = if event.detail.is_empty() { "delivered" } else { event.detail.as_str() };
            did.delivered = u64::from(delivery::delivered(tx, &d.id, said, now).await?);
        }
        if event.what == What::Rejected {
            tracing::error!(said = %event.detail, "a receiving side does not want our mail");
        }
        let reason = match event.what {
            What::Bounced => Some(SuppressionReason::Bounced),
            What::Complained => Some(SuppressionReason::Complained),
            _ => None,
        };
        if let Some(reason) = reason {
            let fresh = Suppression {
                channel: Channel::Email,
                address: address.clone(),
                reason,
                detail: event.detail.clone(),
                at: now,
            };
            did.suppressed = suppression::add(tx, &[fresh]).await?;
        }
        if matches!(event.what, What::Complained | What::Unsubscribed)
            && let Some(mut found) = found.filter(|f| f.state == SubscriberState::Confirmed)
        {
            found.state = SubscriberState::Unsubscribed;
            (found.ended_at, found.updated_at) = (Some(now), now);
            subscriber::update(tx, &found).await?;
            did.left = 1;
        }
        Ok(did)
    }
}
