//! What the templates show: the record turned into words, shapes and times. Pure.

use super::feeds::{feed_name, xml};
use super::markdown;
use super::when::{When, day, length, minutes_between};
use amends_model::event::ComponentChange;
use amends_model::incident::{Impact, Phase};
use amends_model::maintenance::MaintenanceState;
use amends_model::page::{
    ComponentDays, Day, HistoryItem, PublicAffected, PublicIncident, PublicMaintenance, PublicRecord,
    PublicUpdate,
};
use amends_model::{Component, ComponentStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use std::fmt::Write;

/// A state as readers see it: never colour alone.
#[derive(Debug, Clone, Copy)]
pub struct State {
    /// CSS class.
    pub tone: &'static str,
    /// One of the five marks.
    pub shape: &'static str,
    /// The word.
    pub word: &'static str,
}

impl From<ComponentStatus> for State {
    fn from(status: ComponentStatus) -> Self {
        State { tone: status.tone(), shape: status.shape(), word: status.label() }
    }
}

/// The state of an incident by its impact.
pub fn impact(impact: Impact) -> State {
    match impact {
        Impact::None => State { tone: "quiet-state", shape: "●", word: "No impact" },
        impact => impact.as_status().into(),
    }
}

fn maintenance_state(state: MaintenanceState) -> State {
    State { tone: "maintenance", shape: "◇", word: state.label() }
}

/// A public thing with a page of its own, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum Item<'a> {
    /// An incident.
    Incident(&'a PublicIncident),
    /// Planned work.
    Maintenance(&'a PublicMaintenance),
}

impl<'a> From<&'a HistoryItem> for Item<'a> {
    fn from(item: &'a HistoryItem) -> Self {
        match item {
            HistoryItem::Incident(i) => Item::Incident(i),
            HistoryItem::Maintenance(m) => Item::Maintenance(m),
        }
    }
}

impl<'a> Item<'a> {
    /// Its id.
    pub fn id(self) -> &'a str {
        match self {
            Item::Incident(i) => i.id.as_str(),
            Item::Maintenance(m) => m.id.as_str(),
        }
    }

    /// A copy that lives by itself.
    pub fn to_owned(self) -> HistoryItem {
        match self {
            Item::Incident(i) => HistoryItem::Incident(i.clone()),
            Item::Maintenance(m) => HistoryItem::Maintenance(m.clone()),
        }
    }

    /// When it began or is to begin: decides its place in the history.
    pub fn began(self) -> Timestamp {
        match self {
            Item::Incident(i) => i.started_at,
            Item::Maintenance(m) => m.started_at.unwrap_or(m.scheduled_for),
        }
    }

    /// When it last changed for the public.
    pub fn updated_at(self) -> Timestamp {
        match self {
            Item::Incident(i) => i.updated_at.max(i.letter.as_ref().map_or(i.updated_at, |l| l.updated_at)),
            Item::Maintenance(m) => m.updated_at,
        }
    }

    /// Whether it belongs to the history: all but what is still ahead.
    pub fn is_past_or_open(self) -> bool {
        !matches!(self, Item::Maintenance(m) if m.state == MaintenanceState::Scheduled)
    }
}

/// Everything of a record that has a page of its own, newest first.
pub fn items(record: &PublicRecord) -> Vec<Item<'_>> {
    let mut all: Vec<Item> = record.incidents.iter().map(Item::Incident).collect();
    all.extend(record.maintenances.iter().map(Item::Maintenance));
    all.sort_by_key(|i| std::cmp::Reverse(i.began()));
    all
}

/// The name on top: "Acme status".
pub fn brand(record: &PublicRecord) -> String {
    let name = feed_name(record);
    name.strip_suffix(" Status").map_or(name.clone(), |short| format!("{short} status"))
}

/// An update on a page.
pub struct UpdateView {
    pub label: &'static str,
    pub at: String,
    /// When the words were changed that somebody may have read before.
    pub edited: Option<String>,
    pub html: String,
    pub changes: String,
}

