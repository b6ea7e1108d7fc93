//! What the public may see: the input of every public projection (page, feeds, Statuspage API, badge, banner).
//!
//! Nothing internal is in these types, so that no renderer can show it by mistake.

use crate::component::{Component, ComponentStatus, Indicator, roll_up};
use crate::event::ComponentChange;
use crate::id::{ComponentId, EventId, IncidentId, MaintenanceId, PageId};
use crate::incident::{Impact, Phase};
use crate::maintenance::MaintenanceState;
use crate::subscriber::Channel;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The status page's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page {
    /// Id.
    pub id: PageId,
    /// Name of the company or product.
    pub name: String,
    /// Public address without a slash at the end, such as `https://status.acme.example`.
    pub url: String,
    /// IANA name, such as `Etc/UTC`; the API gives times in this zone.
    pub time_zone: String,
    /// One sentence beneath the name.
    pub description: Option<String>,
    /// Where customers get help: an address or mail address.
    pub support_url: Option<String>,
    /// BCP 47 language of the page.
    pub language: String,
    /// When it was set up.
    pub created_at: Timestamp,
    /// When anything that the page shows last changed.
    pub updated_at: Timestamp,
    /// Counts changes, for optimistic edits.
    pub version: i64,
}

impl Page {
    /// The page's zone; UTC if its name is not known here.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// An update as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicUpdate<S> {
    /// Id of the event.
    pub id: EventId,
    /// Phase or state told.
    pub status: S,
    /// Markdown.
    pub text: String,
    /// When it happened; what readers see.
    pub display_at: Timestamp,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// Whether subscribers were notified.
    pub notify: bool,
    /// Components that changed with it.
    pub components: Vec<ComponentChange>,
}

/// A published customers' letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Letter {
    /// Title.
    pub title: String,
    /// Markdown with all facts already filled in.
    pub text: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A component an incident touches, as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicAffected {
    /// The component.
    pub component_id: ComponentId,
    /// Name with its group: "Group - Component".
    pub name: String,
    /// Worst status because of this incident.
    pub status: ComponentStatus,
}

/// A public incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicIncident {
    /// Id.
    pub id: IncidentId,
    /// Number, for the Atom feed's entry ids.
    pub number: i64,
    /// What users cannot do.
    pub title: String,
    /// Impact shown.
    pub impact: Impact,
    /// What customers were told last.
    pub phase: Phase,
    /// When it began.
    pub started_at: Timestamp,
    /// When a fix was being watched.
    pub monitoring_at: Option<Timestamp>,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// By when the next word was promised.
    pub next_update_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed for the public.
    pub updated_at: Timestamp,
    /// Components it touches.
    pub components: Vec<PublicAffected>,
    /// Newest first.
    pub updates: Vec<PublicUpdate<Phase>>,
    /// The customers' letter, once published.
    pub letter: Option<Letter>,
}

/// Public planned work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicMaintenance {
    /// Id.
    pub id: MaintenanceId,
    /// Number, for the Atom feed's entry ids.
    pub number: i64,
    /// What is done.
    pub title: String,
    /// Where it stands.
    pub state: MaintenanceState,
    /// Planned start.
    pub scheduled_for: Timestamp,
    /// Planned end.
    pub scheduled_until: Timestamp,
    /// Real start.
    pub started_at: Option<Timestamp>,
    /// Real end.
    pub completed_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed for the public.
    pub updated_at: Timestamp,
    /// Calendar `SEQUENCE`.
    pub sequence: i64,
    /// Components that are under maintenance meanwhile.
    pub components: Vec<PublicAffected>,
    /// Newest first.
    pub updates: Vec<PublicUpdate<MaintenanceState>>,
}

/// One thing of the history, in the order of when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HistoryItem {
    /// An incident.
    Incident(PublicIncident),
    /// Planned work that is over.
    Maintenance(PublicMaintenance),
}

/// The record as the public may see it now: everything that the hot set of public documents shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicRecord {
    /// The page.
    pub page: Page,
    /// Components and groups, by position; without archived ones. A leaf's status counts open incidents and
    /// maintenance in already; a group's is the worst of its leaves.
    pub components: Vec<Component>,
    /// The 50 newest public incidents and every unresolved one, newest first.
    pub incidents: Vec<PublicIncident>,
    /// The 50 newest public maintenances and every one that is not completed, newest first.
    pub maintenances: Vec<PublicMaintenance>,
    /// The last 90 days of each showcased component, in the order of `components`.
    pub days: Vec<ComponentDays>,
    /// How one can subscribe.
    pub ways: Vec<Channel>,
    /// When this was read.
    pub read_at: Timestamp,
}

