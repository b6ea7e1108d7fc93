//! A company that runs the real program: one or several nodes, a mail server that misbehaves when told to, subscribers, and a
//! token to act with. Story A ("daily team emails not sent out") and the rounds of `kill -9` are told with it.

mod rounds;
mod story;

pub use rounds::{Rounds, Tally};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use serde_json::Value;

use crate::http::Client;
use crate::process::poll;
use crate::server::{self, Amends, Settings};
use crate::smtp::{Message, Options, Sink};

/// What to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Address of an empty PostgreSQL database; SQLite without one.
    pub database: Option<String>,
    /// How many nodes share it; one on SQLite.
    pub nodes: usize,
    /// How many subscribers there are.
    pub subscribers: usize,
    /// How long the mail server thinks about each message.
    pub pause: Duration,
    /// Further lines of the configuration, below `[mail]`.
    pub mail: String,
    /// Where its data lies; a temporary folder without one.
    pub folder: Option<PathBuf>,
    /// Variables of the nodes' environment.
    pub environment: Vec<(String, String)>,
    /// Another build of the program, which the first node runs.
    pub first: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            database: None,
            nodes: 1,
            subscribers: 500,
            pause: Duration::ZERO,
            mail: String::new(),
            folder: None,
            environment: Vec::new(),
            first: None,
        }
    }
}

/// The running company.
#[derive(Debug)]
pub struct Company {
    /// The nodes.
    pub nodes: Vec<Amends>,
    /// Where their mail goes.
    pub sink: Sink,
    /// A token that may do everything.
    pub token: String,
    /// How many subscribers there are.
    pub subscribers: usize,
    database: Option<String>,
    // Last: the nodes' data lies there until they have ended.
    _folder: tempfile::TempDir,
}

/// Where the company's page is; nobody looks it up.
pub const PUBLIC_URL: &str = "https://status.marrowby.example";

impl Company {
    /// Sets everything up and starts the nodes.
    ///
    /// # Panics
    /// When a step fails: a test cannot go on then.
    #[must_use]
    pub fn open(plan: &Plan) -> Self {
        let sink = Sink::with(Options { pause: plan.pause, ..Options::default() });
        let config = format!(
            "public_url = \"{PUBLIC_URL}\"\napi_requests_per_minute = 100000\nsubscribers.most_per_hour = 0\n[mail]\nserver = \"smtp://{}\"\n\
             from = \"Marrowby Status <status@marrowby.example>\"\noperators = [\"oncall@marrowby.example\"]\n{}\n",
            sink.address(),
            plan.mail
        );
        let folder = crate::folder::temporary();
        let folder_of_data = plan.folder.as_deref().unwrap_or(folder.path());
        let data = folder_of_data.join("data");
        let here = |arguments: &[&str]| {
            let mut all = arguments.to_vec();
            let data = data.to_string_lossy();
            all.extend(["--data", &data]);
            if let Some(url) = &plan.database {
                all.extend(["--database", url]);
            }
            said(&server::run(&all), arguments)
        };
        here(&["init", "--name", "Marrowby"]);
        let token = here(&["token", "create", "--name", "story", "--role", "administrator"]);
        let token = token.lines().last().expect("the last line is the token").to_owned();
        let mut nodes = Vec::new();
        for number in 0..plan.nodes.max(1) {
            let data = if number == 0 { data.clone() } else { folder_of_data.join(number.to_string()) };
            nodes.push(Amends::start(Settings {
                data: Some(data),
                database: plan.database.clone(),
                config: config.clone(),
                environment: plan.environment.clone(),
                program: plan.first.clone().filter(|_| number == 0),
                ..Settings::default()
            }));
        }
        let company = Self {
            nodes,
            sink,
            token,
            subscribers: plan.subscribers,
            database: plan.database.clone(),
            _folder: folder,
        };
        company.run(&["component", "add", "--name", "Daily emails"]);
        let list: String = (0..plan.subscribers).map(|n| format!("{}\n", address(n))).collect();
        let file = company.nodes[0].data().join("subscribers.csv");
        std::fs::write(&file, format!("address\n{list}")).expect("the folder can be written");
        company.run(&["subscriber", "import", &file.to_string_lossy()]);
        company
    }

    /// Runs a command of the program against the first node and returns what it printed.
    ///
    /// # Panics
    /// When it says no.
    pub fn run(&self, arguments: &[&str]) -> String {
        said(&self.nodes[0].command(&self.token, arguments), arguments)
    }

