//! What owners of endpoints (and the team for them) do besides: renew the signing secret, send a test, see what came of the
//! last messages, and have what was missed sent again.

use super::own::gone;
use super::team::find;
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::record;
use amends_courier::channel::{SECRET_STAYS, secret_text};
use amends_courier::message::{self, Content, Test};
use amends_courier::plan::{self, To};
use amends_model::{
    Action, BroadcastId, Channel, Delivery, Endpoint, Resource, Subscriber, SubscriberId, SubscriberState,
};
use amends_store::{Tx, delivery, endpoint, subscriber};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

/// Tests of one endpoint in a day.
const TESTS: u64 = 20;
/// As many messages are shown.
const SHOWN: usize = 10;
/// What was missed is kept to be sent again for so long.
const MISSED: SignedDuration = SignedDuration::from_hours(5 * 24);

/// A signing secret, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SigningSecret {
    /// `whsec_…`: what messages are signed with from now on.
    pub secret: String,
    /// Until when they are signed with the one before it, too; none if there was none.
    pub previous_until: Option<Timestamp>,
}

/// How many messages go out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Replayed {
    /// So many were not taken in the last five days, and are on their way again.
    pub sent_again: u64,
}

/// How an endpoint does, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct EndpointHealth {
    /// Mail address of whoever looks after it; empty when nobody said.
    pub owner: String,
    /// Since when it takes nothing; none while it works.
    pub failing_since: Option<Timestamp>,
    /// Why we ended the subscription, if we did.
    pub ended_why: Option<String>,
    /// When its secret was last renewed.
    pub rotated_at: Option<Timestamp>,
    /// The last messages to it, newest first.
    pub deliveries: Vec<Delivery>,
}

impl App {
    async fn own_endpoint(&self, token: &str) -> Result<SubscriberId, AppError> {
        self.links().await?.subscriber(token).map_err(super::own::not_taken)
    }

    /// How an endpoint does, by its owner's token; none for mail.
    pub async fn endpoint_health(&self, token: &str) -> Result<Option<EndpointHealth>, AppError> {
        let id = self.own_endpoint(token).await?;
        let mut tx = self.read().await?;
        let found = subscriber::get(&mut tx, &id).await?.ok_or_else(gone)?;
        health(&mut tx, &found).await
    }

