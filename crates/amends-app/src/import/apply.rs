//! The import as a use case: reads a file, merges it into the record in batches, and says what it did.

use std::collections::HashMap;

use amends_model::{
    Action, Component, ComponentId, ComponentStatus, Event, IncidentId, MaintenanceId, Resource, text,
};
use amends_store::{Tx, audit, component, event, feed, incident, maintenance, page};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::merge::{self, Plan, Verdict};
use super::{ForeignIncident, ForeignKind, Parsed, Problem, read};
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;

/// As many incidents as are written in one transaction: enough to make the import quick, few enough that nobody else
/// waits noticeably for the writer.
const BATCH: usize = 100;

/// How many of something were new, changed, or there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportCounts {
    /// Not on the record before.
    pub new: usize,
    /// On the record, changed by this import.
    pub updated: usize,
    /// On the record as the file tells it.
    pub unchanged: usize,
}

impl ImportCounts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.new + self.updated + self.unchanged
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::New => self.new += 1,
            Verdict::Updated => self.updated += 1,
            Verdict::Unchanged => self.unchanged += 1,
        }
    }
}

/// A part of the file that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportProblem {
    /// Line in the file, from 1.
    pub line: usize,
    /// What was wrong.
    pub detail: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// What the file was taken for: "Atom feed", "JSON lines", …
    pub form: String,
    /// Incidents.
    pub incidents: ImportCounts,
    /// Planned work.
    pub maintenances: ImportCounts,
    /// Messages to customers, of both.
    pub updates: ImportCounts,
    /// Names of components that were added to the page.
    pub components_added: Vec<String>,
    /// What was left out, by line.
    pub problems: Vec<ImportProblem>,
}

impl App {
    /// Imports the history of another status page from the bytes of one file (forms: see [`crate::import`]). It keeps ids,
    /// notifies nobody, and may be repeated: what is on the record already stays as it is.
    ///
    /// Errors: only of permission and of the store; what could not be read is in the report.
    pub async fn import_statuspage(&self, caller: &Caller, file: &[u8]) -> Result<ImportReport, AppError> {
        self.import_statuspage_with(caller, file, &mut |_, _| {}).await
    }

    /// As [`App::import_statuspage`], telling `progress` how many of how many are done.
    pub async fn import_statuspage_with(
        &self,
        caller: &Caller,
        file: &[u8],
        progress: &mut (dyn FnMut(usize, usize) + Send),
    ) -> Result<ImportReport, AppError> {
        caller.require(Action::Create, Resource::Import)?;
        let Parsed { mut incidents, problems, form } = read(file);
        let mut report = ImportReport { form: form.to_owned(), ..ImportReport::default() };
        problems.into_iter().for_each(|p| report.problem(p));
        once_each(&mut incidents, &mut report);
        // Numbers are given in the order in which things happened.
        incidents.sort_by_key(|i| i.started_at);
        let total = incidents.len();
        let ids = self.import_components(&incidents, &mut report).await?;
        let mut done = 0;
        for batch in incidents.chunks(BATCH) {
            let last = done + batch.len() == total;
            self.import_batch(caller, batch, &ids, &mut report, last).await?;
            done += batch.len();
            progress(done, total);
        }
        report.problems.sort_by_key(|p| p.line);
        Ok(report)
    }

