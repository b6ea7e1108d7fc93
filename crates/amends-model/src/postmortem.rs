//! Postmortems, the customers' letter, and corrective actions.

use crate::id::{ActionId, IncidentId, PersonId, PostmortemId};
use crate::milestone::Milestones;
use crate::words::words;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

words! {
    /// How far a postmortem has come. The customers' letter is published apart.
    pub enum PostmortemState {
        /// Being written.
        Draft = "draft",
        /// Others read it.
        InReview = "in_review",
        /// The company can read it as finished.
        Published = "published",
    }
}

words! {
    /// For whom a text is written.
    pub enum Audience {
        /// The company.
        Internal = "internal",
        /// Customers.
        Customers = "customers",
    }
}

words! {
    /// How long a corrective action takes.
    pub enum Term {
        /// Days.
        Short = "short",
        /// Weeks.
        Medium = "medium",
        /// Months.
        Long = "long",
    }
}

words! {
    /// Whether a promise is kept.
    pub enum ActionState {
        /// Promised.
        Open = "open",
        /// Kept; the note says how that is known.
        Done = "done",
        /// Will not be done; the note says why.
        Dropped = "dropped",
    }
}

impl PostmortemState {
    /// The words a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::InReview => "In review",
            Self::Published => "Published",
        }
    }
}

impl ActionState {
    /// The words a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Done => "Done",
            Self::Dropped => "Dropped",
        }
    }
}

impl Term {
    /// The words a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Short => "Short term",
            Self::Medium => "Medium term",
            Self::Long => "Long term",
        }
    }
}

/// The customers' letter as it was published: every fact filled in, so that later edits of the draft change nothing
/// that customers read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublishedLetter {
    /// Title.
    pub title: String,
    /// Markdown.
    pub text: String,
    /// When it was published first.
    pub published_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where a postmortem came from, when it was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportedFrom {
    /// Name of the file.
    pub path: String,
    /// SHA-256 of its text, in hexadecimal.
    pub hash: String,
    /// The version that the import wrote; a higher one was edited here since.
    pub version: i64,
}

/// A postmortem: one internal document and one letter to customers about one incident. Facts stand in both as
/// placeholders such as `{{started}}` and are filled in from the record when they are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Postmortem {
    /// Id.
    pub id: PostmortemId,
    /// The incident it is about; an imported one may have none.
    pub incident_id: Option<IncidentId>,
    /// What users could not do, in one line.
    pub title: String,
    /// Name of the template of the document.
    pub template: String,
    /// Name of the template of the letter.
    pub letter_template: String,
    /// For whom the document is written.
    pub audience: Audience,
    /// How far it has come.
    pub state: PostmortemState,
    /// The document, Markdown with placeholders.
    pub document: String,
    /// Title of the letter.
    pub letter_title: String,
    /// The letter, Markdown with placeholders; empty when there is none.
    pub letter: String,
    /// The letter as customers read it, once it was published.
    pub published_letter: Option<PublishedLetter>,
    /// Who wrote it, as names.
    pub authors: Vec<String>,
    /// Who reads it before it is published, as names.
    pub reviewers: Vec<String>,
    /// Milestones that an import read; used while there is no incident to derive them from.
    pub milestones: Milestones,
    /// When what it is about began.
    pub happened_at: Timestamp,
    /// When the document was published.
    pub published_at: Option<Timestamp>,
    /// Where it came from, when it was imported.
    pub imported: Option<ImportedFrom>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts changes, from 1. An edit must name the version that it started from.
    pub version: i64,
}

/// One line of the list of postmortems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostmortemSummary {
    /// Id.
    pub id: PostmortemId,
    /// The incident it is about.
    pub incident_id: Option<IncidentId>,
    /// The number of that incident.
    pub incident_number: Option<i64>,
    /// What users could not do.
    pub title: String,
    /// Name of the template.
    pub template: String,
    /// How far it has come.
    pub state: PostmortemState,
    /// When what it is about began.
    pub happened_at: Timestamp,
    /// When the document was published.
    pub published_at: Option<Timestamp>,
    /// When the letter was published.
    pub letter_published_at: Option<Timestamp>,
    /// How many of its actions are open.
    pub open_actions: i64,
    /// How many actions it has.
    pub actions: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts changes.
    pub version: i64,
}

