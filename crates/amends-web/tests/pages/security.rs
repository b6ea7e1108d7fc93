//! What must hold for every page, whatever it is: found by walking through the app, so that a new page is held to it, too.

use crate::house::{Answer, House, tags};
use amends_app::Caller;
use amends_model::Role;
use axum::http::StatusCode;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Where a page leads: addresses that are read, and addresses that forms are sent to.
#[derive(Default)]
struct Ways {
    read: BTreeSet<String>,
    sent: BTreeSet<String>,
}

/// Walks through everything that an administrator finds, from the first page.
async fn walk(house: &House) -> Ways {
    let mut ways = Ways::default();
    let mut left =
        vec!["/app".to_owned(), "/app/settings/health?look=now".into(), "/app/changes?after=0".into()];
    let mut seen = BTreeSet::new();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        ways.read.insert(path.clone());
        assert!(ways.read.len() < 500, "the walk does not end: {:?}", ways.read);
        let answer = house.get(Role::Administrator, &path).await;
        if answer.status == StatusCode::NOT_FOUND {
            ways.read.remove(&path);
            continue;
        }
        // What is downloaded (a mail as it is, an export) leads nowhere.
        let kind = answer.headers.get("content-type").map_or("", |v| v.to_str().unwrap());
        if !kind.starts_with("text/html") {
            continue;
        }
        let html = answer.html;
        for (name, attributes) in tags(&html) {
            let get =
                |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.replace("&amp;", "&"));
            let to = match name.as_str() {
                "a" => get("href"),
                "iframe" => get("src"),
                "form" if get("method").as_deref() == Some("post") => {
                    ways.sent.insert(get("action").unwrap_or_else(|| path.clone()));
                    None
                }
                _ => None,
            };
            let to = to.map(|to| to.split('#').next().unwrap_or_default().to_owned());
            // The log's links to its own lines are as many as there are things.
            left.extend(to.filter(|to| to.starts_with("/app") && !to.contains("&id=")));
        }
    }
    ways
}