fn updates<S: Copy + PartialEq>(
    updates: &[PublicUpdate<S>],
    label: fn(S) -> &'static str,
    when: &When,
) -> Vec<UpdateView> {
    updates
        .iter()
        .enumerate()
        .map(|(n, u)| {
            let again = updates.get(n + 1).is_some_and(|before| before.status == u.status);
            UpdateView {
                label: if again { "Update" } else { label(u.status) },
                at: when.stamp(u.display_at),
                edited: (u.updated_at > u.created_at).then(|| when.stamp(u.updated_at)),
                html: markdown::blocks(&u.text),
                changes: changes(&u.components),
            }
        })
        .collect()
}

fn changes(changes: &[ComponentChange]) -> String {
    let changed = changes.iter().filter(|c| c.from != c.to);
    changed
        .map(|c| format!("{} {}: {}", c.to.shape(), plain_name(&c.name), c.to.label().to_lowercase()))
        .collect::<Vec<_>>()
        .join(" · ")
}

fn names(components: &[PublicAffected]) -> String {
    components.iter().map(|c| plain_name(&c.name)).collect::<Vec<_>>().join(", ")
}

/// The record names a component with its group, as the API does; people read the component alone.
fn plain_name(name: &str) -> &str {
    name.split_once(" - ").map_or(name, |(_, component)| component)
}

/// A published letter on a page.
pub struct LetterView {
    pub title: String,
    pub at: String,
    pub html: String,
}

/// An incident on the page and on its own.
pub struct IncidentView {
    pub id: String,
    pub title: String,
    pub state: State,
    pub open: bool,
    pub components: String,
    pub since: String,
    pub since_iso: String,
    pub range: String,
    pub length: String,
    pub next: Option<String>,
    pub late: bool,
    pub updates: Vec<UpdateView>,
    pub more: usize,
    pub letter: Option<LetterView>,
}

/// An incident with at most `shown` of its updates.
pub fn incident(i: &PublicIncident, shown: usize, when: &When) -> IncidentView {
    let mut updates = updates(&i.updates, Phase::label, when);
    let more = updates.len().saturating_sub(shown);
    updates.truncate(shown);
    let open = i.phase != Phase::Resolved;
    let ended = i.resolved_at.unwrap_or(i.updated_at);
    let next = i.next_update_at.filter(|_| open);
    IncidentView {
        id: i.id.to_string(),
        title: i.title.clone(),
        state: impact(i.impact),
        open,
        components: names(&i.components),
        since: when.time(i.started_at),
        since_iso: i.started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        range: when.range(i.started_at, ended),
        length: length(minutes_between(i.started_at, ended)),
        late: next.is_some_and(|at| at <= when.now),
        next: next.map(|at| when.time(at)),
        updates,
        more,
        letter: i.letter.as_ref().map(|l| LetterView {
            title: l.title.clone(),
            at: when.stamp(l.published_at),
            html: markdown::letter(&l.text),
        }),
    }
}

/// Planned work on the page and on its own.
pub struct MaintenanceView {
    pub id: String,
    pub title: String,
    pub state: State,
    pub range: String,
    pub length: String,
    pub components: String,
    pub said: String,
    pub updates: Vec<UpdateView>,
}

/// Planned work.
pub fn maintenance(m: &PublicMaintenance, when: &When) -> MaintenanceView {
    let (from, until) = span(m);
    MaintenanceView {
        id: m.id.to_string(),
        title: m.title.clone(),
        state: maintenance_state(m.state),
        range: when.range(from, until),
        length: length(minutes_between(from, until)),
        components: names(&m.components),
        said: m.updates.first().map_or(String::new(), |u| markdown::excerpt(&u.text, 240)),
        updates: updates(&m.updates, MaintenanceState::label, when),
    }
}

/// From when until when: as it was if it was, else as it is planned.
fn span(m: &PublicMaintenance) -> (Timestamp, Timestamp) {
    (m.started_at.unwrap_or(m.scheduled_for), m.completed_at.unwrap_or(m.scheduled_until))
}

