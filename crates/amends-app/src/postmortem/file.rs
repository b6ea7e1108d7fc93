//! A postmortem as a Markdown file: front matter, the document, the letter. Pure.
//!
//! What [`write`] writes reads well anywhere, because facts are filled in, and [`read`] reads it back without loss,
//! because every filled fact stands between two comments that name it. The front matter is YAML in which every value
//! is written as JSON, which YAML contains.

use super::facts::Record;
use super::fill::{self, MARK};
use crate::markdown::escape;
use amends_lint::read::front::{self, FrontMatter};
use amends_model::{
    ActionState, Audience, IncidentId, Milestone, Milestones, PostmortemId, PostmortemState, PublishedLetter,
    Term,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Everything that a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Id of the postmortem.
    pub id: PostmortemId,
    /// Id of its incident.
    pub incident_id: Option<IncidentId>,
    /// Title.
    pub title: String,
    /// Name of the document's template.
    pub template: String,
    /// Name of the letter's template.
    pub letter_template: String,
    /// For whom the document is written.
    pub audience: Audience,
    /// How far it has come.
    pub state: PostmortemState,
    /// Milestones with where they are known from.
    pub milestones: Milestones,
    /// When what it is about began.
    pub happened_at: Timestamp,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When the document was published.
    pub published_at: Option<Timestamp>,
    /// The letter as it was published.
    pub published_letter: Option<PublishedLetter>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Who reads it before.
    pub reviewers: Vec<String>,
    /// The document with placeholders.
    pub document: String,
    /// Title of the letter.
    pub letter_title: String,
    /// The letter with placeholders.
    pub letter: String,
    /// Corrective actions.
    pub actions: Vec<FileAction>,
}

/// A corrective action in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAction {
    /// Id.
    pub id: String,
    /// What will be done.
    pub text: String,
    /// Who does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// How long it takes.
    pub term: Term,
    /// Whether it is done.
    pub state: ActionState,
    /// How that is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Address of a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// When it was done or dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct FileMilestone {
    milestone: Milestone,
    at: Timestamp,
    source: String,
}

/// What stands in the field `amends`; another number is another form.
const FORM: &str = "postmortem 1";

/// Writes a file; facts are filled in for a reader in `zone`.
pub fn write(file: &File, record: &Record, zone: &TimeZone) -> String {
    let mut out = String::from("---\n");
    let mut field = |key: &str, value: String| out.push_str(&format!("{key}: {value}\n"));
    field("amends", json(FORM));
    field("title", json(&file.title));
    field("date", file.happened_at.to_zoned(zone.clone()).date().to_string());
    field("id", json(file.id.as_str()));
    if let Some(incident) = &file.incident_id {
        field("incident", json(incident.as_str()));
    }
    field("template", json(&file.template));
    field("letter_template", json(&file.letter_template));
    field("audience", json(&file.audience));
    field("state", json(&file.state));
    field("happened_at", file.happened_at.to_string());
    field("created_at", file.created_at.to_string());
    if let Some(at) = file.published_at {
        field("published_at", at.to_string());
    }
    field("letter_title", json(&file.letter_title));
    if let Some(letter) = &file.published_letter {
        field("published_letter", json(letter));
    }
    let mut list = |key: &str, items: Vec<String>| {
        if !items.is_empty() {
            out.push_str(&format!("{key}:\n"));
            for item in items {
                out.push_str(&format!("  - {item}\n"));
            }
        }
    };
    list("authors", file.authors.iter().map(json).collect());
    list("reviewers", file.reviewers.iter().map(json).collect());
    let milestones = file.milestones.iter().filter_map(|(milestone, time)| {
        let time = time?;
        Some(json(&FileMilestone { milestone, at: time.at, source: time.source.clone() }))
    });
    list("milestones", milestones.collect());
    list("actions", file.actions.iter().map(json).collect());
    out.push_str("---\n\n");
    out.push_str(&format!("# {}\n\n{MARK}document-->\n\n", escape(&file.title)));
    out.push_str(&fill::fill_marked(&file.document, record, zone, Audience::Internal).markdown);
    out.push('\n');
    if !file.letter.is_empty() {
        let title = if file.letter_title.is_empty() { "Letter" } else { &file.letter_title };
        out.push_str(&format!("\n{MARK}letter-->\n\n# {}\n\n{MARK}letter-text-->\n\n", escape(title)));
        out.push_str(&fill::fill_marked(&file.letter, record, zone, Audience::Customers).markdown);
        out.push('\n');
    }
    out
}

