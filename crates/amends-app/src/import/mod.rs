//! Reading the history of another status page.
//!
//! Reading is pure: bytes in, [`ForeignIncident`]s and [`Problem`]s out. A part that cannot be understood is reported with
//! its line and left out; the rest is kept. `merge` decides what becomes of it on the record, `apply` writes that.
//!
//! Forms that are read, told apart by their content:
//! - Atom and RSS feeds as Statuspage serves them (`/history.atom`, `/history.rss`);
//! - JSON lines, one incident a line;
//! - the bodies of `/api/v2/incidents.json`, `/api/v2/scheduled-maintenances.json`, `/api/v2/summary.json`,
//!   `/incidents/<id>.json` and `/history.json?page=N`.

mod apply;
mod body;
mod feed;
mod json;
mod lines;
mod merge;
mod tell;
mod zone;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use amends_model::{ComponentStatus, Impact};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use apply::{ImportCounts, ImportProblem, ImportReport};
pub use body::normalised;

/// One incident or maintenance of another status page, in the form that all sources share.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignIncident {
    /// Twelve characters `[a-z0-9]`. The id in the incident's address when it has that shape, so that old links keep
    /// working; otherwise derived from the foreign id, the same every time.
    pub id: String,
    /// Incident or scheduled work.
    pub kind: ForeignKind,
    /// Title, one line.
    pub title: String,
    /// What the page showed. `None` when the source does not say (feeds do not).
    pub impact: Option<Impact>,
    /// When it began; for maintenance, when the work began or is to begin.
    pub started_at: Timestamp,
    /// When it ended. `None` while it is open.
    pub resolved_at: Option<Timestamp>,
    /// Planned window of a maintenance: start.
    pub scheduled_for: Option<Timestamp>,
    /// Planned window of a maintenance: end.
    pub scheduled_until: Option<Timestamp>,
    /// When the source last changed it.
    pub updated_at: Option<Timestamp>,
    /// The components that it touched.
    pub components: Vec<ForeignComponent>,
    /// Messages to customers, oldest first.
    pub updates: Vec<ForeignUpdate>,
    /// How much of the incident the source tells.
    pub detail: Detail,
    /// Address of the original, if the source gives one.
    pub url: Option<String>,
    /// The line of the file where it begins, from 1.
    pub line: usize,
}

impl ForeignIncident {
    /// Whether it is still open: nothing says that it ended.
    pub fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }
}

/// A component that an incident touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignComponent {
    /// Its name, as the source writes it.
    pub name: String,
    /// The worst status that an update gave it, if the source says.
    pub status: Option<ComponentStatus>,
}

/// One message to customers.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignUpdate {
    /// When it was shown. Feeds and JSON lines are exact to the minute only.
    pub at: Timestamp,
    /// What it said about the state.
    pub status: ForeignStatus,
    /// Plain text. A blank line separates paragraphs.
    pub body: String,
}

/// Incident or scheduled work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKind {
    /// Something broke.
    Incident,
    /// Scheduled work.
    Maintenance,
}

/// The state that an update announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ForeignStatus {
    Investigating,
    Identified,
    Monitoring,
    Resolved,
    Postmortem,
    Scheduled,
    InProgress,
    Verifying,
    Completed,
    /// "Update": the state stayed as it was.
    Same,
}

impl ForeignStatus {
    /// Reads the words of feeds ("In progress") and of the API ("in_progress"), in any case.
    pub fn read(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().replace(['_', '-'], " ").as_str() {
            "investigating" => Self::Investigating,
            "identified" => Self::Identified,
            "monitoring" => Self::Monitoring,
            "resolved" => Self::Resolved,
            "postmortem" => Self::Postmortem,
            "scheduled" => Self::Scheduled,
            "in progress" => Self::InProgress,
            "verifying" => Self::Verifying,
            "completed" => Self::Completed,
            "update" => Self::Same,
            _ => return None,
        })
    }

    fn is_of_maintenance(self) -> bool {
        matches!(self, Self::Scheduled | Self::InProgress | Self::Verifying | Self::Completed)
    }

    fn ends(self) -> bool {
        matches!(self, Self::Resolved | Self::Completed)
    }
}

