use super::{Api, Body, encoded, read_text, show};
use crate::cli::{Failure, print};
use clap::Subcommand;
use hyper::Method;

#[derive(Debug, Subcommand)]
pub enum Subscriber {
    /// Add an address; it gets a confirmation mail unless --confirmed
    Add {
        /// Mail address
        address: String,
        /// Only for this component; may be given several times
        #[arg(long = "component", value_name = "NAME")]
        components: Vec<String>,
        /// They have agreed already: no confirmation mail
        #[arg(long)]
        confirmed: bool,
    },
    /// List subscribers
    List {
        /// Only addresses that contain this
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Import a CSV file (a column ‘address’ or ‘email’, optionally ‘components’)
    Import {
        /// The file; - for standard input
        file: String,
    },
    /// Print all subscribers as CSV
    Export,
    /// Remove an address
    Remove {
        /// Address or id
        subscriber: String,
    },
    /// Say why an address did or did not get the last messages
    Why {
        /// Mail address
        address: String,
    },
}

pub async fn run(api: &Api, command: Subscriber) -> Result<(), Failure> {
    match command {
        Subscriber::Add { address, components, confirmed } => {
            let body = Body::new()
                .with("address", address)
                .with("components", components)
                .with("confirmed", confirmed);
            let made = api.post("/subscribers", body).await?;
            api.show(&made, |s| format!("{} is {}.\n", show::text(s, "address"), show::text(s, "state")));
        }
        Subscriber::List { search, limit } => {
            let query = search
                .map(|q| format!("/subscribers?q={}", encoded(&q)))
                .unwrap_or_else(|| "/subscribers".into());
            let found = api.list(&query, limit).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "address", "state", "since"], "There are no subscribers.", |s| {
                    vec![
                        show::text(s, "id"),
                        show::text(s, "address"),
                        show::text(s, "state"),
                        show::time(s, "created_at"),
                    ]
                })
            });
        }
        Subscriber::Import { file } => {
            let csv = read_text("FILE", &file)?;
            let done =
                api.send(Method::POST, "/subscribers/import", &[], Some(("text/csv", csv))).await?.json()?;
            api.show(&done, |d| {
                let mut words = format!(
                    "{} added, {} known already.\n",
                    show::text(d, "added"),
                    show::text(d, "unchanged")
                );
                for problem in d["problems"].as_array().into_iter().flatten() {
                    words +=
                        &format!("line {}: {}\n", show::text(problem, "line"), show::text(problem, "detail"));
                }
                words
            });
        }
        Subscriber::Export => print(&api.call(Method::GET, "/subscribers/export", None).await?.text),
        Subscriber::Remove { subscriber } => {
            let id = if subscriber.contains('@') { id_of(api, &subscriber).await? } else { subscriber };
            api.call(Method::DELETE, &format!("/subscribers/{}", encoded(&id)), None).await?;
            print("Removed.\n");
        }
        Subscriber::Why { address } => {
            let found = api.get(&format!("/subscribers/explain?address={}", encoded(&address))).await?;
            api.show(&found, |e| {
                let mut words = format!("{}\n", show::text(e, "standing"));
                for line in e["messages"].as_array().into_iter().flatten() {
                    words += &format!(
                        "{}  {}: {}\n",
                        show::time(line, "at"),
                        show::text(line, "subject"),
                        show::text(line, "explanation")
                    );
                }
                words
            });
        }
    }
    Ok(())
}

async fn id_of(api: &Api, address: &str) -> Result<String, Failure> {
    let found = api.get(&format!("/subscribers?q={}", encoded(address))).await?;
    show::items(&found)
        .iter()
        .find(|s| s["address"].as_str().is_some_and(|a| a.eq_ignore_ascii_case(address)))
        .and_then(|s| s["id"].as_str().map(str::to_owned))
        .ok_or_else(|| {
            Failure::said_no(format!(
                "{address} is not a subscriber; ‘amends subscriber list --search …’ finds addresses"
            ))
        })
}
