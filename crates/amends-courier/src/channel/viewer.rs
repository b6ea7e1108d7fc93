//! The built-in viewer: where mail goes while no mail server is configured. Nothing leaves the machine.

use std::sync::Arc;

use amends_model::{Channel, DeliveryId};
use amends_store::{Store, mailbox};
use jiff::Timestamp;

use super::{Answer, Boxed, Carrier, Line, LineEnd, Postmaster, Task};
use crate::judge::Verdict;

/// What the viewer says of a mail that it took: the reply that its delivery keeps.
pub const KEPT: &str = "kept in the built-in viewer";

/// The built-in mailbox.
pub struct Viewer {
    store: Store,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    postmaster: Arc<Postmaster>,
}

impl Viewer {
    /// Over the store.
    pub fn new(
        store: Store,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        postmaster: Arc<Postmaster>,
    ) -> Self {
        Self { store, clock, postmaster }
    }
}

impl Carrier for Viewer {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn lines(&self) -> usize {
        1
    }

    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>> {
        let (store, clock, postmaster) = (self.store.clone(), self.clock.clone(), self.postmaster.clone());
        Box::pin(async move { Ok(Box::new(ViewerLine { store, clock, postmaster }) as Box<dyn Line>) })
    }
}

struct ViewerLine {
    store: Store,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    postmaster: Arc<Postmaster>,
}

/// Mails put in with one transaction.
const AT_ONCE: usize = 200;

impl ViewerLine {
    async fn put(&self, mails: &[(mailbox::Mail, Vec<u8>)]) -> Result<(), amends_store::StoreError> {
        let mut tx = self.store.begin().await?;
        mailbox::put(&mut tx, mails).await?;
        tx.commit().await
    }

    fn mail(&self, task: &Task) -> Result<(mailbox::Mail, Vec<u8>), String> {
        let parcel = self.postmaster.parcel(task);
        let seal = self.postmaster.seal(task, &parcel.message)?;
        let delivery_id: DeliveryId = task.delivery.id.clone();
        let mail = mailbox::Mail {
            number: 0,
            at: (self.clock)(),
            sender: parcel.from,
            recipient: parcel.to,
            subject: self.postmaster.subject(task),
            delivery_id,
        };
        Ok((mail, [seal.as_bytes(), &parcel.message].concat()))
    }
}

impl Line for ViewerLine {
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd> {
        Box::pin(async move {
            loop {
                let (mut tasks, mut mails) = (Vec::new(), Vec::new());
                while tasks.len() < AT_ONCE
                    && let Some(task) = next()
                {
                    match self.mail(&task) {
                        Ok(mail) => {
                            mails.push(mail);
                            tasks.push(task);
                        }
                        Err(words) => done(task, Answer { verdict: Verdict::ChannelFailure, words }),
                    }
                }
                if tasks.is_empty() {
                    return LineEnd::Drained;
                }
                let (verdict, words) = match self.put(&mails).await {
                    Ok(()) => (Verdict::Accepted, KEPT.to_owned()),
                    Err(e) => (Verdict::ChannelFailure, e.to_string()),
                };
                for task in tasks {
                    done(task, Answer { verdict, words: words.clone() });
                }
            }
        })
    }

    fn close(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(async {})
    }
}
