//! `cargo xtask bench`: what was promised in numbers, measured on this machine with the program that ships.
//!
//! Every measurement says one or more lines `NAME UNIT VALUE goal VALUE`; a table of all of them ends the run. Nothing is
//! timed in the tests: a busy machine would make them lie.

mod idle;
mod lint;
mod page;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::step::spoken;
use crate::test::cargo;
use crate::{setup, target};

/// A measurement that can be asked for by name.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Vec<Reading>, String>,
}

const BENCHES: &[Bench] = &[
    Bench { name: "idle", about: "memory of an idle server", run: idle::measure },
    Bench { name: "page", about: "the status page from a warm server, beside nginx", run: page::measure },
    Bench {
        name: "start",
        about: "filling the demo, and importing a long history",
        run: || benches("amends-app", "start", &[]),
    },
    Bench {
        name: "scale",
        about: "100,000 incidents, 1,000,000 events and 10,000 postmortems, on both engines",
        run: || benches("amends-app", "scale", &[]),
    },
    Bench {
        name: "mail",
        about: "mail to very many, beside smtp-source, and signed",
        run: || benches("amends-courier", "mail", &[]),
    },
    Bench {
        name: "webhooks",
        about: "webhooks to 1,000 hosts, beside wrk",
        run: || benches("amends-courier", "webhooks", &[]),
    },
    Bench {
        name: "search",
        about: "searching letter by letter, on as large a record",
        run: || benches("amends-memory", "search", &[]),
    },
    Bench {
        name: "lint",
        about: "a thousand reports, and one text made to be slow, on one core, beside proselint",
        run: lint::measure,
    },
];

/// One line of a measurement.
#[derive(Debug, PartialEq)]
struct Reading {
    name: String,
    unit: String,
    value: f64,
    goal: f64,
}

impl Reading {
    fn new(name: &str, unit: &str, value: f64, goal: f64) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), value, goal }
    }

    /// Reads `NAME UNIT VALUE goal VALUE`; nothing from any other line.
    fn read(line: &str) -> Option<Self> {
        let [name, unit, value, "goal", goal] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Self::new(name, unit, value.parse().ok()?, goal.parse().ok()?))
    }
}

/// Runs the measurements, or the named one, and prints the table; whether every goal was met.
///
/// # Errors
/// When there is none of this name, or what measures cannot be installed.
pub fn bench(name: Option<&str>) -> Result<bool, String> {
    let chosen: Vec<&Bench> =
        BENCHES.iter().filter(|bench| name.is_none_or(|name| name == bench.name)).collect();
    if chosen.is_empty() {
        let names: Vec<String> =
            BENCHES.iter().map(|bench| format!("  {:8} {}", bench.name, bench.about)).collect();
        return Err(format!("there is no such measurement; there are:\n{}", names.join("\n")));
    }
    setup::for_benches()?;
    let mut readings = Vec::new();
    let mut failed = Vec::new();
    for bench in chosen {
        println!("\n== {}: {} (load {})", bench.name, bench.about, load());
        let began = std::time::Instant::now();
        match (bench.run)() {
            Ok(more) => readings.extend(more),
            Err(message) => {
                println!("error: {message}");
                failed.push(bench.name);
            }
        }
        println!("== {}: {}", bench.name, spoken(began.elapsed()));
    }
    println!("\n{} (load {})", machine(), load());
    let met = table(readings);
    for name in &failed {
        println!("FAILED: {name} could not be measured");
    }
    Ok(met && failed.is_empty())
}

/// Prints one line for each name. What was measured several times shows its median and how far apart it lay.
fn table(readings: Vec<Reading>) -> bool {
    struct Row {
        unit: String,
        goal: f64,
        values: Vec<f64>,
    }
    let mut order = Vec::new();
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for reading in readings {
        let row = rows.entry(reading.name.clone()).or_insert_with(|| {
            order.push(reading.name);
            Row { unit: reading.unit, goal: reading.goal, values: Vec::new() }
        });
        row.values.push(reading.value);
    }
    println!("{:<44} {:>8} {:>12} {:>10}", "measured", "unit", "value", "goal");
    let mut all = true;
    for (name, mut row) in order.iter().filter_map(|name| rows.remove_entry(name)) {
        row.values.sort_by(f64::total_cmp);
        let median = row.values[(row.values.len() - 1) / 2];
        let met = reached(&row.unit, median, row.goal);
        all &= met;
        let spread = match row.values[..] {
            [first, .., last] => format!("{first:.3} to {last:.3} in {} rounds", row.values.len()),
            _ => "one round".to_owned(),
        };
        let verdict = if met { "met" } else { "MISSED" };
        println!("{name:<44} {:>8} {median:>12.3} {:>10.3}  {verdict:<6}  {spread}", row.unit, row.goal);
    }
    all
}

/// A ratio says how many times as good we are as what stands beside: more is better. Of everything else less is.
fn reached(unit: &str, value: f64, goal: f64) -> bool {
    if unit == "ratio" { value >= goal } else { value <= goal }
}

/// Runs a cargo bench with these variables, passing its output on, and reads its lines.
fn benches(package: &str, name: &str, variables: &[(&str, &OsStr)]) -> Result<Vec<Reading>, String> {
    use std::io::{BufRead, BufReader};
    let mut command = cargo();
    command.args(["bench", "--quiet", "--locked", "--package", package, "--bench", name]);
    let shown = format!("cargo bench --package {package} --bench {name}");
    command.envs(variables.iter().copied());
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("{shown}: {error}"))?;
    let out = child.stdout.take().expect("piped above");
    let mut readings = Vec::new();
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        println!("{line}");
        readings.extend(Reading::read(&line));
    }
    let status = child.wait().map_err(|error| format!("{shown}: {error}"))?;
    if status.success() { Ok(readings) } else { Err(format!("{shown}: {status}")) }
}

/// The program as it ships.
fn program() -> Result<PathBuf, String> {
    let mut build: Command = cargo();
    setup::must(build.args(["build", "--release", "--locked", "--package", "amends", "--bin", "amends"]))?;
    Ok(target()?.join("release/amends"))
}

fn load() -> String {
    let said = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    said.split(' ').next().unwrap_or("unknown").to_owned()
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {}", model.trim_start_matches([' ', '\t', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_measurement_is_read() {
        let reading = |name, unit, value, goal| Some(Reading::new(name, unit, value, goal));
        assert_eq!(Reading::read("page_p99 ms 0.210 goal 1.0"), reading("page_p99", "ms", 0.21, 1.0));
        assert_eq!(Reading::read("  import seconds 0.5 goal 3"), reading("import", "seconds", 0.5, 3.0));
        for other in ["", "sqlite: filled in 3 s", "a value x goal 3", "819 incidents, 4570 updates"] {
            assert_eq!(Reading::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_goal_is_held_by_the_median() {
        let reading = |value| Reading::new("page", "ms", value, 1.0);
        assert!(table(vec![reading(0.5), reading(7.0), reading(0.6)]));
        assert!(!table(vec![reading(0.5), reading(7.0), reading(6.0)]));
        assert!(table(vec![Reading::new("mail", "ratio", 1.4, 1.3)]));
        assert!(!table(vec![Reading::new("mail", "ratio", 0.9, 1.3)]));
    }
}
