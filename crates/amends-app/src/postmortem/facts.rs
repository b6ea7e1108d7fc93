//! The facts that can stand in a document or letter as placeholders, and how each is told. Pure.
//!
//! Nobody types a time or a number that the record knows: `{{duration}}` is filled in when the text is read, in the
//! reader's zone, and so cannot disagree with the record.

use crate::markdown::{self, escape};
use amends_model::local_time::{show, show_duration, show_with_zone};
use amends_model::{
    ComponentStatus, CorrectiveAction, Event, EventBody, Incident, Milestone, Milestones, Phase, Visibility,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::HashMap;

/// What the record says about one incident, for one text.
#[derive(Debug, Clone)]
pub struct Record {
    /// Name of the page.
    pub page_name: String,
    /// Title of the postmortem.
    pub title: String,
    /// The incident; none for an imported report that is linked to none.
    pub incident: Option<Incident>,
    /// Its milestones.
    pub milestones: Milestones,
    /// Its timeline, oldest first.
    pub events: Vec<Event>,
    /// The components that it touched, with the worst status of each.
    pub components: Vec<(String, ComponentStatus)>,
    /// The corrective actions.
    pub actions: Vec<CorrectiveAction>,
    /// How far each message to customers got, and how fast, by its event: "9,412 of 10,000 within 41 s".
    pub reached: HashMap<String, String>,
    /// The time at which the text is read.
    pub now: Timestamp,
}

/// A fact that can stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fact {
    /// What stands between the braces.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Whether it is a table or list, which stands on a line of its own.
    pub block: bool,
    /// Whether it may stand only in the internal document, never in a letter.
    pub internal: bool,
}

const fn inline(name: &'static str, says: &'static str) -> Fact {
    Fact { name, says, block: false, internal: false }
}

const fn internal(name: &'static str, says: &'static str) -> Fact {
    Fact { name, says, block: false, internal: true }
}

/// Every fact. Times also take `:date` and `:time`; `{{started..resolved}}` is the time between two milestones.
pub const FACTS: &[Fact] = &[
    inline("title", "what users could not do: the title of the postmortem"),
    inline("page", "the name of the status page"),
    internal("number", "the number of the incident, such as INC-42"),
    internal("severity", "the severity"),
    internal("summary", "the summary of the incident"),
    internal("roles", "who had which role"),
    inline("components", "the components that were hurt, in one line"),
    inline("started", "when it began"),
    internal("detected", "when it was noticed"),
    internal("declared", "when the record was opened"),
    inline("first_word", "when customers could first read about it"),
    inline("mitigated", "when customers no longer hurt"),
    inline("resolved", "when it was over"),
    internal("learned", "when the postmortem was published"),
    inline("duration", "how long it lasted, from beginning to end"),
    internal("time_to_detect", "from the beginning until it was noticed"),
    inline("time_to_first_word", "from the beginning until customers could read about it"),
    inline("time_to_mitigate", "from the beginning until customers no longer hurt"),
    inline("time_to_resolve", "from the beginning until it was over; the same as duration"),
    Fact {
        name: "impact",
        says: "how bad it was for customers, and the components with their worst status",
        block: true,
        internal: false,
    },
    Fact {
        name: "milestones",
        says: "every milestone with its time and where that is known from",
        block: true,
        internal: true,
    },
    Fact { name: "timeline", says: "everything that happened, as a table", block: true, internal: true },
    Fact { name: "said", says: "what customers were told, and when", block: true, internal: false },
    Fact {
        name: "actions",
        says: "the corrective actions with owner, day and state",
        block: true,
        internal: true,
    },
];

/// What stands for a fact that the record does not know yet.
pub const UNKNOWN: &str = "(not known yet)";

/// The fact of this name.
pub fn find(name: &str) -> Option<&'static Fact> {
    FACTS.iter().find(|fact| fact.name == name)
}

/// A milestone by the name of its fact.
pub fn milestone(name: &str) -> Option<Milestone> {
    name.parse().ok()
}

impl Record {
    /// The time of a milestone.
    fn at(&self, milestone: Milestone) -> Option<Timestamp> {
        self.milestones.get(milestone).map(|found| found.at)
    }

    /// A milestone as a time, as a day (`date`) or as a time of day (`time`).
    pub(super) fn time(&self, milestone: Milestone, form: Option<&str>, zone: &TimeZone) -> Option<String> {
        let at = self.at(milestone)?;
        let local = at.to_zoned(zone.clone());
        Some(match form {
            Some("date") => local.strftime("%-d %B %Y").to_string(),
            Some("time") => local.strftime("%H:%M").to_string(),
            _ => show_with_zone(at, zone),
        })
    }

    /// The time between two milestones.
    pub(super) fn between(&self, from: Milestone, to: Milestone) -> Option<String> {
        Some(show_duration(self.at(to)?.duration_since(self.at(from)?)))
    }

