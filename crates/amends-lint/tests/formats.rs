//! Reports in forms that no template has: the milestones that a careful reader finds in them lie beside each as
//! `NAME.txt`, one a line with its instant.

#![allow(clippy::unwrap_used)]

use std::path::Path;

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
