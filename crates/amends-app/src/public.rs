//! What the public may see, read from the record. The only way from the store to a public page, feed or API answer.

use crate::context::App;
use crate::error::AppError;
use crate::incident::full_name;
use amends_courier::message::Snapshot;
use amends_model::event::ComponentChange;
use amends_model::page::{
    HistoryItem, Letter, Page, PublicAffected, PublicIncident, PublicMaintenance, PublicRecord, PublicUpdate,
    component_days,
};
use amends_model::{
    Affected, Component, ComponentId, ComponentStatus, EventBody, Incident, IncidentId, Maintenance,
    MaintenanceId, PublishedLetter, Visibility,
};
use amends_store::event::Told;
use amends_store::{Keyset, Tx, component, event, incident, maintenance};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// As many of the newest incidents and maintenances as the Statuspage API lists.
const NEWEST: usize = 50;
/// As many days as the page shows.
pub const DAYS: usize = 90;

impl App {
    /// Everything that the hot set of public documents shows, as of now, in one consistent view.
    pub async fn public_record(&self) -> Result<PublicRecord, AppError> {
        let now = self.now();
        let mut tx = self.read().await?;
        // Before the installation is set up there is nothing to tell, which is no reason for an error.
        let mut page = amends_store::page::get(&mut tx).await?.unwrap_or_else(|| unnamed(now));
        page.url.clone_from(&self.settings().public_url);
        let all = component::all_with_archived(&mut tx).await?;

        let mut newest = incident::list(&mut tx, incident::Which::Public, &Keyset::start(), NEWEST).await?;
        let open = incident::list(&mut tx, incident::Which::OpenPublic, &Keyset::start(), 1_000).await?;
        newest.extend(open.into_iter().filter(|o| !newest.iter().any(|n| n.id == o.id)).collect::<Vec<_>>());
        let incidents = public_incidents(&mut tx, newest, &all).await?;

        let mut planned =
            maintenance::list(&mut tx, maintenance::Which::Public, &Keyset::start(), NEWEST).await?;
        let open =
            maintenance::list(&mut tx, maintenance::Which::OpenPublic, &Keyset::start(), 1_000).await?;
        planned
            .extend(open.into_iter().filter(|o| !planned.iter().any(|n| n.id == o.id)).collect::<Vec<_>>());
        let maintenances = public_maintenances(&mut tx, planned, &all).await?;

        let zone = page.zone();
        let since = now
            .to_zoned(zone.clone())
            .checked_sub(jiff::Span::new().days(DAYS as i64 + 1))
            .map_or(now - SignedDuration::from_hours(24 * (DAYS as i64 + 1)), |z| z.timestamp());
        let mut spans = incident::spans(&mut tx, since).await?;
        spans.extend(maintenance::spans(&mut tx, since).await?);

        let mut components: Vec<Component> = all.into_iter().filter(|c| !c.archived).collect();
        let hurt = incident::current_statuses(&mut tx).await?;
        let at_work = maintenance::components_in_progress(&mut tx).await?;
        set_effective_statuses(&mut components, &hurt, &at_work);
        let days = component_days(&components, &spans, DAYS, &zone, now);
        Ok(PublicRecord { page, components, incidents, maintenances, days, ways: self.ways(), read_at: now })
    }

    /// What the public can see of the page as a whole and of these components, within a transaction.
    pub(crate) async fn snapshot(
        &self,
        tx: &mut Tx,
        concerned: &[ComponentId],
    ) -> Result<Snapshot, AppError> {
        let mut components = component::all(tx).await?;
        let hurt = incident::current_statuses(tx).await?;
        let at_work = maintenance::components_in_progress(tx).await?;
        set_effective_statuses(&mut components, &hurt, &at_work);
        let leaves = components.iter().filter(|c| !c.is_group).map(|c| c.status);
        let (indicator, description) = amends_model::component::roll_up(leaves);
        components.retain(|c| concerned.contains(&c.id));
        Ok(Snapshot {
            indicator: indicator.as_str().to_owned(),
            description: description.to_owned(),
            components,
            incident: None,
            maintenance: None,
        })
    }

    /// What the public can see of an incident, within the transaction that changes it.
    pub(crate) async fn snapshot_incident(&self, tx: &mut Tx, i: &Incident) -> Result<Snapshot, AppError> {
        let all = component::all_with_archived(tx).await?;
        let incident = public_incidents(tx, vec![i.clone()], &all).await?.pop();
        let concerned: Vec<_> = i.components.iter().map(|a| a.component_id.clone()).collect();
        Ok(Snapshot { incident, ..self.snapshot(tx, &concerned).await? })
    }