impl PublicRecord {
    /// Unresolved incidents, newest first.
    pub fn open_incidents(&self) -> impl Iterator<Item = &PublicIncident> {
        self.incidents.iter().filter(|i| i.phase != Phase::Resolved)
    }

    /// Maintenances that are not over.
    pub fn open_maintenances(&self) -> impl Iterator<Item = &PublicMaintenance> {
        self.maintenances.iter().filter(|m| m.state != MaintenanceState::Completed)
    }

    /// The Statuspage roll-up of the leaf components.
    pub fn roll_up(&self) -> (Indicator, &'static str) {
        roll_up(self.components.iter().filter(|c| !c.is_group).map(|c| c.status))
    }

    /// The honest indicator: the worst of the roll-up and of the impact of every open incident.
    pub fn honest_indicator(&self) -> Indicator {
        let open = self.open_incidents().map(|i| match i.impact {
            Impact::None => Indicator::None,
            Impact::Minor => Indicator::Minor,
            Impact::Major => Indicator::Major,
            Impact::Critical => Indicator::Critical,
        });
        open.fold(self.roll_up().0, Indicator::max)
    }
}

/// A stretch of time in which a component was not operational because of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The component.
    pub component_id: ComponentId,
    /// Status meanwhile.
    pub status: ComponentStatus,
    /// From when.
    pub from: Timestamp,
    /// Until when; none while it lasts.
    pub until: Option<Timestamp>,
    /// Id of the incident or maintenance.
    pub cause: String,
    /// Its title.
    pub title: String,
}

/// One component's days, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComponentDays {
    /// The component.
    pub component_id: ComponentId,
    /// Days, oldest first; the last is today.
    pub days: Vec<Day>,
    /// Share of the counted time in which it was not partly or fully out, in millionths; none without history.
    pub uptime_millionths: Option<u32>,
}

/// One day of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Day {
    /// The day in the page's zone.
    pub date: Date,
    /// Worst status; none before the component existed.
    pub status: Option<ComponentStatus>,
    /// Minutes in which it was not operational for reasons other than maintenance, each counted once.
    pub minutes: u32,
    /// What happened: (id, title), each once.
    pub causes: Vec<(String, String)>,
}

