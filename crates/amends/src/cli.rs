//! The command line. Exit codes: 0 done, 1 the server (or the machine) said no, 2 wrong usage.

use crate::command;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Own it in writing. Fix it for good.
///
/// Amends takes a team from "something broke" to "it cannot break this way again": tell the customers, fix it, write a
/// blameless postmortem, carry out the corrective actions.
#[derive(Debug, Parser)]
#[command(name = "amends", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the installation is: the same options for every command that works on the machine itself.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// Configuration file (TOML); ‘amends config’ lists its keys
    #[arg(long, value_name = "FILE", env = "AMENDS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Data folder
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// PostgreSQL address instead of the embedded database
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a believable company on a throw-away data folder
    Demo(command::demo::Demo),
    /// Create the data folder and the administrator
    Init(command::init::Init),
    /// Run the server
    Serve(command::serve::Serve),
    /// Say in plain words what is wrong with this installation
    Doctor(command::doctor::Doctor),
    /// Print every configuration key with its default and meaning
    Config,
    /// Print the OpenAPI description of the API
    Openapi,
    /// Print every command as a page of documentation
    #[command(hide = true)]
    Commands,
    /// Copy the whole installation to a file while it runs
    Backup(command::backup::Backup),
    /// Put a backup back into an empty data folder
    Restore(command::backup::Restore),
    Mirror(command::mirror::Mirror),
    Lint(command::lint::Lint),
    Read(command::lint::Read),
    Explain(command::lint::Explain),
    Lsp(command::lint::Lsp),
    #[command(flatten)]
    Client(command::client::ClientCommand),
}

/// Parses the arguments, runs the command, and turns its answer into an exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no mistakes; clap knows where each belongs.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let done = match cli.command {
        Command::Config => {
            print(&crate::config::reference());
            Ok(())
        }
        Command::Openapi => command::openapi(),
        Command::Commands => {
            print(&command::reference::commands(Cli::command()));
            Ok(())
        }
        Command::Demo(demo) => run(demo.run()),
        Command::Init(init) => run(init.run()),
        Command::Serve(serve) => run(serve.run()),
        Command::Doctor(doctor) => run(doctor.run()),
        Command::Backup(backup) => run(backup.run()),
        Command::Restore(restore) => run(restore.run()),
        Command::Mirror(mirror) => run(mirror.run()),
        Command::Lint(lint) => lint.run(),
        Command::Read(read) => read.run(),
        Command::Explain(explain) => explain.run(),
        Command::Lsp(lsp) => lsp.run(),
        Command::Client(client) => run(client.run()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                complain(&format!("amends: {}\n", failure.message));
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Runs a command on an async runtime.
fn run(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::said_no(format!("no threads can be started: {e}")))?;
    let done = runtime.block_on(work);
    // What was accepted is already in the store; nothing that still runs needs to be waited for.
    runtime.shutdown_background();
    done
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// Exit code: 1 or 2.
    pub code: u8,
    /// For the person: what was wrong, where, and what to do. Empty if it was said already.
    pub message: String,
}

impl Failure {
    /// The server or the machine said no.
    pub fn said_no(message: impl Into<String>) -> Self {
        Failure { code: 1, message: message.into() }
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Failure { code: 2, message: message.into() }
    }
}

/// Prints to standard error; who went away hears nothing, and the exit code stands.
fn complain(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints to standard output; a reader that went away (`| head`) is no error.
pub fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
