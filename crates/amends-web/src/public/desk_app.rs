//! The application as the desk behind the public forms.

use super::desk::{Ask, Asked, Channel, Desk, DeskError, Subscription};
use super::source::Reply;
use crate::pages::capital;
use amends_app::subscriber::{
    EndpointHealth, HubWish, PushKey, SigningSecret, Subscribe, Subscription as Own,
};
use amends_app::{App, AppError};
use amends_model::{ComponentId, Preferences, SubscriberState, id_text};

impl From<AppError> for DeskError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(errors) => {
                let said: Vec<_> = errors
                    .0
                    .iter()
                    .map(|e| format!("The {} {}.", e.pointer.trim_start_matches('/'), e.detail))
                    .collect();
                DeskError::Wrong(said.join(" "))
            }
            AppError::NotFound(_) => DeskError::NoSuchToken,
            AppError::Refused(text) => DeskError::Wrong(format!("{}.", capital(&text))),
            AppError::TooMany { seconds } => DeskError::TooMany { seconds },
            other => DeskError::Unavailable(other.to_string()),
        }
    }
}

fn shown(own: Own) -> Subscription {
    Subscription {
        channel: own.subscriber.channel,
        address: own.subscriber.channel.shown(&own.subscriber.address),
        secret: own.secret,
        components: own.subscriber.components,
        preferences: own.subscriber.preferences,
        confirmed: own.subscriber.state == SubscriberState::Confirmed,
        token: own.token,
        created_at: own.subscriber.created_at,
    }
}

impl Desk for App {
    fn subscribe(&self, ask: Ask) -> Reply<'_, Asked, DeskError> {
        Box::pin(async move {
            use amends_model::Channel as By;
            let (channel, address, owner) = match ask.channel {
                Channel::Email(address) => (By::Email, address, None),
                Channel::Webhook { endpoint, email } => (By::Webhook, endpoint, Some(email)),
                Channel::Chat { channel, endpoint } => (channel, endpoint, None),
                Channel::Sms { number, .. } => (By::Sms, number, None),
            };
            if ask.incident.is_some() {
                let text =
                    "One incident alone cannot be subscribed to; choose parts of the page, or everything.";
                return Err(DeskError::Wrong(text.into()));
            }
            let (components, source) = (ask.components, ask.source);
            let wish = Subscribe { channel: Some(channel), address, owner, components, source };
            let code = App::subscribe(self, wish).await?;
            // Where there is no code, an id that leads nowhere: the real one would tell whether the address is known.
            Ok(Asked { id: code.unwrap_or_else(|| id_text(self.random())), created_at: self.now() })
        })
    }

    fn confirm(&self, token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { Ok(shown(self.confirm_subscription(&token).await?)) })
    }

    fn look(&self, token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { Ok(shown(self.look_at_subscription(&token).await?)) })
    }

    fn choose(&self, token: String, components: Vec<ComponentId>) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { Ok(shown(App::choose(self, &token, &components).await?)) })
    }

    fn unsubscribe(&self, token: String) -> Reply<'_, (), DeskError> {
        Box::pin(async move { Ok(App::unsubscribe(self, &token).await?) })
    }

    fn prefer(&self, token: String, preferences: Preferences) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { Ok(shown(App::prefer(self, &token, preferences).await?)) })
    }

    fn look_at_code(&self, id: String) -> Reply<'_, (), DeskError> {
        Box::pin(async move { Ok(App::look_at_code(self, &id).await?) })
    }

    fn confirm_by_code(&self, id: String, code: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { Ok(shown(App::confirm_by_code(self, &id, &code).await?)) })
    }

    fn push_key(&self) -> Reply<'_, String, DeskError> {
        Box::pin(async move { Ok(PushKey::new(&self.links().await?).public()) })
    }

    fn ask_hub(&self, wish: HubWish) -> Reply<'_, (), DeskError> {
        Box::pin(async move { Ok(App::ask_hub(self, wish).await?) })
    }

    fn health(&self, token: String) -> Reply<'_, Option<EndpointHealth>, DeskError> {
        Box::pin(async move { Ok(self.endpoint_health(&token).await?) })
    }

    fn renew(&self, token: String) -> Reply<'_, SigningSecret, DeskError> {
        Box::pin(async move { Ok(self.renew_own_secret(&token).await?) })
    }

    fn test(&self, token: String) -> Reply<'_, (), DeskError> {
        Box::pin(async move { Ok(self.test_own_endpoint(&token).await?) })
    }

    fn replay(&self, token: String) -> Reply<'_, u64, DeskError> {
        Box::pin(async move { Ok(self.replay_own(&token).await?) })
    }
}
