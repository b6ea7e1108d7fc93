//! When a subscriber wants to hear, and of what else than parts of the page: chosen by themselves or by the team for them.

use super::Subscription;
use super::own::{gone, not_taken};
use super::team::find;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::record;
use amends_model::{Action, Preferences, Resource, Subscriber, SubscriberState};
use amends_store::{Tx, held, subscriber};
use serde_json::json;

impl App {
    /// Takes preferences by the owner's token. What was held for them goes out now, as they wish it from now on.
    pub async fn prefer(&self, token: &str, preferences: Preferences) -> Result<Subscription, AppError> {
        let id = self.links().await?.subscriber(token).map_err(not_taken)?;
        let mut tx = self.begin().await?;
        let found = subscriber::get(&mut tx, &id).await?.ok_or_else(gone)?;
        if found.state != SubscriberState::Confirmed {
            return Err(AppError::Refused(
                "this subscription has ended; subscribe again on the status page".into(),
            ));
        }
        let found = self.keep_preferences(tx, &Caller::system("the subscriber"), found, preferences).await?;
        Ok(Subscription { subscriber: found, token: token.to_owned(), secret: None })
    }

    /// Sets the preferences of a subscriber. What was held for them goes out now.
    pub async fn set_preferences(
        &self,
        caller: &Caller,
        id_or_address: &str,
        preferences: Preferences,
    ) -> Result<Subscriber, AppError> {
        caller.require(Action::Edit, Resource::Subscriber)?;
        let mut tx = self.begin().await?;
        let found = find(&mut tx, id_or_address).await?;
        self.keep_preferences(tx, caller, found, preferences).await
    }

    async fn keep_preferences(
        &self,
        mut tx: Tx,
        caller: &Caller,
        mut found: Subscriber,
        preferences: Preferences,
    ) -> Result<Subscriber, AppError> {
        preferences.check(found.channel).map_err(AppError::Invalid)?;
        let now = self.now();
        (found.preferences, found.updated_at) = (preferences, now);
        subscriber::update(&mut tx, &found).await?;
        held::due_now(&mut tx, &found.id, now).await?;
        let detail = json!({"preferences": found.preferences});
        record::changed(&mut tx, caller, Action::Edit, Resource::Subscriber, found.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(found)
    }

    /// Hands over what was held until its recipients want to hear and is due; answers how many messages that were. A duty.
    pub async fn hand_over_held(&self) -> Result<usize, AppError> {
        let mut count = 0;
        loop {
            let (clock, random) = (self.clock(), self.random_source());
            let some = amends_courier::over::some(self.store(), self.mail(), &clock, &random).await?;
            if some == 0 {
                break;
            }
            count += some;
            self.nudge_couriers();
        }
        Ok(count)
    }
}
