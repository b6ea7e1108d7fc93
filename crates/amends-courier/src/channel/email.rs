//! Mail through the configured mail server.

use std::sync::Arc;

use amends_egress::Door;
use amends_model::Channel;

use super::{Answer, Boxed, Carrier, Line, LineEnd, Postmaster, Task};
use crate::judge::{Verdict, judge};
use crate::smtp::{End, MailServer, Outcome, Session};

/// The configured mail server.
pub struct Email {
    door: Door,
    server: MailServer,
    postmaster: Arc<Postmaster>,
}

impl Email {
    /// Opens nothing yet.
    pub fn new(door: Door, server: MailServer, postmaster: Arc<Postmaster>) -> Self {
        Self { door, server, postmaster }
    }
}

impl Carrier for Email {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn lines(&self) -> usize {
        self.server.connections.clamp(1, 200)
    }

    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>> {
        Box::pin(async {
            match Session::open(&self.door, &self.server).await {
                Ok(session) => {
                    let line = EmailLine { session, postmaster: self.postmaster.clone() };
                    Ok(Box::new(line) as Box<dyn Line>)
                }
                Err(e) => Err(e.to_string()),
            }
        })
    }
}

struct EmailLine {
    session: Session,
    postmaster: Arc<Postmaster>,
}

/// What the wire told, for the record.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replied(_, reply) => reply.to_string(),
        Outcome::Unknown(why) => format!("handed over, but then {why}"),
        Outcome::NotSent(why) | Outcome::Impossible(why) => why.clone(),
    }
}

impl Line for EmailLine {
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd> {
        Box::pin(async move {
            // A key that cannot sign is found while the next parcel is made, where no answer can be given yet.
            let mut unsigned = Vec::new();
            let postmaster = &self.postmaster;
            let unsigned_here = &mut unsigned;
            let end = self
                .session
                .deliver(
                    || {
                        let task = next()?;
                        match postmaster.parcel(&task) {
                            Ok(parcel) => Some((task, parcel)),
                            Err(why) => {
                                unsigned_here.push((task, why));
                                None
                            }
                        }
                    },
                    |task, outcome| done(task, Answer { verdict: judge(&outcome), words: words(&outcome) }),
                )
                .await;
            for (task, words) in unsigned {
                done(task, Answer { verdict: Verdict::ChannelFailure, words });
            }
            match end {
                End::Drained => LineEnd::Drained,
                End::Gone(why) => LineEnd::Gone(why),
            }
        })
    }

    fn close(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(self.session.close())
    }
}
