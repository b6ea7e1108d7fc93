//! A believable company for tests and pictures: Harbour, which sends parcels around.

#![allow(dead_code, reason = "each test uses its part")]

use amends_model::event::ComponentChange;
use amends_model::page::{
    Letter, Page, PublicAffected, PublicIncident, PublicMaintenance, PublicRecord, PublicUpdate, Span,
    component_days,
};
use amends_model::{Component, ComponentId, ComponentStatus, Impact, MaintenanceState, Phase};
use jiff::{SignedDuration, Timestamp};

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The instant at which everything is looked at.
pub fn now() -> Timestamp {
    at("2026-11-20T15:24:10.250Z")
}

fn id<T: std::str::FromStr<Err = String>>(kind: char, n: usize) -> T {
    format!("{kind}{n:011}").parse().expect("an id")
}

const GROUPS: [(&str, &[(&str, &str)]); 4] = [
    ("", &[("Sign-in", ""), ("Reports", "Daily and weekly figures")]),
    ("Booking", &[("Booking site", ""), ("Booking API", ""), ("Price quotes", "")]),
    (
        "Deliveries",
        &[
            ("Route planning", ""),
            ("Driver app", "Android and iOS"),
            ("Live tracking", ""),
            ("Proof of delivery", ""),
        ],
    ),
    ("Messages", &[("Emails to recipients", ""), ("Text messages to drivers", ""), ("Webhooks", "")]),
];

/// All components and groups, everything working.
pub fn components() -> Vec<Component> {
    let mut all = vec![];
    let mut position = 0;
    let mut add = |name: &str, about: &str, group: Option<ComponentId>, is_group: bool| -> ComponentId {
        position += 1;
        let component = Component {
            id: id('c', position),
            name: name.into(),
            description: (!about.is_empty()).then(|| about.into()),
            group_id: group,
            is_group,
            position: position as i64,
            status: ComponentStatus::Operational,
            showcase: !is_group,
            only_show_if_degraded: false,
            start_date: (!is_group).then(|| "2025-03-01".parse().expect("date")),
            created_at: at("2025-03-01T09:00:00Z"),
            updated_at: at("2026-11-18T07:30:00.120Z"),
            archived: false,
            version: 1,
        };
        let id = component.id.clone();
        all.push(component);
        id
    };
    for (group, parts) in GROUPS {
        let group = (!group.is_empty()).then(|| add(group, "", None, true));
        for (name, about) in parts {
            add(name, about, group.clone(), false);
        }
    }
    all
}

pub fn named<'a>(components: &'a [Component], name: &str) -> &'a Component {
    components.iter().find(|c| c.name == name).expect("a component of this name")
}

fn full_name(components: &[Component], component: &Component) -> String {
    let group = component.group_id.as_ref().and_then(|g| components.iter().find(|c| c.id == *g));
    group.map_or(component.name.clone(), |g| format!("{} - {}", g.name, component.name))
}

fn touched(components: &[Component], names: &[(&str, ComponentStatus)]) -> Vec<PublicAffected> {
    names
        .iter()
        .map(|(name, status)| {
            let component = named(components, name);
            PublicAffected {
                component_id: component.id.clone(),
                name: full_name(components, component),
                status: *status,
            }
        })
        .collect()
}

fn update<S>(n: usize, status: S, text: &str, when: &str) -> PublicUpdate<S> {
    PublicUpdate {
        id: id('u', n),
        status,
        text: text.into(),
        display_at: at(when),
        created_at: at(when),
        updated_at: at(when),
        notify: true,
        components: vec![],
    }
}

