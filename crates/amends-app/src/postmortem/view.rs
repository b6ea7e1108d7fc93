use super::fill::{Problem, fill};
use super::{FACTS, Fact, MAX_DOCUMENT, Record, find, record_of};
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::markdown;
use amends_model::{Action, Audience, CorrectiveAction, Incident, Milestones, Postmortem, Resource, text};
use jiff::tz::TimeZone;
use serde::Serialize;

/// A text as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Shown {
    /// Markdown with every fact filled in.
    pub markdown: String,
    /// The same as safe HTML; its first level of headings is `<h2>`.
    pub html: String,
    /// What should be put right in it.
    pub problems: Vec<Problem>,
}

/// A postmortem as a reader sees it, with what stands beside it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PostmortemView {
    /// As it is stored.
    pub postmortem: Postmortem,
    /// The document, with facts in the reader's zone.
    pub document: Shown,
    /// The draft of the letter, with facts as customers would read them, in the page's zone.
    pub letter: Shown,
    /// Its incident.
    pub incident: Option<Incident>,
    /// The incident's milestones.
    pub milestones: Milestones,
    /// The corrective actions.
    pub actions: Vec<CorrectiveAction>,
}

impl App {
    /// A postmortem with its facts filled in, for reading.
    pub async fn read_postmortem(&self, caller: &Caller, id: &str) -> Result<PostmortemView, AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        caller.require(Action::Read, Resource::Incident)?;
        let mut tx = self.read().await?;
        let p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        let page_zone = page_of(&mut tx).await?.zone();
        Ok(PostmortemView {
            document: show(&p.document, &record, &caller.time_zone, Audience::Internal),
            letter: show(&p.letter, &record, &page_zone, Audience::Customers),
            postmortem: p,
            incident: record.incident,
            milestones: record.milestones,
            actions: record.actions,
        })
    }

    /// What a text would look like in a postmortem; nothing is saved. For the preview beside the editor.
    pub async fn preview_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        text: &str,
        letter: bool,
    ) -> Result<Shown, AppError> {
        caller.require(Action::Edit, if letter { Resource::Letter } else { Resource::Postmortem })?;
        let text =
            text::optional_prose("text", text, MAX_DOCUMENT).map_err(amends_model::FieldErrors::from)?;
        let mut tx = self.read().await?;
        let p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        if letter {
            let page_zone = page_of(&mut tx).await?.zone();
            return Ok(show(&text, &record, &page_zone, Audience::Customers));
        }
        Ok(show(&text, &record, &caller.time_zone, Audience::Internal))
    }
}

/// A fact with what the record says for it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFact {
    /// The fact.
    pub fact: &'static Fact,
    /// What it says, in one line of plain text; none if the record does not know it.
    pub value: Option<String>,
}

impl App {
    /// The facts that may stand in a postmortem's document or letter, with what each says now.
    pub async fn postmortem_facts(
        &self,
        caller: &Caller,
        id: &str,
        letter: bool,
    ) -> Result<Vec<KnownFact>, AppError> {
        caller.require(Action::Read, if letter { Resource::Letter } else { Resource::Postmortem })?;
        caller.require(Action::Read, Resource::Incident)?;
        let mut tx = self.read().await?;
        let p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        let (zone, audience) = match letter {
            true => (page_of(&mut tx).await?.zone(), Audience::Customers),
            false => (caller.time_zone.clone(), Audience::Internal),
        };
        let facts = FACTS.iter().filter(|fact| !(letter && fact.internal));
        Ok(facts.map(|fact| KnownFact { fact, value: told(fact, &record, &zone, audience) }).collect())
    }
}

/// What a fact says in one line: the value itself, or of a table how many rows it has.
fn told(fact: &Fact, record: &Record, zone: &TimeZone, audience: Audience) -> Option<String> {
    let filled = fill(&format!("{{{{{}}}}}", fact.name), record, zone, audience);
    if !filled.problems.is_empty() {
        return None;
    }
    let rows = filled.markdown.lines().filter(|line| line.starts_with('|')).count();
    // The heading and the line beneath it are no rows.
    Some(match (fact.block, rows.saturating_sub(2)) {
        (true, 1) => "1 row".to_owned(),
        (true, rows) => format!("{rows} rows"),
        (false, _) => markdown::text(&filled.markdown),
    })
}

fn show(text: &str, record: &Record, zone: &TimeZone, audience: Audience) -> Shown {
    let filled = fill(text, record, zone, audience);
    Shown { html: markdown::html(&filled.markdown), markdown: filled.markdown, problems: filled.problems }
}
