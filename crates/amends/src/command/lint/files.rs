//! The texts that a command was given: files, folders, standard input.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::Failure;

/// A text and where it is from.
#[derive(Debug)]
pub struct Text {
    /// The name that is shown.
    pub path: String,
    /// The file; none for standard input.
    pub file: Option<PathBuf>,
    /// The Markdown.
    pub text: String,
}

/// Largest text that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads every text: files as they are named, folders with all Markdown files in them, `-` as standard input.
pub fn texts(paths: &[PathBuf]) -> Result<Vec<Text>, Failure> {
    let mut texts = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let wrong = |e: std::io::Error| Failure::usage(format!("standard input cannot be read: {e}"));
            std::io::stdin().take(LARGEST + 1).read_to_end(&mut bytes).map_err(wrong)?;
            texts.push(Text { path: "-".to_owned(), file: None, text: utf8("standard input", bytes)? });
            continue;
        }
        for file in files(path)? {
            if seen.insert(file.clone()) {
                let name = file.display().to_string();
                let wrong = |e: std::io::Error| Failure::usage(format!("{name} cannot be read: {e}"));
                let size = std::fs::metadata(&file).map_err(wrong)?.len();
                let bytes = if size > LARGEST { vec![0; 0] } else { std::fs::read(&file).map_err(wrong)? };
                if size > LARGEST {
                    return Err(Failure::usage(format!(
                        "{name} is larger than 64 MB; it is hardly a postmortem"
                    )));
                }
                texts.push(Text { text: utf8(&name, bytes)?, path: name, file: Some(file) });
            }
        }
    }
    Ok(texts)
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::usage(format!("{name} is larger than 64 MB; it is hardly a postmortem")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Failure::usage(format!(
            "{name} is not UTF-8 (byte {}); convert it first, as with iconv -t utf-8",
            at + 1
        ))
    })
}

/// The file itself, or every Markdown file in the folder and the folders in it, in order. Hidden folders, and those
/// that packages are installed into, are passed over.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong =
        |path: &Path, e: std::io::Error| Failure::usage(format!("{} cannot be read: {e}", path.display()));
    let kind = std::fs::metadata(path).map_err(|e| wrong(path, e))?;
    if !kind.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut found, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| wrong(&folder, e))? {
            let entry = entry.map_err(|e| wrong(&folder, e))?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(|e| wrong(&folder, e))?);
            let name = entry.file_name().to_string_lossy().into_owned();
            let passed_over =
                name.starts_with('.') || matches!(name.as_str(), "node_modules" | "target" | "vendor");
            let markdown = path.extension().is_some_and(|end| end == "md" || end == "markdown");
            if kind.is_dir() && !passed_over {
                folders.push(path);
            } else if kind.is_file() && markdown {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
