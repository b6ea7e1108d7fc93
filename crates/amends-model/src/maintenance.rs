//! Planned work: announced, started and ended by the clock.

use crate::id::{ComponentId, MaintenanceId};
use crate::incident::Visibility;
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// Where planned work stands.
    pub enum MaintenanceState {
        /// Announced.
        Scheduled = "scheduled",
        /// Going on.
        InProgress = "in_progress",
        /// Done, being checked.
        Verifying = "verifying",
        /// Over.
        Completed = "completed",
    }
}

impl MaintenanceState {
    /// The words that the page and the feeds write.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::InProgress => "In progress",
            Self::Verifying => "Verifying",
            Self::Completed => "Completed",
        }
    }
}

/// Scheduled work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Maintenance {
    /// Id, also of its public page.
    pub id: MaintenanceId,
    /// Number, counted together with incidents.
    pub number: i64,
    /// What is done, as customers read it.
    pub title: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// Where it stands.
    pub state: MaintenanceState,
    /// When it is to begin.
    pub scheduled_for: Timestamp,
    /// When it is to end.
    pub scheduled_until: Timestamp,
    /// When it did begin.
    pub started_at: Option<Timestamp>,
    /// When it did end.
    pub completed_at: Option<Timestamp>,
    /// Components that are under maintenance meanwhile.
    pub components: Vec<ComponentId>,
    /// Whether the clock starts it.
    pub auto_start: bool,
    /// Whether the clock ends it.
    pub auto_complete: bool,
    /// How long before the start subscribers are reminded, in minutes; none for no reminder.
    pub remind_before_minutes: Option<i64>,
    /// When they were reminded.
    pub reminded_at: Option<Timestamp>,
    /// Imported or written afterwards; never notifies.
    pub backfilled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts changes, for optimistic edits and calendar `SEQUENCE`.
    pub version: i64,
}

/// What the clock says is to be done for a maintenance now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Tell subscribers that it begins soon.
    Remind,
    /// It begins.
    Start,
    /// It ends.
    Complete,
}

/// Decides what is due at `now`: at most one step, the earliest; call again after it is taken.
pub fn due(maintenance: &Maintenance, now: Timestamp) -> Option<Due> {
    let remind_at = maintenance.remind_before_minutes.and_then(|minutes| {
        maintenance.scheduled_for.checked_sub(jiff::SignedDuration::from_mins(minutes)).ok()
    });
    match maintenance.state {
        MaintenanceState::Scheduled if maintenance.auto_start && now >= maintenance.scheduled_for => {
            Some(Due::Start)
        }
        // A reminder after the start would only confuse, so it is dropped once the start has passed.
        MaintenanceState::Scheduled
            if maintenance.reminded_at.is_none()
                && now < maintenance.scheduled_for
                && remind_at.is_some_and(|at| now >= at && maintenance.created_at < at) =>
        {
            Some(Due::Remind)
        }
        MaintenanceState::InProgress | MaintenanceState::Verifying
            if maintenance.auto_complete && now >= maintenance.scheduled_until =>
        {
            Some(Due::Complete)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("in range")
    }

    fn sample() -> Maintenance {
        Maintenance {
            id: MaintenanceId::from_random([1; 12]),
            number: 1,
            title: "Database upgrade".into(),
            visibility: Visibility::Public,
            state: MaintenanceState::Scheduled,
            scheduled_for: at(0),
            scheduled_until: at(30),
            started_at: None,
            completed_at: None,
            components: vec![],
            auto_start: true,
            auto_complete: true,
            remind_before_minutes: Some(60),
            reminded_at: None,
            backfilled: false,
            created_at: at(-1000),
            updated_at: at(-1000),
            version: 1,
        }
    }

    #[test]
    fn the_clock_reminds_starts_and_ends() {
        let mut m = sample();
        assert_eq!(due(&m, at(-61)), None);
        assert_eq!(due(&m, at(-60)), Some(Due::Remind));
        m.reminded_at = Some(at(-60));
        assert_eq!(due(&m, at(-1)), None);
        assert_eq!(due(&m, at(0)), Some(Due::Start));
        m.state = MaintenanceState::InProgress;
        assert_eq!(due(&m, at(29)), None);
        assert_eq!(due(&m, at(30)), Some(Due::Complete));
        m.state = MaintenanceState::Completed;
        assert_eq!(due(&m, at(90)), None);
    }

    #[test]
    fn a_late_reminder_is_dropped_and_manual_work_waits() {
        let mut m = sample();
        assert_eq!(due(&m, at(5)), Some(Due::Start), "after the start there is no reminder any more");
        m.auto_start = false;
        assert_eq!(due(&m, at(5)), None);
        m.created_at = at(-30);
        assert_eq!(
            due(&m, at(-20)),
            None,
            "announced after the reminder would have gone: the announcement was it"
        );
    }
}