    /// Finds the named components and adds those that are missing; answers their ids by name in lower case.
    async fn import_components(
        &self,
        incidents: &[ForeignIncident],
        report: &mut ImportReport,
    ) -> Result<HashMap<String, ComponentId>, AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let all = component::all_with_archived(&mut tx).await?;
        let mut ids: HashMap<String, ComponentId> = HashMap::new();
        // Of two components of one name, the one that is on the page counts.
        for c in all.iter().filter(|c| !c.is_group).rev() {
            if !c.archived || !ids.contains_key(&c.name.to_lowercase()) {
                ids.insert(c.name.to_lowercase(), c.id.clone());
            }
        }
        let mut position = all.iter().map(|c| c.position).max().unwrap_or(0);
        // The first day that anything is told of: what happened before nobody knows.
        let first_day =
            incidents.first().map_or(now, |i| i.started_at).to_zoned(jiff::tz::TimeZone::UTC).date();
        // Collected first: a closure that lives across the awaits below would keep the whole from being `Send`.
        let named: Vec<(&String, usize)> =
            incidents.iter().flat_map(|i| i.components.iter().map(|c| (&c.name, i.line))).collect();
        for (name, line) in named {
            let key = name.to_lowercase();
            if ids.contains_key(&key) {
                continue;
            }
            let name = match crate::component::component_name(name) {
                Ok(name) => name,
                Err(wrong) => {
                    let what = format!(
                        "the component name ‘{}’ {}; the incident was imported without it",
                        text::cleaned(name, 60),
                        wrong.detail
                    );
                    report.problem(Problem { line, what });
                    continue;
                }
            };
            position += 1;
            let new = Component {
                id: self.new_id(ComponentId::from_random),
                name: name.clone(),
                description: None,
                group_id: None,
                is_group: false,
                position,
                status: ComponentStatus::Operational,
                showcase: true,
                only_show_if_degraded: false,
                start_date: Some(first_day),
                created_at: now,
                updated_at: now,
                archived: false,
                version: 1,
            };
            component::insert(&mut tx, &new).await?;
            feed::push(&mut tx, Resource::Component.as_str(), new.id.as_str(), now).await?;
            ids.insert(key, new.id);
            report.components_added.push(name);
        }
        if !report.components_added.is_empty() {
            self.commit(tx).await?;
        }
        Ok(ids)
    }

    async fn import_batch(
        &self,
        caller: &Caller,
        batch: &[ForeignIncident],
        components: &HashMap<String, ComponentId>,
        report: &mut ImportReport,
        last: bool,
    ) -> Result<(), AppError> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let ids: Vec<String> = batch.iter().map(|i| i.id.clone()).collect();
        let as_incidents = incident::existing(&mut tx, &ids).await?;
        let mut told: HashMap<String, Vec<Event>> = HashMap::new();
        let known: Vec<&str> = ids.iter().map(String::as_str).collect();
        for event in event::updates_of(&mut tx, &known).await? {
            told.entry(event.subject.id().to_owned()).or_default().push(event);
        }
        let mut add = Vec::new();
        let mut changed = false;
        for foreign in batch {
            let touched = found(foreign, components);
            let events = told.remove(&foreign.id).unwrap_or_default();
            let Ok(incident_id) = foreign.id.parse::<IncidentId>() else { continue };
            let Ok(maintenance_id) = foreign.id.parse::<MaintenanceId>() else { continue };
            // Incidents and maintenances share one space of ids.
            let known_maintenance =
                match (as_incidents.contains_key(&foreign.id), foreign.kind, events.first()) {
                    (false, ForeignKind::Maintenance, _) | (false, _, Some(_)) => {
                        maintenance::get_for_update(&mut tx, &maintenance_id).await?
                    }
                    _ => None,
                };
            let (verdict, messages) = match foreign.kind {
                ForeignKind::Incident if known_maintenance.is_none() => {
                    let before = match as_incidents.contains_key(&foreign.id) {
                        true => incident::get_for_update(&mut tx, &incident_id).await?,
                        false => None,
                    };
                    let plan =
                        merge::incident(foreign, &touched, before.map(|b| (b, events)), incident_id, now);
                    write_incident(&mut tx, plan, caller, &mut add).await?
                }
                ForeignKind::Maintenance if !as_incidents.contains_key(&foreign.id) => {
                    let before = known_maintenance.map(|b| (b, events));
                    let plan = merge::maintenance(foreign, &touched, before, maintenance_id, now);
                    write_maintenance(&mut tx, plan, caller, &mut add).await?
                }
                _ => {
                    let what = format!(
                        "‘{}’ is on the record as the other of incident and maintenance; it was left out",
                        foreign.title
                    );
                    report.problem(Problem { line: foreign.line, what });
                    continue;
                }
            };
            match foreign.kind {
                ForeignKind::Incident => report.incidents.add(verdict),
                ForeignKind::Maintenance => report.maintenances.add(verdict),
            }
            report.updates.new += messages.new;
            report.updates.updated += messages.updated;
            report.updates.unchanged += messages.unchanged;
            if verdict != Verdict::Unchanged {
                let resource = match foreign.kind {
                    ForeignKind::Incident => Resource::Incident,
                    ForeignKind::Maintenance => Resource::Maintenance,
                };
                feed::push(&mut tx, resource.as_str(), &foreign.id, now).await?;
                changed = true;
            }
        }
        event::insert_many(&mut tx, &add).await?;
        let whole = report.incidents.new
            + report.incidents.updated
            + report.maintenances.new
            + report.maintenances.updated;
        if last && (whole > 0 || !report.components_added.is_empty()) {
            let detail = json!({
                "form": report.form, "incidents": report.incidents, "maintenances": report.maintenances,
                "updates": report.updates, "components_added": report.components_added,
            });
            audit::push(&mut tx, now, &caller.actor, Action::Create, Resource::Import, "statuspage", &detail)
                .await?;
            changed = true;
        }
        if changed {
            page::touch(&mut tx, now).await?;
            self.commit(tx).await?;
        }
        Ok(())
    }
}

