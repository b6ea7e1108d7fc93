//! Reads every Markdown file under a folder and prints, one JSON object per line, what was understood, in the
//! shapes that the evaluators beside the corpus take.
//!
//! `cargo run -p amends-lint --example read_corpus -- timelines|moments|facts FOLDER`

use std::path::{Path, PathBuf};

use amends_lint::read::facts::MilestoneKind;
use amends_lint::{Source, read};

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (what, folder) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let folder = PathBuf::from(folder);
    let mut files = Vec::new();
    gather(&folder, &mut files);
    files.sort();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let path = file.strip_prefix(&folder).unwrap_or(&file).to_string_lossy().into_owned();
        let reading = read(Source { path: Some(&path), text: &text });
        match what.as_str() {
            "timelines" => println!("{}", timelines(&path, &reading)),
            "moments" => moments(&path, &reading),
            "facts" => facts(&path, &reading),
            other => {
                eprintln!("‘{other}’ is not one of: timelines, moments, facts");
                return std::process::ExitCode::from(2);
            }
        }
    }
    std::process::ExitCode::SUCCESS
}

fn timelines(path: &str, reading: &amends_lint::Reading<'_>) -> serde_json::Value {
    let time = |kind: MilestoneKind| {
        let found = reading.facts.milestones.iter().find(|milestone| milestone.kind == kind)?;
        Some(found.local?.strftime("%Y-%m-%dT%H:%M").to_string())
    };
    serde_json::json!({
        "path": path,
        "start": time(MilestoneKind::Start),
        "detected": time(MilestoneKind::Detected),
        "first_public_communication": time(MilestoneKind::FirstWord),
        "mitigated": time(MilestoneKind::Mitigated),
        "resolved": time(MilestoneKind::Resolved),
        "contradictions": [],
    })
}

fn moments(path: &str, reading: &amends_lint::Reading<'_>) {
    println!(
        "== {path} zone {:?} date {:?}",
        reading.facts.time_zone.as_ref().map(|z| &z.value.text),
        reading.facts.date.as_ref().map(|d| d.value)
    );
    for moment in &reading.facts.moments {
        let text: String = moment.text.chars().take(90).collect();
        println!(
            "{:4} {:?} {:?} {:?} {:?}",
            moment.line,
            moment.origin,
            moment.local.map(|l| l.to_string()),
            moment.dated,
            text
        );
    }
    for m in &reading.facts.milestones {
        println!("   => {:?} {:?} line {}", m.kind, m.local.map(|l| l.to_string()), m.line);
    }
}

fn facts(path: &str, reading: &amends_lint::Reading<'_>) {
    let facts = &reading.facts;
    println!(
        "== {path} {:?} {:?}",
        facts.title.as_ref().map(|t| &t.value),
        facts.audience.as_ref().map(|a| a.value)
    );
    for duration in &facts.durations {
        println!("{:4} {} = {} s {:?}", duration.line, duration.text, duration.seconds, duration.of);
    }
    for quantity in &facts.quantities {
        println!("{:4} {:?} {:?}", quantity.line, quantity.amount, quantity.text);
    }
    for cause in &facts.causes {
        println!("{:4} CAUSE {}", cause.line, cause.value);
    }
    for why in &facts.whys {
        println!(
            "{:4} WHY {}{} {}",
            why.line,
            "  ".repeat(why.depth),
            if why.question { "?" } else { "-" },
            why.text
        );
    }
    for action in &facts.actions {
        println!(
            "{:4} ACTION {:?} {:?} {:?} {}",
            action.line, action.owner, action.due, action.tracker, action.text
        );
    }
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}
