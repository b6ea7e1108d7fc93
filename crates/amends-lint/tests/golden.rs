//! What has to be found in texts that everybody can read: the expected findings are files in `golden/`.
//!
//! A line is a code, then the lines that the finding names, in any order; `!` before a code says that it must not be
//! found. The texts themselves lie beside the project; where they are missing, the test says so and is skipped.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use amends_lint::{Config, Source, check, read, rules};

fn seed(number: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AMENDS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("seeds");
    let files = std::fs::read_dir(&folder).ok().into_iter().flatten();
    let found = files
        .map(|file| file.unwrap().path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number)));
    if found.is_none() {
        eprintln!("SKIPPED: no text {number} in {}", folder.display());
    }
    found
}

fn golden(number: &str) {
    let Some(path) = seed(number) else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let reading = read(Source { path: None, text: &text });
    let found: Vec<(&str, BTreeSet<usize>)> = check(&reading, &Config::default(), None)
        .iter()
        .map(|finding| {
            let spans = finding.related.iter().map(|related| related.span).chain([finding.span]);
            (finding.rule, spans.map(|span| reading.document.line(span.start)).collect())
        })
        .collect();
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{number}.txt"));
    let mut missing = Vec::new();
    for line in std::fs::read_to_string(list).unwrap().lines() {
        let expected = line.split('#').next().unwrap().trim();
        let mut words = expected.split_whitespace();
        let Some(code) = words.next() else { continue };
        if rules::find(code.trim_start_matches('!')).is_none() {
            println!("{number}: there is no rule {code} yet");
            continue;
        }
        let lines: BTreeSet<usize> = words.map(|line| line.parse().unwrap()).collect();
        let unwanted = code.starts_with('!');
        let code = code.trim_start_matches('!');
        let there = found.iter().any(|(rule, places)| *rule == code && lines.is_subset(places));
        if unwanted && there {
            missing.push(format!("{line}  (must not be found)"));
        } else if !unwanted && !there {
            missing.push(line.to_owned());
        }
    }
    assert!(missing.is_empty(), "{number}: not found:\n{}\nfound: {found:#?}", missing.join("\n"));
}

#[test]
fn the_letter_about_mail_that_was_not_sent() {
    golden("000");
}

#[test]
fn the_example_report_about_a_blocked_port() {
    golden("001");
}

#[test]
fn the_account_of_a_misspelled_import() {
    golden("003");
}

#[test]
fn the_postmortem_that_contradicts_itself() {
    golden("004");
}

#[test]
fn what_stopped_is_told_by_its_effect_on_users() {
    let codes = |text: &str| -> Vec<&str> {
        let reading = read(Source { path: None, text });
        check(&reading, &Config::default(), None).iter().map(|finding| finding.rule).collect()
    };
    assert!(codes("The Data Sync Java container stopped working.").contains(&"I02"));
    let third = "The Data Sync process was failing to connect to the UserHistory database. As such, when users logged \
                 into their account, they could not see the latest transactions for their account.";
    assert_eq!(codes(third), Vec::<&str>::new());
}