    /// How an endpoint does, for the team; none for mail.
    pub async fn subscriber_endpoint(
        &self,
        caller: &Caller,
        id_or_address: &str,
    ) -> Result<Option<EndpointHealth>, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let mut tx = self.read().await?;
        let found = find(&mut tx, id_or_address).await?;
        health(&mut tx, &found).await
    }

    /// Renews the signing secret by the owner's token. The one before it goes on being used beside it for a day.
    pub async fn renew_own_secret(&self, token: &str) -> Result<SigningSecret, AppError> {
        let id = self.own_endpoint(token).await?;
        self.renew(&Caller::system("the subscriber"), &id).await
    }

    /// Renews the signing secret of a webhook.
    pub async fn renew_secret(
        &self,
        caller: &Caller,
        id_or_address: &str,
    ) -> Result<SigningSecret, AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let found = find(&mut self.read().await?, id_or_address).await?;
        self.renew(caller, &found.id).await
    }

    async fn renew(&self, caller: &Caller, id: &SubscriberId) -> Result<SigningSecret, AppError> {
        let now = self.now();
        let links = self.links().await?;
        let mut tx = self.begin().await?;
        let found = confirmed(&mut tx, id).await?;
        if found.channel != Channel::Webhook {
            return Err(AppError::Refused("only webhooks have a signing secret".into()));
        }
        let mut e = known(&mut tx, id).await?;
        let lately = e.rotated_at.is_some_and(|at| now.duration_since(at) < SignedDuration::from_mins(1));
        if lately {
            // Twice at once would leave the receiver without a secret that it knows.
            return Err(AppError::TooMany { seconds: 60 });
        }
        (e.generation, e.rotated_at) = (e.generation + 1, Some(now));
        endpoint::put(&mut tx, std::slice::from_ref(&e)).await?;
        let detail = json!({"secret": "renewed"});
        record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        let secret = secret_text(&links.signing_secret(id, e.generation));
        Ok(SigningSecret { secret, previous_until: now.checked_add(SECRET_STAYS).ok() })
    }

    /// Sends a test message by the owner's token.
    pub async fn test_own_endpoint(&self, token: &str) -> Result<(), AppError> {
        let id = self.own_endpoint(token).await?;
        self.test(&Caller::system("the subscriber"), &id).await
    }

    /// Sends a test message to a subscriber.
    pub async fn test_subscriber(&self, caller: &Caller, id_or_address: &str) -> Result<(), AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let found = find(&mut self.read().await?, id_or_address).await?;
        self.test(caller, &found.id).await
    }

    async fn test(&self, caller: &Caller, id: &SubscriberId) -> Result<(), AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let found = confirmed(&mut tx, id).await?;
        let note = format!("test of {id}");
        let (today, _) =
            subscriber::confirmations(&mut tx, &note, now - SignedDuration::from_hours(24)).await?;
        if today >= TESTS {
            return Err(AppError::TooMany { seconds: 3600 });
        }
        subscriber::note_confirmation(&mut tx, &amends_model::id_text(self.random()), &note, now).await?;
        let url = self.mail().public_url.clone();
        let content = Content::Test(Test { subscriber_id: id.to_string(), url, at: now });
        let page = page_of(&mut tx).await?;
        let subject = message::compose(&self.mail().letterhead(&page), &content).subject().to_owned();
        let to = To { channel: found.channel, address: &found.address, subscriber: Some(id.clone()) };
        plan::enqueue_to(&mut tx, self.new_id(BroadcastId::from_random), &content, &subject, to, now).await?;
        let detail = json!({"test": "sent"});
        record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, id.as_str(), detail, now)
            .await?;
        self.commit(tx).await
    }

    /// Sends what an endpoint did not take in the last five days again, by the owner's token; answers how many.
    pub async fn replay_own(&self, token: &str) -> Result<u64, AppError> {
        let id = self.own_endpoint(token).await?;
        self.replay(&Caller::system("the subscriber"), &id).await
    }

    /// Sends what an endpoint did not take in the last five days again, for the team.
    pub async fn replay_subscriber(
        &self,
        caller: &Caller,
        id_or_address: &str,
    ) -> Result<Replayed, AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let found = find(&mut self.read().await?, id_or_address).await?;
        Ok(Replayed { sent_again: self.replay(caller, &found.id).await? })
    }

    async fn replay(&self, caller: &Caller, id: &SubscriberId) -> Result<u64, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let found = confirmed(&mut tx, id).await?;
        let count = endpoint::replay(&mut tx, found.channel, &found.address, now - MISSED, now).await?;
        let detail = json!({"sent_again": count});
        record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(count)
    }
}

async fn confirmed(tx: &mut Tx, id: &SubscriberId) -> Result<Subscriber, AppError> {
    let found = subscriber::get(tx, id).await?.ok_or_else(gone)?;
    if found.state != SubscriberState::Confirmed {
        return Err(AppError::Refused("this subscription is not confirmed, or has ended".into()));
    }
    if found.channel == Channel::Email {
        return Err(AppError::Refused(
            "this is for subscribers with a server or chat room of their own".into(),
        ));
    }
    Ok(found)
}

async fn known(tx: &mut Tx, id: &SubscriberId) -> Result<Endpoint, AppError> {
    Ok(endpoint::get(tx, id).await?.unwrap_or_else(|| Endpoint::new(id.clone(), String::new())))
}

async fn health(tx: &mut Tx, found: &Subscriber) -> Result<Option<EndpointHealth>, AppError> {
    if found.channel == Channel::Email {
        return Ok(None);
    }
    let e = known(tx, &found.id).await?;
    let mut deliveries = delivery::to_address(tx, &found.address, SHOWN).await?;
    deliveries.retain(|d| d.channel == found.channel);
    Ok(Some(EndpointHealth {
        owner: e.owner,
        failing_since: e.failing_since,
        ended_why: e.ended_why,
        rotated_at: e.rotated_at,
        deliveries,
    }))
}
