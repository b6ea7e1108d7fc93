//! The Statuspage public API v2, exactly: key order, millisecond times in the page's zone, lists that are never null.
//!
//! The one addition is `status.amends`: the honest state, which counts open incidents too. Existing clients ignore it.

use super::sentence::sentence;
use super::view::Item;
use super::when::When;
use amends_model::component::ComponentStatus;
use amends_model::event::ComponentChange;
use amends_model::id::id_text;
use amends_model::incident::Phase;
pub use amends_model::local_time::stamp;
use amends_model::maintenance::MaintenanceState;
use amends_model::page::{PublicAffected, PublicIncident, PublicMaintenance, PublicRecord, PublicUpdate};
use amends_model::{Component, ComponentId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How many of the newest `incidents.json` and `scheduled-maintenances.json` list.
pub const LISTED: usize = 50;

#[derive(Serialize)]
struct ApiPage<'a> {
    id: &'a str,
    name: &'a str,
    url: &'a str,
    time_zone: &'a str,
    updated_at: String,
}

#[derive(Serialize)]
struct ApiStatus {
    indicator: &'static str,
    description: &'static str,
    amends: Honest,
}

/// What `status.amends` says: the worst of the roll-up and of every open incident, and the sentence of the page.
#[derive(Serialize)]
struct Honest {
    indicator: &'static str,
    description: String,
}

#[derive(Serialize)]
struct ApiComponent<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    created_at: String,
    updated_at: String,
    position: i64,
    description: Option<&'a str>,
    showcase: bool,
    start_date: Option<Date>,
    group_id: Option<&'a str>,
    page_id: &'a str,
    group: bool,
    only_show_if_degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<&'a str>>,
}

#[derive(Serialize)]
struct ApiAffected<'a> {
    code: &'a str,
    name: &'a str,
    old_status: &'static str,
    new_status: &'static str,
}

#[derive(Serialize)]
struct ApiUpdate<'a> {
    id: String,
    status: &'static str,
    body: &'a str,
    incident_id: &'a str,
    created_at: String,
    updated_at: String,
    display_at: String,
    affected_components: Option<Vec<ApiAffected<'a>>>,
    deliver_notifications: bool,
    custom_tweet: Option<String>,
    tweet_id: Option<i64>,
}

#[derive(Serialize)]
struct ApiIncident<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    created_at: String,
    updated_at: String,
    monitoring_at: Option<String>,
    resolved_at: Option<String>,
    impact: &'static str,
    shortlink: String,
    started_at: String,
    page_id: &'a str,
    incident_updates: Vec<ApiUpdate<'a>>,
    components: Vec<ApiComponent<'a>>,
    reminder_intervals: Option<String>,
}

#[derive(Serialize)]
struct ApiMaintenance<'a> {
    id: &'a str,
    name: &'a str,
    status: &'static str,
    created_at: String,
    updated_at: String,
    monitoring_at: Option<String>,
    resolved_at: Option<String>,
    impact: &'static str,
    shortlink: String,
    started_at: String,
    page_id: &'a str,
    incident_updates: Vec<ApiUpdate<'a>>,
    components: Vec<ApiComponent<'a>>,
    scheduled_for: String,
    scheduled_until: String,
}

/// What `/incidents/<id>.json` adds to an incident.
#[derive(Serialize)]
struct ApiIncidentAlone<'a> {
    #[serde(flatten)]
    incident: ApiIncident<'a>,
    postmortem_body: Option<&'a str>,
    postmortem_body_last_updated_at: Option<String>,
    postmortem_ignored: bool,
    postmortem_published_at: Option<String>,
}

#[derive(Serialize)]
struct Summary<'a> {
    page: ApiPage<'a>,
    components: Vec<ApiComponent<'a>>,
    incidents: Vec<ApiIncident<'a>>,
    scheduled_maintenances: Vec<ApiMaintenance<'a>>,
    status: ApiStatus,
}

#[derive(Serialize)]
struct StatusAlone<'a> {
    page: ApiPage<'a>,
    status: ApiStatus,
}

#[derive(Serialize)]
struct Components<'a> {
    page: ApiPage<'a>,
    components: Vec<ApiComponent<'a>>,
}

#[derive(Serialize)]
struct Incidents<'a> {
    page: ApiPage<'a>,
    incidents: Vec<ApiIncident<'a>>,
}

#[derive(Serialize)]
struct Maintenances<'a> {
    page: ApiPage<'a>,
    scheduled_maintenances: Vec<ApiMaintenance<'a>>,
}

/// The public word for an incident's phase: `postmortem` once the letter is out.
fn incident_status(incident: &PublicIncident) -> &'static str {
    match (&incident.letter, incident.phase) {
        (Some(_), Phase::Resolved) => "postmortem",
        (_, phase) => phase.as_str(),
    }
}

/// The id of the update that a published letter is to Statuspage clients: always the same for the same incident.
fn letter_update_id(incident_id: &str) -> String {
    let digest = Sha256::digest(format!("letter of {incident_id}"));
    let mut random = [0; 12];
    random.copy_from_slice(&digest[..12]);
    id_text(random)
}

