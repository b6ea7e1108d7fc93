//! The memory: searches, and the duty that keeps the index current.

use crate::ask::{Ask, understand};
use crate::desk::{self, Checkpoint, Desk, Shelf};
use crate::error::MemoryError;
use crate::fields::{self, Sight};
use crate::passage::{Looker, Piece};
use crate::rank::{Closeness, Ranked, rank};
use crate::reading::{self, Cursor};
use crate::records::{Key, Kind, Record, Source};
use amends_model::{EventId, IncidentId, PostmortemId, Resource};
use amends_store::{Store, feed};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// As many hits as are answered at most.
pub const MOST_HITS: usize = 50;
/// As many more are looked up, should some have changed since they were indexed.
const SPARE: usize = 4;
/// Of each timeline, as much of the newest text is indexed, and looked through for the passage to show; in bytes.
const INDEXED: usize = 8 << 20;
const LOOKED_THROUGH: usize = 256 << 10;
/// As much text is looked through for one answer.
const LOOKED_THROUGH_IN_ALL: usize = 1 << 20;
/// Changes, and records while the index is made, that are read at once.
const CHANGES: usize = 500;
const BATCH: usize = 250;
/// While the index is made it is committed after so many records, or so long.
const COMMIT_RECORDS: u64 = 4_000;
const COMMIT_AFTER: Duration = Duration::from_millis(1_500);

/// What somebody looks for.
#[derive(Debug, Clone)]
pub struct Query {
    /// As typed. Any text is fine.
    pub text: String,
    /// What they may see.
    pub sight: Sight,
    /// The time now; newer records come first among equals.
    pub now: Timestamp,
    /// As many hits as are wanted, at most [`MOST_HITS`].
    pub limit: usize,
}

/// A record that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = SearchHit)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The number that people say, of incidents and maintenances.
    pub number: Option<i64>,
    /// The incident it is or is about.
    pub incident_id: Option<IncidentId>,
    /// The postmortem it is or belongs to.
    pub postmortem_id: Option<PostmortemId>,
    /// Its title.
    pub title: Vec<Piece>,
    /// When it happened or is to happen.
    pub at: Timestamp,
    /// How closely it answers.
    pub closeness: Closeness,
    /// The text of it that answers best, in parts.
    pub passage: Option<Passage>,
}

/// A text of a record, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = FoundPassage)]
pub struct Passage {
    /// Where it comes from.
    pub source: Source,
    /// The event that holds it.
    pub event_id: Option<EventId>,
    /// When that happened.
    pub at: Option<Timestamp>,
    /// The words in their context.
    pub pieces: Vec<Piece>,
}

/// How far the index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// It holds everything (up to the last change that was followed).
    pub complete: bool,
    /// Records that were read so far.
    pub done: u64,
    /// Records that there are.
    pub total: u64,
}

struct Inner {
    store: Store,
    shelf: Shelf,
    desk: Arc<Mutex<Desk>>,
    keeper: tokio::sync::Mutex<Keeper>,
    damaged: AtomicBool,
    progress: watch::Sender<Progress>,
}

/// What the duty remembers from one run to the next.
#[derive(Default)]
struct Keeper {
    /// How far the index has come, what is put but not committed included.
    checkpoint: Option<Checkpoint>,
    /// Whether the index was compared with the record since it was opened.
    compared: bool,
    /// Records that were put since the last commit, and when that was.
    put: u64,
    committed: Option<Instant>,
    total: u64,
}

/// Search over everything that was ever written, derived from the store. Cheap to clone.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

impl Memory {
    /// Opens the index in `folder` (made if missing). It answers at once with what it has; [`Memory::follow`] brings it
    /// up to date.
    ///
    /// Errors: the folder cannot be written.
    pub async fn open(folder: &Path, store: Store) -> Result<Memory, MemoryError> {
        let folder = folder.to_owned();
        let (desk, shelf) = blocking(move || desk::open(&folder)).await?;
        Ok(Memory(Arc::new(Inner {
            store,
            shelf,
            desk: Arc::new(Mutex::new(desk)),
            keeper: tokio::sync::Mutex::default(),
            damaged: AtomicBool::new(false),
            progress: watch::Sender::new(Progress::default()),
        })))
    }

