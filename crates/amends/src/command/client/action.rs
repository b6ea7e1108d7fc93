use super::{Api, Body, encoded, show};
use crate::cli::Failure;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add a corrective action
    Add {
        /// What is to be done
        text: String,
        /// Id of the postmortem it belongs to
        #[arg(long)]
        postmortem: Option<String>,
        /// Id or number of the incident it belongs to
        #[arg(long)]
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
    },
    /// List actions of all incidents
    List {
        /// Only those that are late
        #[arg(long)]
        overdue: bool,
        /// Also those that are done
        #[arg(long)]
        all: bool,
        /// At most this many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Mark one as done
    Done {
        /// Id
        action: String,
        /// What was done
        #[arg(long)]
        note: String,
    },
}

pub async fn run(api: &Api, command: Action) -> Result<(), Failure> {
    match command {
        Action::Add { text, postmortem, incident, owner, due, term } => {
            let body = Body::new()
                .with("text", text)
                .with_some("postmortem", postmortem)
                .with_some("incident", incident)
                .with_some("owner", owner)
                .with_some("due", due)
                .with_some("term", term);
            let made = api.post("/actions", body).await?;
            api.show(&made, |a| format!("Added ({}).\n", show::text(a, "id")));
        }
        Action::List { overdue, all, limit } => {
            let query = match (overdue, all) {
                (true, _) => "/actions?overdue=true",
                (false, true) => "/actions",
                (false, false) => "/actions?state=open",
            };
            let found = api.list(query, limit).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "action", "owner", "due", "state"], "There are no such actions.", |a| {
                    ["id", "text", "owner", "due", "state"].map(|f| show::text(a, f)).to_vec()
                })
            });
        }
        Action::Done { action, note } => {
            let done = api
                .post(&format!("/actions/{}/done", encoded(&action)), Body::new().with("note", note))
                .await?;
            api.show(&done, |a| format!("Done: {}\n", show::text(a, "text")));
        }
    }
    Ok(())
}
