//! Search over everything that was written. Who asks decides what can be found.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use amends_memory::{Memory, MemoryError, Query, Sight};
use amends_model::{Action, Resource};

pub use amends_memory::{Closeness, Hit, Kind, MOST_HITS, Passage, Piece, Source};

/// As many hits when nothing is said.
pub const DEFAULT_HITS: usize = 20;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = SearchResult)]
pub struct Found {
    /// Best first, one for each record.
    pub hits: Vec<Hit>,
    /// Whether everything was searched. After the first start, or when the index is made anew, some records are still
    /// missing.
    pub complete: bool,
    /// While it is not complete: how many records can be found so far.
    pub indexed: u64,
    /// While it is not complete: of how many.
    pub records: u64,
}

impl App {
    /// Finds records by words in them, as typed: the last word may go on, typing errors are forgiven, quotes keep words
    /// together, and INC-42 leads straight there. Any text is fine. `caller`: none for the public, who finds what the
    /// status page shows.
    ///
    /// Errors: the store or the index cannot be read just now.
    pub async fn search(
        &self,
        caller: Option<&Caller>,
        text: &str,
        limit: Option<usize>,
    ) -> Result<Found, AppError> {
        let limit = limit.unwrap_or(DEFAULT_HITS).clamp(1, MOST_HITS);
        let query = Query { text: text.to_owned(), sight: sight(caller), now: self.now(), limit };
        let memory = self.memory().await?;
        let hits = memory.search(&query).await.map_err(failed)?;
        let progress = *memory.progress().borrow();
        Ok(Found { hits, complete: progress.complete, indexed: progress.done, records: progress.total })
    }

    /// Brings this node's search index up to date with the record. A duty: run it when something changed and every few
    /// seconds.
    pub async fn follow_record(&self) -> Result<(), AppError> {
        self.memory().await?.follow().await.map_err(failed)
    }

    /// How far this node's index has come: whether it is complete, and how many records of how many it holds.
    pub(crate) async fn search_progress(&self) -> Result<(bool, u64, u64), AppError> {
        let progress = *self.memory().await?.progress().borrow();
        Ok((progress.complete, progress.done, progress.total))
    }

    /// The index of this node, opened when it is first needed.
    async fn memory(&self) -> Result<&Memory, AppError> {
        let folder = self.settings().data_folder.join("search");
        let open = async || Memory::open(&folder, self.store().clone()).await;
        self.memory_cell().get_or_try_init(open).await.map_err(failed)
    }
}

/// What a caller may look at: every kind of text that they may read.
fn sight(caller: Option<&Caller>) -> Sight {
    match caller {
        None => Sight::Public,
        Some(caller) => {
            let may_read = |resource: &Resource| caller.may(Action::Read, *resource);
            Sight::Internal(Resource::ALL.iter().copied().filter(may_read).collect())
        }
    }
}

fn failed(error: MemoryError) -> AppError {
    match error {
        MemoryError::Store(error) => error.into(),
        MemoryError::Folder(text) => AppError::Internal(text),
        MemoryError::Damaged => AppError::Unavailable(MemoryError::Damaged.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_look_at_what_they_may_read() {
        assert_eq!(sight(None), Sight::Public);
        let mut caller = Caller::system("test");
        caller.scopes.0 = vec!["incident:read".parse().unwrap(), "update:write".parse().unwrap()];
        assert_eq!(sight(Some(&caller)), Sight::Internal(vec![Resource::Incident, Resource::Update]));
        caller.scopes.0 = vec!["audit:read".parse().unwrap()];
        assert_eq!(sight(Some(&caller)), Sight::Internal(vec![Resource::Audit]));
    }
}
