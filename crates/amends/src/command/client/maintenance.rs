use super::incident::message;
use super::{Api, Body, encoded, show, time};
use crate::cli::Failure;
use clap::{Args, Subcommand};
use serde_json::Value as Json;

#[derive(Debug, Subcommand)]
pub enum Maintenance {
    /// Announce planned work
    Schedule(Box<Schedule>),
    /// List planned work, newest first
    List {
        /// Only what is not over
        #[arg(long)]
        open: bool,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one
    Show {
        /// Id
        maintenance: String,
    },
    /// Move it, or change its title
    Edit {
        /// Id
        maintenance: String,
        /// New title
        #[arg(long)]
        title: Option<String>,
        /// New start
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        from: Option<String>,
        /// New end
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        until: Option<String>,
    },
    /// Tell customers something about it
    Update {
        /// Id
        maintenance: String,
        /// The message; - reads standard input
        #[arg(long)]
        message: String,
        /// scheduled, in_progress, verifying or completed; as before when nothing is said
        #[arg(long)]
        state: Option<String>,
        /// Change the page only, write to no subscriber
        #[arg(long)]
        no_notify: bool,
    },
    /// Begin it now
    Start {
        /// Id
        maintenance: String,
        /// The message
        #[arg(long, default_value = "The planned work has begun.")]
        message: String,
    },
    /// End it now
    Complete {
        /// Id
        maintenance: String,
        /// The message
        #[arg(long, default_value = "The planned work is done.")]
        message: String,
    },
    /// Call it off before it has begun
    Cancel {
        /// Id
        maintenance: String,
        /// The message
        #[arg(long, default_value = "The planned work does not take place.")]
        message: String,
    },
}

#[derive(Debug, Args)]
pub struct Schedule {
    /// What is done, as customers read it
    #[arg(long)]
    title: String,
    /// What it means for customers; - reads standard input
    #[arg(long)]
    message: String,
    /// When it begins, such as 2026-12-01 06:00 or +2d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: String,
    /// When it ends
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: String,
    /// Component it touches; may be given several times
    #[arg(long = "component", value_name = "NAME")]
    components: Vec<String>,
    /// Do not let the clock start and end it
    #[arg(long)]
    by_hand: bool,
    /// Minutes before the start at which subscribers are reminded; 0 for never
    #[arg(long, value_name = "MINUTES")]
    remind: Option<i64>,
    /// Change the page only, write to no subscriber
    #[arg(long)]
    no_notify: bool,
}

pub async fn run(api: &Api, command: Maintenance) -> Result<(), Failure> {
    let path = |id: &str| format!("/maintenances/{}", encoded(id));
    match command {
        Maintenance::Schedule(s) => {
            let body = Body::new()
                .with("title", s.title)
                .with("text", message("--message", &s.message)?)
                .with_some("scheduled_for", time("from", Some(&s.from))?)
                .with_some("scheduled_until", time("until", Some(&s.until))?)
                .with("components", s.components)
                .with("auto_start", !s.by_hand)
                .with("auto_complete", !s.by_hand)
                .with_some("remind_before_minutes", s.remind)
                .with("notify", !s.no_notify);
            let made = api.post("/maintenances", body).await?;
            api.show(&made, |m| {
                format!(
                    "Announced {} ({}): {} to {}\n",
                    show::text(m, "title"),
                    show::text(m, "id"),
                    show::time(m, "scheduled_for"),
                    show::time(m, "scheduled_until")
                )
            });
        }
        Maintenance::List { open, limit } => {
            let found =
                api.list(if open { "/maintenances?state=open" } else { "/maintenances" }, limit).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "title", "state", "from", "until"], "There is no planned work.", |m| {
                    vec![
                        show::text(m, "id"),
                        show::text(m, "title"),
                        show::text(m, "state"),
                        show::time(m, "scheduled_for"),
                        show::time(m, "scheduled_until"),
                    ]
                })
            });
        }
        Maintenance::Show { maintenance } => {
            let found = api.get(&path(&maintenance)).await?;
            api.show(&found, words);
        }
        Maintenance::Edit { maintenance, title, from, until } => {
            let body = Body::new()
                .with_some("title", title)
                .with_some("scheduled_for", time("from", from.as_deref())?)
                .with_some("scheduled_until", time("until", until.as_deref())?);
            if body.is_empty() {
                return Err(Failure::usage("nothing to change; give --title, --from or --until"));
            }
            let changed = api.patch(&path(&maintenance), body).await?;
            api.show(&changed, words);
        }
        Maintenance::Update { maintenance, message: text, state, no_notify } => {
            let body = Body::new()
                .with("text", message("--message", &text)?)
                .with_some("state", state)
                .with("notify", !no_notify);
            tell(api, &path(&maintenance), body).await?;
        }
        Maintenance::Start { maintenance, message } => {
            tell(api, &path(&maintenance), Body::new().with("text", message).with("state", "in_progress"))
                .await?;
        }
        Maintenance::Complete { maintenance, message } => {
            tell(api, &path(&maintenance), Body::new().with("text", message).with("state", "completed"))
                .await?;
        }
        Maintenance::Cancel { maintenance, message } => {
            let path = path(&maintenance);
            let found = api.get(&path).await?;
            let remedy = match found["state"].as_str() {
                Some("scheduled") => None,
                Some("completed") => Some("it is over"),
                _ => Some("it has begun; ‘amends maintenance complete’ ends it"),
            };
            if let Some(remedy) = remedy {
                let title = show::text(&found, "title");
                return Err(Failure::said_no(format!("‘{title}’ can no longer be called off: {remedy}")));
            }
            tell(api, &path, Body::new().with("text", message).with("state", "completed")).await?;
        }
    }
    Ok(())
}

async fn tell(api: &Api, path: &str, body: Body) -> Result<(), Failure> {
    let made = api.post(&format!("{path}/updates"), body).await?;
    api.show(&made, |_| "Told customers.\n".into());
    Ok(())
}

fn words(m: &Json) -> String {
    format!(
        "{} ({})\n{} · {} to {}\n",
        show::text(m, "title"),
        show::text(m, "id"),
        show::text(m, "state"),
        show::time(m, "scheduled_for"),
        show::time(m, "scheduled_until")
    )
}
