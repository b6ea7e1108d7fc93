//! What subscribers do themselves: ask, confirm, choose, leave. Nobody signs in for it; a link in a mail is the key.

use super::chosen;
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::incident::full_name;
use crate::record;
use amends_courier::Links;
use amends_courier::channel::{Address, Proof, kind, secret_text};
use amends_courier::links::TokenError;
use amends_courier::message::{self, Confirm, Content};
use amends_courier::plan::{self, To};
use amends_model::{
    Action, BroadcastId, Channel, Component, ComponentId, Endpoint, Origin, Resource, Subscriber,
    SubscriberId, SubscriberState, text,
};
use amends_store::{Tx, component, endpoint, sms, subscriber, suppression};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::net::IpAddr;
use std::num::NonZeroU32;

/// Confirmation mails to one address in a day. Beyond, the form answers as always and sends nothing.
const PER_ADDRESS: u64 = 3;
/// Confirmation mails in a day in all.
const IN_ALL: u64 = 2_000;
/// Endpoints at one host that may be asked for in a day.
const PER_HOST: u64 = 20;
/// How long the link of a confirmation works.
const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_hours(48);
/// Requests from one source: this many at once, and one more every two minutes.
const PER_SOURCE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Sources that are remembered before forgetting those that have calmed down.
const SOURCES: usize = 20_000;

/// How often the public form may be used from one source.
pub(crate) struct FormBudget {
    limiter: DefaultKeyedRateLimiter<[u8; 8]>,
}

impl Default for FormBudget {
    fn default() -> Self {
        let period = std::time::Duration::from_secs(120);
        let quota =
            Quota::with_period(period).unwrap_or(Quota::per_minute(PER_SOURCE)).allow_burst(PER_SOURCE);
        Self { limiter: RateLimiter::keyed(quota) }
    }
}

impl FormBudget {
    pub(super) fn take(&self, source: IpAddr) -> Result<(), AppError> {
        if self.limiter.len() > SOURCES {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&source_of(source)).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            AppError::TooMany { seconds: wait.as_secs().max(1) }
        })
    }
}

/// One source: an IPv4 address, or the /64 that one household or machine has of IPv6.
fn source_of(address: IpAddr) -> [u8; 8] {
    let mut out = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(v4) => out[4..].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => out.copy_from_slice(&v6.octets()[..8]),
    }
    out
}

/// A wish to subscribe, from the form on the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// How messages are to go; none for what the address looks like.
    pub channel: Option<Channel>,
    /// The address, as typed.
    pub address: String,
    /// For an endpoint that cannot be asked itself: the mail address of whoever looks after it, as typed.
    pub owner: Option<String>,
    /// Only about these components; empty for everything.
    pub components: Vec<ComponentId>,
    /// Where the request came from, for its budget; none when that is not known.
    pub source: Option<IpAddr>,
}

/// A subscription as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The subscription.
    pub subscriber: Subscriber,
    /// The token of its owner's pages (choose, leave).
    pub token: String,
    /// The secret that messages are signed with, when it is shown: once, with the confirmation of a webhook.
    pub secret: Option<String>,
}

pub(super) fn gone() -> AppError {
    AppError::NotFound("subscription")
}

pub(super) fn not_taken(error: TokenError) -> AppError {
    match error {
        TokenError::Unknown => gone(),
        TokenError::Expired => {
            AppError::Refused("this link is too old; subscribe again on the status page".into())
        }
    }
}

