//! `cargo xtask test`: everything that has to hold before a change lands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use amends_testkit::postgres::{self, Cluster, Durability};
use clap::ValueEnum;

use crate::step::{Counts, Outcome, run, spoken, step};
use crate::{conformance, docs, root, setup, target, tidy};

/// The steps, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Install what is missing.
    Setup,
    /// rustfmt changes nothing.
    Fmt,
    /// The rules of the house hold.
    Tidy,
    /// Clippy finds nothing, in tests neither.
    Clippy,
    /// The tests of all crates, on SQLite and PostgreSQL.
    Rust,
    /// The examples in the documentation of the code.
    Examples,
    /// The program, for the steps that follow.
    Build,
    /// The references under docs/ are what the program says.
    Docs,
    /// Clients, feed readers and sites of others, against the real program.
    Consumers,
    /// The API answers what its description says.
    Api,
    /// The browser tests.
    Browser,
}

#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only these steps.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Step>,
    /// All but these steps.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<Step>,
}

/// Runs the steps and prints a closing line; whether all went well.
#[must_use]
pub fn test(arguments: &Arguments) -> bool {
    let start = Instant::now();
    let wanted = |step: &&Step| {
        (arguments.only.is_empty() || arguments.only.contains(step)) && !arguments.skip.contains(step)
    };
    let mut outcomes = Vec::new();
    // One cluster for all test processes. It ends with this process.
    let mut cluster = None;
    for which in Step::value_variants().iter().filter(wanted) {
        let outcome = match which {
            Step::Setup => step("setup", || done(setup::for_tests())),
            Step::Fmt => step("fmt", || run(cargo().args(["fmt", "--all", "--check"]))),
            Step::Tidy => step("tidy", || Ok((tidy::print(&tidy::findings()?), Counts::default()))),
            Step::Clippy => step("clippy", || {
                run(cargo().args([
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ]))
            }),
            Step::Rust => step("rust", || {
                cluster = launch()?;
                rust(cluster.as_ref())
            }),
            Step::Examples => {
                step("examples", || run(cargo().args(["test", "--doc", "--workspace", "--locked", "-q"])))
            }
            Step::Build => step("build", build),
            Step::Docs => step("docs", || docs::check(&program()?)),
            Step::Consumers => step("consumers", || node("consumers", cluster.as_ref())),
            Step::Api => step("api", conformance::check),
            Step::Browser => step("browser", || node("browser", cluster.as_ref())),
        };
        // Without the tools or the program, what follows would only fail in stranger words.
        let hopeless = !outcome.ok && matches!(which, Step::Setup | Step::Build);
        outcomes.push(outcome);
        if hopeless {
            break;
        }
    }
    close(&outcomes, start.elapsed())
}

fn close(outcomes: &[Outcome], took: Duration) -> bool {
    let mut counts = Counts::default();
    println!();
    for outcome in outcomes {
        counts.add(outcome.counts);
        println!(
            "{:>6} {} ({})",
            if outcome.ok { "ok" } else { "FAILED" },
            outcome.name,
            spoken(outcome.took)
        );
    }
    let failed_steps = outcomes.iter().filter(|outcome| !outcome.ok).count();
    println!(
        "cargo xtask test: {} passed, {} failed, {} skipped; {} steps, {failed_steps} failed; {}",
        counts.passed,
        counts.failed,
        counts.skipped,
        outcomes.len(),
        spoken(took)
    );
    failed_steps == 0
}

fn done(result: Result<(), String>) -> Result<(bool, Counts), String> {
    result.map(|()| (true, Counts::default()))
}

/// The cargo that started us, in the project's root.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root());
    command
}

fn launch() -> Result<Option<Cluster>, String> {
    if postgres::left_out() {
        println!("SKIPPED: everything that needs PostgreSQL ({} is set)", postgres::SKIP);
        return Ok(None);
    }
    Cluster::launch(Durability::Relaxed).map(Some).map_err(|error| error.to_string())
}

fn with_cluster<'a>(command: &'a mut Command, cluster: Option<&Cluster>) -> &'a mut Command {
    if let Some(cluster) = cluster {
        command.env(postgres::SHARED, cluster.url("postgres"));
    }
    command
}

fn rust(cluster: Option<&Cluster>) -> Result<(bool, Counts), String> {
    let mut command = cargo();
    with_cluster(&mut command, cluster);
    let peers = setup::python(&root().join("crates/xtask/peers/messages/requirements.txt"))?;
    command.env("AMENDS_PYTHON", peers.join("bin/python"));
    if !setup::on_path("cargo-nextest") {
        let all = ["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"];
        return run(command.args(all).args(["--", "--show-output"]));
    }
    let (ok, mut counts) = run(command.args(["nextest", "run", "--workspace", "--locked"]))?;
    // What a passing test prints is not shown; that it has done nothing has to be.
    // Where nextest keeps it, wherever cargo was told to build.
    let report = root().join("target/nextest/default/junit.xml");
    let report =
        std::fs::read_to_string(&report).map_err(|error| format!("{}: {error}", report.display()))?;
    for line in report.lines().filter_map(|line| line.find("SKIPPED:").map(|at| &line[at..])) {
        println!("{}", line.replace("</system-err>", ""));
        counts.skipped += 1;
        counts.passed = counts.passed.saturating_sub(1);
    }
    Ok((ok, counts))
}

/// Builds the program with the same features as the tests, so that nothing is built twice.
///
/// # Errors
/// When cargo cannot be started.
pub fn build() -> Result<(bool, Counts), String> {
    run(cargo().args(["build", "--workspace", "--bin", "amends", "--locked"]))
}

/// The program that [`build`] makes.
///
/// # Errors
/// When cargo does not say where it builds.
pub fn program() -> Result<PathBuf, String> {
    Ok(target()?.join("debug/amends"))
}

/// Runs the tests in a folder under `tests/` with node's own runner.
fn node(folder: &str, cluster: Option<&Cluster>) -> Result<(bool, Counts), String> {
    let tests = root().join("tests");
    setup::npm(&tests)?;
    let listed = std::fs::read_dir(tests.join(folder)).map_err(|error| format!("tests/{folder}: {error}"))?;
    let mut files: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec", "--test-concurrency=1"]).args(files);
    command.current_dir(&tests).env("AMENDS_BIN", program()?).env("CHROMIUM", setup::CHROMIUM);
    run(with_cluster(&mut command, cluster))
}
