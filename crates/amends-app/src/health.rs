//! How the installation is: what the record itself knows, and what an examination of everything around it finds.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::mail::MailState;
use amends_model::{Action, Channel, Resource, Suppression};
use amends_store::{EngineKind, Keyset, suppression};
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// Will hurt sooner or later.
    Warning,
    /// Does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at, in a word.
    pub what: &'static str,
    /// What was seen.
    pub says: String,
    /// What to do; empty when nothing is to be done.
    pub remedy: String,
}

/// Looks at everything around the record (clock, disk, mail server, DNS, public address). Wired in: it reaches out to the
/// network, which the use cases do not.
pub type Examiner = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<Finding>> + Send>> + Send + Sync>;

/// How this node's search index is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SearchHealth {
    /// Whether everything can be found.
    pub complete: bool,
    /// How many records can be found.
    pub indexed: u64,
    /// Of how many.
    pub records: u64,
}

/// How the installation is, as its record knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Version of Amends.
    pub version: &'static str,
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Messages that are held, because the mail server does not take them; 0 while it does.
    pub held: u64,
    /// How mail is doing.
    pub mail: MailState,
    /// Addresses that are not written to any more.
    pub suppressed: u64,
    /// The newest of them.
    pub last_suppressed: Option<Suppression>,
    /// The search index of the node that answers; none when it cannot be read.
    pub search: Option<SearchHealth>,
}

impl App {
    /// How the installation is, as its record knows.
    pub async fn health(&self, caller: &Caller) -> Result<Health, AppError> {
        caller.require(Action::Read, Resource::Health)?;
        let mut tx = self.read().await?;
        let mail = self.mail_state_in(&mut tx).await?;
        let suppressed = suppression::count(&mut tx).await?;
        // Addresses are for those who may see subscribers.
        let last_suppressed = if caller.may(Action::Read, Resource::Subscriber) {
            let newest = suppression::list(&mut tx, &Keyset::start(), 1).await?;
            newest.into_iter().find(|s| s.channel == Channel::Email)
        } else {
            None
        };
        let database = match tx.kind() {
            EngineKind::Sqlite => "sqlite",
            EngineKind::Postgres => "postgresql",
        };
        drop(tx);
        let search = match self.search_progress().await {
            Ok((complete, indexed, records)) => Some(SearchHealth { complete, indexed, records }),
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be read");
                None
            }
        };
        let held = if mail.held { mail.waiting } else { 0 };
        Ok(Health {
            version: env!("CARGO_PKG_VERSION"),
            database,
            held,
            mail,
            suppressed,
            last_suppressed,
            search,
        })
    }

    /// Looks at everything around the record; takes seconds. For who runs the installation.
    pub async fn examine(&self, caller: &Caller) -> Result<Vec<Finding>, AppError> {
        caller.require(Action::Edit, Resource::Page)?;
        match self.examiner() {
            Some(examiner) => Ok(examiner().await),
            None => Ok(Vec::new()),
        }
    }
}