    /// What the public can see of planned work, within the transaction that changes it.
    pub(crate) async fn snapshot_maintenance(
        &self,
        tx: &mut Tx,
        m: &Maintenance,
    ) -> Result<Snapshot, AppError> {
        let all = component::all_with_archived(tx).await?;
        let maintenance = public_maintenances(tx, vec![m.clone()], &all).await?.pop();
        Ok(Snapshot { maintenance, ..self.snapshot(tx, &m.components).await? })
    }

    /// Public incidents and finished maintenance that began in `[from, until)`, newest first: a part of the history.
    pub async fn public_history(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<HistoryItem>, AppError> {
        let mut tx = self.read().await?;
        let all = component::all_with_archived(&mut tx).await?;
        let incidents = incident::public_between(&mut tx, from, until).await?;
        let mut items: Vec<(Timestamp, HistoryItem)> = public_incidents(&mut tx, incidents, &all)
            .await?
            .into_iter()
            .map(|i| (i.started_at, HistoryItem::Incident(i)))
            .collect();
        let work = maintenance::public_between(&mut tx, from, until).await?;
        let work =
            work.into_iter().filter(|m| m.state == amends_model::MaintenanceState::Completed).collect();
        items.extend(
            public_maintenances(&mut tx, work, &all)
                .await?
                .into_iter()
                .map(|m| (m.scheduled_for, HistoryItem::Maintenance(m))),
        );
        items.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }

    /// One public incident; `None` if there is none that the public may see.
    pub async fn public_incident(&self, id: &IncidentId) -> Result<Option<PublicIncident>, AppError> {
        let mut tx = self.read().await?;
        let found = incident::get(&mut tx, id).await?.filter(|i| i.visibility == Visibility::Public);
        let Some(found) = found else { return Ok(None) };
        let all = component::all_with_archived(&mut tx).await?;
        Ok(public_incidents(&mut tx, vec![found], &all).await?.pop())
    }

    /// One public maintenance; `None` if there is none that the public may see.
    pub async fn public_maintenance(
        &self,
        id: &MaintenanceId,
    ) -> Result<Option<PublicMaintenance>, AppError> {
        let mut tx = self.read().await?;
        let found = maintenance::get(&mut tx, id).await?.filter(|m| m.visibility == Visibility::Public);
        let Some(found) = found else { return Ok(None) };
        let all = component::all_with_archived(&mut tx).await?;
        Ok(public_maintenances(&mut tx, vec![found], &all).await?.pop())
    }

    /// When the oldest public incident began; the history reaches back to there.
    pub async fn public_history_start(&self) -> Result<Option<Timestamp>, AppError> {
        Ok(incident::oldest_public(&mut self.read().await?).await?)
    }
}

/// The page of an installation that was not set up yet.
fn unnamed(now: Timestamp) -> Page {
    Page {
        id: amends_model::PageId::from_random([0; amends_model::ID_LENGTH]),
        name: "Status".into(),
        url: String::new(),
        time_zone: "Etc/UTC".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

/// Sets what customers can expect of each component: the worst of its own status, open public incidents and work in
/// progress; a group shows the worst of its components. Pure.
fn set_effective_statuses(
    components: &mut [Component],
    hurt: &[(String, ComponentStatus)],
    at_work: &[String],
) {
    for component in components.iter_mut().filter(|c| !c.is_group) {
        let id = component.id.as_str();
        let worst = hurt.iter().filter(|(c, _)| c == id).map(|(_, status)| *status);
        let work = at_work.iter().filter(|c| *c == id).map(|_| ComponentStatus::UnderMaintenance);
        component.status = worst.chain(work).fold(component.status, ComponentStatus::max);
    }
    let leaves: Vec<_> =
        components.iter().filter_map(|c| c.group_id.clone().map(|group| (group, c.status))).collect();
    for group in components.iter_mut().filter(|c| c.is_group) {
        let worst = leaves.iter().filter(|(id, _)| *id == group.id).map(|(_, status)| *status);
        group.status = worst.fold(ComponentStatus::Operational, ComponentStatus::max);
    }
}

async fn public_incidents(
    tx: &mut Tx,
    incidents: Vec<Incident>,
    all: &[Component],
) -> Result<Vec<PublicIncident>, AppError> {
    let ids: Vec<&str> = incidents.iter().map(|i| i.id.as_str()).collect();
    let mut told = event::told_of(tx, &ids).await?;
    let mut letters = letters(tx, &ids).await?;
    Ok(incidents
        .into_iter()
        .map(|incident| {
            let told = told.remove(incident.id.as_str()).unwrap_or_default();
            let letter = letters.remove(incident.id.as_str());
            public_incident(incident, told, letter, all)
        })
        .collect())
}

/// An incident as the public may see it; `told` is what was said of it, newest first. Pure.
fn public_incident(
    incident: Incident,
    told: Vec<Told>,
    letter: Option<Letter>,
    all: &[Component],
) -> PublicIncident {
    let updates: Vec<_> = told
        .into_iter()
        .filter_map(|told| {
            public_update(told, |body| match body {
                EventBody::Update { phase, text, notify, components } => {
                    Some((phase, text, notify, components))
                }
                _ => None,
            })
        })
        .collect();
    // What is internal (notes, severity, roles) must not move the public's "updated".
    let updated_at = [Some(incident.created_at), incident.resolved_at]
        .into_iter()
        .flatten()
        .chain(updates.iter().map(|u| u.updated_at.max(u.display_at)))
        .chain(letter.as_ref().map(|l| l.updated_at))
        .fold(Timestamp::MIN, Timestamp::max);
    PublicIncident {
        impact: incident.shown_impact(),
        id: incident.id,
        number: incident.number,
        title: incident.title,
        phase: incident.phase,
        started_at: incident.started_at,
        monitoring_at: incident.monitoring_at,
        // Resolved inside is not resolved for customers before they are told.
        resolved_at: incident.resolved_at.filter(|_| incident.phase == amends_model::Phase::Resolved),
        next_update_at: incident.next_update_at,
        created_at: incident.created_at,
        updated_at,
        components: affected(&incident.components, all),
        updates,
        letter,
    }
}

async fn public_maintenances(
    tx: &mut Tx,
    found: Vec<Maintenance>,
    all: &[Component],
) -> Result<Vec<PublicMaintenance>, AppError> {
    let ids: Vec<&str> = found.iter().map(|m| m.id.as_str()).collect();
    let mut told = event::told_of(tx, &ids).await?;
    Ok(found
        .into_iter()
        .map(|m| {
            let told = told.remove(m.id.as_str()).unwrap_or_default();
            public_maintenance(&m, told, all)
        })
        .collect())
}

/// A maintenance as the public may see it; `told` is what was said of it, newest first. Pure.
fn public_maintenance(m: &Maintenance, told: Vec<Told>, all: &[Component]) -> PublicMaintenance {
    let updates: Vec<_> = told
        .into_iter()
        .filter_map(|told| {
            public_update(told, |body| match body {
                EventBody::MaintenanceUpdate { state, text, notify, components } => {
                    Some((state, text, notify, components))
                }
                _ => None,
            })
        })
        .collect();
    let touched: Vec<Affected> = m
        .components
        .iter()
        .map(|id| Affected {
            component_id: id.clone(),
            status: ComponentStatus::UnderMaintenance,
            current: ComponentStatus::UnderMaintenance,
        })
        .collect();
    PublicMaintenance {
        id: m.id.clone(),
        number: m.number,
        title: m.title.clone(),
        state: m.state,
        scheduled_for: m.scheduled_for,
        scheduled_until: m.scheduled_until,
        started_at: m.started_at,
        completed_at: m.completed_at,
        created_at: m.created_at,
        updated_at: m.updated_at,
        sequence: m.version - 1,
        components: affected(&touched, all),
        updates,
    }
}

/// What an update says: phase or state, text, whether subscribers were told, what changed with it.
type Words<S> = (S, String, bool, Vec<ComponentChange>);

fn public_update<S>(
    told: Told,
    words: impl FnOnce(EventBody) -> Option<Words<S>>,
) -> Option<PublicUpdate<S>> {
    let (status, text, notify, components) = words(told.body)?;
    Some(PublicUpdate {
        id: told.id,
        status,
        text,
        display_at: told.at,
        created_at: told.written_at,
        updated_at: told.edited_at.unwrap_or(told.written_at),
        notify,
        components,
    })
}

fn affected(touched: &[Affected], all: &[Component]) -> Vec<PublicAffected> {
    touched
        .iter()
        .filter_map(|a| {
            let component = all.iter().find(|c| c.id == a.component_id)?;
            Some(PublicAffected {
                component_id: a.component_id.clone(),
                name: full_name(all, component),
                status: a.status,
            })
        })
        .collect()
}

/// Published customers' letters by incident id.
async fn letters(tx: &mut Tx, incident_ids: &[&str]) -> Result<HashMap<String, Letter>, AppError> {
    let found = amends_store::postmortem::letters_of(tx, incident_ids).await?;
    Ok(found
        .into_iter()
        .map(|(id, letter)| {
            let PublishedLetter { title, text, published_at, updated_at } = letter;
            (id, Letter { title, text, published_at, updated_at })
        })
        .collect())
}
