//! Mail through the configured mail servers, in their order.

use std::sync::Arc;

use amends_egress::Door;
use amends_model::Channel;

use super::transports::{Breakers, Clock};
use super::{Answer, Boxed, Carrier, Line, LineEnd, Postmaster, Task, Way};
use crate::judge::{Verdict, judge};
use crate::smtp::{End, MailServer, Outcome, Parcel, Session};

/// The configured mail servers.
pub struct Email {
    door: Door,
    servers: Vec<MailServer>,
    breakers: Arc<Breakers>,
    clock: Clock,
    postmaster: Arc<Postmaster>,
}

impl Email {
    /// Opens nothing yet. The first server is used as long as it works.
    pub fn new(door: Door, servers: Vec<MailServer>, clock: Clock, postmaster: Arc<Postmaster>) -> Self {
        let breakers = Arc::new(Breakers::new(servers.len()));
        Self { door, servers, breakers, clock, postmaster }
    }

    fn name(&self, server: usize) -> String {
        self.servers.get(server).map(|s| format!("{}:{}", s.host, s.port)).unwrap_or_default()
    }

    async fn open_one(&self) -> Result<Box<dyn Line>, String> {
        let mut said: Vec<String> = Vec::new();
        for n in self.breakers.order((self.clock)()) {
            match Session::open(&self.door, &self.servers[n]).await {
                Ok(session) => {
                    self.breakers.opened(n);
                    let breakers = self.breakers.clone();
                    return Ok(Box::new(EmailLine {
                        session,
                        server: n,
                        breakers,
                        postmaster: self.postmaster.clone(),
                    }));
                }
                Err(e) => {
                    self.breakers.broke(n, (self.clock)());
                    said.push(e.to_string());
                }
            }
        }
        Err(said.join("; "))
    }
}

impl Carrier for Email {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn lines(&self) -> usize {
        self.servers.iter().map(|s| s.connections).max().unwrap_or(1).clamp(1, 200)
    }

    fn threads(&self) -> usize {
        if self.postmaster.signs() { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 }
    }

    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>> {
        Box::pin(self.open_one())
    }

    fn way(&self) -> Way {
        let place = self.breakers.order((self.clock)()).first().copied().unwrap_or_default();
        Way { place, name: self.name(place) }
    }

    fn fail_over(&self) -> bool {
        self.breakers.broke(self.breakers.used(), (self.clock)())
    }
}

struct EmailLine {
    session: Session,
    server: usize,
    breakers: Arc<Breakers>,
    postmaster: Arc<Postmaster>,
}

/// What the wire told, for the record.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Replied(_, reply) => reply.to_string(),
        Outcome::Unknown(why) => format!("handed over, but then {why}"),
        Outcome::NotSent(why) | Outcome::Impossible(why) | Outcome::Unsealed(why) => why.clone(),
    }
}

impl Line for EmailLine {
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd> {
        Box::pin(async move {
            let postmaster = &self.postmaster;
            let seal = |task: &Task, parcel: &Parcel| postmaster.seal(task, &parcel.message);
            let mut took_one = false;
            let end = self
                .session
                .deliver(
                    || {
                        let task = next()?;
                        let parcel = postmaster.parcel(&task);
                        Some((task, parcel))
                    },
                    if postmaster.signs() { Some(&seal) } else { None },
                    |task, outcome| {
                        let verdict = judge(&outcome);
                        took_one |= verdict == Verdict::Accepted;
                        done(task, Answer { verdict, words: words(&outcome) });
                    },
                )
                .await;
            if took_one {
                self.breakers.works(self.server);
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
