//! JSON: Statuspage's API bodies, its quarterly history, and incidents as archives keep them.

use amends_model::{ComponentStatus, Impact};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Detail, ForeignComponent, ForeignIncident, ForeignKind, ForeignStatus, ForeignUpdate, Parsed, Problem,
    body, derive, id_in_address, kept_id, refused,
};

/// Whether a value has what an incident must have: an id or address, a name, and a list of updates.
pub(super) fn looks_like_an_incident(value: &Value) -> bool {
    value.as_object().is_some_and(|o| {
        (o.contains_key("incident_updates") || o.contains_key("updates"))
            && (o.contains_key("id") || o.contains_key("url"))
    })
}

/// Reads one JSON document.
pub(super) fn read(bytes: &[u8]) -> Parsed {
    let document: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(e) => return refused("JSON", e.line().max(1), &format!("the file is not valid JSON ({e})")),
    };
    let mut parsed = Parsed { form: "JSON", ..Parsed::default() };
    let found = places(bytes);
    let mut seen = 0;
    let mut take = |parsed: &mut Parsed, value: &Value| {
        let line = id_of(value).and_then(|id| found.get(id).copied()).unwrap_or(1);
        seen += 1;
        match incident(value, line) {
            Ok(incident) => parsed.incidents.push(incident),
            Err(what) => parsed
                .problems
                .push(Problem { line, what: format!("incident number {seen} was left out: {what}") }),
        }
    };
    match &document {
        Value::Array(all) => all.iter().for_each(|v| take(&mut parsed, v)),
        Value::Object(o) if o.get("months").is_some_and(Value::is_array) => {
            parsed.form = "Statuspage history";
            history(o, &found, &mut parsed);
        }
        one if looks_like_an_incident(one) => take(&mut parsed, one),
        Value::Object(o) => {
            parsed.form = "Statuspage API";
            // incident.io answers `null` for an empty list.
            let lists = ["incidents", "scheduled_maintenances"];
            if !lists.iter().any(|k| o.contains_key(*k)) {
                return refused(
                    "JSON",
                    1,
                    "this JSON has no list of incidents (\"incidents\", \"scheduled_maintenances\" or \"months\")",
                );
            }
            for list in lists {
                o.get(list)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .for_each(|v| take(&mut parsed, v));
            }
        }
        _ => return refused("JSON", 1, "this JSON is not an object or a list; nothing was imported"),
    }
    parsed
}

/// The line on which each id first stands in the file, so that a report can name it.
fn places(bytes: &[u8]) -> std::collections::HashMap<String, usize> {
    let mut out = std::collections::HashMap::new();
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        for (at, key) in line.match_indices("\"id\"").chain(line.match_indices("\"code\"")) {
            let rest = line[at + key.len()..].trim_start_matches([':', ' ']);
            if let Some(id) = rest.strip_prefix('"').and_then(|r| r.split('"').next()) {
                out.entry(id.to_owned()).or_insert(i + 1);
            }
        }
    }
    out
}

fn id_of(value: &Value) -> Option<&str> {
    value.get("id").or_else(|| value.get("code")).and_then(Value::as_str)
}

