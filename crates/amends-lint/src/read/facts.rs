//! What a postmortem says, as typed facts. Every fact knows its place in the source.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::clock::Style;
use super::cues::Cues;
use super::span::Span;
use super::strength::Strength;
use super::zone::Zone;

/// Everything that was understood of one text.
#[derive(Debug, Default)]
pub struct Facts {
    /// What it is called.
    pub title: Option<Said<String>>,
    /// The day that times without a date belong to.
    pub date: Option<Said<Date>>,
    /// For whom it is written, if it says so.
    pub audience: Option<Said<Audience>>,
    /// The zone that times without a zone are in.
    pub time_zone: Option<Said<Zone>>,
    /// Every time and date that is written, in the order of the text.
    pub moments: Vec<Moment>,
    /// At most one per kind: what the text as a whole says. Other moments may say otherwise, which is for rules.
    pub milestones: Vec<Milestone>,
    /// Lengths of time.
    pub durations: Vec<Duration>,
    /// Numbers of things.
    pub quantities: Vec<Quantity>,
    /// Sentences that name a cause.
    pub causes: Vec<Said<String>>,
    /// The why trees, in the order of the text; a child comes after its parent.
    pub whys: Vec<Why>,
    /// What was promised.
    pub actions: Vec<Action>,
}

/// A value that the text says, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// What is said.
    pub value: T,
    /// Where.
    pub span: Span,
    /// On which line, from 1; 0 if it is told by the name of the file alone.
    pub line: usize,
}

/// For whom a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The company.
    Internal,
    /// Customers, or everybody.
    Customers,
}

/// What a time is the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MilestoneKind {
    /// What set it off: a deployment, a change.
    Trigger,
    /// Users began to be hurt.
    Start,
    /// Somebody or something noticed.
    Detected,
    /// It was called an incident.
    Declared,
    /// Customers were told for the first time.
    FirstWord,
    /// Users no longer hurt, or less.
    Mitigated,
    /// Over.
    Resolved,
}

impl MilestoneKind {
    /// Every kind, in the order in which they usually happen.
    pub const ALL: [MilestoneKind; 7] = [
        MilestoneKind::Trigger,
        MilestoneKind::Start,
        MilestoneKind::Detected,
        MilestoneKind::Declared,
        MilestoneKind::FirstWord,
        MilestoneKind::Mitigated,
        MilestoneKind::Resolved,
    ];

    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            MilestoneKind::Trigger => "trigger",
            MilestoneKind::Start => "start",
            MilestoneKind::Detected => "detected",
            MilestoneKind::Declared => "declared",
            MilestoneKind::FirstWord => "first_word",
            MilestoneKind::Mitigated => "mitigated",
            MilestoneKind::Resolved => "resolved",
        }
    }
}

/// A time or date that is written somewhere.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The time itself as written.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// The index of its block; `None` in front matter.
    pub block: Option<usize>,
    /// In what kind of place it stands.
    pub origin: Origin,
    /// The words that say what happened then: the rest of the row, the label, the sentence.
    pub text: Arc<str>,
    /// Local date and time. For a date without a time this is midnight and `has_time` is false.
    pub local: Option<DateTime>,
    /// What was meant, if the rows before show that the date is mistyped; otherwise the same as `local`.
    pub meant: Option<DateTime>,
    /// False if only a date is written.
    pub has_time: bool,
    /// The other end, if it is a range.
    pub until: Option<DateTime>,
    /// How the date is known.
    pub dated: Dated,
    /// The zone, if one is known.
    pub zone: Option<Zone>,
    /// True if the zone is written with the time itself.
    pub own_zone: bool,
    /// The instant of `meant`, if date and zone are known.
    pub at: Option<Timestamp>,
    /// The instant of the other end.
    pub until_at: Option<Timestamp>,
    /// 12-hour or 24-hour clock.
    pub style: Option<Style>,
    /// True if a strict reader would stumble over how it is written.
    pub malformed: bool,
    /// True after "about", "around", "~".
    pub approximate: bool,
    /// What the words make of it.
    pub cues: Cues,
}

/// In what kind of place a time stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A field of the front matter.
    FrontMatter,
    /// The title.
    Title,
    /// The start of a row of a timeline: a list item, a table row, a heading or a line.
    Row,
    /// Behind a label: "Resolved: 15:55".
    Label,
    /// In a sentence.
    Prose,
}

/// How the date of a time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dated {
    /// It is written with it.
    Written,
    /// From a row or sentence before it.
    Carried,
    /// From the row before it, a day later because the clock went over midnight.
    Rolled,
    /// From the document's date.
    Document,
    /// Not at all.
    Unknown,
}

/// The time of something that every incident has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Of what.
    pub kind: MilestoneKind,
    /// The index of the moment.
    pub moment: usize,
    /// Local time.
    pub local: Option<DateTime>,
    /// The instant, if the zone is known.
    pub at: Option<Timestamp>,
    /// Where the time is written.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// What is written about it.
    pub text: Arc<str>,
}

/// A length of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Duration {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// In seconds.
    pub seconds: f64,
    /// True after "about", "roughly", "over".
    pub approximate: bool,
    /// The sentence or label that says what took so long.
    pub context: Arc<str>,
    /// What took so long, if the words say it.
    pub of: Option<DurationOf>,
}

/// What took so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationOf {
    /// Users were hurt.
    Outage,
    /// From the start until somebody knew.
    Detection,
    /// Until it was repaired.
    Repair,
    /// Until it was over.
    Resolution,
}

/// A number of things.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// As written, with its noun.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// How many.
    pub amount: Amount,
    /// Of what: the words after the number, the last of which is the thing counted. Empty if there are none.
    pub noun: String,
    /// True after "about", "roughly", "over".
    pub approximate: bool,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A number.
    Count(f64),
    /// Per cent.
    Percent(f64),
    /// Money, in the currency that the text says.
    Money(f64),
    /// All of them.
    All,
    /// None of them.
    Nothing,
    /// Some, many, several, a number of.
    Woolly,
}

/// A node of a why tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What is written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// The index of the node that it stands under.
    pub parent: Option<usize>,
    /// How deep it stands, from 0.
    pub depth: usize,
    /// True for a question, false for an answer.
    pub question: bool,
}

/// Something that was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What, without owner and due date where those stand in columns of their own.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Its line, from 1.
    pub line: usize,
    /// Who, as written.
    pub owner: Option<String>,
    /// Until when, as written.
    pub due: Option<String>,
    /// Until when, as a date.
    pub due_date: Option<Date>,
    /// A ticket, pull request or address that follows it.
    pub tracker: Option<String>,
    /// True if it says that it is done.
    pub done: bool,
    /// What it relies on.
    pub strength: Strength,
    /// True if a reader could check that it was done.
    pub verifiable: bool,
}
