//! The application as the desk behind the public forms.

use super::desk::{Ask, Asked, Desk, DeskError, Subscription};
use super::source::Reply;
use amends_app::App;
use amends_model::ComponentId;

fn closed<T>() -> Result<T, DeskError> {
    Err(DeskError::Unavailable("subscriptions are not taken yet".into()))
}

impl Desk for App {
    fn subscribe(&self, _ask: Ask) -> Reply<'_, Asked, DeskError> {
        Box::pin(async { closed() })
    }
    fn confirm(&self, _token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { closed() })
    }
    fn look(&self, _token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { closed() })
    }
    fn choose(&self, _token: String, _components: Vec<ComponentId>) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { closed() })
    }
    fn unsubscribe(&self, _token: String) -> Reply<'_, (), DeskError> {
        Box::pin(async { closed() })
    }
}
