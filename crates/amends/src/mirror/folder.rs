//! A folder that holds the mirror: each file replaced as a whole, what is gone removed, and nothing touched that is
//! somebody else's.

use super::list::{self, CLAIMED, GONE, List, NAME as LIST};
use amends_web::public::mirror::File;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const LOCK: &str = ".amends-mirror.lock";

/// A folder, held by this process until it is dropped.
pub struct Folder {
    root: PathBuf,
    written: List,
    list: fs::File,
    _lock: fs::File,
}

impl Folder {
    /// Opens it, or makes it. A folder that holds something else is refused, and one that another process writes.
    pub fn open(root: &Path) -> Result<Self, String> {
        let shown = root.display();
        let cannot = |what: &str, error: io::Error| format!("{shown}: {what}: {error}");
        fs::create_dir_all(root).map_err(|e| cannot("the folder cannot be made", e))?;
        let is_ours = root.join(LIST).exists() || root.join(LOCK).exists();
        let mut entries = fs::read_dir(root).map_err(|e| cannot("the folder cannot be read", e))?;
        if !is_ours && entries.next().is_some() {
            return Err(format!("{shown} holds something else already; give the mirror a folder of its own"));
        }
        let lock = fs::File::create(root.join(LOCK)).map_err(|e| cannot("nothing can be written", e))?;
        lock.try_lock().map_err(|_| format!("another process is writing the mirror in {shown}"))?;
        let text = match fs::read(root.join(LIST)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(cannot("the list of the mirror cannot be read", error)),
        };
        let list = fs::File::options().append(true).create(true).open(root.join(LIST));
        let mut list = list.map_err(|e| cannot("nothing can be written", e))?;
        // A line that was cut short must not swallow the next.
        if !text.is_empty() && !text.ends_with('\n') {
            list.write_all(b"\n").map_err(|e| cannot("nothing can be written", e))?;
        }
        Ok(Self { root: root.to_owned(), written: list::read(&text), list, _lock: lock })
    }

