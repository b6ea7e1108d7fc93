//! RSS and Atom in Statuspage's form, and JSON Feed 1.1. Readers exist that search the bodies: their form is kept.

use super::api_v2::{json, stamp};
use super::markdown;
use super::when::When;
use amends_app::subscriber::HUB;
use amends_model::incident::Phase;
use amends_model::maintenance::MaintenanceState;
use amends_model::page::{Letter, PublicIncident, PublicMaintenance, PublicRecord, PublicUpdate};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::fmt::Write;

/// Where the feeds are.
pub const PATHS: &[&str] = &["/history.rss", "/history.atom", "/history.feed.json"];
/// How many entries a feed has.
pub const ENTRIES: usize = 25;

/// One incident or maintenance, as every feed needs it.
struct Entry<'a> {
    id: &'a str,
    number: i64,
    title: &'a str,
    html: String,
    /// When readers should take it to have been published: the newest update, or the planned start.
    shown_at: Timestamp,
    /// When it last had a word or a letter.
    newest: Timestamp,
    first: Timestamp,
    updated: Timestamp,
    /// For maintenance, its planned end.
    ends: Option<Timestamp>,
    tags: Vec<&'static str>,
}

/// The status page's name as feeds say it: "Acme" is "Acme Status".
pub fn feed_name(record: &PublicRecord) -> String {
    let name = markdown::line(&record.page.name);
    if name.to_lowercase().ends_with("status") { name } else { format!("{name} Status") }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

fn entries(record: &PublicRecord) -> Vec<Entry<'_>> {
    let zone = record.page.zone();
    let mut all: Vec<Entry> = record
        .incidents
        .iter()
        .map(|i| incident(i, &zone))
        .chain(record.maintenances.iter().map(|m| maintenance(m, &zone)))
        .collect();
    all.sort_by_key(|e| std::cmp::Reverse((e.newest, e.number)));
    all.truncate(ENTRIES);
    all
}

fn incident<'a>(i: &'a PublicIncident, zone: &TimeZone) -> Entry<'a> {
    let mut html = i.letter.as_ref().map_or(String::new(), |l| letter(l, zone));
    html.push_str(&updates(&i.updates, Phase::label, zone));
    let told = i.updates.first().map(|u| u.display_at);
    let newest = told.max(i.letter.as_ref().map(|l| l.published_at)).unwrap_or(i.created_at);
    let first = i.updates.last().map_or(i.created_at, |u| u.display_at);
    let phase = if i.letter.is_some() { "postmortem" } else { i.phase.as_str() };
    Entry {
        id: i.id.as_str(),
        number: i.number,
        title: &i.title,
        html,
        shown_at: newest,
        newest,
        first,
        updated: i.updated_at,
        ends: None,
        tags: vec![phase, i.impact.as_str()],
    }
}

fn maintenance<'a>(m: &'a PublicMaintenance, zone: &TimeZone) -> Entry<'a> {
    let (from, until) = (m.scheduled_for.to_zoned(zone.clone()), m.scheduled_until.to_zoned(zone.clone()));
    let end = if from.date() == until.date() {
        format!("<var data-var='time'>{}</var>", until.strftime("%H:%M"))
    } else {
        moment(m.scheduled_until, zone)
    };
    let mut html = format!(
        "<p><strong>THIS IS A SCHEDULED EVENT {} - {end} {}</strong></p>",
        moment(m.scheduled_for, zone),
        from.strftime("%Z")
    );
    html.push_str(&updates(&m.updates, MaintenanceState::label, zone));
    let newest = m.updates.first().map_or(m.created_at, |u| u.display_at);
    Entry {
        id: m.id.as_str(),
        number: m.number,
        title: &m.title,
        html,
        shown_at: if m.state == MaintenanceState::Scheduled { m.scheduled_for } else { newest },
        newest,
        first: m.updates.last().map_or(m.created_at, |u| u.display_at),
        updated: m.updated_at,
        ends: Some(m.scheduled_until),
        tags: vec![m.state.as_str(), "maintenance"],
    }
}

/// `Aug <var data-var='date'>21</var>, <var data-var='time'>00:37</var>`: byte for byte, readers depend on it.
fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let z = at.to_zoned(zone.clone());
    z.strftime("%b <var data-var='date'>%e</var>, <var data-var='time'>%H:%M</var>").to_string()
}

fn paragraph(label: &str, at: Timestamp, text: &str, zone: &TimeZone) -> String {
    let blocks = markdown::blocks(text);
    // The first paragraph stands beside the label, as it always has; whatever else there is follows.
    let (first, rest) = match blocks.strip_prefix("<p dir=\"auto\">").and_then(|b| b.split_once("</p>")) {
        Some((first, rest)) => (first, rest.trim()),
        None => ("", blocks.as_str()),
    };
    let zone_name = at.to_zoned(zone.clone()).strftime("%Z").to_string();
    format!(
        "<p><small>{} {zone_name}</small><br><strong>{label}</strong> - {first}</p>{rest}",
        moment(at, zone)
    )
}

fn updates<S: Copy + PartialEq>(
    updates: &[PublicUpdate<S>],
    label: fn(S) -> &'static str,
    zone: &TimeZone,
) -> String {
    updates
        .iter()
        .enumerate()
        .map(|(n, update)| {
            let before = updates.get(n + 1).map(|u| u.status);
            let label = if before == Some(update.status) { "Update" } else { label(update.status) };
            paragraph(label, update.display_at, &update.text, zone)
        })
        .collect()
}

