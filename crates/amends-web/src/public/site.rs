//! The public site in memory: swapped as a whole when the record changes, read without touching the database.

use super::api_v2::Api;
use super::document::{Document, Kind};
use super::pages::{self, Context, month_of};
use super::rendered::{Rendered, complete_month, complete_since, earlier};
use super::source::{Source, SourceError};
use super::view::Item;
use super::{archive, clean};
use amends_model::id::is_id;
use amends_model::page::{HistoryItem, PublicRecord};
use arc_swap::ArcSwap;
use axum::http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How long the record may go unconfirmed before the pages say so.
const UNCONFIRMED: SignedDuration = SignedDuration::from_secs(60);
/// How much the rendered older pages may weigh together, in bytes.
const COLD_WEIGHT: usize = 24 * 1024 * 1024;
/// How many readings of older parts are kept for when the database is gone.
const COLD_KEPT: usize = 400;

/// What is shown, in short: what those hear who wait for news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The same on every node that shows the same.
    pub version: String,
    /// When the status page last changed.
    pub changed: Timestamp,
}

struct Inner {
    now: ArcSwap<Rendered>,
    /// The newest only; none when nothing more will be told.
    news: watch::Sender<Option<News>>,
    source: Arc<dyn Source>,
    clock: Clock,
    cold: Mutex<Cold>,
}

/// What was rendered on request: older months, incidents beyond the newest.
#[derive(Default)]
struct Cold {
    documents: HashMap<String, Document>,
    weight: usize,
    /// What they were rendered from and when it was read; outlives a change, as the last truth if a reading fails.
    readings: HashMap<String, (Timestamp, Arc<Vec<HistoryItem>>)>,
}

/// The public site. Cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Inner>);

impl Site {
    /// Reads the record and renders everything.
    pub async fn open(source: Arc<dyn Source>, clock: Clock) -> Result<Self, SourceError> {
        let record = source.record().await?;
        let start = source.start().await?;
        let rendered = Rendered::new(record, start, clock(), false, None);
        let cold = Mutex::new(Cold::default());
        let news = watch::Sender::new(rendered.news());
        Ok(Site(Arc::new(Inner { now: ArcSwap::from_pointee(rendered), news, source, clock, cold })))
    }

    /// Reads the record anew and swaps in what changed; whether anything did.
    ///
    /// Called after every change and twice a minute, so that the clock's own changes (a promise that is late, a new day)
    /// show. If the record cannot be read for a minute, the pages go on with the last truth and say its age.
    pub async fn refresh(&self) -> Result<bool, SourceError> {
        let read = async { Ok((self.0.source.record().await?, self.0.source.start().await?)) };
        match read.await {
            Ok((record, start)) => {
                let site = self.clone();
                // Compressing takes milliseconds: not on a thread that answers requests.
                let made = tokio::task::spawn_blocking(move || site.publish(record, start)).await;
                made.map_err(|error| SourceError(format!("rendering the public pages failed: {error}")))
            }
            Err(error) => {
                let last = self.0.now.load_full();
                let now = (self.0.clock)();
                if !last.stale && now.duration_since(last.record.read_at) > UNCONFIRMED {
                    let stale = Rendered::new(last.record.clone(), last.start, now, true, Some(&last));
                    self.show(stale);
                    self.cold().drop_documents();
                }
                Err(error)
            }
        }
    }

    /// Renders this record and swaps it in, unless it would show the same; whether it did.
    pub fn publish(&self, record: PublicRecord, start: Option<Timestamp>) -> bool {
        let last = self.0.now.load_full();
        let now = (self.0.clock)();
        let rendered = Rendered::new(record, start, now, false, Some(&last));
        let same = !last.stale
            && rendered.documents.len() == last.documents.len()
            && rendered.documents.iter().all(|(path, document)| {
                last.documents.get(path).is_some_and(|before| before.tag() == document.tag())
            });
        self.show(rendered);
        if !same {
            self.cold().drop_documents();
        }
        !same
    }

    fn show(&self, rendered: Rendered) {
        let news = rendered.news();
        self.0.now.store(Arc::new(rendered));
        // Whoever hears of it finds it in place.
        self.0.news.send_if_modified(|told| {
            let differs = told.is_some() && *told != news;
            if differs {
                *told = news;
            }
            differs
        });
    }

    /// What is shown, and what comes to be shown.
    pub fn news(&self) -> watch::Receiver<Option<News>> {
        self.0.news.subscribe()
    }

    /// Ends what waits for news: the server stops.
    pub fn end_news(&self) {
        self.0.news.send_replace(None);
    }

    /// What is shown now.
    pub fn rendered(&self) -> Arc<Rendered> {
        self.0.now.load_full()
    }

