//! The routes: from memory, in every encoding, with the headers that protect; forms that act on POST alone.

use super::sample;
use crate::public::desk::{Ask, Asked, Channel, Desk, DeskError, Subscription};
use crate::public::source::{Reply, Source, SourceError};
use crate::public::{Site, router};
use amends_model::page::{HistoryItem, PublicRecord};
use amends_model::{ComponentId, Preferences};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

#[derive(Default)]
pub(super) struct Double {
    record: Mutex<Option<PublicRecord>>,
    gone: AtomicBool,
    reads: AtomicUsize,
    later: AtomicI64,
    asked: Mutex<Vec<Ask>>,
    done: Mutex<Vec<String>>,
}

impl Double {
    fn record(&self) -> PublicRecord {
        self.record.lock().expect("lock").clone().unwrap_or_else(sample::record)
    }

    fn read<T>(&self, value: T) -> Result<T, SourceError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.gone.load(Ordering::SeqCst) {
            Err(SourceError("the database is gone".into()))
        } else {
            Ok(value)
        }
    }

    fn did(&self, what: &str, token: &str) -> Result<Subscription, DeskError> {
        self.done.lock().expect("lock").push(format!("{what} {token}"));
        if token == "used" {
            return Err(DeskError::NoSuchToken);
        }
        Ok(Subscription {
            channel: amends_model::Channel::Email,
            secret: None,
            address: "ada@example.com".into(),
            components: vec![],
            preferences: Preferences::default(),
            confirmed: token != "ended",
            token: token.into(),
            created_at: sample::now(),
        })
    }
}

struct Source1(Arc<Double>);

impl Source for Source1 {
    fn record(&self) -> Reply<'_, PublicRecord, SourceError> {
        Box::pin(async { self.0.read(self.0.record()) })
    }
    fn item(&self, id: String) -> Reply<'_, Option<HistoryItem>, SourceError> {
        Box::pin(async move {
            let mut old = sample::calm().incidents.remove(0);
            old.title = "An old one".into();
            old.id = "old000000001".parse().expect("id");
            self.0.read((id == "old000000001").then_some(HistoryItem::Incident(old)))
        })
    }
    fn between(&self, from: Timestamp, until: Timestamp) -> Reply<'_, Vec<HistoryItem>, SourceError> {
        Box::pin(async move {
            let all =
                sample::calm().incidents.into_iter().filter(|i| i.started_at >= from && i.started_at < until);
            self.0.read(all.map(HistoryItem::Incident).collect())
        })
    }
    fn start(&self) -> Reply<'_, Option<Timestamp>, SourceError> {
        Box::pin(async { self.0.read(Some(sample::at("2026-03-02T10:00:00Z"))) })
    }
}

struct Desk1(Arc<Double>);

impl Desk for Desk1 {
    fn subscribe(&self, ask: Ask) -> Reply<'_, Asked, DeskError> {
        Box::pin(async move {
            if matches!(&ask.channel, Channel::Email(a) if a == "gone@example.com") {
                return Err(DeskError::Unavailable("the database does not answer".into()));
            }
            if matches!(&ask.channel, Channel::Email(a) if a == "flood@example.com") {
                return Err(DeskError::TooMany { seconds: 600 });
            }
            if matches!(&ask.channel, Channel::Email(a) if !a.contains('@')) {
                return Err(DeskError::Wrong("this is not a mail address".into()));
            }
            self.0.asked.lock().expect("lock").push(ask);
            Ok(Asked { id: "s00000000001".into(), created_at: sample::now() })
        })
    }
    fn confirm(&self, token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { self.0.did("confirm", &token) })
    }
    fn look(&self, token: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { self.0.did("look", &token) })
    }
    fn choose(&self, token: String, components: Vec<ComponentId>) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move { self.0.did(&format!("choose {}", components.len()), &token) })
    }
    fn unsubscribe(&self, token: String) -> Reply<'_, (), DeskError> {
        Box::pin(async move { self.0.did("unsubscribe", &token).map(|_| ()) })
    }
    fn prefer(&self, token: String, preferences: Preferences) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async move {
            if let Err(e) = preferences.check(amends_model::Channel::Email) {
                return Err(DeskError::Wrong(e.to_string()));
            }
            let kept = self.0.did(&format!("prefer {}", preferences.in_words().join(", ")), &token)?;
            Ok(Subscription { preferences, ..kept })
        })
    }
}

