//! What the team does with subscribers and suppressed addresses.

use super::named;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::paging::{Listed, Paging};
use crate::record;
use amends_courier::channel::Address;
use amends_model::{
    Action, Channel, Endpoint, Origin, Resource, Subscriber, SubscriberId, SubscriberState, Suppression,
    SuppressionReason, text,
};
use amends_store::{Tx, component, endpoint, subscriber, suppression};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Which subscribers to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriberFilter {
    /// Only on this channel.
    pub channel: Option<Channel>,
    /// Only in this state.
    pub state: Option<SubscriberState>,
    /// Only whose address holds this.
    pub search: Option<String>,
}

/// How many subscribers there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SubscriberCounts {
    /// Asked for, not confirmed by the owner of the address.
    pub pending: u64,
    /// Get messages, unless their address is suppressed.
    pub confirmed: u64,
    /// Left.
    pub unsubscribed: u64,
    /// Addresses that must not be written to, subscribed or not.
    pub suppressed: u64,
}

/// Somebody to add by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddSubscriber {
    /// How messages go; by default what the address looks like.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Mail address, or the address that is posted to.
    pub address: String,
    /// For a webhook: the mail address of whoever looks after it, who is asked, and told when it fails.
    #[serde(default)]
    pub owner: Option<String>,
    /// Ids or names of components or groups; empty for everything.
    #[serde(default)]
    pub components: Vec<String>,
    /// Whether they have agreed already. Otherwise they get the mail that asks for it.
    #[serde(default)]
    pub confirmed: bool,
}

/// An address that must not be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suppress {
    /// Mail address, or the address that is posted to.
    pub address: String,
    /// Why; for whoever asks later.
    #[serde(default)]
    pub note: String,
}

fn read(field: &str, channel: Option<Channel>, address: &str) -> Result<Address, AppError> {
    Address::read(channel, address).map_err(|e| AppError::field(field, e))
}