/// One open incident with all there can be.
pub fn late_texts(components: &[Component]) -> PublicIncident {
    let texts = named(components, "Text messages to drivers");
    let mut first = update(
        1,
        Phase::Investigating,
        "Since 15:01 UTC, text messages to drivers arrive late. We are looking at why. Routes in the driver app are right; please ask drivers to look there.",
        "2026-11-20T15:04:12.400Z",
    );
    first.components.push(ComponentChange {
        component_id: texts.id.clone(),
        name: full_name(components, texts),
        from: ComponentStatus::Operational,
        to: ComponentStatus::PartialOutage,
    });
    PublicIncident {
        id: id('i', 42),
        number: 42,
        title: "Text messages to drivers arrive up to 20 minutes late".into(),
        impact: Impact::Major,
        phase: Phase::Identified,
        started_at: at("2026-11-20T15:01:00Z"),
        monitoring_at: None,
        resolved_at: None,
        next_update_at: Some(at("2026-11-20T15:40:00Z")),
        created_at: at("2026-11-20T15:02:30.017Z"),
        updated_at: at("2026-11-20T15:19:44.902Z"),
        components: touched(components, &[("Text messages to drivers", ComponentStatus::PartialOutage)]),
        updates: vec![
            update(
                2,
                Phase::Identified,
                "Our text message provider in Frankfurt accepts messages but passes them on **slowly**. We are moving traffic to a second provider. No message is lost:\n\n- new messages go out over the second provider from 15:30\n- waiting ones follow in order",
                "2026-11-20T15:19:44.902Z",
            ),
            first,
        ],
        letter: None,
    }
}

fn slow_tracking(components: &[Component]) -> PublicIncident {
    PublicIncident {
        id: id('i', 41),
        number: 41,
        title: "Tracking pages open slowly for some recipients".into(),
        impact: Impact::Minor,
        phase: Phase::Monitoring,
        started_at: at("2026-11-20T12:10:00Z"),
        monitoring_at: Some(at("2026-11-20T14:32:00Z")),
        resolved_at: None,
        next_update_at: None,
        created_at: at("2026-11-20T12:21:00Z"),
        updated_at: at("2026-11-20T14:32:00Z"),
        components: touched(components, &[("Live tracking", ComponentStatus::DegradedPerformance)]),
        updates: vec![
            update(
                12,
                Phase::Monitoring,
                "Pages open in under a second again since 14:20. We watch it over the evening peak.",
                "2026-11-20T14:32:00Z",
            ),
            update(
                11,
                Phase::Identified,
                "One of three map servers answers slowly. We are taking it out.",
                "2026-11-20T13:40:00Z",
            ),
            update(
                10,
                Phase::Investigating,
                "Still looking. About one page in five takes ten seconds or longer.",
                "2026-11-20T12:55:00Z",
            ),
            update(
                9,
                Phase::Investigating,
                "Tracking pages open slowly for some recipients. Deliveries are not affected.",
                "2026-11-20T12:22:00Z",
            ),
        ],
        letter: None,
    }
}

