//! Measuring how far a broadcast got and how fast, to the last subscriber: once, when nothing of it is left to send.

use crate::context::App;
use crate::error::AppError;
use amends_model::Broadcast;
use amends_model::broadcast::Reach;
use amends_store::{Tx, broadcast};
use std::collections::HashMap;

/// As many are measured at a time.
const SOME: usize = 20;

impl App {
    /// Measures broadcasts that have finished; answers how many. A duty.
    pub async fn measure_broadcasts(&self) -> Result<usize, AppError> {
        let found = broadcast::unmeasured(&mut self.read().await?, SOME).await?;
        for b in &found {
            let reach = Reach::of(&broadcast::tallies(&mut self.read().await?, b).await?);
            let mut tx = self.begin().await?;
            broadcast::measured(&mut tx, &b.id, &reach).await?;
            tx.commit().await?;
        }
        Ok(found.len())
    }
}

/// How far a broadcast got, if it is finished: as it was measured, or measured now.
pub(crate) async fn known(tx: &mut Tx, b: &Broadcast) -> Result<Option<Vec<Reach>>, AppError> {
    if b.finished_at.is_none() {
        return Ok(None);
    }
    if let Some(known) = broadcast::reach(tx, &b.id).await? {
        return Ok(Some(known));
    }
    Ok(Some(Reach::of(&broadcast::tallies(tx, b).await?)))
}

/// How far the updates of an incident got, in words, by the update.
pub(crate) async fn of_updates(tx: &mut Tx, incident: &str) -> Result<HashMap<String, String>, AppError> {
    let mut out = HashMap::new();
    for b in broadcast::of_thread(tx, &format!("incident-{incident}")).await? {
        let reach = known(tx, &b).await?;
        if let Some(words) = reach.as_deref().and_then(Reach::in_words) {
            out.insert(b.about, words);
        }
    }
    Ok(out)
}
