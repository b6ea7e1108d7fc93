//! A thousand reports and one text that is made to be slow, on one core, and proselint on the same files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Reading, benches};
use crate::{root, setup, target};

/// How many documents are judged, as in `crates/amends-lint/benches/lint.rs`.
const DOCUMENTS: f64 = 1_000.0;
/// After so many seconds the peer is not waited for.
const LIMIT: u32 = 120;
/// At least as fast as a linter that only looks for phrases.
const GOAL_RATIO: f64 = 1.0;

pub fn measure() -> Result<Vec<Reading>, String> {
    let slow = target()?.join("lint-pathological.md");
    let mut readings = benches("amends-lint", "lint", &[("AMENDS_LINT_SLOW", slow.as_os_str())])?;
    let peer = Peer::install()?;
    let ours = |readings: &[Reading], name: &str| {
        let found = readings.iter().find(|reading| reading.name == name);
        found.map(|reading| reading.value).ok_or_else(|| format!("the bench said nothing of {name}"))
    };
    let (thousand, pathological) =
        (ours(&readings, "lint_thousand")?, ours(&readings, "lint_pathological_10mb")?);
    let (files, seconds) = peer.seconds(&reports())?;
    let of_thousand = seconds / files.max(1.0) * DOCUMENTS;
    println!("proselint: {of_thousand:.3} seconds for a thousand reports");
    let (files, seconds) = peer.seconds(&slow)?;
    let at_least = if files < 1.0 { "more than " } else { "" };
    println!("proselint: {at_least}{seconds:.3} seconds for the text made to be slow");
    for (name, own, other) in [
        ("lint_thousand_beside_proselint", thousand, of_thousand),
        ("lint_pathological_beside_proselint", pathological, seconds),
    ] {
        println!("{name} ratio {:.3} goal {GOAL_RATIO}", other / own);
        readings.push(Reading::new(name, "ratio", other / own, GOAL_RATIO));
    }
    Ok(readings)
}

/// The folder that the linter's own bench reads.
fn reports() -> PathBuf {
    let shared = std::env::var_os("AMENDS_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let corpus = shared.join("corpus");
    if corpus.is_dir() { corpus } else { root().join("crates/amends-lint/samples") }
}

struct Peer {
    python: PathBuf,
    script: PathBuf,
}

impl Peer {
    fn install() -> Result<Self, String> {
        let folder = root().join("crates/xtask/peers/proselint");
        let python = setup::python(&folder.join("requirements.txt"))?.join("bin/python");
        Ok(Self { python, script: folder.join("seconds.py") })
    }

    /// How many files it linted, none if it was not done in time, and the seconds of one core.
    fn seconds(&self, path: &Path) -> Result<(f64, f64), String> {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).arg(LIMIT.to_string()).arg(path).stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("{}: {error}", self.python.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [files, _, seconds] if output.status.success() && seconds > 0.0 => Ok((files, seconds)),
            _ => Err(format!("proselint: {}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}
