//! What happened, in a line for the terminal.

use super::show;
use amends_model::event::ComponentChange;
use amends_model::{EventBody, IncidentState};
use serde_json::Value as Json;

/// The line of an event's body. A kind that this program does not know (the server is newer) is told by its fields.
pub fn told(body: &Json) -> String {
    let line = match serde_json::from_value(body.clone()) {
        Ok(known) => line(&known),
        Err(_) => fields(body),
    };
    show::clean(&line)
}

fn line(body: &EventBody) -> String {
    match body {
        EventBody::Declared { severity } => severity.label().to_owned(),
        EventBody::Note { text } | EventBody::Change { text } => text.clone(),
        EventBody::Alert { text, source } => format!("{text}{}", from(source.as_deref())),
        EventBody::Update { phase, text, notify, components } => {
            format!("{}{}: {text}{}", phase.as_str(), quietly(*notify), and(components))
        }
        EventBody::MaintenanceUpdate { state, text, notify, components } => {
            format!("{}{}: {text}{}", state.as_str(), quietly(*notify), and(components))
        }
        EventBody::Role { role, person, taken } => {
            format!("{person} {} the role {role}", if *taken { "took" } else { "left" })
        }
        EventBody::Components { components } => changes(components),
        EventBody::Milestone { milestone, source } => {
            format!("{} set by hand{}", milestone.label(), from(source.as_deref()))
        }
        EventBody::Severity { from, to, reason } => {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{} → {}{why}", from.label(), to.label())
        }
        EventBody::ImpactOverride { from, to } => {
            let word = |impact: &Option<_>| {
                impact.map_or("as its components say", |impact: amends_model::Impact| impact.as_str())
            };
            format!("on the page: {} → {}", word(from), word(to))
        }
        EventBody::State { to: IncidentState::Open, .. } => "opened again".into(),
        EventBody::State { from, to } => format!("{} → {}", from.as_str(), to.as_str()),
        EventBody::Visibility { to, .. } => format!("made {}", to.as_str()),
        EventBody::Retitled { field, from, to } => format!("{field} was “{from}”, is “{to}”"),
        EventBody::Rescheduled { from_start, from_end, to_start, to_end } => {
            let zone = crate::node::zone();
            let show = |at: &jiff::Timestamp| amends_model::local_time::show_with_zone(*at, &zone);
            format!("{} to {} → {} to {}", show(from_start), show(from_end), show(to_start), show(to_end))
        }
        EventBody::Postmortem { letter, despite, .. } => {
            let what = if *letter { "customers’ letter published" } else { "published" };
            despite.as_ref().map_or_else(|| what.into(), |why| format!("{what} despite findings: {why}"))
        }
    }
}

fn from(source: Option<&str>) -> String {
    source.map_or_else(String::new, |source| format!(", from {source}"))
}

fn quietly(notify: bool) -> &'static str {
    if notify { "" } else { " (on the page alone)" }
}

fn and(components: &[ComponentChange]) -> String {
    if components.is_empty() { String::new() } else { format!(" ({})", changes(components)) }
}

fn changes(components: &[ComponentChange]) -> String {
    let one = |c: &ComponentChange| format!("{}: {} → {}", c.name, c.from.label(), c.to.label());
    components.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn fields(body: &Json) -> String {
    let fields =
        body.as_object().into_iter().flatten().filter(|(key, value)| *key != "kind" && !value.is_null());
    let one = |(key, value): (&String, &Json)| {
        format!("{key}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    fields.map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_event_is_told_in_words() {
        let cases = [
            (json!({"kind": "declared", "severity": "sev2"}), "SEV 2"),
            (json!({"kind": "state", "from": "mitigated", "to": "resolved"}), "mitigated → resolved"),
            (json!({"kind": "state", "from": "resolved", "to": "open"}), "opened again"),
            (
                json!({"kind": "postmortem", "postmortem_id": "abcdefghijkl", "letter": true}),
                "customers’ letter published",
            ),
            (
                json!({"kind": "postmortem", "postmortem_id": "abcdefghijkl", "letter": false, "despite": "The audit."}),
                "published despite findings: The audit.",
            ),
            (
                json!({"kind": "update", "phase": "identified", "text": "Found it.", "notify": false}),
                "identified (on the page alone): Found it.",
            ),
            (
                json!({"kind": "role", "role": "lead", "person": "Ada", "taken": true}),
                "Ada took the role lead",
            ),
            (json!({"kind": "of tomorrow", "what": "new", "gone": null}), "what: new"),
        ];
        for (body, expected) in cases {
            assert_eq!(told(&body), expected, "{body}");
        }
    }
}
