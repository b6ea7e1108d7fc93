//! What every page of the app has around its content: the rail of places, who is signed in, and what everybody must see.

use super::changes::known;
use super::when::{Markup, When};
use crate::assets;
use crate::error::PageError;
use crate::state::WebState;
use crate::visitor::SignedIn;
use amends_app::health::ChannelState;
use amends_app::identity::{self, Session};
use amends_app::{App, AppError, Caller};
use amends_model::{Action, Channel, Resource};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The places of the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What is going on.
    Now,
    /// Incidents and planned work.
    Incidents,
    /// What was learned.
    Postmortems,
    /// What was promised.
    Actions,
    /// The status page and who hears from it.
    Page,
    /// The installation: people, tokens, audit log, health.
    Settings,
    /// Oneself.
    Account,
    /// Anywhere else.
    None,
}

/// Who is here, and what they asked for. The first parameter of every page.
#[derive(Clone)]
pub struct Here {
    /// The application.
    pub app: App,
    /// Who.
    pub caller: Caller,
    /// By which session.
    pub session: Session,
    /// From where.
    pub origin: identity::Visitor,
    query: Vec<(String, String)>,
}

impl FromRequestParts<WebState> for Here {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, PageError> {
        let SignedIn { caller, session, origin } = SignedIn::from_request_parts(parts, state).await?;
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        // A query that cannot be read asks for nothing in particular.
        let query = query.map(|q| q.0).unwrap_or_default();
        Ok(Here { app: state.app.clone(), caller, session, origin, query })
    }
}

impl Here {
    /// A value of the query; none if it is empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// An error unless this person may. For pages that are only a form; the use cases ask again.
    pub fn require(&self, action: Action, resource: Resource) -> Result<(), PageError> {
        Ok(self.caller.require(action, resource)?)
    }

    /// Times as this person reads them.
    pub fn when(&self) -> When {
        When { zone: self.caller.time_zone.clone(), now: self.app.now() }
    }

    /// The frame of a page.
    pub async fn frame(&self, place: Place, title: &str) -> Result<Frame, AppError> {
        let page = self.app.page().await?;
        let can = Can::of(&self.caller);
        let held = held(&self.app, &self.caller).await?;
        let changes = known(*self.app.changes().borrow(), &mark(&held));
        let open = self.app.open_incident_count(&self.caller).await?;
        Ok(Frame {
            title: title.to_owned(),
            brand: page.name,
            place,
            open,
            who: self.caller.actor.name.clone(),
            role: self.caller.role.to_string(),
            zone: self.when().zone_name(),
            said: self.query("said").and_then(said),
            held: held
                .into_iter()
                .map(|c| Held {
                    what: stopped(c.channel),
                    waiting: c.waiting,
                    since: self.when().time(c.since),
                    reason: c.reason,
                })
                .collect(),
            can,
            css: assets::url("app.css"),
            base_js: assets::url("base.js"),
            app_js: assets::url("app.js"),
            icon: assets::url("favicon.svg"),
            changes,
        })
    }
}

/// The channels on which nothing gets through, for who may know.
pub(super) async fn held(app: &App, caller: &Caller) -> Result<Vec<ChannelState>, AppError> {
    if !caller.may(Action::Read, Resource::Health) {
        return Ok(Vec::new());
    }
    app.failing_channels(caller).await
}

/// Tells those channels from others in one word, empty for none.
pub(super) fn mark(held: &[ChannelState]) -> String {
    held.iter().map(|c| c.channel.as_str()).collect::<Vec<_>>().join("+")
}

/// What is said of a channel on which nothing gets through.
pub(super) const fn stopped(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "Mail is held",
        Channel::Sms => "Text messages are held",
        Channel::Webhook => "Webhooks do not get through",
        Channel::Slack => "Messages to Slack do not get through",
        Channel::Teams => "Messages to Teams do not get through",
        Channel::Discord => "Messages to Discord do not get through",
        Channel::Webpush => "Messages to browsers do not get through",
        Channel::Websub => "Readers of the feeds are not told",
    }
}

/// What the person may do; what they may not do is not offered.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is one line of the table of permissions")]
pub struct Can {
    /// Declare incidents, take notes, set what is internal.
    pub respond: bool,
    /// Make incidents public and change what customers see of them.
    pub publish: bool,
    /// Tell customers.
    pub tell: bool,
    /// Schedule and change planned work.
    pub plan: bool,
    /// Set a component's status and texts.
    pub component: bool,
    /// Add and archive components.
    pub components: bool,
    /// Change the page's settings.
    pub page: bool,
    /// See and change subscribers.
    pub subscribers: bool,
    /// See broadcasts.
    pub broadcasts: bool,
    /// Read the built-in mail viewer.
    pub mail: bool,
    /// See, add and change people.
    pub people: bool,
    /// See, make and revoke tokens.
    pub tokens: bool,
    /// Read the audit log.
    pub audit: bool,
    /// See how the installation is.
    pub health: bool,
}

