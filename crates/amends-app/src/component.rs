//! Components and groups of the page.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use crate::incident::full_name;
use crate::record;
use amends_model::event::ComponentChange;
use amends_model::page::Page;
use amends_model::{Action, Component, ComponentId, ComponentStatus, FieldErrors, PageId, Resource, text};
use amends_store::{Tx, component, page};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

/// A new component or group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewComponent {
    /// Name as customers know it, at most 100 characters.
    pub name: String,
    /// One line of explanation.
    pub description: Option<String>,
    /// Id or name of the group it goes into.
    pub group: Option<String>,
    /// Whether this is a group.
    pub is_group: bool,
    /// Place on the page, from 1; the end when nothing is said.
    pub position: Option<i64>,
    /// Whether its history is shown; yes when nothing is said.
    pub showcase: Option<bool>,
    /// Shown only while it is not operational.
    pub only_show_if_degraded: bool,
    /// First day for which history is counted.
    pub start_date: Option<jiff::civil::Date>,
}

/// Changes to a component; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditComponent {
    /// New name.
    pub name: Option<String>,
    /// New explanation; null for none.
    #[serde(deserialize_with = "given")]
    pub description: Option<Option<String>>,
    /// Id or name of the group; null to take it out of its group.
    #[serde(deserialize_with = "given")]
    pub group: Option<Option<String>>,
    /// New place.
    pub position: Option<i64>,
    /// Status apart from any incident or maintenance.
    pub status: Option<ComponentStatus>,
    /// Whether its history is shown.
    pub showcase: Option<bool>,
    /// Shown only while it is not operational.
    pub only_show_if_degraded: Option<bool>,
    /// First day for which history is counted.
    pub start_date: Option<jiff::civil::Date>,
    /// Taken off the page; its history is kept.
    pub archived: Option<bool>,
}

fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// Changes to the page's settings; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EditPage {
    /// Name of the company or product.
    pub name: Option<String>,
    /// IANA time zone of the page.
    pub time_zone: Option<String>,
    /// One sentence beneath the name; null for none.
    #[serde(deserialize_with = "given")]
    pub description: Option<Option<String>>,
    /// Where customers get help: `https://…` or `mailto:…`; null for none.
    #[serde(deserialize_with = "given")]
    pub support_url: Option<Option<String>>,
    /// BCP 47 language of the page, such as `en`.
    pub language: Option<String>,
}

const MAX_NAME: usize = 100;
const MAX_POSITION: i64 = 10_000;

impl App {
    /// All components and groups that are on the page, by position.
    pub async fn components(&self, caller: &Caller) -> Result<Vec<Component>, AppError> {
        caller.require(Action::Read, Resource::Component)?;
        Ok(component::all(&mut self.read().await?).await?)
    }

    /// All components and groups that were taken off the page, by name.
    pub async fn archived_components(&self, caller: &Caller) -> Result<Vec<Component>, AppError> {
        caller.require(Action::Read, Resource::Component)?;
        let mut all = component::all_with_archived(&mut self.read().await?).await?;
        all.retain(|c| c.archived);
        all.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(all)
    }

    /// One component or group.
    pub async fn component(&self, caller: &Caller, id: &ComponentId) -> Result<Component, AppError> {
        caller.require(Action::Read, Resource::Component)?;
        component::get(&mut self.read().await?, id).await?.ok_or(AppError::NotFound("component"))
    }

