//! What the linter finds in a document or letter, each at the words that the writer typed. Pure.

use super::checked::{Checked, Field, Place};
use super::facts::Record;
use super::fill::fill;
use crate::markdown;
use amends_lint::finding::{Edit as LintEdit, Finding as Found};
use amends_lint::output::shown;
use amends_lint::read::document::Document;
use amends_lint::read::span::Span;
use amends_lint::{Config, Source, check, read, rules, waiver};
use amends_model::{Audience, KnownFinding};
use jiff::tz::TimeZone;
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FindingLevel)]
pub enum Level {
    /// Worth a look.
    Hint,
    /// To be mended, or waived with a reason.
    Warning,
    /// Stops publishing.
    Error,
}

impl Level {
    /// The word of the level.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Hint => "hint",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// In which field of a postmortem a place lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FindingPath)]
pub enum Path {
    /// The title.
    Title,
    /// The document.
    Document,
    /// The title of the letter.
    LetterTitle,
    /// The letter.
    Letter,
    /// The corrective actions, which stand beneath the document.
    Actions,
}

impl Path {
    /// The name of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Path::Title => "title",
            Path::Document => "document",
            Path::LetterTitle => "letter_title",
            Path::Letter => "letter",
            Path::Actions => "actions",
        }
    }
}

/// What the linter says about a place in a text. Lines and columns count from 1, columns in characters; the end is one
/// past the last character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// Code of the rule; `amends explain` and the app have its manual.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// The field that it is about.
    pub path: Path,
    /// Where it begins.
    pub line: usize,
    /// Where it begins.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends.
    pub end_column: usize,
    /// What is wrong, and how to write it instead.
    pub message: String,
    /// The sentence or row that it is about, with its facts filled in.
    pub text: String,
    /// The other places that belong to it, such as the fact that conflicts with this one.
    pub related: Vec<RelatedPlace>,
    /// A change that mends it and alters nothing that the text means, where there is one.
    pub fix: Option<Fix>,
    /// What to write into the text to accept the finding, with a reason.
    pub waiver: Edit,
    /// What is wrong.
    #[serde(skip)]
    pub what: String,
    /// How to write it instead.
    #[serde(skip)]
    pub instead: Option<String>,
    /// The rule in a few words.
    #[serde(skip)]
    pub about: &'static str,
}

/// Another place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RelatedPlace {
    /// The field.
    pub path: Path,
    /// Where it begins.
    pub line: usize,
    /// Where it begins.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends.
    pub end_column: usize,
    /// The sentence or row there, with its facts filled in.
    pub text: String,
    /// What it says there.
    pub message: String,
}

/// A change that mends a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = FindingFix)]
pub struct Fix {
    /// What it does: "Write 13:55".
    pub title: String,
    /// The replacements; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One replacement in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TextEdit)]
pub struct Edit {
    /// Where it begins.
    pub line: usize,
    /// Where it begins.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends.
    pub end_column: usize,
    /// What stands there afterwards.
    pub text: String,
}

/// A text that is to be judged, with what it is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub title: &'a str,
    pub source: &'a str,
    pub letter: bool,
    pub record: &'a Record,
    pub zone: &'a TimeZone,
    pub config: &'a Config,
    pub known: &'a amends_lint::Record,
    /// The day of the incident.
    pub day: jiff::civil::Date,
}

/// Rules about how a writer writes times, rows and words. Where the record stands in a text, nobody wrote it so; and a
/// fact that is not known yet is told with the facts.
const OF_WRITING: [&str; 20] = [
    "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T13", "T14", "T16", "T17", "T18", "T19", "R02", "R05",
    "R06", "R08", "X01", "X02", "C08",
];

/// Rules that say of a time what X01 says with the record's own word.
const SAID_BY_RECORD: [&str; 4] = ["T08", "T09", "T10", "T12"];

/// Judges a text as its readers will see it: what the text itself waives is left out.
pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let audience = if case.letter { Audience::Customers } else { Audience::Internal };
    let filled = fill(case.source, case.record, case.zone, audience);
    let beneath = (!case.letter && !case.source.contains("{{actions}}"))
        .then(|| case.record.block("actions", case.zone))
        .flatten()
        .map(|table| format!("## Corrective actions\n\n{table}"));
    let checked = Checked::new(case.title, case.day, case.source, &filled, beneath.as_deref());
    let mut config = case.config.clone();
    config.asked_audience = Some(match audience {
        Audience::Internal => amends_lint::read::facts::Audience::Internal,
        Audience::Customers => amends_lint::read::facts::Audience::Customers,
    });
    let reading = read(Source { path: None, text: &checked.text });
    let found = check(&reading, &config, Some(case.known));
    let by_record: Vec<Span> =
        found.iter().filter(|found| found.rule == "X01").map(|found| found.span).collect();
    let mut findings: Vec<Finding> = found
        .iter()
        .filter(|found| !(SAID_BY_RECORD.contains(&found.rule) && by_record.contains(&found.span)))
        .filter_map(|found| told(found, &checked, &reading.document, case.letter))
        .collect();
    findings.sort_by_key(|finding| (finding.path, finding.line, finding.column));
    findings.dedup();
    findings
}

