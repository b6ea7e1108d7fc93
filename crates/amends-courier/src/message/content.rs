//! What a mail says, before it is laid out. A broadcast keeps this as JSON, so that what was shown before it went is
//! what every recipient gets, days later too.

use amends_model::{ComponentStatus, Hold, Impact};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that Amends writes by mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// News about an incident.
    Update(Update),
    /// News about planned work.
    Maintenance(MaintenanceNews),
    /// The customers' letter after an incident.
    Letter(Letter),
    /// A component's status changed.
    Component(ComponentNews),
    /// What was held back for somebody, together.
    Digest(Digest),
    /// The feeds changed.
    Feed(FeedNews),
    /// "Is this your wish?" to a program that is to be told of feeds.
    Intent(Intent),
    /// A test that the owner of an endpoint asked for.
    Test(Test),
    /// To the owner of an endpoint: it takes no messages.
    Endpoint(EndpointNotice),
    /// "Did you ask for this?"
    Confirm(Confirm),
    /// A corrective action is due.
    Action(ActionDue),
    /// Something is wrong with Amends itself, to its operators.
    Alarm(Alarm),
    /// A one-time link to sign in.
    SignIn(SignIn),
    /// An invitation to work with Amends.
    Invitation(Invitation),
}

/// A component as the mail lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Id, for feedback reports.
    pub id: String,
    /// Name with its group.
    pub name: String,
    /// Its status because of the event.
    pub status: ComponentStatus,
}

/// One update of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The incident; all its mails hang together by this.
    pub incident_id: String,
    /// The update.
    pub update_id: String,
    /// What users cannot do.
    pub title: String,
    /// The incident's page.
    pub url: String,
    /// What customers are told, as the page writes it: "Investigating".
    pub phase: String,
    /// How bad it is.
    pub impact: Impact,
    /// Whether it is over.
    pub resolved: bool,
    /// Markdown.
    pub text: String,
    /// What it touches.
    pub components: Vec<Listed>,
    /// When it was said.
    pub at: Timestamp,
    /// By when the next word is promised.
    pub next_update_at: Option<Timestamp>,
}

/// One update of planned work, or the reminder before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceNews {
    /// The maintenance; all its mails hang together by this.
    pub maintenance_id: String,
    /// The update, or an id of the reminder's own.
    pub update_id: String,
    /// What is done.
    pub title: String,
    /// Its page.
    pub url: String,
    /// Where it stands, as the page writes it: "Scheduled".
    pub state: String,
    /// Whether this is the reminder that nobody wrote.
    pub reminder: bool,
    /// Markdown; may be empty for a reminder.
    pub text: String,
    /// What it touches.
    pub components: Vec<Listed>,
    /// Planned start.
    pub from: Timestamp,
    /// Planned end.
    pub until: Timestamp,
    /// When it was said.
    pub at: Timestamp,
}

/// The customers' letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The incident, so that the letter joins its thread.
    pub incident_id: String,
    /// The postmortem.
    pub postmortem_id: String,
    /// The incident's title, which is the thread's subject.
    pub incident_title: String,
    /// The letter's own title.
    pub title: String,
    /// Where it can be read.
    pub url: String,
    /// Markdown.
    pub text: String,
    /// What the incident touched.
    pub components: Vec<Listed>,
    /// When it was published.
    pub at: Timestamp,
}

/// A component's status changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentNews {
    /// The component.
    pub component_id: String,
    /// Id of this change.
    pub update_id: String,
    /// Name with its group.
    pub name: String,
    /// Status before.
    pub from: ComponentStatus,
    /// Status now.
    pub to: ComponentStatus,
    /// The status page.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

/// What was held back for somebody, together: the newest word of each matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Id of this digest.
    pub digest_id: String,
    /// What was said, as it would have been told by itself; the oldest first.
    pub items: Vec<Content>,
    /// Why it was held back.
    pub hold: Hold,
    /// The status page.
    pub url: String,
    /// When it was put together.
    pub at: Timestamp,
}

/// The feeds changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedNews {
    /// What tells these feeds from those before.
    pub digest: String,
    /// The status page.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

/// What somebody asked the hub for in a program's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The subscription.
    pub subscriber_id: String,
    /// Whether it is to end.
    pub ends: bool,
    /// For how long it is to stand.
    pub lease_seconds: i64,
    /// What messages are to be signed with; empty for none.
    pub secret: String,
    /// When it was asked for.
    pub at: Timestamp,
}

impl Intent {
    /// The word of the protocol.
    pub const fn mode(&self) -> &'static str {
        if self.ends { "unsubscribe" } else { "subscribe" }
    }
}

/// A test that the owner of an endpoint asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The subscription.
    pub subscriber_id: String,
    /// The status page.
    pub url: String,
    /// When it was asked for.
    pub at: Timestamp,
}

/// To the owner of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointNotice {
    /// The subscription.
    pub subscriber_id: String,
    /// In one line.
    pub title: String,
    /// Markdown: what happened, what to do.
    pub text: String,
    /// Where to see and change it.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

/// "Did you ask for this?" to an address that somebody typed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// The subscription that waits.
    pub subscriber_id: String,
    /// Names of the chosen components; empty for all.
    pub components: Vec<String>,
    /// The link that confirms.
    pub url: String,
    /// Until when it works.
    pub valid_until: Timestamp,
    /// Whether the address gets news already; then the link leads to where it chooses what.
    #[serde(default)]
    pub subscribed_already: bool,
    /// What is to be written to, if that is not the address that is asked: the endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What is typed into the page instead of following the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// To the owner of a corrective action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionDue {
    /// The action.
    pub action_id: String,
    /// What is to be done.
    pub title: String,
    /// The incident that it keeps from happening again.
    pub incident_title: String,
    /// Where it is marked as done.
    pub url: String,
    /// Due day, such as `20 Nov 2026`.
    pub due: String,
    /// How many days it is overdue; 0 or less when it is not.
    pub days_overdue: i64,
}

/// Something is wrong with Amends itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What it is about; alarms about the same thing hang together.
    pub about: String,
    /// Id of this alarm.
    pub alarm_id: String,
    /// In one line.
    pub title: String,
    /// Markdown: what happened, what is safe, what to do.
    pub text: String,
    /// Where to look.
    pub url: String,
    /// When.
    pub at: Timestamp,
}

/// A one-time link to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Id of the link.
    pub link_id: String,
    /// The person.
    pub name: String,
    /// The link.
    pub url: String,
    /// Until when it works.
    pub valid_until: Timestamp,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Id of the link.
    pub link_id: String,
    /// Who invites.
    pub invited_by: String,
    /// What the person will be: "communicator".
    pub role: String,
    /// The link.
    pub url: String,
    /// Until when it works.
    pub valid_until: Timestamp,
}
