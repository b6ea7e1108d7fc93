//! The sentence on top of the page: what is wrong for customers, in plain words. Decided here, once, for page, banner,
//! badge and API alike.

use super::when::When;
use amends_model::incident::{Impact, Phase};
use amends_model::maintenance::MaintenanceState;
use amends_model::page::{PublicIncident, PublicMaintenance, PublicRecord};
use amends_model::{Component, ComponentStatus};
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;

/// What the sentence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The headline, ending in a full stop.
    pub headline: Vec<Piece>,
    /// What follows it; may be empty.
    pub detail: Vec<Piece>,
    /// The worst of all components and open incidents: decides shape, word and colour.
    pub state: ComponentStatus,
    /// Whether an incident is open, of whatever impact.
    pub open: bool,
}

/// A piece of the sentence, with the blanks that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words of ours.
    Words(String),
    /// Words that people wrote: a title or names, in whatever script and direction.
    Told(String),
    /// An instant.
    Time(Timestamp),
}

impl Sentence {
    /// All of it as plain text, times in the page's zone.
    pub fn plain(&self, when: &When) -> String {
        let blank = Piece::Words(" ".into());
        let blank = (!self.detail.is_empty()).then_some(&blank);
        let pieces = self.headline.iter().chain(blank).chain(&self.detail);
        pieces
            .map(|piece| match piece {
                Piece::Words(words) | Piece::Told(words) => words.clone(),
                Piece::Time(at) => when.time_text(*at),
            })
            .collect()
    }
}

/// Decides the sentence. While an incident with impact is open it names the worst one; it says that everything works
/// only when every component does and nothing is open.
pub fn sentence(record: &PublicRecord, now: Timestamp) -> Sentence {
    let mut open: Vec<&PublicIncident> = record.open_incidents().collect();
    open.sort_by_key(|i| (Reverse(i.impact), Reverse(i.started_at)));
    let hurting: Vec<&PublicIncident> = open.iter().copied().filter(|i| i.impact > Impact::None).collect();
    let leaves: Vec<&Component> = record.components.iter().filter(|c| !c.is_group).collect();
    let worst_leaf = leaves.iter().map(|c| c.status).max().unwrap_or(ComponentStatus::Operational);
    let running: Vec<&PublicMaintenance> = record
        .open_maintenances()
        .filter(|m| matches!(m.state, MaintenanceState::InProgress | MaintenanceState::Verifying))
        .collect();
    let mut state = hurting.iter().map(|i| i.impact.as_status()).fold(worst_leaf, ComponentStatus::max);
    if !running.is_empty() {
        state = state.max(ComponentStatus::UnderMaintenance);
    }
    let (headline, detail) = match (hurting.first(), open.first()) {
        (Some(worst), _) => hurt(worst, &hurting, &leaves, now),
        (None, _) if worst_leaf > ComponentStatus::UnderMaintenance => parts(worst_leaf, &leaves),
        (None, Some(first)) => {
            let rest = match open.len() {
                1 => String::new(),
                n => format!(" {} open.", others(n - 1, "other question is", "other questions are")),
            };
            let mut detail = vec![];
            if worst_leaf == ComponentStatus::Operational {
                detail.push(Piece::Words("Customers should notice nothing.".into()));
            }
            (titled(first, &rest), detail)
        }
        (None, None) => calm(record, &running, &leaves, worst_leaf, now),
    };
    Sentence { headline, detail, state, open: !open.is_empty() }
}

fn hurt(
    worst: &PublicIncident,
    hurting: &[&PublicIncident],
    leaves: &[&Component],
    now: Timestamp,
) -> (Vec<Piece>, Vec<Piece>) {
    let mut detail = vec![];
    if let [_, second, rest @ ..] = hurting {
        detail.push(Piece::Words("Also open: ".into()));
        detail.push(Piece::Told(bare(&second.title).to_owned()));
        detail.push(Piece::Words(match rest.len() {
            0 => ". ".into(),
            n => format!(", and {n} more. "),
        }));
    }
    let named: Vec<&str> =
        hurting.iter().flat_map(|i| &i.components).map(|c| c.component_id.as_str()).collect();
    let mut rest = leaves.iter().filter(|c| !named.contains(&c.id.as_str())).peekable();
    // Said only when it is known: every incident names its components and no other component is anything but working.
    let known = hurting.iter().all(|i| !i.components.is_empty()) && rest.peek().is_some();
    if known && rest.all(|c| c.status == ComponentStatus::Operational) {
        detail.push(Piece::Words("Everything else is working. ".into()));
    }
    let promised = hurting.iter().filter_map(|i| i.next_update_at);
    match (promised.clone().filter(|at| *at > now).min(), promised.max()) {
        (Some(next), _) => detail.extend([
            Piece::Words("Next word by ".into()),
            Piece::Time(next),
            Piece::Words(", sooner if we know more.".into()),
        ]),
        (None, Some(late)) => detail.extend([
            Piece::Words("We promised word by ".into()),
            Piece::Time(late),
            Piece::Words(" and are late with it.".into()),
        ]),
        (None, None) => {}
    }
    if let Some(Piece::Words(last)) = detail.last_mut() {
        *last = last.trim_end().to_owned();
    }
    (titled(worst, ""), detail)
}

