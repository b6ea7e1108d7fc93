//! The body that Statuspage posts to webhook subscribers, field for field, from the record as it was when it was said.

use amends_model::component::ComponentStatus;
use amends_model::local_time::stamp;
use amends_model::page::{PublicIncident, PublicMaintenance, PublicUpdate};
use amends_model::{Component, ComponentId, Phase};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Notice;
use crate::message::{ComponentNews, Content, MANAGE, Snapshot};

/// A body larger than this leaves its oldest updates out: receivers take no more.
const MOST: usize = 20_000;

/// The body of a broadcast, with a place for the recipient's own link.
pub fn body(notice: &Notice) -> String {
    let writer =
        Writer { zone: notice.page.zone(), page_id: notice.page.id.as_str(), url: &notice.public_url };
    let empty = Snapshot {
        indicator: "none".into(),
        description: "All Systems Operational".into(),
        components: Vec::new(),
        incident: None,
        maintenance: None,
    };
    let snapshot = notice.stored.snapshot.as_ref().unwrap_or(&empty);
    let mut out = json!({
        "meta": {
            "unsubscribe": MANAGE.to_string(),
            "documentation": format!("{}/subscribe", notice.public_url),
            "generated_at": stamp(notice.made_at, &TimeZone::UTC),
        },
        "page": {
            "id": notice.page.id,
            "status_indicator": snapshot.indicator,
            "status_description": snapshot.description,
        },
    });
    match (&notice.stored.content, &snapshot.incident, &snapshot.maintenance) {
        (Content::Component(c), ..) => {
            let component = snapshot.components.iter().find(|known| known.id.as_str() == c.component_id);
            out["component"] = component.map_or(Value::Null, |known| writer.component(known));
            out["component_update"] = writer.component_update(c);
        }
        (_, Some(incident), _) => out["incident"] = writer.incident(incident, snapshot),
        (_, _, Some(work)) => out["incident"] = writer.maintenance(work, snapshot),
        (content, ..) => out["incident"] = writer.in_words(content, notice.made_at),
    }
    let mut text = out.to_string();
    while text.len() > MOST {
        let Some(updates) = out.pointer_mut("/incident/incident_updates").and_then(Value::as_array_mut)
        else {
            break;
        };
        if updates.len() < 2 {
            break;
        }
        updates.pop();
        text = out.to_string();
    }
    text
}

struct Writer<'a> {
    zone: TimeZone,
    page_id: &'a str,
    url: &'a str,
}

