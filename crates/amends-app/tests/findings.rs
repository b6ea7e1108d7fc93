//! What the linter says in the app: at the words that were typed, compared with the record, and in the way of publishing.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::incident::{ComponentInput, Declare, PublishUpdate};
use amends_app::postmortem::{
    CheckText, DraftPostmortem, EditPostmortem, Finding, FindingLevel, FindingPath, PublishDocument,
    PublishLetter,
};
use amends_app::{App, AppError, Caller};
use amends_model::permission::Scopes;
use amends_model::*;
use amends_store::{audit, component, event, postmortem};
use amends_testkit::stores::each;
use jiff::SignedDuration;
use support::{app, now};

fn ada() -> Caller {
    Caller::system("Ada")
}

/// The draft about an incident from 11:00 to 12:00 UTC that customers were told about.
async fn drafted(app: &App) -> Postmortem {
    let ada = ada();
    app.create_page(&ada, "Marrowby", "Etc/UTC").await.unwrap();
    let mut tx = app.store().begin().await.unwrap();
    let shop = Component {
        id: ComponentId::from_random([2; 12]),
        name: "Checkout".into(),
        description: None,
        group_id: None,
        is_group: false,
        position: 1,
        status: ComponentStatus::Operational,
        showcase: true,
        only_show_if_degraded: false,
        start_date: None,
        created_at: now(),
        updated_at: now(),
        archived: false,
        version: 1,
    };
    component::insert(&mut tx, &shop).await.unwrap();
    tx.commit().await.unwrap();
    let declare = Declare {
        title: "Customers cannot pay".into(),
        visibility: Some(Visibility::Public),
        started_at: Some(now() - SignedDuration::from_mins(60)),
        components: vec![ComponentInput {
            component: "Checkout".into(),
            status: ComponentStatus::MajorOutage,
        }],
        message: Some("We are looking.".into()),
        ..Declare::default()
    };
    app.declare(&ada, declare).await.unwrap();
    let over = PublishUpdate {
        phase: Some(Phase::Resolved),
        text: "It works again.".into(),
        components: vec![],
        notify: None,
        next_update_at: None,
        expected_version: None,
    };
    app.publish_update(&ada, "1", over).await.unwrap();
    app.draft_postmortem(&ada, "1", DraftPostmortem::default()).await.unwrap()
}

async fn found(app: &App, text: &str, letter: bool) -> Vec<Finding> {
    let input = CheckText { letter, title: None, text: Some(text.into()) };
    app.check_postmortem(&ada(), "1", input).await.unwrap()
}

fn of<'f>(found: &'f [Finding], rule: &str) -> Vec<&'f Finding> {
    found.iter().filter(|f| f.rule == rule).collect()
}

/// The text with the edits of a change made.
fn with(text: &str, edits: &[amends_app::postmortem::TextEdit]) -> String {
    let at = |line: usize, column: usize| {
        let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        text[start..].char_indices().nth(column - 1).map_or(text.len(), |(at, _)| start + at)
    };
    let mut out = text.to_owned();
    for edit in edits.iter().rev() {
        out.replace_range(at(edit.line, edit.column)..at(edit.end_line, edit.end_column), &edit.text);
    }
    out
}

const GOOD: &str = "## What stopped working?\n\nFrom {{started}} to {{resolved}} 1,240 of 9,800 customers could not pay, \
    for {{duration}}.\n\n{{impact}}\n";

#[tokio::test]
async fn a_finding_stands_at_the_words_that_were_typed() {
    for fresh in each().await {
        let app = app(&fresh);
        drafted(&app).await;
        let text =
            format!("{GOOD}\n## Why did it stop working?\n\nNaïvely told, the root cause was human error.\n");
        let all = found(&app, &text, false).await;
        let error = of(&all, "C01")[0];
        let words: String = text
            .lines()
            .nth(error.line - 1)
            .unwrap()
            .chars()
            .skip(error.column - 1)
            .take(error.end_column - error.column)
            .collect();
        assert!(words.contains("human error"), "{words}: {error:?}");
        assert_eq!(error.path, FindingPath::Document);
        // What the text itself waives is not told, and the waiver stands where it counts.
        let waived = with(&text, std::slice::from_ref(&error.waiver)).replace(" why -->", " a quotation -->");
        assert!(of(&found(&app, &waived, false).await, "C01").is_empty(), "{waived}");

        // A change that is safe is made in what was typed.
        let text = format!("{GOOD}\n## Timeline (UTC)\n\n- 2026-09-01 11: 05 Am the change went out\n");
        let all = found(&app, &text, false).await;
        let slip = of(&all, "T07")[0];
        let mended = with(&text, &slip.fix.as_ref().unwrap().edits);
        assert!(mended.contains("- 2026-09-01 11:05 AM the change"), "{mended}");
        assert!(of(&found(&app, &mended, false).await, "T07").is_empty());

        // What the record writes is not held against the writer: not the zone of its rows, nor a fact that is missing.
        let facts = "## Timeline\n\n{{timeline}}\n\n{{milestones}}\n\n## Actions\n\n{{actions}}\n";
        let all = found(&app, facts, false).await;
        let form: Vec<_> =
            all.iter().filter(|f| f.rule.starts_with('T') && f.message.starts_with("In {{")).collect();
        assert!(form.is_empty(), "{form:?}");

        // The title is a field of its own.
        let input = CheckText { letter: false, title: Some("Postmortem".into()), text: None };
        let all = app.check_postmortem(&ada(), "1", input).await.unwrap();
        assert_eq!((of(&all, "H01")[0].path, of(&all, "H01")[0].end_column), (FindingPath::Title, 11));
        let over = with("## A\n", std::slice::from_ref(&of(&all, "H01")[0].waiver));
        assert!(over.starts_with("<!-- amends: allow H01 why -->\n\n## A"), "{over}");
        let stranger = Caller { scopes: Scopes(vec!["incident:read".parse().unwrap()]), ..ada() };
        let refused = app.check_postmortem(&stranger, "1", CheckText::default()).await;
        assert!(matches!(refused, Err(AppError::Forbidden { .. })), "{}", fresh.engine);
    }
}

