//! Telling subscribers: what will be sent and to how many before it goes, and how far it is afterwards.

mod preview;
mod reach;

pub use preview::{BroadcastPreview, ChannelCount};
pub(crate) use reach::{known as known_reach, of_updates};

use crate::caller::Caller;
use crate::context::{App, page_of};
use crate::error::AppError;
use crate::incident::full_name;
use crate::paging::{Listed, Paging};
use crate::record;
use amends_courier::message::{
    self, ComponentNews, Content, Listed as Part, MaintenanceNews, Snapshot, Stored, Update,
};
use amends_courier::plan;
use amends_model::broadcast::{Audience, Counts, Reach};
use amends_model::event::ComponentChange;
use amends_model::{
    Action, Affected, Broadcast, BroadcastId, Channel, Component, ComponentId, ComponentStatus, Delivery,
    DeliveryId, DeliveryState, Event, EventBody, EventId, Impact, Incident, Maintenance, Phase, Resource,
    Subject,
};
use amends_store::{Tx, broadcast, component, delivery, subscriber};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

/// What a broadcast says, as its recipients see it. Links that differ for each of them lead to the page itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BroadcastMessage {
    /// The subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part: a whole document, to be shown only where it cannot run anything.
    pub html: String,
}

/// A broadcast and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// The broadcast.
    #[serde(flatten)]
    pub broadcast: Broadcast,
    /// How many deliveries stand where.
    pub counts: Counts,
    /// "9,412 of 10,000 accepted, 3 bounced, 585 on their way".
    pub words: String,
    /// How far it got on each channel, and how fast, once it is finished.
    pub reach: Option<Vec<Reach>>,
    /// "9,412 of 10,000 within 41 s", once it is finished and somebody was reached.
    pub reached: Option<String>,
}

impl App {
    /// If this event is a message that subscribers are to get, puts it on its way within the same transaction.
    pub(crate) async fn tell_incident(
        &self,
        tx: &mut Tx,
        incident: &Incident,
        event: &Event,
    ) -> Result<(), AppError> {
        if !matches!(&event.body, EventBody::Update { notify: true, .. }) {
            return Ok(());
        }
        let all = component::all(tx).await?;
        let Some(content) = incident_content(incident, event, &all, &self.mail().public_url) else {
            return Ok(());
        };
        let snapshot = self.snapshot_incident(tx, incident).await?;
        let told = incident_audience(tx, incident, &all).await?;
        self.tell_with(tx, content, Some(snapshot), told, event.written_at).await?;
        if let EventBody::Update { components, .. } = &event.body {
            self.tell_changes(tx, &all, components, event.written_at).await?;
        }
        Ok(())
    }

    /// If this event is a message that subscribers are to get, puts it on its way within the same transaction.
    pub(crate) async fn tell_maintenance(
        &self,
        tx: &mut Tx,
        m: &Maintenance,
        event: &Event,
    ) -> Result<(), AppError> {
        let public = m.visibility == amends_model::Visibility::Public;
        if !public || !matches!(&event.body, EventBody::MaintenanceUpdate { notify: true, .. }) {
            return Ok(());
        }
        let all = component::all(tx).await?;
        let Some(content) = maintenance_content(m, event, &all, &self.mail().public_url) else {
            return Ok(());
        };
        let snapshot = self.snapshot_maintenance(tx, m).await?;
        let told = audience(&all, m.components.clone());
        self.tell_with(tx, content, Some(snapshot), told, event.written_at).await?;
        if let EventBody::MaintenanceUpdate { components, .. } = &event.body {
            self.tell_changes(tx, &all, components, event.written_at).await?;
        }
        Ok(())
    }

    /// Puts the reminder on its way within the same transaction.
    pub(crate) async fn remind_maintenance(&self, tx: &mut Tx, m: &Maintenance) -> Result<(), AppError> {
        if m.visibility != amends_model::Visibility::Public {
            return Ok(());
        }
        let now = self.now();
        let all = component::all(tx).await?;
        let reminder = self.new_id(EventId::from_random).to_string();
        let content = maintenance_news(m, reminder, true, String::new(), now, &all, &self.mail().public_url);
        let snapshot = self.snapshot_maintenance(tx, m).await?;
        self.tell_with(tx, content, Some(snapshot), audience(&all, m.components.clone()), now).await
    }