    /// How far the index has come; changes while it is made.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Finds records, best first. Never fails because of what is asked.
    ///
    /// Errors: the store cannot be read; the index is damaged (then it is made anew by the next run of the duty).
    pub async fn search(&self, query: &Query) -> Result<Vec<Hit>, MemoryError> {
        let limit = query.limit.min(MOST_HITS);
        let ask = understand(&query.text);
        let (memory, asked, visible) = (self.clone(), ask.clone(), fields::visible(&query.sight));
        let now = query.now.as_microsecond();
        let ranked = blocking(move || memory.rank(&asked, &visible, now, limit + SPARE)).await;
        let ranked = match ranked {
            Err(MemoryError::Damaged) => {
                self.0.damaged.store(true, Ordering::Relaxed);
                return Err(MemoryError::Damaged);
            }
            other => other?,
        };
        let found = self.look_up(&ask, ranked, &query.sight).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        // Looking through a megabyte of text takes some milliseconds, too.
        let strict = query.sight == Sight::Public;
        blocking(move || Ok(show(&ask, found, limit, strict))).await
    }

    fn rank(&self, ask: &Ask, visible: &[usize], now: i64, limit: usize) -> Result<Vec<Ranked>, MemoryError> {
        let ranked = self
            .0
            .shelf
            .searcher()
            .and_then(|(searcher, fields)| rank(&searcher, &fields, visible, ask, now, limit));
        ranked.map_err(|error| {
            tracing::warn!(%error, "the search index cannot be read");
            MemoryError::Damaged
        })
    }

    /// Reads the found records, as they are now and as far as they may be seen. The one that was named by its number
    /// comes first.
    async fn look_up(
        &self,
        ask: &Ask,
        ranked: Vec<Ranked>,
        sight: &Sight,
    ) -> Result<Vec<(Record, Closeness)>, MemoryError> {
        let mut tx = self.0.store.read().await?;
        let mut keys: Vec<(Key, Closeness)> =
            ranked.iter().filter_map(|r| Some((Key::parse(&r.key)?, r.closeness))).collect();
        if let Some(number) = ask.number
            && let Some(named) = reading::by_number(&mut tx, number).await?
        {
            keys.retain(|(key, _)| *key != named);
            keys.insert(0, (named, Closeness::All));
        }
        let mut records = reading::load(&mut tx, keys.iter().map(|(key, _)| key), LOOKED_THROUGH).await?;
        let seen = |(key, closeness): (Key, Closeness)| {
            let record = records.remove(&key)?.seen_by(sight)?;
            Some((record, closeness))
        };
        Ok(keys.into_iter().filter_map(seen).collect())
    }

