//! How well blame and the strength of actions are told, measured against the labels beside the shared corpus: on all
//! of them, and on each organisation by itself, so that no single one carries the figure. The floors may only rise.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use amends_lint::{Config, Source, check, read};

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

/// The rules that find blame. B05 and B08 are about tone, and A06 finds the appeals to care.
const OF_BLAME: [&str; 8] = ["A06", "B01", "B02", "B03", "B04", "B06", "B07", "C01"];

/// The words of every finding of blame in a text, in lower case and with single blanks.
fn blamed(path: Option<&str>, text: &str) -> Vec<String> {
    let reading = read(Source { path, text });
    let findings = check(&reading, &Config::default(), None);
    let of_blame = findings.iter().filter(|finding| OF_BLAME.contains(&finding.rule));
    of_blame.map(|finding| plain(&text[finding.span.start..finding.span.end])).collect()
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[test]
fn labelled_blame_is_found_and_little_else() {
    let Some(folder) = corpus() else { return };
    let labels = rows(&std::fs::read_to_string(folder.join("blame.csv")).unwrap());
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let (mut right, mut wrong, mut missed) = (0_u32, 0_u32, 0_u32);
    for row in labels.iter().filter(|row| row[3] != "borderline") {
        let words = found.entry(&row[0]).or_insert_with(|| {
            blamed(Some(&row[0]), &std::fs::read_to_string(folder.join(&row[0])).unwrap())
        });
        let sentence = plain(&row[2]);
        let hit =
            words.iter().any(|words| sentence.contains(words.as_str()) || words.contains(sentence.as_str()));
        match (hit, row[3] == "flag") {
            (true, true) => right += 1,
            (true, false) => wrong += 1,
            (false, true) => missed += 1,
            (false, false) => {}
        }
    }
    let precision = f64::from(right) / f64::from(right + wrong);
    let recall = f64::from(right) / f64::from(right + missed);
    println!("blame: precision {precision:.3}, recall {recall:.3}");
    assert!(precision >= 0.95 && recall >= 0.95, "precision {precision:.3}, recall {recall:.3}");
}

/// Sentences that were written apart from any report, to see that the patterns are about language and not about files.
#[test]
fn blame_in_other_words_is_found_as_well() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blame");
    let judge = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        lines.into_iter().map(|line| (!blamed(None, &line).is_empty(), line)).collect::<Vec<_>>()
    };
    let flags = judge("flag.txt");
    let found = flags.iter().filter(|(hit, _)| *hit).count();
    let missed: Vec<&String> = flags.iter().filter(|(hit, _)| !hit).map(|(_, line)| line).collect();
    assert!(found * 20 >= flags.len() * 19, "{missed:#?}");
    let unseen = judge("unseen.txt");
    let found = unseen.iter().filter(|(hit, _)| *hit).count();
    println!("blame in words that nobody thought of: {found} of {}", unseen.len());
    assert!(found * 5 >= unseen.len() * 4, "{unseen:#?}");
    let wrong: Vec<String> =
        judge("clean.txt").into_iter().filter(|(hit, _)| *hit).map(|(_, line)| line).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