/// An earlier (or the present) version of a postmortem's texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PostmortemVersion {
    /// Its number.
    pub version: i64,
    /// Title then.
    pub title: String,
    /// The document then.
    pub document: String,
    /// Title of the letter then.
    pub letter_title: String,
    /// The letter then.
    pub letter: String,
    /// State then.
    pub state: PostmortemState,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// By whom.
    pub saved_by: crate::event::Actor,
    /// What was published with it.
    pub publication: Option<Publication>,
}

/// A publication of a document or letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Publication {
    /// The customers' letter, not the internal document.
    pub letter: bool,
    /// Why it was published although the linter found errors; none if it found none.
    pub despite: Option<Despite>,
}

/// Why something was published although the linter found errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Despite {
    /// The reason that was given.
    pub reason: String,
    /// What was found.
    pub findings: Vec<KnownFinding>,
}

/// A finding of the linter as it was known when something was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KnownFinding {
    /// Code of the rule.
    pub rule: String,
    /// The field that it is about.
    pub path: String,
    /// The line in it.
    pub line: i64,
    /// What was wrong.
    pub message: String,
}

/// A corrective action: something that is promised so that it cannot happen again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CorrectiveAction {
    /// Id.
    pub id: ActionId,
    /// The postmortem that promises it.
    pub postmortem_id: Option<PostmortemId>,
    /// The incident that it answers.
    pub incident_id: Option<IncidentId>,
    /// What will be done.
    pub text: String,
    /// Who does it, as a name.
    pub owner: Option<String>,
    /// The same, when it is a person who signs in; they are reminded by mail.
    pub owner_id: Option<PersonId>,
    /// Until when.
    pub due: Option<Date>,
    /// How long it takes.
    pub term: Term,
    /// Whether it is done.
    pub state: ActionState,
    /// How it is known that it holds, or why it is dropped; Markdown.
    pub note: String,
    /// Address of a ticket.
    pub tracker: Option<String>,
    /// When it was done or dropped.
    pub closed_at: Option<Timestamp>,
    /// When it was promised.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts changes, from 1.
    pub version: i64,
}

impl CorrectiveAction {
    /// Whether it is open on a day after it was due.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.state == ActionState::Open && self.due.is_some_and(|due| due < today)
    }
}

words! {
    /// Why an owner is written to about an action. Each is written at most once per action and due date.
    pub enum Reminder {
        /// It is due within three days.
        Soon = "soon",
        /// It is due today.
        Due = "due",
        /// It is overdue.
        Overdue = "overdue",
        /// It is overdue by more than a week.
        LongOverdue = "long_overdue",
    }
}

/// Which reminder belongs to a day, if any. Pure.
pub fn reminder(due: Date, today: Date) -> Option<Reminder> {
    match due.since(today).map_or(i32::MAX, |left| left.get_days()) {
        1..=3 => Some(Reminder::Soon),
        0 => Some(Reminder::Due),
        -7..=-1 => Some(Reminder::Overdue),
        i32::MIN..=-8 => Some(Reminder::LongOverdue),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_days() {
        let due: Date = "2026-03-10".parse().expect("date");
        for (today, step) in [
            ("2026-03-06", None),
            ("2026-03-07", Some(Reminder::Soon)),
            ("2026-03-09", Some(Reminder::Soon)),
            ("2026-03-10", Some(Reminder::Due)),
            ("2026-03-11", Some(Reminder::Overdue)),
            ("2026-03-17", Some(Reminder::Overdue)),
            ("2026-03-18", Some(Reminder::LongOverdue)),
            ("2027-03-18", Some(Reminder::LongOverdue)),
        ] {
            assert_eq!(reminder(due, today.parse().expect("date")), step, "{today}");
        }
    }
}