impl App {
    /// Takes a wish to subscribe and sends the mail that asks for confirmation. Answers the same whether the address
    /// was known or not, so that nobody can find out who subscribes.
    ///
    /// For an address that is sent a code, answers the name under which the code is typed in.
    ///
    /// Errors: the address cannot be one; the source or the whole form was used too often.
    pub async fn subscribe(&self, wish: Subscribe) -> Result<Option<String>, AppError> {
        let (to, owner) = self.read_wish(&wish)?;
        if let Some(source) = wish.source {
            self.form_budget().take(source)?;
        }
        let asked = if owner.is_empty() { to.text.clone() } else { owner.clone() };
        let now = self.now();
        let links = self.links().await?;
        let mut tx = self.begin().await?;
        let all = component::all(&mut tx).await?;
        let components = chosen(&all, &wish.components)?;
        let day_ago = now - SignedDuration::from_hours(24);
        let (to_address, in_all) = subscriber::confirmations(&mut tx, &asked, day_ago).await?;
        if in_all >= IN_ALL {
            tracing::warn!(in_all, "the subscription form sent its mails for today");
            return Err(AppError::TooMany { seconds: 3600 });
        }
        let proof = kind(to.channel).proof;
        if proof == Proof::Code && self.too_many_codes(&mut tx, day_ago).await? {
            return Err(AppError::TooMany { seconds: 3600 });
        }
        // From here on nothing may tell a known address from an unknown one.
        let mut code = None;
        if proof == Proof::Code {
            code = Some(self.new_code(&mut tx, now).await?);
        }
        if to_address >= PER_ADDRESS || suppression::get(&mut tx, to.channel, &to.text).await?.is_some() {
            tx.commit().await?;
            return Ok(code);
        }
        if !to.is_at_known_service() && self.too_many_at(&mut tx, &to, day_ago, now).await? {
            return Ok(None);
        }
        let Some(found) = self.note_wish(&mut tx, &to, &owner, components, now).await? else {
            return Ok(code);
        };
        match &code {
            Some(code) => self.send_code(&mut tx, &links, &found, code, now).await?,
            None => self.ask_to_confirm(&mut tx, &links, &all, &found, now).await?,
        }
        let detail = json!({"asked_on_the_page": true});
        let caller = Caller::system("the form on the page");
        record::changed(
            &mut tx,
            &caller,
            Action::Create,
            Resource::Subscriber,
            found.id.as_str(),
            detail,
            now,
        )
        .await?;
        self.commit(tx).await?;
        Ok(code)
    }

    /// Checks what was typed: the address on its channel, and its owner's mail address where one is needed.
    fn read_wish(&self, wish: &Subscribe) -> Result<(Address, String), AppError> {
        let field = match wish.channel {
            None | Some(Channel::Email) => "email",
            Some(Channel::Sms) => "number",
            Some(_) => "endpoint",
        };
        let to = Address::read(wish.channel, &wish.address).map_err(|e| AppError::field(field, e))?;
        if to.channel == Channel::Email {
            return Ok((to, String::new()));
        }
        let owner = match kind(to.channel).proof {
            Proof::Itself | Proof::Code => String::new(),
            Proof::Owner => text::email("email", wish.owner.as_deref().unwrap_or_default())
                .map_err(|e| AppError::Invalid(e.into()))?,
        };
        self.vet(&to).map_err(|e| AppError::field(field, e))?;
        Ok((to, owner))
    }

    /// Whether one host was named too often in a day: the form must not be a way to bomb it.
    pub(super) async fn too_many_at(
        &self,
        tx: &mut Tx,
        to: &Address,
        day_ago: Timestamp,
        now: Timestamp,
    ) -> Result<bool, AppError> {
        let host =
            to.text.split("://").nth(1).unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
        let (at_host, _) = subscriber::confirmations(tx, host, day_ago).await?;
        if at_host >= PER_HOST {
            return Ok(true);
        }
        subscriber::note_confirmation(tx, &amends_model::id_text(self.random()), host, now).await?;
        Ok(false)
    }

    /// Sends the message that asks whether a subscription is wanted, or tells that there is one already.
    pub(super) async fn ask_to_confirm(
        &self,
        tx: &mut Tx,
        links: &Links,
        all: &[Component],
        found: &Subscriber,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let confirmed = found.state == SubscriberState::Confirmed;
        let valid_until = now + CONFIRM_WITHIN;
        let names = all.iter().filter(|c| found.components.contains(&c.id)).map(|c| full_name(all, c));
        let content = Content::Confirm(Confirm {
            subscriber_id: found.id.to_string(),
            components: names.collect(),
            url: if confirmed {
                links.manage_url(&links.subscriber_token(&found.id))
            } else {
                links.confirm_url(&links.confirm_token(&found.id, valid_until))
            },
            valid_until,
            subscribed_already: confirmed,
            endpoint: (kind(found.channel).proof == Proof::Owner)
                .then(|| found.channel.shown(&found.address)),
            code: None,
        });
        let (channel, address) = match kind(found.channel).proof {
            Proof::Itself | Proof::Code => (found.channel, found.address.clone()),
            Proof::Owner => {
                let owner = endpoint::get(tx, &found.id).await?.map(|e| e.owner).unwrap_or_default();
                if owner.is_empty() {
                    return Err(AppError::field(
                        "owner",
                        "is needed: the mail address that is asked whether they want it",
                    ));
                }
                (Channel::Email, owner)
            }
        };
        self.send_question(tx, &content, channel, &address, now).await
    }

