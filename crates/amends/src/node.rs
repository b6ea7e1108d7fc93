//! Wiring: from configuration to a running application.

use crate::cli::{Failure, Place};
use crate::command::doctor;
use crate::config::{self, Config, Sources};
use crate::mirror;
use crate::post::Post;
use amends_app::{App, AppError, Settings};
use amends_courier::channel::{Feeds, vet};
use amends_model::Channel;
use amends_store::Store;
use amends_web::front::Front;
use amends_web::public::{self, Site};
use amends_web::{Reach, WebState};
use axum::Router;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;

/// The operating system's clock: the one place where time comes from.
#[expect(
    clippy::disallowed_methods,
    reason = "the wiring decides what the clock is; everything else is given it"
)]
pub fn clock() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The zone of this machine: whoever types or reads at it means its times.
#[expect(clippy::disallowed_methods, reason = "the command line is used by a person at this machine")]
pub fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::system()
}

/// The operating system's randomness: the one place where it comes from.
#[expect(clippy::disallowed_methods, reason = "the wiring decides where randomness comes from")]
#[allow(clippy::expect_used, reason = "without randomness nothing may go on: secrets would be guessable")]
fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// Reads the configuration: file, environment, and these options of the command line.
pub fn configuration(place: &Place, more: &[(&'static str, Option<String>)]) -> Result<Config, Failure> {
    let mut options = Vec::new();
    if let Some(data) = &place.data {
        options.push(("data", data.to_string_lossy().into_owned()));
    }
    if let Some(database) = &place.database {
        options.push(("database", database.clone()));
    }
    options.extend(more.iter().filter_map(|(key, value)| value.clone().map(|v| (*key, v))));
    let sources = Sources { file: place.config.clone(), environment: std::env::vars().collect(), options };
    config::load(&sources).map_err(|e| Failure::usage(e.to_string()))
}

/// One node: the application with what is around it.
pub struct Node {
    /// The application.
    pub app: App,
    state: WebState,
    site: OnceCell<Site>,
    post: Mutex<Option<Post>>,
    mirrors: Vec<mirror::Place>,
}

impl Node {
    /// Opens the store and wires everything. Nothing runs yet.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        let store = match &config.database {
            Some(url) => Store::open_postgres(url).await,
            None => Store::open_folder(&config.data).await,
        };
        let store = store.map_err(|e| Failure::said_no(e.to_string()))?;
        let settings = Settings { public_url: config.public_url.clone(), data_folder: config.data.clone() };
        let app = App::new(store, Arc::new(clock), Arc::new(random), settings);
        let post = Post::read(config)?;
        app.set_mail(post.settings.clone());
        app.set_vet(vet::by(post.door()?));
        if let Some(phones) = &post.phones {
            app.set_sms(phones.rules.clone(), phones.desk.clone());
        }
        app.set_lint(config.lint.clone());
        let around = config.clone();
        app.set_examiner(Arc::new(move || Box::pin(doctor::around(around.clone()))));
        if let Some(desk) = crate::post::reports(config)? {
            app.set_report_desk(desk);
        }
        let reach = Reach {
            https: config.is_https(),
            origin: config.public_url.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            api_requests_per_minute: config.api_requests_per_minute,
            metrics_apart: config.metrics_listen.is_some(),
        };
        let state = WebState { app: app.clone(), reach: Arc::new(reach) };
        Ok(Node {
            app,
            state,
            site: OnceCell::new(),
            post: Mutex::new(Some(post)),
            mirrors: mirror::Place::all(&config.mirror)?,
        })
    }

    /// The API alone, for the command line on the machine itself.
    pub fn api(&self) -> Router {
        amends_web::api_router(self.state.clone())
    }

    /// The public site, read and rendered when it is first needed.
    pub async fn site(&self) -> Result<&Site, Failure> {
        let open = || Site::open(Arc::new(self.app.clone()), Arc::new(clock));
        let opened = self.site.get_or_try_init(open).await;
        opened.map_err(|e| Failure::said_no(format!("the public page cannot be made: {e}")))
    }

    /// Everything that a server answers.
    pub async fn router(&self) -> Result<Router, Failure> {
        let site = self.site().await?.clone();
        let public = public::router(site, Arc::new(self.app.clone()));
        Ok(amends_web::router(self.state.clone(), public))
    }

    /// What Prometheus reads, for an address of its own.
    pub fn metrics(&self) -> Router {
        amends_web::metrics_router(self.state.clone())
    }

    /// What stands at the port, before `router`.
    pub async fn front(&self, router: Router, stopped: watch::Receiver<bool>) -> Result<Front, Failure> {
        Ok(Front::new(self.site().await?.clone(), router, self.state.reach.https, stopped))
    }

    /// Starts what works in the background until `stopped`. The answer is done when all of it has ended.
    pub async fn start_duties(
        &self,
        stopped: &watch::Receiver<bool>,
    ) -> Result<impl Future<Output = ()> + use<>, Failure> {
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_fresh(self.site().await?.clone(), self.app.clone(), stopped.clone()));
        for place in self.mirrors.clone() {
            let (site, app) = (self.site().await?.clone(), self.app.clone());
            tasks.spawn(mirror::keep(site, app, place, stopped.clone()));
        }
        let app = self.app.clone();
        every(&mut tasks, stopped, "the maintenance clock", Duration::from_secs(5), move || {
            let app = app.clone();
            async move { app.run_maintenance_clock().await.map(drop) }
        });
        let app = self.app.clone();
        every(&mut tasks, stopped, "following other nodes", Duration::from_secs(2), move || {
            let app = app.clone();
            async move { app.poll_changes().await }
        });
        let app = self.app.clone();
        every(&mut tasks, stopped, "handing over what was held", Duration::from_secs(5), move || {
            let app = app.clone();
            async move { app.hand_over_held().await.map(drop) }
        });
        let app = self.app.clone();
        every(&mut tasks, stopped, "measuring broadcasts", Duration::from_secs(5), move || {
            let app = app.clone();
            async move { app.measure_broadcasts().await.map(drop) }
        });
        tasks.spawn(keep_indexed(self.app.clone(), stopped.clone()));
        let app = self.app.clone();
        every(&mut tasks, stopped, "forgetting what has expired", Duration::from_secs(3600), move || {
            let app = app.clone();
            async move {
                app.forget_expired_sign_ins().await?;
                app.forget_confirmations().await?;
                app.forget_keys().await.map(drop)
            }
        });
        let app = self.app.clone();
        every(&mut tasks, stopped, "reminding owners of actions", Duration::from_secs(600), move || {
            let app = app.clone();
            async move { app.remind_owners().await.map(drop) }
        });
        let post = self.post.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(post) = post {
            for dispatch in post.dispatches(&self.app, feeds(self.site().await?.clone())).await? {
                let (app, stopped) = (self.app.clone(), stopped.clone());
                tasks.spawn(async move {
                    let nudge = app.courier_nudge(dispatch.channel());
                    dispatch.run(nudge, stopped).await;
                });
            }
            let courier = post.courier(&self.app).await?;
            let (app, stopped) = (self.app.clone(), stopped.clone());
            tasks.spawn(async move { courier.run(app.courier_nudge(Channel::Email), stopped).await });
        }
        Ok(async move { while tasks.join_next().await.is_some() {} })
    }
}

