//! `cargo xtask tidy`: the rules of the house that a machine can check.

mod doors;
mod exceptions;
mod lexer;
mod sources;

use std::fmt;
use std::process::{Command, Stdio};

use exceptions::Exceptions;

use crate::root;

/// A rule broken at a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    /// Relative to the root of the project.
    pub path: String,
    /// Counted from 1; 0 for the whole file.
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path)?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        write!(f, " {} [{}]", self.message, self.rule)
    }
}

/// Checks everything and returns what is wrong.
///
/// # Errors
/// A sentence, when git or cargo cannot be asked.
pub fn findings() -> Result<Vec<Finding>, String> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let lock = read("Cargo.lock")?;
    let mut findings = doors::check(&doors::workspace(&metadata)?, &lock);
    for path in output("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?.split('\0')
    {
        // A file that is deleted but not yet committed, a folder of another repository, or not text.
        if let Ok(text) = std::fs::read_to_string(root().join(path)) {
            findings.extend(sources::check(path, &text));
        }
    }
    Ok(Exceptions::read(&read(exceptions::FILE)?)?.apply(findings))
}

/// Prints the findings and how many there are; whether there are none.
#[must_use]
pub fn print(findings: &[Finding]) -> bool {
    for finding in findings {
        println!("{finding}");
    }
    println!("tidy: {} {}", findings.len(), if findings.len() == 1 { "finding" } else { "findings" });
    findings.is_empty()
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program} printed something that is not UTF-8"))
}
