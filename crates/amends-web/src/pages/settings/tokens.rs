//! API tokens: what there is, making one (its secret is shown once), revoking.

use super::{Tab, roles};
use crate::error::PageError;
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::when::Markup;
use crate::pages::{go, id_of, show, show_as};
use amends_app::AppError;
use amends_app::identity::{MadeToken, NewToken};
use amends_model::permission::{Scope, Scopes, least_role};
use amends_model::{Action, Resource, Role, TokenId, TokenInfo};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};

struct Row {
    id: String,
    name: String,
    prefix: String,
    role: Role,
    scopes: String,
    made_by: String,
    made: Markup,
    used: Option<Markup>,
    ends: Option<Markup>,
    /// Why it does not work any more.
    over: Option<&'static str>,
}

impl Row {
    fn of(here: &Here, token: &TokenInfo) -> Self {
        let when = here.when();
        let expired = token.expires_at.is_some_and(|at| at <= when.now);
        Row {
            id: token.id.to_string(),
            name: token.name.clone(),
            prefix: token.prefix.clone(),
            role: token.role,
            scopes: token.scopes.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            made_by: token.created_by.clone(),
            made: when.stamp(token.created_at),
            used: token.last_used_at.map(|at| when.distance(at)),
            ends: token.expires_at.map(|at| when.stamp(at)),
            over: match (token.revoked_at, expired) {
                (Some(_), _) => Some("Revoked"),
                (None, true) => Some("Expired"),
                (None, false) => None,
            },
        }
    }
}

#[derive(Template)]
#[template(path = "app/tokens.html")]
struct List {
    frame: Frame,
    tab: Tab,
    working: Vec<Row>,
    over: Vec<Row>,
}

/// `GET /app/settings/tokens`
pub async fn list(here: Here) -> Result<Response, PageError> {
    let rows = here.app.tokens(&here.caller).await?;
    let (working, over) = rows.iter().map(|t| Row::of(&here, t)).partition(|row| row.over.is_none());
    Ok(show(&List { frame: here.frame(Place::Settings, "Tokens").await?, tab: Tab::Tokens, working, over }))
}

#[derive(Template)]
#[template(path = "app/token_new.html")]
struct New {
    frame: Frame,
    form: Fields,
    roles: Vec<(&'static str, String)>,
    resources: Vec<(&'static str, bool)>,
    lifetimes: [(&'static str, &'static str); 5],
    until_hint: String,
}

/// How long tokens work; none for those that never end.
const LIFETIMES: [(&str, &str); 5] = [
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
    ("never", "until it is revoked"),
    ("at", "until…"),
];

async fn render(here: &Here, form: Fields) -> Result<Response, PageError> {
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let writes =
        |r: &Resource| Action::ALL.iter().any(|a| *a != Action::Read && least_role(*a, *r).is_some());
    let page = New {
        frame: here.frame(Place::Settings, "Make a token").await?,
        roles: roles(here.caller.role),
        resources: Resource::ALL.iter().map(|r| (r.as_str(), writes(r))).collect(),
        lifetimes: LIFETIMES,
        until_hint: format!("In {}, such as 2027-01-31 18:00", here.when().zone_name()),
        form,
    };
    Ok(show_as(status, &page))
}

/// `GET /app/settings/tokens/new`
pub async fn new_page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Token)?;
    let form = Fields::of([("role", "responder".into()), ("lifetime", "90".into()), ("all", "yes".into())]);
    render(&here, form).await
}

/// When the token ends. `Err`: something was wrong and is noted.
fn expiry(here: &Here, form: &mut Fields) -> Result<Option<Timestamp>, ()> {
    let when = here.when();
    match form.value("lifetime") {
        "never" => Ok(None),
        "at" => match form.time_to_come("expires_at", &when.zone, when.now) {
            Some(at) => Ok(Some(at)),
            None => {
                if form.wrong("expires_at").is_none() {
                    form.refuse("expires_at", "is empty; say when it ends");
                }
                Err(())
            }
        },
        days => match days
            .parse::<i64>()
            .ok()
            .filter(|d| LIFETIMES.iter().any(|(value, _)| *value == d.to_string()))
        {
            Some(days) => Ok(Some(when.now + SignedDuration::from_hours(24 * days))),
            None => {
                form.refuse("lifetime", "is not chosen yet");
                Err(())
            }
        },
    }
}

/// The scopes that were chosen; none when it may do everything that its role may.
fn scopes(form: &mut Fields) -> Scopes {
    if form.has("all") {
        return Scopes::default();
    }
    let chosen: Vec<Scope> = form
        .with_prefix("scope:")
        .filter_map(|(resource, access)| format!("{resource}:{access}").parse().ok())
        .collect();
    if chosen.is_empty() {
        form.refuse("all", "is off and nothing is chosen; choose what the token is for");
    }
    Scopes(chosen)
}

#[derive(Template)]
#[template(path = "app/token_made.html")]
struct Made {
    frame: Frame,
    row: Row,
    secret: String,
    url: String,
}

/// `POST /app/settings/tokens/new`
pub async fn create(here: Here, mut form: Fields) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Token)?;
    let expires_at = expiry(&here, &mut form);
    let scopes = scopes(&mut form);
    let role = form.word("role");
    if role.is_none() && form.wrong("role").is_none() {
        form.refuse("role", "is not chosen yet");
    }
    let (Some(role), Ok(expires_at), true) = (role, expires_at, form.fine()) else {
        return render(&here, form).await;
    };
    let input = NewToken { name: form.value("name").to_owned(), role, scopes, expires_at };
    match here.app.create_token(&here.caller, input).await {
        Ok(MadeToken { token, secret }) => {
            let page = Made {
                frame: here.frame(Place::Settings, "The token is made").await?,
                row: Row::of(&here, &token),
                secret: secret.expose().to_owned(),
                url: here.app.settings().public_url.clone(),
            };
            Ok(show(&page))
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| (parts[0] == "scopes").then(|| "all".to_owned()));
            render(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /app/settings/tokens/{id}/revoke`
pub async fn revoke(here: Here, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: TokenId = id_of(&id, "token")?;
    here.app.revoke_token(&here.caller, &id).await?;
    Ok(go("/app/settings/tokens?said=revoked"))
}
