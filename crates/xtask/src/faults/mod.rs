//! The real program among faults: killed at random moments, with a mail server that misbehaves and a database that goes
//! away, while it tells everybody. A table says what came of each; anything lost or told twice is a failure.

mod database;
mod machine;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use amends_testkit::company::{Company, Plan, Rounds};
use amends_testkit::postgres::{Cluster, Durability};
use amends_testkit::smtp::{Behaviour, Step};
use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Arguments {
    /// Kills with SIGKILL, on each engine.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// Subscribers.
    #[arg(long, default_value_t = 500)]
    subscribers: usize,
    /// Nodes on PostgreSQL.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// Makes the moments; the same seed makes the same ones.
    #[arg(long, default_value_t = 2_026)]
    seed: u64,
    /// Only `sqlite` or `postgres`.
    #[arg(long)]
    engine: Option<String>,
    /// Only these faults.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Fault>,
    /// An older build of the program, which the first node runs: as in an upgrade, node after node.
    #[arg(long, value_name = "PROGRAM")]
    beside: Option<PathBuf>,
    /// The program as it ships.
    #[arg(long)]
    release: bool,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// The story of the daily mails: refused, held, mended, resolved, with the customers' letter.
    Story,
    /// Killed at random moments.
    Kills,
    /// The mail server misbehaves.
    Mail,
    /// The disk is full.
    Disk,
    /// The clock is set ahead and back.
    Clock,
    /// PostgreSQL goes away and comes back, or another takes its place.
    Database,
}

/// How long everybody may take to be told after a fault has ended.
const SOON: Duration = Duration::from_secs(240);

/// Builds the program, tells the stories and prints the tables; whether all is well.
///
/// # Errors
/// When the program does not build, or PostgreSQL does not start.
pub fn faults(arguments: &Arguments) -> Result<bool, String> {
    if std::env::var_os("AMENDS_BIN").is_none() {
        return again_with_binary(arguments.release);
    }
    println!("| engine | nodes | subscribers | fault | what came of it |\n|---|---|---|---|---|");
    let mut fine = true;
    if arguments.engine.as_deref().is_none_or(|only| only == "sqlite") {
        let plan = Plan { subscribers: arguments.subscribers, ..Plan::default() };
        fine &= on(arguments, "sqlite", &mut || plan.clone())?;
    }
    if arguments.engine.as_deref().is_none_or(|only| only == "postgres") {
        let mut cluster = Cluster::launch(Durability::Full).map_err(|e| e.to_string())?;
        let plan = |cluster: &Cluster| Plan {
            database: Some(cluster.fresh_database()),
            nodes: arguments.nodes,
            subscribers: arguments.subscribers,
            first: arguments.beside.clone(),
            ..Plan::default()
        };
        fine &= on(arguments, "postgres", &mut || plan(&cluster))?;
        if arguments.wants(Fault::Disk) {
            fine &= machine::full_disk_of_postgres(&plan(&cluster))?;
        }
        if arguments.wants(Fault::Database) {
            let slow = Plan { pause: Duration::from_millis(10), ..plan(&cluster) };
            fine &= database::gone(&mut cluster, &slow)?;
            let slow = Plan { pause: Duration::from_millis(10), ..plan(&cluster) };
            fine &= database::replaced(&mut cluster, &slow)?;
        }
    }
    Ok(fine)
}

impl Arguments {
    fn wants(&self, fault: Fault) -> bool {
        self.only.is_empty() || self.only.contains(&fault)
    }
}

/// What can happen on either engine.
fn on(arguments: &Arguments, engine: &str, plan: &mut dyn FnMut() -> Plan) -> Result<bool, String> {
    let mut fine = true;
    if arguments.wants(Fault::Story) {
        story(engine, &plan());
    }
    if arguments.wants(Fault::Kills) {
        fine &= kills(arguments, engine, &plan());
    }
    if arguments.wants(Fault::Mail) {
        fine &= misbehaviours(engine, &plan());
    }
    if arguments.wants(Fault::Disk) && engine == "sqlite" {
        fine &= machine::full_disk(&plan())?;
    }
    if arguments.wants(Fault::Clock) {
        fine &= machine::clocks(engine, &plan())?;
    }
    Ok(fine)
}