    /// Brings the index up to date with the store. A duty: run it when something changed and every few seconds; it
    /// makes the index from the beginning when it has to (none yet, another version, damaged, or too far behind), and
    /// lets memory go that nobody needs.
    ///
    /// Errors: the store cannot be read, or the folder not be written. The next run goes on from the last commit.
    pub async fn follow(&self) -> Result<(), MemoryError> {
        let mut keeper = self.0.keeper.lock().await;
        // Should a new index turn out damaged, too, the disk is to blame.
        let mut chances = 2;
        loop {
            match self.step(&mut keeper).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    // What was put and not committed is given up; the next run begins where the last commit was.
                    *keeper = Keeper { compared: keeper.compared, total: keeper.total, ..Keeper::default() };
                    let desk = self.0.desk.clone();
                    blocking(move || {
                        lock(&desk).drop_writer();
                        Ok(())
                    })
                    .await?;
                    if matches!(error, MemoryError::Damaged) && chances > 0 {
                        chances -= 1;
                        self.0.damaged.store(true, Ordering::Relaxed);
                        continue;
                    }
                    return Err(error);
                }
            }
        }
        let (memory, desk) = (self.clone(), self.0.desk.clone());
        blocking(move || {
            memory.0.shelf.rest();
            lock(&desk).rest()
        })
        .await
    }

    /// One step; answers whether there may be more to do.
    async fn step(&self, keeper: &mut Keeper) -> Result<bool, MemoryError> {
        if self.0.damaged.swap(false, Ordering::Relaxed) {
            self.reset().await?;
            *keeper = Keeper { compared: true, ..Keeper::default() };
        }
        let mut tx = self.0.store.read().await?;
        if keeper.checkpoint.is_none() {
            self.resume(keeper).await?;
        }
        let newest = feed::newest(&mut tx).await?;
        let Some(before) = keeper.checkpoint.clone().filter(|c| c.seq <= newest) else {
            return self.begin(keeper, &mut tx, newest).await;
        };
        if !keeper.compared {
            // Another database, or an older copy of this one, has another change under that number.
            let then =
                feed::after(&mut tx, before.seq - 1, 1).await?.into_iter().next().map(|c| remembered(&c));
            if before.seq > 0 && then != before.last {
                return self.begin(keeper, &mut tx, newest).await;
            }
            keeper.compared = true;
        }
        let changes = feed::after(&mut tx, before.seq, CHANGES).await?;
        if newest > before.seq && changes.first().is_none_or(|first| first.seq != before.seq + 1) {
            // Some changes were forgotten before they were followed.
            return self.begin(keeper, &mut tx, newest).await;
        }
        let mut after = before.clone();
        if let Some(last) = changes.last() {
            (after.seq, after.last) = (last.seq, Some(remembered(last)));
            if changes.iter().any(|change| change.kind == Resource::Import.as_str()) {
                // An import may bring thousands of records and says so once: everything is looked at again.
                (after.building, after.done) = (Some(Cursor::start()), 0);
                keeper.total = reading::count(&mut tx).await?;
            }
            let keys = reading::touched(&mut tx, &changes).await?;
            let mut found = reading::load(&mut tx, &keys, INDEXED).await?;
            drop(tx);
            let present: Vec<Record> = keys.iter().filter_map(|key| found.remove(key)).collect();
            let gone = keys.into_iter().filter(|key| present.iter().all(|r| r.key != *key)).collect();
            self.put(keeper, gone, present, &after).await?;
            self.commit(keeper, after).await?;
            return Ok(true);
        }
        let Some(cursor) = &before.building else {
            self.report(keeper);
            return Ok(false);
        };
        let (batch, next) = reading::scan(&mut tx, cursor, BATCH, INDEXED).await?;
        drop(tx);
        after.done += batch.len() as u64;
        after.building = next;
        keeper.put += batch.len() as u64;
        self.put(keeper, Vec::new(), batch, &after).await?;
        let finished = after.building.is_none();
        if finished {
            let generations = after.oldest_generation..after.generation;
            after.oldest_generation = after.generation;
            let desk = self.0.desk.clone();
            blocking(move || lock(&desk).forget(generations)).await?;
        }
        let waited = keeper.committed.is_none_or(|at| at.elapsed() > COMMIT_AFTER);
        if finished || keeper.put >= COMMIT_RECORDS || waited {
            self.commit(keeper, after).await?;
            if finished {
                lock(&self.0.desk).was_made();
            }
        } else {
            keeper.checkpoint = Some(after);
        }
        Ok(true)
    }

    /// Takes up what the index on disk says, if it is sound.
    async fn resume(&self, keeper: &mut Keeper) -> Result<(), MemoryError> {
        let desk = self.0.desk.clone();
        let compared = keeper.compared;
        let checkpoint = blocking(move || {
            let desk = lock(&desk);
            let checkpoint = desk.checkpoint();
            // Once after opening; an error of the store in between is no reason to read all files again.
            match checkpoint {
                Some(_) if !compared && !desk.is_sound() => Err(MemoryError::Damaged),
                checkpoint => Ok(checkpoint),
            }
        })
        .await?;
        if checkpoint.is_none() && !compared {
            // New, or not ours to read: whatever is in it goes.
            self.reset().await?;
        }
        keeper.checkpoint = checkpoint;
        Ok(())
    }

    /// Begins to make the index from the record as it is now. What the index has is answered meanwhile.
    async fn begin(
        &self,
        keeper: &mut Keeper,
        tx: &mut amends_store::Tx,
        newest: i64,
    ) -> Result<bool, MemoryError> {
        let last = feed::after(tx, newest - 1, 1).await?.into_iter().next().map(|c| remembered(&c));
        let checkpoint = Checkpoint::begin(keeper.checkpoint.as_ref(), newest, last);
        keeper.total = reading::count(tx).await?;
        keeper.compared = true;
        tracing::info!(records = keeper.total, "the search index is being made from the record");
        self.commit(keeper, checkpoint).await?;
        Ok(true)
    }

    async fn put(
        &self,
        keeper: &mut Keeper,
        gone: Vec<Key>,
        records: Vec<Record>,
        checkpoint: &Checkpoint,
    ) -> Result<(), MemoryError> {
        keeper.committed.get_or_insert_with(Instant::now);
        let (desk, generation) = (self.0.desk.clone(), checkpoint.generation);
        blocking(move || lock(&desk).put(&gone, &records, generation)).await
    }

    async fn commit(&self, keeper: &mut Keeper, checkpoint: Checkpoint) -> Result<(), MemoryError> {
        let (memory, desk, written) = (self.clone(), self.0.desk.clone(), checkpoint.clone());
        blocking(move || {
            lock(&desk).commit(&written)?;
            memory.0.shelf.renew().map_err(|error| {
                tracing::warn!(%error, "the search index cannot be read");
                MemoryError::Damaged
            })
        })
        .await?;
        (keeper.put, keeper.committed) = (0, Some(Instant::now()));
        keeper.checkpoint = Some(checkpoint);
        self.report(keeper);
        Ok(())
    }

    async fn reset(&self) -> Result<(), MemoryError> {
        let (memory, desk) = (self.clone(), self.0.desk.clone());
        blocking(move || lock(&desk).reset(&memory.0.shelf)).await
    }

    fn report(&self, keeper: &Keeper) {
        let Some(checkpoint) = &keeper.checkpoint else { return };
        let complete = checkpoint.building.is_none();
        let total = keeper.total.max(checkpoint.done);
        let progress = Progress { complete, done: checkpoint.done, total };
        self.0.progress.send_if_modified(|seen| std::mem::replace(seen, progress) != progress);
    }
}