    /// Puts changes of components on their way, to subscribers that are programs. When there are none, nothing is written.
    pub(crate) async fn tell_changes(
        &self,
        tx: &mut Tx,
        all: &[Component],
        changes: &[ComponentChange],
        now: Timestamp,
    ) -> Result<(), AppError> {
        if changes.is_empty() || !subscriber::is_any_on(tx, Channel::Webhook).await? {
            return Ok(());
        }
        for change in changes {
            let content = Content::Component(ComponentNews {
                component_id: change.component_id.to_string(),
                update_id: self.new_id(EventId::from_random).to_string(),
                name: change.name.clone(),
                from: change.from,
                to: change.to,
                url: self.mail().public_url.clone(),
                at: now,
            });
            let concerned = vec![change.component_id.clone()];
            let mut snapshot = self.snapshot(tx, &concerned).await?;
            // What was said now is what this tells, whatever else hurts the component.
            for component in &mut snapshot.components {
                component.status = change.to;
            }
            let impact = Some(Impact::of(change.from).max(Impact::of(change.to)));
            let told = Audience { impact, ..audience(all, concerned) };
            self.tell_with(tx, content, Some(snapshot), told, now).await?;
        }
        Ok(())
    }

    /// Puts a message to subscribers on its way, within the caller's transaction, with the record as it is for the public.
    pub(crate) async fn tell_with(
        &self,
        tx: &mut Tx,
        content: Content,
        snapshot: Option<Snapshot>,
        audience: Audience,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let page = page_of(tx).await?;
        let subject = message::compose(&self.mail().letterhead(&page), &content).subject().to_owned();
        let id = self.new_id(BroadcastId::from_random);
        plan::enqueue_stored(tx, id, &Stored { content, snapshot }, &subject, audience, now).await?;
        Ok(())
    }

    /// What is still on its way about something that customers may no longer see goes to nobody any more. Answers how
    /// many do not get it; what was sent, cannot be taken back.
    pub(crate) async fn hush(&self, tx: &mut Tx, subject: &Subject, now: Timestamp) -> Result<u64, AppError> {
        let mut stopped = 0;
        for b in broadcast::of_thread(tx, &format!("{}-{}", subject.kind(), subject.id())).await? {
            if b.finished_at.is_none() {
                stopped += broadcast::cancel(tx, &b.id, now).await?;
            }
        }
        Ok(stopped)
    }

    /// Broadcasts with their progress, newest first.
    pub async fn broadcasts(&self, caller: &Caller, paging: &Paging) -> Result<Listed<Progress>, AppError> {
        caller.require(Action::Read, Resource::Broadcast)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let mut tx = self.read().await?;
        let found = broadcast::list(&mut tx, &after, limit + 1).await?;
        let listed = Listed::from_one_more(found, limit, |b| (b.created_at, b.id.to_string()));
        let mut items = Vec::with_capacity(listed.items.len());
        for b in listed.items {
            items.push(progress(&mut tx, b).await?);
        }
        Ok(Listed { items, next_cursor: listed.next_cursor })
    }

    /// One broadcast with its progress.
    pub async fn broadcast(&self, caller: &Caller, id: &BroadcastId) -> Result<Progress, AppError> {
        caller.require(Action::Read, Resource::Broadcast)?;
        let mut tx = self.read().await?;
        let found = broadcast::get(&mut tx, id).await?.filter(|b| b.kind.is_for_subscribers());
        progress(&mut tx, found.ok_or(AppError::NotFound("broadcast"))?).await
    }

