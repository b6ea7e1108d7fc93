use super::fill::{Problem, fill};
use super::{MAX_DOCUMENT, Record, find, record_of};
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
        let show = |text: &str, audience| {
            let filled = fill(text, &record, &caller.time_zone, audience);
            Shown {
                html: markdown::html(&filled.markdown),
                markdown: filled.markdown,
                problems: filled.problems,
            }
        };
        Ok(PostmortemView {
            document: show(&p.document, Audience::Internal),
            letter: show(&p.letter, Audience::Customers),
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

fn show(text: &str, record: &Record, zone: &TimeZone, audience: Audience) -> Shown {
    let filled = fill(text, record, zone, audience);
    Shown { html: markdown::html(&filled.markdown), markdown: filled.markdown, problems: filled.problems }
}
