use super::{Api, Body, encoded, read_text, show};
use crate::cli::{Failure, print};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::Value as Json;

#[derive(Debug, Subcommand)]
pub enum Postmortem {
    /// Draft one from an incident's record
    Draft {
        /// Id or number of the incident (INC-42)
        incident: String,
        /// Template; ‘amends postmortem templates’ lists them
        #[arg(long, default_value = "five-questions")]
        template: String,
        /// Template of the customers' letter
        #[arg(long, default_value = "regret-reason-remedy")]
        letter_template: String,
    },
    /// List the templates there are
    Templates,
    /// List postmortems, newest first
    List {
        /// Only those that are draft, in_review or published
        #[arg(long)]
        state: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one, with its facts filled in
    Show {
        /// Id, or its incident's number
        postmortem: String,
        /// Only the document as it is written, with its placeholders, for ‘postmortem edit --file’
        #[arg(long)]
        source: bool,
        /// With --source: the customers' letter instead
        #[arg(long, requires = "source")]
        letter: bool,
    },
    /// Replace its title, its text or the customers' letter
    Edit(Edit),
    /// List its saved versions, newest first
    Versions {
        /// Id, or its incident's number
        postmortem: String,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Say what the linter finds in it, with its facts filled in and compared with the record
    Lint {
        /// Id, or its incident's number
        postmortem: String,
        /// The customers' letter instead of the document
        #[arg(long)]
        letter: bool,
    },
    /// Hand a draft to its reviewers
    Submit {
        /// Id, or its incident's number
        postmortem: String,
    },
    /// Take it back from review
    Withdraw {
        /// Id, or its incident's number
        postmortem: String,
    },
    /// Publish the internal document, or with --letter the customers' letter
    Publish {
        /// Id, or its incident's number
        postmortem: String,
        /// The letter: on the incident's page, in the feeds, and to its subscribers
        #[arg(long)]
        letter: bool,
        /// Put the letter on the page only, write to no subscriber
        #[arg(long, requires = "letter")]
        no_notify: bool,
        /// Write to subscribers again, though the letter was published before
        #[arg(long, requires = "letter", conflicts_with = "no_notify")]
        notify: bool,
        /// Only show what would be sent, and to how many
        #[arg(long, requires = "letter")]
        preview: bool,
        /// Why it is published although the linter finds errors; it is kept with them
        #[arg(long, value_name = "REASON")]
        despite: Option<String>,
    },
    /// Print it as Markdown that ‘import postmortems’ reads back
    Export {
        /// Id, or its incident's number
        postmortem: String,
    },
}

#[derive(Debug, Args)]
pub struct Edit {
    /// Id, or its incident's number
    postmortem: String,
    /// What users could not do
    #[arg(long)]
    title: Option<String>,
    /// File with the internal document (Markdown); - for standard input
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    /// File with the customers' letter (Markdown); - for standard input
    #[arg(long, value_name = "FILE")]
    letter: Option<String>,
    /// Title of the letter
    #[arg(long)]
    letter_title: Option<String>,
    /// Somebody who wrote it; may be given several times, and replaces who was named before
    #[arg(long = "author", value_name = "NAME")]
    authors: Vec<String>,
    /// Somebody who reads it before it is published; may be given several times
    #[arg(long = "reviewer", value_name = "NAME")]
    reviewers: Vec<String>,
    /// The version that was read; it is refused if there is a newer one
    #[arg(long = "seen", value_name = "VERSION")]
    seen: Option<i64>,
}

fn path(id: &str) -> String {
    format!("/postmortems/{}", encoded(id))
}

pub async fn run(api: &Api, command: Postmortem) -> Result<(), Failure> {
    match command {
        Postmortem::Draft { incident, template, letter_template } => {
            let body = Body::new()
                .with("incident", incident)
                .with("template", template)
                .with("letter_template", letter_template);
            let made = api.post("/postmortems", body).await?;
            api.show(&made, |p| format!("Drafted: {} ({}).\n", show::text(p, "title"), show::text(p, "id")));
        }
        Postmortem::Templates => {
            let found = api.get("/postmortem-templates").await?;
            api.show(&found, |l| {
                show::list(l, &["name", "for", "title", "about"], "There are no templates.", |t| {
                    ["name", "for", "title", "description"].map(|f| show::text(t, f)).to_vec()
                })
            });
        }
        Postmortem::List { state, limit } => {
            let query =
                state.map_or("/postmortems".into(), |s| format!("/postmortems?state={}", encoded(&s)));
            let found = api.list(&query, limit).await?;
            api.show(&found, list);
        }
        Postmortem::Show { postmortem, source, letter } => {
            let stored = api.get(&path(&postmortem)).await?;
            if api.json {
                api.show(&stored, |_| String::new());
            } else if source {
                let text = stored[if letter { "letter" } else { "document" }].as_str().unwrap_or_default();
                print(&format!("{text}\n"));
            } else {
                let view = api.get(&format!("{}/view", path(&postmortem))).await?;
                print(&read(&view));
            }
        }
        Postmortem::Edit(edit) => edit.run(api).await?,
        Postmortem::Versions { postmortem, limit } => {
            let found = api.list(&format!("{}/versions", path(&postmortem)), limit).await?;
            api.show(&found, |l| {
                show::list(l, &["version", "saved", "by", "state", "title"], "There are no versions.", |v| {
                    vec![
                        show::text(v, "version"),
                        show::time(v, "saved_at"),
                        show::text(&v["saved_by"], "name"),
                        show::text(v, "state"),
                        show::text(v, "title"),
                    ]
                })
            });
        }
        Postmortem::Submit { postmortem } => {
            let done = api.post(&format!("{}/submit", path(&postmortem)), Body::new()).await?;
            api.show(&done, |p| format!("In review: {}\n", show::text(p, "title")));
        }
        Postmortem::Withdraw { postmortem } => {
            let done = api.post(&format!("{}/withdraw", path(&postmortem)), Body::new()).await?;
            api.show(&done, |p| format!("A draft again: {}\n", show::text(p, "title")));
        }
        Postmortem::Lint { postmortem, letter } => {
            let body = Body::new().with("letter", letter);
            let found = api.post(&format!("{}/lint", path(&postmortem)), body).await?;
            api.show(&found, findings);
            let stopped =
                found["items"].as_array().is_some_and(|all| all.iter().any(|f| f["level"] == "error"));
            if stopped {
                // As ‘amends lint’: what stops publishing is an exit code of its own.
                return Err(Failure::said_no(""));
            }
        }
        Postmortem::Publish { postmortem, letter: false, despite, .. } => {
            let version = api.get(&path(&postmortem)).await?["version"].clone();
            let body = Body::new().with("version", version).with_some("despite_findings", despite);
            let done = api.post(&format!("{}/publish", path(&postmortem)), body).await?;
            api.show(&done, |p| format!("Published inside: {}\n", show::text(p, "title")));
        }
        Postmortem::Publish { postmortem, no_notify, notify, preview, despite, .. } => {
            let look = api.get(&format!("{}/letter/preview", path(&postmortem))).await?;
            if preview {
                api.show(&look, letter);
                return Ok(());
            }
            let body = Body::new()
                .with("version", look["version"].clone())
                .with_some("notify", (no_notify || notify).then_some(notify))
                .with_some("despite_findings", despite);
            let done = api.post(&format!("{}/letter/publish", path(&postmortem)), body).await?;
            api.show(&done, |p| {
                format!("Published to customers: {}\n", show::text(&p["published_letter"], "title"))
            });
        }
        Postmortem::Export { postmortem } => {
            print(&api.call(Method::GET, &format!("{}/export", path(&postmortem)), None).await?.text);
        }
    }
    Ok(())
}

impl Edit {
    async fn run(self, api: &Api) -> Result<(), Failure> {
        if [&self.file, &self.letter].into_iter().flatten().filter(|f| *f == "-").count() > 1 {
            return Err(Failure::usage("--file and --letter cannot both be standard input"));
        }
        let names = |names: Vec<String>| (!names.is_empty()).then_some(names);
        let body = Body::new()
            .with_some("title", self.title)
            .with_some("document", self.file.as_deref().map(|f| read_text("--file", f)).transpose()?)
            .with_some("letter", self.letter.as_deref().map(|f| read_text("--letter", f)).transpose()?)
            .with_some("letter_title", self.letter_title)
            .with_some("authors", names(self.authors))
            .with_some("reviewers", names(self.reviewers));
        if body.is_empty() {
            return Err(Failure::usage(
                "nothing to change; give --title, --file, --letter, --letter-title, --author or --reviewer",
            ));
        }
        let path = path(&self.postmortem);
        let changed = match self.seen {
            Some(seen) => api.patch_seen(&path, &format!("\"{seen}\""), body).await?,
            None => api.patch(&path, body).await?,
        };
        api.show(&changed, |p| format!("Saved version {} of {}.\n", p["version"], show::text(p, "title")));
        Ok(())
    }
}

fn list(found: &Json) -> String {
    let headings = ["id", "incident", "began", "state", "letter", "open actions", "title"];
    show::list(found, &headings, "There are no postmortems yet.", |p| {
        let letter = if p["letter_published_at"].is_null() { "-" } else { "published" };
        vec![
            show::text(p, "id"),
            p["incident_number"].as_i64().map_or("-".into(), |n| format!("INC-{n}")),
            show::time(p, "happened_at"),
            show::text(p, "state"),
            letter.into(),
            format!("{} of {}", show::text(p, "open_actions"), show::text(p, "actions")),
            show::text(p, "title"),
        ]
    })
}

/// A postmortem for reading in a terminal.
fn read(view: &Json) -> String {
    let p = &view["postmortem"];
    let names = |field: &str| {
        let all: Vec<&str> = p[field].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        show::clean(&all.join(", "))
    };
    let mut words = format!("# {}\n\n", show::text(p, "title"));
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            words += &format!("{label:<10} {value}\n");
        }
    };
    line("Id", show::text(p, "id"));
    if let Some(number) = view["incident"]["number"].as_i64() {
        line("Incident", format!("INC-{number}"));
    }
    line("State", show::text(p, "state").replace('_', " "));
    line("Began", show::time(p, "happened_at"));
    line("Authors", names("authors"));
    line("Reviewers", names("reviewers"));
    // The hints of templates and other remarks are for writers.
    let document = view["document"]["markdown"].as_str().unwrap_or_default();
    words += &format!("\n{}\n", show::clean(&amends_app::markdown::without_remarks(document)));
    let problems = |shown: &Json| -> String {
        let items = shown["problems"].as_array().cloned().unwrap_or_default();
        items.iter().map(|p| format!("line {}: {}\n", p["line"], show::text(p, "message"))).collect()
    };
    let wrong = problems(&view["document"]);
    if !wrong.is_empty() {
        words += &format!("\n---\nTo put right in the document:\n{wrong}");
    }
    words
}