fn letter(letter: &Letter, zone: &TimeZone) -> String {
    paragraph("Postmortem", letter.published_at, &letter.text, zone)
}

/// Text for XML: the five entities, without the control characters that XML 1.0 forbids.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

fn title(entry: &Entry) -> String {
    xml(&markdown::line(entry.title))
}

fn newest(entries: &[Entry], record: &PublicRecord) -> Timestamp {
    let newest = entries.iter().map(|e| e.newest.max(e.updated)).max();
    newest.unwrap_or(record.page.updated_at)
}

/// `history.rss`: RSS 2.0 as every Statuspage page serves it.
pub fn rss(record: &PublicRecord) -> Vec<u8> {
    let zone = record.page.zone();
    let date = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
    let (entries, url) = (entries(record), xml(&record.page.url));
    let mut out = String::with_capacity(64 * 1024);
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:atom=\"http://www.w3.org/2005/Atom\">\n  <channel>\n    <title>{} - Incident History</title>\n    \
         <link>{url}</link>\n    <description>Statuspage</description>\n    <pubDate>{}</pubDate>\n    \
         <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{url}/history.rss\"/>\n    <atom:link rel=\"hub\" href=\"{url}{HUB}\"/>\n",
        xml(&feed_name(record)),
        date(newest(&entries, record)),
    );
    for entry in &entries {
        let _ = write!(
            out,
            "    <item>\n      <title>{}</title>\n      <description>\n{}      </description>\n      \
             <pubDate>{}</pubDate>\n",
            title(entry),
            xml(&entry.html),
            date(entry.shown_at)
        );
        if let Some(ends) = entry.ends {
            let _ = writeln!(out, "      <maintenanceEndDate>{}</maintenanceEndDate>", date(ends));
        }
        let _ = write!(
            out,
            "      <link>{url}/incidents/{0}</link>\n      <guid>{url}/incidents/{0}</guid>\n    </item>\n",
            entry.id
        );
    }
    out.push_str("  </channel>\n</rss>\n");
    out.into_bytes()
}

/// `history.atom`: Atom (RFC 4287) as every Statuspage page serves it; `updated` is the real time of the last change.
pub fn atom(record: &PublicRecord) -> Vec<u8> {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (entries, url) = (entries(record), xml(&record.page.url));
    let host = xml(host(&record.page.url));
    let mut out = String::with_capacity(64 * 1024);
    let _ = write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xml:lang=\"{}\" xmlns=\"http://www.w3.org/2005/Atom\">\n  \
         <id>tag:{host},2005:/history</id>\n  <link rel=\"alternate\" type=\"text/html\" href=\"{url}\"/>\n  \
         <link rel=\"self\" type=\"application/atom+xml\" href=\"{url}/history.atom\"/>\n  <link rel=\"hub\" href=\"{url}{HUB}\"/>\n  \
         <title>{} - Incident History</title>\n  <updated>{}</updated>\n  <author>\n    <name>{}</name>\n  \
         </author>\n",
        xml(&markdown::line(&record.page.language)),
        xml(&feed_name(record)),
        date(newest(&entries, record)),
        xml(&markdown::line(&record.page.name)),
    );
    for entry in &entries {
        let _ = write!(
            out,
            "  <entry>\n    <id>tag:{host},2005:Incident/{}</id>\n    <published>{}</published>\n    \
             <updated>{}</updated>\n    <link rel=\"alternate\" type=\"text/html\" href=\"{url}/incidents/{}\"/>\n    \
             <title>{}</title>\n    <content type=\"html\">{}</content>\n  </entry>\n",
            entry.number,
            date(entry.newest),
            date(entry.newest.max(entry.updated)),
            entry.id,
            title(entry),
            xml(&entry.html)
        );
    }
    out.push_str("</feed>\n");
    out.into_bytes()
}

#[derive(Serialize)]
struct JsonFeed {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    description: String,
    language: String,
    authors: Vec<Author>,
    hubs: Vec<Hub>,
    items: Vec<JsonItem>,
}

/// Who tells of changes.
#[derive(Serialize)]
struct Hub {
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Author {
    name: String,
}

#[derive(Serialize)]
struct JsonItem {
    id: String,
    url: String,
    title: String,
    content_html: String,
    date_published: String,
    date_modified: String,
    tags: Vec<&'static str>,
}

/// `history.feed.json`: JSON Feed 1.1. Its id is the address; `date_published` is the first word, `date_modified` the newest.
pub fn json_feed(record: &PublicRecord) -> Vec<u8> {
    let url = &record.page.url;
    let when = When { zone: record.page.zone(), now: record.read_at };
    let feed = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: format!("{} - Incident History", feed_name(record)),
        home_page_url: url.clone(),
        feed_url: format!("{url}/history.feed.json"),
        description: format!("Incidents and planned work, times in {}", when.zone_name()),
        language: markdown::line(&record.page.language),
        authors: vec![Author { name: markdown::line(&record.page.name) }],
        hubs: vec![Hub { kind: "WebSub", url: format!("{url}{HUB}") }],
        items: entries(record)
            .into_iter()
            .map(|e| JsonItem {
                id: format!("{url}/incidents/{}", e.id),
                url: format!("{url}/incidents/{}", e.id),
                title: markdown::line(e.title),
                date_published: stamp(e.first, &when.zone),
                date_modified: stamp(e.newest.max(e.updated), &when.zone),
                content_html: e.html,
                tags: e.tags,
            })
            .collect(),
    };
    json(&feed)
}
