//! The audit log: every change, by whom.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::paging::{Listed, Paging};
use amends_model::{Action, Actor, Resource};
use amends_store::audit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Place in the log, from 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what kind of thing.
    pub resource: Resource,
    /// Which one.
    pub resource_id: String,
    /// More, as JSON; never a secret.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

/// So many lines are looked through for one answer: some 20 ms of work, and months of changes.
const STRETCH: i64 = 20_000;

/// Which lines of the audit log are asked for; all when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what was done to this kind of thing.
    pub resource: Option<Resource>,
    /// Only what was done to this one.
    pub resource_id: Option<String>,
    /// Only what somebody did whose id this is, or whose name holds this text.
    pub actor: Option<String>,
}

impl App {
    /// The audit log, newest first. Where lines are sought that no index knows, one answer is what stands in the next
    /// 20,000 lines: it may be short, or empty, and go on all the same.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        paging: &Paging,
    ) -> Result<Listed<AuditEntry>, AppError> {
        caller.require(Action::Read, Resource::Audit)?;
        let limit = paging.limit()?;
        let wrong = || AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before");
        let before = match &paging.cursor {
            None => None,
            Some(cursor) => Some(cursor.parse::<i64>().ok().filter(|n| *n > 0).ok_or_else(wrong)?),
        };
        let some = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let which = audit::Which {
            resource: filter.resource,
            resource_id: some(&filter.resource_id),
            actor: some(&filter.actor),
            stretch: Some(STRETCH),
        };
        let found = audit::list(&mut self.read().await?, &which, before, limit + 1).await?;
        let mut items: Vec<_> = found
            .entries
            .into_iter()
            .map(|e| AuditEntry {
                seq: e.seq,
                at: e.at,
                actor: e.actor,
                action: e.action,
                resource: e.resource,
                resource_id: e.resource_id,
                detail: e.detail,
            })
            .collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = if more { items.last().map(|last| last.seq) } else { found.reached };
        let next_cursor = last.map(|seq| seq.to_string());
        Ok(Listed { items, next_cursor })
    }
}
