//! `amends lint`, `amends read`, `amends explain`, `amends lsp`: the linter for postmortems in files.

mod explain;
mod files;
mod lsp;
mod read;

pub use explain::Explain;
pub use lsp::Lsp;
pub use read::Read;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use amends_lint::output::{self, Judged};
use amends_lint::read::facts::Audience;
use amends_lint::{Config, Level, Record, Source, check};
use clap::{Args, ValueEnum};

use crate::cli::{Failure, print};
use files::Text;

/// What the texts are judged by: the same options for every command that judges.
#[derive(Debug, Clone, Default, Args)]
pub struct Judging {
    /// How much process the incidents deserve, 0 to 3; without it the text or the configuration decides
    #[arg(long, value_name = "0..3", value_parser = clap::value_parser!(u8).range(0..=3))]
    tier: Option<u8>,
    /// For whom the texts are written
    #[arg(long, value_enum)]
    audience: Option<Whom>,
    /// Configuration file with a [lint] table; ./amends.toml if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Whom {
    /// The company
    Internal,
    /// Customers, or everybody
    Customers,
}

impl Judging {
    /// The configuration of the file, with what the command line asks for.
    fn config(&self) -> Result<Config, Failure> {
        let usual = Path::new("amends.toml");
        let file = self.config.as_deref().or_else(|| usual.is_file().then_some(usual));
        let mut config = match file {
            Some(file) => {
                let name = file.display();
                let text = std::fs::read_to_string(file)
                    .map_err(|e| Failure::usage(format!("{name} cannot be read: {e}")))?;
                Config::from_toml(&text).map_err(|e| Failure::usage(format!("{name}: {e}")))?
            }
            None => Config::default(),
        };
        config.asked_tier = self.tier;
        config.asked_audience = self.audience.map(|whom| match whom {
            Whom::Internal => Audience::Internal,
            Whom::Customers => Audience::Customers,
        });
        Ok(config)
    }
}

/// Find what contradicts itself, blames, or promises nothing in postmortems
#[derive(Debug, Args)]
pub struct Lint {
    /// Markdown files, or folders to look through; - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 at this level, too
    #[arg(long, value_enum)]
    deny: Option<Deny>,
    /// Make the changes that are safe to make by machine
    #[arg(long)]
    fix: bool,
    /// Facts of the incident's record (JSON) to compare the text with
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    judging: Judging,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the lines of the text
    Text,
    /// An array of findings
    Json,
    /// For code hosts and editors
    Sarif,
    /// Annotations of GitHub's workflows
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Deny {
    Warning,
    Hint,
}

impl Lint {
    pub fn run(self) -> Result<(), Failure> {
        let config = self.judging.config()?;
        let record = self.record.as_deref().map(record).transpose()?;
        let texts = files::texts(&self.paths)?;
        let mut texts: Vec<Text> = texts;
        if self.fix {
            for text in &mut texts {
                mend(text, &config, record.as_ref())?;
            }
        }
        let readings: Vec<_> = texts
            .iter()
            .map(|text| amends_lint::read(Source { path: Some(&text.path), text: &text.text }))
            .collect();
        let findings: Vec<_> =
            readings.iter().map(|reading| check(reading, &config, record.as_ref())).collect();
        let judged: Vec<Judged<'_>> = texts
            .iter()
            .zip(&readings)
            .zip(&findings)
            .map(|((text, reading), findings)| Judged { path: &text.path, reading, findings })
            .collect();
        match self.format {
            Format::Text => {
                let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                for file in &judged {
                    print(&output::terminal(file, colour));
                }
                let levels = findings.iter().flatten().map(|finding| finding.level);
                print(&summary(levels, texts.len()));
            }
            Format::Json => print(&output::json(&judged)),
            Format::Sarif => print(&output::sarif(&judged, env!("CARGO_PKG_VERSION"))),
            Format::Github => print(&output::github(&judged)),
        }
        let denied = match self.deny {
            None => Level::Error,
            Some(Deny::Warning) => Level::Warning,
            Some(Deny::Hint) => Level::Hint,
        };
        let stopped = findings.iter().flatten().any(|finding| finding.level >= denied);
        if stopped { Err(Failure::said_no("")) } else { Ok(()) }
    }
}

fn record(file: &Path) -> Result<Record, Failure> {
    let name = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{name} cannot be read: {e}")))?;
    serde_json::from_str(&text).map_err(|e| Failure::usage(format!("{name} is no record: {e}")))
}

/// How often a text is mended again: a change may uncover another.
const ROUNDS: usize = 5;

/// Makes the safe changes in a file, or in the text of standard input, which is then only judged.
fn mend(text: &mut Text, config: &Config, record: Option<&Record>) -> Result<(), Failure> {
    let mut mended = 0;
    for _ in 0..ROUNDS {
        let reading = amends_lint::read(Source { path: Some(&text.path), text: &text.text });
        let (fixed, made) = amends_lint::fix::apply(&text.text, &check(&reading, config, record));
        if made == 0 {
            break;
        }
        (text.text, mended) = (fixed, mended + made);
    }
    let Some(file) = text.file.as_ref().filter(|_| mended > 0) else { return Ok(()) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |e: std::io::Error| Failure::usage(format!("{} cannot be written: {e}", file.display()));
    // Whole or not at all: the text is somebody's work.
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    new.write_all(text.text.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(file).map_err(failed)?.permissions();
    new.as_file().set_permissions(permissions).map_err(failed)?;
    new.persist(file).map_err(|e| failed(e.error))?;
    eprintln!("{}: mended {mended}", text.path);
    Ok(())
}

/// "2 errors, 1 warning, 3 hints in 4 files", or that nothing was found.
fn summary(levels: impl Iterator<Item = Level>, files: usize) -> String {
    let mut counts = [0_usize; 3];
    for level in levels {
        counts[level as usize] += 1;
    }
    let [hints, warnings, errors] = counts;
    let count = |number: usize, what: &str| {
        (number > 0).then(|| format!("{number} {what}{}", if number == 1 { "" } else { "s" }))
    };
    let parts: Vec<String> = [count(errors, "error"), count(warnings, "warning"), count(hints, "hint")]
        .into_iter()
        .flatten()
        .collect();
    let total = files;
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
    if total == 0 {
        return "There is no Markdown file to read.\n".to_owned();
    }
    if parts.is_empty() {
        return format!("Nothing found in {files}.\n");
    }
    format!("{} in {files}. ‘amends explain CODE’ says more about a rule.\n", parts.join(", "))
}
