//! Empty stores on both engines, for tests that must hold on each.

use amends_store::Store;
use tempfile::TempDir;

/// An empty store with what must live as long as it does.
pub struct Fresh {
    /// `sqlite` or `postgres`; for messages.
    pub engine: &'static str,
    /// The store.
    pub store: Store,
    /// Address of the PostgreSQL database; none on SQLite.
    pub url: Option<String>,
    /// A folder for this test; holds the SQLite store.
    pub folder: TempDir,
}

/// One empty store on SQLite, for what does not depend on the engine.
///
/// # Panics
/// When it cannot be opened: a test cannot go on then.
#[allow(clippy::unwrap_used, reason = "test harness: a failure here is the test's failure")]
pub async fn sqlite() -> Fresh {
    let folder = crate::folder::temporary();
    let store = Store::open_folder(folder.path()).await.unwrap();
    Fresh { engine: "sqlite", store, url: None, folder }
}

/// One empty store on each engine. PostgreSQL is left out only where its absence was allowed, which is said loudly.
///
/// # Panics
/// When a store cannot be opened: a test cannot go on then.
#[allow(clippy::unwrap_used, reason = "test harness: a failure here is the test's failure")]
pub async fn each() -> Vec<Fresh> {
    let mut fresh = vec![sqlite().await];
    // Starting a cluster blocks for a moment, which a test may do.
    if let Some(url) = crate::postgres::fresh_database() {
        let store = Store::open_postgres(&url).await.unwrap();
        fresh.push(Fresh { engine: "postgres", store, url: Some(url), folder: crate::folder::temporary() });
    }
    fresh
}
