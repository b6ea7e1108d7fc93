//! The sentence on top.

use super::sample::{self, at};
use super::{body, rendered};
use crate::public::sentence::sentence;
use crate::public::when::When;
use amends_model::page::PublicRecord;
use amends_model::{ComponentStatus, Impact, MaintenanceState, Phase};
use proptest::prelude::*;
use std::sync::LazyLock;

fn plain(record: &PublicRecord) -> String {
    let when = When { zone: record.page.zone(), now: sample::now() };
    sentence(record, sample::now()).plain(&when)
}

#[test]
fn it_says_what_is_wrong_and_when_the_next_word_comes() {
    assert_eq!(
        plain(&sample::record()),
        "Text messages to drivers arrive up to 20 minutes late. We know why and are fixing it. Also open: Tracking \
         pages open slowly for some recipients. Everything else is working. Next word by 15:40 UTC, sooner if we know more."
    );
    assert_eq!(
        plain(&sample::down()),
        "Harbour cannot be reached. We are looking into it. We promised word by 15:15 UTC and are late with it."
    );
    assert_eq!(plain(&sample::calm()), "Everything is working.");
}

#[test]
fn words_that_were_changed_say_so() {
    let mut record = sample::record();
    let id = record.incidents[0].id.to_string();
    for path in ["/".to_owned(), format!("/incidents/{id}")] {
        assert!(!body(&rendered(record.clone()), &path).contains("edited"), "{path}");
    }
    let newest = &mut record.incidents[0].updates[0];
    newest.updated_at = newest.created_at + jiff::SignedDuration::from_mins(7);
    for path in ["/".to_owned(), format!("/incidents/{id}")] {
        let html = body(&rendered(record.clone()), &path);
        assert_eq!(html.matches(" · edited <time").count(), 1, "{path}: {html}");
    }
}

#[test]
fn a_good_day_names_the_work_ahead() {
    let mut record = sample::calm();
    record.maintenances[0].scheduled_for = at("2026-11-21T05:00:00Z");
    assert_eq!(
        plain(&record),
        "Everything is working. Planned work ahead: Reports move to a larger database, 21 Nov, 05:00 UTC."
    );
    record.maintenances[0].state = MaintenanceState::InProgress;
    record.maintenances[0].scheduled_until = at("2026-11-20T16:00:00Z");
    assert_eq!(
        plain(&record),
        "Planned work is going on: Reports move to a larger database. Planned until 16:00 UTC."
    );
    assert_eq!(sentence(&record, sample::now()).state, ComponentStatus::UnderMaintenance);
}

#[test]
fn components_that_hurt_without_an_incident_are_named() {
    let mut record = sample::calm();
    for (n, name) in ["Booking API", "Driver app", "Webhooks", "Reports", "Sign-in"].iter().enumerate() {
        let component = record.components.iter_mut().find(|c| c.name == *name).expect("component");
        component.status = ComponentStatus::PartialOutage;
        let names = match n {
            0 => "Booking API",
            1 => "Booking API and Driver app",
            2 => "Booking API, Driver app and Webhooks",
            3 => "Reports, Booking API, Driver app and 1 more",
            _ => "Sign-in, Reports, Booking API and 2 more",
        };
        assert_eq!(plain(&record), format!("Partly out of service: {names}. Everything else is working."));
    }
}

#[test]
fn an_incident_without_impact_is_told_too() {
    let mut record = sample::calm();
    let mut incident = sample::late_texts(&record.components);
    incident.impact = Impact::None;
    incident.phase = Phase::Investigating;
    incident.title = "Are some invoices missing?".into();
    record.incidents.insert(0, incident);
    assert_eq!(
        plain(&record),
        "Are some invoices missing? We are looking into it. Customers should notice nothing."
    );
}

fn statuses() -> impl Strategy<Value = Vec<ComponentStatus>> {
    prop::collection::vec(prop::sample::select(ComponentStatus::ALL.to_vec()), 0..16)
}

static CALM: LazyLock<PublicRecord> = LazyLock::new(sample::calm);

proptest! {
    #[test]
    fn it_never_says_that_all_is_well_while_an_incident_with_impact_is_open(
        statuses in statuses(),
        impacts in prop::collection::vec(
            (prop::sample::select(Impact::ALL.to_vec()), prop::sample::select(Phase::ALL.to_vec()), any::<bool>()), 1..5),
        running in any::<bool>(),
    ) {
        let mut record = CALM.clone();
        for (component, status) in record.components.iter_mut().zip(statuses) {
            component.status = status;
        }
        if running {
            record.maintenances[0].state = MaintenanceState::InProgress;
        }
        let mut hurting = false;
        for (impact, phase, named) in impacts {
            let mut incident = sample::late_texts(&record.components);
            (incident.impact, incident.phase) = (impact, phase);
            if !named {
                incident.components.clear();
            }
            hurting |= impact > Impact::None && phase != Phase::Resolved;
            record.incidents.insert(0, incident);
        }
        let text = plain(&record).to_lowercase();
        let found = sentence(&record, sample::now());
        if hurting {
            prop_assert!(found.state > ComponentStatus::UnderMaintenance);
            prop_assert!(text.starts_with("text messages to drivers arrive"), "{}", text);
            prop_assert!(!text.contains("everything is working") && !text.contains("operational"), "{}", text);
        }
        let broken = record.components.iter().any(|c| !c.is_group && c.status != ComponentStatus::Operational);
        prop_assert!(!(broken && text.contains("everything is working")), "{}", text);
    }
}
