//! The stories are held to their own facts: a time that a text names is on the record, a promised next word was kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use amends_model::{ComponentStatus, Impact, Phase, Role, Visibility, text};
use jiff::Timestamp;

use super::clock::{Anchor, Facts, duration, hour_and_minute, referenced};
use super::content::{Company, Story};
use super::subscribers;
use super::timeline::{Line, What, When, clock, read};

fn company() -> Company {
    Company::load().unwrap_or_else(|e| panic!("{e}"))
}

fn now() -> Timestamp {
    "2026-11-20T15:37:20Z".parse().unwrap()
}

fn timed(story: &Story) -> Vec<(Timestamp, &Line)> {
    story.lines.iter().filter_map(|l| l.when.map(|w| (story.anchor.of(w, now()), l))).collect()
}

fn facts(story: &Story) -> Facts {
    Facts::of(&timed(story))
}

/// Every "HH:MM" in a text with whether it is a promise ("by 12:30", "by 09:30" of "tomorrow").
fn times_in(text: &str) -> Vec<(String, bool)> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(4))
        .filter(|i| text.is_char_boundary(*i) && text.is_char_boundary(i + 5))
        .filter(|i| clock(&text[*i..i + 5]).is_some())
        .map(|i| (text[i..i + 5].to_owned(), text[..i].ends_with("by ")))
        .collect()
}

#[test]
fn the_company_is_as_large_as_it_is_said_to_be() {
    let company = company();
    assert_eq!(company.component_keys().len(), 12);
    assert_eq!(company.groups.len(), 4);
    assert_eq!(company.people.len(), 6);
    let roles: HashSet<Role> = company.people.iter().map(|p| p.role).collect();
    assert_eq!(roles.len(), 4, "every role is somebody's");
    let open: Vec<&Story> = company.incidents.iter().filter(|s| facts(s).get("resolved").is_none()).collect();
    let open: Vec<_> = open.iter().filter(|s| matches!(s.anchor, Anchor::MinutesAgo(_))).collect();
    assert_eq!(open.iter().filter(|s| s.visibility == Visibility::Public).count(), 1);
    assert_eq!(open.len(), 2);
    let past = company.incidents.iter().filter(|s| matches!(s.anchor, Anchor::DaysAgo(_)));
    assert_eq!(past.filter(|s| s.visibility == Visibility::Public).count(), 60);
    assert_eq!(company.works.iter().filter(|w| matches!(w.anchor, Anchor::DaysAgo(d) if d < 0)).count(), 1);
    assert_eq!(company.postmortems.values().filter(|p| p.front.published.is_some()).count(), 30);
    let letters = company.postmortems.values().filter(|p| !p.letter.is_empty()).count();
    assert!(letters >= 8, "{letters} letters");
    let templates: BTreeSet<&str> = company.postmortems.values().map(|p| p.front.template.as_str()).collect();
    assert_eq!(templates.len(), 4, "{templates:?}");
}

#[test]
fn records_are_in_order_and_complete() {
    let company = company();
    let mut keys = HashSet::new();
    for story in &company.incidents {
        let key = &story.key;
        assert!(keys.insert(key.clone()), "{key} twice");
        let lines = timed(story);
        assert_eq!(lines.len(), story.lines.len(), "{key}: every line has a time");
        assert!(lines.is_sorted_by_key(|(at, _)| *at), "{key}: lines are in order");
        assert!(lines.iter().all(|(at, _)| *at < now()), "{key}: nothing lies ahead");
        let facts = facts(story);
        let started = facts.get("started").unwrap_or_else(|| panic!("{key} has no beginning"));
        assert!(facts.get("declared").is_some_and(|d| d >= started), "{key} was declared");
        assert!(
            lines.iter().any(|(_, l)| matches!(l.what, What::Alert { .. } | What::Detected { .. })),
            "{key}"
        );
        let phases: Vec<Phase> = lines
            .iter()
            .filter_map(|(_, l)| if let What::Update { phase, .. } = &l.what { Some(*phase) } else { None })
            .collect();
        if story.visibility == Visibility::Public {
            assert!((2..=6).contains(&phases.len()), "{key} has {} updates", phases.len());
            assert!(phases.is_sorted(), "{key}: phases go forward");
        }
        if let Anchor::DaysAgo(days) = story.anchor {
            assert!((2..366).contains(&days), "{key}");
            assert_eq!(phases.last(), Some(&Phase::Resolved), "{key} is over");
            assert!(facts.get("mitigated") <= facts.get("resolved"), "{key}");
        }
        assert!(text::line("title", &story.title, 120).is_ok(), "{key}");
        assert!(!story.title.ends_with('.'), "{key}");
    }
}

