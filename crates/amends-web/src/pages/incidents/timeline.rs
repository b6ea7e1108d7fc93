//! A timeline as lines: time, mark, what happened, who.

use super::view;
use crate::pages::when::{Markup, When, short};
use crate::pages::{capital, markdown};
use amends_model::event::ComponentChange;
use amends_model::{Event, EventBody, Impact, IncidentState, Visibility};
use jiff::SignedDuration;

/// Written so much later than it happened is said.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// A text of at most so many characters stands in its line.
const SHORT: usize = 180;
/// Of a longer one so many.
const BEGINNING: usize = 100;

/// One line of a timeline.
#[derive(Debug, Clone)]
pub struct Line {
    /// Id of the event.
    pub id: String,
    /// A heading for the day, where a new one begins.
    pub day: Option<String>,
    /// When it happened.
    pub time: Markup,
    /// The shape that tells its kind.
    pub mark: &'static str,
    /// The word for its kind, read out for the shape.
    pub kind: &'static str,
    /// Tone of the shape.
    pub tone: &'static str,
    /// What happened, in one line.
    pub line: Markup,
    /// More of it that always shows: components that changed.
    pub more: Option<Markup>,
    /// The whole of a long text, which opens beneath the line.
    pub whole: Option<Markup>,
    /// Who.
    pub who: String,
    /// Whether it is a point that people look for.
    pub milestone: bool,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether this person may edit it.
    pub editable: bool,
    /// Said when it was written down much later.
    pub written: Option<String>,
}

/// The lines of `events`, in their order. `may_note` and `may_update`: what the person may edit.
pub fn lines(events: &[Event], when: &When, may_note: bool, may_update: bool) -> Vec<Line> {
    let mut day = None;
    events
        .iter()
        .map(|event| {
            let this = when.day(event.at);
            let new_day = day.replace(this).is_none_or(|before| before != this);
            let heading = new_day.then(|| when.day_heading(event.at));
            line(event, when, heading, if event.body.is_public() { may_update } else { may_note })
        })
        .collect()
}

fn line(event: &Event, when: &When, day: Option<String>, editable: bool) -> Line {
    let (mark, kind, tone) = mark(&event.body);
    let Told { line, more, whole, milestone } = told(&event.body, when);
    let late = event.written_at.duration_since(event.at);
    Line {
        id: event.id.to_string(),
        day,
        time: when.clock(event.at),
        mark,
        kind,
        tone,
        line: Markup(line),
        more: more.map(Markup),
        whole: whole.map(Markup),
        who: event.actor.name.clone(),
        milestone,
        edited: event.edited_at.is_some(),
        editable,
        written: (late > LATE).then(|| format!("written {} later", short(late))),
    }
}

/// Shape, word and tone of a kind of event.
fn mark(body: &EventBody) -> (&'static str, &'static str, &'static str) {
    match body {
        EventBody::Note { .. } => ("✎", "note", ""),
        EventBody::Update { .. } | EventBody::MaintenanceUpdate { .. } => ("◉", "told customers", "accent"),
        EventBody::Alert { .. } => ("▲", "alert", "partial"),
        EventBody::Change { .. } => ("⇄", "change", "maintenance"),
        EventBody::Components { components } => {
            let worst =
                components.iter().map(|c| c.to).max().unwrap_or(amends_model::ComponentStatus::Operational);
            (worst.shape(), "components", worst.tone())
        }
        EventBody::Declared { .. } => ("◆", "declared", ""),
        EventBody::Milestone { .. } => ("◆", "milestone", ""),
        EventBody::State { .. } => ("◆", "state", ""),
        EventBody::Postmortem { .. } => ("◆", "postmortem", ""),
        EventBody::Role { .. } => ("◌", "role", ""),
        EventBody::Severity { .. } => ("◌", "severity", ""),
        EventBody::ImpactOverride { .. } => ("◌", "impact", ""),
        EventBody::Visibility { .. } => ("◌", "visibility", ""),
        EventBody::Retitled { .. } => ("◌", "text", ""),
        EventBody::Rescheduled { .. } => ("◌", "times", ""),
    }
}

