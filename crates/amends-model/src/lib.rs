//! The words of the field, as types: ids, values, state machines, milestones, roll-up and permission rules.
//!
//! Pure on purpose: no IO, no async, no clock and no random source of its own. Everything that a decision needs,
//! `now` included, is a parameter.

pub mod broadcast;
pub mod component;
pub mod event;
pub mod id;
pub mod incident;
pub mod local_time;
pub mod maintenance;
pub mod milestone;
pub mod page;
pub mod permission;
pub mod person;
pub mod postmortem;
pub mod preference;
pub mod subscriber;
pub mod text;
mod words;

pub use broadcast::{Broadcast, BroadcastKind, ChannelHealth, Delivery, DeliveryState, Hold};
pub use component::{Component, ComponentStatus, Indicator};
pub use event::{Actor, ActorKind, Event, EventBody};
pub use id::*;
pub use incident::{Affected, Impact, Incident, IncidentState, Phase, Severity, Visibility};
pub use maintenance::{Maintenance, MaintenanceState};
pub use milestone::{Milestone, MilestoneTime, Milestones};
pub use permission::{Action, Resource, Role};
pub use person::{Person, TokenInfo};
pub use postmortem::{
    ActionState, Audience, CorrectiveAction, Despite, ImportedFrom, KnownFinding, Postmortem,
    PostmortemState, PostmortemSummary, PostmortemVersion, Publication, PublishedLetter, Reminder, Term,
};
pub use preference::{Digest, Preferences, QuietHours, TimeOfDay};
pub use subscriber::{
    Channel, Endpoint, Origin, Subscriber, SubscriberState, Suppression, SuppressionReason,
};
pub use text::{FieldError, FieldErrors};
