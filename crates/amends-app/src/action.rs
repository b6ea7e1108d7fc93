//! Corrective actions: who does what by when, over all incidents.

mod remind;

use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::paging::{Listed, Paging};
use crate::record;
use amends_model::{
    Action, ActionId, ActionState, CorrectiveAction, FieldErrors, PersonId, Resource, Term, text,
};
use amends_store::action::{After, Which};
use amends_store::{Tx, action, incident, person, postmortem};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// Longest text or note, in characters.
const MAX_TEXT: usize = 2_000;

/// Something to promise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewAction {
    /// The postmortem that promises it: its id, or its incident's id or number.
    pub postmortem: Option<String>,
    /// The incident that it answers, by id or number; enough where there is no postmortem yet.
    pub incident: Option<String>,
    /// What will be done, in at most 2,000 characters.
    pub text: String,
    /// Who does it: mail address, name or id of a person who signs in, or any name.
    pub owner: Option<String>,
    /// Until when.
    pub due: Option<Date>,
    /// How long it takes; `medium` when nothing is said.
    pub term: Option<Term>,
    /// Address of a ticket, `https://…`.
    pub tracker: Option<String>,
}

/// What is to be different. What is left out stays; `null` takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditAction {
    /// What will be done.
    pub text: Option<String>,
    /// Who does it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<Option<String>>,
    /// Until when.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Date>)]
    pub due: Option<Option<Date>>,
    /// How long it takes.
    pub term: Option<Term>,
    /// Whether it is done; `done` and `dropped` need a note.
    pub state: Option<ActionState>,
    /// How it is known that it holds, or why it is dropped; Markdown.
    pub note: Option<String>,
    /// Address of a ticket.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tracker: Option<Option<String>>,
}

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Which actions to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionFilter {
    /// All, open (when nothing is said), overdue or closed.
    pub which: WhichActions,
    /// Only those of this person.
    pub owner: Option<PersonId>,
}

/// Which actions, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhichActions {
    /// All.
    All,
    /// Promised.
    #[default]
    Open,
    /// Promised, and their day has passed.
    Overdue,
    /// Done or dropped.
    Closed,
}

/// A corrective action with what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ActionLine {
    /// The action.
    #[serde(flatten)]
    pub action: CorrectiveAction,
    /// The number of its incident.
    pub incident_number: Option<i64>,
    /// The title of its postmortem or incident.
    pub about: String,
    /// Whether it is open and its day has passed, in the page's zone.
    pub overdue: bool,
}

impl App {
    /// Corrective actions over all incidents: the one that is due first first, those without a day last.
    pub async fn actions(
        &self,
        caller: &Caller,
        filter: &ActionFilter,
        paging: &Paging,
    ) -> Result<Listed<ActionLine>, AppError> {
        caller.require(Action::Read, Resource::Action)?;
        let limit = paging.limit()?;
        let after = match &paging.cursor {
            None => None,
            Some(_) => {
                let key = paging.keyset()?;
                let due = key.at.to_zoned(jiff::tz::TimeZone::UTC).date();
                Some(After { due: Some(due).filter(|_| key.at != no_due()), id: key.id })
            }
        };
        let mut tx = self.read().await?;
        let today = today(&mut tx, self.now()).await?;
        let which = match filter.which {
            WhichActions::All => Which::All,
            WhichActions::Open => Which::Open,
            WhichActions::Overdue => Which::Overdue(today),
            WhichActions::Closed => Which::Closed,
        };
        let found = action::list(&mut tx, which, filter.owner.as_ref(), after.as_ref(), limit + 1).await?;
        let listed = Listed::from_one_more(found, limit, |a| {
            let at = a.due.and_then(|due| due.to_zoned(jiff::tz::TimeZone::UTC).ok());
            (at.map_or(no_due(), |at| at.timestamp()), a.id.to_string())
        });
        let mut items = Vec::with_capacity(listed.items.len());
        for found in listed.items {
            items.push(line_of(&mut tx, found, today).await?);
        }
        Ok(Listed { items, next_cursor: listed.next_cursor })
    }

    /// How many actions are open, and how many of those are overdue.
    pub async fn action_counts(&self, caller: &Caller) -> Result<(i64, i64), AppError> {
        caller.require(Action::Read, Resource::Action)?;
        let mut tx = self.read().await?;
        let today = today(&mut tx, self.now()).await?;
        Ok(action::counts(&mut tx, today).await?)
    }