impl App {
    /// Subscribers, newest first.
    pub async fn subscribers(
        &self,
        caller: &Caller,
        filter: &SubscriberFilter,
        paging: &Paging,
    ) -> Result<Listed<Subscriber>, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let search = text::optional_line("q", filter.search.as_deref(), 254)
            .map_err(|e| AppError::Invalid(e.into()))?;
        let which = subscriber::Which {
            state: filter.state,
            search: search.map(|s| s.to_lowercase()),
            channel: filter.channel,
        };
        let found = subscriber::list(&mut self.read().await?, &which, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |s| (s.created_at, s.id.to_string())))
    }

    /// How many subscribers there are in each state.
    pub async fn subscriber_counts(&self, caller: &Caller) -> Result<SubscriberCounts, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let mut tx = self.read().await?;
        let each = subscriber::count(&mut tx).await?;
        let of = |state| each.get(&state).copied().unwrap_or_default();
        Ok(SubscriberCounts {
            pending: of(SubscriberState::Pending),
            confirmed: of(SubscriberState::Confirmed),
            unsubscribed: of(SubscriberState::Unsubscribed),
            suppressed: suppression::count(&mut tx).await?,
        })
    }

    /// One subscriber, by id or address.
    pub async fn subscriber(&self, caller: &Caller, id_or_address: &str) -> Result<Subscriber, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        find(&mut self.read().await?, id_or_address).await
    }

    /// Adds a subscriber by hand, or gives one that is there another choice. Somebody who left or is suppressed is not
    /// brought back like this.
    pub async fn add_subscriber(
        &self,
        caller: &Caller,
        input: AddSubscriber,
    ) -> Result<Subscriber, AppError> {
        caller.require(Action::Create, Resource::Subscriber)?;
        let now = self.now();
        let to = read("address", input.channel, &input.address)?;
        let owner = match input.owner.as_deref().filter(|o| !o.trim().is_empty()) {
            Some(owner) => Some(text::email("owner", owner).map_err(|e| AppError::Invalid(e.into()))?),
            None => None,
        };
        self.vet(&to).map_err(|e| AppError::field("address", e))?;
        let links = self.links().await?;
        let mut tx = self.begin().await?;
        let all = component::all(&mut tx).await?;
        let components = named(&all, &input.components).map_err(|e| AppError::field("components", e))?;
        let found = match subscriber::get_by_address(&mut tx, to.channel, &to.text).await? {
            Some(found) if found.state == SubscriberState::Unsubscribed && input.confirmed => {
                return Err(AppError::Refused(format!(
                    "{} has unsubscribed; only its owner can come back, by the confirmation or the status page",
                    to.shown()
                )));
            }
            Some(mut found) => {
                if found.state == SubscriberState::Pending && input.confirmed {
                    (found.state, found.origin, found.confirmed_at) =
                        (SubscriberState::Confirmed, Origin::Team, Some(now));
                }
                (found.components, found.updated_at) = (components, now);
                subscriber::update(&mut tx, &found).await?;
                found
            }
            None => {
                let id = self.new_id(SubscriberId::from_random);
                let fresh = Subscriber::new(id, to.channel, &to.text, Origin::Team, now);
                let fresh = if input.confirmed { fresh.confirmed(now) } else { fresh };
                let fresh = Subscriber { components, ..fresh };
                subscriber::insert_many(&mut tx, std::slice::from_ref(&fresh)).await?;
                fresh
            }
        };
        if to.channel != Channel::Email {
            let known = endpoint::get(&mut tx, &found.id).await?;
            let mut e = known.unwrap_or_else(|| Endpoint::new(found.id.clone(), String::new()));
            e.owner = owner.unwrap_or(e.owner);
            endpoint::put(&mut tx, &[e]).await?;
        }
        if found.state != SubscriberState::Confirmed {
            self.ask_to_confirm(&mut tx, &links, &all, &found, now).await?;
        }
        let detail = json!({"address": to.shown()});
        record::changed(
            &mut tx,
            caller,
            Action::Create,
            Resource::Subscriber,
            found.id.as_str(),
            detail,
            now,
        )
        .await?;
        self.commit(tx).await?;
        Ok(found)
    }

    /// Takes a subscriber out for good: the address is forgotten, and may subscribe again. What was sent stays in the
    /// delivery log.
    pub async fn remove_subscriber(&self, caller: &Caller, id_or_address: &str) -> Result<(), AppError> {
        caller.require(Action::Remove, Resource::Subscriber)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let found = find(&mut tx, id_or_address).await?;
        subscriber::remove(&mut tx, &found.id).await?;
        // The address is not repeated in the audit log: it is to be forgotten.
        record::changed(
            &mut tx,
            caller,
            Action::Remove,
            Resource::Subscriber,
            found.id.as_str(),
            json!({}),
            now,
        )
        .await?;
        self.commit(tx).await
    }

    /// Suppressed addresses, newest first.
    pub async fn suppressions(
        &self,
        caller: &Caller,
        paging: &Paging,
    ) -> Result<Listed<Suppression>, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let limit = paging.limit()?;
        let after = suppression_cursor(paging)?;
        let found = suppression::list(&mut self.read().await?, &after, limit + 1).await?;
        let more = found.len() > limit;
        let items: Vec<Suppression> = found.into_iter().take(limit).collect();
        let next_cursor =
            items.last().filter(|_| more).map(|s| format!("{:x}-{}", s.at.as_microsecond(), hex(&s.address)));
        Ok(Listed { items, next_cursor })
    }

    /// Why an address is suppressed.
    pub async fn suppression(&self, caller: &Caller, address: &str) -> Result<Suppression, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let to = read("address", None, address)?;
        let found = suppression::get(&mut self.read().await?, to.channel, &to.text).await?;
        found.ok_or(AppError::NotFound("suppressed address"))
    }

    /// Which of these subscribers (at most 200) are suppressed, by address.
    pub async fn suppressed_among(
        &self,
        caller: &Caller,
        subscribers: &[Subscriber],
    ) -> Result<Vec<String>, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let mut tx = self.read().await?;
        let mut found = Vec::new();
        for channel in Channel::ALL.iter().copied() {
            let on = subscribers.iter().filter(|s| s.channel == channel);
            let addresses: Vec<&str> = on.map(|s| s.address.as_str()).collect();
            found.extend(suppression::among(&mut tx, channel, &addresses).await?);
        }
        Ok(found)
    }

    /// Makes sure that an address is not written to any more.
    pub async fn suppress(&self, caller: &Caller, input: Suppress) -> Result<Suppression, AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let now = self.now();
        let to = read("address", None, &input.address)?;
        let note =
            text::optional_line("note", Some(&input.note), 300).map_err(|e| AppError::Invalid(e.into()))?;
        let fresh = Suppression {
            channel: to.channel,
            address: to.text.clone(),
            reason: SuppressionReason::Team,
            detail: note.unwrap_or_default(),
            at: now,
        };
        let mut tx = self.begin().await?;
        suppression::add(&mut tx, std::slice::from_ref(&fresh)).await?;
        let kept = suppression::get(&mut tx, to.channel, &fresh.address).await?.unwrap_or(fresh);
        let detail = json!({"suppressed": to.shown()});
        record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, "suppression", detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(kept)
    }

    /// Lets an address be written to again.
    pub async fn lift_suppression(&self, caller: &Caller, address: &str) -> Result<(), AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let to = read("address", None, address)?;
        let mut tx = self.begin().await?;
        if !suppression::lift(&mut tx, to.channel, &to.text).await? {
            return Err(AppError::NotFound("suppressed address"));
        }
        let detail = json!({"lifted": to.shown()});
        record::changed(
            &mut tx,
            caller,
            Action::Edit,
            Resource::Subscriber,
            "suppression",
            detail,
            self.now(),
        )
        .await?;
        self.commit(tx).await
    }
}

pub(super) async fn find(tx: &mut Tx, id_or_address: &str) -> Result<Subscriber, AppError> {
    let found = match id_or_address.parse::<SubscriberId>() {
        Ok(id) => subscriber::get(tx, &id).await?,
        Err(_) => {
            let to = read("address", None, id_or_address)?;
            subscriber::get_by_address(tx, to.channel, &to.text).await?
        }
    };
    found.ok_or(AppError::NotFound("subscriber"))
}

/// Addresses are no cursor text, so they are written as hexadecimal digits.
fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn suppression_cursor(paging: &Paging) -> Result<amends_store::Keyset, AppError> {
    let Some(cursor) = &paging.cursor else { return Ok(amends_store::Keyset::start()) };
    let wrong = || AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before");
    let (at, address) = cursor.split_once('-').ok_or_else(wrong)?;
    let at = i64::from_str_radix(at, 16).ok().and_then(|at| jiff::Timestamp::from_microsecond(at).ok());
    let bytes: Option<Vec<u8>> = address
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()))
        .collect();
    let id = bytes.and_then(|b| String::from_utf8(b).ok()).ok_or_else(wrong)?;
    if id.chars().any(char::is_control) {
        return Err(wrong());
    }
    Ok(amends_store::Keyset { at: at.ok_or_else(wrong)?, id })
}
