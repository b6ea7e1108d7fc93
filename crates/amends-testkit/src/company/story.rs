//! Story A: the mail server refuses everything while customers have to be told.

use std::fs;
use std::time::Duration;

use super::{Company, PUBLIC_URL, once_each};
use crate::process::poll;
use crate::smtp::{Behaviour, Message};

const SOON: Duration = Duration::from_secs(90);

/// Waits until page, feed and Statuspage API all say `words`, and the API's indicator is this.
#[track_caller]
fn agree(company: &Company, incident: &str, indicator: &str, words: &str) {
    let client = company.nodes[0].client();
    let seen = poll(Duration::from_secs(15), || {
        let summary = client.get("/api/v2/summary.json").json();
        let incidents = client.get("/api/v2/incidents.json").text();
        let (page, own) = (client.get("/").text(), client.get(&format!("/incidents/{incident}")).text());
        let feed = client.get("/history.rss").text();
        let all = summary["status"]["indicator"] == indicator
            && incidents.contains(words)
            && feed.contains(words)
            && own.contains(words);
        let calm = page.contains("Everything is working");
        (all && calm == (indicator == "none")).then_some(())
    });
    let summary = client.get("/api/v2/summary.json").text();
    assert!(seen.is_some(), "page, feed and API do not agree on ‘{words}’, {indicator}: {summary}");
}

fn is_in_thread(message: &Message, incident: &str) -> bool {
    let root = message.header("References").unwrap_or_default();
    root.contains(&format!("incident-{incident}@")) && message.header("In-Reply-To") == Some(root)
}

impl Company {
    /// Declares an incident while the mail server refuses everything, sees that everything is held and said so, mends it,
    /// resolves, and (with `letter`) publishes the customers' letter. Answers in words what happened.
    ///
    /// # Panics
    /// When anything is lost, told twice, or page, feed and API do not agree.
    #[must_use]
    pub fn tell_of_the_daily_mails(&self, letter: bool) -> String {
        let mut words = vec!["word-one", "word-two"];
        self.sink.behave(Behaviour::RefuseMessage("550 5.7.1 rejected: unsigned".into()));
        let declared = self.json(&[
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
        let incident = declared["id"].as_str().expect("as described").to_owned();

        // Held, and said so: in the log, by the doctor, by the API.
        self.one_says("mail is held");
        self.one_says("rejected: unsigned");
        let health = || self.client(0).get("/api/v1/health").expect(200).json();
        // Who is to hear of it is still being written down.
        let all_wait = poll(SOON, || {
            let mail = &health()["mail"];
            (mail["held"] == true && mail["waiting"] == self.subscribers).then_some(())
        });
        assert!(all_wait.is_some(), "{}", health());
        let doctor = self.doctor();
        assert!(
            doctor.contains(&format!("{} messages are held, none is lost", self.subscribers)),
            "{doctor}"
        );
        assert!(self.sink.messages().is_empty());
        agree(self, &incident, "critical", "Nobody got the daily mail at 15:00");
        let why = self.run(&["subscriber", "why", "customer7@example.net"]);
        assert!(why.contains("held") || why.contains("wait"), "{why}");

        // Mended: everybody is told, once.
        self.sink.behave(Behaviour::Accept);
        self.everybody_has("word-one", SOON);
        self.one_says("mail goes out again");
        once_each(&self.sink.messages(), "word-one", self.subscribers);

        // Resolved.
        self.run(&[
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
        self.run(&["incident", "resolve", &incident]);
        self.everybody_has("word-two", SOON);
        agree(self, &incident, "none", "All daily mails have been delivered");

        if letter {
            self.publish_letter(&incident);
            words.push("word-three");
        }

        // All of it once, in one thread, with a way out.
        let messages = self.sink.messages();
        for word in &words {
            once_each(&messages, word, self.subscribers);
        }
        let to_customers: Vec<_> =
            messages.iter().filter(|m| m.recipients[0].ends_with("@example.net")).collect();
        assert_eq!(to_customers.len(), words.len() * self.subscribers);
        assert!(to_customers.iter().all(|m| is_in_thread(m, &incident)));
        let out = to_customers[0].header("List-Unsubscribe").expect("as described");
        assert!(out.starts_with(&format!("<{PUBLIC_URL}/u/")), "{out}");
        format!(
            "{} messages to {} subscribers, each once, {} of them held while the server refused",
            to_customers.len(),
            self.subscribers,
            self.subscribers
        )
    }

    /// Waits until the log of a node, whichever it is, holds this.
    fn one_says(&self, words: &str) {
        let said = || self.nodes.iter().any(|node| node.log().contains(words)).then_some(());
        let logs = || self.nodes.iter().map(|node| node.log()).collect::<Vec<_>>().join("\n---\n");
        assert!(poll(SOON, said).is_some(), "no node says “{words}”:\n{}", logs());
    }

    fn publish_letter(&self, incident: &str) {
        let server = &self.nodes[0];
        let draft = self.json(&["postmortem", "draft", incident, "--template", "regret-reason-remedy"]);
        let id = draft["id"].as_str().expect("as described").to_owned();
        let letter = server.data().join("letter.md");
        fs::write(&letter, "## Regret\n\nWe are sorry (word-three).\n\n## Reason\n\nThe mails were unsigned.\n\n## Remedy\n\nA check before each change.\n").expect("as described");
        self.run(&["postmortem", "edit", &id, "--letter", &letter.to_string_lossy()]);
        self.run(&["postmortem", "publish", &id, "--letter", "--despite", "It is a drill."]);
        self.everybody_has("word-three", SOON);
        agree(self, incident, "none", "All daily mails have been delivered");
        let page = poll(SOON, || {
            let page = server.client().get(&format!("/incidents/{incident}")).text();
            page.contains("word-three").then_some(())
        });
        assert!(page.is_some(), "the letter is on the incident's page");
    }
}