    /// One action with what it belongs to.
    pub async fn action(&self, caller: &Caller, id: &ActionId) -> Result<ActionLine, AppError> {
        caller.require(Action::Read, Resource::Action)?;
        let mut tx = self.read().await?;
        let found = action::get(&mut tx, id).await?.ok_or(AppError::NotFound("action"))?;
        let today = today(&mut tx, self.now()).await?;
        line_of(&mut tx, found, today).await
    }

    /// Promises something for a postmortem or an incident.
    pub async fn add_action(&self, caller: &Caller, input: NewAction) -> Result<CorrectiveAction, AppError> {
        caller.require(Action::Create, Resource::Action)?;
        let now = self.now();
        let mut errors = FieldErrors::default();
        let text = errors.take(text::prose("text", &input.text, MAX_TEXT));
        let tracker = tracker(&mut errors, input.tracker.as_deref());
        if input.postmortem.is_none() && input.incident.is_none() {
            errors.add("postmortem", "is missing; name the postmortem or the incident that promises it");
        }
        let owner = errors.take(text::optional_line("owner", input.owner.as_deref(), 120)).flatten();
        errors.finish()?;
        let mut tx = self.begin().await?;
        let (mut postmortem_id, mut incident_id) = (None, None);
        if let Some(id) = &input.incident {
            let found = crate::incident::find(&mut tx, id).await?;
            postmortem_id = postmortem::of_incident(&mut tx, &found.id).await?.map(|p| p.id);
            incident_id = Some(found.id);
        }
        if let Some(id) = &input.postmortem {
            let found = crate::postmortem::find(&mut tx, id).await?;
            if incident_id.is_some() && found.incident_id != incident_id {
                return Err(AppError::field(
                    "incident",
                    "is not the incident of that postmortem; leave one of them out",
                ));
            }
            (postmortem_id, incident_id) = (Some(found.id), found.incident_id);
        }
        let (owner, owner_id) = match &owner {
            Some(owner) => owner_of(&mut tx, owner).await?,
            None => (None, None),
        };
        let new = CorrectiveAction {
            id: self.new_id(ActionId::from_random),
            postmortem_id,
            incident_id,
            text: text.unwrap_or_default(),
            owner,
            owner_id,
            due: input.due,
            term: input.term.unwrap_or(Term::Medium),
            state: ActionState::Open,
            note: String::new(),
            tracker,
            closed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        action::insert(&mut tx, &new).await?;
        let detail = json!({"postmortem": new.postmortem_id, "incident": new.incident_id});
        record::changed(&mut tx, caller, Action::Create, Resource::Action, new.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Changes an action if nobody changed it since `expected`.
    pub async fn edit_action(
        &self,
        caller: &Caller,
        id: &ActionId,
        expected: i64,
        input: EditAction,
    ) -> Result<CorrectiveAction, AppError> {
        caller.require(Action::Edit, Resource::Action)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let old = action::get_for_update(&mut tx, id).await?.ok_or(AppError::NotFound("action"))?;
        let mut new = old.clone();
        let mut errors = FieldErrors::default();
        if let Some(text) = input.text.as_deref().and_then(|t| errors.take(text::prose("text", t, MAX_TEXT)))
        {
            new.text = text;
        }
        if let Some(note) =
            input.note.as_deref().and_then(|t| errors.take(text::optional_prose("note", t, MAX_TEXT)))
        {
            new.note = note;
        }
        if let Some(owner) = &input.owner {
            let owner = errors.take(text::optional_line("owner", owner.as_deref(), 120)).flatten();
            (new.owner, new.owner_id) = match &owner {
                Some(owner) => owner_of(&mut tx, owner).await?,
                None => (None, None),
            };
        }
        if let Some(address) = &input.tracker {
            new.tracker = tracker(&mut errors, address.as_deref());
        }
        new.due = input.due.unwrap_or(new.due);
        new.term = input.term.unwrap_or(new.term);
        if let Some(state) = input.state.filter(|state| *state != old.state) {
            new.state = state;
            new.closed_at = (state != ActionState::Open).then_some(now);
            if new.note.trim().is_empty() && state != ActionState::Open {
                let why = match state {
                    ActionState::Done => "is empty; say how it is known that it holds",
                    _ => "is empty; say why it will not be done",
                };
                errors.add("note", why);
            }
        }
        errors.finish()?;
        if new == old {
            return Ok(old);
        }
        if old.version != expected {
            return Err(AppError::conflict(&old));
        }
        (new.version, new.updated_at) = (expected + 1, now);
        if !action::update(&mut tx, &new, expected).await? {
            let current = action::get(&mut tx, id).await?.ok_or(AppError::NotFound("action"))?;
            return Err(AppError::conflict(&current));
        }
        let detail = json!({"version": new.version, "state": {"from": old.state, "to": new.state}});
        record::changed(&mut tx, caller, Action::Edit, Resource::Action, new.id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(new)
    }

    /// Marks an action as done, with a note that says how it is known that it holds.
    pub async fn finish_action(
        &self,
        caller: &Caller,
        id: &ActionId,
        note: &str,
    ) -> Result<CorrectiveAction, AppError> {
        caller.require(Action::Edit, Resource::Action)?;
        let version = self.action(caller, id).await?.action.version;
        let input = EditAction {
            state: Some(ActionState::Done),
            note: Some(note.to_owned()),
            ..EditAction::default()
        };
        self.edit_action(caller, id, version, input).await
    }

    /// Takes away an action that was promised by mistake. One that will not be done is rather dropped, with a reason.
    pub async fn remove_action(&self, caller: &Caller, id: &ActionId) -> Result<(), AppError> {
        caller.require(Action::Remove, Resource::Action)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let old = action::get_for_update(&mut tx, id).await?.ok_or(AppError::NotFound("action"))?;
        action::remove(&mut tx, id).await?;
        // What it said stays in the log.
        let detail =
            json!({"text": old.text, "owner": old.owner, "due": old.due, "postmortem": old.postmortem_id});
        record::changed(&mut tx, caller, Action::Remove, Resource::Action, id.as_str(), detail, now).await?;
        self.commit(tx).await
    }
}

/// The time that stands in a cursor for an action without a day.
fn no_due() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::MAX.as_microsecond()).unwrap_or(Timestamp::MAX)
}

/// The day that it is in the page's zone.
async fn today(tx: &mut Tx, now: Timestamp) -> Result<Date, AppError> {
    Ok(now.to_zoned(page_of(tx).await?.zone()).date())
}

async fn line_of(tx: &mut Tx, found: CorrectiveAction, today: Date) -> Result<ActionLine, AppError> {
    let incident = match &found.incident_id {
        Some(id) => incident::get(tx, id).await?,
        None => None,
    };
    let about = match (&incident, &found.postmortem_id) {
        (Some(incident), _) => incident.title.clone(),
        (None, Some(id)) => postmortem::get(tx, id).await?.map_or(String::new(), |p| p.title),
        (None, None) => String::new(),
    };
    Ok(ActionLine {
        overdue: found.is_overdue(today),
        incident_number: incident.map(|incident| incident.number),
        about,
        action: found,
    })
}

/// Who is meant: a person who signs in, by id, mail address or name, or else just the name.
pub(crate) async fn owner_of(
    tx: &mut Tx,
    owner: &str,
) -> Result<(Option<String>, Option<PersonId>), AppError> {
    let wanted = owner.trim().trim_start_matches('@');
    if wanted.is_empty() {
        return Ok((None, None));
    }
    let people = person::all(tx).await?;
    let same = |text: &str| text.to_lowercase() == wanted.to_lowercase();
    let mut found = people
        .iter()
        .filter(|p| !p.disabled)
        .filter(|p| p.id.as_str() == wanted || same(&p.email) || same(&p.name));
    match (found.next(), found.next()) {
        (Some(person), None) => Ok((Some(person.name.clone()), Some(person.id.clone()))),
        // Two people of one name: nobody is written to by guess.
        _ => Ok((Some(wanted.to_owned()), None)),
    }
}

fn tracker(errors: &mut FieldErrors, address: Option<&str>) -> Option<String> {
    let address = errors.take(text::optional_line("tracker", address, 500)).flatten()?;
    if address.starts_with("https://") || address.starts_with("http://") {
        return Some(address);
    }
    errors.add("tracker", "is not a web address; write it like https://tracker.example/A-12");
    None
}
