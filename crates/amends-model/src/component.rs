//! Components of the page and how their states roll up to one sentence and one indicator.

use crate::id::ComponentId;
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// What customers can expect of a component. The order is by how much it hurts.
    pub enum ComponentStatus {
        /// Works.
        Operational = "operational",
        /// Planned work is going on.
        UnderMaintenance = "under_maintenance",
        /// Slow or with errors, usable.
        DegradedPerformance = "degraded_performance",
        /// Does not work for some, or in part.
        PartialOutage = "partial_outage",
        /// Does not work.
        MajorOutage = "major_outage",
    }
}

words! {
    /// The page's one-word state, as in the Statuspage API.
    pub enum Indicator {
        /// Nothing wrong.
        None = "none",
        /// Planned work.
        Maintenance = "maintenance",
        /// Degraded or partly out.
        Minor = "minor",
        /// Some component is out.
        Major = "major",
        /// Everything is out.
        Critical = "critical",
    }
}

impl ComponentStatus {
    /// The words a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Operational => "Working",
            Self::UnderMaintenance => "Maintenance",
            Self::DegradedPerformance => "Degraded",
            Self::PartialOutage => "Partial outage",
            Self::MajorOutage => "Major outage",
        }
    }

    /// The shape that stands beside the word, so that a state is never colour alone.
    pub const fn shape(self) -> &'static str {
        match self {
            Self::Operational => "●",
            Self::UnderMaintenance => "◇",
            Self::DegradedPerformance => "◐",
            Self::PartialOutage => "◑",
            Self::MajorOutage => "■",
        }
    }

    /// The design token that colours it: `ok`, `maintenance`, `degraded`, `partial` or `major`.
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Operational => "ok",
            Self::UnderMaintenance => "maintenance",
            Self::DegradedPerformance => "degraded",
            Self::PartialOutage => "partial",
            Self::MajorOutage => "major",
        }
    }
}

/// A part of what customers use, or a group of parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Component {
    /// Id.
    pub id: ComponentId,
    /// Name as customers know it.
    pub name: String,
    /// One line of explanation.
    pub description: Option<String>,
    /// The group it is in; groups themselves have none.
    pub group_id: Option<ComponentId>,
    /// Whether this is a group. A group's status is the worst of its components.
    pub is_group: bool,
    /// Place on the page, from 1, over all groups.
    pub position: i64,
    /// Current status (of a group: what it was given, not what it rolls up to).
    pub status: ComponentStatus,
    /// Whether its 90-day history is shown.
    pub showcase: bool,
    /// Shown only while it is not operational.
    pub only_show_if_degraded: bool,
    /// First day for which history is counted.
    pub start_date: Option<jiff::civil::Date>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Taken off the page; kept for history.
    pub archived: bool,
    /// Counts changes, for optimistic edits.
    pub version: i64,
}

/// The roll-up of leaf components to indicator and description: the rule of the Statuspage API, which held in about
/// 12,900 archived documents without exception.
pub fn roll_up(leaves: impl IntoIterator<Item = ComponentStatus>) -> (Indicator, &'static str) {
    let (mut all_major, mut any, mut worst) = (true, false, ComponentStatus::Operational);
    for status in leaves {
        any = true;
        all_major &= status == ComponentStatus::MajorOutage;
        worst = worst.max(status);
    }
    match worst {
        ComponentStatus::MajorOutage if any && all_major => (Indicator::Critical, "Major System Outage"),
        ComponentStatus::MajorOutage => (Indicator::Major, "Partial System Outage"),
        ComponentStatus::PartialOutage => (Indicator::Minor, "Minor Service Outage"),
        ComponentStatus::DegradedPerformance => (Indicator::Minor, "Partially Degraded Service"),
        ComponentStatus::UnderMaintenance => (Indicator::Maintenance, "Service Under Maintenance"),
        ComponentStatus::Operational => (Indicator::None, "All Systems Operational"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentStatus::*;

    #[test]
    fn the_roll_up_follows_the_measured_rule() {
        let table: &[(&[ComponentStatus], Indicator, &str)] = &[
            (&[], Indicator::None, "All Systems Operational"),
            (&[Operational, Operational], Indicator::None, "All Systems Operational"),
            (&[Operational, UnderMaintenance], Indicator::Maintenance, "Service Under Maintenance"),
            (&[UnderMaintenance, DegradedPerformance], Indicator::Minor, "Partially Degraded Service"),
            (&[DegradedPerformance, PartialOutage], Indicator::Minor, "Minor Service Outage"),
            (&[MajorOutage, PartialOutage], Indicator::Major, "Partial System Outage"),
            (&[MajorOutage, MajorOutage], Indicator::Critical, "Major System Outage"),
        ];
        for (leaves, indicator, description) in table {
            assert_eq!(roll_up(leaves.iter().copied()), (*indicator, *description), "{leaves:?}");
        }
    }
}
