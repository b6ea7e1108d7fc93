//! How well real reports are read, measured against the labels beside the shared corpus. The floors hold what has
//! been reached; they may only rise.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use amends_lint::read::facts::MilestoneKind;
use amends_lint::{Source, read};
use serde_json::Value;

fn corpus() -> Option<std::path::PathBuf> {
    let root = std::env::var_os("AMENDS_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let folder = root.join("corpus");
    if folder.join("timelines.json").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no labels at {}", folder.display());
    None
}

#[test]
fn annotated_milestones_are_read_with_the_right_time() {
    let Some(folder) = corpus() else { return };
    let labels: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("timelines.json")).unwrap()).unwrap();
    let fields = [
        ("start", MilestoneKind::Start),
        ("detected", MilestoneKind::Detected),
        ("first_public_communication", MilestoneKind::FirstWord),
        ("mitigated", MilestoneKind::Mitigated),
        ("resolved", MilestoneKind::Resolved),
    ];
    let (mut told, mut right) = (0_u32, 0_u32);
    for report in labels.as_array().unwrap() {
        let path = report["path"].as_str().unwrap();
        let text = std::fs::read_to_string(folder.join(path)).unwrap();
        let reading = read(Source { path: Some(path), text: &text });
        for (field, kind) in fields {
            let Some(time) = report[field]["time"].as_str() else { continue };
            let found = reading.facts.milestones.iter().find(|milestone| milestone.kind == kind);
            let found = found.and_then(|milestone| milestone.local);
            let found = found.map(|local| local.strftime("%Y-%m-%dT%H:%M").to_string());
            told += 1;
            if found.as_deref() == Some(time) {
                right += 1;
            } else {
                println!("{path}: {field} is {time}, read {found:?}");
            }
        }
    }
    let share = f64::from(right) / f64::from(told);
    println!("milestones: {right} of {told} = {share:.3}");
    assert!(share >= 0.85, "{right} of {told}");
}

#[test]
fn labelled_actions_are_found() {
    let Some(folder) = corpus() else { return };
    // path, line, "text", …: the first two columns have no quotes.
    let labels = std::fs::read_to_string(folder.join("actions.csv")).unwrap();
    let mut lines: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in labels.lines().skip(1) {
        let mut columns = row.splitn(3, ',');
        if let (Some(path), Some(line)) = (columns.next(), columns.next())
            && let Ok(line) = line.parse()
        {
            lines.entry(path).or_default().push(line);
        }
    }
    let (mut all, mut found) = (0_u32, 0_u32);
    for (path, lines) in lines {
        let text = std::fs::read_to_string(folder.join(path)).unwrap();
        let reading = read(Source { path: Some(path), text: &text });
        for line in lines {
            all += 1;
            let hit = reading.facts.actions.iter().any(|action| action.line == line);
            if !hit {
                println!("{path}:{line}");
            }
            found += u32::from(hit);
        }
    }
    println!("actions: {found} of {all}");
    assert!(f64::from(found) / f64::from(all) >= 0.90, "{found} of {all}");
}
