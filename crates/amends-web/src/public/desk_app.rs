//! The application as the desk behind the public forms.

use super::desk::{Ask, Asked, Channel, Desk, DeskError, Subscription};
use super::source::Reply;
use amends_app::subscriber::{Subscribe, Subscription as Own};
use amends_app::{App, AppError};
use amends_model::{ComponentId, SubscriberState, id_text};

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
            AppError::Refused(text) => DeskError::Wrong(text),
            AppError::TooMany { seconds } => DeskError::TooMany { seconds },
            other => DeskError::Unavailable(other.to_string()),
        }
    }
}

fn shown(own: Own) -> Subscription {
    Subscription {
        address: own.subscriber.address,
        components: own.subscriber.components,
        confirmed: own.subscriber.state == SubscriberState::Confirmed,
        token: own.token,
        created_at: own.subscriber.created_at,
    }
}

impl Desk for App {
    fn subscribe(&self, ask: Ask) -> Reply<'_, Asked, DeskError> {
        Box::pin(async move {
            let Channel::Email(address) = ask.channel else {
                return Err(DeskError::Wrong("Only mail is offered here; give a mail address.".into()));
            };
            if ask.incident.is_some() {
                let text =
                    "One incident alone cannot be subscribed to; choose parts of the page, or everything.";
                return Err(DeskError::Wrong(text.into()));
            }
            App::subscribe(self, Subscribe { address, components: ask.components, source: ask.source })
                .await?;
            // An id that leads nowhere: the real one would tell whether the address is known.
            Ok(Asked { id: id_text(self.random()), created_at: self.now() })
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
}