impl Writer<'_> {
    fn at(&self, at: Timestamp) -> Value {
        stamp(at, &self.zone).into()
    }

    fn some(&self, at: Option<Timestamp>) -> Value {
        at.map_or(Value::Null, |at| self.at(at))
    }

    fn link(&self, id: &str) -> String {
        format!("{}/incidents/{id}", self.url)
    }

    fn component(&self, c: &Component) -> Value {
        json!({
            "status": c.status,
            "name": c.name,
            "created_at": self.at(c.created_at),
            "updated_at": self.at(c.updated_at),
            "position": c.position,
            "description": c.description,
            "showcase": c.showcase,
            "id": c.id,
            "page_id": self.page_id,
            "group_id": c.group_id,
        })
    }

    fn component_update(&self, c: &ComponentNews) -> Value {
        json!({
            "old_status": c.from,
            "new_status": c.to,
            "created_at": self.at(c.at),
            "component_type": "Component",
            "id": c.update_id,
            "component_id": c.component_id,
        })
    }

    fn named(&self, snapshot: &Snapshot, ids: impl Iterator<Item = ComponentId> + Clone) -> Vec<Value> {
        let is_named = |c: &&Component| ids.clone().any(|id| id == c.id);
        snapshot.components.iter().filter(is_named).map(|c| self.component(c)).collect()
    }

    fn incident(&self, i: &PublicIncident, snapshot: &Snapshot) -> Value {
        let status = match (&i.letter, i.phase) {
            (Some(_), Phase::Resolved) => "postmortem",
            (_, phase) => phase.as_str(),
        };
        let letter = i.letter.as_ref();
        let updates: Vec<Value> =
            i.updates.iter().map(|u| self.update(u, u.status.as_str(), i.id.as_str())).collect();
        json!({
            "name": i.title,
            "status": status,
            "created_at": self.at(i.created_at),
            "updated_at": self.at(i.updated_at),
            "monitoring_at": self.some(i.monitoring_at),
            "resolved_at": self.some(i.resolved_at),
            "impact": i.impact,
            "shortlink": self.link(i.id.as_str()),
            "postmortem_ignored": false,
            "postmortem_body": letter.map(|l| l.text.as_str()),
            "postmortem_body_last_updated_at": self.some(letter.map(|l| l.updated_at)),
            "postmortem_published_at": self.some(letter.map(|l| l.published_at)),
            "postmortem_notified_subscribers": letter.is_some(),
            "postmortem_notified_twitter": false,
            "backfilled": false,
            "scheduled_for": null,
            "scheduled_until": null,
            "scheduled_remind_prior": false,
            "scheduled_reminded_at": null,
            "impact_override": null,
            "scheduled_auto_in_progress": false,
            "scheduled_auto_completed": false,
            "id": i.id,
            "page_id": self.page_id,
            "incident_updates": updates,
            "components": self.named(snapshot, i.components.iter().map(|a| a.component_id.clone())),
        })
    }

    fn maintenance(&self, m: &PublicMaintenance, snapshot: &Snapshot) -> Value {
        let updates: Vec<Value> =
            m.updates.iter().map(|u| self.update(u, u.status.as_str(), m.id.as_str())).collect();
        json!({
            "name": m.title,
            "status": m.state,
            "created_at": self.at(m.created_at),
            "updated_at": self.at(m.updated_at),
            "monitoring_at": null,
            "resolved_at": self.some(m.completed_at),
            "impact": "maintenance",
            "shortlink": self.link(m.id.as_str()),
            "postmortem_ignored": false,
            "postmortem_body": null,
            "postmortem_body_last_updated_at": null,
            "postmortem_published_at": null,
            "postmortem_notified_subscribers": false,
            "postmortem_notified_twitter": false,
            "backfilled": false,
            "scheduled_for": self.at(m.scheduled_for),
            "scheduled_until": self.at(m.scheduled_until),
            "scheduled_remind_prior": true,
            "scheduled_reminded_at": null,
            "impact_override": null,
            "scheduled_auto_in_progress": true,
            "scheduled_auto_completed": true,
            "id": m.id,
            "page_id": self.page_id,
            "incident_updates": updates,
            "components": self.named(snapshot, m.components.iter().map(|a| a.component_id.clone())),
        })
    }

    fn update<S>(&self, u: &PublicUpdate<S>, status: &str, incident_id: &str) -> Value {
        let word = ComponentStatus::as_str;
        let affected = |c: &amends_model::event::ComponentChange| json!({"code": c.component_id, "name": c.name, "old_status": word(c.from), "new_status": word(c.to)});
        let affected: Vec<Value> = u.components.iter().map(affected).collect();
        json!({
            "status": status,
            "body": u.text,
            "created_at": self.at(u.created_at),
            "wants_twitter_update": false,
            "twitter_updated_at": null,
            "updated_at": self.at(u.updated_at),
            "display_at": self.at(u.display_at),
            "affected_components": if affected.is_empty() { Value::Null } else { affected.into() },
            "custom_tweet": null,
            "deliver_notifications": u.notify,
            "id": u.id,
            "incident_id": incident_id,
        })
    }

    /// What can be said without the record: a test, and what was put on its way by a version that kept none.
    fn in_words(&self, content: &Content, at: Timestamp) -> Value {
        let (id, name, status, impact, text, told) = match content {
            Content::Update(c) => (
                c.incident_id.as_str(),
                c.title.clone(),
                c.phase.to_lowercase(),
                c.impact.as_str(),
                c.text.as_str(),
                c.at,
            ),
            Content::Maintenance(c) => (
                c.maintenance_id.as_str(),
                c.title.clone(),
                c.state.to_lowercase().replace(' ', "_"),
                "maintenance",
                c.text.as_str(),
                c.at,
            ),
            Content::Letter(c) => (
                c.incident_id.as_str(),
                c.incident_title.clone(),
                "postmortem".into(),
                "none",
                c.text.as_str(),
                c.at,
            ),
            Content::Alarm(c) => {
                (c.alarm_id.as_str(), c.title.clone(), "investigating".into(), "none", c.text.as_str(), c.at)
            }
            _ => (
                "test00000000",
                "Test message: nothing has happened".into(),
                "resolved".into(),
                "none",
                "This shows that updates will arrive here.",
                at,
            ),
        };
        let over = matches!(status.as_str(), "resolved" | "postmortem" | "completed");
        json!({
            "name": name,
            "status": status,
            "created_at": self.at(told),
            "updated_at": self.at(told),
            "monitoring_at": null,
            "resolved_at": if over { self.at(told) } else { Value::Null },
            "impact": impact,
            "shortlink": self.link(id),
            "postmortem_ignored": false,
            "postmortem_body": null,
            "postmortem_body_last_updated_at": null,
            "postmortem_published_at": null,
            "postmortem_notified_subscribers": false,
            "postmortem_notified_twitter": false,
            "backfilled": false,
            "scheduled_for": null,
            "scheduled_until": null,
            "scheduled_remind_prior": false,
            "scheduled_reminded_at": null,
            "impact_override": null,
            "scheduled_auto_in_progress": false,
            "scheduled_auto_completed": false,
            "id": id,
            "page_id": self.page_id,
            "incident_updates": [{
                "status": status,
                "body": text,
                "created_at": self.at(told),
                "wants_twitter_update": false,
                "twitter_updated_at": null,
                "updated_at": self.at(told),
                "display_at": self.at(told),
                "affected_components": null,
                "custom_tweet": null,
                "deliver_notifications": true,
                "id": format!("u{}", id.chars().take(11).collect::<String>()),
                "incident_id": id,
            }],
            "components": [],
        })
    }
}