impl Can {
    /// Whether there is anything in the settings for them.
    pub fn settings(&self) -> bool {
        self.people || self.tokens || self.audit || self.health
    }

    /// What `caller` may.
    pub fn of(caller: &Caller) -> Self {
        Can {
            respond: caller.may(Action::Create, Resource::Event)
                && caller.may(Action::Edit, Resource::Incident),
            publish: caller.may(Action::Publish, Resource::Incident),
            tell: caller.may(Action::Publish, Resource::Update),
            plan: caller.may(Action::Create, Resource::Maintenance),
            component: caller.may(Action::Edit, Resource::Component),
            components: caller.may(Action::Create, Resource::Component),
            page: caller.may(Action::Edit, Resource::Page),
            subscribers: caller.may(Action::Read, Resource::Subscriber),
            broadcasts: caller.may(Action::Read, Resource::Broadcast),
            mail: caller.may(Action::Read, Resource::Mailbox),
            people: caller.may(Action::Read, Resource::Person),
            tokens: caller.may(Action::Read, Resource::Token),
            audit: caller.may(Action::Read, Resource::Audit),
            health: caller.may(Action::Read, Resource::Health),
        }
    }
}

/// Messages wait because nothing gets through.
#[derive(Debug, Clone)]
pub struct Held {
    /// Which.
    pub what: &'static str,
    /// How many wait.
    pub waiting: u64,
    /// Since when.
    pub since: Markup,
    /// What is wrong, in words.
    pub reason: String,
}

/// See [`Here::frame`].
#[derive(Debug, Clone)]
pub struct Frame {
    /// Of the document.
    pub title: String,
    /// Name of the company.
    pub brand: String,
    /// Which place of the rail this is.
    pub place: Place,
    /// How many incidents are open.
    pub open: i64,
    /// Who is signed in.
    pub who: String,
    /// As what.
    pub role: String,
    /// Their zone.
    pub zone: String,
    /// What was just done.
    pub said: Option<&'static str>,
    /// What does not get through.
    pub held: Vec<Held>,
    /// What they may do.
    pub can: Can,
    /// Paths of styles and scripts.
    pub css: &'static str,
    /// The script that public page and app share.
    pub base_js: &'static str,
    /// The app's script.
    pub app_js: &'static str,
    /// The icon.
    pub icon: &'static str,
    /// What this page knows of; see [`super::changes`].
    pub changes: String,
}

impl Frame {
    /// The hint of a field that a time is typed into.
    pub fn in_zone(&self) -> String {
        format!("In {}: 2026-11-20 15:04, 15:04 or -10m", self.zone)
    }

    /// `aria-current` for the place where the person is.
    pub fn current(&self, place: Place) -> Markup {
        Markup(if self.place == place { r#" aria-current="page""#.into() } else { String::new() })
    }
}

/// The sentences that a page may say after something was done. A closed set, so that a link cannot put words into the
/// app's mouth.
fn said(word: &str) -> Option<&'static str> {
    Some(match word {
        "declared" => "The incident is declared.",
        "told" => "Customers are being told. The page shows it already.",
        "shown" => "The page shows it. No mail was sent.",
        "saved" => "Saved.",
        "same" => "Nothing had changed.",
        "public" => "The incident is public now. Customers hear of it when you write the first word.",
        "internal" => "The incident is internal now. The page does not show it any more.",
        "scheduled" => "The work is scheduled.",
        "added" => "Added.",
        "archived" => "Taken off the page. Its history is kept.",
        "put_back" => "It is on the page again.",
        "welcome" => "The administrator is created and you are signed in.",
        "password" => "Your password is set and you are signed in.",
        "password_changed" => "Your password is changed. You are signed out everywhere else.",
        "session_ended" => "That session is ended.",
        "sessions_ended" => "You are signed out everywhere else.",
        "all_ended" => "They are signed out everywhere.",
        "mailed" => "The link is on its way by mail.",
        "revoked" => "The token is revoked. It stopped working at once.",
        "removed" => "Removed.",
        "subscribed" => "They get messages from now on.",
        "asked" => {
            "A message asks them whether they want it. Until they follow its link, nothing else is sent."
        }
        "test_sent" => "A test is on its way. What came of it stands among the messages in a moment.",
        "suppressed" => "Nothing is sent to this address any more.",
        "lifted" => "The address may be written to again.",
        "stopped" => "Stopped. What had not gone yet will not.",
        "emptied" => "The viewer is empty.",
        "drafted" => "Drafted. The facts are filled in; write what no record knows.",
        "submitted" => "It is in review.",
        "withdrawn" => "It is a draft again.",
        "published" => "Published inside the company.",
        "letter_sent" => "The letter is on the page, and on its way to subscribers.",
        "letter_shown" => "The letter is on the page. No mail was sent.",
        "done" => "Done. The note stands with it.",
        "dropped" => "Closed without being done. The reason stands with it.",
        _ => return None,
    })
}
