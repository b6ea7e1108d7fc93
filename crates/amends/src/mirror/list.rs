//! What was written, one line each: the digest of the bytes, a blank, the name; the last line of a name counts. The list lies
//! beside what it lists, and is how a mirror is known to be one.

use amends_web::public::mirror::File;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The name of the list.
pub const NAME: &str = ".amends-mirror";
/// Instead of a digest: this name is ours, but whether its bytes were written is not known.
pub const CLAIMED: &str = "?";
/// Instead of a digest: removed.
pub const GONE: &str = "-";

/// Digests by name.
pub type List = BTreeMap<String, String>;

/// The digest of what a file holds.
pub fn digest(file: &File) -> String {
    Sha256::digest(&file.bytes).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// Notes a line.
pub fn note(list: &mut List, digest: &str, name: &str) {
    match digest {
        GONE => drop(list.remove(name)),
        _ => drop(list.insert(name.to_owned(), digest.to_owned())),
    }
}

/// The list as text, each name once.
pub fn text(list: &List) -> String {
    list.iter().map(|(name, digest)| format!("{digest} {name}\n")).collect()
}

/// Reads a list. What has no end was not written to its end; what leads elsewhere is no name of ours.
pub fn read(text: &str) -> List {
    let mut list = List::new();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (digest, name) in whole.lines().filter_map(|line| line.split_once(' ')) {
        if !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | "..")) {
            note(&mut list, digest, name);
        }
    }
    list
}