/// Writes the documents of one record.
pub struct Api<'a> {
    record: &'a PublicRecord,
    zone: TimeZone,
    now: Timestamp,
}

impl<'a> Api<'a> {
    /// For this record, at `now`.
    pub fn new(record: &'a PublicRecord, now: Timestamp) -> Self {
        Api { record, zone: record.page.zone(), now }
    }

    /// Every document by its path.
    pub fn documents(&self) -> Vec<(&'static str, Vec<u8>)> {
        use MaintenanceState::{Completed, InProgress, Scheduled, Verifying};
        let incidents = |only_open: bool| Incidents {
            page: self.page(),
            incidents: self
                .newest_incidents()
                .into_iter()
                .filter(|i| !only_open || i.phase != Phase::Resolved)
                .map(|i| self.incident(i))
                .collect(),
        };
        let maintenances = |states: &[MaintenanceState]| Maintenances {
            page: self.page(),
            scheduled_maintenances: self.maintenances(states),
        };
        let everything = [Scheduled, InProgress, Verifying, Completed];
        vec![
            ("/api/v2/summary.json", json(&self.summary())),
            ("/api/v2/status.json", json(&StatusAlone { page: self.page(), status: self.status() })),
            (
                "/api/v2/components.json",
                json(&Components { page: self.page(), components: self.components() }),
            ),
            ("/api/v2/incidents.json", json(&incidents(false))),
            ("/api/v2/incidents/unresolved.json", json(&incidents(true))),
            ("/api/v2/scheduled-maintenances.json", json(&maintenances(&everything))),
            ("/api/v2/scheduled-maintenances/upcoming.json", json(&maintenances(&[Scheduled]))),
            ("/api/v2/scheduled-maintenances/active.json", json(&maintenances(&[InProgress, Verifying]))),
        ]
    }

    /// `/incidents/<id>.json`: one incident or maintenance by itself.
    pub fn alone(&self, item: Item) -> Vec<u8> {
        match item {
            Item::Incident(incident) => {
                let letter = incident.letter.as_ref();
                json(&ApiIncidentAlone {
                    incident: self.incident(incident),
                    postmortem_body: letter.map(|l| l.text.as_str()),
                    postmortem_body_last_updated_at: letter.map(|l| self.stamp(l.updated_at)),
                    postmortem_ignored: false,
                    postmortem_published_at: letter.map(|l| self.stamp(l.published_at)),
                })
            }
            Item::Maintenance(maintenance) => json(&self.maintenance(maintenance)),
        }
    }