    /// A fact that stands in a sentence, escaped for Markdown; `None` if the record does not know it.
    pub(super) fn inline(&self, name: &str) -> Option<String> {
        let incident = self.incident.as_ref();
        Some(match name {
            "title" => escape(&self.title),
            "page" => escape(&self.page_name),
            "number" => incident?.name(),
            "severity" => incident?.severity.to_string(),
            "summary" => {
                let summary = markdown::line(&incident?.summary, 2_000);
                if summary.is_empty() {
                    return None;
                }
                escape(&summary)
            }
            "roles" => self.roles()?,
            "components" => {
                let names: Vec<String> = self.components.iter().map(|(name, _)| escape(name)).collect();
                if names.is_empty() {
                    return None;
                }
                names.join(", ")
            }
            "duration" | "time_to_resolve" => match self.between(Milestone::Started, Milestone::Resolved) {
                Some(length) => length,
                None => {
                    format!("{} so far", show_duration(self.now.duration_since(self.at(Milestone::Started)?)))
                }
            },
            "time_to_detect" => self.between(Milestone::Started, Milestone::Detected)?,
            "time_to_first_word" => self.between(Milestone::Started, Milestone::FirstWord)?,
            "time_to_mitigate" => self.between(Milestone::Started, Milestone::Mitigated)?,
            _ => return None,
        })
    }

    /// A fact that stands by itself, Markdown of several lines; `None` if the record has nothing for it.
    pub(super) fn block(&self, name: &str, zone: &TimeZone) -> Option<String> {
        match name {
            "impact" => self.impact(),
            "milestones" => self.milestone_table(zone),
            "timeline" => self.timeline(zone),
            "said" => self.said(zone),
            "actions" => self.action_table(),
            _ => None,
        }
    }

    fn impact(&self) -> Option<String> {
        let incident = self.incident.as_ref()?;
        let length = self.inline("duration").map_or(String::new(), |length| format!(", for {length}"));
        let mut out = format!("Impact on customers: **{}**{length}.", incident.shown_impact());
        if !self.components.is_empty() {
            out.push_str("\n\n| Component | At worst |\n|---|---|");
            for (name, status) in &self.components {
                out.push_str(&format!("\n| {} | {} |", escape(name), status.label()));
            }
        }
        Some(out)
    }

    fn milestone_table(&self, zone: &TimeZone) -> Option<String> {
        let known: Vec<_> = self.milestones.iter().filter_map(|(m, time)| Some((m, time?))).collect();
        if known.is_empty() {
            return None;
        }
        let clock = Clock::of(known.iter().map(|(_, time)| time.at), zone);
        let started = self.at(Milestone::Started);
        let mut out =
            format!("| Milestone | {} | After the start | Known from |\n|---|---|---|---|", clock.heading());
        for (milestone, time) in known {
            let after = started
                .filter(|_| milestone != Milestone::Started)
                .map_or(String::new(), |started| show_duration(time.at.duration_since(started)));
            let source = escape(&time.source);
            out.push_str(&format!(
                "\n| {} | {} | {after} | {source} |",
                milestone.label(),
                clock.show(time.at)
            ));
        }
        Some(out)
    }

    fn timeline(&self, zone: &TimeZone) -> Option<String> {
        let mut rows: Vec<(Timestamp, String)> =
            self.events.iter().filter_map(|event| Some((event.at, self.with_reach(event)?))).collect();
        if let Some(started) = self.milestones.started.as_ref() {
            rows.push((started.at, "It began".to_owned()));
        }
        if rows.is_empty() {
            return None;
        }
        rows.sort_by_key(|(at, what)| (*at, what != "It began"));
        let clock = Clock::of(rows.iter().map(|(at, _)| *at), zone);
        let mut out = format!("| {} | What happened |\n|---|---|", clock.heading());
        for (at, what) in rows {
            out.push_str(&format!("\n| {} | {what} |", clock.show(at)));
        }
        Some(out)
    }

    /// What happened, and how far it got where customers were told.
    fn with_reach(&self, event: &Event) -> Option<String> {
        let what = what_happened(event)?;
        Some(match self.reached.get(event.id.as_str()) {
            Some(reached) => format!("{what} (reached {})", escape(reached)),
            None => what,
        })
    }