    /// The broadcasts of one update, letter or reminder, with their progress; for the timeline.
    pub async fn broadcasts_about(&self, caller: &Caller, about: &str) -> Result<Vec<Progress>, AppError> {
        caller.require(Action::Read, Resource::Broadcast)?;
        let mut tx = self.read().await?;
        let mut out = Vec::new();
        for b in broadcast::about(&mut tx, about).await?.into_iter().filter(|b| b.kind.is_for_subscribers()) {
            out.push(progress(&mut tx, b).await?);
        }
        Ok(out)
    }

    /// The broadcasts of an incident or of planned work, oldest first, with their progress.
    pub async fn broadcasts_of(&self, caller: &Caller, subject: &Subject) -> Result<Vec<Progress>, AppError> {
        caller.require(Action::Read, Resource::Broadcast)?;
        let mut tx = self.read().await?;
        let thread = format!("{}-{}", subject.kind(), subject.id());
        let mut out = Vec::new();
        for b in
            broadcast::of_thread(&mut tx, &thread).await?.into_iter().filter(|b| b.kind.is_for_subscribers())
        {
            out.push(progress(&mut tx, b).await?);
        }
        Ok(out)
    }

    /// What a broadcast said, as its recipients see it.
    pub async fn broadcast_message(
        &self,
        caller: &Caller,
        id: &BroadcastId,
    ) -> Result<BroadcastMessage, AppError> {
        caller.require(Action::Read, Resource::Broadcast)?;
        let mut tx = self.read().await?;
        let found = broadcast::get(&mut tx, id).await?.filter(|b| b.kind.is_for_subscribers());
        found.ok_or(AppError::NotFound("broadcast"))?;
        let stored = broadcast::content(&mut tx, id).await?.ok_or(AppError::NotFound("broadcast"))?;
        let content: Content =
            serde_json::from_str(&stored.0).map_err(|e| AppError::Internal(format!("a stored mail: {e}")))?;
        let page = page_of(&mut tx).await?;
        let message::Preview { subject, text, html } =
            message::compose(&self.mail().letterhead(&page), &content).preview();
        Ok(BroadcastMessage { subject, text, html })
    }

    /// The deliveries of a broadcast by state and id; only those that stand in `state`, if it is given. They hold
    /// addresses: who may read subscribers may read them.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: &BroadcastId,
        state: Option<DeliveryState>,
        paging: &Paging,
    ) -> Result<Listed<Delivery>, AppError> {
        caller.require(Action::Read, Resource::Subscriber)?;
        let limit = paging.limit()?;
        let after = paging.cursor.as_deref().map(delivery_cursor).transpose()?;
        let after = after.as_ref().map_or(("", ""), |(state, id)| (state.as_str(), id.as_str()));
        let mut tx = self.read().await?;
        let found = broadcast::get(&mut tx, id).await?.filter(|b| b.kind.is_for_subscribers());
        found.ok_or(AppError::NotFound("broadcast"))?;
        let mut items = delivery::of_broadcast(&mut tx, id, state, after, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|d| format!("{}-{}", d.state, d.id));
        Ok(Listed { items, next_cursor })
    }

    /// Stops a broadcast: what was not sent yet will not be. What was, cannot be taken back.
    pub async fn stop_broadcast(&self, caller: &Caller, id: &BroadcastId) -> Result<Progress, AppError> {
        caller.require(Action::Remove, Resource::Broadcast)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let found = broadcast::get(&mut tx, id).await?.filter(|b| b.kind.is_for_subscribers());
        let found = found.ok_or(AppError::NotFound("broadcast"))?;
        if found.finished_at.is_some() {
            return Err(AppError::Refused("nothing of this broadcast is left to stop".into()));
        }
        let stopped = broadcast::cancel(&mut tx, id, now).await?;
        let detail = json!({"subject": found.subject, "not_sent": stopped});
        record::changed(&mut tx, caller, Action::Remove, Resource::Broadcast, id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        self.broadcast(&Caller::system("stopping"), id).await
    }
}