    /// Adds a component or group.
    pub async fn add_component(&self, caller: &Caller, input: NewComponent) -> Result<Component, AppError> {
        caller.require(Action::Create, Resource::Component)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let all = component::all(&mut tx).await?;
        let mut errors = FieldErrors::default();
        let name = errors.take(component_name(&input.name)).unwrap_or_default();
        let description =
            errors.take(text::optional_line("description", input.description.as_deref(), 300)).flatten();
        let group_id = group(&all, input.group.as_deref(), input.is_group, &mut errors);
        unique_name(&all, None, group_id.as_ref(), &name, &mut errors);
        let position = place(&all, input.position, &mut errors);
        errors.finish()?;
        let component = Component {
            id: self.new_id(ComponentId::from_random),
            name,
            description,
            group_id,
            is_group: input.is_group,
            position,
            status: ComponentStatus::Operational,
            showcase: input.showcase.unwrap_or(!input.is_group),
            only_show_if_degraded: input.only_show_if_degraded,
            start_date: Some(
                input.start_date.unwrap_or_else(|| now.to_zoned(jiff::tz::TimeZone::UTC).date()),
            ),
            created_at: now,
            updated_at: now,
            archived: false,
            version: 1,
        };
        component::insert(&mut tx, &component).await?;
        page::touch(&mut tx, now).await?;
        let detail = json!({"name": component.name});
        record::changed(
            &mut tx,
            caller,
            Action::Create,
            Resource::Component,
            component.id.as_str(),
            detail,
            now,
        )
        .await?;
        self.commit(tx).await?;
        Ok(component)
    }

    /// Changes a component if nobody changed it since `expected`.
    pub async fn edit_component(
        &self,
        caller: &Caller,
        id: &ComponentId,
        expected: i64,
        input: EditComponent,
    ) -> Result<Component, AppError> {
        caller.require(Action::Edit, Resource::Component)?;
        if input.archived == Some(true) {
            caller.require(Action::Remove, Resource::Component)?;
        }
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut component = component::get(&mut tx, id).await?.ok_or(AppError::NotFound("component"))?;
        if component.version != expected {
            return Err(AppError::conflict(&component));
        }
        let all = component::all(&mut tx).await?;
        let before = component.status;
        let mut errors = FieldErrors::default();
        if let Some(name) = input.name.as_deref().and_then(|n| errors.take(component_name(n))) {
            component.name = name;
        }
        if let Some(description) = &input.description {
            component.description =
                errors.take(text::optional_line("description", description.as_deref(), 300)).flatten();
        }
        if let Some(wanted) = &input.group {
            component.group_id = group(&all, wanted.as_deref(), component.is_group, &mut errors);
        }
        unique_name(&all, Some(id), component.group_id.as_ref(), &component.name, &mut errors);
        if input.position.is_some() {
            component.position = place(&all, input.position, &mut errors);
        }
        if let Some(status) = input.status {
            if component.is_group {
                errors.add("status", "belongs to components; a group shows the worst of its own");
            }
            component.status = status;
        }
        component.showcase = input.showcase.unwrap_or(component.showcase);
        component.only_show_if_degraded =
            input.only_show_if_degraded.unwrap_or(component.only_show_if_degraded);
        component.start_date = input.start_date.or(component.start_date);
        let was_archived = component.archived;
        component.archived = input.archived.unwrap_or(component.archived);
        if component.archived && all.iter().any(|c| c.group_id.as_ref() == Some(id)) {
            errors.add(
                "archived",
                "is not possible while the group holds components; move or archive them first",
            );
        }
        let group = component.group_id.as_ref();
        if !component.archived && group.is_some_and(|group| all.iter().all(|c| c.id != *group)) {
            errors.add(
                "archived",
                "is not possible to undo while its group is off the page; put the group back first, or choose another",
            );
        }
        errors.finish()?;
        (component.updated_at, component.version) = (now, expected + 1);
        if !component::update(&mut tx, &component, expected).await? {
            return Err(AppError::conflict(&component));
        }
        page::touch(&mut tx, now).await?;
        if component.status != before && !component.archived {
            let change = ComponentChange {
                component_id: id.clone(),
                name: full_name(&all, &component),
                from: before,
                to: component.status,
            };
            self.tell_changes(&mut tx, &all, &[change], now).await?;
        }
        let mut detail =
            json!({"name": component.name, "status": component.status, "version": component.version});
        if component.archived != was_archived {
            detail["archived"] = json!(component.archived);
        }
        record::changed(&mut tx, caller, Action::Edit, Resource::Component, id.as_str(), detail, now).await?;
        self.commit(tx).await?;
        Ok(component)
    }

