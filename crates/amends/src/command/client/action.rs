use super::{Api, Body, encoded, show};
use crate::cli::{Failure, print};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::Value as Json;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add a corrective action
    #[command(group = clap::ArgGroup::new("of").required(true).multiple(true))]
    Add {
        /// What is to be done
        text: String,
        /// Id of the postmortem it belongs to
        #[arg(long, group = "of")]
        postmortem: Option<String>,
        /// Id or number of the incident it belongs to
        #[arg(long, group = "of")]
        incident: Option<String>,
        /// Mail address or name of the one who does it
        #[arg(long)]
        owner: Option<String>,
        /// Day by which it is done, such as 2026-12-31
        #[arg(long, value_name = "DAY")]
        due: Option<String>,
        /// short, medium or long
        #[arg(long)]
        term: Option<String>,
        /// Address of a ticket, https://…
        #[arg(long, value_name = "URL")]
        tracker: Option<String>,
    },
    /// List actions of all incidents: what is due first stands first
    List {
        /// Only those that are late
        #[arg(long)]
        overdue: bool,
        /// Also those that are done
        #[arg(long, conflicts_with = "overdue")]
        all: bool,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Show one
    Show {
        /// Id
        action: String,
    },
    /// Change one
    Edit(Edit),
    /// Mark one as done
    Done {
        /// Id
        action: String,
        /// How it is known that it holds
        #[arg(long)]
        note: String,
    },
    /// Say that one will not be done
    Drop {
        /// Id
        action: String,
        /// Why
        #[arg(long)]
        note: String,
    },
    /// Remove one that was added by mistake
    Remove {
        /// Id
        action: String,
    },
}

#[derive(Debug, Args)]
pub struct Edit {
    /// Id
    action: String,
    /// What is to be done
    #[arg(long)]
    text: Option<String>,
    /// Mail address or name of the one who does it; "" for nobody
    #[arg(long)]
    owner: Option<String>,
    /// Day by which it is done; "" for none
    #[arg(long, value_name = "DAY")]
    due: Option<String>,
    /// short, medium or long
    #[arg(long)]
    term: Option<String>,
    /// Address of a ticket, https://…; "" for none
    #[arg(long, value_name = "URL")]
    tracker: Option<String>,
    /// open, done or dropped; the last two need a note
    #[arg(long)]
    state: Option<String>,
    /// How it is known that it holds, or why it will not be done
    #[arg(long)]
    note: Option<String>,
}

pub async fn run(api: &Api, command: Action) -> Result<(), Failure> {
    let path = |id: &str| format!("/actions/{}", encoded(id));
    match command {
        Action::Add { text, postmortem, incident, owner, due, term, tracker } => {
            let body = Body::new()
                .with("text", text)
                .with_some("postmortem", postmortem)
                .with_some("incident", incident)
                .with_some("owner", owner)
                .with_some("due", due)
                .with_some("term", term)
                .with_some("tracker", tracker);
            let made = api.post("/actions", body).await?;
            api.show(&made, |a| format!("Added ({}).\n", show::text(a, "id")));
        }
        Action::List { overdue, all, limit } => {
            let state = match (overdue, all) {
                (true, _) => "overdue",
                (_, true) => "all",
                _ => "open",
            };
            let found = api.list(&format!("/actions?state={state}"), limit).await?;
            api.show(&found, list);
        }
        Action::Show { action } => {
            let found = api.get(&path(&action)).await?;
            api.show(&found, words);
        }
        Action::Edit(edit) => {
            // Nothing between the quotes takes away.
            let or_null =
                |text: Option<String>| text.map(|t| if t.is_empty() { Json::Null } else { t.into() });
            let body = Body::new()
                .with_some("text", edit.text)
                .with_some("owner", or_null(edit.owner))
                .with_some("due", or_null(edit.due))
                .with_some("tracker", or_null(edit.tracker))
                .with_some("term", edit.term)
                .with_some("state", edit.state)
                .with_some("note", edit.note);
            if body.is_empty() {
                return Err(Failure::usage(
                    "nothing to change; give --text, --owner, --due, --term, --tracker, --state or --note",
                ));
            }
            let changed = api.patch(&path(&edit.action), body).await?;
            api.show(&changed, |a| format!("Saved: {}\n", show::text(a, "text")));
        }
        Action::Done { action, note } => {
            let done = api.post(&format!("{}/done", path(&action)), Body::new().with("note", note)).await?;
            api.show(&done, |a| format!("Done: {}\n", show::text(a, "text")));
        }
        Action::Drop { action, note } => {
            let body = Body::new().with("state", "dropped").with("note", note);
            let dropped = api.patch(&path(&action), body).await?;
            api.show(&dropped, |a| format!("Dropped: {}\n", show::text(a, "text")));
        }
        Action::Remove { action } => {
            api.call(Method::DELETE, &path(&action), None).await?;
            if !api.json {
                print("Removed.\n");
            }
        }
    }
    Ok(())
}

/// How far it is, in a word.
fn state(action: &Json) -> String {
    if action["overdue"] == true { "overdue".into() } else { show::text(action, "state") }
}

fn incident(action: &Json) -> String {
    action["incident_number"].as_i64().map_or("-".into(), |n| format!("INC-{n}"))
}

fn list(found: &Json) -> String {
    let headings = ["id", "due", "state", "owner", "term", "incident", "action"];
    show::list(found, &headings, "There are no such actions.", |a| {
        vec![
            show::text(a, "id"),
            show::text(a, "due"),
            state(a),
            show::text(a, "owner"),
            show::text(a, "term"),
            incident(a),
            show::text(a, "text"),
        ]
    })
}

fn words(action: &Json) -> String {
    let mut words = format!("{}\n\n", show::text(action, "text"));
    let rows = [
        ("Id", show::text(action, "id")),
        ("State", state(action)),
        ("Owner", show::text(action, "owner")),
        ("Due", show::text(action, "due")),
        ("Term", show::text(action, "term")),
        ("Incident", incident(action)),
        ("About", show::text(action, "about")),
        ("Tracker", show::text(action, "tracker")),
        ("Closed", show::time(action, "closed_at")),
    ];
    for (label, value) in rows.into_iter().filter(|(_, value)| value != "-") {
        words += &format!("{label:<10} {value}\n");
    }
    let note = action["note"].as_str().unwrap_or_default();
    if note.is_empty() { words } else { format!("{words}\n{}\n", show::clean(note)) }
}
