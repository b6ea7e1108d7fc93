//! How well blame and the strength of actions are told, measured against the labels beside the shared corpus: on all
//! of them, and on each organisation by itself, so that no single one carries the figure. The floors may only rise.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use amends_lint::{Source, read};

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("AMENDS_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join("corpus");
    if folder.join("actions.csv").is_file() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no labels at {}", folder.display());
    None
}

/// The rows of a comma-separated file, without its first.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                all.push(std::mem::take(&mut row));
            }
            '\r' => {}
            other => cell.push(other),
        }
    }
    all.into_iter().skip(1).collect()
}

#[test]
fn the_strength_of_labelled_actions_is_told() {
    let Some(folder) = corpus() else { return };
    let labels = rows(&std::fs::read_to_string(folder.join("actions.csv")).unwrap());
    let mut by_path: BTreeMap<&str, Vec<&Vec<String>>> = BTreeMap::new();
    for row in &labels {
        by_path.entry(&row[0]).or_default().push(row);
    }
    let mut by_organisation: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let (mut all, mut right, mut checkable) = (0_u32, 0_u32, 0_u32);
    for (path, rows) in by_path {
        let text = std::fs::read_to_string(folder.join(path)).unwrap();
        let reading = read(Source { path: Some(path), text: &text });
        for row in rows {
            let line: usize = row[1].parse().unwrap();
            let action = reading.facts.actions.iter().find(|action| action.line == line);
            let hit = action.is_some_and(|action| action.strength.grade().as_str() == row[3]);
            let same = action.is_some_and(|action| action.verifiable == (row[6] == "1"));
            if !hit {
                println!("{} {path}:{line} {}", row[3], row[2]);
            }
            let organisation = by_organisation.entry(path.split('/').next().unwrap()).or_default();
            all += 1;
            organisation.1 += 1;
            right += u32::from(hit);
            organisation.0 += u32::from(hit);
            checkable += u32::from(same);
        }
    }
    println!("strength {right} of {all}, verifiable {checkable} of {all}, {by_organisation:?}");
    assert!(f64::from(right) / f64::from(all) >= 0.90, "{right} of {all}");
    assert!(f64::from(checkable) / f64::from(all) >= 0.75, "{checkable} of {all}");
    for (organisation, (right, all)) in by_organisation {
        assert!(all < 10 || f64::from(right) / f64::from(all) >= 0.80, "{organisation}: {right} of {all}");
    }
}