    /// Moves a component or group one place up (or down) among its neighbours: those of its group, or of the page.
    /// Answers all of them in their new order. At the edge nothing changes.
    pub async fn move_component(
        &self,
        caller: &Caller,
        id: &ComponentId,
        up: bool,
    ) -> Result<Vec<Component>, AppError> {
        caller.require(Action::Edit, Resource::Component)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let all = component::all(&mut tx).await?;
        let moved = all.iter().find(|c| c.id == *id).ok_or(AppError::NotFound("component"))?;
        let places = places_after(&all, moved, up);
        if places.is_empty() {
            return Ok(all);
        }
        for (mut component, position) in places {
            let expected = component.version;
            component.position = position;
            (component.updated_at, component.version) = (now, expected + 1);
            if !component::update(&mut tx, &component, expected).await? {
                return Err(AppError::conflict(&component));
            }
        }
        page::touch(&mut tx, now).await?;
        let detail = json!({"name": moved.name, "moved": if up { "up" } else { "down" }});
        record::changed(&mut tx, caller, Action::Edit, Resource::Component, id.as_str(), detail, now).await?;
        let after = component::all(&mut tx).await?;
        self.commit(tx).await?;
        Ok(after)
    }

    /// Makes the page when the installation is set up; answers the page that is there if there is one already.
    pub async fn create_page(&self, caller: &Caller, name: &str, time_zone: &str) -> Result<Page, AppError> {
        caller.require(Action::Edit, Resource::Page)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(page) = page::get(&mut tx).await? {
            return Ok(page);
        }
        let page = self.create_page_in(&mut tx, caller, name, time_zone, now).await?;
        self.commit(tx).await?;
        Ok(page)
    }

