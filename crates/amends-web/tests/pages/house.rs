//! The app's pages over a fresh store, visited by a browser without script.

use amends_app::component::NewComponent;
use amends_app::identity::{NewPerson, Visitor};
use amends_app::{App, Caller, Settings};
use amends_model::Role;
use amends_testkit::stores::{Fresh, sqlite};
use amends_web::{Reach, WebState, router};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tower::ServiceExt;

/// A company with people of every role, a clock that moves when it is told to, and its pages.
pub struct House {
    pub app: App,
    router: Router,
    cookies: HashMap<Role, String>,
    clock: Arc<AtomicI64>,
    _fresh: Fresh,
}

/// What a visitor got.
pub struct Answer {
    pub status: StatusCode,
    pub location: String,
    pub headers: axum::http::HeaderMap,
    pub html: String,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.html);
        self.html
    }

    /// The session that this answer hands out, as the browser keeps it.
    #[track_caller]
    pub fn session(&self) -> String {
        let line = self.headers[header::SET_COOKIE].to_str().unwrap();
        let (pair, rest) = line.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure");
        pair.strip_prefix("__Host-amends=").unwrap().to_owned()
    }

    #[track_caller]
    pub fn went_to(self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.html);
        self.location
    }
}

pub fn start() -> Timestamp {
    "2026-11-20T15:00:00Z".parse().unwrap()
}

impl House {
    /// An installation that was just started for the first time.
    pub async fn bare() -> House {
        let fresh = sqlite().await;
        let clock = Arc::new(AtomicI64::new(0));
        let ticking = clock.clone();
        let counter = AtomicU64::new(1);
        let random = move |bytes: &mut [u8]| {
            for chunk in bytes.chunks_mut(8) {
                let n = counter.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_le_bytes();
                chunk.copy_from_slice(&n[..chunk.len()]);
            }
        };
        let settings = Settings {
            public_url: "https://status.marrowby.example".into(),
            data_folder: fresh.folder.path().to_owned(),
        };
        let now = move || start() + SignedDuration::from_secs(ticking.load(Ordering::SeqCst));
        let app = App::new(fresh.store.clone(), Arc::new(now), Arc::new(random), settings);
        let reach =
            Reach { https: true, origin: "https://status.marrowby.example".into(), ..Reach::default() };
        let state = WebState { app: app.clone(), reach: Arc::new(reach) };
        House { app, router: router(state, Router::new()), cookies: HashMap::new(), clock, _fresh: fresh }
    }

    pub async fn new() -> House {
        let mut house = House::bare().await;
        let app = house.app.clone();
        let system = Caller::system("test");
        app.create_page(&system, "Marrowby", "Etc/UTC").await.unwrap();
        let group = NewComponent { name: "Shops".into(), is_group: true, ..NewComponent::default() };
        app.add_component(&system, group).await.unwrap();
        for (name, group) in [("Daily emails", None), ("Checkout", Some("Shops".to_owned()))] {
            let new = NewComponent { name: name.into(), group, ..NewComponent::default() };
            app.add_component(&system, new).await.unwrap();
        }
        for role in Role::ALL {
            let person = NewPerson {
                email: format!("{role}@marrowby.example"),
                name: format!("Robin {role}"),
                role: *role,
                time_zone: Some("Europe/Berlin".into()),
            };
            let person = app.add_person(&system, person).await.unwrap().person;
            let link = app.sign_in_link(&system, &person.id).await.unwrap();
            let visitor = Visitor { address: "127.0.0.1".parse().unwrap(), agent: "test".into() };
            let signed_in = app.sign_in_by_link(&link.secret, &visitor).await.unwrap();
            house.cookies.insert(*role, signed_in.secret.expose().to_owned());
        }
        house
    }

