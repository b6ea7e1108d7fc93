//! The static mirror: the public site as files, kept true while the server runs.
//!
//! The folder itself says what was written. So a pass has no input but the record: it may be cut off at any point, run on
//! any node, as often as one likes; who writes a folder holds its lock.

mod folder;

pub use folder::{Count, Folder};

use amends_app::App;
use amends_web::public::mirror::{File, newest};
use amends_web::public::{Site, SourceError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Reading all of a long history anew takes at most this part of the time.
const SHARE: u32 = 20;
/// What could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// What went wrong, as a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

impl From<SourceError> for Broken {
    fn from(error: SourceError) -> Self {
        Broken(format!("the record could not be read: {error}"))
    }
}

/// One pass over a folder.
struct Pass {
    folder: Arc<Mutex<Folder>>,
    names: BTreeSet<String>,
    written: usize,
}

impl Pass {
    async fn begin(root: &Path) -> Result<Self, Broken> {
        let root = root.to_owned();
        let folder = aside(move || Folder::open(&root).map_err(Broken)).await?;
        Ok(Self { folder: Arc::new(Mutex::new(folder)), names: BTreeSet::new(), written: 0 })
    }

    async fn put(&mut self, files: Vec<File>) -> Result<(), Broken> {
        self.names.extend(files.iter().map(|file| file.name.clone()));
        let folder = self.folder.clone();
        self.written += aside(move || {
            let mut folder = folder.lock().unwrap_or_else(PoisonError::into_inner);
            let mut written = 0;
            for file in &files {
                let put = folder.put(file).map_err(|e| Broken(format!("{}: {e}", file.name)))?;
                written += usize::from(put);
            }
            Ok(written)
        })
        .await?;
        Ok(())
    }

    async fn end(self) -> Result<Count, Broken> {
        let (files, written) = (self.names.len(), self.written);
        let removed = aside(move || {
            let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
            folder.keep_only(&self.names).map_err(|e| Broken(format!("what is gone cannot be removed: {e}")))
        });
        Ok(Count { files, written, removed: removed.await? })
    }
}

/// Runs what waits for the disk where nobody else waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Broken> + Send + 'static,
) -> Result<T, Broken> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Broken(format!("writing the mirror failed: {error}"))))
}

/// Writes all of the site into a folder, and removes what is gone.
pub async fn whole(site: &Site, root: &Path) -> Result<Count, Broken> {
    let mut pass = Pass::begin(root).await?;
    // Older parts first: the newest name them.
    for month in site.months() {
        pass.put(site.month(month).await?).await?;
    }
    pass.put(site.quarter().await?.into_iter().collect()).await?;
    pass.put(newest(&site.rendered(), site.clock_now())).await?;
    pass.end().await
}

/// Keeps a folder true until `stopped`: what is in memory after every change, all of it soon after.
pub async fn keep(site: Site, app: App, root: PathBuf, mut stopped: watch::Receiver<bool>) {
    let (mut news, mut changes) = (site.news(), app.changes());
    let mut said = String::new();
    let (mut owed, mut not_before) = (true, Instant::now());
    loop {
        let begun = Instant::now();
        let done = if owed && not_before <= begun {
            let done = whole(&site, &root).await;
            owed = done.is_err();
            not_before = Instant::now() + begun.elapsed() * SHARE;
            done.map(drop)
        } else {
            Ok(())
        };
        // Always, and last: when the record cannot be read, the page in memory says so, and how old it is.
        match first(&site, &root).await.and(done) {
            Ok(()) => said.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != said {
                    tracing::warn!(error = %text, "the static mirror is not up to date and will be tried again");
                    said = text;
                }
            }
        }
        let wait = if owed { not_before.saturating_duration_since(Instant::now()) } else { AGAIN };
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                owed = true;
            }
            () = tokio::time::sleep(wait.clamp(Duration::from_secs(1), AGAIN)) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Writes what is in memory.
async fn first(site: &Site, root: &Path) -> Result<(), Broken> {
    let mut pass = Pass::begin(root).await?;
    pass.put(newest(&site.rendered(), site.clock_now())).await
}
