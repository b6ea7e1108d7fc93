//! The one next step that a room suggests. Pure: the record and now in, a suggestion out.

use crate::pages::when::short;
use amends_app::incident::Room;
use amends_model::{EventBody, Impact, Incident, IncidentState, Phase, Visibility};
use jiff::{SignedDuration, Timestamp};

/// A fix is watched for so long before the room asks whether it is over.
const WATCHED_LONG: SignedDuration = SignedDuration::from_mins(30);

/// Where the postmortem of an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learning {
    /// There is none yet.
    Missing,
    /// Being written.
    Draft,
    /// Published.
    Published,
}

/// What to do next; what presses most stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Customers are hurt, and the page says nothing.
    MakePublic,
    /// It is on the page without a word.
    FirstWord,
    /// The promised word is late.
    WordLate,
    /// Internally it is mitigated; customers still hear that it is being looked into.
    SayMonitoring,
    /// Internally it is over; customers still see it as open.
    SayResolved,
    /// A fix has been watched for long.
    Resolve,
    /// Customers were told that it is over; internally it is still open.
    CloseHere,
    /// Nobody leads.
    TakeLead,
    /// Customers were promised nothing.
    Promise,
    /// A word is promised for later.
    WordDue,
    /// It is over and nothing is learned yet.
    DraftPostmortem,
    /// The postmortem waits to be finished.
    FinishPostmortem,
}

/// Decides. `None`: there is nothing to do.
pub fn step(room: &Room, learning: Option<Learning>, now: Timestamp) -> Option<Step> {
    let incident = &room.incident;
    let over = incident.state == IncidentState::Resolved;
    let public = incident.visibility == Visibility::Public;
    let told = room.events.iter().any(|e| matches!(e.body, EventBody::Update { .. }));
    if !public && !over && incident.shown_impact() > Impact::None {
        return Some(Step::MakePublic);
    }
    if public
        && incident.phase != Phase::Resolved
        && let Some(step) = towards_customers(incident, told, now)
    {
        return Some(step);
    }
    if public && incident.phase == Phase::Resolved && !over {
        return Some(Step::CloseHere);
    }
    if !over && !room.roles.iter().any(|r| r.role == "lead") {
        return Some(Step::TakeLead);
    }
    if incident.is_open_for_customers() {
        return Some(if incident.next_update_at.is_some() { Step::WordDue } else { Step::Promise });
    }
    match learning.filter(|_| over && !incident.backfilled)? {
        Learning::Missing => Some(Step::DraftPostmortem),
        Learning::Draft => Some(Step::FinishPostmortem),
        Learning::Published => None,
    }
}

fn towards_customers(incident: &Incident, told: bool, now: Timestamp) -> Option<Step> {
    if !told {
        return Some(Step::FirstWord);
    }
    match incident.state {
        IncidentState::Resolved => return Some(Step::SayResolved),
        IncidentState::Mitigated if incident.phase < Phase::Monitoring => return Some(Step::SayMonitoring),
        _ => {}
    }
    if incident.next_update_at.is_some_and(|at| at <= now) {
        return Some(Step::WordLate);
    }
    let watched = incident.monitoring_at.filter(|_| incident.phase == Phase::Monitoring);
    watched.filter(|since| now.duration_since(*since) > WATCHED_LONG).map(|_| Step::Resolve)
}

impl Step {
    /// The sentence that says it.
    pub fn sentence(self, incident: &Incident, now: Timestamp) -> String {
        match self {
            Step::MakePublic => {
                "Customers are hurt and the page says nothing. Make it public, then tell them.".into()
            }
            Step::FirstWord => "It is on the page without a word. Write the first one.".into(),
            Step::WordLate => match incident.next_update_at {
                Some(at) => {
                    format!("The next word to customers was due {} ago.", short(now.duration_since(at)))
                }
                None => "The next word to customers is late.".into(),
            },
            Step::SayMonitoring => format!(
                "It is mitigated here; customers still read “{}”. Tell them that a fix is in.",
                incident.phase.label()
            ),
            Step::SayResolved => format!(
                "It is resolved here; customers still read “{}”. Tell them that it is over.",
                incident.phase.label()
            ),
            Step::Resolve => match incident.monitoring_at {
                Some(since) => format!(
                    "The fix has been watched for {}. If it holds, tell customers that it is over.",
                    short(now.duration_since(since))
                ),
                None => "If the fix holds, tell customers that it is over.".into(),
            },
            Step::CloseHere => {
                "Customers were told that it is over. If our work is, too, resolve it here.".into()
            }
            Step::TakeLead => "Nobody leads yet. Take it, or say who does.".into(),
            Step::Promise => "Customers have not been told when they hear more. Promise a time.".into(),
            Step::WordDue => match incident.next_update_at {
                Some(at) => format!("Next word to customers is due in {}.", short(at.duration_since(now))),
                None => "Next word to customers is promised.".into(),
            },
            Step::DraftPostmortem => {
                "It is over. Draft the postmortem while it is fresh: the facts are filled in already.".into()
            }
            Step::FinishPostmortem => "The postmortem is not finished yet.".into(),
        }
    }

