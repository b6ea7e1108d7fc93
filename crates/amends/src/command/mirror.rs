use crate::cli::{self, Failure, print};
use crate::mirror::{self, Place};
use crate::node::{Node, configuration, log};
use amends_store::Store;
use clap::Args;
use std::path::PathBuf;

/// Write the public site into a folder or a bucket, for any static host.
///
/// Status page, history, incidents, feeds and the files of the JSON API, as they are now; also while the server runs. Only
/// what changed is written, what is gone is removed. The configuration keys ‘mirror.dir’ and ‘mirror.bucket’ keep a mirror up
/// to date; ‘mirror.endpoint’, ‘mirror.region’ and the keys of a bucket hold for this command, too.
#[derive(Debug, Args)]
pub struct Mirror {
    #[command(flatten)]
    place: cli::Place,
    /// What to write: a folder, or s3://BUCKET/PREFIX. It is new, empty, or written by this command before
    #[arg(long, value_name = "PLACE")]
    to: PathBuf,
}

impl Mirror {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let mut config = configuration(&self.place, &[])?;
        log(&config)?;
        let to = Place::read(&self.to, &config.mirror)?;
        // The server may hold the folder of the embedded database: what is read is a copy of this moment.
        let copy = tempfile::tempdir().map_err(|e| Failure::said_no(format!("no temporary folder: {e}")))?;
        if config.database.is_none() {
            let told = |e: amends_store::StoreError| Failure::said_no(e.to_string());
            let file = copy.path().join("copy.db");
            Store::copy_folder(&config.data, &file).await.map_err(told)?;
            config.data = copy.path().join("data");
            Store::restore_folder(&file, &config.data).await.map_err(told)?;
        }
        let node = Node::open(&config).await?;
        let count = mirror::whole(node.site().await?, &to).await;
        let count = count.map_err(|e| Failure::said_no(e.to_string()))?;
        print(&format!(
            "{} holds {} files: {} written now, {} removed.\n",
            to.shown(),
            count.files,
            count.written,
            count.removed
        ));
        Ok(())
    }
}
