//! People: who there is, adding, changing, disabling, and the links that let them in.

use super::account::Row as SessionRow;
use super::{Tab, roles};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, id_of, show, show_as};
use amends_app::AppError;
use amends_app::identity::{EditPerson, Link, LinkPurpose, NewPerson};
use amends_model::{Action, Person, PersonId, Resource, SessionId};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

#[derive(Template)]
#[template(path = "app/people.html")]
struct List {
    frame: Frame,
    tab: Tab,
    people: Vec<Person>,
    me: String,
}

/// `GET /app/settings/people`
pub async fn list(here: Here) -> Result<Response, PageError> {
    let mut people = here.app.people(&here.caller).await?;
    // Who is disabled stands at the end.
    people.sort_by_key(|p| p.disabled);
    let me = here.caller.person.as_ref().map(|p| p.id.to_string()).unwrap_or_default();
    Ok(show(&List { frame: here.frame(Place::Settings, "People").await?, tab: Tab::People, people, me }))
}

#[derive(Template)]
#[template(path = "app/person_new.html")]
struct New {
    frame: Frame,
    form: Fields,
    roles: Vec<(&'static str, String)>,
    mails: bool,
    now: Timestamp,
}

/// Whether a link can be mailed: there is a mail server, and it takes messages.
async fn mails(here: &Here) -> Result<bool, PageError> {
    let mail = here.app.mail_state(&here.caller).await?;
    Ok(mail.server.is_some() && !mail.held)
}

async fn render_new(here: &Here, form: Fields) -> Result<Response, PageError> {
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = New {
        frame: here.frame(Place::Settings, "Add somebody").await?,
        roles: roles(here.caller.role),
        mails: mails(here).await?,
        now: here.app.now(),
        form,
    };
    Ok(show_as(status, &page))
}

/// `GET /app/settings/people/new`
pub async fn new_page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Person)?;
    let zone = here.app.page().await?.time_zone;
    render_new(&here, Fields::of([("role", "responder".into()), ("time_zone", zone)])).await
}

/// `POST /app/settings/people/new`
pub async fn add(here: Here, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Person)?;
    let Some(role) = form.word("role") else {
        if form.fine() {
            form.refuse("role", "is not chosen yet");
        }
        return render_new(&here, form).await;
    };
    let input = NewPerson {
        email: form.value("email").to_owned(),
        name: form.value("name").to_owned(),
        role,
        time_zone: form.some("time_zone"),
    };
    match here.app.add_person(&here.caller, input).await {
        Ok(added) => hand_over(&here, &added.person, &added.link, form.is("how", "mail")).await,
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render_new(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "app/person_link.html")]
struct LinkPage {
    frame: Frame,
    person: Person,
    link: String,
    sets_password: bool,
    until: Markup,
}

/// Mails a link, or shows it this once.
async fn hand_over(here: &Here, person: &Person, link: &Link, by_mail: bool) -> Result<Response, PageError> {
    if by_mail {
        here.app.mail_link(&here.caller, person, link).await?;
        return Ok(go(&format!("/app/settings/people/{}?said=mailed", person.id)));
    }
    let sets_password = link.purpose == LinkPurpose::Password;
    let page = LinkPage {
        frame: here.frame(Place::Settings, &format!("A link for {}", person.name)).await?,
        person: person.clone(),
        link: here.app.link_address(link),
        sets_password,
        until: here.when().stamp(link.expires_at),
    };
    Ok(show(&page))
}