/// Components hurt, and no incident says why.
fn parts(worst: ComponentStatus, leaves: &[&Component]) -> (Vec<Piece>, Vec<Piece>) {
    let names = named(leaves, worst);
    let what = match worst {
        ComponentStatus::MajorOutage => "Out of service: ",
        ComponentStatus::PartialOutage => "Partly out of service: ",
        _ => "Slow or failing at times: ",
    };
    let headline = vec![Piece::Words(what.into()), Piece::Told(names), Piece::Words(".".into())];
    let others = leaves.iter().filter(|c| c.status != worst);
    let detail = if others.clone().next().is_some()
        && others.clone().all(|c| c.status == ComponentStatus::Operational)
    {
        vec![Piece::Words("Everything else is working.".into())]
    } else {
        vec![]
    };
    (headline, detail)
}

fn calm(
    record: &PublicRecord,
    running: &[&PublicMaintenance],
    leaves: &[&Component],
    worst_leaf: ComponentStatus,
    now: Timestamp,
) -> (Vec<Piece>, Vec<Piece>) {
    if let Some(first) = running.first() {
        let more = match running.len() {
            1 => ".".to_owned(),
            n => {
                let more = others(n - 1, "other piece of work is", "other pieces of work are");
                format!(". {more} under way, too.")
            }
        };
        let mut detail = vec![];
        if first.scheduled_until > now {
            detail.extend([
                Piece::Words("Planned until ".into()),
                Piece::Time(first.scheduled_until),
                Piece::Words(".".into()),
            ]);
        }
        return (at_work(bare(&first.title).to_owned(), more), detail);
    }
    if worst_leaf == ComponentStatus::UnderMaintenance {
        let names = named(leaves, worst_leaf);
        return (at_work(names, ".".into()), vec![]);
    }
    let soon = record
        .open_maintenances()
        .filter(|m| m.state == MaintenanceState::Scheduled && m.scheduled_for > now)
        .filter(|m| m.scheduled_for.duration_since(now) <= SignedDuration::from_hours(72))
        .min_by_key(|m| m.scheduled_for);
    let detail = soon.map_or(vec![], |m| {
        vec![
            Piece::Words("Planned work ahead: ".into()),
            Piece::Told(bare(&m.title).to_owned()),
            Piece::Words(", ".into()),
            Piece::Time(m.scheduled_for),
            Piece::Words(".".into()),
        ]
    });
    (vec![Piece::Words("Everything is working.".into())], detail)
}

fn clause(phase: Phase) -> &'static str {
    match phase {
        Phase::Investigating => "We are looking into it.",
        Phase::Identified => "We know why and are fixing it.",
        Phase::Monitoring => "A fix is in, and we are watching it.",
        Phase::Resolved => "It is over.",
    }
}

/// A title, what we are doing about it, and `more`.
fn titled(incident: &PublicIncident, more: &str) -> Vec<Piece> {
    let title = incident.title.trim();
    let title =
        if title.ends_with(['?', '!', '…']) { title.to_owned() } else { format!("{}.", bare(title)) };
    vec![Piece::Told(title), Piece::Words(format!(" {}{more}", clause(incident.phase)))]
}

fn at_work(what: String, more: String) -> Vec<Piece> {
    vec![Piece::Words("Planned work is going on: ".into()), Piece::Told(what), Piece::Words(more)]
}

/// A title without the full stop that some people end it with.
fn bare(title: &str) -> &str {
    title.trim().trim_end_matches(['.', ' '])
}

fn others(n: usize, one: &str, many: &str) -> String {
    const WORDS: [&str; 10] = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];
    let count = WORDS.get(n).map_or_else(|| n.to_string(), |w| (*w).to_owned());
    format!("{count} {}", if n == 1 { one } else { many })
}

fn named(leaves: &[&Component], status: ComponentStatus) -> String {
    let names: Vec<&str> = leaves.iter().filter(|c| c.status == status).map(|c| c.name.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] if head.len() < 3 => format!("{} and {last}", head.join(", ")),
        many => format!("{}, {}, {} and {} more", many[0], many[1], many[2], many.len() - 3),
    }
}