#[tokio::test]
async fn the_text_is_compared_with_the_record_and_with_the_letter() {
    for fresh in each().await {
        let app = app(&fresh);
        let p = drafted(&app).await;
        let text = "## Timeline (UTC)\n\n- 2026-09-01 11:20 orders fail, the outage begins\n- 2026-09-01 12:00 resolved\n";
        let all = found(&app, text, false).await;
        let start = of(&all, "X01")[0];
        assert_eq!(start.line, 3);
        assert!(
            start.what == "On the record it began at 11:00 (the record), 20 min earlier than is told here.",
            "{}",
            start.what
        );
        let same = text.replace("11:20", "11:00");
        assert!(of(&found(&app, &same, false).await, "X01").is_empty(), "{}", fresh.engine);
        let all = found(&app, "## Summary\n\nThe outage lasted 3 hours. It was a SEV1.\n", false).await;
        let told: Vec<&str> = of(&all, "X01").iter().map(|f| f.what.as_str()).collect();
        assert!(
            told.iter()
                .any(|what| what.contains("on the record it is 1 h, from when it began until it was over")),
            "{told:?}"
        );
        assert!(told.iter().any(|what| what.starts_with("On the record the severity is sev")), "{told:?}");
        assert!(
            told.iter().any(|what| what.ends_with("the text does not: Checkout (major outage).")),
            "{told:?}"
        );
        // What happened before, and is not mentioned.
        assert!(of(&all, "X04").is_empty(), "{all:?}");
        let earlier = Declare {
            title: "Customers cannot pay by card".into(),
            started_at: Some(now() - SignedDuration::from_hours(72)),
            ..Declare::default()
        };
        app.declare(&ada(), earlier).await.unwrap();
        let all = found(&app, &same, false).await;
        assert_eq!(of(&all, "X04")[0].what, "INC-2 is like this incident and is not mentioned.");
        let told = format!("{same}\nAs in INC-2, nobody could pay.\n");
        assert!(of(&found(&app, &told, false).await, "X04").is_empty(), "{}", fresh.engine);
        // The first word to customers, as it was published.
        let all = found(&app, "## Timeline (UTC)\n\n- 2026-09-01 11:00 orders fail, the outage begins\n- 2026-09-01 11:10 First notice on the status page\n- 2026-09-01 12:00 resolved\n", false).await;
        assert!(of(&all, "X01").is_empty(), "{all:?}");
        assert_eq!(
            of(&all, "X02")[0].what,
            "The first update was published at 12:00, 50 min away from what is told here."
        );

        // The letter counts what the document counts.
        let document = EditPostmortem {
            document: Some("## Summary\n\n1,240 customers could not pay.\n".into()),
            ..EditPostmortem::default()
        };
        app.edit_postmortem(&ada(), p.id.as_str(), 1, document).await.unwrap();
        let all = found(&app, "We are sorry that 1,200 customers could not pay.\n", true).await;
        let told = of(&all, "X01")[0];
        assert_eq!(told.path, FindingPath::Letter);
        assert!(told.what.contains("the internal document, line 3, has 1240 customers"), "{}", told.what);
    }
}