    /// Where it reads from.
    pub(super) fn source(&self) -> &dyn Source {
        &*self.0.source
    }

    /// A feed with its content type, not older than `at`: for whoever hands it on.
    pub async fn feed(&self, path: &str, at: Timestamp) -> Option<(String, Vec<u8>)> {
        if self.0.now.load().record.read_at < at {
            self.refresh().await.ok()?;
        }
        let now = self.0.now.load();
        let feed = now.documents.get(path)?;
        Some((feed.content_type().to_owned(), feed.body().to_vec()))
    }

    /// The time now.
    pub fn clock_now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// What is in memory at this path, without a query: a document of the hot set or an asset, as `then` makes of it.
    pub fn hot<T>(&self, path: &str, then: impl FnOnce(&Document) -> T) -> Option<T> {
        let now = self.0.now.load();
        now.documents.get(path).or_else(|| crate::assets::find(path)).map(then)
    }

    /// The document at `path`, from memory or rendered now; a 404 if there is none.
    pub async fn document(&self, path: &str, query: Option<&str>) -> Document {
        let rendered = self.0.now.load_full();
        let page = query.and_then(page_number).filter(|_| path == "/history.json");
        if page.is_none_or(|p| p <= 1)
            && let Some(hot) = rendered.documents.get(path)
        {
            return hot.clone();
        }
        let Some(part) = Part::of(path, page, &rendered) else {
            return rendered.nothing_at(path).clone();
        };
        let key = part.key();
        if let Some(kept) = self.cold().documents.get(&key) {
            return kept.clone();
        }
        self.render_cold(&part, path, key, &rendered).await
    }

    async fn render_cold(&self, part: &Part, path: &str, key: String, rendered: &Arc<Rendered>) -> Document {
        let zone = rendered.record.page.zone();
        let reading = match part.in_record(rendered) {
            Some(items) => Ok(Arc::new(items)),
            None => part.read(&*self.0.source, &zone).await.map(|mut items| {
                items.iter_mut().for_each(clean::item);
                Arc::new(items)
            }),
        };
        let now = (self.0.clock)();
        let (items, read_at, stale) = match reading {
            Ok(items) => {
                // What does not exist is not remembered: guessing must not push out what does.
                if !items.is_empty() {
                    self.cold().keep_reading(part.reading(), now, items.clone());
                }
                (items, now, false)
            }
            Err(error) => {
                tracing::warn!(%error, path = key, "an older public page could not be read");
                let kept = self.cold().readings.get(&part.reading()).cloned();
                let Some((read_at, items)) = kept else { return part.unavailable(rendered, now) };
                (items, read_at, true)
            }
        };
        let mut record = None;
        if stale {
            // The frame of the page then says when this part was read.
            let mut old = rendered.record.clone();
            old.read_at = read_at;
            record = Some(old);
        }
        let cx = Context::new(record.as_ref().unwrap_or(&rendered.record), now, stale || rendered.stale);
        let Some(document) = part.render(&cx, &items, rendered) else {
            return rendered.nothing_at(path).clone();
        };
        // Kept only if nothing changed meanwhile: a document of the old record must not outlive the swap.
        if !stale && Arc::ptr_eq(rendered, &self.0.now.load()) {
            self.cold().keep(key, document.clone());
        }
        document
    }

    fn cold(&self) -> std::sync::MutexGuard<'_, Cold> {
        self.0.cold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cold {
    fn drop_documents(&mut self) {
        self.documents.clear();
        self.weight = 0;
    }

    fn keep(&mut self, key: String, document: Document) {
        if self.weight + document.weight() > COLD_WEIGHT {
            self.drop_documents();
        }
        self.weight += document.weight();
        if let Some(old) = self.documents.insert(key, document) {
            self.weight -= old.weight();
        }
    }

    fn keep_reading(&mut self, key: String, at: Timestamp, items: Arc<Vec<HistoryItem>>) {
        if self.readings.len() >= COLD_KEPT
            && !self.readings.contains_key(&key)
            && let Some(oldest) = self.readings.iter().min_by_key(|(_, (at, _))| *at).map(|(k, _)| k.clone())
        {
            self.readings.remove(&oldest);
        }
        self.readings.insert(key, (at, items));
    }
}

fn page_number(query: &str) -> Option<u32> {
    query.split('&').find_map(|pair| pair.strip_prefix("page=")?.parse().ok())
}

/// A part of the public record that is rendered on request.
enum Part {
    Item { id: String, json: bool },
    Month(Date),
    Quarter { page: u32, months: (Date, Date) },
}

impl Part {
    /// What `path` asks for, if it can exist: months from the beginning of history to now, ids in their form.
    fn of(path: &str, page: Option<u32>, rendered: &Rendered) -> Option<Part> {
        let zone = rendered.record.page.zone();
        let this_month = rendered.at.to_zoned(zone.clone()).date().first_of_month();
        let first = rendered.start.map_or(this_month, |at| at.to_zoned(zone).date().first_of_month());
        if let Some(rest) = path.strip_prefix("/incidents/") {
            let (id, json) = rest.strip_suffix(".json").map_or((rest, false), |id| (id, true));
            return is_id(id).then(|| Part::Item { id: id.to_owned(), json });
        }
        if path == "/history.json" {
            let page = page.unwrap_or(1).max(1);
            return Some(Part::Quarter { page, months: archive::quarter(this_month, page) });
        }
        let month =
            if path == "/history" { Some(this_month) } else { month_of(path.strip_prefix("/history/")?) };
        month.filter(|m| (first.min(this_month)..=this_month).contains(m)).map(Part::Month)
    }