/// Whether a text is a file that [`write`] wrote, whatever was changed in it since.
pub fn is_ours(text: &str) -> bool {
    let (front, _) = front::read(text);
    front
        .as_ref()
        .and_then(|front| front.get("amends"))
        .is_some_and(|field| field.value.starts_with("postmortem"))
}

/// Reads what [`write`] wrote.
///
/// Errors: which field was not understood, in words.
pub fn read(text: &str) -> Result<File, String> {
    let text = text.replace("\r\n", "\n");
    let (front, start) = front::read(&text);
    let front = front.ok_or("it has no front matter")?;
    let form = wanted(&front, "amends")?;
    if form != FORM {
        return Err(format!("its form is ‘{form}’; this version reads ‘{FORM}’"));
    }
    let body = &text[start..];
    let document_mark = format!("{MARK}document-->");
    let (_, body) =
        body.split_once(&document_mark).ok_or_else(|| format!("the line ‘{document_mark}’ is missing"))?;
    let (document, letter) = match body.split_once(&format!("{MARK}letter-->")) {
        Some((document, rest)) => {
            let mark = format!("{MARK}letter-text-->");
            let (_, letter) =
                rest.split_once(&mark).ok_or_else(|| format!("the line ‘{mark}’ is missing"))?;
            (document.strip_suffix('\n').unwrap_or(document), letter)
        }
        None => (body, ""),
    };
    let milestones = items::<FileMilestone>(&front, "milestones")?;
    let mut found = Milestones::default();
    for FileMilestone { milestone, at, source } in milestones {
        found.set(milestone, at, source);
    }
    let published_letter = match front.get("published_letter") {
        Some(field) => Some(
            serde_json::from_str::<PublishedLetter>(&field.value)
                .map_err(|e| format!("published_letter: {e}"))?,
        ),
        None => None,
    };
    Ok(File {
        id: word(&front, "id")?,
        incident_id: match front.get("incident") {
            Some(_) => Some(word(&front, "incident")?),
            None => None,
        },
        title: wanted(&front, "title")?,
        template: wanted(&front, "template")?,
        letter_template: wanted(&front, "letter_template")?,
        audience: word(&front, "audience")?,
        state: word(&front, "state")?,
        milestones: found,
        happened_at: time(&front, "happened_at")?.ok_or("the field happened_at is missing")?,
        created_at: time(&front, "created_at")?.ok_or("the field created_at is missing")?,
        published_at: time(&front, "published_at")?,
        published_letter,
        authors: names(&front, "authors"),
        reviewers: names(&front, "reviewers"),
        document: part(document),
        letter_title: wanted(&front, "letter_title")?,
        letter: part(letter),
        actions: items(&front, "actions")?,
    })
}

/// A part of the body: one empty line after its mark, one line break at its end.
fn part(text: &str) -> String {
    let text = text.strip_prefix("\n\n").unwrap_or(text);
    fill::restore(text.strip_suffix('\n').unwrap_or(text))
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Strings, words and plain structs always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

fn wanted(front: &FrontMatter, key: &str) -> Result<String, String> {
    front.get(key).map(|field| field.value.clone()).ok_or_else(|| format!("the field {key} is missing"))
}

fn word<T: std::str::FromStr<Err = String>>(front: &FrontMatter, key: &str) -> Result<T, String> {
    wanted(front, key)?.parse().map_err(|e| format!("{key}: {e}"))
}

fn time(front: &FrontMatter, key: &str) -> Result<Option<Timestamp>, String> {
    let Some(field) = front.get(key) else { return Ok(None) };
    field.value.parse().map(Some).map_err(|e| format!("{key}: {e}"))
}

fn names(front: &FrontMatter, key: &str) -> Vec<String> {
    front.get(key).map_or_else(Vec::new, |field| field.items.clone())
}

fn items<T: serde::de::DeserializeOwned>(front: &FrontMatter, key: &str) -> Result<Vec<T>, String> {
    let Some(field) = front.get(key) else { return Ok(Vec::new()) };
    let read = |(n, item): (usize, &String)| {
        serde_json::from_str(item).map_err(|e| format!("{key}, item {}: {e}", n + 1))
    };
    field.items.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests;