#[tokio::test]
async fn nothing_but_the_entrance_answers_to_strangers() {
    let (house, paths) = crate::furnished("Emails are late").await;
    let mut ways = walk(&house).await;
    assert!(ways.read.len() > 20 && ways.sent.len() > 15, "{:?} {:?}", ways.read, ways.sent);
    ways.read.extend(paths);
    for cookie in [None, Some("abcdefghijabcdefghijabcdefghij"), Some("'; --")] {
        for path in &ways.read {
            let answer = house.read(cookie, path).await;
            match answer.status {
                StatusCode::SEE_OTHER => {
                    assert!(answer.location.starts_with("/sign-in?next=%2Fapp"), "{path}")
                }
                StatusCode::UNAUTHORIZED => assert_eq!(answer.html, "sign in first\n", "{path}"),
                other => panic!("{path} answers {other} to a stranger"),
            }
            assert!(answer.html.len() < 100, "{path} says more than that: {}", answer.html);
        }
        for path in &ways.sent {
            let answer = house.form(cookie, path, &[("name", "x"), ("title", "x"), ("version", "1")]).await;
            if path == "/sign-out" {
                assert_eq!(answer.location, "/sign-in?said=out");
                continue;
            }
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert!(answer.html.contains("You are signed out"), "{path}: {}", answer.html);
        }
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_act_in_a_persons_name() {
    let (house, _) = crate::furnished("Emails are late").await;
    let sent = walk(&house).await.sent;
    let before =
        house.app.audit(&Caller::system("test"), &Default::default(), &Default::default()).await.unwrap();
    let admin = Some(house.cookie(Role::Administrator));
    for path in sent.iter().map(String::as_str).chain(["/sign-in", "/app/preview"]) {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://status.marrowby.example")],
            &[
                ("origin", "https://status.marrowby.example.evil.example"),
                ("host", "status.marrowby.example"),
            ],
        ] {
            let answer = house.visit(admin, "POST", path, "name=x&version=1".into(), headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(answer.html.contains("Not from this site"), "{path}: {}", answer.html);
        }
    }
    let after =
        house.app.audit(&Caller::system("test"), &Default::default(), &Default::default()).await.unwrap();
    assert_eq!(before.items, after.items, "something was changed");
    house.read(admin, "/app").await.ok();
    // The same form from here, as an older browser sends it.
    let here = [("origin", "https://status.marrowby.example")];
    let own = house.visit(admin, "POST", "/app/account/sessions/end-others", String::new(), &here).await;
    assert_eq!(own.went_to(), "/app/account?said=sessions_ended#sessions");
}

#[track_caller]
fn guarded(path: &str, answer: &Answer) {
    let header = |name: &str| answer.headers.get(name).map_or("", |v| v.to_str().unwrap());
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("x-frame-options"), "DENY", "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
    assert_eq!(header("cache-control"), "no-store", "{path}");
    assert_eq!(header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
    let referrer = header("referrer-policy");
    assert!(matches!(referrer, "same-origin" | "no-referrer" | "strict-origin"), "{path}: {referrer}");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let house = House::new().await;
    let admin = Some(house.cookie(Role::Administrator));
    for path in
        ["/app", "/app/account", "/app/settings/people", "/app/none", "/nowhere", "/link/x", "/setup/x"]
    {
        guarded(path, &house.read(admin, path).await);
        guarded(path, &house.read(None, path).await);
    }
    for path in ["/sign-in", "/app/changes", "/api/v1/me", "/api/v1/nothing", "/livez", "/readyz"] {
        guarded(path, &house.read(None, path).await);
    }
    guarded("a refused form", &house.visit(None, "POST", "/sign-in", String::new(), &[]).await);
    guarded("a form", &house.form(None, "/sign-in", &[("email", "x"), ("password", "y")]).await);
    guarded(
        "a method",
        &house.visit(None, "DELETE", "/app", String::new(), &[("sec-fetch-site", "none")]).await,
    );
}

/// Everything that is logged, at any level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_ever_logged_or_audited() {
    let log = Log::default();
    let writer = log.clone();
    // For all threads: passwords are hashed on another one.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .try_init();
    let house = House::new().await;
    let system = Caller::system("test");
    let mut secrets: Vec<String> = Vec::new();
    let made = house
        .post(
            Role::Administrator,
            "/app/settings/people/new",
            &[("name", "Kim"), ("email", "kim@marrowby.example"), ("role", "viewer"), ("how", "show")],
        )
        .await
        .ok();
    let link = crate::house::value_of(&made, "link").or_else(|| value_of_id(&made, "link")).unwrap();
    secrets.push(link.rsplit('/').next().unwrap().to_owned());
    let path = link.replace("https://status.marrowby.example", "");
    house.read(None, &path).await.ok();
    house.form(None, &path, &[("password", "short-7")]).await;
    let session = house.form(None, &path, &[("password", "a quiet wooden harbour")]).await.session();
    house.form(None, &path, &[("password", "a quiet wooden harbour")]).await;
    house
        .form(None, "/sign-in", &[("email", "kim@marrowby.example"), ("password", "a wrong wooden harbour")])
        .await;
    // People type passwords into the wrong field.
    house.form(None, "/sign-in", &[("email", "misplaced wooden harbour"), ("password", "x")]).await;
    house.read(Some(&session), "/app").await.ok();
    house.read(Some(&format!("{session}x")), "/app").await;
    let token = [("name", "deploy"), ("role", "viewer"), ("all", "yes"), ("lifetime", "30")];
    let made = house.post(Role::Administrator, "/app/settings/tokens/new", &token).await.ok();
    let token = value_of_id(&made, "token").unwrap();
    let bearer = format!("Bearer {token}");
    let me = house.visit(None, "GET", "/api/v1/me", String::new(), &[("authorization", &bearer)]).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.html);
    house.visit(None, "GET", "/api/v1/me", String::new(), &[("authorization", &format!("{bearer}x"))]).await;
    house.form(Some(&session), "/sign-out", &[]).await;
    secrets.extend([session, token]);
    secrets.extend(["wooden harbour".to_owned(), "short-7".into()]);
    let audit = house.app.audit(&system, &Default::default(), &Default::default()).await.unwrap();
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("a sign-in was refused"), "nothing is logged: the test would find nothing");
    for text in [logged, serde_json::to_string(&audit.items).unwrap()] {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "‘{secret}’ stands in:\n{text}");
        }
    }
}

/// The value of the input with this id.
fn value_of_id(html: &str, id: &str) -> Option<String> {
    let found = tags(html)
        .into_iter()
        .find(|(name, attributes)| name == "input" && attributes.iter().any(|(k, v)| k == "id" && v == id))?;
    found.1.into_iter().find(|(k, _)| k == "value").map(|(_, v)| v)
}