const PAST: [(&str, Impact, &str, ComponentStatus, &str, i64, &str); 11] = [
    (
        "Some bookings were confirmed twice",
        Impact::Minor,
        "Booking API",
        ComponentStatus::DegradedPerformance,
        "2026-11-14T08:12:00Z",
        47,
        "A retry created a second booking when the first answer was late. All 212 doubles are cancelled and nobody was charged twice.",
    ),
    (
        "Webhooks were delayed by up to an hour",
        Impact::Major,
        "Webhooks",
        ComponentStatus::PartialOutage,
        "2026-11-09T17:30:00Z",
        112,
        "The queue is empty again and every webhook was delivered.",
    ),
    (
        "Sign-in failed for accounts with single sign-on",
        Impact::Critical,
        "Sign-in",
        ComponentStatus::MajorOutage,
        "2026-10-28T06:58:00Z",
        38,
        "A certificate that we had renewed was not loaded. It is now, and a check watches its date.",
    ),
    (
        "Routes could not be changed after 16:00",
        Impact::Major,
        "Route planning",
        ComponentStatus::PartialOutage,
        "2026-10-21T14:02:00Z",
        76,
        "Changes are saved again. Routes planned before were not affected.",
    ),
    (
        "Price quotes were missing for Norway",
        Impact::Minor,
        "Price quotes",
        ComponentStatus::DegradedPerformance,
        "2026-10-12T09:00:00Z",
        340,
        "The tariff file of October is in place.",
    ),
    (
        "Driver app showed yesterday's stops",
        Impact::Major,
        "Driver app",
        ComponentStatus::PartialOutage,
        "2026-10-03T04:10:00Z",
        95,
        "Drivers see today's stops after opening the app again.",
    ),
    (
        "Emails to recipients went to spam",
        Impact::Minor,
        "Emails to recipients",
        ComponentStatus::DegradedPerformance,
        "2026-09-24T11:00:00Z",
        1570,
        "The signature of our mails is whole again and the large providers deliver to the inbox.",
    ),
    (
        "Booking site was down",
        Impact::Critical,
        "Booking site",
        ComponentStatus::MajorOutage,
        "2026-09-16T12:44:00Z",
        19,
        "The site is back. We are sorry.",
    ),
    (
        "Reports for Monday came late",
        Impact::Minor,
        "Reports",
        ComponentStatus::DegradedPerformance,
        "2026-09-07T05:00:00Z",
        210,
        "All reports are there.",
    ),
    (
        "Photos of deliveries did not load",
        Impact::Minor,
        "Proof of delivery",
        ComponentStatus::DegradedPerformance,
        "2026-08-31T15:20:00Z",
        64,
        "Photos load again.",
    ),
    (
        "Live tracking stood still",
        Impact::Major,
        "Live tracking",
        ComponentStatus::PartialOutage,
        "2026-08-26T07:31:00Z",
        53,
        "Positions move again.",
    ),
];

fn past(components: &[Component]) -> Vec<PublicIncident> {
    PAST.iter()
        .enumerate()
        .map(|(n, (title, impact, component, status, started, minutes, end))| {
            let started_at = at(started);
            let over = started_at + SignedDuration::from_mins(*minutes);
            let told = started_at + SignedDuration::from_mins(6);
            let number = 40 - n;
            PublicIncident {
                id: id('i', number),
                number: number as i64,
                title: (*title).into(),
                impact: *impact,
                phase: Phase::Resolved,
                started_at,
                monitoring_at: None,
                resolved_at: Some(over),
                next_update_at: None,
                created_at: told,
                updated_at: over,
                components: touched(components, &[(component, *status)]),
                updates: vec![
                    update(1000 + number * 10 + 1, Phase::Resolved, end, &over.to_string()),
                    update(
                        1000 + number * 10,
                        Phase::Investigating,
                        "We see the problem and are looking into it.",
                        &told.to_string(),
                    ),
                ],
                letter: (n == 2).then(letter),
            }
        })
        .collect()
}

fn letter() -> Letter {
    Letter {
        title: "Sign-in on 28 October: what happened and what changes".into(),
        text: "From 06:58 to 07:36 UTC, people whose company uses single sign-on could not sign in. We are sorry: that is when your day begins.\n\n## Why\n\nWe had renewed the certificate that signs our requests, and did not load it. The old one ran out at 06:58.\n\n## What we changed\n\n1. Certificates are loaded when they are renewed, not when somebody restarts a server.\n2. A check reads the date of the certificate **that is in use** and wakes us 14 days before.\n\n| Time (UTC) | What |\n|---|---|\n| 06:58 | The old certificate ran out |\n| 07:04 | We told you here |\n| 07:36 | The new one was in use |\n".into(),
        published_at: at("2026-10-30T10:00:00Z"),
        updated_at: at("2026-10-30T10:00:00Z"),
    }
}

