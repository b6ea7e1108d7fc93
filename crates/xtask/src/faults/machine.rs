//! The machine fails: its disk is full, its clock is wrong.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use amends_testkit::company::{Company, Plan};
use amends_testkit::postgres::{Cluster, Durability};
use amends_testkit::smtp::Behaviour;

use super::{all_told, row};
use crate::setup;

/// A small disk of its own, in memory.
struct Disk(tempfile::TempDir);

impl Disk {
    /// A disk of this size; none, which is said, where it cannot be had.
    fn small(size: &str) -> Result<Option<Self>, String> {
        if !setup::is_root() {
            println!("SKIPPED: a full disk (only root may mount one)");
            return Ok(None);
        }
        Self::mount(size).map(Some)
    }

    fn mount(size: &str) -> Result<Self, String> {
        let folder = amends_testkit::folder::temporary();
        let options = format!("size={size}");
        setup::must(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()))?;
        Ok(Self(folder))
    }

    /// Writes until nothing fits any more, and answers the file that fills it.
    fn fill(&self) -> Result<PathBuf, String> {
        let ballast = self.0.path().join("ballast");
        let mut file = fs::File::create(&ballast).map_err(|e| e.to_string())?;
        for size in [1 << 20, 4_096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(ballast)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = setup::must(Command::new("umount").arg("--lazy").arg(self.0.path()));
    }
}

/// The disk that the embedded database lies on fills up in the middle of a broadcast, and is emptied again.
pub fn full_disk(plan: &Plan) -> Result<bool, String> {
    let Some(disk) = Disk::small("128m")? else { return Ok(true) };
    let plan = Plan { folder: Some(disk.0.path().to_owned()), ..plan.clone() };
    filled("sqlite", &disk, &plan, &mut || Ok(()))
}

/// The same with the disk that PostgreSQL's files lie on. PostgreSQL may end itself when it cannot write its log; whoever runs
/// it starts it again when there is room.
pub fn full_disk_of_postgres(plan: &Plan) -> Result<bool, String> {
    let Some(disk) = Disk::small("384m")? else { return Ok(true) };
    fs::set_permissions(disk.0.path(), fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
    let mut cluster =
        Cluster::launch_in(disk.0.path(), Durability::Full).map_err(|error| error.to_string())?;
    let plan = Plan { database: Some(cluster.fresh_database()), ..plan.clone() };
    filled("postgres", &disk, &plan, &mut || cluster.start().map_err(|error| error.to_string()))
}

fn filled(
    engine: &str,
    disk: &Disk,
    plan: &Plan,
    mend: &mut dyn FnMut() -> Result<(), String>,
) -> Result<bool, String> {
    let pause = Duration::from_millis(10);
    let company = Company::open(&Plan { pause, ..plan.clone() });
    let declared = company.declare("Disk", "beforefull");
    std::thread::sleep(Duration::from_millis(500));
    let ballast = disk.fill()?;
    let before = company.told("beforefull").recipients;
    std::thread::sleep(Duration::from_secs(10));
    let meanwhile = company.told("beforefull").recipients - before;
    let client = company.nodes[0].client();
    let page = client.get("/").status;
    let tried = company.declare("In between", "inbetween");
    let said = String::from_utf8_lossy(&tried.stderr).trim().replace('\n', " ");
    fs::remove_file(&ballast).map_err(|e| e.to_string())?;
    mend()?;
    let fault =
        format!("the disk is full for 10 s: {meanwhile} more told meanwhile, the page answered {page}");
    let mut fine = all_told(engine, &company, &fault, "beforefull", "emptied");
    let fault = "declaring an incident while the disk is full";
    // What is small may still fit into files that a database has made before; then it holds, and everybody is told.
    if tried.status.success() {
        fine &= engine != "sqlite" && all_told(engine, &company, fault, "inbetween", "emptied");
    } else {
        row(engine, &company, fault, &format!("refused: {said}"));
        fine &= !said.is_empty() && company.told("inbetween").recipients == 0;
    }
    let after = company.declare("There is room", "roomagain");
    fine &= after.status.success() & all_told(engine, &company, "an update after that", "roomagain", "said");
    Ok(fine & declared.status.success() & (page == 200))
}

/// What makes a program believe in another time, and the file that says which.
struct Clock {
    /// How `faketime` gets into a program.
    ways: Vec<(String, String)>,
    file: tempfile::NamedTempFile,
}

impl Clock {
    fn new() -> Result<Self, String> {
        setup::for_clocks()?;
        let file = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
        let clock = Self { ways: ways()?, file };
        clock.set("+0")?;
        Ok(clock)
    }

    /// `+1d`, `-1h`: from the time that it is.
    fn set(&self, offset: &str) -> Result<(), String> {
        fs::write(self.file.path(), format!("{offset}\n")).map_err(|e| e.to_string())
    }

    fn environment(&self) -> Vec<(String, String)> {
        let file = self.file.path().to_string_lossy().into_owned();
        let own = [
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            // As on a real machine: the clock that nobody sets goes on.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        self.ways.iter().cloned().chain(own).collect()
    }
}

/// The variables that `faketime` sets for what it starts, but for its own: a time that is said in them cannot be set again.
/// It does not start the nodes itself, as it would stand between them and what kills them.
fn ways() -> Result<Vec<(String, String)>, String> {
    let output = Command::new("faketime").args(["-m", "-f", "+0", "env", "-0"]).output();
    let output = output.map_err(|error| format!("faketime: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let set = said.split('\0').filter_map(|line| line.split_once('='));
    let new = set.filter(|(name, value)| std::env::var(name).ok().as_deref() != Some(*value));
    let ways = new.filter(|(name, _)| !name.starts_with("FAKETIME") && *name != "_");
    Ok(ways.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The clock is set a day ahead and back, and an hour back, while a broadcast is on its way and a node dies.
pub fn clocks(engine: &str, plan: &Plan) -> Result<bool, String> {
    let clock = Clock::new()?;
    let pause = Duration::from_millis(10);
    let mut company = Company::open(&Plan { environment: clock.environment(), pause, ..plan.clone() });
    let mut fine = true;
    for (number, (offset, words)) in [
        ("+1d", "the clock is set a day ahead and back"),
        ("-1h", "the clock is set an hour back and right again"),
    ]
    .into_iter()
    .enumerate()
    {
        let marker = format!("clockwise{number}");
        fine &= company.declare(words, &marker).status.success();
        std::thread::sleep(Duration::from_millis(500));
        clock.set(offset)?;
        // What is refused now waits for a time by this clock, and what a dying node holds is leased until one.
        company.sink.behave(Behaviour::RefuseMessage("451 4.3.0 later".into()));
        std::thread::sleep(Duration::from_secs(4));
        company.sink.behave(Behaviour::Accept);
        std::thread::sleep(Duration::from_secs(2));
        company.nodes[0].kill();
        clock.set("+0")?;
        company.nodes[0].restart();
        fine &= all_told(engine, &company, &format!("{words}, a node is killed before"), &marker, "right");
    }
    Ok(fine)
}
