use super::findings::{Case, Finding, judge};
use super::known::{Other, known, similar};
use super::{MAX_DOCUMENT, Record, find, record_of};
use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use amends_model::{Action, IncidentId, Postmortem, Resource, text};
use amends_store::action::Which;
use amends_store::{Keyset, Tx, action, incident};
use std::collections::HashMap;

/// What is checked: texts that are being written, or the saved ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckText {
    /// The customers' letter, not the document.
    pub letter: bool,
    /// The title as it is being written; the saved one when nothing is said.
    pub title: Option<String>,
    /// The text as it is being written; the saved one when nothing is said.
    pub text: Option<String>,
}

impl App {
    /// What the linter finds in a postmortem's document or letter, in the order of the text. It reads the text as its
    /// readers will, with its facts filled in, and compares it with the record. Changes nothing.
    pub async fn check_postmortem(
        &self,
        caller: &Caller,
        id: &str,
        input: CheckText,
    ) -> Result<Vec<Finding>, AppError> {
        caller.require(Action::Read, if input.letter { Resource::Letter } else { Resource::Postmortem })?;
        caller.require(Action::Read, Resource::Incident)?;
        let typed = input.text.map(|typed| text::optional_prose("text", &typed, MAX_DOCUMENT));
        let typed = typed.transpose().map_err(amends_model::FieldErrors::from)?;
        let mut tx = self.read().await?;
        let mut p = find(&mut tx, id).await?;
        let record = record_of(&mut tx, &p, self.now()).await?;
        if let Some(typed) = typed {
            *(if input.letter { &mut p.letter } else { &mut p.document }) = typed;
        }
        if let Some(title) = input.title {
            let title = text::cleaned(&title, crate::incident::MAX_TITLE);
            *(if input.letter { &mut p.letter_title } else { &mut p.title }) = title;
        }
        self.findings(&mut tx, caller, &p, &record, input.letter).await
    }

    /// The findings in the texts of `p`, which need not be those that are stored.
    pub(super) async fn findings(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        p: &Postmortem,
        record: &Record,
        letter: bool,
    ) -> Result<Vec<Finding>, AppError> {
        let page_zone = page_of(tx).await?.zone();
        let zone = if letter { &page_zone } else { &caller.time_zone };
        let other = match (letter, &p.published_letter) {
            (true, _) => Some(Other { text: &p.document, name: "the internal document" }),
            (false, Some(letter)) => Some(Other { text: &letter.text, name: "the published letter" }),
            (false, None) => None,
        };
        let (title, source) = match letter {
            true if p.letter_title.is_empty() => (&p.title, &p.letter),
            true => (&p.letter_title, &p.letter),
            false => (&p.title, &p.document),
        };
        let mut known = known(record, other);
        if !letter && caller.may(Action::Read, Resource::Action) {
            known.open_actions = open_elsewhere(tx, p).await?;
        }
        if let Some(about) =
            record.incident.as_ref().filter(|_| !letter && caller.may(Action::Read, Resource::Incident))
        {
            let before = Keyset { at: about.started_at, id: about.id.to_string() };
            let earlier = incident::list(tx, incident::Which::All, &before, EARLIER).await?;
            known.similar = similar(about, &earlier);
        }
        Ok(judge(&Case {
            title,
            source,
            letter,
            record,
            zone,
            config: self.lint_config(),
            known: &known,
            day: p.happened_at.to_zoned(zone.clone()).date(),
        }))
    }
}

/// As many earlier incidents are compared, the newest first.
const EARLIER: usize = 200;

/// As many open actions are looked through, the one that is due first first.
const OPEN_ACTIONS: usize = 200;

/// What other incidents promised and nobody kept yet: the name of the incident, and the promise.
async fn open_elsewhere(tx: &mut Tx, p: &Postmortem) -> Result<Vec<(String, String)>, AppError> {
    let open = action::list(tx, Which::Open, None, None, OPEN_ACTIONS).await?;
    let others = open.iter().filter_map(|action| {
        let other = action.incident_id.as_ref().filter(|id| p.incident_id.as_ref() != Some(*id))?;
        Some((other, action))
    });
    let others: Vec<_> = others.collect();
    let mut ids: Vec<&str> = others.iter().map(|(id, _)| id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let incidents = incident::get_many(tx, &ids).await?;
    let names: HashMap<&IncidentId, String> =
        incidents.iter().map(|found| (&found.id, found.name())).collect();
    let told =
        others.into_iter().filter_map(|(id, action)| Some((names.get(id)?.clone(), action.text.clone())));
    Ok(told.collect())
}