/// Counts the last `days` days of each component from the stretches in which it was not operational.
///
/// Grows with components × days + spans × days they touch.
pub fn component_days(
    components: &[Component],
    spans: &[Span],
    days: usize,
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<ComponentDays> {
    let today = now.to_zoned(zone.clone()).date();
    let dates: Vec<Date> = (0..days)
        .rev()
        .filter_map(|back| today.checked_sub(jiff::Span::new().days(i64::try_from(back).ok()?)).ok())
        .collect();
    let bounds: Vec<(Timestamp, Timestamp)> = dates
        .iter()
        .filter_map(|date| {
            let from = date.to_zoned(zone.clone()).ok()?.timestamp();
            let until = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
            Some((from, until))
        })
        .collect();
    components
        .iter()
        .filter(|c| !c.is_group && c.showcase)
        .map(|component| {
            let mut mine: Vec<&Span> = spans.iter().filter(|s| s.component_id == component.id).collect();
            mine.sort_by_key(|s| s.from);
            let born =
                component.start_date.unwrap_or_else(|| component.created_at.to_zoned(zone.clone()).date());
            let born = mine.first().map_or(born, |s| born.min(s.from.to_zoned(zone.clone()).date()));
            let (mut out, mut counted) = (SignedDuration::ZERO, SignedDuration::ZERO);
            let days = dates
                .iter()
                .zip(&bounds)
                .map(|(date, (from, until))| {
                    let mut day = Day { date: *date, status: None, minutes: 0, causes: vec![] };
                    if *date < born {
                        return day;
                    }
                    let mut worst = ComponentStatus::Operational;
                    let mut hurt: Vec<(Timestamp, Timestamp, ComponentStatus)> = vec![];
                    for span in &mine {
                        let (a, b) = (span.from.max(*from), span.until.unwrap_or(now).min(*until).min(now));
                        if a >= b {
                            continue;
                        }
                        worst = worst.max(span.status);
                        if !day.causes.iter().any(|(id, _)| *id == span.cause) {
                            day.causes.push((span.cause.clone(), span.title.clone()));
                        }
                        if span.status > ComponentStatus::UnderMaintenance {
                            hurt.push((a, b, span.status));
                        }
                    }
                    day.status = Some(worst);
                    let seconds = union(hurt.iter().map(|(a, b, _)| (*a, *b))).as_secs();
                    day.minutes = u32::try_from((seconds + 59) / 60).unwrap_or(0);
                    counted += (*until).min(now).duration_since((*from).min(now));
                    out += union(
                        hurt.iter()
                            .filter(|(_, _, s)| *s >= ComponentStatus::PartialOutage)
                            .map(|(a, b, _)| (*a, *b)),
                    );
                    day
                })
                .collect();
            let uptime_millionths = (counted > SignedDuration::ZERO).then(|| {
                let up = (counted - out).as_secs().max(0) as f64 / counted.as_secs().max(1) as f64;
                (up.clamp(0.0, 1.0) * 1_000_000.0).floor() as u32
            });
            ComponentDays { component_id: component.id.clone(), days, uptime_millionths }
        })
        .collect()
}

/// Length of the union of intervals given in order of their start.
fn union(intervals: impl Iterator<Item = (Timestamp, Timestamp)>) -> SignedDuration {
    let (mut total, mut reached) = (SignedDuration::ZERO, Timestamp::MIN);
    for (from, until) in intervals {
        let from = from.max(reached);
        if until > from {
            total += until.duration_since(from);
            reached = until;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(id: u8) -> Component {
        Component {
            id: ComponentId::from_random([id; 12]),
            name: "API".into(),
            description: None,
            group_id: None,
            is_group: false,
            position: 1,
            status: ComponentStatus::Operational,
            showcase: true,
            only_show_if_degraded: false,
            start_date: Some("2026-01-01".parse().expect("date")),
            created_at: "2026-01-01T00:00:00Z".parse().expect("instant"),
            updated_at: "2026-01-01T00:00:00Z".parse().expect("instant"),
            archived: false,
            version: 1,
        }
    }

    fn span(from: &str, until: &str, status: ComponentStatus, cause: &str) -> Span {
        Span {
            component_id: ComponentId::from_random([1; 12]),
            status,
            from: from.parse().expect("instant"),
            until: Some(until.parse().expect("instant")),
            cause: cause.into(),
            title: cause.into(),
        }
    }

    #[test]
    fn days_count_overlaps_once_and_split_at_midnight_of_the_page() {
        let zone = TimeZone::get("Europe/Berlin").expect("zone");
        let now: Timestamp = "2026-03-30T10:00:00Z".parse().expect("instant");
        let spans = [
            span("2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", ComponentStatus::PartialOutage, "a"),
            span("2026-03-28T22:45:00Z", "2026-03-28T22:50:00Z", ComponentStatus::MajorOutage, "b"),
            span("2026-03-30T01:00:00Z", "2026-03-30T02:00:00Z", ComponentStatus::UnderMaintenance, "m"),
        ];
        let days = &component_days(&[component(1)], &spans, 3, &zone, now)[0].days;
        assert_eq!(days[0].date, "2026-03-28".parse().expect("date"));
        assert_eq!((days[0].minutes, days[0].status), (30, Some(ComponentStatus::MajorOutage)));
        assert_eq!(days[0].causes.len(), 2);
        assert_eq!(
            (days[1].minutes, days[1].status),
            (30, Some(ComponentStatus::PartialOutage)),
            "23-hour day"
        );
        assert_eq!((days[2].minutes, days[2].status), (0, Some(ComponentStatus::UnderMaintenance)));
    }

    #[test]
    fn days_before_a_component_existed_say_nothing() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("instant");
        let counted = component_days(&[component(1)], &[], 90, &TimeZone::UTC, now);
        assert_eq!(counted[0].days.len(), 90);
        assert_eq!(counted[0].days.iter().filter(|d| d.status.is_none()).count(), 88);
        assert_eq!(counted[0].uptime_millionths, Some(1_000_000));
    }
}
