//! Postmortems: the internal document and the customers' letter, both written around facts of the record.

mod check;
mod checked;
mod edit;
mod export;
pub mod facts;
pub mod file;
pub mod fill;
mod findings;
mod import;
mod known;
mod publish;
mod view;

pub mod template;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod sample;

pub use check::CheckText;
pub use edit::{DraftPostmortem, EditPostmortem};
pub use export::Export;
pub use facts::{FACTS, Fact, Record};
pub use fill::{Filled, Problem};
pub(crate) use findings::in_short;
pub use findings::{
    Edit as TextEdit, Finding, Fix as FindingFix, Level as FindingLevel, Path as FindingPath, RelatedPlace,
};
pub use import::{ImportFile, ImportOutcome, ImportedPostmortem};
pub use publish::{LetterPreview, PublishDocument, PublishLetter};
pub use template::{Template, TemplateProblem};
pub use view::{KnownFact, PostmortemView, Shown};

use crate::broadcast::of_updates;
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::incident::full_name;
use crate::paging::{Listed, Paging};
use amends_model::milestone::milestones;
use amends_model::{
    Action, IncidentId, Postmortem, PostmortemId, PostmortemState, PostmortemSummary, PostmortemVersion,
    Resource,
};
use amends_store::{Tx, action, component, event, incident, postmortem};
use jiff::Timestamp;
use std::collections::HashMap;

/// Longest document, in characters.
pub const MAX_DOCUMENT: usize = 200_000;
/// Longest letter, in characters.
pub const MAX_LETTER: usize = 50_000;

impl App {
    /// The templates to choose from, and the files in the operator's folder that are none.
    pub fn postmortem_templates(
        &self,
        caller: &Caller,
    ) -> Result<(Vec<Template>, Vec<TemplateProblem>), AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        Ok(template::all(&self.settings().data_folder.join("templates")))
    }

    /// Postmortems by when what they are about began, newest first; of one state if that is given.
    pub async fn postmortems(
        &self,
        caller: &Caller,
        state: Option<PostmortemState>,
        paging: &Paging,
    ) -> Result<Listed<PostmortemSummary>, AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let found = postmortem::list(&mut self.read().await?, state, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |p| (p.happened_at, p.id.to_string())))
    }

    /// One postmortem as it is stored, with its placeholders; by its id or by its incident's id or number.
    pub async fn postmortem(&self, caller: &Caller, id: &str) -> Result<Postmortem, AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        find(&mut self.read().await?, id).await
    }

    /// The postmortem of an incident; none if there is none yet, or none that this caller may see.
    pub async fn postmortem_about(
        &self,
        caller: &Caller,
        incident: &IncidentId,
    ) -> Result<Option<Postmortem>, AppError> {
        if !caller.may(Action::Read, Resource::Postmortem) {
            return Ok(None);
        }
        Ok(postmortem::of_incident(&mut self.read().await?, incident).await?)
    }

    /// Saved versions of a postmortem's texts, newest first, before `before` (none for the newest).
    pub async fn postmortem_history(
        &self,
        caller: &Caller,
        id: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<PostmortemVersion>, AppError> {
        caller.require(Action::Read, Resource::Postmortem)?;
        let mut tx = self.read().await?;
        let found = find(&mut tx, id).await?;
        Ok(postmortem::versions(&mut tx, &found.id, before, limit.clamp(1, 200)).await?)
    }
}

/// Finds a postmortem by its id, or by its incident's id or number (`42`, `INC-42`).
pub(crate) async fn find(tx: &mut Tx, id: &str) -> Result<Postmortem, AppError> {
    if let Ok(id) = id.parse::<PostmortemId>()
        && let Some(found) = postmortem::get(tx, &id).await?
    {
        return Ok(found);
    }
    let incident = match crate::incident::find(tx, id).await {
        Err(AppError::NotFound(_)) => return Err(AppError::NotFound("postmortem")),
        other => other?,
    };
    postmortem::of_incident(tx, &incident.id).await?.ok_or(AppError::NotFound("postmortem"))
}

/// Finds a postmortem and holds it until the transaction ends.
async fn find_for_update(tx: &mut Tx, id: &str) -> Result<Postmortem, AppError> {
    let id = find(tx, id).await?.id;
    postmortem::get_for_update(tx, &id).await?.ok_or(AppError::NotFound("postmortem"))
}

/// Everything that the record says for a postmortem.
pub(crate) async fn record_of(tx: &mut Tx, p: &Postmortem, now: Timestamp) -> Result<Record, AppError> {
    let page_name = page_of(tx).await?.name;
    let actions = action::of(tx, Some(&p.id), p.incident_id.as_ref()).await?;
    let found = match &p.incident_id {
        Some(id) => incident::get(tx, id).await?,
        None => None,
    };
    let Some(incident) = found else {
        return Ok(Record {
            page_name,
            title: p.title.clone(),
            incident: None,
            milestones: p.milestones.clone(),
            events: vec![],
            components: vec![],
            actions,
            reached: HashMap::new(),
            now,
        });
    };
    let all = component::all_with_archived(tx).await?;
    let events = event::of(tx, incident.id.as_str()).await?;
    let reached = of_updates(tx, incident.id.as_str()).await?;
    let components = incident
        .components
        .iter()
        .filter_map(|affected| {
            let component = all.iter().find(|c| c.id == affected.component_id)?;
            Some((full_name(&all, component), affected.status))
        })
        .collect();
    Ok(Record {
        page_name,
        title: p.title.clone(),
        milestones: milestones(&incident, &events),
        events,
        components,
        incident: Some(incident),
        actions,
        reached,
        now,
    })
}
