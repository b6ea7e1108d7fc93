//! Incidents: declaring, the timeline, words to customers, and where we stand.

mod decide;
mod declare;
mod edit;
mod timeline;
mod update;

pub(crate) use decide::full_name;
pub use declare::{ComponentInput, Declare};
pub(crate) use declare::{MAX_TEXT, MAX_TITLE, resolve_components};
pub use edit::EditIncident;
pub use timeline::{EditEvent, NewEvent, SetMilestone, SetRole};
pub use update::PublishUpdate;

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::paging::{Listed, Paging};
pub use amends_model::event::EarlierVersion;
use amends_model::milestone::milestones;
use amends_model::{Action, Event, EventBody, EventId, Incident, IncidentId, Milestones, Resource};
use amends_store::incident::Which;
use amends_store::{Tx, event, incident};
use serde::Serialize;

/// Everything about one incident that a responder's screen shows.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Room {
    /// The incident.
    pub incident: Incident,
    /// Its milestones, derived.
    pub milestones: Milestones,
    /// Its whole timeline, newest first.
    pub events: Vec<Event>,
    /// Who has which role now.
    pub roles: Vec<RoleTaken>,
}

/// A role that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RoleTaken {
    /// Which role.
    pub role: String,
    /// Who.
    pub person: String,
    /// Since when.
    pub since: jiff::Timestamp,
}

/// Which incidents to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Not resolved.
    Open,
    /// On the page.
    Public,
    /// On the page and not resolved.
    OpenPublic,
}

impl App {
    /// Incidents by when they began, newest first.
    pub async fn incidents(
        &self,
        caller: &Caller,
        filter: Filter,
        paging: &Paging,
    ) -> Result<Listed<Incident>, AppError> {
        caller.require(Action::Read, Resource::Incident)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let which = match filter {
            Filter::All => Which::All,
            Filter::Open => Which::Open,
            Filter::Public => Which::Public,
            Filter::OpenPublic => Which::PublicUnresolved,
        };
        let found = incident::list(&mut self.read().await?, which, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |i| (i.started_at, i.id.to_string())))
    }

    /// How many incidents are open.
    pub async fn open_incident_count(&self, caller: &Caller) -> Result<i64, AppError> {
        caller.require(Action::Read, Resource::Incident)?;
        Ok(incident::count(&mut self.read().await?, Which::Open).await?)
    }

    /// One incident, by id or by the number people say (`42`, `INC-42`).
    pub async fn incident(&self, caller: &Caller, id_or_number: &str) -> Result<Incident, AppError> {
        caller.require(Action::Read, Resource::Incident)?;
        find(&mut self.read().await?, id_or_number).await
    }

    /// One incident with its timeline, milestones and roles.
    pub async fn room(&self, caller: &Caller, id_or_number: &str) -> Result<Room, AppError> {
        caller.require(Action::Read, Resource::Incident)?;
        caller.require(Action::Read, Resource::Event)?;
        let mut tx = self.read().await?;
        let incident = find(&mut tx, id_or_number).await?;
        let mut events = event::of(&mut tx, incident.id.as_str()).await?;
        let milestones = milestones(&incident, &events);
        let roles = roles(&events);
        events.reverse();
        Ok(Room { incident, milestones, events, roles })
    }

    /// A part of a timeline, newest first.
    pub async fn events(
        &self,
        caller: &Caller,
        subject_id: &str,
        paging: &Paging,
    ) -> Result<Listed<Event>, AppError> {
        caller.require(Action::Read, Resource::Event)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let found = event::list(&mut self.read().await?, subject_id, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |e| (e.at, e.id.to_string())))
    }

    /// What customers were told about an incident or maintenance, newest first.
    pub async fn updates(
        &self,
        caller: &Caller,
        subject_id: &str,
        paging: &Paging,
    ) -> Result<Listed<Event>, AppError> {
        caller.require(Action::Read, Resource::Update)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let found = event::list_updates(&mut self.read().await?, subject_id, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |e| (e.at, e.id.to_string())))
    }

    /// One event of a timeline.
    pub async fn event(&self, caller: &Caller, id: &EventId) -> Result<Event, AppError> {
        caller.require(Action::Read, Resource::Event)?;
        event::get(&mut self.read().await?, id).await?.ok_or(AppError::NotFound("event"))
    }

    /// Earlier versions of an event, oldest first.
    pub async fn event_history(
        &self,
        caller: &Caller,
        id: &EventId,
    ) -> Result<Vec<EarlierVersion>, AppError> {
        caller.require(Action::Read, Resource::Event)?;
        Ok(event::earlier(&mut self.read().await?, id).await?)
    }
}

/// Finds an incident by id, `42` or `INC-42`.
pub(crate) async fn find(tx: &mut Tx, id_or_number: &str) -> Result<Incident, AppError> {
    let number = id_or_number
        .strip_prefix("INC-")
        .or_else(|| id_or_number.strip_prefix("inc-"))
        .unwrap_or(id_or_number);
    // An id may consist of digits only (imports), so the id is looked for first.
    if let Ok(id) = id_or_number.parse::<IncidentId>()
        && let Some(found) = incident::get(tx, &id).await?
    {
        return Ok(found);
    }
    let found = match number.parse::<i64>() {
        Ok(number) => incident::get_by_number(tx, number).await?,
        Err(_) => None,
    };
    found.ok_or(AppError::NotFound("incident"))
}

/// Finds an incident and holds it until the transaction ends.
pub(crate) async fn find_for_update(tx: &mut Tx, id_or_number: &str) -> Result<Incident, AppError> {
    let id = find(tx, id_or_number).await?.id;
    incident::get_for_update(tx, &id).await?.ok_or(AppError::NotFound("incident"))
}

/// Who has which role after these events (oldest first).
fn roles(events: &[Event]) -> Vec<RoleTaken> {
    let mut taken: Vec<RoleTaken> = Vec::new();
    for event in events {
        if let EventBody::Role { role, person, taken: takes } = &event.body {
            taken.retain(|r| !(r.role == *role && (*takes || r.person == *person)));
            if *takes {
                taken.push(RoleTaken { role: role.clone(), person: person.clone(), since: event.at });
            }
        }
    }
    taken
}
