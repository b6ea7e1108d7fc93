//! The index on disk: read by searches, written by one duty. Everything here blocks; it is called off the async threads.

use crate::error::MemoryError;
use crate::fields::{self, Fields};
use crate::reading::Cursor;
use crate::records::{Key, Record};
use crate::words;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::Term;
use tantivy::{
    FutureResult, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, SegmentMeta,
    TantivyDocument,
};

/// What the writer may hold in memory before it writes to disk; the least that tantivy allows.
const HEAP: usize = 15_000_000;
/// Without changes for so long, the writer is let go.
const WRITER_RESTS: Duration = Duration::from_secs(30);
/// Without searches for so long, the index is let out of memory; the next search takes a few milliseconds more.
const READER_RESTS: Duration = Duration::from_secs(60);

/// How far the index has come. Committed together with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    version: u32,
    /// The last change that it has.
    pub seq: i64,
    /// That change's time (microseconds), kind and id, to see that the record is still the same one.
    pub last: Option<(i64, String, String)>,
    /// Counts how often it was made from the beginning.
    pub generation: u64,
    /// The oldest making of which there may still be something.
    pub oldest_generation: u64,
    /// It is being made, and goes on there.
    pub building: Option<Cursor>,
    /// Records that this making has read.
    pub done: u64,
}

impl Checkpoint {
    /// A new making of the index from the record as it is after change `seq`.
    pub(crate) fn begin(before: Option<&Checkpoint>, seq: i64, last: Option<(i64, String, String)>) -> Self {
        let generation = before.map_or(0, |b| b.generation) + 1;
        let oldest_generation = before.map_or(generation, |b| b.oldest_generation);
        let building = Some(Cursor::start());
        Checkpoint { version: fields::VERSION, seq, last, generation, oldest_generation, building, done: 0 }
    }
}

/// The reading side.
pub(crate) struct Shelf(Mutex<Slot>);

struct Slot {
    index: Index,
    fields: Fields,
    reader: Option<IndexReader>,
    used: Instant,
}

impl Shelf {
    fn lock(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be searched now.
    pub(crate) fn searcher(&self) -> tantivy::Result<(Searcher, Fields)> {
        let mut slot = self.lock();
        slot.used = Instant::now();
        let reader = match &slot.reader {
            Some(reader) => reader.clone(),
            None => {
                let reader = slot.index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
                slot.reader.insert(reader).clone()
            }
        };
        Ok((reader.searcher(), slot.fields.clone()))
    }

    /// Shows searches what was committed.
    pub(crate) fn renew(&self) -> tantivy::Result<()> {
        let reader = self.lock().reader.clone();
        reader.map_or(Ok(()), |reader| reader.reload())
    }

    /// Lets the index out of memory if nobody has searched for a while.
    pub(crate) fn rest(&self) {
        let mut slot = self.lock();
        if slot.used.elapsed() > READER_RESTS {
            slot.reader = None;
        }
    }

    fn replace(&self, index: Index, fields: Fields) {
        let mut slot = self.lock();
        (slot.index, slot.fields, slot.reader) = (index, fields, None);
    }
}

type Joining = FutureResult<Option<SegmentMeta>>;

/// The writing side.
pub(crate) struct Desk {
    folder: PathBuf,
    index: Index,
    fields: Fields,
    writer: Option<IndexWriter>,
    used: Instant,
    /// Pieces are joined when there are more than this; not looked at when nothing was made.
    most_pieces: Option<usize>,
    /// They are being joined. Asked again meanwhile, tantivy would do all of it again.
    joining: Option<Joining>,
    #[cfg(test)]
    joins: usize,
    /// Keeps other nodes away from the folder.
    _lock: File,
}

/// As many nodes may share a folder.
const MOST_NODES: usize = 32;

/// An index that was just made is joined into no more pieces than this.
const PIECES: usize = 2;
/// One that is opened may have as many as single changes leave. More means that joining them was cut short.
const PIECES_OPENED: usize = 16;

/// Opens an index in `folder`, or makes an empty one if there is none that can be read. Several nodes on one machine
/// may be given the same folder: each takes the first place in it that no other has.
pub(crate) fn open(folder: &Path) -> Result<(Desk, Shelf), MemoryError> {
    let (folder, lock) = take_place(folder)?;
    // Files that are not what they should be may also make tantivy panic.
    let (index, fields) = match std::panic::catch_unwind(|| open_existing(&folder)) {
        Ok(Some(opened)) => opened,
        _ => create(&folder)?,
    };
    let now = Instant::now();
    let shelf = Slot { index: index.clone(), fields: fields.clone(), reader: None, used: now };
    Ok((
        Desk {
            folder,
            index,
            fields,
            writer: None,
            used: now,
            most_pieces: Some(PIECES_OPENED),
            joining: None,
            #[cfg(test)]
            joins: 0,
            _lock: lock,
        },
        Shelf(Mutex::new(shelf)),
    ))
}

fn take_place(folder: &Path) -> Result<(PathBuf, File), MemoryError> {
    let cannot = |error: std::io::Error| {
        let folder = folder.display();
        MemoryError::Folder(format!(
            "the folder of the search index {folder} cannot be written: {error}; check its owner and the free space"
        ))
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    for n in 0..MOST_NODES {
        let file = folder.join(format!("{n}.lock"));
        let lock = File::options().create(true).truncate(false).write(true).open(file).map_err(cannot)?;
        if lock.try_lock().is_ok() {
            return Ok((folder.join(format!("{n}")), lock));
        }
    }
    Err(MemoryError::Folder(format!(
        "the folder of the search index {} is used by {MOST_NODES} other nodes already; give this one another data folder",
        folder.display()
    )))
}

fn open_existing(folder: &Path) -> Option<(Index, Fields)> {
    let directory = MmapDirectory::open(folder).ok()?;
    let index = Index::open(directory).ok()?;
    index.tokenizers().register(words::NAME, words::analyzer());
    let (schema, fields) = fields::schema();
    if index.schema() != schema {
        return None;
    }
    // Reading every segment's head and foot finds files that are missing or cut off.
    let reader: Result<IndexReader, _> =
        index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
    match reader {
        Ok(_) => Some((index, fields)),
        Err(error) => {
            tracing::warn!(%error, "the search index cannot be read and is made anew");
            None
        }
    }
}

fn create(folder: &Path) -> Result<(Index, Fields), MemoryError> {
    let cannot = |what: &str, error: &dyn std::fmt::Display| {
        MemoryError::Folder(format!(
            "the folder of the search index {} cannot be {what}: {error}; check its owner and the free space",
            folder.display()
        ))
    };
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot("emptied", &error)),
        _ => {}
    }
    std::fs::create_dir_all(folder).map_err(|e| cannot("made", &e))?;
    let (schema, fields) = fields::schema();
    let directory = MmapDirectory::open(folder).map_err(|e| cannot("opened", &e))?;
    let index =
        Index::create(directory, schema, IndexSettings::default()).map_err(|e| cannot("written", &e))?;
    index.tokenizers().register(words::NAME, words::analyzer());
    Ok((index, fields))
}

