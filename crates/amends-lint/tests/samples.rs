//! Every rule has a manual, a sample that it reports and one that it lets pass.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use amends_lint::{Config, Source, check, read, rules};

fn folder(code: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(code)
}

fn samples(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).map(|files| files.map(|file| file.unwrap().path()).collect());
    let mut files: Vec<PathBuf> = files.unwrap_or_default();
    files.retain(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.starts_with(prefix) && name.ends_with(".md")
    });
    files.sort();
    files
}

#[test]
fn every_rule_fires_on_its_sample_and_not_on_the_clean_one() {
    let mut wrong = Vec::new();
    for rule in rules::ALL {
        let folder = folder(rule.code);
        let config = std::fs::read_to_string(folder.join("config.toml"));
        let config = config.map_or_else(|_| Config::default(), |text| Config::from_toml(&text).unwrap());
        let record = std::fs::read_to_string(folder.join("record.json")).ok();
        let record = record.map(|text| serde_json::from_str(&text).unwrap());
        for (prefix, expected) in [("fires", true), ("clean", false)] {
            let files = samples(&folder, prefix);
            if files.is_empty() {
                wrong.push(format!("{} has no {prefix}.md in {}", rule.code, folder.display()));
            }
            for file in files {
                let text = std::fs::read_to_string(&file).unwrap();
                let reading = read(Source { path: None, text: &text });
                let findings = check(&reading, &config, record.as_ref());
                let found = findings.iter().any(|finding| finding.rule == rule.code);
                if found != expected {
                    let codes: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
                    wrong.push(format!(
                        "{}: expected {} {expected}, found {codes:?}",
                        file.display(),
                        rule.code
                    ));
                }
                for finding in &findings {
                    let places = finding.related.iter().map(|related| related.span).chain([finding.span]);
                    for span in places {
                        assert!(text.get(span.start..span.end).is_some(), "{}: {finding:?}", file.display());
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_sample_belongs_to_a_rule() {
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).unwrap();
    for folder in folders {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(rules::find(&name).is_some(), "samples/{name} belongs to no rule");
    }
}

#[test]
fn every_rule_has_a_whole_manual() {
    for rule in rules::ALL {
        let manual = rule.manual();
        let outside = manual.split("```").step_by(2);
        let headings: Vec<&str> = outside.flat_map(str::lines).filter(|line| line.starts_with('#')).collect();
        let (title, parts) = headings.split_first().expect("a title");
        assert!(title.starts_with("# ") && !rule.title().is_empty(), "{}: {title}", rule.code);
        assert_eq!(parts, ["## Why it matters", "## Bad", "## Good", "## Source"], "{}", rule.code);
        let opening = manual.split("## Why it matters").next().unwrap();
        assert!(
            opening.lines().filter(|line| !line.is_empty()).count() >= 2,
            "{}: what it detects",
            rule.code
        );
    }
}

#[test]
fn codes_are_unique_and_in_order_within_their_family() {
    let codes: Vec<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
    for pair in codes.windows(2) {
        assert!(pair[0][..1] != pair[1][..1] || pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
    }
    let unique: std::collections::BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(unique.len(), codes.len());
}