/// The cursor of a list of deliveries: state and id of the last one.
fn delivery_cursor(cursor: &str) -> Result<(DeliveryState, DeliveryId), AppError> {
    let parts = cursor.split_once('-').and_then(|(state, id)| Some((state.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before"))
}

async fn progress(tx: &mut Tx, b: Broadcast) -> Result<Progress, AppError> {
    let counts = broadcast::counts(tx, &b.id).await?;
    let mut words = counts.in_words();
    if b.planned_at.is_none() {
        words = format!("{words}; still writing down who gets it");
    }
    if b.cancelled_at.is_some() {
        words = format!("{words}; stopped");
    }
    let reach = reach::known(tx, &b).await?;
    let reached = reach.as_deref().and_then(Reach::in_words);
    Ok(Progress { broadcast: b, counts, words, reach, reached })
}

pub(crate) fn ids(affected: &[Affected]) -> Vec<ComponentId> {
    affected.iter().map(|a| a.component_id.clone()).collect()
}

/// Everybody who chose one of these components or a group that one is in, and all who chose everything.
pub(crate) fn audience(all: &[Component], components: Vec<ComponentId>) -> Audience {
    let groups = all.iter().filter(|c| components.contains(&c.id)).filter_map(|c| c.group_id.clone());
    let mut both: Vec<ComponentId> = groups.chain(components.iter().cloned()).collect();
    both.sort();
    both.dedup();
    Audience { components: both, impact: None }
}

/// Whom word of an incident is for. Once it was told to be bad, all further word of it is for those who hear of what is bad:
/// they hear the end of what they heard the beginning of.
pub(crate) async fn incident_audience(
    tx: &mut Tx,
    incident: &Incident,
    all: &[Component],
) -> Result<Audience, AppError> {
    let told = broadcast::worst_in(tx, &format!("incident-{}", incident.id)).await?;
    let impact = Some(told.unwrap_or(Impact::None).max(incident.shown_impact()));
    Ok(Audience { impact, ..audience(all, ids(&incident.components)) })
}

fn parts(all: &[Component], touched: impl Iterator<Item = (ComponentId, ComponentStatus)>) -> Vec<Part> {
    touched
        .filter_map(|(id, status)| {
            let component = all.iter().find(|c| c.id == id)?;
            Some(Part { id: id.to_string(), name: full_name(all, component), status })
        })
        .collect()
}

fn page_url(base: &str, id: &str) -> String {
    format!("{base}/incidents/{id}")
}

/// The mail of an incident's update; `None` if the event is none. Pure.
fn incident_content(incident: &Incident, event: &Event, all: &[Component], base: &str) -> Option<Content> {
    let EventBody::Update { phase, text, .. } = &event.body else { return None };
    Some(Content::Update(Update {
        incident_id: incident.id.to_string(),
        update_id: event.id.to_string(),
        title: incident.title.clone(),
        url: page_url(base, incident.id.as_str()),
        phase: phase.label().to_owned(),
        impact: incident.shown_impact(),
        resolved: *phase == Phase::Resolved,
        text: text.clone(),
        components: parts(all, incident.components.iter().map(|a| (a.component_id.clone(), a.current))),
        at: event.at,
        next_update_at: incident.next_update_at,
    }))
}

fn maintenance_content(m: &Maintenance, event: &Event, all: &[Component], base: &str) -> Option<Content> {
    let EventBody::MaintenanceUpdate { text, .. } = &event.body else { return None };
    Some(maintenance_news(m, event.id.to_string(), false, text.clone(), event.at, all, base))
}

fn maintenance_news(
    m: &Maintenance,
    update_id: String,
    reminder: bool,
    text: String,
    at: Timestamp,
    all: &[Component],
    base: &str,
) -> Content {
    let touched = m.components.iter().map(|c| (c.clone(), ComponentStatus::UnderMaintenance));
    let over = m.state == amends_model::MaintenanceState::Completed;
    Content::Maintenance(MaintenanceNews {
        maintenance_id: m.id.to_string(),
        update_id,
        title: m.title.clone(),
        url: page_url(base, m.id.as_str()),
        state: m.state.label().to_owned(),
        reminder,
        text,
        components: if over { Vec::new() } else { parts(all, touched) },
        from: m.scheduled_for,
        until: m.scheduled_until,
        at,
    })
}