    fn summary(&self) -> Summary<'a> {
        use MaintenanceState::{InProgress, Scheduled, Verifying};
        Summary {
            page: self.page(),
            components: self.components(),
            incidents: self.record.open_incidents().map(|i| self.incident(i)).collect(),
            scheduled_maintenances: self.maintenances(&[Scheduled, InProgress, Verifying]),
            status: self.status(),
        }
    }

    fn stamp(&self, at: Timestamp) -> String {
        stamp(at, &self.zone)
    }

    fn page(&self) -> ApiPage<'a> {
        let page = &self.record.page;
        ApiPage {
            id: page.id.as_str(),
            name: &page.name,
            url: &page.url,
            time_zone: &page.time_zone,
            updated_at: self.stamp(page.updated_at),
        }
    }

    fn status(&self) -> ApiStatus {
        let (indicator, description) = self.record.roll_up();
        let words = sentence(self.record, self.now);
        let when = When { zone: self.zone.clone(), now: self.now };
        ApiStatus {
            indicator: indicator.as_str(),
            description,
            amends: Honest {
                indicator: self.record.honest_indicator().as_str(),
                description: words.plain(&when),
            },
        }
    }

    fn components(&self) -> Vec<ApiComponent<'a>> {
        let mut all: Vec<&Component> = self.record.components.iter().collect();
        all.sort_by_key(|c| c.position);
        all.into_iter().map(|c| self.component(c)).collect()
    }

    fn component(&self, component: &'a Component) -> ApiComponent<'a> {
        let children = || {
            let mine = |c: &&Component| c.group_id.as_ref() == Some(&component.id);
            let mut found: Vec<&Component> = self.record.components.iter().filter(mine).collect();
            found.sort_by_key(|c| c.position);
            found.into_iter().map(|c| c.id.as_str()).collect()
        };
        ApiComponent {
            id: component.id.as_str(),
            name: &component.name,
            status: component.status.as_str(),
            created_at: self.stamp(component.created_at),
            updated_at: self.stamp(component.updated_at),
            position: component.position,
            description: component.description.as_deref(),
            showcase: component.showcase,
            start_date: component.start_date,
            group_id: component.group_id.as_ref().map(ComponentId::as_str),
            page_id: self.record.page.id.as_str(),
            group: component.is_group,
            only_show_if_degraded: component.only_show_if_degraded,
            components: component.is_group.then(children),
        }
    }

    /// Those of `named` that are still on the page, with their current status.
    fn current(&self, named: &[PublicAffected]) -> Vec<ApiComponent<'a>> {
        let is_named = |c: &&Component| named.iter().any(|n| n.component_id == c.id);
        let mut found: Vec<&Component> = self.record.components.iter().filter(is_named).collect();
        found.sort_by_key(|c| c.position);
        found.into_iter().map(|c| self.component(c)).collect()
    }

    fn newest_incidents(&self) -> Vec<&'a PublicIncident> {
        // Unresolved ones are listed however old they are.
        let mut newest: Vec<&PublicIncident> = self.record.incidents.iter().collect();
        let mut place = 0;
        newest.retain(|i| {
            place += 1;
            place <= LISTED || i.phase != Phase::Resolved
        });
        newest
    }

    fn maintenances(&self, states: &[MaintenanceState]) -> Vec<ApiMaintenance<'a>> {
        let listed = self.record.maintenances.iter().filter(|m| states.contains(&m.state));
        listed
            .take(LISTED.max(self.record.open_maintenances().count()))
            .map(|m| self.maintenance(m))
            .collect()
    }

    fn link(&self, id: &str) -> String {
        format!("{}/incidents/{id}", self.record.page.url)
    }

    fn incident<'b>(&self, incident: &'b PublicIncident) -> ApiIncident<'b>
    where
        'a: 'b,
    {
        let mut updates: Vec<ApiUpdate<'b>> = incident
            .updates
            .iter()
            .map(|u| self.update(u, u.status.as_str(), incident.id.as_str()))
            .collect();
        if let Some(letter) = &incident.letter {
            updates.insert(
                0,
                ApiUpdate {
                    id: letter_update_id(incident.id.as_str()),
                    status: "postmortem",
                    body: &letter.text,
                    incident_id: incident.id.as_str(),
                    created_at: self.stamp(letter.published_at),
                    updated_at: self.stamp(letter.updated_at),
                    display_at: self.stamp(letter.published_at),
                    affected_components: None,
                    deliver_notifications: true,
                    custom_tweet: None,
                    tweet_id: None,
                },
            );
        }
        ApiIncident {
            id: incident.id.as_str(),
            name: &incident.title,
            status: incident_status(incident),
            created_at: self.stamp(incident.created_at),
            updated_at: self.stamp(incident.updated_at),
            monitoring_at: incident.monitoring_at.map(|at| self.stamp(at)),
            resolved_at: incident.resolved_at.map(|at| self.stamp(at)),
            impact: incident.impact.as_str(),
            shortlink: self.link(incident.id.as_str()),
            started_at: self.stamp(incident.started_at),
            page_id: self.record.page.id.as_str(),
            incident_updates: updates,
            components: self.current(&incident.components),
            reminder_intervals: None,
        }
    }

    fn maintenance<'b>(&self, maintenance: &'b PublicMaintenance) -> ApiMaintenance<'b>
    where
        'a: 'b,
    {
        let updates = maintenance.updates.iter();
        ApiMaintenance {
            id: maintenance.id.as_str(),
            name: &maintenance.title,
            status: maintenance.state.as_str(),
            created_at: self.stamp(maintenance.created_at),
            updated_at: self.stamp(maintenance.updated_at),
            monitoring_at: None,
            resolved_at: maintenance.completed_at.map(|at| self.stamp(at)),
            impact: "maintenance",
            shortlink: self.link(maintenance.id.as_str()),
            started_at: self.stamp(maintenance.started_at.unwrap_or(maintenance.scheduled_for)),
            page_id: self.record.page.id.as_str(),
            incident_updates: updates
                .map(|u| self.update(u, u.status.as_str(), maintenance.id.as_str()))
                .collect(),
            components: self.current(&maintenance.components),
            scheduled_for: self.stamp(maintenance.scheduled_for),
            scheduled_until: self.stamp(maintenance.scheduled_until),
        }
    }

    fn update<'b, S>(
        &self,
        update: &'b PublicUpdate<S>,
        status: &'static str,
        incident_id: &'b str,
    ) -> ApiUpdate<'b> {
        ApiUpdate {
            id: update.id.as_str().to_owned(),
            status,
            body: &update.text,
            incident_id,
            created_at: self.stamp(update.created_at),
            updated_at: self.stamp(update.updated_at),
            display_at: self.stamp(update.display_at),
            affected_components: (!update.components.is_empty())
                .then(|| update.components.iter().map(affected).collect()),
            deliver_notifications: update.notify,
            custom_tweet: None,
            tweet_id: None,
        }
    }
}

fn affected(change: &ComponentChange) -> ApiAffected<'_> {
    let word = ComponentStatus::as_str;
    ApiAffected {
        code: change.component_id.as_str(),
        name: &change.name,
        old_status: word(change.from),
        new_status: word(change.to),
    }
}

/// The bytes of a value. Never fails for our own types: string keys, no maps.
pub(crate) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec())
}