/// One line of the history.
pub struct PastView {
    pub id: String,
    pub title: String,
    pub day: String,
    pub state: State,
    pub length: String,
    pub said: String,
}

/// One line of the history, with the last word if `words`.
pub fn past(item: Item, words: bool, when: &When) -> PastView {
    let date = when.date(item.began());
    let day = format!("<time datetime=\"{date}\">{}</time>", day(date, when.today()));
    let said = |text: Option<&str>| match text {
        Some(text) if words => markdown::excerpt(text, 240),
        _ => String::new(),
    };
    match item {
        Item::Incident(i) => PastView {
            id: i.id.to_string(),
            title: i.title.clone(),
            day,
            state: impact(i.impact),
            length: match i.resolved_at {
                _ if i.phase != Phase::Resolved => "still open".into(),
                Some(at) => length(minutes_between(i.started_at, at)),
                None => String::new(),
            },
            said: said(i.updates.first().map(|u| u.text.as_str())),
        },
        Item::Maintenance(m) => {
            let (from, until) = span(m);
            let mut state = maintenance_state(m.state);
            if m.state == MaintenanceState::Completed {
                state.word = "Planned work";
            }
            PastView {
                id: m.id.to_string(),
                title: m.title.clone(),
                day,
                state,
                length: length(minutes_between(from, until)),
                said: said(m.updates.first().map(|u| u.text.as_str())),
            }
        }
    }
}

/// A group or a component on the page.
pub struct Row {
    pub is_group: bool,
    pub in_group: bool,
    pub name: String,
    pub description: Option<String>,
    pub state: State,
    /// Groups say their state only while it is not good: their components say theirs anyway.
    pub show_state: bool,
    pub days: Option<String>,
    pub up: String,
    pub trouble: Vec<Trouble>,
}

/// A day that was not quiet, in the table beneath the bars.
pub struct Trouble {
    pub day: String,
    pub state: State,
    pub length: String,
    pub causes: Vec<(String, String)>,
}

/// The components as rows: groups with their components, by position; those that show only when hurt are left out while
/// they work.
pub fn rows(record: &PublicRecord, today: Date) -> Vec<Row> {
    let seen = |c: &&Component| !c.only_show_if_degraded || c.status != ComponentStatus::Operational;
    let mut tops: Vec<&Component> = record.components.iter().filter(|c| c.group_id.is_none()).collect();
    tops.sort_by_key(|c| c.position);
    let mut rows = vec![];
    for top in tops {
        if !top.is_group {
            rows.extend(Some(top).filter(seen).map(|c| row(record, c, false, today)));
            continue;
        }
        let mine = |c: &&Component| c.group_id.as_ref() == Some(&top.id);
        let mut parts: Vec<&Component> = record.components.iter().filter(mine).filter(seen).collect();
        if parts.is_empty() {
            continue;
        }
        parts.sort_by_key(|c| c.position);
        let worst = parts.iter().map(|c| c.status).max().unwrap_or(ComponentStatus::Operational);
        rows.push(Row {
            is_group: true,
            in_group: false,
            name: top.name.clone(),
            description: None,
            state: worst.into(),
            show_state: worst != ComponentStatus::Operational,
            days: None,
            up: String::new(),
            trouble: vec![],
        });
        rows.extend(parts.into_iter().map(|c| row(record, c, true, today)));
    }
    rows
}

fn row(record: &PublicRecord, component: &Component, in_group: bool, today: Date) -> Row {
    let counted = record.days.iter().find(|d| d.component_id == component.id);
    Row {
        is_group: false,
        in_group,
        name: component.name.clone(),
        description: component.description.clone(),
        state: component.status.into(),
        show_state: true,
        days: counted.map(|c| bars(c, today)),
        up: counted.map_or(String::new(), up),
        trouble: counted.map_or(vec![], |c| trouble(c, today)),
    }
}

