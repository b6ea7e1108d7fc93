use super::{Api, Connection, encoded, show};
use crate::cli::Failure;
use clap::Args;

#[derive(Debug, Args)]
pub struct Search {
    #[command(flatten)]
    connection: Connection,
    /// Words; a phrase in quotes
    #[arg(required = true)]
    words: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

impl Search {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.connection).await?;
        let query =
            format!("/search?q={}&limit={}", encoded(&self.words.join(" ")), self.limit.clamp(1, 100));
        let found = api.get(&query).await?;
        api.show(&found, |l| {
            let mut words = String::new();
            for hit in show::items(l) {
                let snippet: String = hit["snippet"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|part| show::text(part, "text"))
                    .collect();
                words += &format!(
                    "{} {}  {}\n    {}\n",
                    show::text(&hit, "kind"),
                    show::text(&hit, "id"),
                    show::text(&hit, "title"),
                    snippet.trim()
                );
            }
            if words.is_empty() { "Nothing was found.\n".into() } else { words }
        });
        Ok(())
    }
}