fn remembered(change: &feed::Change) -> (i64, String, String) {
    (change.at.as_microsecond(), change.kind.clone(), change.id.clone())
}

/// Looks for the words in the records' texts. `strict`: a record in which they do not stand (any more) is left out, so
/// that not even its being found tells of a text that was taken back.
fn show(ask: &Ask, found: Vec<(Record, Closeness)>, limit: usize, strict: bool) -> Vec<Hit> {
    let mut looker = Looker::new(ask, LOOKED_THROUGH_IN_ALL);
    let mut hits = Vec::new();
    for (record, closeness) in found {
        if hits.len() == limit {
            break;
        }
        let (forgiving, loose) = (closeness < Closeness::All, closeness == Closeness::Some);
        let title = looker.whole(&record.title, forgiving, loose);
        let texts: Vec<&str> = record.texts.iter().map(|text| text.text.as_str()).collect();
        let best = looker.best(&texts, forgiving, loose);
        let pieces = title.iter().chain(best.iter().flat_map(|(_, pieces)| pieces));
        let stands = pieces.into_iter().any(|piece| piece.is_match);
        if strict && !stands && !looker.is_tired() && ask.number.is_none_or(|n| record.number != Some(n)) {
            continue;
        }
        let passage = best.map(|(n, pieces)| {
            let text = &record.texts[n];
            Passage { source: text.source, event_id: text.event_id.clone(), at: text.at, pieces }
        });
        hits.push(Hit {
            kind: record.key.kind,
            id: record.key.id,
            number: record.number,
            incident_id: record.incident_id,
            postmortem_id: record.postmortem_id,
            title,
            at: record.at,
            closeness,
            passage,
        });
    }
    hits
}

fn lock(desk: &Mutex<Desk>) -> std::sync::MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs what blocks off the async threads. A panic in there means that the index holds what it should not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MemoryError> + Send + 'static,
) -> Result<T, MemoryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => {
            tracing::error!("the search index could not be read or written");
            Err(MemoryError::Damaged)
        }
        Err(_) => Err(MemoryError::Folder("the program is stopping".into())),
    }
}
