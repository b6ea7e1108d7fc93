use super::{Api, show};
use crate::cli::Failure;
use amends_model::BroadcastId;
use clap::Subcommand;
use hyper::Method;

#[derive(Debug, Subcommand)]
pub enum Broadcast {
    /// List broadcasts with how far each is
    List {
        /// At most this many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show one: how far it is, and what it says
    Show {
        /// Its id
        id: BroadcastId,
    },
    /// Stop one: what has not gone yet will not
    Stop {
        /// Its id
        id: BroadcastId,
    },
}

pub async fn run(api: &Api, command: Broadcast) -> Result<(), Failure> {
    match command {
        Broadcast::List { limit } => {
            let found = api.list("/broadcasts", limit).await?;
            api.show(&found, |l| {
                show::list(l, &["id", "when", "subject", "progress"], "Nothing was sent yet.", |b| {
                    vec![
                        show::text(b, "id"),
                        show::time(b, "created_at"),
                        show::text(b, "subject"),
                        show::text(b, "words"),
                    ]
                })
            });
        }
        Broadcast::Show { id } => {
            let found = api.get(&format!("/broadcasts/{id}")).await?;
            if api.json {
                api.show(&found, |_| String::new());
                return Ok(());
            }
            let message = api.get(&format!("/broadcasts/{id}/message")).await?;
            let (subject, text) = (show::text(&message, "subject"), show::text(&message, "text"));
            api.show(&found, |b| format!("{subject}\n{}\n\n{text}\n", show::text(b, "words")));
        }
        Broadcast::Stop { id } => {
            let done = api.call(Method::POST, &format!("/broadcasts/{id}/stop"), None).await?.json()?;
            api.show(&done, |b| format!("Stopped. {}\n", show::text(b, "words")));
        }
    }
    Ok(())
}