#[test]
fn times_in_texts_are_on_the_record_and_promises_were_kept() {
    let company = company();
    let mut wrong = Vec::new();
    for story in &company.incidents {
        let lines = timed(story);
        let facts = facts(story);
        let on_record: HashSet<String> = lines.iter().map(|(at, _)| hour_and_minute(*at)).collect();
        let mut told = on_record.clone();
        for (i, (at, line)) in lines.iter().enumerate() {
            let Some(raw) = line.what.text() else { continue };
            let words = facts.fill(raw).unwrap_or_else(|e| panic!("{}: {e}", story.key));
            for (time, promise) in times_in(&words) {
                let update = matches!(line.what, What::Update { .. });
                if !update {
                    told.insert(time);
                } else if promise {
                    // The day of a promise is the day of the update, or the next one when it says so.
                    let minute = clock(&time).unwrap();
                    let midnight = at.as_second().div_euclid(86_400) * 86_400;
                    let later = i64::from(words.contains("tomorrow by")) * 86_400;
                    let by = Timestamp::from_second(midnight + later + minute * 60).unwrap();
                    let next = lines[i + 1..].iter().find(|(_, l)| matches!(l.what, What::Update { .. }));
                    match next {
                        Some((said, _)) if *said <= by && by > *at => {}
                        next => {
                            wrong.push(format!("{}: \"by {time}\" of {at}, next word {next:?}", story.key))
                        }
                    }
                } else if !on_record.contains(&time) {
                    wrong.push(format!("{}: an update names {time}", story.key));
                }
            }
        }
        let summary = facts.fill(&story.summary).unwrap_or_else(|e| panic!("{}: {e}", story.key));
        let Some(writing) = company.postmortems.get(&story.key) else {
            wrong.extend(
                times_in(&summary)
                    .into_iter()
                    .filter(|(t, _)| !told.contains(t))
                    .map(|(t, _)| format!("{}: summary names {t}", story.key)),
            );
            continue;
        };
        for (heading, body) in writing.sections.iter().chain(&writing.letter) {
            let body = facts.fill(body).unwrap_or_else(|e| panic!("{}: {e}", story.key));
            for (time, _) in times_in(&body) {
                if !told.contains(&time) {
                    wrong.push(format!("{}, {heading}: {time} is not on the record", story.key));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn severity_and_impact_agree_with_the_components() {
    for story in company().incidents {
        let worst = Impact::None.raised_by(story.components.iter().map(|(_, s)| *s));
        if story.visibility == Visibility::Public {
            assert!(!story.components.is_empty(), "{}", story.key);
        }
        match worst {
            Impact::Critical => assert_eq!(story.severity.as_str(), "sev1", "{}", story.key),
            Impact::Major => assert!(story.severity.as_str() <= "sev3", "{}", story.key),
            Impact::Minor | Impact::None => assert!(story.severity.as_str() >= "sev2", "{}", story.key),
        }
        for line in &story.lines {
            if let What::Status { changes, .. } = &line.what {
                assert!(
                    changes.iter().all(|(k, _)| story.components.iter().any(|(c, _)| c == k)),
                    "{}",
                    story.key
                );
            }
        }
    }
}

#[test]
fn postmortems_have_all_sections_and_actions_in_every_state() {
    let company = company();
    let mut headings: HashMap<&str, Vec<String>> = HashMap::new();
    let (mut done, mut overdue, mut open) = (0, 0, 0);
    for (key, writing) in &company.postmortems {
        let these: Vec<String> = writing.sections.iter().map(|(h, _)| h.clone()).collect();
        let known = headings.entry(&writing.front.template).or_insert_with(|| these.clone());
        assert_eq!(*known, these, "{key}");
        if !writing.letter.is_empty() {
            let parts: Vec<&str> = writing.letter.iter().map(|(h, _)| h.as_str()).collect();
            assert_eq!(parts, ["Regret", "Reason", "Remedy"], "{key}");
        }
        let actions = &writing.front.action;
        assert!((2..=4).contains(&actions.len()), "{key}");
        let story = company.incidents.iter().find(|s| s.key == *key).unwrap();
        let Anchor::DaysAgo(age) = story.anchor else { panic!("{key} is still open") };
        assert!(writing.front.published.is_none_or(|p| p < age), "{key}");
        assert!(writing.front.letter_published.is_none_or(|p| p < age), "{key}");
        for action in actions {
            assert!(["short", "medium", "long"].contains(&action.term.as_str()), "{key}");
            assert_eq!(action.done.is_some(), action.note.is_some(), "{key}: {}", action.text);
            assert!(action.text.starts_with(char::is_uppercase) && !action.text.ends_with('.'), "{key}");
            match action.done {
                Some(day) => {
                    assert!(day < age, "{key}: {}", action.text);
                    done += 1;
                }
                None if action.due < age => overdue += 1,
                None => open += 1,
            }
        }
    }
    assert!(
        done > 40 && (3..=9).contains(&overdue) && open >= 8,
        "done {done}, overdue {overdue}, open {open}"
    );
}

#[test]
fn postmortems_follow_the_templates_that_come_with_amends() {
    let templates = crate::postmortem::template::built_in();
    for (key, writing) in &company().postmortems {
        let found = templates.iter().find(|t| t.name == writing.front.template);
        let template = found.unwrap_or_else(|| panic!("{key}: no template {}", writing.front.template));
        let headings: Vec<&str> =
            template.body.lines().filter_map(|l| l.strip_prefix("## ")).map(str::trim).collect();
        let ours: Vec<&str> = writing.sections.iter().map(|(h, _)| h.as_str()).collect();
        assert_eq!(ours, headings, "{key}");
    }
    assert_eq!(
        referenced("from {started} for {started..mitigated}"),
        "from {{started:time}} for {{started..mitigated}}"
    );
}

#[test]
fn planned_work_lies_where_it_says() {
    for work in company().works {
        assert!(work.window.0 < work.window.1, "{}", work.key);
        let ahead = matches!(work.anchor, Anchor::DaysAgo(d) if d < 0);
        assert_eq!(work.lines.len() == 1, ahead, "{}", work.key);
        let said = work.lines[0].what.text().unwrap();
        let mut times: Vec<i64> = times_in(said).iter().filter_map(|(t, _)| clock(t)).collect();
        times.dedup();
        if !times.is_empty() {
            assert_eq!(times, [work.window.0, work.window.1], "{}", work.key);
        }
        for line in &work.lines[1..] {
            let Some(When::Clock { day: 0, minute }) = line.when else { panic!("{}", work.key) };
            assert!(minute >= work.window.0 && minute <= work.window.1, "{}", work.key);
        }
    }
}

#[test]
fn texts_are_plain_and_blame_nobody() {
    let company = company();
    let names: Vec<&str> = company.people.iter().filter_map(|p| p.name.split(' ').next()).collect();
    let never = [
        "human error",
        "should have",
        "careless",
        "oops",
        "forgot ",
        "fault of",
        "unfortunately",
        "inconvenience",
        "simply failed",
        "TODO",
        "TBD",
        "lorem",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "yesterday's incident",
    ];
    let check = |place: &str, text: &str, customers: bool| {
        assert!(!text.contains(['!', '"', '\'']), "{place}: {text}");
        for word in never {
            assert!(!text.to_lowercase().contains(&word.to_lowercase()), "{place} says \"{word}\"");
        }
        if customers {
            for name in &names {
                assert!(
                    !text
                        .to_lowercase()
                        .split(|c: char| !c.is_alphabetic())
                        .any(|w| w == name.to_lowercase()),
                    "{place} names {name}"
                );
            }
        }
    };
    for story in &company.incidents {
        check(&story.key, &story.title, true);
        check(&story.key, &story.summary, false);
        for line in &story.lines {
            if let Some(text) = line.what.text() {
                check(&story.key, text, matches!(line.what, What::Update { .. }));
            }
        }
    }
    for (key, writing) in &company.postmortems {
        writing.sections.iter().for_each(|(_, b)| check(key, b, false));
        writing.letter.iter().for_each(|(_, b)| check(key, b, true));
        writing.front.action.iter().for_each(|a| check(key, &a.text, false));
    }
}

#[test]
fn no_two_updates_say_the_same() {
    let company = company();
    let mut seen: HashMap<String, &str> = HashMap::new();
    for story in &company.incidents {
        for line in &story.lines {
            if let What::Update { text, .. } = &line.what
                && let Some(other) = seen.insert(text.clone(), &story.key)
            {
                panic!("{} and {other} share an update", story.key);
            }
        }
    }
}

#[test]
fn subscribers_are_the_same_every_time_and_reach_nobody() {
    let keys = ["checkout", "api", "webhooks"];
    let made = subscribers::make(500, &keys);
    assert_eq!(made, subscribers::make(500, &keys));
    let addresses: HashSet<&str> = made.iter().map(|m| m.email.as_str()).collect();
    assert_eq!(addresses.len(), 500);
    for one in &made {
        assert!(text::email("email", &one.email).is_ok());
        let domain = one.email.rsplit('@').next().unwrap();
        assert!(["example.com", "example.org", "example.net"].contains(&domain));
        assert!((60..366 * 24 * 60).contains(&one.minutes_ago));
    }
    let choosy = made.iter().filter(|m| !m.components.is_empty()).count();
    assert!((100..200).contains(&choosy), "{choosy}");
}

#[test]
fn lines_and_durations_are_read_and_said() {
    let lines = read("11:42 started:\n+1 08:10 mitigated ada:\n+17 note ada: a: b\n").unwrap();
    assert_eq!(lines[0].when, Some(When::Clock { day: 0, minute: 702 }));
    assert_eq!(lines[1].when, Some(When::Clock { day: 1, minute: 490 }));
    assert_eq!(lines[2].when, Some(When::After(17)));
    assert_eq!(lines[2].what, What::Note { who: "ada".into(), text: "a: b".into() });
    let lines = read("09:00 status ada: api=partial_outage, web=operational").unwrap();
    let What::Status { changes, .. } = &lines[0].what else { panic!() };
    assert_eq!(changes[0], ("api".into(), ComponentStatus::PartialOutage));
    for wrong in ["11:42 sings ada: x", "11:42 note ada:", "no colon", "11:42 status ada: api=bad"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let said: Vec<String> = [0, 1, 22, 60, 65, 1440, 2125].into_iter().map(duration).collect();
    assert_eq!(
        said,
        [
            "less than a minute",
            "1 minute",
            "22 minutes",
            "1 hour",
            "1 hour 5 minutes",
            "1 day",
            "1 day 11 hours"
        ]
    );
    assert!(Facts::default().fill("{nothing}").is_err());
}
