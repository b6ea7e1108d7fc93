//! Planned work: announced by people, started and ended by the clock.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::incident::{ComponentInput, MAX_TEXT, MAX_TITLE, full_name, resolve_components};
use crate::paging::{Listed, Paging};
use crate::record;
use amends_model::event::ComponentChange;
use amends_model::maintenance::{Due, due};
use amends_model::{
    Action, Component, ComponentId, ComponentStatus, Event, EventBody, FieldErrors, Maintenance,
    MaintenanceId, MaintenanceState, Resource, Visibility, text,
};
use amends_store::maintenance::Which;
use amends_store::{Keyset, Tx, component, event, feed, maintenance, page};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Work to announce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// What is done, as customers read it.
    pub title: String,
    /// What it means for customers, Markdown; the first update.
    pub text: String,
    /// When it begins.
    pub scheduled_for: Timestamp,
    /// When it ends.
    pub scheduled_until: Timestamp,
    /// Ids or names of the components it touches.
    #[serde(default)]
    pub components: Vec<String>,
    /// `public` when nothing is said.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// Whether the clock starts it; yes when nothing is said.
    #[serde(default)]
    pub auto_start: Option<bool>,
    /// Whether the clock ends it; yes when nothing is said.
    #[serde(default)]
    pub auto_complete: Option<bool>,
    /// How long before the start subscribers are reminded, in minutes; 60 when nothing is said, 0 for never.
    #[serde(default)]
    pub remind_before_minutes: Option<i64>,
    /// Whether subscribers get the announcement; yes when nothing is said.
    #[serde(default)]
    pub notify: Option<bool>,
}

/// Changes to planned work; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditMaintenance {
    /// What is done.
    pub title: Option<String>,
    /// When it begins.
    pub scheduled_for: Option<Timestamp>,
    /// When it ends.
    pub scheduled_until: Option<Timestamp>,
    /// Ids or names of the components it touches.
    pub components: Option<Vec<String>>,
    /// Public or internal.
    pub visibility: Option<Visibility>,
    /// Whether the clock starts it.
    pub auto_start: Option<bool>,
    /// Whether the clock ends it.
    pub auto_complete: Option<bool>,
    /// How long before the start subscribers are reminded, in minutes; 0 for never.
    pub remind_before_minutes: Option<i64>,
}

/// A message to customers about planned work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceMessage {
    /// Where it stands now; as before when nothing is said.
    #[serde(default)]
    pub state: Option<MaintenanceState>,
    /// The message, Markdown.
    pub text: String,
    /// Whether subscribers get it; yes when nothing is said.
    #[serde(default)]
    pub notify: Option<bool>,
}

/// Open works that the clock reads in one go.
const AT_ONCE: usize = 100;

impl App {
    /// Maintenances by planned start, newest first; `open` for those that are not over.
    pub async fn maintenances(
        &self,
        caller: &Caller,
        open: bool,
        paging: &Paging,
    ) -> Result<Listed<Maintenance>, AppError> {
        caller.require(Action::Read, Resource::Maintenance)?;
        let (limit, after) = (paging.limit()?, paging.keyset()?);
        let which = if open { Which::Open } else { Which::All };
        let found = maintenance::list(&mut self.read().await?, which, &after, limit + 1).await?;
        Ok(Listed::from_one_more(found, limit, |m| (m.scheduled_for, m.id.to_string())))
    }

    /// One maintenance with its timeline, newest first.
    pub async fn maintenance(
        &self,
        caller: &Caller,
        id: &MaintenanceId,
    ) -> Result<(Maintenance, Vec<Event>), AppError> {
        caller.require(Action::Read, Resource::Maintenance)?;
        let mut tx = self.read().await?;
        let found = maintenance::get(&mut tx, id).await?.ok_or(AppError::NotFound("maintenance"))?;
        let mut events = event::of(&mut tx, id.as_str()).await?;
        events.reverse();
        Ok((found, events))
    }

