#![allow(clippy::unwrap_used)]

use super::*;
use crate::postmortem::{sample, template};
use amends_lint::read::facts::MilestoneKind;
use proptest::prelude::*;

fn file() -> File {
    let record = sample::record();
    let body = |name: &str| template::built_in().into_iter().find(|t| t.name == name).unwrap().body;
    File {
        id: PostmortemId::from_random([3; 12]),
        incident_id: Some(IncidentId::from_random([1; 12])),
        title: record.title,
        template: "summary-timeline".into(),
        letter_template: "regret-reason-remedy".into(),
        audience: Audience::Internal,
        state: PostmortemState::InReview,
        milestones: record.milestones,
        happened_at: sample::at("14:58"),
        created_at: sample::at("20:00"),
        published_at: None,
        published_letter: None,
        authors: vec!["Ada".into()],
        reviewers: vec![],
        document: body("summary-timeline"),
        letter_title: "We are sorry".into(),
        letter: body("regret-reason-remedy"),
        actions: vec![],
    }
}

#[test]
fn what_is_written_reads_well_anywhere() {
    let written = write(&file(), &sample::record(), &TimeZone::UTC);
    for part in [
        "title: \"Users cannot pay *at all*\"\ndate: 2026-03-10\n",
        "\n# Users cannot pay \\*at all\\*\n",
        "for <!--amends:fact:duration-->2 h 05 min<!--amends:end-->:",
        "\n| 2026-03-10 15:03 | Declared as SEV 2 by Ada |\n",
    ] {
        assert!(written.contains(part), "{part}\n{written}");
    }
    // Other tools see a plain report: so does our own reader.
    let reading = amends_lint::read(amends_lint::Source { path: None, text: &written });
    assert_eq!(reading.facts.title.unwrap().value, "Users cannot pay *at all*");
    let milestone = |kind| {
        reading.facts.milestones.iter().find(|m| m.kind == kind).and_then(|m| m.at).map(|at| at.to_string())
    };
    assert_eq!(milestone(MilestoneKind::Start).as_deref(), Some("2026-03-10T14:58:00Z"));
    assert_eq!(milestone(MilestoneKind::Declared).as_deref(), Some("2026-03-10T15:03:00Z"));
    assert_eq!(milestone(MilestoneKind::Resolved).as_deref(), Some("2026-03-10T17:03:00Z"));
}

#[test]
fn what_was_written_elsewhere_is_not_ours_and_what_is_broken_is_said() {
    assert!(!is_ours("---\ntitle: x\n---\nhello"));
    assert!(!is_ours("# hello"));
    let written = write(&file(), &sample::record(), &TimeZone::UTC);
    assert!(is_ours(&written));
    for (from, to, part) in [
        ("state: \"in_review\"", "state: \"lost\"", "state: ‘lost’"),
        ("amends: \"postmortem 1\"", "amends: \"postmortem 9\"", "postmortem 9"),
        ("<!--amends:document-->", "", "document"),
        ("<!--amends:letter-text-->", "", "letter-text"),
        ("happened_at: 2026", "happened_at: x", "happened_at"),
        ("id: \"", "id: \"X", "id"),
    ] {
        let error = read(&written.replacen(from, to, 1)).unwrap_err();
        assert!(error.contains(part), "{from}: {error}");
    }
    assert_eq!(read(&written.replace('\n', "\r\n")).unwrap(), file(), "line ends of another system");
}

fn line() -> impl Strategy<Value = String> {
    // No line breaks and no control characters: titles and names are checked before they are kept.
    "[^\\p{C}\\p{Zl}\\p{Zp}]{1,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("empty", |text| !text.is_empty())
}

fn prose() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[^\\p{C}]{0,20}",
        2 => Just("\n".to_owned()),
        2 => proptest::sample::select(vec![
            "{{started}}", "{{ timeline }}", "{{unknown}}", "{{said}}", "`{{started}}`", "\\{{started}}", "<!--amends:", "<!--amends:literal-->",
            "<!--amends:fact:started-->", "<!--amends:end-->", "<!--amends:letter-->", "<!-- hint -->", "---", "\n---\n", "  - {{actions}}\n", "```\n",
            "> {{impact}}", "#", "| a |\n|---|\n", "{\"a\": 1} # x",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().trim_end().to_owned())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|at| Timestamp::from_microsecond(at).unwrap())
}

prop_compose! {
    fn action()(id in any::<[u8; 12]>(), text in prose(), owner in proptest::option::of(line()), day in proptest::option::of(0_i64..60_000),
        term in proptest::sample::select(Term::ALL), state in proptest::sample::select(ActionState::ALL), note in prose(),
        tracker in proptest::option::of(line()), closed_at in proptest::option::of(time())) -> FileAction {
        let due = day.map(|day| jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(day)));
        FileAction {
            id: amends_model::ActionId::from_random(id).to_string(), text, owner, due, term, state, note, tracker, closed_at,
        }
    }
}

prop_compose! {
    fn files()(
        (ids, incident, title, template) in (any::<[u8; 12]>(), proptest::option::of(any::<[u8; 12]>()), line(), "[a-z-]{1,20}"),
        (audience, state) in (proptest::sample::select(Audience::ALL), proptest::sample::select(PostmortemState::ALL)),
        milestones in proptest::collection::vec((proptest::sample::select(Milestone::ALL), time(), line()), 0..6),
        (happened_at, created_at, published_at) in (time(), time(), proptest::option::of(time())),
        published_letter in proptest::option::of((line(), prose(), time(), time())),
        authors in proptest::collection::vec(line(), 0..3),
        reviewers in proptest::collection::vec(line(), 0..3),
        (document, letter_title, letter) in (prose(), line(), prose()),
        actions in proptest::collection::vec(action(), 0..4),
    ) -> File {
        let mut found = Milestones::default();
        for (milestone, at, source) in milestones {
            found.set(milestone, at, source);
        }
        File {
            id: PostmortemId::from_random(ids),
            incident_id: incident.map(IncidentId::from_random),
            title,
            letter_template: template.clone(),
            template,
            audience,
            state,
            milestones: found,
            happened_at,
            created_at,
            published_at,
            published_letter: published_letter
                .map(|(title, text, published_at, updated_at)| PublishedLetter { title, text, published_at, updated_at }),
            authors,
            reviewers,
            document,
            letter_title,
            letter,
            actions,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_file_is_read_back_without_loss(file in files()) {
        let written = write(&file, &sample::record(), &TimeZone::get("America/New_York").unwrap());
        prop_assert_eq!(read(&written), Ok(file), "{}", written);
    }
}
