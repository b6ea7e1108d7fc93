use super::{Api, Body, encoded, read_text, show};
use crate::cli::{Failure, print};
use clap::Subcommand;
use hyper::Method;

#[derive(Debug, Subcommand)]
pub enum Postmortem {
    /// Draft one from an incident's record
    Draft {
        /// Id or number of the incident (INC-42)
        incident: String,
        /// Template; ‘amends postmortem templates’ lists them
        #[arg(long, default_value = "five-questions")]
        template: String,
    },
    /// List the templates there are
    Templates,
    /// List postmortems, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one, with its facts filled in
    Show {
        /// Id
        postmortem: String,
    },
    /// Replace its text or the customers' letter
    Edit {
        /// Id
        postmortem: String,
        /// New title
        #[arg(long)]
        title: Option<String>,
        /// File with the internal document (Markdown); - for standard input
        #[arg(long, value_name = "FILE")]
        file: Option<String>,
        /// File with the customers' letter (Markdown); - for standard input
        #[arg(long, value_name = "FILE")]
        letter: Option<String>,
    },
    /// Publish the internal document, or with --letter the customers' letter
    Publish {
        /// Id
        postmortem: String,
        /// The letter: on the incident's page, in the feeds, and to its subscribers
        #[arg(long)]
        letter: bool,
        /// Put the letter on the page only, write to no subscriber
        #[arg(long, requires = "letter")]
        no_notify: bool,
        /// Only show what would be sent, and to how many
        #[arg(long, requires = "letter")]
        preview: bool,
    },
    /// Print it as Markdown that ‘import postmortems’ reads back
    Export {
        /// Id
        postmortem: String,
    },
}

pub async fn run(api: &Api, command: Postmortem) -> Result<(), Failure> {
    let path = |id: &str| format!("/postmortems/{}", encoded(id));
    match command {
        Postmortem::Draft { incident, template } => {
            let body = Body::new().with("incident", incident).with("template", template);
            let made = api.post("/postmortems", body).await?;
            api.show(&made, |p| format!("Drafted {} ({}).\n", show::text(p, "title"), show::text(p, "id")));
        }
        Postmortem::Templates => {
            let found = api.get("/templates").await?;
            api.show(&found, |l| {
                show::list(l, &["name", "title"], "There are no templates.", |t| {
                    vec![show::text(t, "name"), show::text(t, "title")]
                })
            });
        }
        Postmortem::List { limit } => {
            let found = api.list("/postmortems", limit).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "title", "state", "letter"], "There are no postmortems yet.", |p| {
                    ["id", "title", "state", "letter_state"].map(|f| show::text(p, f)).to_vec()
                })
            });
        }
        Postmortem::Show { postmortem } => {
            if api.json {
                let found = api.get(&path(&postmortem)).await?;
                api.show(&found, |_| String::new());
            } else {
                let answer = api.call(Method::GET, &format!("{}/export", path(&postmortem)), None).await?;
                print(&show::clean(&answer.text));
            }
        }
        Postmortem::Edit { postmortem, title, file, letter } => {
            let body = Body::new()
                .with_some("title", title)
                .with_some("text", file.as_deref().map(|f| read_text("--file", f)).transpose()?)
                .with_some("letter", letter.as_deref().map(|f| read_text("--letter", f)).transpose()?);
            let changed = api.patch(&path(&postmortem), body).await?;
            api.show(&changed, |p| {
                format!("Saved version {} of {}.\n", p["version"], show::text(p, "title"))
            });
        }
        Postmortem::Publish { postmortem, letter: false, .. } => {
            let done = api.post(&format!("{}/publish", path(&postmortem)), Body::new()).await?;
            api.show(&done, |p| format!("Published inside: {}\n", show::text(p, "title")));
        }
        Postmortem::Publish { postmortem, no_notify, preview, .. } => {
            if preview {
                let found = api.post(&format!("{}/letter/preview", path(&postmortem)), Body::new()).await?;
                api.show(&found, |p| {
                    format!(
                        "Subject: {}\nTo: {} subscribers\n\n{}\n",
                        show::text(p, "subject"),
                        show::text(p, "recipients"),
                        show::text(p, "text")
                    )
                });
                return Ok(());
            }
            let body = Body::new().with("notify", !no_notify);
            let done = api.post(&format!("{}/letter/publish", path(&postmortem)), body).await?;
            api.show(&done, |p| format!("Published to customers: {}\n", show::text(p, "title")));
        }
        Postmortem::Export { postmortem } => {
            print(&api.call(Method::GET, &format!("{}/export", path(&postmortem)), None).await?.text);
        }
    }
    Ok(())
}
