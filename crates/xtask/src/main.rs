//! Tasks of the project's developers: `cargo xtask help`.

mod bench;
mod conformance;
mod corpus;
mod docs;
mod faults;
mod setup;
mod shots;
mod step;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the project's developers", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to hold before a change lands; installs what is missing first.
    Test(test::Arguments),
    /// Check the rules of the house: doors between rooms, lengths, words, forbidden calls.
    Tidy,
    /// Write the references under docs/ anew, from what the program itself says.
    Docs {
        /// Change nothing; say what is not current.
        #[arg(long)]
        check: bool,
    },
    /// Take pictures of every screen into target/shots, light and dark, narrow and wide.
    Shots {
        /// Take the pictures of the README anew, too.
        #[arg(long)]
        readme: bool,
    },
    /// Measure what was promised in numbers, with the program that ships.
    Bench {
        /// Only this one; all when nothing is said.
        name: Option<String>,
    },
    /// Run reader and linter over folders of real reports and print how well they do.
    Corpus(corpus::Arguments),
    /// Kill the real program at random moments, and let mail server and database misbehave; a table of what came of it.
    Faults(faults::Arguments),
}

/// The root of the project.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("xtask lies two folders below the root")
}

/// The folder that cargo builds into.
///
/// # Errors
/// When cargo does not say.
pub fn target() -> Result<PathBuf, String> {
    let output = test::cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target folder".into())
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Test(arguments) => Ok(test::test(&arguments)),
        Task::Corpus(arguments) => corpus::corpus(&arguments),
        Task::Tidy => tidy::findings().map(|findings| tidy::print(&findings)),
        Task::Shots { readme } => shots::shots(readme),
        Task::Bench { name } => bench::bench(name.as_deref()),
        Task::Docs { check } => test::build().and_then(|(built, _)| match (built, check) {
            (false, _) => Ok(false),
            (true, true) => docs::check(&test::program()?).map(|(current, _)| current),
            (true, false) => docs::write(&test::program()?),
        }),
        Task::Faults(arguments) => faults::faults(&arguments),
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