    /// As [`run`](Self::run) with `--json`.
    ///
    /// # Panics
    /// When it says no.
    #[must_use]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        serde_json::from_str(&self.run(&all)).expect("--json prints JSON")
    }

    /// A client of one node's API.
    #[must_use]
    pub fn client(&self, node: usize) -> Client {
        self.nodes[node].client().with_token(&self.token)
    }

    /// What `amends doctor` says on the first node's machine.
    #[must_use]
    pub fn doctor(&self) -> String {
        let data = self.nodes[0].data().to_string_lossy().into_owned();
        let config = self.nodes[0].config().to_string_lossy().into_owned();
        // The sending domain cannot be asked for here: nobody listens on this port.
        let mut arguments = vec!["doctor", "--data", &data, "--config", &config, "--resolver", "127.0.0.1:9"];
        if let Some(url) = &self.database {
            arguments.extend(["--database", url]);
        }
        String::from_utf8_lossy(&server::run(&arguments).stdout).into_owned()
    }

    /// Declares a public incident that tells everybody `marker`, and answers what the command said.
    #[must_use]
    pub fn declare(&self, title: &str, marker: &str) -> Output {
        let message = format!("It is {marker}.");
        self.nodes[0].command(
            &self.token,
            &["incident", "declare", "--title", title, "--public", "--message", &message],
        )
    }

    /// Who has `marker` by now.
    #[must_use]
    pub fn told(&self, marker: &str) -> Told {
        Told::of(&recipients_of(&self.sink.messages(), marker))
    }

    /// Who has `marker` when everybody has it, or when that has not happened `within` this time.
    #[must_use]
    pub fn told_in_the_end(&self, marker: &str, within: Duration) -> Told {
        poll(within, || Some(self.told(marker)).filter(|told| told.recipients >= self.subscribers))
            .unwrap_or_else(|| self.told(marker))
    }

    /// Waits until the sink has accepted a message with `marker` in its text for each subscriber.
    ///
    /// # Panics
    /// When that has not happened within the time; the message shows the log.
    pub fn everybody_has(&self, marker: &str, within: Duration) {
        let mut have = 0;
        let done = poll(within, || {
            have = recipients_of(&self.sink.messages(), marker).len();
            (have >= self.subscribers).then_some(())
        });
        assert!(
            done.is_some(),
            "{have} of {} have ‘{marker}’ after {within:?}:\n{}",
            self.subscribers,
            self.nodes.iter().map(Amends::log).collect::<Vec<_>>().join("\n---\n")
        );
    }
}

/// How many were told something, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who have it.
    pub recipients: usize,
    /// Second copies of the same message.
    pub copies: usize,
    /// Who have it as two messages. Must be nobody.
    pub twice: usize,
}

impl Told {
    fn of(found: &BTreeMap<String, Vec<String>>) -> Self {
        Self {
            recipients: found.len(),
            copies: found.values().map(|ids| ids.len() - 1).sum(),
            twice: found.values().filter(|ids| ids.iter().any(|id| id != &ids[0])).count(),
        }
    }
}

/// The address of a subscriber.
#[must_use]
pub fn address(number: usize) -> String {
    format!("customer{number}@example.net")
}

/// For each recipient the Message-IDs, in order, of the messages that hold `marker`.
#[must_use]
pub fn recipients_of(messages: &[Message], marker: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in messages.iter().filter(|m| holds(m, marker)) {
        let id = message.header("Message-ID").unwrap_or_default();
        found.entry(message.recipients[0].clone()).or_default().push(id);
    }
    found
}

/// Whether each subscriber has exactly one message with `marker`.
///
/// # Panics
/// When not; the message says who.
pub fn once_each(messages: &[Message], marker: &str, subscribers: usize) {
    let found = recipients_of(messages, marker);
    let more: BTreeSet<_> = found.iter().filter(|(_, ids)| ids.len() > 1).map(|(who, _)| who).collect();
    assert!(more.is_empty(), "got ‘{marker}’ more than once: {more:?}");
    assert_eq!(found.len(), subscribers, "got ‘{marker}’");
}

/// Markers are words that quoted-printable leaves alone and does not break.
fn holds(message: &Message, marker: &str) -> bool {
    message.raw.windows(marker.len()).any(|w| w == marker.as_bytes()) || message.text().contains(marker)
}

fn said(output: &Output, arguments: &[&str]) -> String {
    assert!(
        output.status.success(),
        "amends {}: {}\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
