//! Subscribers: what they do themselves on the page, and what the team does for them.

mod endpoint;
mod explain;
mod hub;
mod list;
mod own;
mod phone;
mod prefer;
mod team;

pub use amends_courier::channel::{HUB, Proof, PushKey, kind};
pub use amends_courier::feedback::{SmsPost, TWILIO};
pub use endpoint::{EndpointHealth, Replayed, SigningSecret};
pub use explain::{Explained, Explanation};
pub use hub::HubWish;
pub use list::{ImportReport, Problem};
pub(crate) use own::FormBudget;
pub use own::{Subscribe, Subscription};
pub use team::{AddSubscriber, SubscriberCounts, SubscriberFilter, Suppress};

use crate::error::AppError;
use crate::incident::full_name;
use amends_model::{Component, ComponentId};

/// A subscriber may choose this many components at most; who wants more wants everything.
const MAX_CHOSEN: usize = 200;

/// Finds components by id, name, or "Group - Name"; names are compared without case.
fn named(all: &[Component], wanted: &[String]) -> Result<Vec<ComponentId>, String> {
    let mut found = Vec::new();
    for text in wanted.iter().map(|w| w.trim()).filter(|w| !w.is_empty()) {
        let lower = text.to_lowercase();
        let is = |c: &&Component| {
            c.id.as_str() == text
                || c.name.to_lowercase() == lower
                || full_name(all, c).to_lowercase() == lower
        };
        let mut hits = all.iter().filter(|c| !c.archived).filter(is);
        match (hits.next(), hits.next()) {
            (Some(one), None) => found.push(one.id.clone()),
            (None, _) => return Err(format!("there is no component ‘{}’", shown(text))),
            (Some(_), Some(_)) => {
                return Err(format!(
                    "several components are called ‘{}’; write ‘Group - Name’ or the id",
                    shown(text)
                ));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Checks a choice that was made on the page by id. Components that are gone meanwhile are left out.
fn chosen(all: &[Component], wanted: &[ComponentId]) -> Result<Vec<ComponentId>, AppError> {
    let mut known: Vec<ComponentId> =
        wanted.iter().filter(|id| all.iter().any(|c| c.id == **id && !c.archived)).cloned().collect();
    known.sort();
    known.dedup();
    if known.is_empty() && !wanted.is_empty() {
        return Err(AppError::field("components", "are not on this page any more; choose again"));
    }
    if known.len() > MAX_CHOSEN {
        return Err(AppError::field(
            "components",
            format!("are more than {MAX_CHOSEN}; leave them out to get everything"),
        ));
    }
    Ok(known)
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
