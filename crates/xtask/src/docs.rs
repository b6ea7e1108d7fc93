//! `cargo xtask docs`: the references that are written by the program itself, so that they are always true.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::root;
use crate::step::Counts;

/// What makes some of the files under `docs/`.
struct Generator {
    /// The file, or the folder all of whose files it makes.
    place: &'static str,
    /// The files with their text, from the program at this path. Paths begin at the root of the project.
    files: fn(&Path) -> Result<BTreeMap<String, String>, String>,
}

const GENERATORS: &[Generator] = &[
    Generator {
        place: "docs/openapi.json",
        files: |program| Ok(one("docs/openapi.json", said(program, &["openapi"])?)),
    },
    Generator {
        place: "docs/configuration.md",
        files: |program| {
            let keys = said(program, &["config"])?;
            Ok(one("docs/configuration.md", format!("{CONFIGURATION}\n```toml\n{keys}```\n")))
        },
    },
    Generator {
        place: "docs/commands.md",
        files: |program| Ok(one("docs/commands.md", said(program, &["commands"])?)),
    },
    Generator {
        place: "docs/rules",
        files: |_| {
            let pages = amends_lint::rules::manual().into_iter();
            Ok(pages.map(|(name, text)| (format!("docs/rules/{name}"), text)).collect())
        },
    },
];

const CONFIGURATION: &str = "# Configuration\n\n\
    Nothing has to be configured to begin. What `amends config` prints follows; it is a file that can be copied and changed.\n\
    A key that does not exist is refused, with the one that was probably meant.\n";

fn one(path: &str, text: String) -> BTreeMap<String, String> {
    BTreeMap::from([(path.to_owned(), text)])
}

/// What the program prints.
fn said(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let shown = format!("{} {}", program.display(), arguments.join(" "));
    let mut command = Command::new(program);
    // Help names the value of a variable that is set; the developer's own do not belong into the manual.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AMENDS_")) {
        command.env_remove(name);
    }
    let output =
        command.args(arguments).stdin(Stdio::null()).output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{shown} printed something that is not UTF-8"))
}

/// Writes the references anew.
///
/// # Errors
/// When the program does not say them, or a file cannot be written.
pub fn write(program: &Path) -> Result<bool, String> {
    for (path, change) in differences(program)? {
        let file = root().join(&path);
        let done = match &change {
            Change::Write(text) => file
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&file, text)),
            Change::Remove => std::fs::remove_file(&file),
        };
        done.map_err(|error| format!("{path}: {error}"))?;
        println!("docs: {} {path}", if matches!(change, Change::Write(_)) { "wrote" } else { "removed" });
    }
    println!("docs: current");
    Ok(true)
}

/// Says which references are not what the program says; whether there are none.
///
/// # Errors
/// When the program does not say them.
pub fn check(program: &Path) -> Result<(bool, Counts), String> {
    let differences = differences(program)?;
    for path in differences.keys() {
        println!("{path} is not current; write it anew with ‘cargo xtask docs’");
    }
    let failed = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    let counts = Counts { passed: u32::from(failed == 0), failed, skipped: 0 };
    Ok((failed == 0, counts))
}

enum Change {
    Write(String),
    Remove,
}

fn differences(program: &Path) -> Result<BTreeMap<String, Change>, String> {
    let mut changes = BTreeMap::new();
    for generator in GENERATORS {
        let files = (generator.files)(program).map_err(|error| format!("{}: {error}", generator.place))?;
        for kept in kept(generator.place) {
            if !files.contains_key(&kept) {
                changes.insert(kept, Change::Remove);
            }
        }
        for (path, text) in files {
            if std::fs::read_to_string(root().join(&path)).ok().as_ref() != Some(&text) {
                changes.insert(path, Change::Write(text));
            }
        }
    }
    Ok(changes)
}

/// The files that are at a place now.
fn kept(place: &str) -> Vec<String> {
    let path: PathBuf = root().join(place);
    match std::fs::read_dir(&path) {
        Ok(entries) => {
            let names = entries.flatten().map(|entry| entry.file_name());
            names.map(|name| format!("{place}/{}", name.to_string_lossy())).collect()
        }
        Err(_) => path.is_file().then(|| place.to_owned()).into_iter().collect(),
    }
}