/// The harness finds the program by a variable, which a process can set only for its children.
fn again_with_binary(release: bool) -> Result<bool, String> {
    let mut build = crate::test::cargo();
    build.args(["build", "--package", "amends"]);
    if release {
        build.arg("--release");
    }
    let built = build.status().map_err(|e| format!("cargo: {e}"))?;
    if !built.success() {
        return Ok(false);
    }
    let binary = crate::target()?.join(if release { "release" } else { "debug" }).join("amends");
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let done = std::process::Command::new(me)
        .args(std::env::args_os().skip(1))
        .env("AMENDS_BIN", binary)
        .stdin(Stdio::null())
        .status()
        .map_err(|e| e.to_string())?;
    Ok(done.success())
}

fn row(engine: &str, company: &Company, fault: &str, came: &str) {
    println!("| {engine} | {} | {} | {fault} | {came} |", company.nodes.len(), company.subscribers);
}

/// The story; it ends the program when anything in it is not as it should be.
fn story(engine: &str, plan: &Plan) {
    let company = Company::open(plan);
    let came = company.tell_of_the_daily_mails(std::env::var_os("AMENDS_STORY_WITHOUT_LETTER").is_none());
    row(engine, &company, "the server refuses everything, then takes it", &came);
}

fn kills(arguments: &Arguments, engine: &str, plan: &Plan) -> bool {
    // Slow enough that a kill hits a broadcast on its way, however fast the machine is.
    let pause = Duration::from_micros(3_000_000 / arguments.subscribers.max(1) as u64 * 4);
    let mut company = Company::open(&Plan { pause: pause.min(Duration::from_millis(20)), ..plan.clone() });
    let tally = company.kill_rounds(Rounds {
        kills: arguments.kills,
        within: Duration::from_millis(1_500),
        patience: SOON,
        seed: arguments.seed,
    });
    row(engine, &company, "kill -9 at random moments", &tally.to_string());
    tally.lost + tally.twice + tally.strange == 0
}

fn misbehaviours(engine: &str, plan: &Plan) -> bool {
    let refusals = ["421 4.3.2 shutting down", "450 4.2.0 later", "451 4.3.0 later", "452 4.3.1 no space"]
        .into_iter()
        .chain(["500 5.5.2 what", "550 5.1.1 no such user", "550 5.7.1 unsigned", "550 no", "552 5.2.2 full"])
        .chain(["554 5.6.0 content", "554 5.7.1 blocked"]);
    let mut faults: Vec<(String, Behaviour)> =
        refusals.map(|r| (format!("every message gets `{r}`"), Behaviour::RefuseMessage(r.into()))).collect();
    for (words, behaviour) in [
        ("the server is gone", Behaviour::Gone),
        ("connections are greeted with `421`", Behaviour::RefuseConnection("421 4.7.0 later".into())),
        ("the sender is refused: `530`", Behaviour::RefuseSender("530 5.7.0 authentication required".into())),
        ("the connection is cut within a message", Behaviour::CutInData(500)),
        ("the connection is cut instead of an answer", Behaviour::CutBeforeReply),
        ("the server stalls after MAIL", Behaviour::Stall(Step::Sender)),
        ("the server stalls after a message", Behaviour::Stall(Step::Message)),
    ] {
        faults.push((words.into(), behaviour));
    }
    let company = Company::open(plan);
    let mut fine = true;
    for (number, (words, behaviour)) in faults.into_iter().enumerate() {
        fine &= misbehaviour(engine, &company, number, &words, behaviour);
    }
    fine
}

/// One update, while the server misbehaves for ten seconds. It may cost nobody the message.
fn misbehaviour(engine: &str, company: &Company, number: usize, words: &str, behaviour: Behaviour) -> bool {
    let marker = format!("trouble{number:02}");
    company.sink.clear();
    company.sink.behave(behaviour);
    let declared = company.declare(&format!("Trouble {number}"), &marker);
    std::thread::sleep(Duration::from_secs(10));
    let before = company.told(&marker).recipients;
    company.sink.behave(Behaviour::Accept);
    let words = format!("{words}: {before} told meanwhile");
    declared.status.success() & all_told(engine, company, &words, &marker, "mended")
}

/// Waits until everybody is told and says what came of it; whether everybody was, and nobody twice.
fn all_told(engine: &str, company: &Company, fault: &str, marker: &str, since: &str) -> bool {
    let began = Instant::now();
    let told = company.told_in_the_end(marker, SOON);
    let came = format!(
        "{} of {} told {:.1} s after it was {since}; {} second copies, {} told twice",
        told.recipients,
        company.subscribers,
        began.elapsed().as_secs_f32(),
        told.copies,
        told.twice
    );
    row(engine, company, fault, &came);
    told.recipients == company.subscribers && told.twice == 0
}