impl Desk {
    /// How far the index has come; nothing if it is new or of another version.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        let payload = self.index.load_metas().ok()?.payload?;
        serde_json::from_str::<Checkpoint>(&payload).ok().filter(|c| c.version == fields::VERSION)
    }

    /// Whether every file is as it was written.
    pub(crate) fn is_sound(&self) -> bool {
        matches!(self.index.validate_checksum(), Ok(damaged) if damaged.is_empty())
    }

    /// Puts records into the index, instead of what it had under these keys.
    pub(crate) fn put(
        &mut self,
        gone: &[Key],
        records: &[Record],
        generation: u64,
    ) -> Result<(), MemoryError> {
        self.try_put(gone, records, generation).map_err(|error| failed(&self.folder, &error))
    }

    fn try_put(&mut self, gone: &[Key], records: &[Record], generation: u64) -> tantivy::Result<()> {
        let fields = self.fields.clone();
        let writer = self.writer()?;
        for key in gone.iter().chain(records.iter().map(|record| &record.key)) {
            writer.delete_term(Term::from_field_text(fields.key, &key.text()));
        }
        for record in records {
            let mut document = TantivyDocument::default();
            document.add_text(fields.key, record.key.text());
            document.add_i64(fields.at, record.at.as_microsecond());
            document.add_u64(fields.generation, generation);
            for (part, text) in record.parts() {
                document.add_text(fields.parts[part], text);
            }
            writer.add_document(document)?;
        }
        Ok(())
    }

    /// Takes out what earlier makings left behind.
    pub(crate) fn forget(&mut self, generations: std::ops::Range<u64>) -> Result<(), MemoryError> {
        let field = self.fields.generation;
        let forget = |writer: &mut IndexWriter| {
            for generation in generations {
                writer.delete_term(Term::from_field_u64(field, generation));
            }
        };
        self.writer().map(forget).map_err(|error| failed(&self.folder, &error))
    }

    /// Makes everything that was put durable, together with how far it has come.
    pub(crate) fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), MemoryError> {
        let payload = serde_json::to_string(checkpoint).map_err(|e| MemoryError::Folder(e.to_string()))?;
        self.try_commit(&payload).map_err(|error| failed(&self.folder, &error))
    }

    fn try_commit(&mut self, payload: &str) -> tantivy::Result<()> {
        let mut commit = self.writer()?.prepare_commit()?;
        commit.set_payload(payload);
        commit.commit()?;
        Ok(())
    }

    /// Begins with an empty index.
    pub(crate) fn reset(&mut self, shelf: &Shelf) -> Result<(), MemoryError> {
        self.writer = None;
        let (index, fields) = create(&self.folder)?;
        shelf.replace(index.clone(), fields.clone());
        (self.index, self.fields) = (index, fields);
        Ok(())
    }

    /// Gives up what was put and not committed.
    pub(crate) fn drop_writer(&mut self) {
        self.writer = None;
    }

    /// Says that the index was just made: what is in many pieces is searched more slowly.
    pub(crate) fn was_made(&mut self) {
        self.most_pieces = Some(PIECES);
    }

    /// Between changes: joins the pieces of an index that was just made, or opened so (this goes on beside what else is
    /// done), and lets the writer go, with its threads and memory, if there was nothing to write for a while.
    pub(crate) fn rest(&mut self) -> Result<(), MemoryError> {
        if let Some(most) = self.most_pieces {
            self.join_pieces(most).map_err(|e| failed(&self.folder, &e))?;
        }
        if self.used.elapsed() > WRITER_RESTS
            && let Some(writer) = self.writer.take()
        {
            writer.wait_merging_threads().map_err(|e| failed(&self.folder, &e))?;
        }
        Ok(())
    }

    fn join_pieces(&mut self, most: usize) -> tantivy::Result<()> {
        if self.is_joining() {
            return Ok(());
        }
        let pieces = self.index.searchable_segment_ids()?;
        self.most_pieces = Some(most).filter(|most| pieces.len() > *most);
        if self.most_pieces.is_some() {
            // Comes to nothing when tantivy had begun to join some of them by itself; then the next time.
            self.joining = Some(self.writer()?.merge(&pieces));
            #[cfg(test)]
            {
                self.joins += 1;
            }
        }
        Ok(())
    }

    fn is_joining(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        let goes_on = |joining: &mut Joining| Pin::new(joining).poll(&mut nobody).is_pending();
        let goes_on = self.joining.as_mut().is_some_and(goes_on);
        if !goes_on {
            self.joining = None;
        }
        goes_on
    }

    fn writer(&mut self) -> tantivy::Result<&mut IndexWriter> {
        self.used = Instant::now();
        if self.writer.is_none() {
            let options = IndexWriterOptions::builder()
                .memory_budget_per_thread(HEAP)
                .num_worker_threads(1)
                .num_merge_threads(1)
                .build();
            let writer = self.index.writer_with_options(options)?;
            let mut merging = LogMergePolicy::default();
            // Single changes make segments of one record; small ones are joined among themselves first.
            merging.set_min_layer_size(200);
            merging.set_min_num_segments(6);
            merging.set_del_docs_ratio_before_merge(0.3);
            writer.set_merge_policy(Box::new(merging));
            self.writer = Some(writer);
        }
        self.writer.as_mut().ok_or_else(|| tantivy::TantivyError::InternalError("no writer".into()))
    }
}

