//! `cargo xtask corpus`: runs reader and linter over folders of real reports, and the evaluators over what comes out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use amends_lint::output::Place;
use amends_lint::read::facts::MilestoneKind;
use amends_lint::{Config, Finding, Level, Reading, Source, check, read};
use clap::Args;
use serde_json::{Value, json};

use crate::{root, target};

#[derive(Args)]
pub struct Arguments {
    /// A folder of reports; may be given several times
    #[arg(long, value_name = "DIR")]
    corpus: Vec<PathBuf>,
    /// The folder with blame.csv, actions.csv, timelines.json; that of the first corpus when nothing is said
    #[arg(long, value_name = "DIR")]
    labels: Option<PathBuf>,
    /// Print every miss and every false alarm
    #[arg(long)]
    errors: bool,
}

/// Rules that report two places which cannot both be true, or what a template left in.
const CONTRADICTIONS: [&str; 17] = [
    "T04", "T06", "T08", "T09", "T10", "T11", "T12", "T16", "T22", "I03", "I06", "I11", "I12", "I13", "C03",
    "C10", "R02",
];

/// Runs everything and prints the figures; whether all evaluators ran.
///
/// # Errors
/// When a folder or a label file cannot be read, or the evaluator does not start.
pub fn corpus(arguments: &Arguments) -> Result<bool, String> {
    let shared = std::env::var_os("AMENDS_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let usual = shared.join("corpus");
    let folders = if arguments.corpus.is_empty() { vec![usual.clone()] } else { arguments.corpus.clone() };
    let labels = arguments.labels.clone().unwrap_or_else(|| folders[0].clone());
    let own = labels.join("evaluate_labels.py");
    let evaluator = if own.is_file() { own } else { usual.join("evaluate_labels.py") };
    let out = target()?.join("corpus");
    std::fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;

    let mut results: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let (mut findings, mut rules): (Vec<usize>, BTreeMap<&'static str, usize>) = Default::default();
    let mut speed = (0_usize, std::time::Duration::ZERO);
    for folder in &folders {
        for (path, text) in reports(folder)? {
            let began = std::time::Instant::now();
            let reading = read(Source { path: Some(&path), text: &text });
            let found = check(&reading, &Config::default(), None);
            speed = (speed.0 + 1, speed.1 + began.elapsed());
            let loud = found.iter().filter(|finding| finding.level >= Level::Warning);
            findings.push(loud.clone().count());
            for finding in loud {
                *rules.entry(finding.rule).or_default() += 1;
            }
            results.entry("blame").or_default().extend(blame(&path, &reading, &found));
            results.entry("actions").or_default().extend(actions(&path, &reading));
            results.entry("timelines").or_default().push(timeline(&path, &reading, &found));
        }
    }
    for (what, labels_file) in
        [("blame", "blame.csv"), ("actions", "actions.csv"), ("timelines", "timelines.json")]
    {
        let labels_file = labels.join(labels_file);
        if !labels_file.is_file() {
            println!("\n== {what}: no labels at {}", labels_file.display());
            continue;
        }
        let file = out.join(format!("{what}.jsonl"));
        let lines: String = results.get(what).into_iter().flatten().map(|line| format!("{line}\n")).collect();
        std::fs::write(&file, lines).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("\n== {what}");
        let mut command = Command::new("python3");
        command.arg(&evaluator).arg(what).arg(&file).arg("--labels").arg(&labels_file);
        if arguments.errors {
            command.arg("--errors");
        }
        let status = command.status().map_err(|error| format!("python3: {error}"))?;
        if !status.success() {
            return Err(format!("{} {what}: {status}", evaluator.display()));
        }
    }
    findings.sort_unstable();
    let median = findings.get(findings.len() / 2).copied().unwrap_or(0);
    println!("\n== findings at error or warning level");
    println!("{} reports, median {median}, most {}", findings.len(), findings.last().copied().unwrap_or(0));
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
    println!(
        "{}",
        rules.iter().map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join("  ")
    );
    println!("{} reports read and judged in {:.0} ms", speed.0, speed.1.as_secs_f64() * 1e3);
    Ok(true)
}

/// Every Markdown file of a folder, by its path within it.
pub fn reports(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(here) = folders.pop() {
        let wrong = |error: std::io::Error| format!("{}: {error}", here.display());
        for entry in std::fs::read_dir(&here).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md" || end == "markdown")
                && path.parent() != Some(folder)
            {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((name, text));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The rules that find blame. B05 and B08 are about tone, and A06 finds the appeals to care.
const OF_BLAME: [&str; 8] = ["A06", "B01", "B02", "B03", "B04", "B06", "B07", "C01"];

fn blame(path: &str, reading: &Reading<'_>, found: &[Finding]) -> Vec<Value> {
    let of_blame = found.iter().filter(|finding| OF_BLAME.contains(&finding.rule));
    of_blame
        .map(|finding| {
            let line = Place::of(&reading.document, finding.span).line;
            json!({ "path": path, "line": line, "text": amends_lint::output::sentence(&reading.document, finding.span), "rule": finding.rule })
        })
        .collect()
}

fn actions(path: &str, reading: &Reading<'_>) -> Vec<Value> {
    let actions = reading.facts.actions.iter().map(|action| {
        json!({
            "path": path,
            "line": action.line,
            "strength": action.strength.grade().as_str(),
            "has_owner": u8::from(action.owner.is_some()),
            "has_due": u8::from(action.due.is_some()),
            "verifiable": u8::from(action.verifiable),
        })
    });
    actions.collect()
}

fn timeline(path: &str, reading: &Reading<'_>, found: &[Finding]) -> Value {
    let time = |kind: MilestoneKind| {
        let milestone = reading.facts.milestones.iter().find(|milestone| milestone.kind == kind)?;
        Some(milestone.local?.strftime("%Y-%m-%dT%H:%M").to_string())
    };
    let contradictions = found.iter().filter(|finding| CONTRADICTIONS.contains(&finding.rule));
    let contradictions: Vec<Value> = contradictions
        .map(|finding| {
            let spans = finding.related.iter().map(|related| related.span).chain([finding.span]);
            let lines: Vec<usize> = spans.map(|span| reading.document.line(span.start)).collect();
            json!({ "lines": lines, "rule": finding.rule })
        })
        .collect();
    json!({
        "path": path,
        "start": time(MilestoneKind::Start),
        "detected": time(MilestoneKind::Detected),
        "first_public_communication": time(MilestoneKind::FirstWord),
        "mitigated": time(MilestoneKind::Mitigated),
        "resolved": time(MilestoneKind::Resolved),
        "contradictions": contradictions,
    })
}