/// A field that somebody else changed meanwhile.
struct Theirs {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "app/person.html")]
struct Edit {
    frame: Frame,
    person: Person,
    form: Fields,
    theirs: Option<Vec<Theirs>>,
    roles: Vec<(&'static str, String)>,
    sessions: Vec<SessionRow>,
    mails: bool,
    myself: bool,
    /// Why it was refused, such as the last administrator's going.
    refused: Option<String>,
    now: Timestamp,
}

fn form_of(person: &Person) -> Fields {
    Fields::of([
        ("name", person.name.clone()),
        ("email", person.email.clone()),
        ("role", person.role.to_string()),
        ("time_zone", person.time_zone.clone()),
        ("version", person.version.to_string()),
    ])
}

/// What was said about a change.
#[derive(Default)]
struct Said {
    theirs: Option<Vec<Theirs>>,
    refused: Option<String>,
}

async fn render(here: &Here, person: Person, form: Fields, said: Said) -> Result<Response, PageError> {
    let status = match (&said.theirs, &said.refused, form.fine()) {
        (Some(_), ..) | (None, Some(_), _) => StatusCode::CONFLICT,
        (None, None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, None, true) => StatusCode::OK,
    };
    let sessions = here.app.sessions(&here.caller, &person.id).await?;
    let page = Edit {
        frame: here.frame(Place::Settings, &person.name).await?,
        roles: roles(here.caller.role),
        sessions: SessionRow::all(here, &sessions),
        mails: mails(here).await?,
        myself: here.caller.person.as_ref().is_some_and(|p| p.id == person.id),
        now: here.app.now(),
        theirs: said.theirs,
        refused: said.refused,
        person,
        form,
    };
    Ok(show_as(status, &page))
}

/// `GET /app/settings/people/{id}`
pub async fn edit_page(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let person = here.app.person(&here.caller, id.as_str()).await?;
    let form = form_of(&person);
    render(&here, person, form, Said::default()).await
}

/// `POST /app/settings/people/{id}`
pub async fn edit(here: Here, Path(id): Path<String>, mut form: Fields) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let person = here.app.person(&here.caller, id.as_str()).await?;
    let role = form.word("role");
    if !form.fine() {
        return render(&here, person, form, Said::default()).await;
    }
    let input = EditPerson {
        email: Some(form.value("email").to_owned()),
        name: Some(form.value("name").to_owned()),
        role,
        time_zone: Some(form.value("time_zone").to_owned()),
        disabled: None,
    };
    let expected = form.number("version").unwrap_or(0);
    match here.app.edit_person(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go("/app/settings/people?said=saved")),
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |_| None);
            render(&here, person, form, Said::default()).await
        }
        Err(AppError::Refused(text)) => {
            render(&here, person, form, Said { refused: Some(text), ..Said::default() }).await
        }
        Err(AppError::Conflict { .. }) => {
            let now = here.app.person(&here.caller, id.as_str()).await?;
            let saved = form_of(&now);
            let fields =
                [("name", "Name"), ("email", "Mail address"), ("role", "Role"), ("time_zone", "Time zone")];
            let theirs = fields
                .iter()
                .filter(|(name, _)| saved.value(name) != form.value(name).trim())
                .map(|(name, label)| Theirs { label, value: saved.value(name).to_owned() })
                .collect();
            form.set("version", now.version.to_string());
            render(&here, now, form, Said { theirs: Some(theirs), refused: None }).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/settings/people/{id}/disabled`: keeps them out, or lets them in again.
pub async fn disable(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let expected = form.number("version").unwrap_or(0);
    let input = EditPerson { disabled: Some(form.is("to", "disabled")), ..EditPerson::default() };
    match here.app.edit_person(&here.caller, &id, expected, input).await {
        Ok(_) => Ok(go(&format!("/app/settings/people/{id}?said=saved"))),
        // Somebody changed them since this page was shown: the person sees how it is now and decides again.
        Err(AppError::Conflict { .. }) => Ok(go(&format!("/app/settings/people/{id}"))),
        Err(AppError::Refused(text)) => {
            let person = here.app.person(&here.caller, id.as_str()).await?;
            let form = form_of(&person);
            render(&here, person, form, Said { refused: Some(text), ..Said::default() }).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/settings/people/{id}/link`
pub async fn link(here: Here, Path(id): Path<String>, form: Fields) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let made = if form.is("purpose", "sign_in") {
        here.app.sign_in_link(&here.caller, &id).await
    } else {
        here.app.password_link(&here.caller, &id).await
    };
    let person = here.app.person(&here.caller, id.as_str()).await?;
    match made {
        Ok(link) => hand_over(&here, &person, &link, form.is("how", "mail")).await,
        Err(AppError::Refused(text)) => {
            let form = form_of(&person);
            render(&here, person, form, Said { refused: Some(text), ..Said::default() }).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/settings/people/{id}/sessions/{session}/end`
pub async fn end(here: Here, Path((id, session)): Path<(String, String)>) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let session: SessionId = id_of(&session, "session")?;
    match here.app.end_session(&here.caller, &id, &session).await {
        Ok(()) | Err(AppError::NotFound(_)) => {
            Ok(go(&format!("/app/settings/people/{id}?said=session_ended#sessions")))
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/settings/people/{id}/sessions/end`: all of them; of oneself, all others.
pub async fn end_all(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: PersonId = id_of(&id, "person")?;
    let myself = here.caller.person.as_ref().is_some_and(|p| p.id == id);
    here.app.end_sessions(&here.caller, &id, myself.then_some(&here.session.id)).await?;
    let said = if myself { "sessions_ended" } else { "all_ended" };
    Ok(go(&format!("/app/settings/people/{id}?said={said}#sessions")))
}