pub(super) async fn house() -> (Arc<Double>, Site, Router) {
    let double = Arc::new(Double::default());
    let clock = double.clone();
    let clock = move || sample::now() + SignedDuration::from_secs(clock.later.load(Ordering::SeqCst));
    let site = Site::open(Arc::new(Source1(double.clone())), Arc::new(clock)).await.expect("opens");
    let router = router(site.clone(), Arc::new(Desk1(double.clone())));
    (double, site, router)
}

async fn send(
    router: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("request");
    router.clone().oneshot(request).await.expect("answers")
}

async fn get(router: &Router, path: &str) -> (u16, String) {
    let response = send(router, "GET", path, &[], "").await;
    (response.status().as_u16(), text(response).await)
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.expect("body");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |v| v.to_str().expect("ascii"))
}

const HOT: [&str; 22] = [
    "/",
    "/history",
    "/history/2026-11",
    "/history.rss",
    "/history.atom",
    "/history.json",
    "/history.feed.json",
    "/maintenance.ics",
    "/badge.svg",
    "/favicon.ico",
    "/embed",
    "/embed/script.js",
    "/subscribe",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/active.json",
    "/incidents/i00000000042",
    "/incidents/i00000000042.json",
];

#[tokio::test]
async fn the_hot_set_is_read_without_the_database() {
    let (double, _, router) = house().await;
    let before = double.reads.load(Ordering::SeqCst);
    double.gone.store(true, Ordering::SeqCst);
    for path in HOT {
        let (status, body) = get(&router, path).await;
        assert!(status == 200 && !body.is_empty(), "{path}: {status}");
        assert_eq!(get(&router, &format!("{path}?page=1")).await.0, 200, "the query is ignored: {path}");
    }
    assert_eq!(double.reads.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn conditions_encodings_and_heads_work_on_every_route() {
    let (_, _, router) = house().await;
    for path in HOT {
        let plain = send(&router, "GET", path, &[("accept-encoding", "gzip, br")], "").await;
        let tag = header(&plain, "etag").to_owned();
        assert!(tag.starts_with('"'), "{path}: strong tag, not {tag}");
        assert!(!header(&plain, "last-modified").is_empty(), "{path}");
        assert!(header(&plain, "cache-control").contains("stale-if-error"), "{path}");
        assert_eq!(header(&plain, "vary"), "Accept-Encoding", "{path}");
        let head = send(&router, "HEAD", path, &[("accept-encoding", "gzip, br")], "").await;
        assert_eq!((head.status(), header(&head, "etag")), (StatusCode::OK, tag.as_str()), "{path}");
        assert_eq!(header(&head, "content-length"), header(&plain, "content-length"));
        assert_eq!(text(head).await, "");
        let known = send(&router, "GET", path, &[("if-none-match", &tag)], "").await;
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(text(known).await, "");
    }
}

#[tokio::test]
async fn every_answer_is_protected_and_machines_may_cross_origins() {
    let (_, _, router) = house().await;
    for path in HOT.into_iter().chain([
        "/nothing",
        "/incidents/nothing",
        "/api/v2/x.json",
        "/u/abc",
        "/subscribe/sent",
    ]) {
        let response = send(&router, "GET", path, &[("origin", "https://elsewhere.example")], "").await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        let policy = header(&response, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("script-src 'unsafe"), "{path}: {policy}");
        let is_page = header(&response, "content-type").starts_with("text/html");
        if is_page {
            assert!(policy.contains("script-src 'self'; style-src 'self' 'sha256-"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
                "{path}"
            );
            assert_eq!(header(&response, "access-control-allow-origin"), "", "{path}");
        } else if path != "/robots.txt" {
            assert_eq!(header(&response, "access-control-allow-origin"), "*", "{path}");
            assert_eq!(header(&response, "cross-origin-resource-policy"), "cross-origin", "{path}");
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_the_form_that_was_asked_for() {
    let (_, _, router) = house().await;
    for path in [
        "/api/v2/x.json",
        "/api/v2/summary",
        "/api/v2/incidents/x.json",
        "/incidents/none00000000.json",
        "/incidents/x.json",
    ] {
        let response = send(&router, "GET", path, &[], "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
    }
    let (status, body) = get(&router, "/api/v2/x.json").await;
    assert_eq!((status, body.as_str()), (404, "{\"error\":\"not found\"}"));
    for path in
        ["/incidents/none00000000", "/history/2026-13", "/history/1999-01", "/history/2027-01", "/history/x"]
    {
        let (status, body) = get(&router, path).await;
        assert!(status == 404 && body.contains("There is no such page"), "{path}: {status}");
    }
    assert_eq!(
        send(&router, "GET", "/static/app-0000000000.css", &[], "").await.status(),
        StatusCode::NOT_FOUND
    );
    let moved = send(&router, "GET", "/maintenances/m00000000002", &[], "").await;
    assert_eq!((moved.status().as_u16(), header(&moved, "location")), (301, "/incidents/m00000000002"));
}

#[tokio::test]
async fn assets_never_change_under_their_path() {
    let (_, _, router) = house().await;
    let response =
        send(&router, "GET", crate::assets::url("app.css"), &[("accept-encoding", "br")], "").await;
    assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&response, "content-encoding"), "br");
    let page = get(&router, "/").await.1;
    for part in page.split('"').filter(|p| p.starts_with("/static/")) {
        assert_eq!(get(&router, part).await.0, 200, "{part}");
    }
}

#[tokio::test]
async fn older_parts_are_read_once_and_dropped_on_change() {
    let (double, site, router) = house().await;
    let reads = || double.reads.load(Ordering::SeqCst);
    let before = reads();
    for _ in 0..3 {
        let (status, body) = get(&router, "/incidents/old000000001").await;
        assert!(status == 200 && body.contains("An old one"));
        assert_eq!(get(&router, "/history/2026-09").await.0, 200);
        assert_eq!(get(&router, "/history.json?page=2").await.0, 200);
    }
    assert_eq!(
        reads(),
        before + 2,
        "the incident and the older quarter; months that the record holds whole need none"
    );
    let mut changed = sample::record();
    changed.incidents[0].title = "Something else".into();
    *double.record.lock().expect("lock") = Some(changed);
    assert!(site.refresh().await.expect("reads"));
    let before = reads();
    assert!(get(&router, "/").await.1.contains("Something else"));
    assert_eq!(get(&router, "/incidents/old000000001").await.0, 200);
    assert_eq!(reads(), before + 1);
    assert!(!site.refresh().await.expect("reads"), "nothing changed");
}

#[tokio::test]
async fn the_archive_ends_where_history_begins() {
    let (_, _, router) = house().await;
    let months = |body: &str| -> Vec<String> {
        let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let months = json["months"].as_array().expect("months").clone();
        months.iter().map(|m| format!("{} {}", m["name"].as_str().expect("name"), m["year"])).collect()
    };
    let page = async |n: u32| months(&get(&router, &format!("/history.json?page={n}")).await.1);
    assert_eq!(page(1).await, ["November 2026", "October 2026", "September 2026"]);
    assert_eq!(page(2).await, ["August 2026", "July 2026", "June 2026"]);
    assert_eq!(page(3).await, ["May 2026", "April 2026", "March 2026"]);
    assert!(page(4).await.is_empty() && page(4_000_000_000).await.is_empty());
    let (_, first) = get(&router, "/history.json").await;
    assert!(
        first.contains("\"code\":\"i00000000042\"") && first.contains("\"starts_on\":0,\"days\":30"),
        "{first}"
    );
}

#[tokio::test]
async fn when_the_database_is_gone_the_last_truth_is_told_with_its_age() {
    let (double, site, router) = house().await;
    assert_eq!(get(&router, "/incidents/old000000001").await.0, 200);
    double.gone.store(true, Ordering::SeqCst);
    double.later.store(30, Ordering::SeqCst);
    assert!(site.refresh().await.is_err());
    assert!(
        !get(&router, "/").await.1.contains("We cannot reach our own record"),
        "half a minute is nothing"
    );
    double.later.store(95, Ordering::SeqCst);
    assert!(site.refresh().await.is_err());
    let (status, page) = get(&router, "/").await;
    assert_eq!(status, 200);
    assert!(page.contains("We cannot reach our own record right now. What you see here was true at <time datetime=\"2026-11-20T15:24:10Z\""));
    assert!(page.contains("Text messages to drivers arrive"));
    let response = send(&router, "GET", "/", &[], "").await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    let (status, old) = get(&router, "/incidents/old000000001").await;
    assert!(
        status == 200 && old.contains("An old one") && old.contains("was true at"),
        "what was read before is kept"
    );
    let never = send(&router, "GET", "/history.json?page=9", &[], "").await;
    assert_eq!(never.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&router, "/incidents/never0000001").await.0, 503);
    double.gone.store(false, Ordering::SeqCst);
    assert!(site.refresh().await.expect("reads again"));
    assert!(!get(&router, "/").await.1.contains("We cannot reach our own record"));
}

#[tokio::test]
async fn a_late_promise_shows_without_any_change() {
    let (double, site, router) = house().await;
    let first = send(&router, "GET", "/", &[], "").await;
    let (tag, date) = (header(&first, "etag").to_owned(), header(&first, "last-modified").to_owned());
    assert!(text(first).await.contains("Next word by"));
    double.later.store(20 * 60, Ordering::SeqCst);
    assert!(site.refresh().await.expect("reads"));
    assert!(get(&router, "/").await.1.contains("and are late with it"));
    for condition in [("if-none-match", tag.as_str()), ("if-modified-since", date.as_str())] {
        assert_eq!(
            send(&router, "GET", "/", &[condition], "").await.status(),
            StatusCode::OK,
            "{condition:?}"
        );
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn the_form_asks_for_a_confirmation() {
    let (double, _, router) = house().await;
    let body =
        "email=ada%2Bstatus%40example.com&component=c00000000001&component=c00000000004&component=nonsense";
    let response = send(&router, "POST", "/subscribe", &[FORM], body).await;
    assert_eq!((response.status().as_u16(), header(&response, "location")), (303, "/subscribe/sent"));
    assert!(get(&router, "/subscribe/sent").await.1.contains("If the address is right"));
    let asked = double.asked.lock().expect("lock").remove(0);
    assert_eq!(asked.channel, Channel::Email("ada+status@example.com".into()));
    assert_eq!(asked.components.len(), 2);
    let wrong =
        send(&router, "POST", "/subscribe", &[FORM], "email=%22%3E%3Cscript%3E&component=c00000000001").await;
    assert_eq!((wrong.status().as_u16(), header(&wrong, "cache-control")), (422, "no-store"));
    let page = text(wrong).await;
    assert!(
        page.contains("this is not a mail address") && page.contains("value=\"&#34;&#62;&#60;script&#62;\""),
        "{page}"
    );
    assert!(page.contains("value=\"c00000000001\" checked"), "what was chosen stays chosen");
    // Everything else would be more than they asked for.
    let gone = "email=ada%40example.com&component=nonsense&component=c0000000gone";
    let gone = send(&router, "POST", "/subscribe", &[FORM], gone).await;
    assert_eq!(gone.status().as_u16(), 422);
    let page = text(gone).await;
    assert!(
        page.contains("not on this page any more") && page.contains("value=\"ada@example.com\""),
        "{page}"
    );
    assert!(double.asked.lock().expect("lock").is_empty(), "nobody was subscribed to everything");
    let flood = send(&router, "POST", "/subscribe", &[FORM], "email=flood@example.com").await;
    assert_eq!((flood.status().as_u16(), header(&flood, "retry-after")), (429, "600"));
    let page = text(flood).await;
    assert!(page.contains("Please wait a little") && page.contains("value=\"flood@example.com\""), "{page}");
    let gone =
        send(&router, "POST", "/subscribe", &[FORM], "email=gone@example.com&component=c00000000001").await;
    assert_eq!((gone.status().as_u16(), header(&gone, "retry-after")), (503, "30"));
    let page = text(gone).await;
    assert!(
        page.contains("We cannot do this right now") && page.contains("value=\"gone@example.com\""),
        "{page}"
    );
    assert!(page.contains("value=\"c00000000001\" checked") && !page.contains("does not answer"), "{page}");
}

#[tokio::test]
async fn looking_never_acts() {
    let (double, _, router) = house().await;
    for path in ["/s/abc", "/u/abc", "/m/abc"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(send(&router, method, path, &[], "").await.status(), StatusCode::OK, "{path}");
        }
    }
    let done = double.done.lock().expect("lock").clone();
    assert!(done.iter().all(|d| d.starts_with("look")), "{done:?}");
    let ours = get(&router, "/u/abc").await.1;
    assert!(ours.contains("Messages go to ada@example.com.") && ours.contains("Stop all messages"), "{ours}");
    let ended = get(&router, "/u/ended").await;
    assert!(ended.0 == 200 && !ended.1.contains("Messages go to"), "none go there: {}", ended.1);
    let other = get(&router, "/u/used").await;
    assert!(other.0 == 404 && !other.1.contains("Stop all messages"), "nobody presses it for nothing");
}

#[tokio::test]
async fn buttons_and_one_click_act() {
    let (double, _, router) = house().await;
    assert!(
        text(send(&router, "POST", "/s/abc", &[FORM], "").await)
            .await
            .contains("Updates go to ada@example.com")
    );
    let one_click = send(&router, "POST", "/u/abc", &[FORM], "List-Unsubscribe=One-Click").await;
    assert_eq!(one_click.status(), StatusCode::OK, "no redirect (RFC 8058)");
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    let body =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    assert_eq!(send(&router, "POST", "/u/abc", &multipart, body).await.status(), StatusCode::OK);
    for (choice, said) in
        [("", "Choose at least one part"), ("&component=c0000000gone", "not on this page any more")]
    {
        let none = send(&router, "POST", "/m/abc", &[FORM], &format!("about=some{choice}")).await;
        assert_eq!(none.status().as_u16(), 422);
        let page = text(none).await;
        assert!(page.contains(said) && page.contains("action=\"/m/abc\""), "they can choose again: {page}");
    }
    double.done.lock().expect("lock").retain(|did| did != "look abc");
    let some = send(&router, "POST", "/m/abc", &[FORM], "about=some&component=c00000000001").await;
    assert!(text(some).await.contains("Saved."));
    assert_eq!(
        send(&router, "POST", "/m/abc", &[FORM], "about=all&component=c00000000001").await.status(),
        StatusCode::OK
    );
    let ended = get(&router, "/m/ended").await;
    assert!(ended.0 == 200 && ended.1.contains("Subscribe again") && !ended.1.contains("Save"));
    double.done.lock().expect("lock").pop();
    let done = double.done.lock().expect("lock").clone();
    assert_eq!(done, ["confirm abc", "unsubscribe abc", "unsubscribe abc", "choose 1 abc", "choose 0 abc"]);
    for path in ["/s/used", "/u/used", "/m/used", "/u/%3Cscript%3E"] {
        let response = send(&router, "POST", path, &[FORM], "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn subscribers_say_when_they_hear() {
    let (double, _, router) = house().await;
    let page = get(&router, "/m/abc").await.1;
    for part in
        ["action=\"/m/abc/preferences\"", "value=\"at_once\" checked", "data-guess-zone", "Europe/Berlin"]
    {
        assert!(page.contains(part), "{part}");
    }
    let body = "minimum_impact=major&digest=daily&daily_at=08%3A30&quiet=yes&quiet_from=22%3A00&quiet_until=07%3A00&urgent_at_once=yes&time_zone=Europe%2FBerlin";
    let kept = send(&router, "POST", "/m/abc/preferences", &[FORM], body).await;
    assert_eq!(kept.status(), StatusCode::OK);
    let page = text(kept).await;
    for part in [
        "Saved.",
        "value=\"major\" selected",
        "value=\"daily\" checked",
        "value=\"08:30\"",
        "name=\"quiet\" value=\"yes\" checked",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let done = double.done.lock().expect("lock").last().cloned().expect("done");
    let words = "prefer only incidents that are major or worse, no planned work, in a daily digest at 08:30 \
                 (Europe/Berlin), not from 22:00 to 07:00 (Europe/Berlin), critical incidents at once all the same abc";
    assert_eq!(done, words);
    for (body, says) in [
        ("minimum_impact=dire&digest=at_once", "Which incidents: ‘dire’ is not one of"),
        (
            "minimum_impact=none&digest=at_once&quiet=yes&quiet_from=25%3A00&quiet_until=07%3A00",
            "The beginning of the quiet hours ‘25:00’ is not a time of day",
        ),
        ("minimum_impact=none&digest=daily&daily_at=soon", "The time of the daily digest ‘soon’"),
        ("minimum_impact=none&digest=at_once&time_zone=%3Cscript%3E", "is not a time zone"),
        (
            "minimum_impact=none&digest=at_once&quiet=yes&quiet_from=07%3A00&quiet_until=07%3A00",
            "begin and end at the same time",
        ),
    ] {
        let response = send(&router, "POST", "/m/abc/preferences", &[FORM], body).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let page = text(response).await;
        assert!(page.contains(says) && !page.contains("<script>"), "{body}");
    }
    let gone =
        send(&router, "POST", "/m/used/preferences", &[FORM], "digest=at_once&minimum_impact=none").await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn statuspage_clients_subscribe_in_their_way() {
    let (double, _, router) = house().await;
    let json = ("content-type", "application/json");
    let path = "/api/v2/subscribers.json";
    for (kind, body) in [
        (FORM, "subscriber%5Bemail%5D=ada%40example.com&subscriber%5Bcomponent_id%5D=c00000000001"),
        (json, r#"{"subscriber":{"email":"ada@example.com","component_ids":["c00000000001"]}}"#),
        (json, r#"{"email":"ada@example.com","component_id":"c00000000001"}"#),
    ] {
        let response = send(&router, "POST", path, &[kind], body).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{body}");
        assert_eq!(header(&response, "access-control-allow-origin"), "*");
        assert_eq!(
            text(response).await,
            r#"{"subscriber":{"created_at":"2026-11-20T15:24:10.250Z","skip_confirmation_notification":false,"quarantined_at":null,"id":"s00000000001","mode":"email","purge_at":null,"email":"ada@example.com"}}"#
        );
        let asked = double.asked.lock().expect("lock").pop().expect("asked");
        assert_eq!(asked.components.len(), 1, "{body}");
    }
    let hook = r#"{"subscriber":{"email":"ada@example.com","endpoint":"https://hook.example/x"}}"#;
    assert!(text(send(&router, "POST", path, &[json], hook).await).await.contains("\"mode\":\"webhook\""));
    for (kind, body, status) in [
        (json, "{", 400),
        (json, "{}", 422),
        (json, r#"{"subscriber":{"endpoint":"https://hook.example"}}"#, 422),
        (json, r#"{"email":"ada@example.com","component_id":"nonsense"}"#, 422),
        (json, r#"{"email":"ada@example.com","component_id":"zzzzzzzzzzzz"}"#, 422),
        (json, r#"{"email":"nobody"}"#, 422),
        (json, r#"{"email":"flood@example.com"}"#, 429),
    ] {
        let response = send(&router, "POST", path, &[kind], body).await;
        assert_eq!(response.status().as_u16(), status, "{body}");
        assert!(text(response).await.starts_with("{\"error\":\""), "{body}");
    }
    let (status, asked) = get(&router, &format!("{path}?subscriber[email]=ada%40example.com")).await;
    assert!(status == 201 && asked.contains("\"email\":\"ada@example.com\""), "as npm's statuspage.io does");
    assert!(get(&router, &format!("{path}?subscriber[id]=abc")).await.1.contains("ada@example.com"));
    assert_eq!(get(&router, path).await.0, 401, "nobody's addresses are listed");
    assert!(get(&router, "/api/v2/subscribers.json?token=abc").await.1.contains("ada@example.com"));
    assert_eq!(
        send(&router, "DELETE", "/api/v2/subscribers/abc.json", &[], "").await.status(),
        StatusCode::OK
    );
    assert_eq!(double.done.lock().expect("lock").last().map(String::as_str), Some("unsubscribe abc"));
    let preflight = send(
        &router,
        "OPTIONS",
        path,
        &[("origin", "https://x.example"), ("access-control-request-method", "POST")],
        "",
    )
    .await;
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert!(header(&preflight, "access-control-allow-headers").contains("Content-Type"));
}

async fn told(body: &mut Body) -> Option<String> {
    use http_body_util::BodyExt;
    let frame =
        tokio::time::timeout(std::time::Duration::from_secs(10), body.frame()).await.expect("in time")?;
    let bytes = frame.expect("whole").into_data().expect("data");
    Some(String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn an_open_page_hears_the_newest_and_only_that() {
    let (_, site, router) = house().await;
    let response = send(&router, "GET", "/events", &[], "").await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    assert_eq!(
        (header(&response, "cache-control"), header(&response, "x-accel-buffering")),
        ("no-store", "no")
    );
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let mut slow = response.into_body();
    let version = || site.news().borrow().as_ref().expect("news").version.clone();
    let first = told(&mut slow).await.expect("what is shown now");
    let page = send(&router, "HEAD", "/", &[], "").await;
    let changed = site.rendered().documents["/"].changed().strftime("%FT%TZ").to_string();
    for part in ["event: changed\n", "retry: 5000\n", &format!("id: {}\n", version()), &changed] {
        assert!(first.contains(part), "{part} in {first}");
    }
    assert!(!header(&page, "last-modified").is_empty());
    for name in ["One", "Two", "Three"] {
        let mut record = sample::record();
        record.page.name = name.into();
        assert!(site.publish(record.clone(), None));
        assert!(!site.publish(record, None), "nothing new");
    }
    assert!(told(&mut slow).await.expect("news").contains(&version()), "the newest alone");
    site.end_news();
    assert_eq!(told(&mut slow).await, None, "the server stops");
    let mut late = send(&router, "GET", "/events", &[], "").await.into_body();
    assert_eq!(told(&mut late).await, None);
}

#[tokio::test]
async fn one_address_cannot_listen_without_end() {
    let (_, _, router) = house().await;
    let ask = async || {
        let mut request = Request::get("/events").body(Body::empty()).expect("request");
        let address = "192.0.2.9".parse().expect("address");
        request.extensions_mut().insert(crate::public::ClientAddress(address));
        router.clone().oneshot(request).await.expect("answers")
    };
    let mut open = vec![];
    let refused = loop {
        let response = ask().await;
        if response.status() != StatusCode::OK {
            break response;
        }
        open.push(response);
    };
    assert_eq!((open.len(), refused.status()), (100, StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(header(&refused, "retry-after"), "60");
    open.pop();
    assert_eq!(ask().await.status(), StatusCode::OK, "one has left");
}
