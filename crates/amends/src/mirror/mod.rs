//! The static mirror: the public site as files, kept true while the server runs.
//!
//! The place itself says what was written. So a pass has no input but the record: it may be cut off at any point, run on any
//! node, as often as one likes; who writes a folder holds its lock.

mod bucket;
mod folder;
mod list;

pub use bucket::Bucket;

use crate::cli::Failure;
use crate::config;
use amends_app::App;
use amends_web::public::mirror::{File, newest};
use amends_web::public::{Site, SourceError};
use folder::Folder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Reading all of a long history anew takes at most this part of the time.
const SHARE: u32 = 20;
/// What is in memory is compared at least so often.
const AGAIN: Duration = Duration::from_secs(30);
/// What could not be written is tried again after pauses that grow to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// What went wrong, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

impl From<SourceError> for Broken {
    fn from(error: SourceError) -> Self {
        Broken(format!("the record could not be read: {error}"))
    }
}

/// What one pass did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Files that the mirror has.
    pub files: usize,
    /// Of these, written now.
    pub written: usize,
    /// Removed now.
    pub removed: usize,
}

/// Where a mirror is.
#[derive(Clone)]
pub enum Place {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Arc<Bucket>),
}

impl Place {
    /// Reads where it is: a folder, or `s3://BUCKET/PREFIX` with what the configuration says about buckets.
    pub fn read(place: &Path, config: &config::Mirror) -> Result<Self, Failure> {
        match place.to_str().filter(|text| text.starts_with("s3:")) {
            Some(text) => Ok(Place::Bucket(Arc::new(Bucket::open(text, config)?))),
            None => Ok(Place::Folder(place.to_owned())),
        }
    }

    /// The places of a configuration.
    pub fn all(config: &config::Mirror) -> Result<Vec<Self>, Failure> {
        let folder = config.dir.clone().map(Place::Folder);
        let bucket = config.bucket.as_deref().map(|place| Bucket::open(place, config)).transpose()?;
        Ok(folder.into_iter().chain(bucket.map(|b| Place::Bucket(Arc::new(b)))).collect())
    }

    /// As it is written.
    pub fn shown(&self) -> String {
        match self {
            Place::Folder(root) => root.display().to_string(),
            Place::Bucket(bucket) => bucket.shown(),
        }
    }
}

enum Hand {
    Folder(Arc<Mutex<Folder>>),
    Bucket(bucket::Pass),
}

/// One pass over a mirror.
struct Pass {
    hand: Hand,
    names: BTreeSet<String>,
    written: usize,
}

impl Pass {
    async fn begin(place: &Place, anew: bool) -> Result<Self, Broken> {
        let hand = match place {
            Place::Folder(root) => {
                let root = root.clone();
                let folder = aside(move || Folder::open(&root).map_err(Broken)).await?;
                Hand::Folder(Arc::new(Mutex::new(folder)))
            }
            Place::Bucket(bucket) => Hand::Bucket(bucket::Pass::begin(bucket, anew).await?),
        };
        Ok(Self { hand, names: BTreeSet::new(), written: 0 })
    }

    async fn put(&mut self, files: Vec<File>) -> Result<(), Broken> {
        self.names.extend(files.iter().map(|file| file.name.clone()));
        self.written += match &mut self.hand {
            Hand::Folder(folder) => {
                let folder = folder.clone();
                aside(move || {
                    let mut folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut written = 0;
                    for file in &files {
                        let put = folder.put(file).map_err(|e| Broken(format!("{}: {e}", file.name)))?;
                        written += usize::from(put);
                    }
                    Ok(written)
                })
                .await?
            }
            Hand::Bucket(pass) => pass.put(&files).await?,
        };
        Ok(())
    }

    /// Removes what is gone.
    async fn keep_only(&mut self) -> Result<usize, Broken> {
        match &mut self.hand {
            Hand::Folder(folder) => {
                let (folder, names) = (folder.clone(), self.names.clone());
                let wrong = |e| Broken(format!("what is gone cannot be removed: {e}"));
                aside(move || {
                    folder.lock().unwrap_or_else(PoisonError::into_inner).keep_only(&names).map_err(wrong)
                })
                .await
            }
            Hand::Bucket(pass) => pass.keep_only(&self.names).await,
        }
    }

    async fn end(self, removed: usize) -> Result<Count, Broken> {
        if let Hand::Bucket(pass) = self.hand {
            pass.end().await?;
        }
        Ok(Count { files: self.names.len(), written: self.written, removed })
    }
}

/// Runs what waits for the disk where nobody else waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Broken> + Send + 'static,
) -> Result<T, Broken> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Broken(format!("writing the mirror failed: {error}"))))
}

/// Writes all of the site, and removes what is gone.
pub async fn whole(site: &Site, place: &Place) -> Result<Count, Broken> {
    let mut pass = Pass::begin(place, true).await?;
    // Older parts first: the newest name them.
    for month in site.months() {
        pass.put(site.month(month).await?).await?;
    }
    pass.put(site.quarter().await?.into_iter().collect()).await?;
    pass.put(newest(&site.rendered(), site.clock_now())).await?;
    let removed = pass.keep_only().await?;
    pass.end(removed).await
}

/// Writes what is in memory.
async fn first(site: &Site, place: &Place) -> Result<Count, Broken> {
    let mut pass = Pass::begin(place, false).await?;
    pass.put(newest(&site.rendered(), site.clock_now())).await?;
    pass.end(0).await
}

/// Keeps a mirror true until `stopped`: what is in memory after every change, all of it soon after.
pub async fn keep(site: Site, app: App, place: Place, mut stopped: watch::Receiver<bool>) {
    let (mut news, mut changes) = (site.news(), app.changes());
    let shown = place.shown();
    let (mut owed, mut not_before, mut failures) = (true, Instant::now(), 0_u32);
    loop {
        let begun = Instant::now();
        let round = async {
            let mut done = Ok(());
            if owed && not_before <= begun {
                done = whole(&site, &place).await.map(drop);
                owed = done.is_err();
                not_before = Instant::now() + begun.elapsed() * SHARE;
            }
            // Always, and last: when the record cannot be read, the page in memory says so, and how old it is.
            first(&site, &place).await.and(done)
        };
        let done = tokio::select! {
            done = round => done,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        let reason = done.as_ref().err().map(ToString::to_string);
        if app.note_mirror(&shown, reason.as_deref()) {
            match &reason {
                Some(error) => tracing::warn!(
                    mirror = shown,
                    error,
                    "the static mirror is not up to date and will be tried again"
                ),
                None => tracing::info!(mirror = shown, "the static mirror is up to date"),
            }
        }
        let wait = match (&done, owed) {
            (Err(_), _) => {
                let pause = Duration::from_secs(1) * 2_u32.saturating_pow(failures.min(16));
                failures = failures.saturating_add(1);
                pause.min(LONGEST_PAUSE)
            }
            (Ok(()), true) => not_before.saturating_duration_since(Instant::now()).min(AGAIN),
            (Ok(()), false) => AGAIN,
        };
        failures = if done.is_ok() { 0 } else { failures };
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                owed = true;
            }
            () = tokio::time::sleep(wait.max(Duration::from_secs(1))) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Whether a bucket answers and may be written by us; a sentence if not.
pub async fn look(bucket: &Bucket) -> Result<(), Broken> {
    bucket::read(bucket).await.map(drop)
}
