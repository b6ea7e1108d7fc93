//! Folders for one test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A new empty folder under the system's folder for temporary files, removed when this value is dropped.
///
/// # Panics
/// When it cannot be created.
#[must_use]
pub fn temporary() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("amends-test-").tempdir().expect("a temporary folder can be created")
}

/// A folder that is removed when this value is dropped or, if that never happens (a static, a killed process), soon after
/// this process has ended.
#[derive(Debug)]
pub struct Swept {
    path: PathBuf,
    sweeper: Child,
}

impl Swept {
    /// Creates an empty folder whose name starts with `prefix`.
    ///
    /// # Errors
    /// When the folder or the process that removes it cannot be created.
    pub fn create(prefix: &str) -> std::io::Result<Self> {
        Self::create_in(&std::env::temp_dir(), prefix)
    }

    /// The same within another folder.
    ///
    /// # Errors
    /// When the folder or the process that removes it cannot be created.
    pub fn create_in(parent: &Path, prefix: &str) -> std::io::Result<Self> {
        let path = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?.keep();
        // It reads until our end of the pipe is closed, which the kernel does for us whatever happens. A server that is
        // going down at the same moment may still write: hence more than one attempt.
        let script = "cat >/dev/null; n=0; until rm -rf -- \"$1\" 2>/dev/null || [ $n -ge 50 ]; do n=$((n+1)); sleep 0.1; done";
        let mut sweep = Command::new("sh");
        sweep.args(["-c", script, "sweep"]).arg(&path);
        sweep.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // Away from the terminal's foreground group: an interrupt must not stop it before it has swept.
        std::os::unix::process::CommandExt::process_group(&mut sweep, 0);
        let sweeper = sweep.spawn()?;
        Ok(Self { path, sweeper })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Swept {
    fn drop(&mut self) {
        drop(self.sweeper.stdin.take());
        let _ = self.sweeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swept_folder_is_gone_after_the_drop() {
        let folder = Swept::create("amends-test-swept-").expect("created");
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "x").expect("writable");
        drop(folder);
        assert!(!path.exists());
    }
}
