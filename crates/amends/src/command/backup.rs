use crate::cli::{Failure, Place, print};
use crate::node::configuration;
use amends_store::Store;
use clap::Args;
use std::path::PathBuf;

/// Copy the whole installation to a file while it runs.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    place: Place,
    /// File to write; it must not exist
    file: PathBuf,
}

/// Put a backup back into an empty data folder.
#[derive(Debug, Args)]
pub struct Restore {
    #[command(flatten)]
    place: Place,
    /// File that ‘amends backup’ wrote
    file: PathBuf,
}

const POSTGRES: &str = "a PostgreSQL database is backed up and restored with its own tools (pg_dump, pg_restore); docs/backup.md shows how";

impl Backup {
    /// Runs it. The copy is one consistent view, and it is opened and checked before this says that it is done.
    pub async fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.place, &[])?;
        if config.database.is_some() {
            return Err(Failure::said_no(POSTGRES));
        }
        if self.file.exists() {
            return Err(Failure::usage(format!("{} exists already; name another file", self.file.display())));
        }
        let checked = Store::copy_folder(&config.data, &self.file)
            .await
            .map_err(|e| Failure::said_no(e.to_string()))?;
        print(&format!("Wrote {} ({checked}); it was read back and is whole.\n", self.file.display()));
        Ok(())
    }
}

impl Restore {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.place, &[])?;
        if config.database.is_some() {
            return Err(Failure::said_no(POSTGRES));
        }
        if config.data.join("amends.db").exists() {
            return Err(Failure::said_no(format!(
                "{} holds an installation already; move it away first, or give another folder with --data",
                config.data.display()
            )));
        }
        let checked = Store::restore_folder(&self.file, &config.data)
            .await
            .map_err(|e| Failure::said_no(e.to_string()))?;
        print(&format!("Restored {} ({checked}) into {}.\n", self.file.display(), config.data.display()));
        Ok(())
    }
}