    fn is_json(&self) -> bool {
        matches!(self, Part::Item { json: true, .. } | Part::Quarter { .. })
    }

    /// Under what the document is kept.
    fn key(&self) -> String {
        format!("{}{}", self.reading(), if self.is_json() { ".json" } else { "" })
    }

    /// Under what the reading is kept: the page and the JSON of an incident share one.
    fn reading(&self) -> String {
        match self {
            Part::Item { id, .. } => format!("item {id}"),
            Part::Month(month) => format!("month {month}"),
            Part::Quarter { months, .. } => format!("quarter {}", months.0),
        }
    }

    /// What the record itself holds of it, if that is all.
    fn in_record(&self, rendered: &Rendered) -> Option<Vec<HistoryItem>> {
        let zone = rendered.record.page.zone();
        let owned = |items: Vec<Item>| items.into_iter().map(Item::to_owned).collect();
        match self {
            Part::Item { .. } => None,
            Part::Month(month) => complete_month(&rendered.record, *month, &zone).map(owned),
            Part::Quarter { page: 1, months } => complete_since(&rendered.record, months.0, &zone).map(owned),
            Part::Quarter { .. } => None,
        }
    }

    async fn read(
        &self,
        source: &dyn Source,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Vec<HistoryItem>, SourceError> {
        let (first, last) = match self {
            Part::Item { id, .. } => return Ok(source.item(id.clone()).await?.into_iter().collect()),
            Part::Month(month) => (*month, *month),
            Part::Quarter { months, .. } => *months,
        };
        let start = |date: Date| date.to_zoned(zone.clone()).map(|z| z.timestamp());
        let until = last.checked_add(1.month()).and_then(start);
        match (start(first), until) {
            (Ok(from), Ok(until)) => source.between(from, until).await,
            _ => Ok(vec![]),
        }
    }

    fn render(&self, cx: &Context, items: &[HistoryItem], rendered: &Rendered) -> Option<Document> {
        let page = if cx.stale { Kind::Passing } else { Kind::Page };
        let changed = cx.record.page.updated_at;
        match self {
            Part::Item { json, .. } => {
                let item = Item::from(items.first()?);
                let changed = item.updated_at().max(changed);
                Some(if *json {
                    Document::new(Kind::Json, Api::new(cx.record, cx.when.now).alone(item), changed)
                } else {
                    Document::new(page, pages::item(cx, item), changed)
                })
            }
            Part::Month(month) => {
                let earlier = earlier(rendered.start, *month, &cx.when.zone);
                let body = pages::history(cx, *month, items.iter().map(Item::from), earlier);
                Some(Document::new(page, body, changed))
            }
            Part::Quarter { page, months } => {
                let after = months.1.checked_add(1.month()).unwrap_or(months.1);
                let begun = rendered.start.is_some_and(|at| cx.when.date(at) < after);
                let before_all = *page > 1 && items.is_empty() && !begun;
                let body = if before_all {
                    archive::nothing()
                } else {
                    archive::page(*months, items.iter().map(Item::from), &cx.when)
                };
                Some(Document::new(Kind::Json, body, changed))
            }
        }
    }

    /// What is said when it cannot be read and never was.
    fn unavailable(&self, rendered: &Rendered, now: Timestamp) -> Document {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        if self.is_json() {
            return super::rendered::json_error(
                status,
                "this part of the record cannot be read just now; try again in a moment",
            );
        }
        let lines = [
            "This part of the record cannot be read just now. The status page itself is not affected.",
            "Try again in a moment.",
        ];
        let cx = Context::new(&rendered.record, now, rendered.stale);
        let mut document = Document::with_status(
            status,
            Kind::Passing,
            pages::message(&cx, "We cannot show this right now", &lines, None),
            now,
        );
        document.set(header::RETRY_AFTER, HeaderValue::from_static("30"));
        document
    }
}
