use super::{FILES, Group, LEXICON, Scope};

#[test]
fn the_word_files_are_understood() {
    assert_eq!(LEXICON.errors, Vec::<String>::new());
    assert!(LEXICON.len() > 100);
}

#[test]
fn every_word_file_is_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("words");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap();
        // Marks of reports that are often copied; read by rule R07.
        assert!(name == "known-reports" || FILES.iter().any(|(_, known, _)| *known == name), "{name}.txt");
    }
}

#[test]
fn the_longest_phrase_counts_and_stems_match() {
    let text = "Check each and every failed  rollback, all the time";
    let hits = super::find(Scope::Prose, text).into_iter().filter(|hit| hit.of(Group::of("unbounded")));
    let found: Vec<&str> = hits.map(|hit| &text[hit.start..hit.end]).collect();
    assert_eq!(found, ["each and every", "all the time"]);
    let users = Group::of("users");
    assert!(users.is_in("All CUSTOMERS’ orders") && users.is_in("end-user's") && !users.is_in("custom"));
}

fn groups(sentence: &str) -> Vec<&'static str> {
    super::find(Scope::Prose, sentence).iter().map(super::Hit::group).collect()
}

#[test]
fn blame_is_found() {
    let cases = [
        ("The outage was the result of human error.", "human-error"),
        ("The table was accidentally dropped during the clean-up.", "mishap"),
        ("The flag had been set to true in production accidentally.", "mishap"),
        ("This was due to an oversight.", "mishap"),
        ("A junior developer ran the script against the wrong database.", "role"),
        ("The on-call engineer forgot to silence the alert.", "role"),
        ("The operator misread the gauge.", "role"),
        ("@sam broke prod on Friday.", "named"),
        ("@kim should have asked first.", "named"),
        ("We should have tested this with real data.", "should-have"),
        ("The change should’ve been behind a flag.", "should-have"),
        ("Recovery took longer than it should have been.", "should-have"),
        ("This could have been prevented by a dry run.", "could-have"),
        ("A canary would have caught the crash.", "would-have"),
        ("If only we had read the release notes.", "if-only"),
        ("In hindsight, the window was too short.", "if-only"),
        ("We failed to notice the growing queue.", "failure"),
        ("Nobody noticed the red build.", "failure"),
        ("We did not test the restore.", "failure"),
        ("The warning was overlooked.", "failure"),
        ("Didn't anticipate that the cache would be cold.", "failure"),
        ("I mistakenly interpreted the notice as a billing change.", "self"),
        ("It was my fault.", "self"),
        ("Everybody needs to be more careful with wildcards.", "care"),
        ("The release was rushed.", "failure"),
        ("A careless deploy took the site down.", "blame-word"),
        ("Our provider let us down again.", "vendor"),
    ];
    for (sentence, group) in cases {
        assert!(groups(sentence).contains(&group), "{sentence}: {:?} without {group}", groups(sentence));
    }
}

#[test]
fn what_machines_did_and_what_will_be_done_is_no_blame() {
    let blame = [
        "human-error",
        "mishap",
        "role",
        "named",
        "should-have",
        "could-have",
        "would-have",
        "if-only",
        "failure",
        "self",
        "care",
        "blame-word",
        "vendor",
    ];
    let clean = [
        "The pod failed to start because the image was missing.",
        "A race in the scheduler caused the job to be skipped.",
        "The garbage collector inadvertently deleted live objects.",
        "We should have alerts on replication lag.",
        "Every service should have an owner.",
        "Add a guard against accidental deletion of namespaces.",
        "The on-call engineer rolled the release back at 12:04.",
        "@kim restarted the worker and confirmed that mail went out.",
        "Users could not log in and saw an error page.",
        "The attacker could have read the table, but the logs show no access.",
        "The service responsible for billing restarted.",
        "Requests with the wrong header were ignored by the proxy.",
        "The review is not meant to assign blame.",
        "What could have gone better",
        "Images are lazy loaded.",
        "The team manually drained the node.",
        "We did not lose any data.",
    ];
    for sentence in clean {
        let found = groups(sentence).into_iter().filter(|group| blame.contains(group)).collect::<Vec<_>>();
        assert!(found.is_empty(), "{sentence}: {found:?}");
    }
}