fn planned(components: &[Component]) -> Vec<PublicMaintenance> {
    let base = |number: usize, title: &str, state, from: &str, until: &str, part: &str, words: &str| {
        PublicMaintenance {
            id: id('m', number),
            number: 9000 + number as i64,
            title: title.into(),
            state,
            scheduled_for: at(from),
            scheduled_until: at(until),
            started_at: None,
            completed_at: None,
            created_at: at("2026-11-16T09:00:00Z"),
            updated_at: at("2026-11-16T09:00:00Z"),
            sequence: 0,
            components: touched(components, &[(part, ComponentStatus::UnderMaintenance)]),
            updates: vec![update(500 + number, MaintenanceState::Scheduled, words, "2026-11-16T09:00:00Z")],
        }
    };
    let mut done = base(
        1,
        "New database for bookings",
        MaintenanceState::Completed,
        "2026-11-11T03:00:00Z",
        "2026-11-11T04:00:00Z",
        "Booking site",
        "Bookings could be read but not changed for half an hour.",
    );
    done.started_at = Some(at("2026-11-11T03:00:00Z"));
    done.completed_at = Some(at("2026-11-11T03:41:00Z"));
    done.created_at = at("2026-11-02T09:00:00Z");
    done.updated_at = at("2026-11-11T03:41:00Z");
    done.updates[0].display_at = done.created_at;
    let words = "All bookings can be changed again.";
    done.updates.insert(0, update(511, MaintenanceState::Completed, words, "2026-11-11T03:41:00Z"));
    done.sequence = 2;
    vec![
        base(
            2,
            "Reports move to a larger database",
            MaintenanceState::Scheduled,
            "2026-11-29T05:00:00Z",
            "2026-11-29T05:30:00Z",
            "Reports",
            "Reports can be read, but new ones wait until the work is over.",
        ),
        done,
    ]
}

/// The page's settings.
pub fn page(zone: &str) -> Page {
    Page {
        id: id('p', 1),
        name: "Harbour".into(),
        url: "https://status.harbour.example".into(),
        time_zone: zone.into(),
        description: Some("Parcels, on their way".into()),
        support_url: Some("https://harbour.example/help".into()),
        language: "en".into(),
        created_at: at("2025-03-01T09:00:00Z"),
        updated_at: at("2026-11-20T15:19:44.902Z"),
        version: 3,
    }
}

/// Puts the record together: statuses from what is open, days from everything.
pub fn assemble(
    page: Page,
    mut components: Vec<Component>,
    incidents: Vec<PublicIncident>,
    maintenances: Vec<PublicMaintenance>,
) -> PublicRecord {
    let span = |a: &PublicAffected, from, until, cause: &str, title: &str| Span {
        component_id: a.component_id.clone(),
        status: a.status,
        from,
        until,
        cause: cause.into(),
        title: title.into(),
    };
    let mut spans = vec![];
    for i in &incidents {
        spans.extend(
            i.components.iter().map(|a| span(a, i.started_at, i.resolved_at, i.id.as_str(), &i.title)),
        );
        for a in i.components.iter().filter(|_| i.phase != Phase::Resolved) {
            let component = components.iter_mut().find(|c| c.id == a.component_id);
            if let Some(c) = component {
                c.status = c.status.max(a.status);
            }
        }
    }
    for m in maintenances.iter().filter(|m| m.started_at.is_some()) {
        let from = m.started_at.unwrap_or(m.scheduled_for);
        spans.extend(m.components.iter().map(|a| span(a, from, m.completed_at, m.id.as_str(), &m.title)));
    }
    for group in components.clone().iter().filter(|c| c.is_group) {
        let worst =
            components.iter().filter(|c| c.group_id.as_ref() == Some(&group.id)).map(|c| c.status).max();
        let shown = components.iter_mut().find(|c| c.id == group.id);
        if let (Some(shown), Some(worst)) = (shown, worst) {
            shown.status = worst;
        }
    }
    let days = component_days(&components, &spans, 90, &page.zone(), now());
    let is_way = |c: &amends_model::Channel| *c != amends_model::Channel::Websub;
    let ways = amends_model::Channel::ALL.iter().copied().filter(is_way).collect();
    PublicRecord { page, components, incidents, maintenances, days, ways, read_at: now() }
}

