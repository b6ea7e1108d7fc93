use super::serve;
use crate::cli::{Failure, Place, print};
use crate::node::{Node, configuration, log, said};
use amends_app::{Caller, demo};
use clap::Args;
use std::time::Instant;

/// Show a believable company on a throw-away data folder.
///
/// Fills an empty store with an invented company, serves it on this machine, and prints where to look. When it ends
/// (Ctrl-C) the folder is removed.
#[derive(Debug, Args)]
pub struct Demo {
    /// Address and port to listen on; when the usual port is taken, a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// PostgreSQL address of an empty database instead of the throw-away folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Demo {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let begun = Instant::now();
        let folder = tempfile::Builder::new()
            .prefix("amends-demo-")
            .tempdir()
            .map_err(|e| Failure::said_no(format!("no temporary folder can be made: {e}")))?;
        let place = Place { config: None, data: Some(folder.path().to_owned()), database: self.database };
        let quiet = ("log", Some(std::env::var("AMENDS_LOG").unwrap_or_else(|_| "warn".into())));
        let mut config = configuration(&place, &[("listen", self.listen.clone()), quiet])?;
        // The demo writes to nobody, whatever the environment says.
        config.mail.server = None;
        log(&config)?;
        let (listener, config) = match serve::bind(config.clone()).await {
            Ok(bound) => bound,
            Err(refused) if self.listen.is_some() => return Err(refused),
            Err(_) => {
                let mut free = config;
                free.public_url = "http://127.0.0.1:0".into();
                free.listen = ([127, 0, 0, 1], 0).into();
                serve::bind(free).await?
            }
        };
        print("Amends: an invented company, on a throw-away data folder\n");
        let node = Node::open(&config).await?;
        let mut tell = |step: demo::Progress| print(&format!("  {:>5} {}\n", step.count, step.what));
        let filled = demo::fill(&node.app, &mut tell).await.map_err(said)?;
        let link =
            node.app.sign_in_link(&Caller::system("demo"), &filled.administrator.id).await.map_err(said)?;
        let url = &config.public_url;
        print(&format!(
            "\n  Status page  {url}/\n  The app      {}   (signs you in once as {}, administrator)\n  Mail viewer  {url}/app/mail\n  API          {url}/api/v1/openapi.json\n\nReady after {:.1} s. Ctrl-C ends it and removes everything.\n",
            node.app.link_address(&link),
            filled.administrator.name,
            begun.elapsed().as_secs_f32()
        ));
        serve::run(node, &config, listener).await
    }
}
