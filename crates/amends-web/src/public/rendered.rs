//! The hot set: every public document that is asked for often, rendered from one record and swapped as a whole.

use super::api_v2::{Api, json};
use super::document::{Document, Kind};
use super::pages::{self, Context};
use super::site::News;
use super::view::{Item, items};
use super::{archive, badge, calendar, clean, feeds};
use amends_app::subscriber::HUB;
use amends_model::page::PublicRecord;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The banner script that other sites run.
pub const EMBED_SCRIPT: &[u8] = include_bytes!("../../static/embed.js");

/// The script that shows what is pushed to a browser.
const WORKER_SCRIPT: &[u8] = include_bytes!("../../static/worker.js");

/// A record with everything that was rendered from it.
#[derive(Debug)]
pub struct Rendered {
    /// The record.
    pub record: PublicRecord,
    /// When the history begins.
    pub start: Option<Timestamp>,
    /// The instant it was rendered for.
    pub at: Timestamp,
    /// Whether it says that the record could not be read anew.
    pub stale: bool,
    /// What was rendered, by path.
    pub documents: HashMap<String, Document>,
    not_found: Document,
    no_such_json: Document,
}

#[derive(Serialize)]
struct JsonError<'a> {
    error: &'a str,
}

/// An error as JSON, `{"error": …}`, as Statuspage answers.
pub fn json_error(status: StatusCode, text: &str) -> Document {
    Document::with_status(status, Kind::PassingJson, json(&JsonError { error: text }), Timestamp::UNIX_EPOCH)
}

impl Rendered {
    /// Renders everything; what did not change since `before` is taken from there with its compressed forms.
    pub fn new(
        mut record: PublicRecord,
        start: Option<Timestamp>,
        now: Timestamp,
        stale: bool,
        before: Option<&Rendered>,
    ) -> Self {
        clean::record(&mut record);
        let cx = Context::new(&record, now, stale);
        let mut made = Made { before, now, documents: HashMap::new() };
        let changed = record.page.updated_at;
        // When it stops being true, a page is not to be kept by caches either.
        let page = if stale { Kind::Passing } else { Kind::Page };
        made.add("/", page, pages::index(&cx), changed);
        let api = Api::new(&record, now);
        let mut paths = vec![];
        for (path, body) in api.documents() {
            paths.push(path);
            made.add(path, Kind::Json, body, changed);
        }
        made.add("/history.rss", Kind::Rss, feeds::rss(&record), changed);
        made.add("/history.atom", Kind::Atom, feeds::atom(&record), changed);
        made.add("/history.feed.json", Kind::JsonFeed, feeds::json_feed(&record), changed);
        made.add("/maintenance.ics", Kind::Calendar, calendar::calendar(&record), changed);
        made.add("/badge.svg", Kind::Image, badge::badge(&record, now), changed);
        made.add(
            "/subscribe",
            page,
            pages::subscribe(&cx, amends_model::Channel::Email, &pages::Typed::default(), &[], None),
            changed,
        );
        made.add("/embed", page, pages::embed(&cx, EMBED_SCRIPT, paths), changed);
        made.add("/embed/script.js", Kind::Embed, EMBED_SCRIPT.to_vec(), Timestamp::UNIX_EPOCH);
        made.add("/push-worker.js", Kind::Worker, WORKER_SCRIPT.to_vec(), Timestamp::UNIX_EPOCH);
        for path in feeds::PATHS {
            let url = &record.page.url;
            let link = format!("<{url}{HUB}>; rel=\"hub\", <{url}{path}>; rel=\"self\"");
            if let (Some(feed), Ok(link)) = (made.documents.get_mut(*path), HeaderValue::from_str(&link)) {
                feed.set(header::LINK, link);
            }
        }
        for (path, icon) in pages::icons() {
            made.add(&path, Kind::Image, icon, Timestamp::UNIX_EPOCH);
        }
        let state = super::sentence::sentence(&record, now).state;
        made.add("/favicon.ico", Kind::Image, badge::icon(state), changed);
        made.add("/robots.txt", Kind::Text, robots(&record.page.url), Timestamp::UNIX_EPOCH);
        for item in items(&record) {
            let path = format!("/incidents/{}", item.id());
            made.add(&format!("{path}.json"), Kind::Json, api.alone(item), item.updated_at().max(changed));
            made.add(&path, page, pages::item(&cx, item), item.updated_at().max(changed));
        }
        let month = cx.when.today().first_of_month();
        let zone = &cx.when.zone;
        if let Some(past) = complete_month(&record, month, zone) {
            let body = pages::history(&cx, month, past, earlier(start, month, zone));
            made.add(&format!("/history/{}", month.strftime("%Y-%m")), page, body.clone(), changed);
            made.add("/history", page, body, changed);
        }
        if let Some(past) = complete_since(&record, archive::quarter(month, 1).0, zone) {
            let body = archive::page(archive::quarter(month, 1), past, &cx.when);
            made.add("/history.json", Kind::Json, body, changed);
        }
        let lines = ["The address may be mistyped, or what was here is not public any more."];
        let not_found = Document::with_status(
            StatusCode::NOT_FOUND,
            Kind::Passing,
            pages::message(&cx, "There is no such page", &lines, None),
            changed,
        );
        let documents = made.documents;
        let no_such_json = json_error(StatusCode::NOT_FOUND, "not found");
        Rendered { record, start, at: now, stale, documents, not_found, no_such_json }
    }