/// `99.98 % up, trouble on 3 days`.
fn up(counted: &ComponentDays) -> String {
    let hurt = counted.days.iter().filter(|d| d.status > Some(ComponentStatus::UnderMaintenance)).count();
    let days = match hurt {
        0 => String::new(),
        1 => ", trouble on 1 day".into(),
        n => format!(", trouble on {n} days"),
    };
    match counted.uptime_millionths {
        None => "no history yet".into(),
        Some(1_000_000) => format!("100 % up{days}"),
        // Rounded down: 99.999 % is not 100 %.
        Some(m) => format!("{}.{:02} % up{days}", m / 10_000, m % 10_000 / 100),
    }
}

fn trouble(counted: &ComponentDays, today: Date) -> Vec<Trouble> {
    let days = counted.days.iter().rev();
    days.filter_map(|d| Some((d, d.status.filter(|s| *s != ComponentStatus::Operational)?)))
        .map(|(d, status)| Trouble {
            day: day(d.date, today),
            state: status.into(),
            length: if d.minutes > 0 { length(d.minutes.into()) } else { String::new() },
            causes: d.causes.clone(),
        })
        .collect()
}

/// The days as list items: each says date, minutes and incident; those with trouble lead to it.
fn bars(counted: &ComponentDays, today: Date) -> String {
    let mut out = String::with_capacity(counted.days.len() * 40);
    for d in &counted.days {
        let date = day(d.date, today);
        let (class, words) = match d.status {
            None => ("n", "not recorded".to_owned()),
            Some(ComponentStatus::Operational) => ("o", "no trouble".to_owned()),
            Some(ComponentStatus::UnderMaintenance) => ("u", "planned work".to_owned()),
            Some(ComponentStatus::DegradedPerformance) => ("d", with_minutes("degraded", d)),
            Some(ComponentStatus::PartialOutage) => ("p", with_minutes("partial outage", d)),
            Some(ComponentStatus::MajorOutage) => ("m", with_minutes("major outage", d)),
        };
        let _ = write!(out, "<li class={class}>");
        match d.causes.first().filter(|_| !matches!(class, "n" | "o")) {
            Some((id, _)) => {
                let titles: Vec<String> =
                    d.causes.iter().map(|(_, t)| format!("<bdi>{}</bdi>", xml(&markdown::line(t)))).collect();
                let _ = write!(
                    out,
                    "<a href=\"/incidents/{}\"><span>{date}: {words}\n{}</span></a>",
                    xml(id),
                    titles.join("\n")
                );
            }
            None => {
                let _ = write!(out, "<span>{date}: {words}</span>");
            }
        }
    }
    out
}

fn with_minutes(word: &str, day: &Day) -> String {
    if day.minutes == 0 { word.to_owned() } else { format!("{word}, {}", length(day.minutes.into())) }
}

/// The components that a reader can choose, in their groups.
pub struct ChoiceGroup {
    pub name: Option<String>,
    pub parts: Vec<Choice>,
}

/// One of them.
pub struct Choice {
    pub id: String,
    pub name: String,
    pub chosen: bool,
}

/// The components that a reader can choose; `chosen` holds the ids that are.
pub fn choices(record: &PublicRecord, chosen: &[String]) -> Vec<ChoiceGroup> {
    let mut groups: Vec<ChoiceGroup> = vec![];
    let mut sorted: Vec<&Component> = record.components.iter().collect();
    sorted.sort_by_key(|c| c.position);
    let choice = |c: &Component| Choice {
        id: c.id.to_string(),
        name: c.name.clone(),
        chosen: chosen.iter().any(|id| id == c.id.as_str()),
    };
    let alone: Vec<Choice> =
        sorted.iter().filter(|c| !c.is_group && c.group_id.is_none()).map(|c| choice(c)).collect();
    if !alone.is_empty() {
        groups.push(ChoiceGroup { name: None, parts: alone });
    }
    for group in sorted.iter().filter(|c| c.is_group) {
        let mine = sorted.iter().filter(|c| c.group_id.as_ref() == Some(&group.id));
        let parts: Vec<Choice> = mine.map(|c| choice(c)).collect();
        if !parts.is_empty() {
            groups.push(ChoiceGroup { name: Some(group.name.clone()), parts });
        }
    }
    groups
}
