//! Looking after endpoints: noting that one fails or works again, telling its owner by mail, and ending what is gone.

use amends_model::{BroadcastId, Endpoint, SubscriberState, Suppression, SuppressionReason};
use amends_store::{StoreError, Tx, endpoint, page, subscriber, suppression};
use jiff::Timestamp;

use super::Dispatch;
use super::outcome::{Care, care};
use crate::channel::{Errand, Said};
use crate::judge::Verdict;
use crate::message::{Content, EndpointNotice, compose};
use crate::plan;

/// Whether a verdict says that the endpoint did not take what it was sent.
fn is_failure(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Accepted | Verdict::NotSent)
}

impl Dispatch {
    /// Notes what these answers say about the endpoints themselves.
    pub(super) async fn look_after(
        &self,
        tx: &mut Tx,
        answers: &[(&Errand, &Said)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut works, mut fails) = (Vec::new(), Vec::new());
        for (errand, said) in answers {
            if said.verdict == Verdict::HardBounce && !self.is_theirs() {
                let opted_out = said.words.contains("21610");
                let fresh = Suppression {
                    channel: self.channel(),
                    address: errand.delivery.address.clone(),
                    reason: if opted_out { SuppressionReason::OptedOut } else { SuppressionReason::Bounced },
                    detail: said.words.clone(),
                    at: now,
                };
                suppression::add(tx, &[fresh]).await?;
            }
            let Some(e) = &errand.endpoint else { continue };
            if said.verdict == Verdict::Accepted {
                if e.failing_since.is_some() {
                    works.push(e.subscriber_id.clone());
                }
            } else if is_failure(said.verdict) {
                if e.failing_since.is_none() && self.is_theirs() {
                    fails.push(e.subscriber_id.clone());
                }
                let since = e.failing_since.filter(|_| self.is_theirs());
                match care(said.verdict, since, e.told_at.is_some(), now) {
                    Care::Note => {}
                    Care::Tell => self.tell_owner(tx, e, &errand.delivery.address, said, now).await?,
                    Care::End(why) => self.end(tx, e, &errand.delivery.address, why, said, now).await?,
                }
            }
        }
        endpoint::works(tx, &works).await?;
        endpoint::fails(tx, &fails, now).await
    }

    async fn tell_owner(
        &self,
        tx: &mut Tx,
        e: &Endpoint,
        address: &str,
        said: &Said,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Another message may have told meanwhile.
        let Some(known) = endpoint::get(tx, &e.subscriber_id).await?.filter(|k| k.told_at.is_none()) else {
            return Ok(());
        };
        let shown = self.channel().shown(address);
        let text = format!(
            "{shown} does not take our messages. It said: `{}`\n\nWe go on trying for five days, with growing pauses. \
             What could not be delivered meanwhile can be sent again from the page below.",
            said.words.replace('`', "'")
        );
        self.write_to_owner(tx, &known, "Your endpoint does not answer", text, now).await?;
        endpoint::put(tx, &[Endpoint { told_at: Some(now), ..known }]).await
    }

    async fn end(
        &self,
        tx: &mut Tx,
        e: &Endpoint,
        address: &str,
        why: &str,
        said: &Said,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(mut found) = subscriber::get(tx, &e.subscriber_id).await? else { return Ok(()) };
        if found.state != SubscriberState::Confirmed {
            return Ok(());
        }
        (found.state, found.ended_at, found.updated_at) = (SubscriberState::Unsubscribed, Some(now), now);
        subscriber::update(tx, &found).await?;
        let known = endpoint::get(tx, &e.subscriber_id).await?.unwrap_or_else(|| e.clone());
        let shown = self.channel().shown(address);
        let text = format!(
            "Nothing is sent to {shown} any more: {why}. It said last: `{}`\n\nSubscribe it again on the status page when it is mended.",
            said.words.replace('`', "'")
        );
        tracing::info!(subscriber = %e.subscriber_id, channel = %self.channel(), why, "a subscription has ended");
        self.write_to_owner(tx, &known, "Your endpoint gets no more messages", text, now).await?;
        endpoint::put(tx, &[Endpoint { ended_why: Some(format!("{why}: {}", said.words)), ..known }]).await
    }

    async fn write_to_owner(
        &self,
        tx: &mut Tx,
        e: &Endpoint,
        title: &str,
        text: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(page) = page::get(tx).await?.filter(|_| !e.owner.is_empty()) else { return Ok(()) };
        let content = Content::Endpoint(EndpointNotice {
            subscriber_id: e.subscriber_id.to_string(),
            title: title.into(),
            text,
            url: self.links.manage_url(&self.links.subscriber_token(&e.subscriber_id)),
            at: now,
        });
        let subject = compose(&self.settings.letterhead(&page), &content).subject().to_owned();
        let mut id = [0; amends_model::ID_LENGTH];
        (self.random)(&mut id);
        plan::enqueue_single(tx, BroadcastId::from_random(id), &content, &subject, &e.owner, now).await?;
        Ok(())
    }
}
