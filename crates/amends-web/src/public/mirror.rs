//! The public site as files, for a static host that stands in while this server is away.
//!
//! A page `/x` is the file `x/index.html`, which every host gives for `/x`; everything else has a name with an ending
//! already. What only a server can do (forms, `/events`, the hub, the second page of the JSON history) has no file.

use super::api_v2::Api;
use super::document::{Document, Kind};
use super::pages::{self, Context};
use super::rendered::{Rendered, earlier};
use super::site::Site;
use super::source::SourceError;
use super::view::Item;
use super::{archive, clean};
use amends_model::Channel;
use bytes::Bytes;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;

/// One file of the mirror.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name, with `/` between folders.
    pub name: String,
    /// What it holds.
    pub bytes: Bytes,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `Cache-Control`.
    pub cache_control: &'static str,
    /// When it last changed.
    pub changed: Timestamp,
}

impl File {
    fn new(path: &str, kind: Kind, bytes: impl Into<Bytes>, changed: Timestamp) -> Self {
        let (content_type, cache_control) = (kind.content_type(), kind.cache_control());
        File { name: name(path, kind), bytes: bytes.into(), content_type, cache_control, changed }
    }

    fn of(path: &str, document: &Document) -> Self {
        File::new(path, document.kind(), document.body().clone(), document.changed())
    }
}

/// The file of an address.
fn name(path: &str, kind: Kind) -> String {
    let path = path.trim_matches('/');
    match kind.is_page() {
        true if path.is_empty() => "index.html".into(),
        true => format!("{path}/index.html"),
        false => path.to_owned(),
    }
}

/// What is in memory: the assets first and the status page last, so that whatever a page names is there before it.
pub fn newest(rendered: &Rendered, now: Timestamp) -> Vec<File> {
    let mut files: Vec<File> = crate::assets::all().map(|(path, asset)| File::of(path, asset)).collect();
    let cx = Context::new(&rendered.record, now, rendered.stale);
    let changed = rendered.record.page.updated_at;
    for channel in Channel::ALL.iter().copied().filter(|channel| *channel != Channel::Email) {
        let body = pages::subscribe(&cx, channel, &pages::Typed::default(), &[], None);
        files.push(File::new(&format!("/subscribe/{channel}"), Kind::Page, body, changed));
    }
    let missing = File::of("", rendered.nothing_at("/"));
    files.push(File { name: "404.html".into(), changed, ..missing });
    let mut paths: Vec<&String> = rendered.documents.keys().collect();
    paths.sort_by_key(|path| (path.as_str() == "/", *path));
    files.extend(paths.into_iter().map(|path| File::of(path, &rendered.documents[path])));
    files
}

impl Site {
    /// The months of history, newest first.
    pub fn months(&self) -> Vec<Date> {
        let rendered = self.rendered();
        let zone = rendered.record.page.zone();
        let of = |at: Timestamp| at.to_zoned(zone.clone()).date().first_of_month();
        let (first, mut month) = (rendered.start.map(of), of(self.clock_now()));
        let mut months = vec![month];
        while first.is_some_and(|first| first < month)
            && let Ok(before) = month.checked_sub(1.month())
        {
            month = before;
            months.push(month);
        }
        months
    }

    /// The page of a month and what began in it, read from the record; without what is in memory.
    pub async fn month(&self, month: Date) -> Result<Vec<File>, SourceError> {
        let rendered = self.rendered();
        let zone = rendered.record.page.zone();
        let start = |date: Date| date.to_zoned(zone.clone()).map(|z| z.timestamp());
        let (Ok(from), Ok(until)) = (start(month), month.checked_add(1.month()).and_then(start)) else {
            return Ok(vec![]);
        };
        let mut items = self.source().between(from, until).await?;
        items.iter_mut().for_each(clean::item);
        let now = self.clock_now();
        let cx = Context::new(&rendered.record, now, rendered.stale);
        let api = Api::new(&rendered.record, now);
        let changed = rendered.record.page.updated_at;
        let mut files = vec![];
        for item in items.iter().map(Item::from) {
            let (path, changed) = (format!("/incidents/{}", item.id()), item.updated_at().max(changed));
            files.push(File::new(&format!("{path}.json"), Kind::Json, api.alone(item), changed));
            files.push(File::new(&path, Kind::Page, pages::item(&cx, item), changed));
        }
        let of_month = || {
            pages::history(&cx, month, items.iter().map(Item::from), earlier(rendered.start, month, &zone))
        };
        files.push(File::new(
            &format!("/history/{}", month.strftime("%Y-%m")),
            Kind::Page,
            of_month(),
            changed,
        ));
        if month == cx.when.today().first_of_month() {
            files.push(File::new("/history", Kind::Page, of_month(), changed));
        }
        let in_memory: BTreeSet<String> =
            rendered.documents.iter().map(|(path, document)| name(path, document.kind())).collect();
        files.retain(|file| !in_memory.contains(&file.name));
        Ok(files)
    }

    /// The JSON history of this quarter, if it is too long to be in memory.
    pub async fn quarter(&self) -> Result<Option<File>, SourceError> {
        let rendered = self.rendered();
        if rendered.documents.contains_key("/history.json") {
            return Ok(None);
        }
        let zone = rendered.record.page.zone();
        let cx = Context::new(&rendered.record, self.clock_now(), rendered.stale);
        let (first, last) = archive::quarter(cx.when.today().first_of_month(), 1);
        let start = |date: Date| date.to_zoned(zone.clone()).map(|z| z.timestamp());
        let (Ok(from), Ok(until)) = (start(first), last.checked_add(1.month()).and_then(start)) else {
            return Ok(None);
        };
        let mut items = self.source().between(from, until).await?;
        items.iter_mut().for_each(clean::item);
        let body = archive::page((first, last), items.iter().map(Item::from), &cx.when);
        Ok(Some(File::new("/history.json", Kind::Json, body, rendered.record.page.updated_at)))
    }
}
