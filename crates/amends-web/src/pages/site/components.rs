//! Components and groups of the page: the list in the order of the page, adding, editing, moving, taking off.

use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::{go, id_of, show, show_as};
use amends_app::AppError;
use amends_app::component::{EditComponent, NewComponent};
use amends_model::{Action, Component, ComponentId, ComponentStatus, Resource};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// A component as one row.
struct Row {
    id: String,
    name: String,
    about: String,
    tone: Option<Tone>,
    first: bool,
    last: bool,
}

/// A group with what is in it, or a component without a group.
struct Block {
    row: Row,
    group: bool,
    inside: Vec<Row>,
}

#[derive(Template)]
#[template(path = "app/page.html")]
struct Page {
    frame: Frame,
    blocks: Vec<Block>,
    /// What was taken off the page: id and name.
    off: Vec<(String, String)>,
}

fn row(component: &Component, neighbours: &[&Component]) -> Row {
    let place = neighbours.iter().position(|c| c.id == component.id).unwrap_or(0);
    let status = component.status;
    let mut about: Vec<&str> = component.description.as_deref().into_iter().collect();
    if component.only_show_if_degraded {
        about.push("shown only while it does not work");
    }
    if !component.showcase && !component.is_group {
        about.push("without history");
    }
    Row {
        id: component.id.to_string(),
        name: component.name.clone(),
        about: about.join(" · "),
        tone: (!component.is_group && status != ComponentStatus::Operational).then(|| Tone {
            class: status.tone(),
            mark: status.shape(),
            word: status.label(),
        }),
        first: place == 0,
        last: place + 1 == neighbours.len(),
    }
}

/// `GET /app/page`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let of = |group: Option<&ComponentId>| -> Vec<&Component> {
        all.iter().filter(|c| c.group_id.as_ref() == group).collect()
    };
    let top = of(None);
    let blocks = top
        .iter()
        .map(|c| {
            let inside = of(Some(&c.id));
            Block {
                row: row(c, &top),
                group: c.is_group,
                inside: inside.iter().map(|leaf| row(leaf, &inside)).collect(),
            }
        })
        .collect();
    let off = here.app.archived_components(&here.caller).await?;
    let off = off.into_iter().map(|c| (c.id.to_string(), c.name)).collect();
    Ok(show(&Page { frame: here.frame(Place::Page, "Components").await?, blocks, off }))
}

#[derive(Template)]
#[template(path = "app/component.html")]
struct Edit {
    frame: Frame,
    form: Fields,
    /// The component that is edited; none for a new one.
    component: Option<Component>,
    is_group: bool,
    groups: Vec<(String, String)>,
    theirs: Option<Vec<Theirs>>,
    /// Whether the group is empty, so that it can be taken off.
    empty: bool,
}

impl Edit {
    fn statuses() -> Vec<(&'static str, String)> {
        ComponentStatus::ALL.iter().map(|s| (s.as_str(), format!("{} {}", s.shape(), s.label()))).collect()
    }
}

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

async fn render(
    here: &Here,
    component: Option<Component>,
    is_group: bool,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let title = match (&component, is_group) {
        (Some(c), _) => format!("Edit {}", c.name),
        (None, true) => "Add a group".into(),
        (None, false) => "Add a component".into(),
    };
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let none = (String::new(), "no group".to_owned());
    let groups = all.iter().filter(|c| c.is_group).map(|g| (g.id.to_string(), g.name.clone()));
    let page = Edit {
        frame: here.frame(Place::Page, &title).await?,
        groups: std::iter::once(none).chain(groups).collect(),
        empty: component.as_ref().is_none_or(|c| !all.iter().any(|o| o.group_id.as_ref() == Some(&c.id))),
        form,
        component,
        is_group,
        theirs,
    };
    Ok(show_as(status, &page))
}

/// `GET /app/page/components/new?kind=group`
pub async fn new_page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Component)?;
    let is_group = here.query("kind") == Some("group");
    let form = Fields::of([
        ("group", here.query("group").unwrap_or_default().to_owned()),
        ("showcase", "yes".into()),
    ]);
    render(&here, None, is_group, form, None).await
}