#[tokio::test]
async fn errors_stop_publishing_unless_there_is_a_reason_which_is_kept() {
    for fresh in each().await {
        let app = app(&fresh);
        let p = drafted(&app).await;
        let (ada, id) = (ada(), p.id.as_str());
        let text = format!("{GOOD}\n## Why did it stop working?\n\nThe root cause was human error.\n");
        let edit = EditPostmortem {
            document: Some(text),
            letter: Some(
                "<!-- amends: allow K01 said by phone -->\n\nCall ada@marrowby.example, or me.\n".into(),
            ),
            ..EditPostmortem::default()
        };
        let p = app.edit_postmortem(&ada, id, 1, edit).await.unwrap();
        let plain = PublishDocument { version: p.version, despite_findings: None };
        let refused = app.publish_postmortem(&ada, id, plain.clone()).await.unwrap_err();
        let AppError::Findings(errors) = &refused else { panic!("{refused}") };
        assert!(errors.iter().all(Finding::is_error) && errors.iter().any(|f| f.rule == "C01"), "{errors:?}");
        assert!(refused.to_string().contains("C01 in line"), "{refused}");
        assert_eq!(app.postmortem(&ada, id).await.unwrap().state, PostmortemState::Draft, "nothing was done");
        let blank = PublishDocument { despite_findings: Some(" ".into()), ..plain.clone() };
        assert!(matches!(app.publish_postmortem(&ada, id, blank).await, Err(AppError::Invalid(_))));

        let despite = PublishDocument { despite_findings: Some("The audit is today.".into()), ..plain };
        let published = app.publish_postmortem(&ada, id, despite).await.unwrap();
        let mut tx = app.store().read().await.unwrap();
        let version = postmortem::versions(&mut tx, &p.id, None, 1).await.unwrap().remove(0);
        let publication = version.publication.unwrap();
        let kept = publication.despite.unwrap();
        assert_eq!((publication.letter, version.version), (false, published.version));
        assert_eq!(kept.reason, "The audit is today.");
        assert_eq!(kept.findings.len(), errors.len());
        assert!(kept.findings.iter().any(|f| f.rule == "C01" && f.path == "document"), "{kept:?}");
        let incident = p.incident_id.clone().unwrap();
        let events = event::of(&mut tx, incident.as_str()).await.unwrap();
        let told = events.iter().find_map(|e| match &e.body {
            EventBody::Postmortem { letter: false, despite, .. } => despite.clone(),
            _ => None,
        });
        assert_eq!(told.as_deref(), Some("The audit is today."));
        let lines = audit::list(&mut tx, &audit::Which::default(), None, 10).await.unwrap();
        assert!(
            lines.entries.iter().any(|line| line.detail.to_string().contains("The audit is today.")),
            "{lines:?}"
        );
        drop(tx);

        // The letter has its own audience, and its own gate; remarks of its writers do not go out.
        let plain = PublishLetter { version: published.version, notify: Some(false), despite_findings: None };
        let refused = app.publish_letter(&ada, id, plain.clone()).await.unwrap_err();
        let AppError::Findings(errors) = &refused else { panic!("{refused}") };
        assert!(errors.iter().any(|f| f.rule == "S01" && f.path == FindingPath::Letter), "{errors:?}");
        let despite = PublishLetter { despite_findings: Some("It is her wish.".into()), ..plain };
        app.publish_letter(&ada, id, despite).await.unwrap();
        let shown = app.public_incident(&incident).await.unwrap().unwrap().letter.unwrap();
        assert_eq!(shown.text, "Call ada@marrowby.example, or me.");
        let newest = app.postmortem_history(&ada, id, None, 1).await.unwrap().remove(0);
        let publication = newest.publication.unwrap();
        assert_eq!(
            (publication.letter, publication.despite.unwrap().reason.as_str()),
            (true, "It is her wish.")
        );
        // Without errors there is nothing to be despite of, and so nothing is kept.
        let clean = EditPostmortem {
            letter: Some("We are sorry. You could not pay because a certificate had expired. We renewed it, and an alert now tells us two weeks before; write to us if a payment is missing.".into()),
            ..EditPostmortem::default()
        };
        let p = app.edit_postmortem(&ada, id, newest.version, clean).await.unwrap();
        let all =
            app.check_postmortem(&ada, id, CheckText { letter: true, ..CheckText::default() }).await.unwrap();
        assert!(all.iter().all(|f| !f.is_error()), "{all:?}");
        let again =
            PublishLetter { version: p.version, notify: Some(false), despite_findings: Some("x".into()) };
        app.publish_letter(&ada, id, again).await.unwrap();
        let newest = app.postmortem_history(&ada, id, None, 1).await.unwrap().remove(0);
        assert_eq!(newest.publication, Some(Publication { letter: true, despite: None }), "{}", fresh.engine);
    }
}

#[tokio::test]
async fn the_installation_decides_what_counts() {
    for fresh in each().await {
        let app = app(&fresh);
        app.set_lint(
            amends_lint::Config::from_toml("[lint.rules]\nC01 = \"off\"\nB01 = \"hint\"\n").unwrap(),
        );
        drafted(&app).await;
        let all = found(&app, "## Why\n\nIt was obviously the firewall, and the cause was carelessness. The root cause was human error.\n", false).await;
        assert!(of(&all, "C01").is_empty(), "{all:?}");
        assert_eq!(of(&all, "B01")[0].level, FindingLevel::Hint, "{}", fresh.engine);
    }
}