    /// What those hear who wait for news.
    pub fn news(&self) -> Option<News> {
        let page = self.documents.get("/")?;
        let mut documents: Vec<_> = self.documents.iter().collect();
        documents.sort_unstable_by_key(|(path, _)| *path);
        let mut digest = Sha256::new();
        documents.iter().for_each(|(_, document)| digest.update(document.tag()));
        let version = digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Some(News { version, changed: page.changed() })
    }

    /// What tells these feeds from others.
    pub fn feeds_digest(&self) -> String {
        let tags =
            feeds::PATHS.iter().filter_map(|path| self.documents.get(*path)).flat_map(|d| &d.tag()[..8]);
        tags.map(|byte| format!("{byte:02x}")).collect()
    }

    /// The answer for a path that does not exist: a page, or JSON where programs ask.
    pub fn nothing_at(&self, path: &str) -> &Document {
        let is_json = path.starts_with("/api/") || path.ends_with(".json");
        if is_json { &self.no_such_json } else { &self.not_found }
    }
}

/// Documents as they are made, from what was made before where nothing changed.
struct Made<'a> {
    before: Option<&'a Rendered>,
    now: Timestamp,
    documents: HashMap<String, Document>,
}

impl Made<'_> {
    fn add(&mut self, path: &str, kind: Kind, body: Vec<u8>, changed: Timestamp) {
        let before = self.before.and_then(|b| b.documents.get(path));
        let document = match before {
            // The same bytes stay what they were, with the date of when they came to be so.
            Some(same) if same.is_of(kind, &body) => same.clone(),
            // What the clock changed has a new date, too, or a reader who asks by date would not hear of it.
            Some(other) if other.changed() >= changed => Document::new(kind, body, self.now),
            _ => Document::new(kind, body, changed),
        };
        self.documents.insert(path.to_owned(), document);
    }
}

/// Whether anything is older than this month.
pub fn earlier(start: Option<Timestamp>, month: Date, zone: &jiff::tz::TimeZone) -> bool {
    start.is_some_and(|at| at.to_zoned(zone.clone()).date() < month)
}

/// The months's part of the record, newest first, if the record holds all of it.
pub fn complete_month<'a>(
    record: &'a PublicRecord,
    month: Date,
    zone: &jiff::tz::TimeZone,
) -> Option<Vec<Item<'a>>> {
    let next = month.checked_add(1.month()).ok()?;
    let all = complete_since(record, month, zone)?;
    Some(all.into_iter().filter(|i| i.began().to_zoned(zone.clone()).date() < next).collect())
}

/// What of the record began on `first` or later, newest first, if the record holds all of it: it lists so many of the
/// newest, and is complete down to where its lists end.
pub fn complete_since<'a>(
    record: &'a PublicRecord,
    first: Date,
    zone: &jiff::tz::TimeZone,
) -> Option<Vec<Item<'a>>> {
    let full = |count: usize| count >= super::api_v2::LISTED;
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    // Unresolved ones may be older than the list reaches: its end is the oldest of the resolved.
    let over = record.incidents.iter().filter(|i| i.phase == amends_model::Phase::Resolved);
    let reaches =
        !full(record.incidents.len()) || over.map(|i| i.started_at).min().is_some_and(|at| day(at) < first);
    let done = record.maintenances.iter().filter(|m| m.completed_at.is_some());
    let work = !full(record.maintenances.len())
        || done.map(|m| m.scheduled_for).min().is_some_and(|at| day(at) < first);
    let here = |i: &Item| i.is_past_or_open() && day(i.began()) >= first;
    (reaches && work).then(|| items(record).into_iter().filter(here).collect())
}

fn robots(url: &str) -> Vec<u8> {
    let url: String = url.chars().filter(|c| !c.is_control()).collect();
    format!("# {url}\nUser-agent: *\nDisallow: /m/\nDisallow: /u/\nDisallow: /s/\nDisallow: /app\n")
        .into_bytes()
}
