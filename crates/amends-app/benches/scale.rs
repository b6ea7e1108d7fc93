//! What lists, an incident's room, the history and search cost with 100,000 incidents, 1,000,000 timeline events and
//! 10,000 postmortems, on both engines. Each line is `NAME ms VALUE goal VALUE` (99th percentile).
//!
//! `AMENDS_SCALE` makes it smaller: 0.01 for a hundredth. `AMENDS_SCALE_POSTGRES` is the address of a database, empty or
//! filled by an earlier run; without it a cluster is started for the purpose, as durable as in earnest.
//! `AMENDS_SCALE_ENGINE` is `sqlite` or `postgres` for only one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use amends_app::incident::Filter;
use amends_app::{App, Caller, Paging, Settings};
use amends_model::postmortem::{Audience, Postmortem, PostmortemState};
use amends_model::*;
use amends_store::{Store, component, event, incident, postmortem};
use amends_testkit::language::{Dice, Language};
use amends_testkit::postgres::{self, Cluster, Durability};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const INCIDENTS: f64 = 100_000.0;
const EVENTS_EACH: usize = 10;
const POSTMORTEMS: f64 = 10_000.0;
const ROUNDS: usize = 300;
const GOAL: f64 = 20.0;
/// Reading all that the public page shows, once after a change and never while somebody waits for the page.
const REFRESH_GOAL: f64 = 100.0;

#[tokio::main]
async fn main() {
    // Where a request's handler runs: not on the thread that waits for everything to end.
    tokio::spawn(run()).await.unwrap();
}

async fn run() {
    let scale: f64 = std::env::var("AMENDS_SCALE").ok().and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let only = std::env::var("AMENDS_SCALE_ENGINE").ok();
    let wanted = |engine: &str| only.as_deref().is_none_or(|only| only == engine);
    if wanted("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_folder(folder.path()).await.unwrap();
        measure(store, None, folder.path(), scale).await;
    }
    if !wanted("postgres") || postgres::skipped() {
        return;
    }
    let given = std::env::var("AMENDS_SCALE_POSTGRES").ok();
    let cluster =
        given.is_none().then(|| Cluster::launch(Durability::Full).unwrap_or_else(|error| panic!("{error}")));
    let url = given.or_else(|| cluster.as_ref().map(Cluster::fresh_database)).unwrap();
    let other = tempfile::tempdir().unwrap();
    measure(Store::open_postgres(&url).await.unwrap(), Some(&url), other.path(), scale).await;
}

