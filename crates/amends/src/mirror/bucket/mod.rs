//! A bucket of Amazon S3, or of what speaks as it does, that holds the mirror: only what changed is sent, what is gone is
//! removed, and nothing is touched that is somebody else's.
//!
//! The list of what was written lies in the bucket, too, and says before anything is changed that it may be: so a pass may be
//! cut off at any point. A bucket has no lock; one node writes it.

mod place;
mod request;

pub use place::Bucket;

use super::Broken;
use super::list::{self, CLAIMED, GONE, List, NAME as LIST};
use amends_web::public::mirror::File;
use futures_util::StreamExt;
use futures_util::stream::iter;
use request::Held;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Requests on their way at once.
const AT_ONCE: usize = 8;
/// What names the rest is written when the rest is there.
const ROOT: &str = "index.html";
/// The list is for this program only.
const PLAIN: Held = Held { content_type: "text/plain; charset=utf-8", cache_control: "no-store" };

/// One pass over a bucket.
pub struct Pass {
    bucket: Arc<Bucket>,
    written: List,
    /// Whether the list in the bucket says less than this one.
    owed: bool,
}

impl Pass {
    /// Begins one. `anew` reads the list again, as another may have written it; otherwise what the last pass knew will do.
    pub async fn begin(bucket: &Arc<Bucket>, anew: bool) -> Result<Self, Broken> {
        // Until the pass has ended well, nothing is known.
        let known = bucket.known().take().filter(|_| !anew);
        let written = match known {
            Some(known) => known,
            None => read(bucket).await?,
        };
        Ok(Self { bucket: bucket.clone(), written, owed: false })
    }

    /// Sends what changed, in about this order, and what names the rest last; how many that were.
    pub async fn put(&mut self, files: &[File]) -> Result<usize, Broken> {
        let changed: Vec<(File, String)> = files
            .iter()
            .map(|file| (file.clone(), list::digest(file)))
            .filter(|(file, digest)| self.written.get(&file.name) != Some(digest))
            .collect();
        let count = changed.len();
        self.claim(changed.iter().map(|(file, _)| file.name.as_str())).await?;
        let (root, rest): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(file, _)| file.name == ROOT);
        for part in [rest, root] {
            let bucket = self.bucket.clone();
            let send = move |(file, digest): (File, String)| {
                let bucket = bucket.clone();
                async move {
                    let held = Held { content_type: file.content_type, cache_control: file.cache_control };
                    bucket.put(&file.name, &file.bytes, held).await.map(|()| (digest, file.name))
                }
            };
            let mut sent = iter(part).map(send).buffer_unordered(AT_ONCE);
            while let Some(done) = sent.next().await {
                let (digest, name) = done?;
                list::note(&mut self.written, &digest, &name);
                self.owed = true;
            }
        }
        Ok(count)
    }

    /// Removes what an earlier pass wrote and is not among `names`; how many that were.
    pub async fn keep_only(&mut self, names: &BTreeSet<String>) -> Result<usize, Broken> {
        let gone: Vec<String> = self.written.keys().filter(|name| !names.contains(*name)).cloned().collect();
        self.claim(gone.iter().map(String::as_str)).await?;
        let (count, bucket) = (gone.len(), self.bucket.clone());
        let remove = move |name: String| {
            let bucket = bucket.clone();
            async move { bucket.remove(&name).await.map(|()| name) }
        };
        let mut removed = iter(gone).map(remove).buffer_unordered(AT_ONCE);
        while let Some(done) = removed.next().await {
            list::note(&mut self.written, GONE, &done?);
            self.owed = true;
        }
        Ok(count)
    }

    /// Ends it: the list says what is there.
    pub async fn end(mut self) -> Result<(), Broken> {
        if std::mem::take(&mut self.owed) {
            self.tell().await?;
        }
        *self.bucket.known() = Some(self.written);
        Ok(())
    }

    /// Says in the bucket that these are ours and about to change.
    async fn claim(&mut self, names: impl Iterator<Item = &str>) -> Result<(), Broken> {
        let mut fresh = false;
        for name in names {
            fresh |= self.written.get(name).is_none_or(|known| known != CLAIMED);
            list::note(&mut self.written, CLAIMED, name);
        }
        if fresh { self.tell().await } else { Ok(()) }
    }

    async fn tell(&self) -> Result<(), Broken> {
        self.bucket.put(LIST, list::text(&self.written).as_bytes(), PLAIN).await
    }
}

/// What the bucket says was written. One that holds something else is refused.
pub async fn read(bucket: &Bucket) -> Result<List, Broken> {
    match bucket.get(LIST).await? {
        Some(text) => Ok(list::read(&String::from_utf8_lossy(&text))),
        None if bucket.is_empty().await? => Ok(List::new()),
        None => Err(Broken(format!(
            "{} holds something else already; give the mirror a bucket of its own, or a prefix: s3://BUCKET/PREFIX",
            bucket.shown()
        ))),
    }
}
