//! What clients of the Statuspage API rely on.

use super::{body, rendered, sample};
use crate::public::api_v2::stamp;
use amends_model::{ComponentStatus, Phase};
use jiff::tz::TimeZone;
use serde_json::Value;

fn json(rendered: &super::Rendered, path: &str) -> Value {
    serde_json::from_str(&body(rendered, path)).expect("JSON")
}

/// The keys of the first object after `start`, in the order of the text.
fn keys(text: &str, start: &str) -> Vec<String> {
    let text = &text[text.find(start).expect("start") + start.len()..];
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    let (mut keys, mut word) = (vec![], String::new());
    for c in text.chars() {
        if in_string {
            match c {
                '\\' if !escaped => escaped = true,
                '"' if !escaped => in_string = false,
                c => {
                    escaped = false;
                    word.push(c);
                }
            }
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                word.clear();
            }
            ':' if depth == 1 => keys.push(word.clone()),
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    keys
}

#[test]
fn keys_have_their_order() {
    let rendered = rendered(sample::record());
    let summary = body(&rendered, "/api/v2/summary.json");
    let list = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(keys(&summary, ""), list("page components incidents scheduled_maintenances status"));
    assert_eq!(keys(&summary, "\"page\":"), list("id name url time_zone updated_at"));
    assert_eq!(keys(&summary, "\"status\":{\"in").first().map(String::as_str), None);
    let component = "id name status created_at updated_at position description showcase start_date group_id page_id group \
                     only_show_if_degraded";
    assert_eq!(keys(&summary, "\"components\":["), list(component));
    let group = body(&rendered, "/api/v2/components.json");
    assert_eq!(keys(&group, "\"only_show_if_degraded\":false},").len(), 13);
    assert!(group.contains("\"group\":true,\"only_show_if_degraded\":false,\"components\":[\"c"));
    let incident = "id name status created_at updated_at monitoring_at resolved_at impact shortlink started_at page_id \
                    incident_updates components";
    assert_eq!(keys(&summary, "\"incidents\":["), list(&format!("{incident} reminder_intervals")));
    assert_eq!(
        keys(&summary, "\"scheduled_maintenances\":["),
        list(&format!("{incident} scheduled_for scheduled_until"))
    );
    let update = "id status body incident_id created_at updated_at display_at affected_components deliver_notifications \
                  custom_tweet tweet_id";
    assert_eq!(keys(&summary, "\"incident_updates\":["), list(update));
    assert_eq!(keys(&summary, "\"affected_components\":["), list("code name old_status new_status"));
    let status = body(&rendered, "/api/v2/status.json");
    assert_eq!(keys(&status, ""), list("page status"));
    assert_eq!(keys(&status, "\"status\":"), list("indicator description amends"));
    for (path, second) in [
        ("components", "components"),
        ("incidents", "incidents"),
        ("incidents/unresolved", "incidents"),
        ("scheduled-maintenances", "scheduled_maintenances"),
        ("scheduled-maintenances/active", "scheduled_maintenances"),
        ("scheduled-maintenances/upcoming", "scheduled_maintenances"),
    ] {
        let text = body(&rendered, &format!("/api/v2/{path}.json"));
        assert_eq!(keys(&text, ""), list(&format!("page {second}")), "{path}");
    }
}

#[test]
fn times_have_three_digits_and_the_zone_of_the_page() {
    let at = sample::at("2026-11-20T15:02:30.0179Z");
    let zoned = |name: &str| stamp(at, &TimeZone::get(name).expect("zone"));
    assert_eq!(zoned("Etc/UTC"), "2026-11-20T15:02:30.017Z");
    assert_eq!(zoned("UTC"), "2026-11-20T15:02:30.017Z");
    assert_eq!(zoned("America/Los_Angeles"), "2026-11-20T07:02:30.017-08:00");
    assert_eq!(zoned("Europe/London"), "2026-11-20T15:02:30.017+00:00");
    assert_eq!(zoned("Asia/Kolkata"), "2026-11-20T20:32:30.017+05:30");
    let whole = sample::at("2026-11-20T15:02:30Z");
    assert_eq!(stamp(whole, &TimeZone::UTC), "2026-11-20T15:02:30.000Z");
}

#[test]
fn every_time_in_every_document_has_that_form() {
    fn walk(value: &Value, path: &str) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let is_time = key.ends_with("_at") || key == "scheduled_for" || key == "scheduled_until";
                    if let (true, Value::String(text)) = (is_time, value) {
                        let fits = text.len() == 29 && &text[19..20] == "." && text.ends_with("-05:00");
                        // New York went to winter time on 1 November 2026.
                        assert!(fits || text.ends_with("-04:00"), "{path}.{key}: {text}");
                    }
                    walk(value, &format!("{path}.{key}"));
                }
            }
            Value::Array(list) => list.iter().for_each(|v| walk(v, path)),
            _ => {}
        }
    }
    let rendered = rendered(sample::record_in("America/New_York"));
    for path in rendered.documents.keys().filter(|p| p.starts_with("/api/v2/") || p.ends_with(".json")) {
        if path != "/history.feed.json" && path != "/history.json" {
            walk(&json(&rendered, path), path);
        }
    }
}