/// Over a store in `folder`, or in the database `postgres`.
async fn measure(store: Store, postgres: Option<&str>, folder: &Path, scale: f64) {
    let engine = if postgres.is_some() { "postgres" } else { "sqlite" };
    let language = Language::new(&mut Dice::new(7));
    let began = Instant::now();
    let (ids, begin) = fill(&store, &language, scale).await;
    if let Some(url) = postgres {
        // As it would be in time by itself; otherwise that happens while it is measured.
        let psql = postgres::binaries().unwrap().join("psql");
        let work = ["--quiet", "--command", "VACUUM ANALYZE", "--command", "CHECKPOINT", url];
        let status = Command::new(psql).args(work).status();
        assert!(status.unwrap().success());
    }
    println!(
        "{engine}: {} incidents, {} events, filled in {:.0} s",
        ids.len(),
        ids.len() * EVENTS_EACH,
        began.elapsed().as_secs_f32()
    );
    let now = begin + SignedDuration::from_hours(24 * 3650);
    let settings = Settings { public_url: "http://127.0.0.1".into(), data_folder: folder.to_owned() };
    let app = App::new(store, Arc::new(move || now), Arc::new(|b: &mut [u8]| b.fill(7)), settings);
    let caller = Caller::system("bench");
    let mut dice = Dice::new(99);

    let mut cursors: Vec<Option<String>> = vec![None];
    for _ in 0..20 {
        let at = begin + SignedDuration::from_hours(dice.below(24 * 3650) as i64);
        cursors.push(Some(format!("{:x}-zzzzzzzzzzzz", at.as_microsecond())));
    }
    let mut list = Vec::new();
    for n in 0..ROUNDS {
        let paging = Paging { limit: Some(50), cursor: cursors[n % cursors.len()].clone() };
        list.push(timed(app.incidents(&caller, Filter::All, &paging)).await);
    }
    tell(engine, "list", list, GOAL);
    let mut room = Vec::new();
    for _ in 0..ROUNDS {
        let id = &ids[dice.below(ids.len())];
        room.push(timed(app.room(&caller, id.as_str())).await);
    }
    tell(engine, "room", room, GOAL);
    let mut history = Vec::new();
    for _ in 0..ROUNDS {
        let from = begin + SignedDuration::from_hours(24 * dice.below(3600) as i64);
        history.push(timed(app.public_history(from, from + SignedDuration::from_hours(24 * 30))).await);
    }
    tell(engine, "history_month", history, GOAL);
    let mut record = Vec::new();
    for _ in 0..20 {
        record.push(timed(app.public_record()).await);
    }
    tell(engine, "public_record", record, REFRESH_GOAL);

    let began = Instant::now();
    app.follow_record().await.unwrap();
    while !app.search(Some(&caller), "database", None).await.unwrap().complete {
        app.follow_record().await.unwrap();
    }
    println!("{engine}: indexed in {:.0} s", began.elapsed().as_secs_f32());
    // Its pieces are joined beside what else is done; searches are measured when that is over.
    let pieces = || {
        let meta = std::fs::read_to_string(folder.join("search/0/meta.json")).unwrap();
        meta.matches("\"segment_id\"").count()
    };
    for _ in 0..120 {
        if pieces() <= 8 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        app.follow_record().await.unwrap();
    }
    println!("{engine}: {} pieces after {:.0} s", pieces(), began.elapsed().as_secs_f32());
    let mut search = Vec::new();
    for n in 0..ROUNDS {
        let mut text = language.text(&mut dice, 1 + n % 3);
        // As one types: the last word is not finished.
        text.truncate(text.len() - n % 3);
        search.push(timed(app.search(Some(&caller), &text, None)).await);
    }
    tell(engine, "search", search, GOAL);
}

async fn timed<T, E: std::fmt::Debug>(work: impl Future<Output = Result<T, E>>) -> f64 {
    let began = Instant::now();
    work.await.unwrap();
    began.elapsed().as_secs_f64() * 1000.0
}

fn tell(engine: &str, what: &str, mut times: Vec<f64>, goal: f64) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("{engine}: {what} takes {:.2} ms at the median", at(0.5));
    println!("scale_{engine}_{what}_p99 ms {:.2} goal {goal}", at(0.99));
}