/// Many lines, without what could steer the terminal.
fn text(markdown: &Json) -> String {
    show::clean(markdown.as_str().unwrap_or_default())
}

/// Findings as the compiler of a text would tell them: where, how much it matters, what is wrong, and the other places.
fn findings(found: &Json) -> String {
    let all = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    let mut words = String::new();
    for finding in all {
        words += &format!(
            "{}:{}:{}: {}[{}]: {}\n",
            show::text(finding, "path"),
            finding["line"],
            finding["column"],
            show::text(finding, "level"),
            show::text(finding, "rule"),
            show::text(finding, "message"),
        );
        for place in finding["related"].as_array().into_iter().flatten() {
            words += &format!(
                "    {}:{}: {}\n",
                show::text(place, "path"),
                place["line"],
                show::text(place, "message")
            );
        }
        if let Some(title) = finding["fix"]["title"].as_str() {
            words += &format!("    fix: {}\n", show::clean(title));
        }
    }
    let count = |level: &str| all.iter().filter(|finding| finding["level"] == level).count();
    words + &format!("{} errors, {} warnings, {} hints\n", count("error"), count("warning"), count("hint"))
}

/// What publishing a letter would send.
fn letter(look: &Json) -> String {
    let mut words = format!(
        "Subject: {}\nTo: {} subscribers\n\n{}\n",
        show::text(&look["mail"], "subject"),
        show::text(look, "recipients"),
        text(&look["mail"]["text"]),
    );
    if look["mail"].is_null() {
        words =
            format!("It is about no incident of this page, so it goes nowhere.\n\n{}\n", text(&look["text"]));
    }
    if let Some(why) = look["mail"]["held"].as_str() {
        words += &format!("\nIt will wait: {}\n", show::clean(why));
    }
    for problem in look["problems"].as_array().into_iter().flatten() {
        words += &format!("line {}: {}\n", problem["line"], show::text(problem, "message"));
    }
    let errors =
        look["findings"].as_array().into_iter().flatten().filter(|finding| finding["level"] == "error");
    for finding in errors {
        words += &format!(
            "line {}: error {}: {}\n",
            finding["line"],
            show::text(finding, "rule"),
            show::text(finding, "message")
        );
    }
    words
}