/// Reads one incident in Statuspage's own form (`name`, `incident_updates`) or the archive form (`title`, `updates`).
pub(super) fn incident(value: &Value, line: usize) -> Result<ForeignIncident, String> {
    let o = value.as_object().ok_or("it is not an object")?;
    let foreign = ["url", "shortlink"]
        .iter()
        .filter_map(|k| text(o, k))
        .find_map(id_in_address)
        .or_else(|| text(o, "id"))
        .filter(|id| !id.trim().is_empty())
        .ok_or("it has neither an \"id\" nor a \"url\" with one")?;
    let title = text(o, "title").or_else(|| text(o, "name")).map(body::normalised).unwrap_or_default();
    if title.is_empty() {
        return Err("it has no \"title\" or \"name\"".to_owned());
    }
    let list = o.get("updates").or_else(|| o.get("incident_updates"));
    let list = match list {
        None | Some(Value::Null) => &[][..],
        Some(Value::Array(list)) => list.as_slice(),
        Some(_) => return Err("its updates are not a list".to_owned()),
    };
    let mut updates = Vec::with_capacity(list.len());
    let mut components = component_names(o.get("components"))?;
    for (i, raw) in list.iter().enumerate() {
        updates.push(update(raw).map_err(|what| format!("update {}: {what}", i + 1))?);
        note_affected(raw.get("affected_components"), &mut components);
    }
    // Statuspage lists the newest first, archives the oldest. Sorting is stable, so that two updates of one minute
    // keep the order that the source gave them.
    if updates.first().map(|u: &ForeignUpdate| u.at) > updates.last().map(|u| u.at) {
        updates.reverse();
    }
    updates.sort_by_key(|u| u.at);

    let derived = derive(&updates);
    let impact = text(o, "impact");
    let scheduled_for = instant(o, "scheduled_for")?;
    let maintenance = impact == Some("maintenance")
        || scheduled_for.is_some()
        || derived.kind == ForeignKind::Maintenance
        || text(o, "status")
            .and_then(ForeignStatus::read)
            .is_some_and(|s| matches!(s, ForeignStatus::Scheduled | ForeignStatus::InProgress));
    let impact = match impact {
        None | Some("" | "maintenance") => None,
        Some("none") => Some(Impact::None),
        Some("minor") => Some(Impact::Minor),
        Some("major") => Some(Impact::Major),
        Some("critical") => Some(Impact::Critical),
        Some(other) => return Err(format!("its impact \"{other}\" is not none, minor, major or critical")),
    };
    let said_start = instant(o, "started_at")?.or(instant(o, "created_at")?);
    // Archives put the announcement of a maintenance under `started_at`; the work began when an update says so.
    let started_at = if maintenance {
        updates
            .iter()
            .find(|u| u.status == ForeignStatus::InProgress)
            .map(|u| u.at)
            .or(scheduled_for)
            .or(said_start)
    } else {
        said_start.or(derived.started_at)
    }
    .ok_or("nothing says when it began (\"started_at\", \"created_at\" or an update)")?;
    let resolved_at = instant(o, "resolved_at")?.or(derived.resolved_at);
    if resolved_at.is_some_and(|end| end < started_at) {
        return Err("it ended before it began".to_owned());
    }
    Ok(ForeignIncident {
        id: kept_id(foreign),
        kind: if maintenance { ForeignKind::Maintenance } else { ForeignKind::Incident },
        title,
        impact,
        started_at,
        resolved_at,
        scheduled_for,
        scheduled_until: instant(o, "scheduled_until")?,
        updated_at: instant(o, "updated_at")?,
        components,
        updates,
        detail: Detail::Full,
        url: text(o, "url").or_else(|| text(o, "shortlink")).map(str::to_owned),
        line,
    })
}

fn update(raw: &Value) -> Result<ForeignUpdate, String> {
    let o = raw.as_object().ok_or("it is not an object")?;
    let at = instant(o, "display_at")?
        .or(instant(o, "at")?)
        .or(instant(o, "created_at")?)
        .ok_or("it has no time (\"at\", \"display_at\" or \"created_at\")")?;
    let word = text(o, "status").ok_or("it has no \"status\"")?;
    let status = ForeignStatus::read(word).ok_or_else(|| format!("its status \"{word}\" is not known"))?;
    let words = text(o, "message").or_else(|| text(o, "body")).unwrap_or_default();
    Ok(ForeignUpdate { at, status, body: body::tidy(words) })
}

/// Components are names (archives) or objects with a name (Statuspage). A group is not a component.
fn component_names(list: Option<&Value>) -> Result<Vec<ForeignComponent>, String> {
    let mut out = Vec::new();
    match list {
        None | Some(Value::Null) => {}
        Some(Value::Array(list)) => {
            for one in list {
                let name = one.as_str().or_else(|| {
                    let group = one.get("group").and_then(Value::as_bool) == Some(true);
                    one.get("name").and_then(Value::as_str).filter(|_| !group)
                });
                note_component(name.unwrap_or_default(), None, &mut out);
            }
        }
        Some(_) => return Err("its components are not a list".to_owned()),
    }
    Ok(out)
}

/// Updates name what they affected, as "Group - Component" when it is grouped. Pages before 2020 put a sentence there.
fn note_affected(list: Option<&Value>, out: &mut Vec<ForeignComponent>) {
    for one in list.and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = one.get("name").and_then(Value::as_str) else { continue };
        if one.get("code").is_none() {
            continue;
        }
        let status = one.get("new_status").and_then(Value::as_str).and_then(|s| s.parse().ok());
        let last = name.rsplit(" - ").next().unwrap_or(name);
        let whole = out.iter().any(|c| c.name == body::normalised(name));
        note_component(if whole { name } else { last }, status, out);
    }
}

