//! The `amends` program: command line, configuration and wiring. What it does is in the rooms below.

mod cli;
mod client;
mod command;
mod config;
mod local;
mod mirror;
mod node;
mod phones;
mod post;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
