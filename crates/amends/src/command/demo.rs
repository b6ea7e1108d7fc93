use crate::cli::Failure;
use clap::Args;

/// Show a believable company on a throw-away data folder.
#[derive(Debug, Args)]
pub struct Demo {
    /// Address and port to listen on; a free port when the usual one is taken
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
}

impl Demo {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        Err(Failure::said_no(format!("nothing to show on {} yet", self.listen)))
    }
}
