use super::told::told;
use super::{Api, Body, encoded, read_text, show, time};
use crate::cli::{Failure, print};
use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value as Json, json};

#[derive(Debug, Subcommand)]
pub enum Incident {
    /// Declare an incident; only the title is needed
    Declare(Box<Declare>),
    /// Tell customers: shows what will be sent to how many, then sends it
    Update(Box<Update>),
    /// Write an internal note on the timeline
    Note {
        /// Id or number (INC-42)
        incident: String,
        /// The note, Markdown; - reads standard input
        text: String,
        /// When it happened; now when nothing is said
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        at: Option<String>,
    },
    /// Set a milestone by hand
    Milestone {
        /// Id or number (INC-42)
        incident: String,
        /// started, detected, declared, first_word, mitigated, resolved or learned
        milestone: String,
        /// When it was; now when nothing is said
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        at: Option<String>,
        /// From what this is known
        #[arg(long)]
        source: Option<String>,
    },
    /// Take or leave a role
    Role {
        /// Id or number (INC-42)
        incident: String,
        /// lead, communications, scribe or a word of your own
        role: String,
        /// Who; yourself when nothing is said
        #[arg(long)]
        person: Option<String>,
        /// Leave it instead of taking it
        #[arg(long)]
        leave: bool,
    },
    /// Change title, severity, visibility or other facts
    Edit(Box<Edit>),
    /// Say that users no longer hurt (internal; customers are told nothing)
    Mitigate {
        /// Id or number (INC-42)
        incident: String,
    },
    /// Resolve it; with --message customers are told, too
    Resolve {
        /// Id or number (INC-42)
        incident: String,
        /// The last message to customers; - reads standard input
        #[arg(long)]
        message: Option<String>,
        /// Change the page only, write to no subscriber
        #[arg(long, requires = "message")]
        no_notify: bool,
    },
    /// Open it again
    Reopen {
        /// Id or number (INC-42)
        incident: String,
    },
    /// List incidents, newest first
    List {
        /// Only those that are not resolved
        #[arg(long)]
        open: bool,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one with its timeline
    Show {
        /// Id or number (INC-42)
        incident: String,
    },
}

#[derive(Debug, Args)]
pub struct Declare {
    /// What users cannot do, in one line
    #[arg(long)]
    title: String,
    /// More of it (internal, Markdown)
    #[arg(long, default_value = "")]
    summary: String,
    /// sev1 to sev4
    #[arg(long)]
    severity: Option<String>,
    /// Component and status, such as "Daily emails=partial_outage"; may be given several times
    #[arg(long = "component", value_name = "NAME=STATUS")]
    components: Vec<String>,
    /// Put it on the public page at once
    #[arg(long)]
    public: bool,
    /// First message to customers (with --public); - reads standard input
    #[arg(long, requires = "public")]
    message: Option<String>,
    /// Change the page only, write to no subscriber
    #[arg(long)]
    no_notify: bool,
    /// When it began
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    started: Option<String>,
    /// When it was noticed
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    detected: Option<String>,
    /// By when customers hear more
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    next_update: Option<String>,
    /// Impact on the page: none, minor, major or critical; follows from the components when nothing is said
    #[arg(long)]
    impact: Option<String>,
}

#[derive(Debug, Args)]
pub struct Update {
    /// Id or number (INC-42)
    incident: String,
    /// The message, Markdown; - reads standard input
    #[arg(long)]
    message: String,
    /// investigating, identified, monitoring or resolved; as before when nothing is said
    #[arg(long)]
    phase: Option<String>,
    /// Component and status, such as "Daily emails=operational"; may be given several times
    #[arg(long = "component", value_name = "NAME=STATUS")]
    components: Vec<String>,
    /// By when customers hear more
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    next_update: Option<String>,
    /// Change the page only, write to no subscriber
    #[arg(long)]
    no_notify: bool,
    /// Only show what would be sent, and to how many
    #[arg(long)]
    preview: bool,
}

#[derive(Debug, Args)]
pub struct Edit {
    /// Id or number (INC-42)
    incident: String,
    /// What users cannot do
    #[arg(long)]
    title: Option<String>,
    /// More of it
    #[arg(long)]
    summary: Option<String>,
    /// sev1 to sev4
    #[arg(long)]
    severity: Option<String>,
    /// Why the severity changed
    #[arg(long, requires = "severity")]
    reason: Option<String>,
    /// public or internal
    #[arg(long)]
    visibility: Option<String>,
    /// Impact on the page by hand; "auto" lets it follow the components
    #[arg(long)]
    impact: Option<String>,
    /// When it began
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    started: Option<String>,
}

/// Reads `NAME=STATUS`.
pub(super) fn components(given: &[String]) -> Result<Json, Failure> {
    let read = |text: &String| match text.rsplit_once('=') {
        Some((name, status)) => Ok(json!({"component": name.trim(), "status": status.trim()})),
        None => Err(Failure::usage(format!(
            "--component: ‘{text}’ must be NAME=STATUS, such as \"Daily emails=partial_outage\""
        ))),
    };
    given.iter().map(read).collect::<Result<Vec<_>, _>>().map(Json::Array)
}

pub(super) fn message(option: &str, given: &str) -> Result<String, Failure> {
    if given == "-" { read_text(option, "-") } else { Ok(given.to_owned()) }
}

pub async fn run(api: &Api, command: Incident) -> Result<(), Failure> {
    let path = |id: &str| format!("/incidents/{}", encoded(id));
    match command {
        Incident::Declare(d) => {
            let body = Body::new()
                .with("title", d.title)
                .with("summary", d.summary)
                .with_some("severity", d.severity)
                .with("visibility", if d.public { "public" } else { "internal" })
                .with("components", components(&d.components)?)
                .with_some("message", d.message.as_deref().map(|m| message("--message", m)).transpose()?)
                .with("notify", !d.no_notify)
                .with_some("started_at", time("started", d.started.as_deref())?)
                .with_some("detected_at", time("detected", d.detected.as_deref())?)
                .with_some("next_update_at", time("next-update", d.next_update.as_deref())?)
                .with_some("impact_override", d.impact);
            let made = api.post("/incidents", body).await?;
            api.show(&made, |i| {
                format!(
                    "Declared INC-{} ({}, {}): {}\n",
                    i["number"],
                    show::text(i, "id"),
                    show::text(i, "visibility"),
                    show::text(i, "title")
                )
            });
        }
        Incident::Update(u) => {
            let body = Body::new()
                .with("text", message("--message", &u.message)?)
                .with_some("phase", u.phase)
                .with("components", components(&u.components)?)
                .with_some("next_update_at", time("next-update", u.next_update.as_deref())?)
                .with("notify", !u.no_notify);
            if u.preview {
                let preview = api.post(&format!("{}/updates/preview", path(&u.incident)), body).await?;
                api.show(&preview, show::outgoing);
            } else {
                let made = api.post(&format!("{}/updates", path(&u.incident)), body).await?;
                api.show(&made, |_| "Told customers.\n".into());
            }
        }
        Incident::Note { incident, text, at } => {
            let body = Body::new()
                .with("kind", "note")
                .with("text", message("TEXT", &text)?)
                .with_some("at", time("at", at.as_deref())?);
            let made = api.post(&format!("{}/events", path(&incident)), body).await?;
            api.show(&made, |_| "Noted.\n".into());
        }
        Incident::Milestone { incident, milestone, at, source } => {
            let body = Body::new()
                .with("milestone", milestone)
                .with_some("at", time("at", at.as_deref())?)
                .with_some("source", source);
            let made = api.post(&format!("{}/milestones", path(&incident)), body).await?;
            api.show(&made, |e| format!("Set to {}.\n", show::time(e, "at")));
        }
        Incident::Role { incident, role, person, leave } => {
            let body = Body::new().with("role", role).with_some("person", person).with("taken", !leave);
            let made = api.post(&format!("{}/roles", path(&incident)), body).await?;
            api.show(&made, |_| if leave { "Left.\n".into() } else { "Taken.\n".into() });
        }
        Incident::Edit(e) => {
            let impact = e.impact.map(|i| if i == "auto" { Json::Null } else { Json::String(i) });
            let body = Body::new()
                .with_some("title", e.title)
                .with_some("summary", e.summary)
                .with_some("severity", e.severity)
                .with_some("severity_reason", e.reason)
                .with_some("visibility", e.visibility)
                .with_some("impact_override", impact)
                .with_some("started_at", time("started", e.started.as_deref())?);
            if body.is_empty() {
                return Err(Failure::usage(
                    "nothing to change; give --title, --summary, --severity, --visibility, --impact or --started",
                ));
            }
            let changed = api.patch(&path(&e.incident), body).await?;
            api.show(&changed, |i| format!("INC-{}: {}\n", i["number"], show::text(i, "title")));
        }
        Incident::Mitigate { incident } => set_state(api, &path(&incident), "mitigated").await?,
        Incident::Resolve { incident, message: told, no_notify } => {
            if let Some(told) = told {
                let body = Body::new()
                    .with("text", message("--message", &told)?)
                    .with("phase", "resolved")
                    .with("notify", !no_notify);
                api.post(&format!("{}/updates", path(&incident)), body).await?;
            }
            set_state(api, &path(&incident), "resolved").await?;
        }
        Incident::Reopen { incident } => set_state(api, &path(&incident), "open").await?,
        Incident::List { open, limit } => {
            let query = if open { "/incidents?state=open" } else { "/incidents" };
            let found = api.list(query, limit).await?;
            api.show(&found, |l| {
                let head = ["number", "title", "severity", "state", "customers see", "started", "id"];
                show::list(
                    l,
                    &head,
                    "There are no incidents. Declare one with ‘amends incident declare --title …’.",
                    |i| {
                        let public = i["visibility"] == "public";
                        vec![
                            format!("INC-{}", i["number"]),
                            show::text(i, "title"),
                            show::text(i, "severity"),
                            show::text(i, "state"),
                            if public { show::text(i, "phase") } else { "nothing".into() },
                            show::time(i, "started_at"),
                            show::text(i, "id"),
                        ]
                    },
                )
            });
        }
        Incident::Show { incident } => {
            let room = api.get(&format!("{}/room", path(&incident))).await?;
            api.show(&room, room_words);
        }
    }
    Ok(())
}

async fn set_state(api: &Api, path: &str, state: &str) -> Result<(), Failure> {
    let body = Some(Body::new().with("state", state));
    let changed = api.call(Method::PUT, &format!("{path}/state"), body).await?.json()?;
    api.show(&changed, |i| format!("INC-{} is {state}.\n", i["number"]));
    if !api.json && changed["visibility"] == "public" && changed["phase"] != "resolved" && state == "resolved"
    {
        print(
            "Customers still see it as going on; tell them with ‘amends incident update --phase resolved --message …’.\n",
        );
    }
    Ok(())
}

fn room_words(room: &Json) -> String {
    let i = &room["incident"];
    let mut words = format!(
        "INC-{} {}\n{} · {} · {}{}\n\n",
        i["number"],
        show::text(i, "title"),
        show::text(i, "severity"),
        show::text(i, "state"),
        show::text(i, "visibility"),
        if i["visibility"] == "public" {
            format!(" · customers see: {}", show::text(i, "phase"))
        } else {
            String::new()
        }
    );
    for name in ["started", "detected", "declared", "first_word", "mitigated", "resolved", "learned"] {
        let m = &room["milestones"][name];
        if m.is_object() {
            words += &format!("{name:<11} {}  ({})\n", show::time(m, "at"), show::text(m, "source"));
        }
    }
    words.push('\n');
    for event in room["events"].as_array().into_iter().flatten() {
        let body = &event["body"];
        words += &format!(
            "{}  {:<18} {}  – {}\n",
            show::time(event, "at"),
            show::text(body, "kind"),
            told(body),
            show::text(&event["actor"], "name")
        );
    }
    words
}
