//! Rounds of `kill -9` at random moments while a broadcast is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Company;
use crate::http::{Client, Response};
use crate::smtp::{Message, Sink};

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// So many kills.
    pub kills: usize,
    /// Each comes at a random moment within this time after the program was ready.
    pub within: Duration,
    /// A broadcast must be with everybody so long after the last kill that hit it.
    pub patience: Duration,
    /// Makes the moments; the same seed makes the same ones.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Kills.
    pub kills: usize,
    /// Updates published.
    pub broadcasts: usize,
    /// Messages that should have come.
    pub expected: usize,
    /// Messages that were accepted, second copies included.
    pub accepted: usize,
    /// Recipients who did not get an update.
    pub lost: usize,
    /// Second copies, all with the Message-ID of the first.
    pub again: usize,
    /// Most second copies within one broadcast.
    pub again_at_most: usize,
    /// Kills during that broadcast.
    pub kills_then: usize,
    /// Messages with the same text for the same recipient under another Message-ID. Must be none.
    pub twice: usize,
    /// Messages that no update explains. Must be none.
    pub strange: usize,
    /// How long it took.
    pub seconds: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} broadcasts, {} messages expected, {} accepted: {} lost, {} sent again with the same Message-ID \
             (at most {} in one broadcast, of {} kills), {} told twice, {} strange; {} s",
            self.kills,
            self.broadcasts,
            self.expected,
            self.accepted,
            self.lost,
            self.again,
            self.again_at_most,
            self.kills_then,
            self.twice,
            self.strange,
            self.seconds
        )
    }
}

/// No request takes as long here.
const UNANSWERED: Duration = Duration::from_secs(15);

/// A small generator (xorshift), so that a seed tells the whole story again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Publishes as somebody does whose connection breaks: asks again with the same key, and looks before asking with another.
struct Publisher {
    clients: Vec<Client>,
    incident: String,
}

impl Publisher {
    fn attempt(&self, turn: usize, method: &str, path: &str, key: &str, body: &Value) -> Option<Response> {
        let client = &self.clients[turn % self.clients.len()];
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        client.attempt(method, path, &headers, body.to_string().as_bytes()).ok()
    }

    fn is_published(&self, turn: usize, marker: &str) -> Option<bool> {
        let client = &self.clients[turn % self.clients.len()];
        let path = format!("/api/v1/incidents/{}/events?limit=20", self.incident);
        let answer = client.attempt("GET", &path, &[], b"").ok()?;
        (answer.status == 200).then(|| answer.text().contains(marker))
    }

    fn publish(&self, number: usize, marker: &str) {
        let phases = ["investigating", "identified", "monitoring", "resolved"];
        let body = json!({ "text": format!("Word {marker} to everybody."), "phase": phases[number % 4] });
        let path = format!("/api/v1/incidents/{}/updates", self.incident);
        let until = Instant::now() + Duration::from_secs(120);
        let (mut key, mut begun) = (0, Instant::now());
        for turn in 0.. {
            assert!(Instant::now() < until, "update {marker} could not be published within two minutes");
            match self.attempt(turn, "POST", &path, &format!("{marker}-{key}"), &body) {
                Some(answer) if answer.status == 201 => return,
                // Among several nodes a request that was cut off looks for a while as if it were being done.
                Some(answer)
                    if answer.status == 409
                        && (answer.text().contains("cut-off") || begun.elapsed() > UNANSWERED) =>
                {
                    match self.is_published(turn, marker) {
                        Some(true) => return,
                        Some(false) => (key, begun) = (key + 1, Instant::now()),
                        None => {}
                    }
                }
                Some(answer) if answer.status < 500 && answer.status != 409 => {
                    panic!("update {marker} was refused: {}", answer.text())
                }
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Company {
    /// Publishes one update after another, each to everybody, and kills the nodes at random moments meanwhile.
    ///
    /// # Panics
    /// When an update cannot be published, or a node does not come back.
    #[must_use]
    pub fn kill_rounds(&mut self, rounds: Rounds) -> Tally {
        let began = Instant::now();
        let declared =
            self.json(&["incident", "declare", "--title", "Daily team emails not sent out", "--public"]);
        let incident = declared["id"].as_str().expect("an id").to_owned();
        let clients = (0..self.nodes.len()).map(|n| self.client(n)).collect();
        let publisher = Publisher { clients, incident };
        self.sink.clear();
        let (mut dice, mut tally) = (Dice(rounds.seed | 1), Tally::default());
        while tally.kills < rounds.kills {
            let marker = format!("update{:04}", tally.broadcasts);
            let (before, subscribers) = (tally.kills, self.subscribers);
            let done = AtomicBool::new(false);
            let mut got = std::thread::scope(|scope| {
                let (sink, publisher, done) = (&self.sink, &publisher, &done);
                let number = tally.broadcasts;
                let told = scope.spawn({
                    let marker = marker.clone();
                    move || {
                        publisher.publish(number, &marker);
                        let got = collect(sink, subscribers, rounds.patience);
                        done.store(true, Ordering::SeqCst);
                        got
                    }
                });
                while tally.kills < rounds.kills && !told.is_finished() && !done.load(Ordering::SeqCst) {
                    let pause = dice.below(rounds.within.as_millis() as u64);
                    std::thread::sleep(Duration::from_millis(pause));
                    if done.load(Ordering::SeqCst) {
                        break;
                    }
                    let node = dice.below(self.nodes.len() as u64) as usize;
                    self.nodes[node].kill();
                    self.nodes[node].restart();
                    tally.kills += 1;
                }
                told.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            // What comes late counts, too.
            std::thread::sleep(Duration::from_millis(200));
            got.extend(self.sink.take());
            tally.count(&got, &marker, subscribers, tally.kills - before);
            tally.broadcasts += 1;
        }
        tally.seconds = began.elapsed().as_secs();
        tally
    }
}

/// Takes what comes until so many recipients have something, or nothing new has come for the time of patience.
fn collect(sink: &Sink, recipients: usize, patience: Duration) -> Vec<Message> {
    let (mut got, mut have) = (Vec::new(), BTreeSet::new());
    let mut last = Instant::now();
    while have.len() < recipients && last.elapsed() < patience {
        let some = sink.take();
        for message in &some {
            if have.insert(message.recipients[0].clone()) {
                last = Instant::now();
            }
        }
        got.extend(some);
        std::thread::sleep(Duration::from_millis(20));
    }
    got
}

impl Tally {
    fn count(&mut self, got: &[Message], marker: &str, subscribers: usize, kills: usize) {
        let mut ids: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
        for message in got {
            if !super::holds(message, marker) {
                // Operators are told by mail that mail was held; that is no update.
                self.strange += usize::from(message.recipients[0].ends_with("@example.net"));
                continue;
            }
            let id = message.header("Message-ID").unwrap_or_default();
            *ids.entry(&message.recipients[0]).or_default().entry(id).or_default() += 1;
        }
        let again: usize = ids.values().flat_map(BTreeMap::values).map(|copies| copies - 1).sum();
        self.expected += subscribers;
        self.accepted += got.len();
        self.lost += subscribers.saturating_sub(ids.len());
        self.twice += ids.values().map(|i| i.len() - 1).sum::<usize>();
        self.again += again;
        if again >= self.again_at_most {
            (self.again_at_most, self.kills_then) = (again, kills);
        }
    }
}