    /// Puts a question on its way, and counts it.
    pub(super) async fn send_question(
        &self,
        tx: &mut Tx,
        content: &Content,
        channel: Channel,
        address: &str,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let note = amends_model::id_text(self.random());
        subscriber::note_confirmation(tx, &note, address, now).await?;
        let page = page_of(tx).await?;
        let subject = message::compose(&self.mail().letterhead(&page), content).subject().to_owned();
        let to = To { channel, address, subscriber: None };
        plan::enqueue_to(tx, self.new_id(BroadcastId::from_random), content, &subject, to, now).await?;
        Ok(())
    }

    /// Keeps what was wished for until it is confirmed. What a confirmed subscriber chose is not touched: whoever
    /// typed the address need not be its owner. None when somebody else looks after it: they are not bothered, and whoever
    /// asked learns nothing.
    async fn note_wish(
        &self,
        tx: &mut Tx,
        to: &Address,
        owner: &str,
        components: Vec<ComponentId>,
        now: Timestamp,
    ) -> Result<Option<Subscriber>, AppError> {
        match subscriber::get_by_address(tx, to.channel, &to.text).await? {
            Some(found) if found.state == SubscriberState::Confirmed => {
                let known = endpoint::get(tx, &found.id).await?;
                let theirs = known.is_none_or(|e| e.owner == owner);
                Ok(Some(found).filter(|_| theirs))
            }
            Some(mut found) => {
                (found.components, found.updated_at) = (components, now);
                subscriber::update(tx, &found).await?;
                if to.channel != Channel::Email {
                    let known = endpoint::get(tx, &found.id).await?;
                    let known = known.unwrap_or_else(|| Endpoint::new(found.id.clone(), String::new()));
                    endpoint::put(tx, &[Endpoint { owner: owner.to_owned(), ..known }]).await?;
                }
                Ok(Some(found))
            }
            None => self.newcomer(tx, to, owner, components, now).await.map(Some),
        }
    }

    /// Keeps somebody whom nobody knew, until they confirm.
    pub(super) async fn newcomer(
        &self,
        tx: &mut Tx,
        to: &Address,
        owner: &str,
        components: Vec<ComponentId>,
        now: Timestamp,
    ) -> Result<Subscriber, AppError> {
        let id = self.new_id(SubscriberId::from_random);
        let fresh = Subscriber { components, ..Subscriber::new(id, to.channel, &to.text, Origin::Page, now) };
        subscriber::insert_many(tx, std::slice::from_ref(&fresh)).await?;
        if to.channel != Channel::Email {
            endpoint::put(tx, &[Endpoint::new(fresh.id.clone(), owner.to_owned())]).await?;
        }
        Ok(fresh)
    }

    /// Confirms a subscription by the token of its confirmation mail. Confirming twice is no error.
    ///
    /// Errors: the token is not one of ours, is too old, or the subscription was taken out meanwhile.
    pub async fn confirm_subscription(&self, token: &str) -> Result<Subscription, AppError> {
        let now = self.now();
        let links = self.links().await?;
        let id = links.confirmed(token, now).map_err(not_taken)?;
        self.confirm_found(self.begin().await?, &links, &id, now).await
    }

    /// Confirms a subscription whose owner has shown that it is theirs.
    pub(super) async fn confirm_found(
        &self,
        mut tx: Tx,
        links: &Links,
        id: &SubscriberId,
        now: Timestamp,
    ) -> Result<Subscription, AppError> {
        let mut found = subscriber::get(&mut tx, id).await?.ok_or_else(gone)?;
        let mut secret = None;
        if found.state != SubscriberState::Confirmed {
            // Who comes back gets a new secret: the old one may have gone elsewhere.
            if let Some(e) = endpoint::get(&mut tx, id).await? {
                let generation = if found.confirmed_at.is_some() { e.generation + 1 } else { e.generation };
                let fresh = Endpoint { generation, details: e.details, ..Endpoint::new(id.clone(), e.owner) };
                endpoint::put(&mut tx, &[fresh]).await?;
                let is_signed = found.channel == Channel::Webhook;
                secret = is_signed.then(|| secret_text(&links.signing_secret(id, generation)));
            }
            (found.state, found.origin) = (SubscriberState::Confirmed, Origin::Page);
            (found.confirmed_at, found.ended_at, found.updated_at) = (Some(now), None, now);
            subscriber::update(&mut tx, &found).await?;
            self.own_change(&mut tx, &found, Action::Edit, "confirmed", now).await?;
        }
        self.commit(tx).await?;
        Ok(Subscription { token: links.subscriber_token(id), subscriber: found, secret })
    }

