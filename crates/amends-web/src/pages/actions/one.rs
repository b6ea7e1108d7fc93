//! One action: what is promised, by whom, until when, and whether it is kept.

use super::{Row, back_of, due_of, today};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, id_of, show_as};
use amends_app::AppError;
use amends_app::action::{ActionLine, EditAction};
use amends_model::{Action, ActionId, ActionState, Resource};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "app/action.html")]
struct Page {
    frame: Frame,
    row: Row,
    promised: Markup,
    closed: Option<Markup>,
    can_edit: bool,
    can_remove: bool,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
}

fn form_of(line: &ActionLine) -> Fields {
    let action = &line.action;
    Fields::of([
        ("text", action.text.clone()),
        ("owner", action.owner.clone().unwrap_or_default()),
        ("due", action.due.map(|due| due.to_string()).unwrap_or_default()),
        ("term", action.term.to_string()),
        ("tracker", action.tracker.clone().unwrap_or_default()),
        ("note", action.note.clone()),
        ("version", action.version.to_string()),
    ])
}

/// `GET /app/actions/{id}`
pub async fn page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let line = here.app.action(&here.caller, &id_of(&id, "action")?).await?;
    let form = form_of(&line);
    render(&here, &line, form, None).await
}

async fn render(
    here: &Here,
    line: &ActionLine,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
) -> Result<Response, PageError> {
    let when = here.when();
    let status = match (&theirs, form.fine()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let page = Page {
        frame: here.frame(Place::Actions, &line.action.text.chars().take(80).collect::<String>()).await?,
        row: Row::of_line(here, line, today(here).await?),
        promised: when.stamp(line.action.created_at),
        closed: line.action.closed_at.map(|at| when.stamp(at)),
        can_edit: here.caller.may(Action::Edit, Resource::Action),
        can_remove: here.caller.may(Action::Remove, Resource::Action),
        form,
        theirs,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/actions/{id}`: what is promised, by whom, until when.
pub async fn edit(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let id: ActionId = id_of(&id, "action")?;
    let due = due_of(&mut form, "due");
    let term = form.word("term");
    if !form.fine() {
        let line = here.app.action(&here.caller, &id).await?;
        return render(&here, &line, form, None).await;
    }
    let input = EditAction {
        text: Some(form.value("text").to_owned()),
        owner: Some(form.some("owner")),
        due: Some(due),
        term,
        tracker: Some(form.some("tracker")),
        // The note of an open action is written when it is closed.
        note: form.has("note").then(|| form.value("note").to_owned()),
        state: None,
    };
    save(&here, &id, form, input).await
}

/// `POST /app/actions/{id}/close`: done or (`to=dropped`) given up, with a note.
pub async fn close(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: ActionId = id_of(&id, "action")?;
    let state = if form.is("to", "dropped") { ActionState::Dropped } else { ActionState::Done };
    let input =
        EditAction { state: Some(state), note: Some(form.value("note").to_owned()), ..EditAction::default() };
    // What was promised may have been worded anew meanwhile; that it is kept stands all the same.
    let line = here.app.action(&here.caller, &id).await?;
    let mut typed = form_of(&line);
    for name in ["note", "back", "to"] {
        typed.set(name, form.value(name));
    }
    save(&here, &id, typed, input).await
}

/// `POST /app/actions/{id}/open`: it was not kept after all.
pub async fn open(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: ActionId = id_of(&id, "action")?;
    let input = EditAction { state: Some(ActionState::Open), ..EditAction::default() };
    save(&here, &id, form, input).await
}

async fn save(
    here: &Here,
    id: &ActionId,
    mut form: Fields,
    input: EditAction,
) -> Result<Response, PageError> {
    let closing = input.state.is_some();
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_action(&here.caller, id, expected, input).await {
        Ok(action) => {
            let said = match action.state {
                ActionState::Done if closing => "done",
                ActionState::Dropped if closing => "dropped",
                _ => "saved",
            };
            if !form.has("back") {
                return Ok(go(&format!("/app/actions/{id}?said={said}")));
            }
            let (back, place) = match back_of(&form).split_once('#') {
                Some((back, place)) => (back, format!("#{place}")),
                None => (back_of(&form), String::new()),
            };
            let sign = if back.contains('?') { '&' } else { '?' };
            Ok(go(&format!("{back}{sign}said={said}{place}")))
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            let line = here.app.action(&here.caller, id).await?;
            render(here, &line, form, None).await
        }
        Err(AppError::Conflict { .. }) => {
            let line = here.app.action(&here.caller, id).await?;
            let theirs = theirs(&form_of(&line), &form);
            form.set("version", line.action.version.to_string());
            render(here, &line, form, Some(theirs)).await
        }
        Err(other) => Err(other.into()),
    }
}

/// The fields that are saved otherwise than they are typed here.
fn theirs(saved: &Fields, typed: &Fields) -> Vec<Theirs> {
    let fields = [
        ("text", "What will be done"),
        ("owner", "Owner"),
        ("due", "Due"),
        ("term", "Term"),
        ("tracker", "Ticket"),
        ("note", "Note"),
    ];
    let same = |name: &str| saved.value(name).trim() == typed.value(name).replace("\r\n", "\n").trim();
    fields
        .iter()
        .filter(|(name, _)| typed.has(name) && !same(name))
        .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
        .collect()
}

/// `POST /app/actions/{id}/remove`: it was promised by mistake.
pub async fn remove(here: Here, Path(id): Path<String>, _form: Fields) -> Result<Response, PageError> {
    let id: ActionId = id_of(&id, "action")?;
    let line = here.app.action(&here.caller, &id).await?;
    here.app.remove_action(&here.caller, &id).await?;
    Ok(go(&match &line.action.postmortem_id {
        Some(postmortem) => format!("/app/postmortems/{postmortem}?said=removed#actions"),
        None => "/app/actions?said=removed".into(),
    }))
}
