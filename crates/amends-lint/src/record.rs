//! What is known about the incident apart from the text: facts of the record, to compare the text with.

use jiff::Timestamp;

use serde::Deserialize;

use crate::read::facts::{Audience, MilestoneKind};

/// Facts from the record of an incident. Everything may be unknown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// Milestones with their instants.
    pub milestones: Vec<(MilestoneKind, Timestamp)>,
    /// Numbers with what they count: `(500.0, "emails")`, `(120.0, "customers")`.
    pub quantities: Vec<(f64, String)>,
    /// When updates were published, the oldest first.
    pub updates: Vec<Timestamp>,
    /// How much process the incident deserves, 0 to 3.
    pub tier: Option<u8>,
    /// The widest audience that the incident itself may be seen by.
    pub visible_to: Option<Audience>,
    /// Names and numbers of incidents like this one that the record links or should link.
    pub similar: Vec<String>,
    /// Actions of earlier incidents that are still open: where they are from and what they say.
    pub open_actions: Vec<(String, String)>,
}

impl Record {
    /// The instant of a milestone.
    pub fn milestone(&self, kind: MilestoneKind) -> Option<Timestamp> {
        self.milestones.iter().find(|(known, _)| *known == kind).map(|(_, at)| *at)
    }
}
