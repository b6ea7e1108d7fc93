//! An API over a fresh store, and tokens to call it with.

use crate::courier;
use amends_app::identity::NewToken;
use amends_app::{App, Caller, Settings};
use amends_model::Role;
use amends_testkit::stores::{Fresh, each};
use amends_web::{Reach, WebState};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use tower::ServiceExt;

/// An installation with a page and an administrator's token.
pub struct Api {
    pub engine: &'static str,
    pub app: App,
    router: Router,
    token: String,
    later: Arc<AtomicI64>,
    _fresh: Fresh,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

static START: LazyLock<Timestamp> = LazyLock::new(|| "2026-09-01T12:00:00Z".parse().unwrap());

/// One on each engine.
pub async fn apis() -> Vec<Api> {
    apis_with(None).await
}

pub async fn apis_with(api_requests_per_minute: Option<NonZeroU32>) -> Vec<Api> {
    let mut all = Vec::new();
    for fresh in each().await {
        all.push(Api::over(fresh, api_requests_per_minute).await);
    }
    all
}

impl Api {
    async fn over(fresh: Fresh, api_requests_per_minute: Option<NonZeroU32>) -> Self {
        let counter = AtomicU64::new(1);
        let random = Arc::new(move |bytes: &mut [u8]| {
            for chunk in bytes.chunks_mut(8) {
                let n = counter.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_le_bytes();
                chunk.copy_from_slice(&n[..chunk.len()]);
            }
        });
        let later = Arc::new(AtomicI64::new(0));
        let clock = {
            let later = later.clone();
            Arc::new(move || *START + SignedDuration::from_secs(later.load(Ordering::Relaxed)))
        };
        let settings = Settings {
            public_url: "https://status.marrowby.example".into(),
            data_folder: fresh.folder.path().to_owned(),
        };
        let app = App::new(fresh.store.clone(), clock, random, settings);
        app.create_page(&Caller::system("test"), "Marrowby", "Europe/Berlin").await.unwrap();
        let reach = Reach { api_requests_per_minute, ..Reach::default() };
        let router = amends_web::api_router(WebState { app: app.clone(), reach: Arc::new(reach) });
        let mut api = Api { engine: fresh.engine, app, router, token: String::new(), later, _fresh: fresh };
        api.token = api.token(Role::Administrator, &[]).await;
        api
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: i64) {
        self.later.fetch_add(seconds, Ordering::Relaxed);
    }

    /// A new token.
    pub async fn token(&self, role: Role, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|s| s.parse().unwrap()).collect();
        let new = NewToken {
            name: format!("{role} token"),
            role,
            scopes: amends_model::permission::Scopes(scopes),
            expires_at: None,
        };
        self.app.create_token(&Caller::system("test"), new).await.unwrap().secret.expose().to_owned()
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        if answer.status >= 400 {
            answer.check_problem();
        }
        answer
    }

    /// Sends with a token, headers and a JSON body.
    pub async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Json>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call_as(&self.token, Method::GET, path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Json) -> Answer {
        self.call_as(&self.token, Method::POST, path, &[], Some(body)).await
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Json>,
    ) -> Answer {
        self.call_as(&self.token, method, path, headers, body).await
    }

    /// A text of any type instead of JSON.
    pub async fn post_text(&self, path: &str, kind: &str, text: &str) -> Answer {
        let request = Request::post(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind);
        self.send(request.body(Body::from(text.to_owned())).unwrap()).await
    }

    /// Lets the courier work until nothing is due. Mail goes to the built-in viewer.
    pub async fn deliver(&self) {
        courier::deliver(&self.app).await;
    }

    /// Declares an incident and answers it.
    pub async fn declare(&self, more: Json) -> Json {
        let mut body = serde_json::json!({"title": "Mails arrive late"});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.post("/incidents", body).await.expect(201)
    }
}

impl Answer {
    /// The body as JSON, after checking the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Json::Null } else { self.json() }
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The end of the problem's type, such as `not-found`.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().replace("/problems/", "")
    }

    /// Pointers of the wrong fields.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["pointer"].as_str().unwrap().to_owned()).collect()
    }

    /// Every refusal is a problem document that says what to do, and nothing of the inside.
    fn check_problem(&self) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|t| !t.is_empty()), "{problem}");
        }
        StatusCode::from_u16(self.status).unwrap();
        for inside in ["panicked", "src/", "SELECT", "rusqlite", "tokio_postgres", "<html"] {
            assert!(!self.body.contains(inside), "{}", self.body);
        }
    }
}
