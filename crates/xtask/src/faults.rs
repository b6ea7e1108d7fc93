//! The real program among faults: killed at random moments, with a mail server that misbehaves and a database that goes
//! away, while it tells everybody. A table says what came of each; anything lost or told twice is a failure.

use std::process::Stdio;
use std::time::{Duration, Instant};

use amends_testkit::company::{Company, Plan, Rounds, recipients_of};
use amends_testkit::postgres::{Cluster, Durability};
use amends_testkit::smtp::{Behaviour, Step};

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
    /// Only the kills, not the mail servers that misbehave.
    #[arg(long)]
    only_kills: bool,
    /// Only the story of the daily mails: refused, held, mended, resolved, with the customers' letter.
    #[arg(long)]
    only_story: bool,
    /// The program as it ships.
    #[arg(long)]
    release: bool,
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
    let mut fine = true;
    println!("| engine | nodes | subscribers | fault | what came of it |\n|---|---|---|---|---|");
    let wanted = |engine: &str| arguments.engine.as_deref().is_none_or(|only| only == engine);
    if wanted("sqlite") {
        let plan = Plan { subscribers: arguments.subscribers, ..Plan::default() };
        story("sqlite", &plan);
        if !arguments.only_story {
            fine &= kills(arguments, "sqlite", &plan);
        }
        if !arguments.only_kills && !arguments.only_story {
            fine &= misbehaviours("sqlite", &plan);
        }
    }
    if wanted("postgres") {
        let mut cluster = Cluster::launch(Durability::Full).map_err(|e| e.to_string())?;
        let plan = |cluster: &Cluster| Plan {
            database: Some(cluster.fresh_database()),
            nodes: arguments.nodes,
            subscribers: arguments.subscribers,
            ..Plan::default()
        };
        story("postgres", &plan(&cluster));
        if arguments.only_story {
            return Ok(true);
        }
        fine &= kills(arguments, "postgres", &plan(&cluster));
        if !arguments.only_kills {
            fine &= misbehaviours("postgres", &plan(&cluster));
            fine &= database_gone(&mut cluster, arguments)?;
        }
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
    let title = format!("Trouble {number}");
    company.run(&[
        "incident",
        "declare",
        "--title",
        &title,
        "--public",
        "--message",
        &format!("It is {marker}."),
    ]);
    std::thread::sleep(Duration::from_secs(10));
    let before = recipients_of(&company.sink.messages(), &marker).len();
    company.sink.behave(Behaviour::Accept);
    let mended = Instant::now();
    let expected = company.subscribers;
    let done = amends_testkit::process::poll(SOON, || {
        let told = recipients_of(&company.sink.messages(), &marker).len();
        (told >= expected).then_some(())
    });
    let told = recipients_of(&company.sink.messages(), &marker);
    let twice = told.values().filter(|ids| ids.iter().any(|id| id != &ids[0])).count();
    let copies: usize = told.values().map(|ids| ids.len() - 1).sum();
    let came = format!(
        "{before} told meanwhile, {} of {expected} in the end, {:.1} s after it was mended; {copies} second copies, {twice} told twice",
        told.len(),
        mended.elapsed().as_secs_f32()
    );
    row(engine, company, words, &came);
    done.is_some() && twice == 0
}

fn database_gone(cluster: &mut Cluster, arguments: &Arguments) -> Result<bool, String> {
    let company = Company::open(&Plan {
        database: Some(cluster.fresh_database()),
        nodes: arguments.nodes,
        subscribers: arguments.subscribers,
        pause: Duration::from_millis(10),
        ..Plan::default()
    });
    company.run(&["incident", "declare", "--title", "Database", "--public", "--message", "It is withoutdb."]);
    std::thread::sleep(Duration::from_millis(500));
    cluster.kill().map_err(|e| e.to_string())?;
    std::thread::sleep(Duration::from_secs(30));
    let page = company.nodes[0].client().get("/").status;
    cluster.start().map_err(|e| e.to_string())?;
    let back = Instant::now();
    let done = amends_testkit::process::poll(SOON, || {
        let told = recipients_of(&company.sink.messages(), "withoutdb").len();
        (told >= company.subscribers).then_some(())
    });
    let told = recipients_of(&company.sink.messages(), "withoutdb");
    let copies: usize = told.values().map(|ids| ids.len() - 1).sum();
    let twice = told.values().filter(|ids| ids.iter().any(|id| id != &ids[0])).count();
    let came = format!(
        "the page answered {page} meanwhile; {} of {} told {:.1} s after it was back; {copies} second copies, {twice} told twice",
        told.len(),
        company.subscribers,
        back.elapsed().as_secs_f32()
    );
    row("postgres", &company, "PostgreSQL is killed and away for 30 s", &came);
    Ok(done.is_some() && twice == 0 && page == 200)
}