/// A finding in the places of the source; none if it is about how the record writes.
fn told(found: &Found, checked: &Checked<'_>, document: &Document<'_>, letter: bool) -> Option<Finding> {
    let place = checked.place(found.span);
    let recorded = matches!(place.field, Field::Fact | Field::Actions);
    if recorded && OF_WRITING.contains(&found.rule) {
        return None;
    }
    let path = |place: &Place| match (place.field, letter) {
        (Field::Title, false) => Path::Title,
        (Field::Title, true) => Path::LetterTitle,
        (Field::Typed | Field::Fact, false) => Path::Document,
        (Field::Typed | Field::Fact, true) => Path::Letter,
        (Field::Actions, _) => Path::Actions,
    };
    let related = found.related.iter().map(|related| {
        let place = checked.place(related.span);
        RelatedPlace {
            path: path(&place),
            line: place.line,
            column: place.column,
            end_line: place.end_line,
            end_column: place.end_column,
            text: readable(&place, shown(document, related.span)),
            message: in_fact(checked, related.span, &place, related.message.clone()),
        }
    });
    let (offset, comment) = waiver::insertion(document, found);
    let (at, comment) = checked.comment(offset, &comment);
    Some(Finding {
        rule: found.rule,
        level: match found.level {
            amends_lint::Level::Hint => Level::Hint,
            amends_lint::Level::Warning => Level::Warning,
            amends_lint::Level::Error => Level::Error,
        },
        path: path(&place),
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
        message: in_fact(checked, found.span, &place, found.full_message()),
        text: match place.field {
            Field::Title => checked.title.to_owned(),
            Field::Typed | Field::Fact | Field::Actions => readable(&place, shown(document, found.span)),
        },
        related: related.collect(),
        fix: found.fix.as_ref().and_then(|fix| {
            let edits = fix.edits.iter().map(|edit| edit_of(edit, checked)).collect::<Option<Vec<_>>>()?;
            Some(Fix { title: fix.title.clone(), edits })
        }),
        waiver: replacement(checked, &(at..at), comment),
        what: in_fact(checked, found.span, &place, found.message.clone()),
        instead: found.instead.clone(),
        about: rules::find(found.rule).map_or("", amends_lint::Rule::title),
    })
}

/// What the record wrote is shown as people read it, without the marks that keep it from being Markdown.
fn readable(place: &Place, text: String) -> String {
    if matches!(place.field, Field::Fact | Field::Actions) { markdown::unescape(&text) } else { text }
}

/// Says first in which fact of the record a place is, because what stands there is only seen when it is read.
fn in_fact(checked: &Checked<'_>, span: Span, place: &Place, message: String) -> String {
    let message = readable(place, message);
    match checked.fact(span).filter(|_| place.field == Field::Fact) {
        Some(fact) => format!("In {fact}: {message}"),
        None => message,
    }
}

/// A change in the places of the source, if the writer typed what it changes.
fn edit_of(edit: &LintEdit, checked: &Checked<'_>) -> Option<Edit> {
    Some(replacement(checked, &checked.typed(edit.span)?, edit.text.clone()))
}

fn replacement(checked: &Checked<'_>, range: &std::ops::Range<usize>, text: String) -> Edit {
    let place = checked.source_place(range);
    Edit {
        line: place.line,
        column: place.column,
        end_line: place.end_line,
        end_column: place.end_column,
        text,
    }
}

impl Finding {
    /// Whether it stops publishing.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }

    /// What is kept of it where something is published in spite of it.
    pub(super) fn kept(&self) -> KnownFinding {
        KnownFinding {
            rule: self.rule.to_owned(),
            path: self.path.as_str().to_owned(),
            line: i64::try_from(self.line).unwrap_or(i64::MAX),
            message: self.message.clone(),
        }
    }
}

/// The first findings in one line, for a message.
pub(crate) fn in_short(findings: &[Finding]) -> String {
    const SHOWN: usize = 3;
    let first = findings.iter().take(SHOWN).map(|finding| {
        let place = match finding.path {
            Path::Title | Path::LetterTitle => "the title".to_owned(),
            Path::Actions => "the actions".to_owned(),
            Path::Document | Path::Letter => format!("line {}", finding.line),
        };
        format!("{} in {place}: {}", finding.rule, finding.message)
    });
    let first: Vec<String> = first.collect();
    match findings.len() - first.len() {
        0 => first.join("; "),
        more => format!("{}; and {more} more", first.join("; ")),
    }
}