    fn said(&self, zone: &TimeZone) -> Option<String> {
        let public = self.incident.as_ref().is_some_and(|incident| incident.visibility == Visibility::Public);
        let told: Vec<(Timestamp, Phase, &str)> = self
            .events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::Update { phase, text, .. } if public => Some((event.at, *phase, text.as_str())),
                _ => None,
            })
            .collect();
        if told.is_empty() {
            return None;
        }
        let clock = Clock::of(told.iter().map(|(at, ..)| *at), zone);
        let mut out = format!("| {} | Phase | What we said |\n|---|---|---|", clock.heading());
        for (at, phase, text) in told {
            let text = escape(&markdown::line(text, 2_000));
            out.push_str(&format!("\n| {} | {} | {text} |", clock.show(at), phase.label()));
        }
        Some(out)
    }

    fn action_table(&self) -> Option<String> {
        if self.actions.is_empty() {
            return None;
        }
        let mut out = "| Action | Owner | Due | Term | State |\n|---|---|---|---|---|".to_owned();
        for action in &self.actions {
            let owner = action.owner.as_deref().map_or(String::new(), escape);
            let due = action.due.map_or(String::new(), |due| due.to_string());
            let note = markdown::line(&action.note, 500);
            let state = if note.is_empty() {
                action.state.label().to_owned()
            } else {
                format!("{}: {}", action.state.label(), escape(&note))
            };
            let text = escape(&markdown::line(&action.text, 2_000));
            out.push_str(&format!("\n| {text} | {owner} | {due} | {} | {state} |", action.term));
        }
        Some(out)
    }

    fn roles(&self) -> Option<String> {
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for event in &self.events {
            if let EventBody::Role { role, person, taken: true } = &event.body
                && !taken.contains(&(role, person))
            {
                taken.push((role, person));
            }
        }
        let list: Vec<String> =
            taken.iter().map(|(role, person)| format!("{} ({})", escape(person), escape(role))).collect();
        (!list.is_empty()).then(|| list.join(", "))
    }
}

/// Shows times in one zone; the zone's name stands in the heading unless it changed in between.
struct Clock<'z> {
    zone: &'z TimeZone,
    name: Option<String>,
}

impl<'z> Clock<'z> {
    fn of(times: impl Iterator<Item = Timestamp>, zone: &'z TimeZone) -> Clock<'z> {
        let mut names = times.map(|at| at.to_zoned(zone.clone()).strftime("%Z").to_string());
        let first = names.next();
        let same = names.all(|name| Some(&name) == first.as_ref());
        Clock { zone, name: first.filter(|_| same) }
    }

    fn heading(&self) -> String {
        self.name.as_ref().map_or_else(|| "Time".to_owned(), |name| format!("Time ({name})"))
    }

    fn show(&self, at: Timestamp) -> String {
        if self.name.is_some() { show(at, self.zone) } else { show_with_zone(at, self.zone) }
    }
}

/// One row of the timeline, escaped for Markdown; `None` for what a reader does not need.
fn what_happened(event: &Event) -> Option<String> {
    let text = |text: &str| escape(&markdown::line(text, 500));
    let who = escape(&event.actor.name);
    Some(match &event.body {
        EventBody::Declared { severity } => format!("Declared as {} by {who}", severity.label()),
        EventBody::Note { text: note } => format!("{who}: {}", text(note)),
        EventBody::Update { phase, text: told, .. } => {
            format!("Told customers ({}): {}", phase.label(), text(told))
        }
        EventBody::MaintenanceUpdate { text: told, .. } => format!("Told customers: {}", text(told)),
        EventBody::Role { role, person, taken } => {
            let did = if *taken { "took" } else { "left" };
            format!("{} {did} the role {}", escape(person), escape(role))
        }
        EventBody::Components { components } => {
            let changes: Vec<String> = components
                .iter()
                .map(|change| {
                    format!("{}: {} → {}", escape(&change.name), change.from.label(), change.to.label())
                })
                .collect();
            changes.join("; ")
        }
        EventBody::Milestone { milestone, source } => match source {
            Some(source) => format!("{} ({})", milestone.label(), escape(source)),
            None => format!("{}, as set by {who}", milestone.label()),
        },
        EventBody::Severity { from, to, reason } => {
            let why = reason.as_deref().map_or(String::new(), |reason| format!(": {}", escape(reason)));
            format!("Severity {} → {}{why}", from.label(), to.label())
        }
        EventBody::State { to, .. } => format!("{who} set the state to {to}"),
        EventBody::Visibility { to, .. } => format!("Made {to}"),
        EventBody::Alert { text: said, source } => match source {
            Some(source) => format!("Alert from {}: {}", escape(source), text(said)),
            None => format!("Alert: {}", text(said)),
        },
        EventBody::Change { text: change } => format!("Change: {}", text(change)),
        EventBody::ImpactOverride { .. }
        | EventBody::Retitled { .. }
        | EventBody::Rescheduled { .. }
        | EventBody::Postmortem { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_lists_every_fact() {
        let manual = include_str!("../../../../docs/postmortems.md");
        let rows: String = FACTS
            .iter()
            .map(|fact| {
                let letter = if fact.internal { "" } else { "yes" };
                let alone = if fact.block { "yes" } else { "" };
                format!("| `{{{{{}}}}}` | {} | {letter} | {alone} |\n", fact.name, fact.says)
            })
            .collect();
        assert!(manual.contains(&rows), "docs/postmortems.md should hold:\n{rows}");
    }
}