/// What a failure means: what is wrong with the disk or another process is said, anything else is damage.
fn failed(folder: &Path, error: &tantivy::TantivyError) -> MemoryError {
    use tantivy::TantivyError as E;
    match error {
        E::LockFailure(..) => MemoryError::Folder(format!(
            "the folder of the search index {} is in use by another Amends; give each node a folder of its own",
            folder.display()
        )),
        E::IoError(_) | E::OpenWriteError(_) | E::ErrorInThread(_) => MemoryError::Folder(format!(
            "the search index in {} cannot be written: {error}; check its owner and the free space",
            folder.display()
        )),
        _ => {
            tracing::warn!(%error, "the search index is damaged");
            MemoryError::Damaged
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_once_however_often_it_is_looked() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, _shelf) = open(folder.path()).unwrap();
        let checkpoint = Checkpoint::begin(None, 0, None);
        for _ in 0..4 {
            desk.writer().unwrap().add_document(TantivyDocument::default()).unwrap();
            desk.commit(&checkpoint).unwrap();
        }
        desk.was_made();
        let deadline = Instant::now() + Duration::from_secs(60);
        while desk.most_pieces.is_some() && Instant::now() < deadline {
            desk.rest().unwrap();
        }
        assert_eq!(desk.index.searchable_segment_ids().unwrap().len(), 1);
        assert_eq!(desk.joins, 1);
    }
}
