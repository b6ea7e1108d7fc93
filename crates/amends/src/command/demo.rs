use super::serve;
use crate::cli::{Failure, print};
use crate::config::{self, Config, Sources};
use crate::node::{Node, log, said};
use amends_app::{Caller, demo};
use clap::Args;
use std::path::Path;
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
        let config = self.configuration(folder.path())?;
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
        let on_the_machine = match &config.database {
            None => format!("Commands work on it with --data {}\n", folder.path().display()),
            Some(_) => String::new(),
        };
        print(&format!(
            "\n  Status page  {url}/\n  The app      {}   (signs you in once as {}, administrator)\n  Mail viewer  {url}/app/mail\n  API          {url}/api/v1/openapi.json\n\n{on_the_machine}Ready after {:.1} s. Ctrl-C ends it and removes everything.\n",
            node.app.link_address(&link),
            filled.administrator.name,
            begun.elapsed().as_secs_f32()
        ));
        serve::run(node, &config, listener).await
    }

    /// The demo knows nothing of the configuration and variables of a real installation (but what to log), so that it
    /// can never write to its database or send through its mail server.
    fn configuration(&self, folder: &Path) -> Result<Config, Failure> {
        let log = std::env::var("AMENDS_LOG").unwrap_or_else(|_| "warn".into());
        let mut options = vec![("data", folder.to_string_lossy().into_owned()), ("log", log)];
        options.extend(self.listen.clone().map(|listen| ("listen", listen)));
        options.extend(self.database.clone().map(|database| ("database", database)));
        let sources = Sources { file: None, environment: Vec::new(), options };
        config::load(&sources).map_err(|e| Failure::usage(e.to_string()))
    }
}
