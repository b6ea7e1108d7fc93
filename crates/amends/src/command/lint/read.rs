use std::path::PathBuf;

use amends_lint::{Reading, Source, output};
use clap::{Args, ValueEnum};

use super::files;
use crate::cli::{Failure, print};

/// Print what is understood of postmortems: milestones, lengths, numbers, causes, actions
#[derive(Debug, Args)]
pub struct Read {
    /// Markdown files, or folders to look through; - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// An array with one object per text
    Json,
}

impl Read {
    pub fn run(self) -> Result<(), Failure> {
        let texts = files::texts(&self.paths)?;
        let readings: Vec<Reading<'_>> = texts
            .iter()
            .map(|text| amends_lint::read(Source { path: Some(&text.path), text: &text.text }))
            .collect();
        let named: Vec<(&str, &Reading<'_>)> =
            texts.iter().map(|text| text.path.as_str()).zip(&readings).collect();
        match self.format {
            Format::Json => print(&output::reading(&named)),
            Format::Text => named.iter().for_each(|(path, reading)| print(&words(path, reading))),
        }
        Ok(())
    }
}

fn words(path: &str, reading: &Reading<'_>) -> String {
    let facts = &reading.facts;
    let mut out = format!("{path}\n");
    let mut line = |number: usize, name: &str, value: &str| {
        let value = value.lines().next().unwrap_or_default();
        let value: String = value.chars().take(100).collect();
        out += &format!("  {number:>5}  {name:<12} {value}\n");
    };
    if let Some(title) = &facts.title {
        line(title.line, "title", &title.value);
    }
    if let Some(date) = &facts.date {
        line(date.line, "date", &date.value.to_string());
    }
    if let Some(zone) = &facts.time_zone {
        line(zone.line, "time zone", &zone.value.text);
    }
    for milestone in &facts.milestones {
        let local =
            milestone.local.map_or("?".to_owned(), |local| local.strftime("%Y-%m-%d %H:%M").to_string());
        line(milestone.line, milestone.kind.as_str(), &format!("{local}  {}", milestone.text));
    }
    for duration in &facts.durations {
        line(duration.line, "length", &duration.text);
    }
    for quantity in &facts.quantities {
        line(quantity.line, "number", &quantity.text);
    }
    for cause in &facts.causes {
        line(cause.line, "cause", &cause.value);
    }
    for why in &facts.whys {
        line(why.line, "why", &format!("{}{}", "  ".repeat(why.depth.min(20)), why.text));
    }
    for action in &facts.actions {
        line(action.line, "action", &format!("[{}] {}", action.strength.grade().as_str(), action.text));
    }
    out
}
