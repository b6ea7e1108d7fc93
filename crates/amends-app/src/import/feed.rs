//! Statuspage's Atom and RSS feeds.

use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use super::{
    Detail, ForeignIncident, ForeignKind, Parsed, Problem, body, derive, id_in_address, kept_id, refused,
};

/// Reads a feed. Entries are cut out before they are parsed, so that a broken one costs only itself.
pub(super) fn read(bytes: &[u8]) -> Parsed {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    };
    let (form, element) = if text.contains("<feed") {
        ("Atom feed", "entry")
    } else if text.contains("<rss") {
        ("RSS feed", "item")
    } else {
        return refused("", 1, "this is XML, but neither an Atom nor an RSS feed; nothing was imported");
    };
    let mut parsed = Parsed { form, ..Parsed::default() };
    let mut line = 1;
    let mut counted = 0;
    for (at, entry) in entries(&text, element) {
        line += text[counted..at].matches('\n').count();
        counted = at;
        match fields(entry).and_then(|f| incident(&f, line)) {
            Ok(incident) => parsed.incidents.push(incident),
            Err(what) => {
                parsed.problems.push(Problem { line, what: format!("this entry was left out: {what}") });
            }
        }
    }
    if parsed.incidents.is_empty() && parsed.problems.is_empty() {
        parsed.problems.push(Problem { line: 1, what: format!("this {form} has no entries") });
    }
    parsed
}

/// The raw text of each entry with its byte offset. One without an end reaches to the next one's beginning.
fn entries<'t>(text: &'t str, element: &str) -> Vec<(usize, &'t str)> {
    let open = format!("<{element}");
    let close = format!("</{element}>");
    let mut starts: Vec<usize> = text
        .match_indices(&open)
        .filter(|(i, o)| text[i + o.len()..].starts_with(|c: char| c == '>' || c.is_whitespace()))
        .map(|(i, _)| i)
        .collect();
    starts.push(text.len());
    starts
        .windows(2)
        .map(|w| {
            let raw = &text[w[0]..w[1]];
            (w[0], raw.find(&close).map_or(raw, |end| &raw[..end + close.len()]))
        })
        .collect()
}

#[derive(Default)]
struct Fields {
    title: String,
    link: String,
    guid: String,
    published: String,
    updated: String,
    content: String,
}

fn fields(entry: &str) -> Result<Fields, String> {
    let mut reader = Reader::from_str(entry);
    reader.config_mut().allow_dangling_amp = true;
    let mut out = Fields::default();
    let mut path: Vec<String> = Vec::new();
    let broken = |e: &dyn std::fmt::Display| format!("it is not well-formed XML ({e})");
    loop {
        let event = reader.read_event().map_err(|e| broken(&e))?;
        let piece: String = match event {
            Event::Start(tag) => {
                note_link(&tag, &mut out);
                path.push(tag.local_name().as_ref().to_owned());
                continue;
            }
            Event::Empty(tag) => {
                note_link(&tag, &mut out);
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Text(t) => t.xml10_content().into_owned(),
            Event::CData(t) => t.xml10_content().into_owned(),
            Event::GeneralRef(r) => {
                let raw = format!("&{};", &*r);
                match unescape(&raw) {
                    Ok(c) => c.into_owned(),
                    Err(_) => raw,
                }
            }
            Event::Eof if path.is_empty() => return Ok(out),
            Event::Eof => return Err(broken(&format!("<{}> has no end", path.join("> <")))),
            _ => continue,
        };
        // Only direct children of the entry carry its fields; an author's name is not a title.
        if path.len() != 2 {
            continue;
        }
        match path[1].as_str() {
            "title" => out.title.push_str(&piece),
            "link" => out.link.push_str(&piece),
            "guid" => out.guid.push_str(&piece),
            "published" | "pubDate" => out.published.push_str(&piece),
            "updated" => out.updated.push_str(&piece),
            "content" | "description" | "summary" => out.content.push_str(&piece),
            _ => {}
        }
    }
}

/// Atom's links are attributes: `<link rel="alternate" href="…"/>`.
fn note_link(tag: &quick_xml::events::BytesStart<'_>, out: &mut Fields) {
    if tag.local_name().as_ref() != "link" {
        return;
    }
    let value = |name: &str| {
        tag.try_get_attribute(name)
            .ok()
            .flatten()
            .and_then(|a| a.normalized_value(quick_xml::XmlVersion::default()).ok().map(|v| v.into_owned()))
    };
    if let Some(href) = value("href").filter(|_| value("rel").is_none_or(|r| r == "alternate")) {
        out.link = href;
    }
}

fn incident(f: &Fields, line: usize) -> Result<ForeignIncident, String> {
    let address = if f.link.trim().is_empty() { f.guid.trim() } else { f.link.trim() };
    let id = id_in_address(address)
        .ok_or_else(|| "it has no link of the form https://…/incidents/<id>".to_owned())?;
    let title = body::normalised(&f.title);
    if title.is_empty() {
        return Err("it has no title".to_owned());
    }
    let published = instant(&f.published)
        .or_else(|| instant(&f.updated))
        .ok_or_else(|| "it does not say when it was published".to_owned())?;
    let body = body::read(&f.content, published)?;
    let derived = derive(&body.updates);
    let began = derived.started_at.unwrap_or(published);
    let (scheduled_for, scheduled_until) = body.window.unzip();
    let kind = if scheduled_for.is_some() { ForeignKind::Maintenance } else { derived.kind };
    Ok(ForeignIncident {
        id: kept_id(id),
        kind,
        title,
        impact: None,
        started_at: match scheduled_for {
            // Announced only: it begins when it is planned to.
            Some(planned) if !body.updates.iter().any(|u| u.status == super::ForeignStatus::InProgress) => {
                planned
            }
            _ => began,
        },
        resolved_at: derived.resolved_at,
        scheduled_for,
        scheduled_until,
        updated_at: instant(&f.updated).or(Some(published)),
        components: Vec::new(),
        updates: body.updates,
        detail: Detail::Full,
        url: Some(address.to_owned()),
        line,
    })
}

/// RFC 3339 (Atom) or RFC 2822 (RSS).
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|z| z.timestamp()))
}