    /// Announces planned work.
    pub async fn schedule(&self, caller: &Caller, input: Schedule) -> Result<Maintenance, AppError> {
        caller.require(Action::Create, Resource::Maintenance)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let (mut planned, body) = self.plan_maintenance(&mut tx, &input, now).await?;
        planned.number = feed::next(&mut tx, "incident").await?;
        maintenance::insert(&mut tx, &planned).await?;
        let event = self.new_event(caller, planned.id.clone().into(), now, body, now);
        event::insert(&mut tx, &event).await?;
        self.tell_maintenance(&mut tx, &planned, &event).await?;
        page::touch(&mut tx, now).await?;
        let detail = json!({"title": planned.title, "scheduled_for": planned.scheduled_for});
        record::changed(
            &mut tx,
            caller,
            Action::Create,
            Resource::Maintenance,
            planned.id.as_str(),
            detail,
            now,
        )
        .await?;
        self.commit(tx).await?;
        Ok(planned)
    }

    /// What [`App::schedule`] would make, with the event of its announcement. Changes nothing.
    pub async fn draft_schedule(
        &self,
        caller: &Caller,
        input: &Schedule,
    ) -> Result<(Maintenance, Event), AppError> {
        caller.require(Action::Create, Resource::Maintenance)?;
        let now = self.now();
        let mut tx = self.read().await?;
        let (planned, body) = self.plan_maintenance(&mut tx, input, now).await?;
        let event = self.new_event(caller, planned.id.clone().into(), now, body, now);
        Ok((planned, event))
    }

