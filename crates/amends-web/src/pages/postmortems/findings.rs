//! Findings of the linter as they stand beside a text, under it without script, and before a publication.

use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::Here;
use crate::pages::html_response;
use crate::pages::when::Markup;
use amends_app::postmortem::{CheckText, Finding, FindingLevel, FindingPath};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// A list of findings.
pub(super) struct Findings {
    rows: Vec<Row>,
    pub errors: usize,
    warnings: usize,
    hints: usize,
}

/// One finding.
struct Row {
    rule: &'static str,
    about: &'static str,
    level: &'static str,
    tone: &'static str,
    mark: &'static str,
    word: &'static str,
    /// Name of the input that it is about.
    field: &'static str,
    /// Lines and columns, `12:3-12:9`.
    at: String,
    /// Where, in words, and the address of it.
    place: String,
    href: String,
    what: String,
    instead: Option<String>,
    /// The words that it is about, where they are not those at the place: what a fact says.
    text: String,
    related: Vec<Related>,
    /// What the change does, and its edits as JSON.
    fix: Option<(String, String)>,
    /// The edit that waives it, as JSON.
    waive: String,
}

struct Related {
    field: &'static str,
    at: String,
    place: String,
    href: String,
    message: String,
}

impl Findings {
    /// The findings in a postmortem that is read at `here`.
    pub fn of(found: &[Finding], here: &str) -> Self {
        let count = |level| found.iter().filter(|f| f.level == level).count();
        Findings {
            rows: found.iter().map(|f| row(f, here)).collect(),
            errors: count(FindingLevel::Error),
            warnings: count(FindingLevel::Warning),
            hints: count(FindingLevel::Hint),
        }
    }

    /// Only those that stop publishing.
    pub fn errors_of(found: &[Finding], here: &str) -> Self {
        let errors: Vec<Finding> = found.iter().filter(|f| f.is_error()).cloned().collect();
        Findings::of(&errors, here)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The list as it stands in pages and answers the script.
    pub fn list(&self) -> Markup {
        // Writing into a String fails only if a value's Display fails; these are strings.
        Markup(List { found: self }.render().unwrap_or_default())
    }

    /// `2 errors, 1 warning`
    pub fn tally(&self) -> String {
        let parts = [(self.errors, "error"), (self.warnings, "warning"), (self.hints, "hint")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = parts
            .map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        if words.is_empty() { "Nothing is found.".to_owned() } else { words.join(", ") }
    }
}

fn row(f: &Finding, here: &str) -> Row {
    let (tone, mark, word) = match f.level {
        FindingLevel::Error => ("major", "■", "Error"),
        FindingLevel::Warning => ("degraded", "◐", "Warning"),
        FindingLevel::Hint => ("quiet-state", "○", "Hint"),
    };
    // What was typed stands in the text; what a fact says is only seen when it is read.
    let hidden = f.path == FindingPath::Actions || f.what.starts_with("In {{");
    Row {
        rule: f.rule,
        about: f.about,
        level: f.level.as_str(),
        tone,
        mark,
        word,
        field: f.path.as_str(),
        at: format!("{}:{}-{}:{}", f.line, f.column, f.end_line, f.end_column),
        place: place(f.path, f.line),
        href: href(f.path, here),
        what: f.what.clone(),
        instead: f.instead.clone(),
        text: if hidden { f.text.clone() } else { String::new() },
        related: f
            .related
            .iter()
            .map(|r| Related {
                field: r.path.as_str(),
                at: format!("{}:{}-{}:{}", r.line, r.column, r.end_line, r.end_column),
                place: place(r.path, r.line),
                href: href(r.path, here),
                message: r.message.clone(),
            })
            .collect(),
        fix: f.fix.as_ref().map(|fix| (fix.title.clone(), json(&fix.edits))),
        waive: json(&f.waiver),
    }
}

/// Structs of strings and numbers can always be written.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn place(path: FindingPath, line: usize) -> String {
    match path {
        FindingPath::Title | FindingPath::LetterTitle => "Title".to_owned(),
        FindingPath::Document | FindingPath::Letter => format!("Line {line}"),
        FindingPath::Actions => "Actions".to_owned(),
    }
}

/// Where the words are written: the actions are rows of their own, beneath the document.
fn href(path: FindingPath, here: &str) -> String {
    match path {
        FindingPath::Title | FindingPath::Document => format!("{here}/edit#{}", path.as_str()),
        FindingPath::LetterTitle | FindingPath::Letter => format!("{here}/letter/edit#{}", path.as_str()),
        FindingPath::Actions => format!("{here}#actions"),
    }
}

#[derive(Template)]
#[template(path = "app/findings.html")]
struct List<'a> {
    found: &'a Findings,
}

/// `POST /app/postmortems/{id}/findings` with `text`, `title` and, for the letter, `letter`: what is found in them.
/// Nothing is saved.
pub async fn find(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let text = |name: &str| form.has(name).then(|| form.value(name).to_owned());
    let input = CheckText { letter: form.has("letter"), title: text("title"), text: text("text") };
    let found = here.app.check_postmortem(&here.caller, &id, input).await?;
    let found = Findings::of(&found, &format!("/app/postmortems/{id}"));
    Ok(html_response(StatusCode::OK, found.list().0))
}