    /// As [`App::create_page`], as part of a transaction that found no page.
    pub(crate) async fn create_page_in(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        name: &str,
        time_zone: &str,
        now: jiff::Timestamp,
    ) -> Result<Page, AppError> {
        let mut errors = FieldErrors::default();
        let name = errors.take(text::line("name", name, MAX_NAME));
        let time_zone = errors.take(text::time_zone("time_zone", time_zone));
        errors.finish()?;
        let page = Page {
            id: self.new_id(PageId::from_random),
            name: name.unwrap_or_default(),
            url: self.settings().public_url.clone(),
            time_zone: time_zone.unwrap_or_default(),
            description: None,
            support_url: None,
            language: "en".into(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        page::insert(tx, &page).await?;
        let detail = json!({"name": page.name});
        record::changed(tx, caller, Action::Edit, Resource::Page, page.id.as_str(), detail, now).await?;
        Ok(page)
    }

    /// Changes the page's settings if nobody changed them since `expected`.
    pub async fn edit_page(&self, caller: &Caller, expected: i64, input: EditPage) -> Result<Page, AppError> {
        caller.require(Action::Edit, Resource::Page)?;
        let now = self.now();
        let mut tx = self.begin().await?;
        let mut page = crate::context::page_of(&mut tx).await?;
        if page.version != expected {
            return Err(AppError::conflict(&page));
        }
        let mut errors = FieldErrors::default();
        if let Some(name) = input.name.as_deref().and_then(|n| errors.take(text::line("name", n, MAX_NAME))) {
            page.name = name;
        }
        if let Some(zone) =
            input.time_zone.as_deref().and_then(|z| errors.take(text::time_zone("time_zone", z)))
        {
            page.time_zone = zone;
        }
        if let Some(description) = &input.description {
            page.description =
                errors.take(text::optional_line("description", description.as_deref(), 300)).flatten();
        }
        if let Some(support) = &input.support_url {
            page.support_url =
                errors.take(text::optional_line("support_url", support.as_deref(), 300)).flatten();
            let known =
                |s: &String| ["https://", "http://", "mailto:"].iter().any(|start| s.starts_with(start));
            if page.support_url.as_ref().is_some_and(|s| !known(s)) {
                errors.add("support_url", "must begin with https:// or mailto:");
            }
        }
        if let Some(language) = &input.language {
            let form = (2..=35).contains(&language.len())
                && language
                    .split('-')
                    .all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
            if form {
                page.language = language.clone();
            } else {
                errors.add("language", "is not a language tag; write one like en or pt-BR");
            }
        }
        errors.finish()?;
        page.url.clone_from(&self.settings().public_url);
        (page.updated_at, page.version) = (now.max(page.updated_at), expected + 1);
        if !page::update(&mut tx, &page, expected).await? {
            return Err(AppError::conflict(&page));
        }
        let detail = json!({"name": page.name, "version": page.version});
        record::changed(&mut tx, caller, Action::Edit, Resource::Page, page.id.as_str(), detail, now).await?;
        self.commit(tx).await?;
        Ok(page)
    }
}

/// Which components get which positions when `moved` goes one place up or down among its neighbours.
fn places_after(all: &[Component], moved: &Component, up: bool) -> Vec<(Component, i64)> {
    let mut order: Vec<&Component> = all.iter().filter(|c| c.group_id == moved.group_id).collect();
    let mut places: Vec<i64> = order.iter().map(|c| c.position).collect();
    let Some(from) = order.iter().position(|c| c.id == moved.id) else { return Vec::new() };
    let to = if up { from.checked_sub(1) } else { Some(from + 1).filter(|to| *to < order.len()) };
    let Some(to) = to else { return Vec::new() };
    order.swap(from, to);
    // Imported pages may give several components one place: from there on each gets its own.
    for n in 1..places.len() {
        places[n] = places[n].max(places[n - 1] + 1);
    }
    let pairs = order.into_iter().zip(places);
    pairs.filter(|(c, place)| c.position != *place).map(|(c, place)| (c.clone(), place)).collect()
}

/// A component's name. A bare year is refused: a widely used client of the Statuspage API turns such strings into dates.
pub(crate) fn component_name(name: &str) -> Result<String, amends_model::FieldError> {
    let name = text::line("name", name, MAX_NAME)?;
    if name.len() == 4 && name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(amends_model::FieldError {
            pointer: "/name".into(),
            detail: "is a bare year, which API clients take for a date; add a word".into(),
        });
    }
    Ok(name)
}

fn group(
    all: &[Component],
    wanted: Option<&str>,
    is_group: bool,
    errors: &mut FieldErrors,
) -> Option<ComponentId> {
    let wanted = wanted.map(str::trim).filter(|w| !w.is_empty())?;
    if is_group {
        errors.add("group", "must be empty: groups cannot be in groups");
        return None;
    }
    let found =
        all.iter().find(|c| c.is_group && (c.id.as_str() == wanted || c.name.eq_ignore_ascii_case(wanted)));
    if found.is_none() {
        errors.add("group", format!("there is no group ‘{}’; add it first", text::cleaned(wanted, 60)));
    }
    found.map(|c| c.id.clone())
}

fn unique_name(
    all: &[Component],
    own: Option<&ComponentId>,
    group_id: Option<&ComponentId>,
    name: &str,
    errors: &mut FieldErrors,
) {
    let taken = all
        .iter()
        .any(|c| Some(&c.id) != own && c.group_id.as_ref() == group_id && c.name.eq_ignore_ascii_case(name));
    if taken {
        errors.add("name", format!("‘{name}’ exists already in this place; choose another"));
    }
}

fn place(all: &[Component], wanted: Option<i64>, errors: &mut FieldErrors) -> i64 {
    match wanted {
        None => all.iter().map(|c| c.position).max().unwrap_or(0) + 1,
        Some(n @ 1..=MAX_POSITION) => n,
        Some(_) => {
            errors.add("position", format!("must be from 1 to {MAX_POSITION}"));
            1
        }
    }
}