/// Brings the search index up to date after every change, and every few seconds for what other nodes changed.
async fn keep_indexed(app: App, mut stopped: watch::Receiver<bool>) {
    let mut changes = app.changes();
    let mut said = String::new();
    loop {
        match app.follow_record().await {
            Ok(()) => said.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != said {
                    tracing::warn!(error = %text, "the search index could not be brought up to date");
                    said = text;
                }
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// The feeds as they are now, for whoever is told of them.
fn feeds(site: Site) -> Feeds {
    Arc::new(move |path, at| {
        let site = site.clone();
        Box::pin(async move { site.feed(&path, at).await })
    })
}

/// Renders the public site anew after every change, and twice a minute for what the clock alone changes; tells readers of the
/// feeds when those are others.
async fn keep_fresh(site: Site, app: App, mut stopped: watch::Receiver<bool>) {
    let (mut changes, mut said, mut told) = (app.changes(), false, String::new());
    loop {
        match app.tell_hub(&site.rendered().feeds_digest()).await {
            Ok(_) => told.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != told {
                    tracing::warn!(error = %text, "readers of the feeds cannot be told of changes yet");
                    told = text;
                }
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        match site.refresh().await {
            Ok(_) => said = false,
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::warn!(%error, "the public page shows its last truth: the record cannot be read");
                }
            }
        }
    }
}

/// Runs a duty again and again until `stopped`. A duty that fails is said once in the log and tried again; one that
/// fails for the same reason is not said again.
fn every<F, W>(
    tasks: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
    name: &'static str,
    pause: Duration,
    mut duty: F,
) where
    F: FnMut() -> W + Send + 'static,
    W: Future<Output = Result<(), AppError>> + Send,
{
    let mut stopped = stopped.clone();
    tasks.spawn(async move {
        let mut said = String::new();
        loop {
            match duty().await {
                Ok(()) => said.clear(),
                Err(error) => {
                    let text = error.to_string();
                    if text != said {
                        tracing::warn!(duty = name, error = %text, "a duty failed and will be tried again");
                        said = text;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    });
}

/// Logs to standard error; what is asked for comes from the configuration.
pub fn log(config: &Config) -> Result<(), Failure> {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).map_err(|e| {
        Failure::usage(format!(
            "the configuration key ‘log’ is not understood: {e}; write info, or info,amends_courier=debug"
        ))
    })?;
    // A second start in one process (the demo) keeps the first logger.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
    Ok(())
}

/// What a use case answered, as the command line says it.
pub fn said(error: AppError) -> Failure {
    Failure::said_no(error.to_string())
}
