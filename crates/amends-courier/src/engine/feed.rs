//! The next batch, on its way from who claims it to the lines that are at work, so that they need not run dry between the
//! two.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::batch::Batch;

/// One place for a batch.
#[derive(Default)]
pub(super) struct Feed {
    place: Mutex<Option<Batch>>,
    offered: Notify,
    taken: Notify,
    over: AtomicBool,
}

impl Feed {
    fn place(&self) -> MutexGuard<'_, Option<Batch>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers a batch; the place is empty.
    pub(super) fn offer(&self, batch: Batch) {
        *self.place() = Some(batch);
        self.offered.notify_one();
    }

    /// Waits so long until the batch that was offered is taken or nobody will take it any more.
    pub(super) async fn is_settled(&self, within: Duration) -> bool {
        timeout(within, self.taken.notified()).await.is_ok()
    }

    /// Waits for an offer.
    pub(super) async fn offered(&self) {
        self.offered.notified().await;
    }

    /// The batch that is offered, if it is as wanted.
    pub(super) fn take_if(&self, is_wanted: impl FnOnce(&Batch) -> bool) -> Option<Batch> {
        let batch = self.place().take_if(|batch| is_wanted(batch));
        if batch.is_some() {
            self.taken.notify_one();
        }
        batch
    }

    /// Nothing will be taken any more.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.taken.notify_one();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// What was not taken.
    pub(super) fn into_rest(self) -> Option<Batch> {
        self.place.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