/// Two open incidents, one planned maintenance, a history.
pub fn record() -> PublicRecord {
    record_in("Etc/UTC")
}

/// The same in another zone.
pub fn record_in(zone: &str) -> PublicRecord {
    let components = components();
    let mut incidents = vec![late_texts(&components), slow_tracking(&components)];
    incidents.extend(past(&components));
    let maintenances = planned(&components);
    assemble(page(zone), components, incidents, maintenances)
}

/// A good day.
pub fn calm() -> PublicRecord {
    let components = components();
    let (incidents, maintenances) = (past(&components), planned(&components));
    assemble(page("Etc/UTC"), components, incidents, maintenances)
}

/// A bad one: everything is out.
pub fn down() -> PublicRecord {
    let mut record = calm();
    let names: Vec<(&str, ComponentStatus)> = GROUPS
        .iter()
        .flat_map(|(_, parts)| parts.iter())
        .map(|(n, _)| (*n, ComponentStatus::MajorOutage))
        .collect();
    let mut incident = late_texts(&record.components);
    incident.title = "Harbour cannot be reached".into();
    incident.impact = Impact::Critical;
    incident.phase = Phase::Investigating;
    incident.components = touched(&record.components, &names);
    incident.updates.remove(0);
    incident.updates[0].text =
        "Harbour cannot be reached since 15:01 UTC. We are on it with everybody we have.".into();
    incident.next_update_at = Some(at("2026-11-20T15:15:00Z"));
    record.incidents.insert(0, incident);
    assemble(record.page, record.components, record.incidents, record.maintenances)
}

/// A record in which everything that people write is hostile.
pub fn hostile() -> PublicRecord {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'\u{202e}gnp.exe\u{0}\u{7}\r\nX-Evil: 1 ]]> &amp; {{7*7}} javascript:alert(3)";
    let mut record = record();
    record.page.name = format!("Evil {EVIL}");
    record.page.description = Some(EVIL.into());
    record.page.support_url = Some("javascript:alert(4)".into());
    record.page.language = "en\" onload=\"alert(5)".into();
    for c in &mut record.components {
        c.name = format!("{} {EVIL}", c.name);
        c.description = Some(EVIL.into());
    }
    let texts = |text: &mut String| {
        *text = format!(
            "{text}\n\n{EVIL}\n\n[click](javascript:alert(6)) ![x](https://evil.example/x.gif) <svg onload=alert(7)>"
        );
    };
    for i in &mut record.incidents {
        i.title = format!("{} {EVIL}", i.title);
        i.components.iter_mut().for_each(|c| c.name.push_str(EVIL));
        for u in &mut i.updates {
            texts(&mut u.text);
            u.components.iter_mut().for_each(|c| c.name.push_str(EVIL));
        }
        if let Some(letter) = &mut i.letter {
            letter.title.push_str(EVIL);
            texts(&mut letter.text);
        }
    }
    for m in &mut record.maintenances {
        m.title = format!("{} {EVIL}", m.title);
        m.components.iter_mut().for_each(|c| c.name.push_str(EVIL));
        m.updates.iter_mut().for_each(|u| texts(&mut u.text));
    }
    for day in record.days.iter_mut().flat_map(|d| &mut d.days) {
        day.causes.iter_mut().for_each(|(_, title)| title.push_str(EVIL));
    }
    record
}

/// Text in a script that runs from right to left.
pub fn right_to_left() -> PublicRecord {
    let mut record = record();
    record.page.language = "he".into();
    record.incidents[0].title = "הודעות לנהגים מגיעות באיחור".into();
    record.incidents[0].updates[0].text = "הספק מעביר הודעות לאט. אנחנו עוברים לספק שני.".into();
    record.components[0].name = "כניסה".into();
    record
}