#[test]
fn lists_hold_what_the_reference_says() {
    let mut record = sample::record();
    record.maintenances[0].state = amends_model::MaintenanceState::Verifying;
    let rendered = rendered(record);
    let count = |path: &str, list: &str| json(&rendered, path)[list].as_array().expect("never null").len();
    assert_eq!(count("/api/v2/incidents.json", "incidents"), 13);
    assert_eq!(count("/api/v2/incidents/unresolved.json", "incidents"), 2);
    assert_eq!(count("/api/v2/scheduled-maintenances.json", "scheduled_maintenances"), 2);
    assert_eq!(count("/api/v2/scheduled-maintenances/upcoming.json", "scheduled_maintenances"), 0);
    assert_eq!(count("/api/v2/scheduled-maintenances/active.json", "scheduled_maintenances"), 1);
    assert_eq!(count("/api/v2/summary.json", "scheduled_maintenances"), 1);
    let components = json(&rendered, "/api/v2/components.json");
    let positions: Vec<_> =
        components["components"].as_array().expect("list").iter().map(|c| c["position"].as_i64()).collect();
    assert!(positions.is_sorted(), "by position across groups: {positions:?}");
}

#[test]
fn a_letter_makes_it_a_postmortem() {
    let rendered = rendered(sample::record());
    let alone = json(&rendered, "/incidents/i00000000038.json");
    assert_eq!(alone["status"], "postmortem");
    assert_eq!(alone["incident_updates"][0]["status"], "postmortem");
    assert_eq!(alone["incident_updates"][0]["id"].as_str().map(str::len), Some(12));
    assert!(alone["postmortem_body"].as_str().is_some_and(|b| b.contains("We are sorry")));
}

#[test]
fn the_indicator_follows_the_components_and_amends_is_honest() {
    use ComponentStatus::*;
    // Statuses of the leaf components (the rest works), then indicator and description.
    let table = [
        (vec![], "none", "All Systems Operational"),
        (vec![UnderMaintenance], "maintenance", "Service Under Maintenance"),
        (vec![DegradedPerformance, UnderMaintenance], "minor", "Partially Degraded Service"),
        (vec![PartialOutage, DegradedPerformance], "minor", "Minor Service Outage"),
        (vec![MajorOutage, PartialOutage], "major", "Partial System Outage"),
        (vec![MajorOutage; 12], "critical", "Major System Outage"),
    ];
    for (statuses, indicator, description) in table {
        let mut record = sample::calm();
        let leaves = record.components.iter_mut().filter(|c| !c.is_group);
        for (component, status) in leaves.zip(&statuses) {
            component.status = *status;
        }
        let found = json(&rendered(record), "/api/v2/status.json");
        assert_eq!(
            (&found["status"]["indicator"], &found["status"]["description"]),
            (&indicator.into(), &description.into())
        );
        assert_eq!(found["status"]["amends"]["indicator"], indicator);
    }
    // Components look well while an incident is open: the old field says so, ours does not.
    let mut record = sample::record();
    record.components.iter_mut().for_each(|c| c.status = Operational);
    let found = json(&rendered(record), "/api/v2/summary.json");
    assert_eq!(found["status"]["indicator"], "none");
    assert_eq!(found["status"]["amends"]["indicator"], "major");
    assert!(
        found["status"]["amends"]["description"].as_str().is_some_and(|d| d.starts_with("Text messages"))
    );
}

#[test]
fn old_unresolved_incidents_stay_listed() {
    let mut record = sample::calm();
    let mut old = sample::late_texts(&record.components);
    old.phase = Phase::Monitoring;
    let template = record.incidents[3].clone();
    record.incidents = vec![template; 50];
    record.incidents.push(old);
    let rendered = rendered(record);
    let listed = json(&rendered, "/api/v2/incidents.json");
    assert_eq!(listed["incidents"].as_array().map(Vec::len), Some(51));
}
