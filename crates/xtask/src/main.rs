//! Tasks of the project's developers: `cargo xtask help`.

mod tidy;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the project's developers", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the rules of the house: doors between rooms, lengths, words, forbidden calls.
    Tidy,
}

/// The root of the project.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("xtask lies two folders below the root")
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Tidy => report(tidy::findings()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn report(findings: Result<Vec<tidy::Finding>, String>) -> Result<bool, String> {
    let findings = findings?;
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} {}", findings.len(), if findings.len() == 1 { "finding" } else { "findings" });
    Ok(findings.is_empty())
}
