//! Reports in forms that no template has: the milestones that a careful reader finds in them lie beside each as
//! `NAME.txt`, one a line with its instant.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use amends_lint::read::facts::MilestoneKind;
use amends_lint::{Source, read};

#[test]
fn times_in_unusual_forms_are_read_as_instants() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let mut reports: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    reports.retain(|path| path.extension().is_some_and(|end| end == "md"));
    reports.sort();
    assert!(reports.len() >= 12);
    let (mut all, mut wrong) = (0, Vec::new());
    for path in reports {
        let text = std::fs::read_to_string(&path).unwrap();
        let reading = read(Source { path: None, text: &text });
        for line in std::fs::read_to_string(path.with_extension("txt")).unwrap().lines() {
            let (kind, at) = line.split_once(' ').unwrap();
            let told = reading.facts.milestones.iter().find(|milestone| milestone.kind.as_str() == kind);
            let told = told.and_then(|milestone| milestone.at);
            let told = told.map_or("nothing".to_owned(), |at| at.strftime("%Y-%m-%dT%H:%MZ").to_string());
            all += 1;
            if told != at {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                wrong.push(format!("{name}: {kind} is {at}, read {told}"));
            }
        }
    }
    println!("formats: {} of {all} right", all - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_in_usual_words_tell_their_milestone() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rows.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (kind, words) = line.split_once(": ").unwrap();
        let report = format!("# Outage\n\n## Timeline (UTC)\n\n- 2024-05-01 08:00 {words}\n");
        let reading = read(Source { path: None, text: &report });
        let row = reading.facts.moments.iter().find(|moment| moment.has_time).unwrap();
        let kind = MilestoneKind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap();
        // What users feel is taken for the start where no row says it more plainly.
        let felt = kind == MilestoneKind::Start && row.cues.effect;
        if !row.cues.says(kind) && !felt {
            wrong.push(line.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
