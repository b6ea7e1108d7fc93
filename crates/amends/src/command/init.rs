use crate::cli::{Failure, Place, print};
use crate::node::{Node, configuration, said};
use amends_app::Caller;
use amends_app::identity::Secret;
use clap::Args;
use std::path::PathBuf;

/// Create the data folder and the administrator.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    place: Place,
    /// Mail address of the administrator; without it, a one-time link to create one is printed
    #[arg(long, requires = "admin_password_file", value_name = "ADDRESS")]
    admin_email: Option<String>,
    /// File with the administrator's password in its first line; - for standard input
    #[arg(long, requires = "admin_email", value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// Name of the company or product, as the status page shows it
    #[arg(long, value_name = "NAME", default_value = "Our service")]
    name: String,
    /// Time zone of the page (IANA name)
    #[arg(long, value_name = "ZONE", default_value = "Etc/UTC")]
    time_zone: String,
}

impl Init {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.place, &[])?;
        // Read before anything is made, so that a mistake leaves nothing behind.
        let password = self.admin_password_file.as_deref().map(read_password).transpose()?;
        let node = Node::open(&config).await?;
        let app = &node.app;
        let system = Caller::system("init");
        app.create_page(&system, &self.name, &self.time_zone).await.map_err(said)?;
        match (self.admin_email, password) {
            (Some(email), Some(password)) => {
                let person = app.init_administrator(&email, &Secret::new(password)).await.map_err(said)?;
                print(&format!(
                    "The administrator {} can sign in at {}/sign-in\n",
                    person.email, config.public_url
                ));
            }
            _ => match app.setup_link().await.map_err(said)? {
                Some(link) => print(&format!(
                    "Start the server with ‘amends serve’ and create the administrator here (works once, for a day):\n{}\n",
                    app.link_address(&link)
                )),
                None => print("There is an administrator already; nothing was changed.\n"),
            },
        }
        Ok(())
    }
}

fn read_password(file: &std::path::Path) -> Result<String, Failure> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|e| {
        Failure::usage(format!("--admin-password-file: {} cannot be read: {e}", file.display()))
    })?;
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() {
        return Err(Failure::usage(format!(
            "--admin-password-file: {} has an empty first line",
            file.display()
        )));
    }
    Ok(first.to_owned())
}