async fn fill(store: &Store, language: &Language, scale: f64) -> (Vec<IncidentId>, Timestamp) {
    let begin: Timestamp = "2016-01-01T00:00:00Z".parse().unwrap();
    let mut dice = Dice::new(1);
    let count = (INCIDENTS * scale) as usize;
    let mut ids = Vec::with_capacity(count);
    let mut tx = store.begin().await.unwrap();
    if incident::count(&mut tx, incident::Which::All).await.unwrap() > 0 {
        let found = tx.query("SELECT id FROM incidents ORDER BY started_at", &[]).await.unwrap();
        return (found.iter().map(|row| row.get::<String>(0).unwrap().parse().unwrap()).collect(), begin);
    }
    let own = amends_model::page::Page {
        id: PageId::from_random([1; 12]),
        name: "Scale".into(),
        url: "http://127.0.0.1".into(),
        time_zone: "Etc/UTC".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: begin,
        updated_at: begin,
        version: 1,
    };
    amends_store::page::insert(&mut tx, &own).await.unwrap();
    let components: Vec<ComponentId> = (1..=12).map(|n| ComponentId::from_random([n; 12])).collect();
    for (n, id) in components.iter().enumerate() {
        let c = Component {
            id: id.clone(),
            name: format!("Part {n}"),
            description: None,
            group_id: None,
            is_group: false,
            position: n as i64 + 1,
            status: ComponentStatus::Operational,
            showcase: true,
            only_show_if_degraded: false,
            start_date: None,
            created_at: begin,
            updated_at: begin,
            archived: false,
            version: 1,
        };
        component::insert(&mut tx, &c).await.unwrap();
    }
    tx.commit().await.unwrap();
    let step = 3650.0 * 86_400.0 / count as f64;
    for some in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let mut tx = store.begin().await.unwrap();
        let mut events = Vec::with_capacity(some.len() * EVENTS_EACH);
        for n in some {
            let started_at = begin + SignedDuration::from_secs((*n as f64 * step) as i64);
            let id = IncidentId::from_random(dice.id());
            let public = dice.below(5) == 0;
            let i =
                an_incident(&mut dice, language, id.clone(), *n as i64 + 1, started_at, public, &components);
            incident::insert(&mut tx, &i).await.unwrap();
            for e in 0..EVENTS_EACH {
                let at = started_at + SignedDuration::from_mins(e as i64 * 3);
                let text = language.text(&mut dice, 14);
                let body = match e {
                    0 => EventBody::Declared { severity: i.severity },
                    2 | 6 | 9 if public => EventBody::Update {
                        phase: if e == 9 { Phase::Resolved } else { Phase::Identified },
                        text,
                        notify: true,
                        components: vec![],
                    },
                    _ => EventBody::Note { text },
                };
                events.push(Event {
                    id: EventId::from_random(dice.id()),
                    subject: id.clone().into(),
                    at,
                    written_at: at,
                    actor: Actor::system("bench"),
                    body,
                    edited_at: None,
                    version: 1,
                });
            }
            ids.push(id);
        }
        event::insert_many(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
    }
    fill_postmortems(store, &mut dice, language, &ids, begin, (POSTMORTEMS * scale) as usize).await;
    (ids, begin)
}

fn an_incident(
    dice: &mut Dice,
    language: &Language,
    id: IncidentId,
    number: i64,
    started_at: Timestamp,
    public: bool,
    components: &[ComponentId],
) -> Incident {
    let end = started_at + SignedDuration::from_mins(40);
    Incident {
        id,
        number,
        title: language.text(dice, 6),
        summary: language.text(dice, 20),
        visibility: if public { Visibility::Public } else { Visibility::Internal },
        severity: Severity::Sev3,
        impact: Impact::Minor,
        impact_override: None,
        state: IncidentState::Resolved,
        phase: Phase::Resolved,
        started_at,
        resolved_at: Some(end),
        monitoring_at: None,
        next_update_at: None,
        components: vec![Affected {
            component_id: components[dice.below(components.len())].clone(),
            status: ComponentStatus::DegradedPerformance,
            current: ComponentStatus::Operational,
        }],
        backfilled: false,
        source_url: None,
        created_at: started_at,
        updated_at: end,
        version: 1,
    }
}

async fn fill_postmortems(
    store: &Store,
    dice: &mut Dice,
    language: &Language,
    ids: &[IncidentId],
    begin: Timestamp,
    count: usize,
) {
    for some in (0..count).collect::<Vec<_>>().chunks(500) {
        let mut tx = store.begin().await.unwrap();
        for n in some {
            let p = Postmortem {
                id: PostmortemId::from_random(dice.id()),
                incident_id: Some(ids[n * ids.len() / count].clone()),
                title: language.text(dice, 6),
                template: "five-questions".into(),
                letter_template: "regret-reason-remedy".into(),
                audience: Audience::Internal,
                state: PostmortemState::Published,
                document: language.text(dice, 300),
                letter_title: String::new(),
                letter: String::new(),
                published_letter: None,
                authors: vec![],
                reviewers: vec![],
                milestones: Milestones::default(),
                happened_at: begin + SignedDuration::from_hours(*n as i64),
                published_at: Some(begin),
                imported: None,
                created_at: begin,
                updated_at: begin,
                version: 1,
            };
            postmortem::insert(&mut tx, &p, &Actor::system("bench")).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}