/// Notes a component once, with the worst status that was said of it.
fn note_component(name: &str, status: Option<ComponentStatus>, out: &mut Vec<ForeignComponent>) {
    let name = body::normalised(name);
    if name.is_empty() {
        return;
    }
    match out.iter_mut().find(|c| c.name == name) {
        Some(known) => known.status = known.status.max(status),
        None => out.push(ForeignComponent { name, status }),
    }
}

/// `/history.json?page=N`: months with title, times and the last words of each incident.
fn history(o: &Map<String, Value>, found: &std::collections::HashMap<String, usize>, parsed: &mut Parsed) {
    for month in o.get("months").and_then(Value::as_array).into_iter().flatten() {
        let year = month.get("year").and_then(Value::as_i64).and_then(|y| i16::try_from(y).ok());
        let number = month
            .get("name")
            .and_then(Value::as_str)
            .and_then(|name| super::zone::Yearless::read(name, "1", "00:00"))
            .map(|y| y.month);
        for raw in month.get("incidents").and_then(Value::as_array).into_iter().flatten() {
            let line = id_of(raw).and_then(|id| found.get(id).copied()).unwrap_or(1);
            match outline(raw, year, number, line) {
                Ok(incident) => parsed.incidents.push(incident),
                Err(what) => {
                    let name = raw.get("name").and_then(Value::as_str).unwrap_or("an incident");
                    parsed.problems.push(Problem { line, what: format!("\"{name}\" was left out: {what}") });
                }
            }
        }
    }
}

fn outline(
    raw: &Value,
    year: Option<i16>,
    month: Option<i8>,
    line: usize,
) -> Result<ForeignIncident, String> {
    let o = raw.as_object().ok_or("it is not an object")?;
    let code = text(o, "code").ok_or("it has no \"code\"")?;
    let title = body::normalised(text(o, "name").ok_or("it has no \"name\"")?);
    let (year, month) = (year.ok_or("its month has no year")?, month.ok_or("its month has no name")?);
    let (from, until) = text(o, "timestamp")
        .and_then(|t| body::range(t, year, month))
        .ok_or("its times are not in Statuspage's form")?;
    let impact = text(o, "impact");
    let maintenance = impact == Some("maintenance");
    let end = until.unwrap_or(from);
    let status = if maintenance { ForeignStatus::Completed } else { ForeignStatus::Resolved };
    Ok(ForeignIncident {
        id: kept_id(code),
        kind: if maintenance { ForeignKind::Maintenance } else { ForeignKind::Incident },
        title,
        impact: match impact {
            Some("none") => Some(Impact::None),
            Some("minor") => Some(Impact::Minor),
            Some("major") => Some(Impact::Major),
            Some("critical") => Some(Impact::Critical),
            _ => None,
        },
        started_at: from,
        resolved_at: Some(end),
        scheduled_for: None,
        scheduled_until: None,
        updated_at: None,
        components: Vec::new(),
        updates: vec![ForeignUpdate {
            at: end,
            status,
            body: body::text(text(o, "message").unwrap_or_default()),
        }],
        detail: Detail::Outline,
        url: None,
        line,
    })
}

fn text<'o>(o: &'o Map<String, Value>, key: &str) -> Option<&'o str> {
    o.get(key).and_then(Value::as_str)
}

/// A time, if the field is there. A field that is there and no time is an error: it must not pass silently.
fn instant(o: &Map<String, Value>, key: &str) -> Result<Option<Timestamp>, String> {
    match o.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if s.trim().is_empty() => Ok(None),
        Some(Value::String(s)) => s.trim().parse().map(Some).map_err(|_| {
            format!("\"{key}\" is \"{}\", which is not a time such as 2026-08-21T00:37:20Z", shortened(s))
        }),
        Some(other) => Err(format!("\"{key}\" is {}, which is not a time", shortened(&other.to_string()))),
    }
}

fn shortened(text: &str) -> String {
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if text.chars().count() > 40 {
        out.push('…');
    }
    out
}
