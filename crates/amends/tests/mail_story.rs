//! Story A with the real program, on both engines: "Daily team emails not sent out". The mail server refuses everything;
//! nothing is lost, everybody is told once it is mended, and page, feed and API agree at every step. Then the same with
//! `kill -9` at random moments. `cargo xtask faults` tells the long form.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use amends_testkit::company::{Company, PUBLIC_URL, Plan, Rounds, once_each};
use amends_testkit::process::poll;
use amends_testkit::smtp::{Behaviour, Message};
use std::time::Duration;

const SUBSCRIBERS: usize = 500;
const SOON: Duration = Duration::from_secs(60);

/// On SQLite, and on PostgreSQL where there is one.
fn each(story: impl Fn(&'static str, Plan)) {
    story("sqlite", Plan { subscribers: SUBSCRIBERS, ..Plan::default() });
    if let Some(url) = amends_testkit::postgres::fresh_database() {
        story("postgres", Plan { database: Some(url), subscribers: SUBSCRIBERS, ..Plan::default() });
    }
}

/// Waits until page, feed and Statuspage API all say `words`, and the API's indicator is this.
#[track_caller]
fn agree(company: &Company, indicator: &str, words: &str) {
    let client = company.nodes[0].client();
    let seen = poll(Duration::from_secs(15), || {
        let summary = client.get("/api/v2/summary.json").json();
        let incidents = client.get("/api/v2/incidents.json").text();
        let (page, history) = (client.get("/").text(), client.get("/history").text());
        let feed = client.get("/history.rss").text();
        let all = summary["status"]["indicator"] == indicator
            && incidents.contains(words)
            && feed.contains(words)
            && (page.contains(words) || history.contains(words));
        let calm = page.contains("All systems operational");
        (all && calm == (indicator == "none")).then_some(())
    });
    let summary = client.get("/api/v2/summary.json").text();
    assert!(seen.is_some(), "page, feed and API do not agree on ‘{words}’, {indicator}: {summary}");
}

fn is_in_thread(message: &Message, incident: &str) -> bool {
    let root = message.header("References").unwrap_or_default();
    root.contains(&format!("incident-{incident}@")) && message.header("In-Reply-To") == Some(root)
}

#[test]
fn a_mail_server_that_refuses_everything_costs_time_but_no_message() {
    each(|engine, plan| {
        let company = Company::open(&plan);
        company.sink.behave(Behaviour::RefuseMessage("550 5.7.1 rejected: unsigned".into()));
        let declared = company.json(&[
            "incident",
            "declare",
            "--title",
            "Daily team emails not sent out",
            "--component",
            "Daily emails=major_outage",
            "--severity",
            "sev2",
            "--public",
            "--message",
            "Nobody got the daily mail at 15:00. We are looking into it (word-one).",
        ]);
        let incident = declared["id"].as_str().unwrap().to_owned();

        // Held, and said so: in the log, by the doctor, by the API.
        let server = &company.nodes[0];
        assert!(
            poll(SOON, || server.log().contains("mail is held").then_some(())).is_some(),
            "{engine}: {}",
            server.log()
        );
        assert!(
            server.log().contains("rejected: unsigned"),
            "{engine}: the server's own words are in the log"
        );
        let health = company.client(0).get("/api/v1/health").expect(200).json();
        assert_eq!(health["held"], SUBSCRIBERS, "{engine}: {health}");
        let doctor = company.doctor();
        assert!(
            doctor.contains(&format!("{SUBSCRIBERS} messages are held, none is lost")),
            "{engine}: {doctor}"
        );
        assert!(company.sink.messages().is_empty());
        agree(&company, "critical", "Nobody got the daily mail at 15:00");
        let why = company.run(&["subscriber", "why", "customer7@example.net"]);
        assert!(why.contains("held") || why.contains("wait"), "{engine}: {why}");

        // Mended: everybody is told, once.
        company.sink.behave(Behaviour::Accept);
        company.everybody_has("word-one", SOON);
        let found = poll(SOON, || server.log().contains("mail goes out again").then_some(()));
        assert!(found.is_some(), "{engine}: {}", server.log());
        once_each(&company.sink.messages(), "word-one", SUBSCRIBERS);

        // Resolved.
        company.run(&[
            "incident",
            "update",
            &incident,
            "--phase",
            "resolved",
            "--component",
            "Daily emails=operational",
            "--message",
            "All daily mails have been delivered (word-two).",
        ]);
        company.run(&["incident", "resolve", &incident]);
        company.everybody_has("word-two", SOON);
        agree(&company, "none", "All daily mails have been delivered");

        // The letter.
        let draft = company.json(&["postmortem", "draft", &incident, "--template", "regret-reason-remedy"]);
        let id = draft["id"].as_str().unwrap().to_owned();
        let letter = server.data().join("letter.md");
        std::fs::write(&letter, "## Regret\n\nWe are sorry (word-three).\n\n## Reason\n\nThe mails were unsigned.\n\n## Remedy\n\nA check before each change.\n").unwrap();
        company.run(&["postmortem", "edit", &id, "--letter", &letter.to_string_lossy()]);
        company.run(&["postmortem", "publish", &id, "--letter"]);
        company.everybody_has("word-three", SOON);
        agree(&company, "none", "All daily mails have been delivered");
        let page = poll(SOON, || {
            let page = server.client().get(&format!("/incidents/{incident}")).text();
            page.contains("word-three").then_some(())
        });
        assert!(page.is_some(), "{engine}: the letter is on the incident's page");

        // All of it once, in one thread, with a way out.
        let messages = company.sink.messages();
        for word in ["word-one", "word-two", "word-three"] {
            once_each(&messages, word, SUBSCRIBERS);
        }
        let to_customers: Vec<_> =
            messages.iter().filter(|m| m.recipients[0].ends_with("@example.net")).collect();
        assert_eq!(to_customers.len(), 3 * SUBSCRIBERS);
        assert!(to_customers.iter().all(|m| is_in_thread(m, &incident)));
        let out = to_customers[0].header("List-Unsubscribe").unwrap();
        assert!(out.starts_with(&format!("<{PUBLIC_URL}/u/")), "{out}");
    });
}

#[test]
fn a_server_killed_at_random_moments_loses_nothing_and_tells_nobody_twice() {
    each(|engine, plan| {
        let plan = Plan { subscribers: 200, pause: Duration::from_millis(10), ..plan };
        let mut company = Company::open(&plan);
        let rounds = Rounds {
            kills: 4,
            within: Duration::from_millis(700),
            patience: Duration::from_secs(90),
            seed: 2_026,
        };
        let tally = company.kill_rounds(rounds);
        println!("{engine}: {tally}");
        assert_eq!((tally.lost, tally.twice, tally.strange), (0, 0, 0), "{engine}: {tally}");
        assert!(tally.again <= tally.kills * plan.subscribers, "{engine}: {tally}");
    });
}