/// `POST /app/page/components/new`
pub async fn add(here: Here, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Component)?;
    let is_group = form.is("kind", "group");
    let input = NewComponent {
        name: form.value("name").to_owned(),
        description: form.some("description"),
        group: form.some("group").filter(|_| !is_group),
        is_group,
        showcase: (!is_group).then(|| form.has("showcase")),
        only_show_if_degraded: form.has("only_show_if_degraded"),
        ..NewComponent::default()
    };
    match here.app.add_component(&here.caller, input).await {
        Ok(made) => Ok(go(&format!("/app/page?said=added#component-{}", made.id))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, None, is_group, form, None).await
        }
        Err(other) => Err(other.into()),
    }
}

fn form_of(component: &Component) -> Fields {
    let mut form = Fields::of([
        ("name", component.name.clone()),
        ("description", component.description.clone().unwrap_or_default()),
        ("group", component.group_id.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("status", component.status.to_string()),
        ("version", component.version.to_string()),
    ]);
    if component.showcase {
        form.set("showcase", "yes");
    }
    if component.only_show_if_degraded {
        form.set("only_show_if_degraded", "yes");
    }
    form
}

/// `GET /app/page/components/{id}`
pub async fn edit_page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Component)?;
    let id: ComponentId = id_of(&id, "component")?;
    let component = here.app.component(&here.caller, &id).await?;
    let (is_group, form) = (component.is_group, form_of(&component));
    render(&here, Some(component), is_group, form, None).await
}

/// `POST /app/page/components/{id}`
pub async fn edit(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Edit, Resource::Component)?;
    let id: ComponentId = id_of(&id, "component")?;
    let component = here.app.component(&here.caller, &id).await?;
    let is_group = component.is_group;
    let status = form.word("status");
    if !form.fine() {
        return render(&here, Some(component), is_group, form, None).await;
    }
    let input = EditComponent {
        name: Some(form.value("name").to_owned()),
        description: Some(form.some("description")),
        group: (!is_group).then(|| form.some("group")),
        status: status.filter(|_| !is_group),
        showcase: (!is_group).then(|| form.has("showcase")),
        only_show_if_degraded: (!is_group).then(|| form.has("only_show_if_degraded")),
        ..EditComponent::default()
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_component(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/page?said=saved#component-{id}"))),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, Some(component), is_group, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let now = here.app.component(&here.caller, &id).await?;
            let saved = form_of(&now);
            let theirs = [("name", "Name"), ("description", "One line about it"), ("status", "Status")]
                .iter()
                .filter(|(name, _)| form.has(name) && saved.value(name) != form.value(name).trim())
                .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
                .collect();
            form.set("version", now.version.to_string());
            render(&here, Some(now), is_group, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/page/components/{id}/move`: one place `up` or `down`.
pub async fn shift(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: ComponentId = id_of(&id, "component")?;
    here.app.move_component(&here.caller, &id, form.is("to", "up")).await?;
    Ok(go(&format!("/app/page#component-{id}")))
}

/// `POST /app/page/components/{id}/archive`: takes it off the page, or puts it back; its history is kept.
pub async fn archive(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: ComponentId = id_of(&id, "component")?;
    let back = form.is("to", "back");
    let input = EditComponent { archived: Some(!back), ..EditComponent::default() };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_component(&here.caller, &id, expected, input).await {
        Ok(_) if back => Ok(go(&format!("/app/page?said=put_back#component-{id}"))),
        Ok(_) => Ok(go("/app/page?said=archived")),
        Err(AppError::Invalid(errors)) => {
            let component = here.app.component(&here.caller, &id).await?;
            let (is_group, mut form) = (component.is_group, form_of(&component));
            form.refuse_all(&errors, |parts| (parts == ["archived"]).then(|| "group".to_owned()));
            render(&here, Some(component), is_group, form, None).await
        }
        // Somebody changed it since this page was shown: the person sees how it is now and decides again.
        Err(AppError::Conflict { .. }) => Ok(go(&format!("/app/page/components/{id}"))),
        Err(other) => Err(other.into()),
    }
}
