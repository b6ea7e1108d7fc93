//! Who is who, on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly and take what randomness there is"
)]

mod people;
mod rights;
mod setup;
mod sign_in;
mod tokens;

use amends_app::identity::{Secret, SetUp, SignedIn, Visitor};
use amends_app::{App, AppError, Caller, Settings};
use amends_model::{Person, Role};
use amends_testkit::stores::Fresh;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub const PASSWORD: &str = "correct horse battery staple";

/// An application with a clock that the test turns.
pub struct Fixture {
    pub app: App,
    pub engine: &'static str,
    seconds: Arc<AtomicI64>,
    fresh: Fresh,
}

pub async fn each() -> Vec<Fixture> {
    amends_testkit::stores::each().await.into_iter().map(Fixture::over).collect()
}

/// One installation with its administrator, on each engine.
pub async fn each_set_up() -> Vec<(Fixture, SignedIn)> {
    let mut all = Vec::new();
    for fixture in each().await {
        let admin = fixture.set_up().await;
        all.push((fixture, admin));
    }
    all
}

impl Fixture {
    fn over(fresh: Fresh) -> Self {
        let seconds = Arc::new(AtomicI64::new(1_790_000_000));
        let clock = Arc::clone(&seconds);
        let settings = Settings {
            public_url: "https://status.acme.example".into(),
            data_folder: fresh.folder.path().to_owned(),
        };
        let app = App::new(
            fresh.store.clone(),
            Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()),
            Arc::new(|bytes| getrandom::fill(bytes).unwrap()),
            settings,
        );
        Fixture { app, engine: fresh.engine, seconds, fresh }
    }

    /// The same installation on another node; on SQLite the same process.
    pub async fn other_node(&self) -> App {
        let clock = Arc::clone(&self.seconds);
        let store = match &self.fresh.url {
            Some(url) => amends_store::Store::open_postgres(url).await.unwrap(),
            None => self.fresh.store.clone(),
        };
        App::new(
            store,
            Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()),
            Arc::new(|bytes| getrandom::fill(bytes).unwrap()),
            self.app.settings().clone(),
        )
    }

    pub fn pass(&self, time: SignedDuration) {
        self.seconds.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    pub async fn set_up(&self) -> SignedIn {
        let link = self.app.setup_link().await.unwrap().unwrap();
        self.app.setup(&link.secret, ada(), &visitor(1)).await.unwrap()
    }

    /// Somebody with a role who has set [`PASSWORD`].
    pub async fn add(&self, admin: &Caller, name: &str, role: Role) -> SignedIn {
        let added = self.app.add_person(admin, new_person(name, role)).await.unwrap();
        self.app.set_password_by_link(&added.link.secret, &Secret::new(PASSWORD), &visitor(1)).await.unwrap()
    }

    pub async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.app.session(&signed_in.secret).await.unwrap().expect("the session is good").0
    }

    pub async fn is_open(&self, signed_in: &SignedIn) -> bool {
        self.app.session(&signed_in.secret).await.unwrap().is_some()
    }

    pub async fn sign_in(&self, email: &str, password: &str, from: u8) -> Result<SignedIn, AppError> {
        self.app.sign_in(email, &Secret::new(password), &visitor(from)).await
    }
}

pub fn visitor(n: u8) -> Visitor {
    Visitor { address: [192, 0, 2, n].into(), agent: "Browser/1.0\r\nX: y".into() }
}

pub fn ada() -> SetUp {
    SetUp {
        name: "Ada".into(),
        email: "Ada@Acme.example".into(),
        password: Secret::new(PASSWORD),
        time_zone: "Europe/Berlin".into(),
        page_name: "Acme".into(),
    }
}

pub fn new_person(name: &str, role: Role) -> amends_app::identity::NewPerson {
    amends_app::identity::NewPerson {
        email: format!("{}@acme.example", name.to_lowercase()),
        name: name.into(),
        role,
        time_zone: None,
    }
}

/// Which fields an answer found wrong.
pub fn wrong_fields<T>(answer: Result<T, AppError>) -> Vec<String> {
    match answer {
        Err(AppError::Invalid(errors)) => errors.0.into_iter().map(|e| e.pointer).collect(),
        Err(other) => vec![format!("not fields but: {other}")],
        Ok(_) => vec!["nothing".into()],
    }
}

pub fn is_refused<T>(answer: &Result<T, AppError>) -> bool {
    matches!(answer, Err(AppError::Refused(_)))
}

pub fn seconds_to_wait<T>(answer: Result<T, AppError>) -> Option<u64> {
    match answer {
        Err(AppError::TooMany { seconds }) => Some(seconds),
        _ => None,
    }
}

pub async fn again(app: &App, admin: &Caller, person: &Person) -> Person {
    app.person(admin, person.id.as_str()).await.unwrap()
}
