//! The clock strip: the milestones of an incident, the gaps between them, and where each time comes from.

use crate::pages::when::{Markup, When, short};
use amends_model::{Impact, Incident, IncidentState, Milestone, Milestones};
use jiff::{SignedDuration, Timestamp};

/// One milestone on the strip.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Which.
    pub milestone: Milestone,
    /// Its name.
    pub label: &'static str,
    /// When, or how long it has been waited for.
    pub at: Markup,
    /// The gap to the milestone before, or what the target is.
    pub gap: Option<String>,
    /// Where the time comes from.
    pub source: Option<String>,
    /// Not come yet.
    pub open: bool,
    /// Past its target.
    pub late: bool,
    /// As one types it, for the form that sets it.
    pub typed: String,
}

const SHOWN: [Milestone; 6] = [
    Milestone::Started,
    Milestone::Detected,
    Milestone::Declared,
    Milestone::FirstWord,
    Milestone::Mitigated,
    Milestone::Resolved,
];

/// The cells of the strip.
pub fn cells(incident: &Incident, found: &Milestones, when: &When) -> Vec<Cell> {
    let mut before: Option<Timestamp> = None;
    SHOWN
        .iter()
        .map(|milestone| {
            let mut cell = Cell {
                milestone: *milestone,
                label: milestone.label(),
                at: Markup("–".into()),
                gap: None,
                source: None,
                open: true,
                late: false,
                typed: String::new(),
            };
            match found.get(*milestone) {
                Some(time) => {
                    cell.at = when.time_beside(time.at, incident.started_at);
                    cell.gap = before.map(|b| gap(time.at.duration_since(b)));
                    cell.source = Some(time.source.clone());
                    cell.typed = when.typed(time.at);
                    cell.open = false;
                    before = Some(time.at);
                }
                None => waiting(&mut cell, incident, found, when),
            }
            if *milestone == Milestone::FirstWord {
                first_word(&mut cell, incident, found, when);
            }
            cell
        })
        .collect()
}

/// What a milestone that has not come shows: the time that runs until it does.
fn waiting(cell: &mut Cell, incident: &Incident, found: &Milestones, when: &When) {
    let hurting = found.mitigated.is_none() && incident.state == IncidentState::Open;
    let running = match cell.milestone {
        Milestone::Mitigated => hurting,
        Milestone::Resolved => found.mitigated.is_some() && incident.state != IncidentState::Resolved,
        _ => false,
    };
    if running {
        cell.at = when.running(incident.started_at);
        cell.gap = Some("running".into());
    }
}

/// The first word has a target, counted from when the incident was noticed, as soon as customers are hurt.
fn first_word(cell: &mut Cell, incident: &Incident, found: &Milestones, when: &When) {
    let Some(noticed) = found.detected.as_ref().or(found.declared.as_ref()).map(|m| m.at) else { return };
    if incident.shown_impact() == Impact::None || incident.backfilled {
        return;
    }
    let target = incident.severity.first_word_target();
    let over = incident.resolved_at.or(found.resolved.as_ref().map(|m| m.at));
    let said = found.first_word.as_ref().map(|m| m.at);
    let waited = said.or(over).unwrap_or(when.now).duration_since(noticed);
    cell.late = waited > target;
    if said.is_none() && over.is_none() {
        cell.at = when.running(noticed);
        cell.gap = Some(format!("target {}", short(target)));
    } else if cell.late && said.is_some() {
        cell.gap = Some(format!("{}, target {}", short(waited), short(target)));
    } else if said.is_none() {
        cell.at = Markup("never".into());
    }
}

fn gap(length: SignedDuration) -> String {
    match length.as_secs().unsigned_abs() / 60 {
        0 => "at once".into(),
        _ if length.is_negative() => format!("{} earlier", short(length.abs())),
        _ => format!("+{}", short(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::milestone::MilestoneTime;
    use amends_model::{IncidentId, Phase, Severity, Visibility};
    use jiff::tz::TimeZone;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("in range")
    }

    fn incident(impact: Impact) -> Incident {
        Incident {
            id: IncidentId::from_random([1; 12]),
            number: 1,
            title: "x".into(),
            summary: String::new(),
            visibility: Visibility::Public,
            severity: Severity::Sev2,
            impact,
            impact_override: None,
            state: IncidentState::Open,
            phase: Phase::Investigating,
            started_at: at(0),
            resolved_at: None,
            monitoring_at: None,
            next_update_at: None,
            components: vec![],
            backfilled: false,
            source_url: None,
            created_at: at(2),
            updated_at: at(2),
            version: 1,
        }
    }

    fn shown(impact: Impact, first_word: Option<i64>, now: i64) -> Vec<Cell> {
        let time = |minutes| Some(MilestoneTime { at: at(minutes), source: "x".into() });
        let found = Milestones {
            started: time(0),
            detected: time(1),
            declared: time(3),
            first_word: first_word.and_then(time),
            ..Milestones::default()
        };
        let when = When { zone: TimeZone::UTC, now: at(now) };
        cells(&incident(impact), &found, &when)
    }

    #[test]
    fn gaps_are_counted_from_the_milestone_before() {
        let cells = shown(Impact::Major, Some(5), 30);
        let gaps: Vec<_> = cells.iter().map(|c| c.gap.as_deref().unwrap_or("-")).collect();
        assert_eq!(gaps, ["-", "+1 min", "+2 min", "+2 min", "running", "-"]);
        assert!(cells[4].open && cells[4].at.0.contains("30 min"), "{:?}", cells[4]);
    }

    #[test]
    fn the_first_word_is_late_when_its_target_has_passed_and_customers_are_hurt() {
        assert!(!shown(Impact::Major, Some(11), 30)[3].late);
        let late = &shown(Impact::Major, Some(12), 30)[3];
        assert!(late.late && late.gap.as_deref() == Some("11 min, target 10 min"), "{late:?}");
        let never = &shown(Impact::Major, None, 20)[3];
        assert!(never.late && never.open && never.gap.as_deref() == Some("target 10 min"), "{never:?}");
        assert!(!shown(Impact::Major, None, 8)[3].late);
        assert!(!shown(Impact::None, None, 900)[3].late, "nobody is hurt, nobody waits for a word");
    }
}
