//! What a broadcast keeps: the words for people, and the record as it was then, for programs.

use amends_model::Component;
use amends_model::page::{PublicIncident, PublicMaintenance};
use serde::{Deserialize, Serialize};

use super::Content;

/// What a broadcast keeps, as JSON. It does not change any more, so that an attempt days later says the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The words.
    #[serde(flatten)]
    pub content: Content,
    /// The record behind them, for subscribers that are programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
}

/// What the public could see when something was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The page's indicator: `none`, `minor`.
    pub indicator: String,
    /// The page's sentence: "All Systems Operational".
    pub description: String,
    /// The components concerned, with what customers could expect of them.
    pub components: Vec<Component>,
    /// The incident, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<PublicIncident>,
    /// The planned work, if it is about some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<PublicMaintenance>,
}

impl From<Content> for Stored {
    fn from(content: Content) -> Self {
        Self { content, snapshot: None }
    }
}