    async fn plan_maintenance(
        &self,
        tx: &mut Tx,
        input: &Schedule,
        now: Timestamp,
    ) -> Result<(Maintenance, EventBody), AppError> {
        let all = component::all(tx).await?;
        let mut errors = FieldErrors::default();
        let title = errors.take(text::line("title", &input.title, MAX_TITLE));
        let message = errors.take(text::prose("text", &input.text, MAX_TEXT));
        let components = named(&all, &input.components, &mut errors);
        window(&mut errors, input.scheduled_for, input.scheduled_until);
        if input.scheduled_until <= now {
            errors.add("scheduled_until", "has passed; plan work that is still to come");
        }
        let remind = remind(&mut errors, input.remind_before_minutes.or(Some(60)));
        errors.finish()?;
        let planned = Maintenance {
            id: self.new_id(MaintenanceId::from_random),
            number: 0,
            title: title.unwrap_or_default(),
            visibility: input.visibility.unwrap_or(Visibility::Public),
            state: MaintenanceState::Scheduled,
            scheduled_for: input.scheduled_for,
            scheduled_until: input.scheduled_until,
            started_at: None,
            completed_at: None,
            components,
            auto_start: input.auto_start.unwrap_or(true),
            auto_complete: input.auto_complete.unwrap_or(true),
            remind_before_minutes: remind,
            reminded_at: None,
            backfilled: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let body = EventBody::MaintenanceUpdate {
            state: MaintenanceState::Scheduled,
            text: message.unwrap_or_default(),
            notify: input.notify.unwrap_or(true),
            components: Vec::new(),
        };
        Ok((planned, body))
    }

    /// Changes planned work if nobody changed it since `expected`.
    pub async fn edit_maintenance(
        &self,
        caller: &Caller,
        id: &MaintenanceId,
        expected: i64,
        input: EditMaintenance,
    ) -> Result<Maintenance, AppError> {
        caller.require(Action::Edit, Resource::Maintenance)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut m =
            maintenance::get_for_update(&mut tx, id).await?.ok_or(AppError::NotFound("maintenance"))?;
        if m.version != expected {
            return Err(AppError::conflict(&m));
        }
        let all = component::all(&mut tx).await?;
        let (mut errors, mut bodies) = (FieldErrors::default(), Vec::new());
        let before = m.clone();
        if let Some(title) =
            input.title.as_deref().and_then(|t| errors.take(text::line("title", t, MAX_TITLE)))
            && title != m.title
        {
            let from = std::mem::replace(&mut m.title, title.clone());
            bodies.push(EventBody::Retitled { field: "title".into(), from, to: title });
        }
        let (start, end) = (
            input.scheduled_for.unwrap_or(m.scheduled_for),
            input.scheduled_until.unwrap_or(m.scheduled_until),
        );
        if (start, end) != (m.scheduled_for, m.scheduled_until) {
            window(&mut errors, start, end);
            if m.state == MaintenanceState::Completed {
                errors.add("scheduled_for", "cannot move: the work is over");
            }
            bodies.push(EventBody::Rescheduled {
                from_start: m.scheduled_for,
                from_end: m.scheduled_until,
                to_start: start,
                to_end: end,
            });
            // A moved start deserves its own reminder.
            if start != m.scheduled_for {
                m.reminded_at = None;
            }
            (m.scheduled_for, m.scheduled_until) = (start, end);
        }
        if let Some(wanted) = &input.components {
            m.components = named(&all, wanted, &mut errors);
        }
        if let Some(to) = input.visibility.filter(|v| *v != m.visibility) {
            bodies.push(EventBody::Visibility { from: m.visibility, to });
            m.visibility = to;
        }
        m.auto_start = input.auto_start.unwrap_or(m.auto_start);
        m.auto_complete = input.auto_complete.unwrap_or(m.auto_complete);
        if input.remind_before_minutes.is_some() {
            m.remind_before_minutes = remind(&mut errors, input.remind_before_minutes);
        }
        errors.finish()?;
        if m == before {
            return Ok(m);
        }
        (m.updated_at, m.version) = (now, expected + 1);
        if !maintenance::update(&mut tx, &m, expected).await? {
            return Err(AppError::conflict(&m));
        }
        for body in bodies {
            let event = self.new_event(caller, id.clone().into(), now, body, now);
            event::insert(&mut tx, &event).await?;
        }
        page::touch(&mut tx, now).await?;
        let mut detail = json!({"version": m.version});
        if input.visibility == Some(Visibility::Internal) {
            detail["not_sent"] = self.hush(&mut tx, &id.clone().into(), now).await?.into();
        }
        record::changed(&mut tx, caller, Action::Edit, Resource::Maintenance, id.as_str(), detail, now)
            .await?;
        self.commit(tx).await?;
        Ok(m)
    }

    /// Tells customers something about planned work, and moves its state.
    pub async fn update_maintenance(
        &self,
        caller: &Caller,
        id: &MaintenanceId,
        input: MaintenanceMessage,
    ) -> Result<(Maintenance, Event), AppError> {
        caller.require(Action::Publish, Resource::Maintenance)?;
        let now = self.now();
        let message = text::prose("text", &input.text, MAX_TEXT).map_err(FieldErrors::from)?;
        let mut tx = self.begin().await?;
        let m = maintenance::get_for_update(&mut tx, id).await?.ok_or(AppError::NotFound("maintenance"))?;
        let to = input.state.unwrap_or(m.state);
        let notify = input.notify.unwrap_or(true);
        let moved = self.move_maintenance(&mut tx, caller, m, to, message, notify, now).await?;
        self.commit(tx).await?;
        Ok(moved)
    }

    /// Takes the steps that the clock demands: reminders, starts, ends. A duty: safe to run anywhere, at any time, as
    /// often as one likes. Answers how many steps were taken.
    pub async fn run_maintenance_clock(&self) -> Result<usize, AppError> {
        let now = self.now();
        let caller = Caller::system("the clock");
        let mut steps = 0;
        for candidate in self.due_maintenances(now).await? {
            let mut tx = self.begin().await?;
            // Looked at again under lock: another node may have taken the step.
            let Some(mut m) = maintenance::get_for_update(&mut tx, &candidate.id).await? else { continue };
            match due(&m, now) {
                None => continue,
                Some(Due::Remind) => {
                    let expected = m.version;
                    (m.reminded_at, m.updated_at, m.version) = (Some(now), now, expected + 1);
                    maintenance::update(&mut tx, &m, expected).await?;
                    self.remind_maintenance(&mut tx, &m).await?;
                    let detail = json!({"reminded": true});
                    record::changed(
                        &mut tx,
                        &caller,
                        Action::Edit,
                        Resource::Maintenance,
                        m.id.as_str(),
                        detail,
                        now,
                    )
                    .await?;
                }
                Some(step @ (Due::Start | Due::Complete)) => {
                    let (to, text) = match step {
                        Due::Start => (MaintenanceState::InProgress, "The planned work has begun."),
                        _ => (MaintenanceState::Completed, "The planned work is done."),
                    };
                    self.move_maintenance(&mut tx, &caller, m, to, text.into(), true, now).await?;
                }
            }
            self.commit(tx).await?;
            steps += 1;
        }
        Ok(steps)
    }

    /// All open work for which a step is due. The list begins with what starts last, so all of it is gone through.
    async fn due_maintenances(&self, now: Timestamp) -> Result<Vec<Maintenance>, AppError> {
        let mut tx = self.read().await?;
        let (mut found, mut after) = (Vec::new(), Keyset::start());
        loop {
            let open = maintenance::list(&mut tx, Which::Open, &after, AT_ONCE).await?;
            let last = open.last().filter(|_| open.len() == AT_ONCE);
            let next = last.map(|m| Keyset { at: m.scheduled_for, id: m.id.to_string() });
            found.extend(open.into_iter().filter(|m| due(m, now).is_some()));
            match next {
                Some(next) => after = next,
                None => return Ok(found),
            }
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one step of one transaction; a struct would only rename them"
    )]
    async fn move_maintenance(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        mut m: Maintenance,
        to: MaintenanceState,
        text: String,
        notify: bool,
        now: Timestamp,
    ) -> Result<(Maintenance, Event), AppError> {
        if to < m.state {
            return Err(AppError::field("state", format!("cannot go back from {} to {to}", m.state)));
        }
        let (was, expected) = (m.state, m.version);
        m.state = to;
        if was == MaintenanceState::Scheduled
            && matches!(to, MaintenanceState::InProgress | MaintenanceState::Verifying)
        {
            m.started_at = Some(now);
        }
        if to == MaintenanceState::Completed {
            m.completed_at.get_or_insert(now);
        }
        (m.updated_at, m.version) = (now, expected + 1);
        if !maintenance::update(tx, &m, expected).await? {
            return Err(AppError::conflict(&m));
        }
        let all = component::all(tx).await?;
        let components = changes(&all, &m.components, was, to);
        let body = EventBody::MaintenanceUpdate { state: to, text, notify, components };
        let event = self.new_event(caller, m.id.clone().into(), now, body, now);
        event::insert(tx, &event).await?;
        self.tell_maintenance(tx, &m, &event).await?;
        page::touch(tx, now).await?;
        let detail = json!({"state": to});
        record::changed(tx, caller, Action::Edit, Resource::Maintenance, m.id.as_str(), detail, now).await?;
        Ok((m, event))
    }
}

fn named(all: &[Component], wanted: &[String], errors: &mut FieldErrors) -> Vec<ComponentId> {
    let inputs: Vec<_> = wanted
        .iter()
        .map(|c| ComponentInput { component: c.clone(), status: ComponentStatus::UnderMaintenance })
        .collect();
    resolve_components(all, &inputs, errors).into_iter().map(|(id, _)| id).collect()
}

fn window(errors: &mut FieldErrors, start: Timestamp, end: Timestamp) {
    if end <= start {
        errors.add("scheduled_until", "must be after the start");
    }
}

fn remind(errors: &mut FieldErrors, minutes: Option<i64>) -> Option<i64> {
    match minutes {
        None | Some(0) => None,
        Some(minutes @ 1..=43_200) => Some(minutes),
        Some(_) => {
            errors.add("remind_before_minutes", "must be from 0 to 43200 (30 days)");
            None
        }
    }
}

/// How components change when work begins or ends; pure.
fn changes(
    all: &[Component],
    touched: &[ComponentId],
    was: MaintenanceState,
    to: MaintenanceState,
) -> Vec<ComponentChange> {
    let at_work = |s| matches!(s, MaintenanceState::InProgress | MaintenanceState::Verifying);
    let (from, to) = match (at_work(was), at_work(to)) {
        (false, true) => (ComponentStatus::Operational, ComponentStatus::UnderMaintenance),
        (true, false) => (ComponentStatus::UnderMaintenance, ComponentStatus::Operational),
        _ => return Vec::new(),
    };
    all.iter()
        .filter(|c| touched.contains(&c.id))
        .map(|c| ComponentChange { component_id: c.id.clone(), name: full_name(all, c), from, to })
        .collect()
}