/// The components of an incident that are in the catalogue.
fn found(
    foreign: &ForeignIncident,
    ids: &HashMap<String, ComponentId>,
) -> Vec<(ComponentId, Option<ComponentStatus>)> {
    let named = foreign.components.iter();
    named.filter_map(|c| ids.get(&c.name.to_lowercase()).map(|id| (id.clone(), c.status))).collect()
}

async fn write_incident(
    tx: &mut Tx,
    mut plan: Plan<amends_model::Incident>,
    caller: &Caller,
    add: &mut Vec<Event>,
) -> Result<(Verdict, ImportCounts), AppError> {
    let messages = write_messages(tx, &mut plan, caller, add).await?;
    match plan.verdict {
        Verdict::New => {
            plan.subject.number = feed::next(tx, "incident").await?;
            incident::insert(tx, &plan.subject).await?;
        }
        Verdict::Updated => {
            let expected = plan.subject.version - 1;
            if !incident::update(tx, &plan.subject, expected).await? {
                return Err(AppError::conflict(&plan.subject));
            }
        }
        Verdict::Unchanged => {}
    }
    Ok((plan.verdict, messages))
}

async fn write_maintenance(
    tx: &mut Tx,
    mut plan: Plan<amends_model::Maintenance>,
    caller: &Caller,
    add: &mut Vec<Event>,
) -> Result<(Verdict, ImportCounts), AppError> {
    let messages = write_messages(tx, &mut plan, caller, add).await?;
    match plan.verdict {
        Verdict::New => {
            plan.subject.number = feed::next(tx, "incident").await?;
            maintenance::insert(tx, &plan.subject).await?;
        }
        Verdict::Updated => {
            let expected = plan.subject.version - 1;
            if !maintenance::update(tx, &plan.subject, expected).await? {
                return Err(AppError::conflict(&plan.subject));
            }
        }
        Verdict::Unchanged => {}
    }
    Ok((plan.verdict, messages))
}

async fn write_messages<T>(
    tx: &mut Tx,
    plan: &mut Plan<T>,
    caller: &Caller,
    add: &mut Vec<Event>,
) -> Result<ImportCounts, AppError> {
    let counts = ImportCounts { new: plan.add.len(), updated: plan.replace.len(), unchanged: plan.unchanged };
    for (old, new) in &plan.replace {
        if !event::replace(tx, old, new, &caller.actor).await? {
            return Err(AppError::conflict(old));
        }
    }
    add.append(&mut plan.add);
    Ok(counts)
}

impl ImportReport {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(ImportProblem { line: problem.line, detail: problem.what });
    }
}

/// A file may tell one incident twice; the fuller one counts.
fn once_each(incidents: &mut Vec<ForeignIncident>, report: &mut ImportReport) {
    let mut at: HashMap<String, usize> = HashMap::with_capacity(incidents.len());
    let mut kept: Vec<ForeignIncident> = Vec::with_capacity(incidents.len());
    for one in incidents.drain(..) {
        match at.get(&one.id) {
            None => {
                at.insert(one.id.clone(), kept.len());
                kept.push(one);
            }
            Some(place) => {
                let before = &mut kept[*place];
                let (line, other) = if one.updates.len() > before.updates.len() {
                    (before.line, one.line)
                } else {
                    (one.line, before.line)
                };
                let what = format!("this incident is told again on line {other}, which was taken");
                report.problem(Problem { line, what });
                if one.updates.len() > before.updates.len() {
                    *before = one;
                }
            }
        }
    }
    *incidents = kept;
}