/// How much of an incident a source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every update.
    Full,
    /// Title, times and the last words only (`/history.json`): never changes an incident that is known already.
    Outline,
}

/// Something in the file that could not be understood. The rest went in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: usize,
    /// What was wrong, in plain words.
    pub what: String,
}

/// What was read from one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// In the order of the file.
    pub incidents: Vec<ForeignIncident>,
    /// What was left out, by line.
    pub problems: Vec<Problem>,
    /// Which form was recognised, for the report: "Atom feed", "JSON lines", …
    pub form: &'static str,
}

/// Reads a file of any known form. Never fails: what is not understood is in `problems`.
pub fn read(bytes: &[u8]) -> Parsed {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut parsed = match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        None => refused("", 1, "the file is empty; nothing was imported"),
        Some(b'<') => feed::read(bytes),
        Some(b'{') if is_lines(bytes) => lines::read(bytes),
        Some(b'{' | b'[') => json::read(bytes),
        Some(_) if bytes.contains(&b'{') => lines::read(bytes),
        Some(_) => refused("", 1, "this is neither a feed (Atom, RSS) nor JSON; nothing was imported"),
    };
    parsed.problems.sort_by_key(|p| p.line);
    parsed
}

/// JSON lines when the first line that is not empty is a JSON value of its own and something follows it, or when it
/// already has the shape of one incident.
fn is_lines(bytes: &[u8]) -> bool {
    let mut full = bytes.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty());
    let Some(first) = full.next() else { return false };
    let more = full.next().is_some();
    match serde_json::from_slice::<serde_json::Value>(first) {
        Ok(value) => more || json::looks_like_an_incident(&value),
        // A pretty-printed document begins with a line that is no value of its own; so does a file of lines whose
        // first line is broken, but then the next one is whole.
        Err(_) => bytes
            .split(|b| *b == b'\n')
            .filter(|l| !l.trim_ascii().is_empty())
            .skip(1)
            .take(3)
            .any(|l| l.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(l).is_ok()),
    }
}

fn refused(form: &'static str, line: usize, what: &str) -> Parsed {
    Parsed { incidents: Vec::new(), problems: vec![Problem { line, what: what.to_owned() }], form }
}

/// The id under which a foreign incident is kept: its own when it is 12 characters `[a-z0-9]`, else 12 such characters
/// derived from it.
pub fn kept_id(foreign: &str) -> String {
    let foreign = foreign.trim();
    if foreign.len() == 12 && foreign.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return foreign.to_owned();
    }
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(foreign.as_bytes());
    digest.iter().take(12).map(|b| char::from(ALPHABET[usize::from(*b) % ALPHABET.len()])).collect()
}

/// The last part of an incident's address: `https://host/incidents/bhbcjn4n3jzp` → `bhbcjn4n3jzp`.
fn id_in_address(address: &str) -> Option<&str> {
    let path = address.split(['?', '#']).next()?.trim_end_matches('/');
    let last = path.rsplit('/').next()?;
    (path.contains("/incidents/") && !last.is_empty()).then_some(last)
}

/// What follows from the updates when the source does not say it: the kind, the beginning and the end.
struct Derived {
    kind: ForeignKind,
    started_at: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
}

fn derive(updates: &[ForeignUpdate]) -> Derived {
    let maintenance = updates.iter().any(|u| u.status.is_of_maintenance());
    let began = if maintenance {
        updates.iter().find(|u| u.status == ForeignStatus::InProgress).or_else(|| updates.first())
    } else {
        updates.first()
    };
    // Re-opened after "resolved" counts as open again, a postmortem or a late remark does not.
    let last =
        updates.iter().rev().find(|u| !matches!(u.status, ForeignStatus::Postmortem | ForeignStatus::Same));
    Derived {
        kind: if maintenance { ForeignKind::Maintenance } else { ForeignKind::Incident },
        started_at: began.map(|u| u.at),
        resolved_at: last.filter(|u| u.status.ends()).map(|u| u.at),
    }
}