    /// Writes a file unless it is there; whether it was.
    pub fn put(&mut self, file: &File) -> io::Result<bool> {
        let digest = list::digest(file);
        let path = self.root.join(&file.name);
        let is_there = || fs::metadata(&path).is_ok_and(|found| found.len() == file.bytes.len() as u64);
        if self.written.get(&file.name) == Some(&digest) && is_there() {
            return Ok(false);
        }
        if self.written.get(&file.name).is_none_or(|known| known != CLAIMED) {
            self.note(CLAIMED, &file.name)?;
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let aside = folder.join(format!(".amends-mirror-{digest}"));
        let result = write(&aside, file).and_then(|()| fs::rename(&aside, &path));
        if result.is_err() {
            let _ = fs::remove_file(&aside);
        }
        result?;
        self.note(&digest, &file.name)?;
        Ok(true)
    }

    /// Removes what an earlier pass wrote and is not among `names`; how many that were.
    pub fn keep_only(&mut self, names: &BTreeSet<String>) -> io::Result<usize> {
        let gone: Vec<String> = self.written.keys().filter(|name| !names.contains(*name)).cloned().collect();
        for name in &gone {
            let path = self.root.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.note(GONE, name)?;
            // Folders that are empty now; the first that is not ends it.
            let mut folder = path.parent();
            while let Some(empty) = folder.filter(|f| *f != self.root)
                && fs::remove_dir(empty).is_ok()
            {
                folder = empty.parent();
            }
        }
        self.shorten()?;
        Ok(gone.len())
    }

    fn note(&mut self, digest: &str, name: &str) -> io::Result<()> {
        self.list.write_all(format!("{digest} {name}\n").as_bytes())?;
        list::note(&mut self.written, digest, name);
        Ok(())
    }

    /// Writes the list anew, each name once.
    fn shorten(&mut self) -> io::Result<()> {
        let text = list::text(&self.written);
        if self.list.metadata()?.len() == text.len() as u64 {
            return Ok(());
        }
        let aside = self.root.join(format!("{LIST}-new"));
        let mut list = fs::File::create(&aside)?;
        list.write_all(text.as_bytes())?;
        list.sync_data()?;
        fs::rename(&aside, self.root.join(LIST))?;
        self.list = list;
        Ok(())
    }
}

/// Whole on the disk before it takes the place of another; with the date that the server says, too.
fn write(aside: &Path, file: &File) -> io::Result<()> {
    let mut out = fs::File::create(aside)?;
    out.write_all(&file.bytes)?;
    let changed = SystemTime::from(file.changed);
    out.set_modified(changed)?;
    out.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File {
            name: name.into(),
            bytes: text.as_bytes().to_vec().into(),
            content_type: "text/plain",
            cache_control: "no-store",
            changed: "2026-11-20T15:00:00Z".parse().expect("instant"),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names = vec![];
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).expect("folder").flatten() {
                match entry.file_type().expect("type").is_dir() {
                    true => folders.push(entry.path()),
                    false => {
                        names.push(entry.path().strip_prefix(folder).expect("inside").display().to_string())
                    }
                }
            }
        }
        names.retain(|name| !name.starts_with(LIST));
        names.sort();
        names
    }

    #[test]
    fn only_what_changed_is_written_and_what_is_gone_is_removed() {
        let home = tempfile::tempdir().expect("folder");
        let root = home.path().join("mirror");
        let pass = |files: &[File]| {
            let mut folder = Folder::open(&root).expect("opens");
            let written = files.iter().filter(|f| folder.put(f).expect("written")).count();
            let names = files.iter().map(|f| f.name.clone()).collect();
            (written, folder.keep_only(&names).expect("removed"))
        };
        let (page, old) = (file("index.html", "one"), file("incidents/a/index.html", "old"));
        assert_eq!(pass(&[page.clone(), old.clone()]), (2, 0));
        assert_eq!(pass(&[page.clone(), old.clone()]), (0, 0));
        let modified = fs::metadata(root.join("index.html")).expect("there").modified().expect("a date");
        assert_eq!(modified, SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_795_186_800));
        assert_eq!(pass(&[file("index.html", "two"), old.clone()]), (1, 0));
        fs::remove_file(root.join("incidents/a/index.html")).expect("somebody removes it");
        assert_eq!(pass(&[file("index.html", "two"), old]), (1, 0), "it comes back");
        fs::write(root.join("CNAME"), "status.example.com").expect("the operator's own");
        assert_eq!(pass(&[page]), (1, 1));
        assert_eq!(names(&root), ["CNAME", "index.html"], "the empty folders are gone, too");
        assert_eq!(fs::read_to_string(root.join("index.html")).expect("text"), "one");
        let list = fs::read_to_string(root.join(LIST)).expect("list");
        assert_eq!(list.lines().count(), 1, "{list}");
    }

    #[test]
    fn a_pass_that_was_cut_off_leaves_nothing_behind() {
        let home = tempfile::tempdir().expect("folder");
        let mut folder = Folder::open(home.path()).expect("opens");
        folder.put(&file("a.txt", "a")).expect("written");
        folder.note(CLAIMED, "b/c.txt").expect("noted");
        fs::create_dir(home.path().join("b")).expect("made");
        fs::write(home.path().join("b/c.txt"), "written, but the line of it was not").expect("written");
        drop(folder);
        let mut list = fs::File::options().append(true).open(home.path().join(LIST)).expect("list");
        list.write_all(b"0123456789 ../../etc/passwd\n0123 a.t").expect("cut short");
        let mut folder = Folder::open(home.path()).expect("opens");
        assert!(folder.put(&file("b/c.txt", "right")).expect("written"), "claimed is not written");
        assert!(!folder.put(&file("a.txt", "a")).expect("there"));
        assert_eq!(folder.keep_only(&["a.txt".to_owned()].into()).expect("removed"), 1);
        assert_eq!(names(home.path()), ["a.txt"]);
    }

    #[test]
    fn others_folders_and_others_passes_are_left_alone() {
        let home = tempfile::tempdir().expect("folder");
        fs::write(home.path().join("index.html"), "theirs").expect("written");
        let refused = Folder::open(home.path()).err().expect("refused");
        assert!(refused.contains("something else"), "{refused}");
        let own = home.path().join("own");
        let held = Folder::open(&own).expect("opens");
        let refused = Folder::open(&own).err().expect("held");
        assert!(refused.contains("another process"), "{refused}");
        drop(held);
        assert!(Folder::open(&own).is_ok());
    }
}