struct Told {
    line: String,
    more: Option<String>,
    whole: Option<String>,
    milestone: bool,
}

fn told(body: &EventBody, when: &When) -> Told {
    let plain = |line: String| Told { line, more: None, whole: None, milestone: false };
    let point = |line: String| Told { milestone: true, ..plain(line) };
    match body {
        EventBody::Note { text } | EventBody::Change { text } => prose("", text, &[]),
        EventBody::Alert { text, source } => {
            let from = source.as_ref().map_or_else(String::new, |s| format!(" from {}", escaped(s)));
            prose(&format!("<b>Alert{from}:</b> "), text, &[])
        }
        EventBody::Update { phase, text, notify, components } => {
            let what = if *notify { "Told customers" } else { "On the page, without mail" };
            let lead = format!("<b>{what}: {}.</b> ", phase.as_str());
            prose(&lead, text, components)
        }
        EventBody::MaintenanceUpdate { state, text, notify, components } => {
            let what = if *notify { "Told customers" } else { "On the page, without mail" };
            let lead = format!("<b>{what}: {}.</b> ", state.label().to_lowercase());
            prose(&lead, text, components)
        }
        EventBody::Components { components } => plain(changes(components)),
        EventBody::Declared { severity } => point(format!("Declared as {}", severity.label())),
        EventBody::Milestone { milestone, source } => {
            let from = source.as_ref().map_or_else(String::new, |s| format!(", from {}", escaped(s)));
            point(format!("{} set by hand{from}", milestone.label()))
        }
        EventBody::State { to: IncidentState::Open, .. } => point("Opened again".into()),
        EventBody::State { to, .. } => point(format!("{} for us", view::state(*to))),
        EventBody::Postmortem { postmortem_id, letter, despite } => {
            let what = if *letter { "Customers’ letter published" } else { "Postmortem published" };
            let why =
                despite.as_ref().map_or_else(String::new, |r| format!(" despite findings: {}", named(r)));
            point(format!(r#"<a href="/app/postmortems/{postmortem_id}">{what}</a>{why}"#))
        }
        EventBody::Role { role, person, taken } => {
            let verb = if *taken { "took" } else { "left" };
            plain(format!("{} {verb} the role <b>{}</b>", named(person), escaped(role)))
        }
        EventBody::Severity { from, to, reason } => {
            let why = reason.as_ref().map_or_else(String::new, |r| format!(": {}", named(r)));
            plain(format!("Severity {} → {}{why}", from.label(), to.label()))
        }
        EventBody::ImpactOverride { from, to } => {
            let word = |i: &Option<Impact>| i.map_or("as its components say", |i| i.as_str());
            plain(format!("Impact on the page: {} → {}", word(from), word(to)))
        }
        EventBody::Visibility { to: Visibility::Public, .. } => point("Made public".into()),
        EventBody::Visibility { to: Visibility::Internal, .. } => point("Made internal".into()),
        EventBody::Retitled { field, from, to } if field == "title" => {
            plain(format!("Title changed from {} to {}", quoted(from), quoted(to)))
        }
        EventBody::Retitled { field, from, .. } => Told {
            line: format!("{} changed", capital(&escaped(field))),
            more: None,
            whole: Some(format!("<p class=\"soft\">Before: {}</p>", named(from))),
            milestone: false,
        },
        EventBody::Rescheduled { from_start, from_end, to_start, to_end } => plain(format!(
            "Moved from {} to {}",
            when.range(*from_start, *from_end),
            when.range(*to_start, *to_end)
        )),
    }
}

/// A text that a person wrote: a short one stands in the line; of a long one the line has the beginning, and the whole
/// opens beneath.
fn prose(lead: &str, text: &str, components: &[ComponentChange]) -> Told {
    const PARAGRAPH: &str = "<p dir=\"auto\">";
    let html = markdown(text).0;
    let html = html.trim_end();
    let more = (!components.is_empty()).then(|| changes(components));
    let one = html.strip_prefix(PARAGRAPH).and_then(|h| h.strip_suffix("</p>"));
    let one = one.filter(|h| !h.contains(PARAGRAPH) && text.chars().count() <= SHORT);
    let (line, whole) = match one {
        Some(one) => (format!("{lead}<span dir=\"auto\">{one}</span>"), None),
        None => {
            let beginning = escaped(&amends_app::markdown::line(text, BEGINNING));
            (
                format!("{lead}<span dir=\"auto\">{beginning}</span>"),
                Some(format!("<div dir=\"auto\">{html}</div>")),
            )
        }
    };
    Told { line, more, whole, milestone: false }
}

fn changes(components: &[ComponentChange]) -> String {
    let one = |c: &ComponentChange| {
        format!(
            "<span class=\"{}\"><span dir=\"auto\">{}</span>: {} → <span class=\"state\"><span class=\"mark\" aria-hidden=\"true\">{}</span> {}</span></span>",
            c.to.tone(),
            escaped(&c.name),
            c.from.label(),
            c.to.shape(),
            c.to.label()
        )
    };
    components.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn named(text: &str) -> String {
    format!("<span dir=\"auto\">{}</span>", escaped(text))
}

fn quoted(text: &str) -> String {
    format!("<q dir=\"auto\">{}</q>", escaped(text))
}

/// Text as it may stand in markup.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::{Actor, EventId, IncidentId, Phase, Subject};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn event(at: &str, body: EventBody) -> Event {
        let at: Timestamp = at.parse().expect("instant");
        Event {
            id: EventId::from_random([1; 12]),
            subject: Subject::Incident(IncidentId::from_random([2; 12])),
            at,
            written_at: at + SignedDuration::from_mins(14),
            actor: Actor::system("clock"),
            body,
            edited_at: None,
            version: 1,
        }
    }

    fn shown(body: EventBody) -> Line {
        let when = When { zone: TimeZone::UTC, now: "2026-11-20T18:00:00Z".parse().expect("instant") };
        lines(&[event("2026-11-20T15:00:00Z", body)], &when, true, false).remove(0)
    }

    #[test]
    fn a_short_text_stands_in_the_line_and_a_long_one_beneath() {
        let short = shown(EventBody::Note { text: "Rolled *back*".into() });
        assert_eq!(short.line.0, "<span dir=\"auto\">Rolled <em>back</em></span>");
        assert!(short.more.is_none() && short.editable);
        assert_eq!(short.written.as_deref(), Some("written 14 min later"));
        let long = shown(EventBody::Note { text: "One\n\nTwo".into() });
        assert_eq!(long.line.0, "<span dir=\"auto\">One Two</span>");
        assert!(long.whole.is_some_and(|w| w.0.contains("<p dir=\"auto\">Two</p>")));
    }

    #[test]
    fn hostile_text_stays_text_in_every_kind_of_event() {
        let evil = || "<script>alert(1)</script>\"'".to_owned();
        let bodies = [
            EventBody::Note { text: evil() },
            EventBody::Alert { text: evil(), source: Some(evil()) },
            EventBody::Update { phase: Phase::Identified, text: evil(), notify: true, components: vec![] },
            EventBody::Role { role: evil(), person: evil(), taken: true },
            EventBody::Retitled { field: "title".into(), from: evil(), to: evil() },
            EventBody::Retitled { field: "summary".into(), from: evil(), to: evil() },
            EventBody::Milestone { milestone: amends_model::Milestone::Detected, source: Some(evil()) },
        ];
        for body in bodies {
            let line = shown(body.clone());
            let html =
                format!("{}{}{}", line.line, line.more.unwrap_or_default(), line.whole.unwrap_or_default());
            assert!(!html.contains("<script"), "{body:?}: {html}");
        }
    }

    #[test]
    fn updates_are_edited_by_those_who_speak_to_customers_only() {
        let update = EventBody::Update {
            phase: Phase::Identified,
            text: "x".into(),
            notify: true,
            components: vec![],
        };
        assert!(!shown(update).editable);
    }
}
