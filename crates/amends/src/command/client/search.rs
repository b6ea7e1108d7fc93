use super::{Api, Connection, encoded, show};
use crate::cli::Failure;
use clap::Args;
use serde_json::Value as Json;

#[derive(Debug, Args)]
pub struct Search {
    #[command(flatten)]
    connection: Connection,
    /// Words; a phrase in quotes
    #[arg(required = true)]
    words: Vec<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=50))]
    limit: u8,
}

impl Search {
    pub async fn run(self) -> Result<(), Failure> {
        let api = Api::new(self.connection).await?;
        let query = format!("/search?q={}&limit={}", encoded(&self.words.join(" ")), self.limit);
        let found = api.get(&query).await?;
        api.show(&found, words);
        Ok(())
    }
}

/// The pieces of a text, what was found between asterisks.
fn pieces(pieces: &Json) -> String {
    let all = pieces.as_array().into_iter().flatten();
    let marked = all.map(|piece| {
        let text = show::text(piece, "text");
        if piece["is_match"] == true { format!("*{text}*") } else { text }
    });
    marked.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(found: &Json) -> String {
    let mut words = String::new();
    for hit in found["hits"].as_array().into_iter().flatten() {
        let name = match (hit["kind"].as_str(), hit["number"].as_i64()) {
            (Some("incident"), Some(number)) => format!("INC-{number}"),
            (Some(kind), _) => format!("{kind} {}", show::text(hit, "id")),
            (None, _) => show::text(hit, "id"),
        };
        words += &format!("{name}  {}  {}\n", show::time(hit, "at"), pieces(&hit["title"]));
        if !hit["passage"].is_null() {
            let source = show::text(&hit["passage"], "source");
            words += &format!("    {source}: {}\n", pieces(&hit["passage"]["pieces"]));
        }
    }
    if words.is_empty() {
        words = "Nothing was found.\n".into();
    }
    if found["complete"] == false {
        let (indexed, records) = (show::text(found, "indexed"), show::text(found, "records"));
        words +=
            &format!("The index is still being made: {indexed} of {records} records can be found so far.\n");
    }
    words
}
