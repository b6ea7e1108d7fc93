//! What every change leaves behind, in the same transaction: an audit line and a line in the change feed.

use crate::caller::Caller;
use crate::error::AppError;
use amends_model::{Action, Resource};
use amends_store::{Tx, audit, feed};
use jiff::Timestamp;
use serde_json::Value as Json;

/// Notes that `caller` did `action` to `resource` `id`. Call it last: both logs are numbered without gaps, and their
/// counters are held until the transaction ends. `detail` must hold no secret.
pub(crate) async fn changed(
    tx: &mut Tx,
    caller: &Caller,
    action: Action,
    resource: Resource,
    id: &str,
    detail: Json,
    now: Timestamp,
) -> Result<(), AppError> {
    audit::push(tx, now, &caller.actor, action, resource, id, &detail).await?;
    feed::push(tx, resource.as_str(), id, now).await?;
    Ok(())
}
