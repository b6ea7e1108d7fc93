//! The list of subscribers, and adding one by hand.

use super::{hears_about, standing};
use crate::api::subscribers::csv_file;
use crate::error::{PageError, form_urlencoded};
use crate::pages::fields::Fields;
use crate::pages::frame::{Frame, Here, Place};
use crate::pages::incidents::Tone;
use crate::pages::maintenance::{TickGroup, tickable};
use crate::pages::when::Markup;
use crate::pages::{go, show, show_as};
use amends_app::subscriber::{AddSubscriber, SubscriberCounts, SubscriberFilter};
use amends_app::{AppError, Paging};
use amends_model::{Action, Channel, Resource, SubscriberState};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

/// A subscriber as one row.
struct Row {
    href: String,
    address: String,
    /// Its name, for those who do not get mail.
    channel: Option<&'static str>,
    tone: Tone,
    about: String,
    since: Markup,
    origin: &'static str,
}

#[derive(Template)]
#[template(path = "app/subscribers.html")]
struct Page {
    frame: Frame,
    counts: SubscriberCounts,
    form: Fields,
    rows: Vec<Row>,
    older: Option<String>,
    /// Whether only some are asked for.
    narrowed: bool,
    /// Whether there is anybody at all.
    anybody: bool,
}

const STATES: [(&str, &str); 4] = [
    ("", "Everybody"),
    ("confirmed", "Get messages"),
    ("pending", "Not confirmed"),
    ("unsubscribed", "Have left"),
];

/// `GET /app/subscribers?q=…&state=…&cursor=…`
pub async fn page(here: Here) -> Result<Response, PageError> {
    let asked = |name: &str| here.query(name).unwrap_or_default().to_owned();
    let mut form = Fields::of([("q", asked("q")), ("state", asked("state")), ("channel", asked("channel"))]);
    let state: Option<SubscriberState> = form.word("state");
    let filter = SubscriberFilter { state, search: form.some("q"), channel: form.word("channel") };
    let paging = Paging { limit: None, cursor: here.query("cursor").map(str::to_owned) };
    let found = here.app.subscribers(&here.caller, &filter, &paging).await?;
    let suppressed = here.app.suppressed_among(&here.caller, &found.items).await?;
    let counts = here.app.subscriber_counts(&here.caller).await?;
    let all = here.app.components(&here.caller).await?;
    let when = here.when();
    let rows = found.items.iter().map(|s| Row {
        href: format!("/app/subscribers/{}", s.id),
        address: s.channel.shown(&s.address),
        channel: (s.channel != Channel::Email).then_some(s.channel.label()),
        tone: standing(s, suppressed.contains(&s.address)),
        about: hears_about(s, &all),
        since: when.stamp(s.confirmed_at.unwrap_or(s.created_at)),
        origin: match s.origin {
            amends_model::Origin::Page => "asked on the page",
            amends_model::Origin::Import => "from a list",
            amends_model::Origin::Team => "added by us",
        },
    });
    let narrower = ["q", "state", "channel"]
        .map(|name| format!("{name}={}&", form_urlencoded(form.value(name))))
        .concat();
    Ok(show(&Page {
        frame: here.frame(Place::Page, "Subscribers").await?,
        rows: rows.collect(),
        older: found.next_cursor.map(|cursor| format!("/app/subscribers?{narrower}cursor={cursor}")),
        narrowed: filter != SubscriberFilter::default() || paging.cursor.is_some(),
        anybody: counts.confirmed + counts.pending + counts.unsubscribed > 0,
        counts,
        form,
    }))
}

/// `GET /app/subscribers/export`
pub async fn export(here: Here) -> Result<Response, PageError> {
    Ok(csv_file(here.app.export_subscribers(&here.caller).await?))
}

#[derive(Template)]
#[template(path = "app/subscriber_new.html")]
struct New {
    frame: Frame,
    form: Fields,
    groups: Vec<TickGroup>,
}

/// `GET /app/subscribers/new`
pub async fn new_page(here: Here) -> Result<Response, PageError> {
    here.require(Action::Create, Resource::Subscriber)?;
    let address = here.query("address").unwrap_or_default().to_owned();
    render(&here, Fields::of([("address", address)])).await
}

async fn render(here: &Here, form: Fields) -> Result<Response, PageError> {
    let all = here.app.components(&here.caller).await?;
    let status = if form.fine() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = New {
        frame: here.frame(Place::Page, "Add a subscriber").await?,
        groups: tickable(&all, |id| form.is("component", id)),
        form,
    };
    Ok(show_as(status, &page))
}

/// `POST /app/subscribers/new`
pub async fn add(here: Here, mut form: Fields) -> Result<Response, PageError> {
    let input = AddSubscriber {
        channel: None,
        address: form.value("address").to_owned(),
        owner: form.some("owner"),
        components: form.all("component").map(str::to_owned).collect(),
        confirmed: form.has("confirmed"),
    };
    match here.app.add_subscriber(&here.caller, input).await {
        Ok(added) => {
            let said = if added.state == SubscriberState::Confirmed { "subscribed" } else { "asked" };
            Ok(go(&format!("/app/subscribers/{}?said={said}", added.id)))
        }
        Err(AppError::Invalid(errors)) => {
            form.refuse_all(&errors, |parts| (parts == ["components"]).then(|| "component".into()));
            render(&here, form).await
        }
        Err(AppError::Refused(why)) => {
            form.refuse("address", why);
            render(&here, form).await
        }
        Err(other) => Err(other.into()),
    }
}