    /// Looks at a subscription by its owner's token. Changes nothing.
    pub async fn look_at_subscription(&self, token: &str) -> Result<Subscription, AppError> {
        let id = self.links().await?.subscriber(token).map_err(not_taken)?;
        let found = subscriber::get(&mut self.read().await?, &id).await?.ok_or_else(gone)?;
        Ok(Subscription { subscriber: found, token: token.to_owned(), secret: None })
    }

    /// Chooses what a subscriber hears about; empty for everything.
    pub async fn choose(&self, token: &str, components: &[ComponentId]) -> Result<Subscription, AppError> {
        let now = self.now();
        let id = self.links().await?.subscriber(token).map_err(not_taken)?;
        let mut tx = self.begin().await?;
        let mut found = subscriber::get(&mut tx, &id).await?.ok_or_else(gone)?;
        if found.state != SubscriberState::Confirmed {
            return Err(AppError::Refused(
                "this subscription has ended; subscribe again on the status page".into(),
            ));
        }
        let all = component::all(&mut tx).await?;
        (found.components, found.updated_at) = (chosen(&all, components)?, now);
        subscriber::update(&mut tx, &found).await?;
        self.own_change(&mut tx, &found, Action::Edit, "chose", now).await?;
        self.commit(tx).await?;
        Ok(Subscription { subscriber: found, token: token.to_owned(), secret: None })
    }

    /// Ends a subscription, at once. Ending what has ended, or was taken out, is no error.
    ///
    /// Errors: the token is not one of ours.
    pub async fn unsubscribe(&self, token: &str) -> Result<(), AppError> {
        let now = self.now();
        let id = self.links().await?.subscriber(token).map_err(not_taken)?;
        let mut tx = self.begin().await?;
        let Some(mut found) = subscriber::get(&mut tx, &id).await? else { return Ok(()) };
        if found.state == SubscriberState::Unsubscribed {
            return Ok(());
        }
        found.state = SubscriberState::Unsubscribed;
        (found.ended_at, found.updated_at) = (Some(now), now);
        subscriber::update(&mut tx, &found).await?;
        self.own_change(&mut tx, &found, Action::Remove, "left", now).await?;
        self.commit(tx).await
    }

    pub(super) async fn own_change(
        &self,
        tx: &mut Tx,
        found: &Subscriber,
        action: Action,
        what: &str,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let caller = Caller::system("the subscriber");
        let detail = json!({"did": what});
        record::changed(tx, &caller, action, Resource::Subscriber, found.id.as_str(), detail, now).await
    }

    /// Forgets confirmation mails that no budget counts any more. A duty.
    pub async fn forget_confirmations(&self) -> Result<u64, AppError> {
        let mut tx = self.begin().await?;
        let now = self.now();
        let count = subscriber::forget_confirmations(&mut tx, now - SignedDuration::from_hours(25)).await?;
        sms::forget(&mut tx, now, super::phone::day(now) - 7).await?;
        tx.commit().await?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_has_a_budget_and_others_have_their_own() {
        let budget = FormBudget::default();
        let one: IpAddr = "203.0.113.7".parse().expect("address");
        for _ in 0..10 {
            assert!(budget.take(one).is_ok());
        }
        let refused = budget.take(one);
        assert!(matches!(refused, Err(AppError::TooMany { seconds: 1..=120 })), "{refused:?}");
        assert!(
            budget.take("::ffff:203.0.113.7".parse().expect("address")).is_err(),
            "the same, written otherwise"
        );
        assert!(budget.take("203.0.113.8".parse().expect("address")).is_ok());
        let v6 = |s: &str| s.parse::<IpAddr>().expect("address");
        assert_eq!(source_of(v6("2001:db8:1:2::1")), source_of(v6("2001:db8:1:2:ffff::9")));
        assert_ne!(source_of(v6("2001:db8:1:2::1")), source_of(v6("2001:db8:1:3::1")));
    }
}