    pub fn later(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60, Ordering::SeqCst);
    }

    pub async fn get(&self, role: Role, path: &str) -> Answer {
        self.send(Some(role), "GET", path, String::new()).await
    }

    pub async fn post(&self, role: Role, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.form(Some(&self.cookies[&role]), path, fields).await
    }

    pub async fn send(&self, role: Option<Role>, method: &str, path: &str, body: String) -> Answer {
        let cookie = role.map(|role| self.cookies[&role].as_str());
        self.visit(cookie, method, path, body, &[("sec-fetch-site", "same-origin")]).await
    }

    /// A role's session as its browser keeps it.
    pub fn cookie(&self, role: Role) -> &str {
        &self.cookies[&role]
    }

    /// Sends a form with this session, or none.
    pub async fn form(&self, cookie: Option<&str>, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = amends_testkit::http::encode;
        let body: Vec<String> = fields.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
        self.visit(cookie, "POST", path, body.join("&"), &[("sec-fetch-site", "same-origin")]).await
    }

    /// Reads a page with this session, or none.
    pub async fn read(&self, cookie: Option<&str>, path: &str) -> Answer {
        self.visit(cookie, "GET", path, String::new(), &[]).await
    }

    /// Posts a body of any type.
    pub async fn send_as(&self, role: Role, path: &str, kind: &str, body: String) -> Answer {
        let headers = [("sec-fetch-site", "same-origin"), ("content-type", kind)];
        self.visit(Some(&self.cookies[&role]), "POST", path, body, &headers).await
    }

    pub async fn visit(
        &self,
        cookie: Option<&str>,
        method: &str,
        path: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, format!("__Host-amends={cookie}"));
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let location = parts.headers.get(header::LOCATION).map(|l| l.to_str().unwrap().to_owned());
        Answer {
            status: parts.status,
            location: location.unwrap_or_default(),
            headers: parts.headers,
            html: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }
}

/// The value of an input or the chosen option of a list, as it stands in the page.
pub fn value_of(html: &str, name: &str) -> Option<String> {
    let at = html.find(&format!("name=\"{name}\""))?;
    let tag = &html[at..at + html[at..].find('>')?];
    let value = tag.split_once("value=\"")?.1;
    Some(value[..value.find('"')?].to_owned())
}

/// Every tag of a page: name and attributes. Understands quotes, so that text in attributes is not taken for tags.
pub fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let Some(end) = end else { break };
        let tag = &rest[..end];
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let mut attributes = Vec::new();
        let mut left = tag[name.len()..].trim_start();
        while !left.is_empty() {
            let key: String = left.chars().take_while(|c| !matches!(c, '=' | ' ' | '\n')).collect();
            left = &left[key.len()..];
            let mut value = String::new();
            if let Some(after) = left.strip_prefix("=\"") {
                let close = after.find('"').unwrap_or(after.len());
                value = after[..close].to_owned();
                left = after.get(close + 1..).unwrap_or("");
            } else if left.starts_with('=') {
                panic!("an attribute without quotes: {tag}");
            }
            attributes.push((key.to_lowercase(), value));
            left = left.trim_start();
        }
        found.push((name.to_lowercase(), attributes));
        rest = &rest[end..];
    }
    found
}

/// Fails when a page holds what the Content Security Policy refuses, or what only a hostile text can have put there.
#[track_caller]
pub fn check(path: &str, html: &str) {
    let mut ids = std::collections::HashSet::new();
    let mut labelled = Vec::new();
    for (name, attributes) in tags(html) {
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert!(name != "style", "{path}: a style in the page");
        if name == "script" {
            assert!(get("src").is_some_and(|s| s.starts_with("/static/")), "{path}: a script in the page");
        }
        for (key, value) in &attributes {
            assert!(!key.starts_with("on") && key != "style", "{path}: {name} has {key}=\"{value}\"");
            let address = matches!(key.as_str(), "href" | "src" | "action" | "formaction");
            let start = value.trim_start().to_lowercase();
            assert!(
                !address || !(start.starts_with("javascript:") || start.starts_with("data:")),
                "{path}: {value}"
            );
        }
        if let Some(id) = get("id") {
            assert!(ids.insert(id.to_owned()), "{path}: the id {id} stands twice");
        }
        if let Some(target) = get("for") {
            labelled.push(target.to_owned());
        }
        if name == "iframe" {
            let at = get("src").or(get("name")).unwrap_or_default();
            let letter = at.starts_with("/app/postmortems/") && at.ends_with("/letter/mail");
            let own = letter
                || at.starts_with("/app/mail/")
                || at.starts_with("/app/broadcasts/")
                || at == "as-mail";
            let alone = get("sandbox") == Some("allow-popups allow-popups-to-escape-sandbox");
            assert!(own && alone && get("title").is_some(), "{path}: a frame of {at}: {attributes:?}");
        }
        if name == "img" {
            assert!(get("alt").is_some(), "{path}: a picture without words");
        }
    }
    for target in labelled {
        assert!(ids.contains(&target), "{path}: a label for {target}, which is not there");
    }
    assert_eq!(html.matches("<h1").count(), 1, "{path}: one heading of the first level");
    // What stands in braces without blanks is a fact in the text of a postmortem.
    let shows = html.find("{{ ").or(html.find("{%"));
    let around = |at: usize| html[at..].chars().take(60).collect::<String>();
    assert!(shows.is_none(), "{path}: a template shows through: {:?}", shows.map(around));
}
