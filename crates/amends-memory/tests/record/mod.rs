//! A small record to search in, and how tests write to it.
#![allow(clippy::unwrap_used, dead_code)]

use amends_memory::*;
use amends_model::*;
use amends_store::{Store, Tx, action, event, feed, incident, maintenance, postmortem};
use amends_testkit::stores::{Fresh, each};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap() + SignedDuration::from_hours(hours)
}

/// An id made of one letter.
pub fn id_of<T: std::str::FromStr<Err = String>>(letter: char) -> T {
    letter.to_string().repeat(12).parse().unwrap()
}

pub fn an_incident(letter: char, number: i64, title: &str, visibility: Visibility) -> Incident {
    Incident {
        id: id_of(letter),
        number,
        title: title.into(),
        summary: String::new(),
        visibility,
        severity: Severity::Sev2,
        impact: Impact::Major,
        impact_override: None,
        state: IncidentState::Open,
        phase: Phase::Investigating,
        started_at: at(number),
        resolved_at: None,
        monitoring_at: None,
        next_update_at: None,
        components: vec![],
        backfilled: false,
        source_url: None,
        created_at: at(number),
        updated_at: at(number),
        version: 1,
    }
}

pub fn a_maintenance(letter: char, number: i64, title: &str, visibility: Visibility) -> Maintenance {
    Maintenance {
        id: id_of(letter),
        number,
        title: title.into(),
        visibility,
        state: MaintenanceState::Scheduled,
        scheduled_for: at(number),
        scheduled_until: at(number + 1),
        started_at: None,
        completed_at: None,
        components: vec![],
        auto_start: true,
        auto_complete: true,
        remind_before_minutes: None,
        reminded_at: None,
        backfilled: false,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

pub fn an_event(n: u8, subject: impl Into<Subject>, body: EventBody) -> Event {
    Event {
        id: EventId::from_random([n; 12]),
        subject: subject.into(),
        at: at(i64::from(n)),
        written_at: at(i64::from(n)),
        actor: Actor::system("test"),
        body,
        edited_at: None,
        version: 1,
    }
}

pub fn note(text: &str) -> EventBody {
    EventBody::Note { text: text.into() }
}

pub fn update(text: &str) -> EventBody {
    EventBody::Update { phase: Phase::Investigating, text: text.into(), notify: true, components: vec![] }
}

/// A store with its memory.
pub struct Desk {
    pub fresh: Fresh,
    pub memory: Memory,
    pub folder: TempDir,
}

/// On each engine: three incidents and a maintenance.
///
/// - INC-1 (a, public) "Daily emails are not being sent": update, internal note with a secret
/// - INC-2 (b, internal) "User history unreachable on port 1433": summary, alert
/// - INC-3 (c, public) "Checkout is slow in Europe"
/// - 4 (d, public maintenance) "Database upgrade": update, note
pub async fn desks() -> Vec<Desk> {
    let mut desks = Vec::new();
    for fresh in each().await {
        let mut tx = fresh.store.begin().await.unwrap();
        let mails = an_incident('a', 1, "Daily emails are not being sent", Visibility::Public);
        add(&mut tx, &mails).await;
        say(
            &mut tx,
            an_event(1, mails.id.clone(), update("The vendor rejects our messages: rejected: unsigned.")),
        )
        .await;
        say(&mut tx, an_event(2, mails.id.clone(), note("The password of the vendor is swordfish"))).await;
        let mut port = an_incident('b', 2, "User history unreachable on port 1433", Visibility::Internal);
        port.summary = "The Kubernetes cluster cannot reach the database.".into();
        add(&mut tx, &port).await;
        let alert = EventBody::Alert { text: "line-of-sight probe deployed and red".into(), source: None };
        say(&mut tx, an_event(3, port.id.clone(), alert)).await;
        add(&mut tx, &an_incident('c', 3, "Checkout is slow in Europe", Visibility::Public)).await;
        let upgrade = a_maintenance('d', 4, "Database upgrade", Visibility::Public);
        maintenance::insert(&mut tx, &upgrade).await.unwrap();
        feed::push(&mut tx, "maintenance", upgrade.id.as_str(), at(0)).await.unwrap();
        let begins = EventBody::MaintenanceUpdate {
            state: MaintenanceState::Scheduled,
            text: "We move to new hardware.".into(),
            notify: true,
            components: vec![],
        };
        say(&mut tx, an_event(4, upgrade.id.clone(), begins)).await;
        say(&mut tx, an_event(5, upgrade.id, note("Ask Grace about the replica"))).await;
        tx.commit().await.unwrap();
        let folder = amends_testkit::folder::temporary();
        let memory = Memory::open(folder.path(), fresh.store.clone()).await.unwrap();
        memory.follow().await.unwrap();
        desks.push(Desk { fresh, memory, folder });
    }
    desks
}

pub fn a_postmortem(letter: char, incident: char, title: &str, document: &str) -> Postmortem {
    Postmortem {
        id: id_of(letter),
        incident_id: Some(id_of(incident)),
        title: title.into(),
        template: "five-questions".into(),
        letter_template: "regret-reason-remedy".into(),
        audience: Audience::Internal,
        state: PostmortemState::Draft,
        document: document.into(),
        letter_title: String::new(),
        letter: String::new(),
        published_letter: None,
        authors: vec![],
        reviewers: vec![],
        milestones: Milestones::default(),
        happened_at: at(0),
        published_at: None,
        imported: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

pub fn an_action(letter: char, text: &str, note: &str) -> CorrectiveAction {
    CorrectiveAction {
        id: id_of(letter),
        postmortem_id: None,
        incident_id: None,
        text: text.into(),
        owner: None,
        owner_id: None,
        due: None,
        term: Term::Short,
        state: ActionState::Open,
        note: note.into(),
        tracker: None,
        closed_at: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

/// Writes a postmortem, new or changed, and tells the feed.
pub async fn write(store: &Store, p: &mut Postmortem) {
    let mut tx = store.begin().await.unwrap();
    let by = Actor::system("test");
    match postmortem::get(&mut tx, &p.id).await.unwrap() {
        None => postmortem::insert(&mut tx, p, &by).await.unwrap(),
        Some(old) => {
            p.version = old.version + 1;
            assert!(postmortem::update(&mut tx, p, old.version, &by).await.unwrap());
        }
    }
    feed::push(&mut tx, "postmortem", p.id.as_str(), at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn promise(store: &Store, a: &CorrectiveAction) {
    let mut tx = store.begin().await.unwrap();
    action::insert(&mut tx, a).await.unwrap();
    feed::push(&mut tx, "action", a.id.as_str(), at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn add(tx: &mut Tx, incident: &Incident) {
    incident::insert(tx, incident).await.unwrap();
    feed::push(tx, "incident", incident.id.as_str(), at(0)).await.unwrap();
}

pub async fn say(tx: &mut Tx, event: Event) {
    event::insert(tx, &event).await.unwrap();
    feed::push(tx, event.subject.kind(), event.subject.id(), at(0)).await.unwrap();
}

/// Changes the incident and tells the feed.
pub async fn change(store: &Store, letter: char, change: impl FnOnce(&mut Incident)) {
    let mut tx = store.begin().await.unwrap();
    let mut incident = incident::get(&mut tx, &id_of(letter)).await.unwrap().unwrap();
    let version = incident.version;
    incident.version += 1;
    change(&mut incident);
    assert!(incident::update(&mut tx, &incident, version).await.unwrap());
    feed::push(&mut tx, "incident", incident.id.as_str(), at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

pub fn everything() -> Sight {
    Sight::Internal(Resource::ALL.to_vec())
}

pub async fn search(memory: &Memory, text: &str, sight: Sight) -> Vec<Hit> {
    memory.search(&Query { text: text.into(), sight, now: at(100), limit: 20 }).await.unwrap()
}

/// First letters of the ids that are found with every right.
pub async fn ids(memory: &Memory, text: &str) -> String {
    search(memory, text, everything()).await.iter().map(|hit| &hit.id[..1]).collect()
}

/// First letters of the ids that the public finds.
pub async fn public_ids(memory: &Memory, text: &str) -> String {
    search(memory, text, Sight::Public).await.iter().map(|hit| &hit.id[..1]).collect()
}

/// As text, matches in brackets.
pub fn shown(pieces: &[Piece]) -> String {
    pieces.iter().map(|p| if p.is_match { format!("[{}]", p.text) } else { p.text.clone() }).collect()
}
