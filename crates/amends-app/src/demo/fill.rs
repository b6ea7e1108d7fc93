//! Fills an empty store with the demo's company.

use std::collections::HashMap;

use amends_model::page::Page;
use amends_model::subscriber::{Channel, Origin, Subscriber};
use amends_model::{
    Action, Actor, Component, ComponentId, ComponentStatus, Event, Incident, Maintenance, Person, PersonId,
    Resource,
};
use amends_store::{
    Tx, action, audit, component, event, feed, incident, maintenance, page, person, postmortem, subscriber,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::ContentError;
use super::content::Company;
use super::learned::Learned;
use super::record::{Cast, Told, id};
use super::subscribers::make;
use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;

/// How many people hear from the page.
const SUBSCRIBERS: usize = 500;

/// How far the filling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What was filled in last, such as "incidents".
    pub what: &'static str,
    /// How many of them.
    pub count: usize,
}

/// What was filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The administrator, for whom a sign-in link can be made.
    pub administrator: Person,
    /// What and how many, in the order in which it was done.
    pub counts: Vec<Progress>,
}

impl From<ContentError> for AppError {
    fn from(error: ContentError) -> Self {
        AppError::Internal(error.to_string())
    }
}

/// Fills the store of `app`, which must be empty, with the demo's company as of now. Nobody is notified.
///
/// Errors: the store holds a page already; the store cannot be written.
pub async fn fill(app: &App, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Filled, AppError> {
    let company = Company::load()?;
    let caller = Caller::system("demo");
    let mut counts = Vec::new();
    let mut tell = |what, count| {
        let step = Progress { what, count };
        progress(step);
        counts.push(step);
    };
    let now = app.now();
    let mut tx = app.begin().await?;
    if page::get(&mut tx).await?.is_some() {
        return Err(AppError::Refused(
            "the demo fills an empty store only, and this one has a page; start it without --data".into(),
        ));
    }
    let since = now.checked_sub(SignedDuration::from_hours(24 * 400)).unwrap_or(now);
    let people = add_page_and_people(app, &mut tx, &company, since).await?;
    tell("people", people.len());
    let components = add_components(&mut tx, &company, since).await?;
    tell("components", components.len());
    let cast = Cast { people, components, now };

    let (told, works) = stories(&company, &cast)?;
    let updates = told.iter().flat_map(|t| &t.events).chain(works.iter().flat_map(|(_, e)| e));
    let updates = updates.filter(|e| e.body.is_public()).count();
    add_record(&mut tx, &told, &works, now).await?;
    tell("incidents", told.len());
    tell("updates", updates);
    tell("maintenances", works.len());

    let learned = learned(&company, &cast, &told)?;
    add_learned(&mut tx, &learned, &cast, now).await?;
    tell("postmortems", learned.len());
    tell("actions", learned.iter().map(|l| l.actions.len()).sum());

    let subscribers = subscribers(&company, &cast)?;
    subscriber::insert_many(&mut tx, &subscribers).await?;
    tell("subscribers", subscribers.len());

    let administrator = cast
        .people
        .values()
        .find(|p| p.role == amends_model::Role::Administrator)
        .cloned()
        .ok_or_else(|| ContentError::new("company.toml", "no administrator"))?;
    let detail = json!({"company": company.page.name});
    audit::push(&mut tx, now, &caller.actor, Action::Create, Resource::Import, "demo", &detail).await?;
    page::touch(&mut tx, now).await?;
    app.commit(tx).await?;
    Ok(Filled { administrator, counts })
}

async fn add_page_and_people(
    app: &App,
    tx: &mut Tx,
    company: &Company,
    since: Timestamp,
) -> Result<HashMap<String, Person>, AppError> {
    let new = Page {
        id: id("page", "page")?,
        name: company.page.name.clone(),
        url: app.settings().public_url.clone(),
        time_zone: company.page.time_zone.clone(),
        description: Some(company.page.description.clone()),
        support_url: Some("mailto:care@marrowby.example".into()),
        language: "en".into(),
        created_at: since,
        updated_at: since,
        version: 1,
    };
    page::insert(tx, &new).await?;
    let mut people = HashMap::new();
    for p in &company.people {
        let person_id: PersonId = id("person", &p.key)?;
        let new = Person {
            id: person_id,
            email: p.email.clone(),
            name: p.name.clone(),
            role: p.role,
            time_zone: company.page.time_zone.clone(),
            disabled: false,
            has_password: false,
            created_at: since,
            updated_at: since,
            version: 1,
        };
        person::insert(tx, &new).await?;
        people.insert(p.key.clone(), new);
    }
    Ok(people)
}

async fn add_components(
    tx: &mut Tx,
    company: &Company,
    since: Timestamp,
) -> Result<HashMap<String, (ComponentId, String)>, AppError> {
    let mut out = HashMap::new();
    let mut position = 0;
    let mut make = |key: &str, name: &str, description: Option<&str>, group: Option<ComponentId>| {
        position += 1;
        Ok::<_, ContentError>(Component {
            id: id("component", key)?,
            name: name.to_owned(),
            description: description.map(str::to_owned),
            is_group: group.is_none(),
            group_id: group,
            position,
            status: ComponentStatus::Operational,
            showcase: true,
            only_show_if_degraded: false,
            start_date: Some(since.to_zoned(jiff::tz::TimeZone::UTC).date()),
            created_at: since,
            updated_at: since,
            archived: false,
            version: 1,
        })
    };
    for group in &company.groups {
        let of = make(&format!("group/{}", group.name), &group.name, None, None)?;
        component::insert(tx, &of).await?;
        for c in &group.component {
            let new = make(&c.key, &c.name, Some(&c.description), Some(of.id.clone()))?;
            component::insert(tx, &new).await?;
            out.insert(c.key.clone(), (new.id, format!("{} - {}", group.name, c.name)));
        }
    }
    Ok(out)
}

/// Five hundred confirmed subscribers, three in ten of whom chose components.
fn subscribers(company: &Company, cast: &Cast) -> Result<Vec<Subscriber>, ContentError> {
    let mut out = Vec::with_capacity(SUBSCRIBERS);
    for made in make(SUBSCRIBERS, &company.component_keys()) {
        let mut components = Vec::with_capacity(made.components.len());
        for key in &made.components {
            components.push(cast.component(key)?.0.clone());
        }
        let minutes = SignedDuration::from_mins(made.minutes_ago);
        let confirmed_at = cast.now.checked_sub(minutes).unwrap_or(cast.now);
        let (id, address) = (id("subscriber", &made.email)?, &made.email);
        let fresh = Subscriber::new(id, Channel::Email, address, Origin::Page, confirmed_at);
        out.push(Subscriber { components, ..fresh.confirmed(confirmed_at) });
    }
    Ok(out)
}

type Works = Vec<(Maintenance, Vec<Event>)>;

/// Tells everything, and numbers it in the order in which the records were opened.
fn stories(company: &Company, cast: &Cast) -> Result<(Vec<Told>, Works), ContentError> {
    let mut told = company.incidents.iter().map(|s| cast.incident(s)).collect::<Result<Vec<_>, _>>()?;
    let mut works = company.works.iter().map(|w| cast.maintenance(w)).collect::<Result<Vec<_>, _>>()?;
    let mut opened: Vec<(Timestamp, &mut i64)> = Vec::with_capacity(told.len() + works.len());
    for Told { incident: Incident { created_at, number, .. }, .. } in &mut told {
        opened.push((*created_at, number));
    }
    for (Maintenance { created_at, number, .. }, _) in &mut works {
        opened.push((*created_at, number));
    }
    opened.sort_by_key(|(at, _)| *at);
    for (n, (_, number)) in (1..).zip(opened) {
        *number = n;
    }
    Ok((told, works))
}

/// Writes the postmortems, in the order of their files.
fn learned(company: &Company, cast: &Cast, told: &[Told]) -> Result<Vec<Learned>, ContentError> {
    let stories: HashMap<&str, &Told> =
        company.incidents.iter().zip(told).map(|(story, told)| (story.key.as_str(), told)).collect();
    let of = |key: &str| {
        let missing = || ContentError::new(format!("postmortems/{key}.md"), "there is no such incident");
        stories.get(key).copied().ok_or_else(missing)
    };
    company.postmortems.values().map(|w| cast.learned(w, of(&w.key)?)).collect()
}

async fn add_learned(tx: &mut Tx, learned: &[Learned], cast: &Cast, now: Timestamp) -> Result<(), AppError> {
    for one in learned {
        let p = &one.postmortem;
        let by = cast.people.values().find(|who| p.authors.contains(&who.name));
        let by = by.map_or(Actor::system("demo"), |who| Actor::person(&who.id, &who.name));
        postmortem::insert(tx, p, &by).await?;
        for action in &one.actions {
            action::insert(tx, action).await?;
            feed::push(tx, Resource::Action.as_str(), action.id.as_str(), now).await?;
        }
        event::insert_many(tx, &one.events).await?;
        feed::push(tx, Resource::Postmortem.as_str(), p.id.as_str(), now).await?;
    }
    Ok(())
}

async fn add_record(tx: &mut Tx, told: &[Told], works: &Works, now: Timestamp) -> Result<(), AppError> {
    let mut events = Vec::new();
    for one in told {
        incident::insert(tx, &one.incident).await?;
        events.extend_from_slice(&one.events);
        feed::push(tx, Resource::Incident.as_str(), one.incident.id.as_str(), now).await?;
    }
    for (work, of) in works {
        maintenance::insert(tx, work).await?;
        events.extend_from_slice(of);
        feed::push(tx, Resource::Maintenance.as_str(), work.id.as_str(), now).await?;
    }
    event::insert_many(tx, &events).await?;
    // The numbers were given above; the counter goes on behind them.
    for _ in 0..told.len() + works.len() {
        feed::next(tx, "incident").await?;
    }
    Ok(())
}