    /// The phase that an update written now would tell, if the step is to write one.
    pub const fn phase(self, current: Phase) -> Option<Phase> {
        match self {
            Step::FirstWord | Step::WordLate | Step::WordDue | Step::Promise => Some(current),
            Step::SayMonitoring => Some(Phase::Monitoring),
            Step::SayResolved | Step::Resolve => Some(Phase::Resolved),
            _ => None,
        }
    }

    /// What the button that leads there says.
    pub const fn verb(self) -> &'static str {
        match self {
            Step::MakePublic => "Make it public",
            Step::FirstWord | Step::WordLate | Step::WordDue | Step::Promise => "Write to customers",
            Step::SayMonitoring | Step::SayResolved | Step::Resolve => "Tell customers",
            Step::CloseHere => "Go and resolve it",
            Step::TakeLead => "Go and take the lead",
            Step::DraftPostmortem | Step::FinishPostmortem => "Go there",
        }
    }

    /// Where in the room it is done, as the end of the room's address.
    pub const fn place(self) -> &'static str {
        match self {
            Step::MakePublic => "/visibility",
            Step::CloseHere | Step::TakeLead | Step::DraftPostmortem | Step::FinishPostmortem => "#next-step",
            _ => "#update",
        }
    }

    /// Whether it should have been done already.
    pub const fn urgent(self) -> bool {
        matches!(self, Step::MakePublic | Step::FirstWord | Step::WordLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_app::incident::RoleTaken;
    use amends_model::{Actor, Event, EventId, IncidentId, Severity, Subject};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("in range")
    }

    fn room() -> Room {
        let id = IncidentId::from_random([1; 12]);
        let update = Event {
            id: EventId::from_random([2; 12]),
            subject: Subject::Incident(id.clone()),
            at: at(5),
            written_at: at(5),
            actor: Actor::system("test"),
            body: EventBody::Update {
                phase: Phase::Investigating,
                text: "x".into(),
                notify: true,
                components: vec![],
            },
            edited_at: None,
            version: 1,
        };
        Room {
            incident: Incident {
                id,
                number: 1,
                title: "x".into(),
                summary: String::new(),
                visibility: Visibility::Public,
                severity: Severity::Sev2,
                impact: Impact::Major,
                impact_override: None,
                state: IncidentState::Open,
                phase: Phase::Investigating,
                started_at: at(0),
                resolved_at: None,
                monitoring_at: None,
                next_update_at: Some(at(40)),
                components: vec![],
                backfilled: false,
                source_url: None,
                created_at: at(2),
                updated_at: at(2),
                version: 1,
            },
            milestones: amends_model::Milestones::default(),
            events: vec![update],
            roles: vec![RoleTaken { role: "lead".into(), person: "Ada".into(), since: at(2) }],
        }
    }

    fn after(change: impl FnOnce(&mut Room)) -> Option<Step> {
        let mut room = room();
        change(&mut room);
        step(&room, Some(Learning::Missing), at(30))
    }

    #[test]
    fn one_step_at_a_time_and_the_most_pressing_first() {
        assert_eq!(after(|_| ()), Some(Step::WordDue));
        assert_eq!(after(|r| r.incident.visibility = Visibility::Internal), Some(Step::MakePublic));
        assert_eq!(after(|r| r.events.clear()), Some(Step::FirstWord));
        assert_eq!(after(|r| r.incident.next_update_at = Some(at(29))), Some(Step::WordLate));
        assert_eq!(after(|r| r.incident.next_update_at = None), Some(Step::Promise));
        assert_eq!(after(|r| r.incident.state = IncidentState::Mitigated), Some(Step::SayMonitoring));
        assert_eq!(after(|r| r.incident.state = IncidentState::Resolved), Some(Step::SayResolved));
        assert_eq!(after(|r| r.roles.clear()), Some(Step::TakeLead));
        let watched = |r: &mut Room, since| {
            (r.incident.phase, r.incident.monitoring_at) = (Phase::Monitoring, Some(at(since)));
        };
        assert_eq!(after(|r| watched(r, -10)), Some(Step::Resolve));
        assert_eq!(after(|r| watched(r, 10)), Some(Step::WordDue));
        assert_eq!(after(|r| r.incident.phase = Phase::Resolved), Some(Step::CloseHere));
    }

    #[test]
    fn what_is_over_is_learned_from() {
        let mut room = room();
        (room.incident.phase, room.incident.state) = (Phase::Resolved, IncidentState::Resolved);
        assert_eq!(step(&room, Some(Learning::Missing), at(90)), Some(Step::DraftPostmortem));
        assert_eq!(step(&room, Some(Learning::Draft), at(90)), Some(Step::FinishPostmortem));
        assert_eq!(step(&room, Some(Learning::Published), at(90)), None);
        room.incident.backfilled = true;
        assert_eq!(step(&room, Some(Learning::Missing), at(90)), None, "imported history asks for nothing");
    }

    #[test]
    fn nobody_is_hurt_and_nobody_hurries() {
        let quiet = after(|r| {
            (r.incident.visibility, r.incident.impact) = (Visibility::Internal, Impact::None);
        });
        assert_eq!(quiet, None);
    }
}
