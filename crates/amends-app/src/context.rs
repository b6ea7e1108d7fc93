//! What every use case works with: the store, the clock, randomness, and who is told when something changed.

use crate::error::AppError;
use crate::health::{Examiner, Mirrors};
use crate::subscriber::FormBudget;
use amends_courier::channel::vet::{self, Vet};
use amends_courier::channel::{Address, SmsRules};
use amends_courier::feedback::{Desk, SmsDesk};
use amends_courier::{Around, Links, MailSettings, Meter};
use amends_memory::Memory;
use amends_model::Channel;
use amends_model::page::Page;
use amends_store::{Store, Tx, feed};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, OnceCell, watch};

/// Tells the time. Passed in, so that tests decide what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Fills a slice with random bytes from the operating system. Passed in, so that tests know the sequence.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where this installation stands and what it calls itself; decided by configuration before anything runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Public address without a slash at the end, such as `https://status.acme.example`; links in mails begin with it.
    pub public_url: String,
    /// Folder for what this node keeps: the search index, operators' templates; on SQLite the database, too.
    pub data_folder: PathBuf,
}

struct Inner {
    store: Store,
    clock: Clock,
    random: Random,
    settings: Settings,
    changed: watch::Sender<i64>,
    ending: watch::Sender<bool>,
    couriers: Vec<Notify>,
    meter: Arc<Meter>,
    vet: OnceLock<Vet>,
    sms: OnceLock<(SmsRules, SmsDesk)>,
    mail: OnceLock<MailSettings>,
    links: OnceLock<Links>,
    reports: OnceLock<Desk>,
    form: FormBudget,
    memory: OnceCell<Memory>,
    examiner: OnceLock<Examiner>,
    lint: OnceLock<amends_lint::Config>,
    mirrors: Mirrors,
}

/// The application: one public function for each thing that a person or a robot can do. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

impl App {
    /// Wires an application.
    pub fn new(store: Store, clock: Clock, random: Random, settings: Settings) -> Self {
        App(Arc::new(Inner {
            store,
            clock,
            random,
            settings,
            changed: watch::Sender::new(0),
            ending: watch::Sender::new(false),
            couriers: Channel::ALL.iter().map(|_| Notify::new()).collect(),
            meter: Arc::default(),
            vet: OnceLock::new(),
            sms: OnceLock::new(),
            mail: OnceLock::new(),
            links: OnceLock::new(),
            reports: OnceLock::new(),
            form: FormBudget::default(),
            memory: OnceCell::new(),
            examiner: OnceLock::new(),
            lint: OnceLock::new(),
            mirrors: Mirrors::default(),
        }))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        // Microseconds are what the store keeps; finer times would differ after being read back.
        let now = (self.0.clock)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0.random)(&mut bytes);
        bytes
    }

    /// This installation's settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Decides about mail; before anything runs, and once.
    pub fn set_mail(&self, mail: MailSettings) {
        let _ = self.0.mail.set(mail);
    }

    /// What was decided about mail; made from the public address when nothing was.
    pub fn mail(&self) -> &MailSettings {
        self.0.mail.get_or_init(|| MailSettings {
            public_url: self.0.settings.public_url.clone(),
            ..MailSettings::default()
        })
    }

    /// Decides how the installation is examined; before anything runs, and once.
    pub fn set_examiner(&self, examiner: Examiner) {
        let _ = self.0.examiner.set(examiner);
    }

    /// Decides how texts are judged: the organisation's own levels and names; before anything runs, and once.
    pub fn set_lint(&self, config: amends_lint::Config) {
        let _ = self.0.lint.set(config);
    }

    /// How texts are judged; as the rules say when nothing was decided.
    pub(crate) fn lint_config(&self) -> &amends_lint::Config {
        self.0.lint.get_or_init(amends_lint::Config::default)
    }

    pub(crate) fn mirrors_cell(&self) -> &Mirrors {
        &self.0.mirrors
    }

    pub(crate) fn examiner(&self) -> Option<Examiner> {
        self.0.examiner.get().cloned()
    }

    /// Listens to reports of mail providers; before anything runs, and once.
    pub fn set_report_desk(&self, desk: Desk) {
        let _ = self.0.reports.set(desk);
    }

    pub(crate) fn report_desk(&self) -> Option<&Desk> {
        self.0.reports.get()
    }

    pub(crate) fn links_cell(&self) -> &OnceLock<Links> {
        &self.0.links
    }

    pub(crate) fn form_budget(&self) -> &FormBudget {
        &self.0.form
    }

    /// The clock itself, for what is wired beside the application.
    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// The random source itself, for what is wired beside the application.
    pub fn random_source(&self) -> Random {
        self.0.random.clone()
    }

    /// The store; for the rooms below `web` that are wired beside the application (search, courier, duties).
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Follows changes: the value is the newest number of the change feed that this node knows of.
    pub fn changes(&self) -> watch::Receiver<i64> {
        self.0.changed.subscribe()
    }

    /// Follows whether this node is about to end: true from then on. Whoever waits for something else waits for this, too.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.0.ending.subscribe()
    }

    /// Says that this node is about to end.
    pub fn end_waiting(&self) {
        self.0.ending.send_replace(true);
    }

    /// Waits until somebody says that there may be something to send on a channel.
    pub fn courier_nudge(&self, channel: Channel) -> &Notify {
        let place = Channel::ALL.iter().position(|c| *c == channel).unwrap_or_default();
        &self.0.couriers[place]
    }

    /// What couriers and dispatches share that are wired beside the application.
    pub fn around_couriers(&self) -> Around {
        let app = self.clone();
        Around { wake: Some(Arc::new(move || app.nudge_couriers())), meter: self.0.meter.clone() }
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    /// Decides which addresses may be posted to; before anything runs, and once.
    pub fn set_vet(&self, vet: Vet) {
        let _ = self.0.vet.set(vet);
    }

    /// Offers text messages, within these rules, and listens to what a gateway reports; before anything runs, and once.
    pub fn set_sms(&self, rules: SmsRules, desk: SmsDesk) {
        let _ = self.0.sms.set((rules, desk));
    }

    /// What may be spent on text messages; none when they are not offered.
    pub(crate) fn sms_rules(&self) -> Option<&SmsRules> {
        self.0.sms.get().map(|(rules, _)| rules)
    }

    pub(crate) fn sms_desk(&self) -> Option<&SmsDesk> {
        self.0.sms.get().map(|(_, desk)| desk)
    }

    /// How one can subscribe here.
    pub fn ways(&self) -> Vec<Channel> {
        let url = &self.0.settings.public_url;
        let offered = |c: &Channel| match c {
            Channel::Sms => self.sms_rules().is_some(),
            // Browsers take no messages from a page that comes without https, but from this machine.
            Channel::Webpush => {
                ["https://", "http://localhost", "http://127.0.0.1"].iter().any(|s| url.starts_with(s))
            }
            // Programs subscribe at the hub.
            Channel::Websub => false,
            _ => true,
        };
        Channel::ALL.iter().copied().filter(offered).collect()
    }

    /// Says why an address may not be written to. Of those that are posted to public ones alone may, when nothing else was
    /// decided.
    pub(crate) fn vet(&self, to: &Address) -> Result<(), String> {
        match to.channel {
            Channel::Email => Ok(()),
            Channel::Sms => match self.sms_rules() {
                Some(rules) => rules.allow(&to.text),
                None => {
                    Err("cannot be written to: text messages are not offered here; give a mail address"
                        .into())
                }
            },
            Channel::Websub => Err("is of a program that subscribes by itself, at /hub".into()),
            _ => self.vet_url(to),
        }
    }

    /// Says why what is dialled for an address may not be.
    pub(crate) fn vet_url(&self, to: &Address) -> Result<(), String> {
        self.0.vet.get_or_init(vet::strict)(to.url())
    }

    /// This node's search index, once something was searched or followed.
    pub(crate) fn memory_cell(&self) -> &OnceCell<Memory> {
        &self.0.memory
    }

    pub(crate) async fn begin(&self) -> Result<Tx, AppError> {
        Ok(self.0.store.begin().await?)
    }

    pub(crate) async fn read(&self) -> Result<Tx, AppError> {
        Ok(self.0.store.read().await?)
    }

    /// Commits, and then tells everybody on this node who follows changes.
    pub(crate) async fn commit(&self, mut tx: Tx) -> Result<(), AppError> {
        let newest = feed::newest(&mut tx).await?;
        tx.commit().await?;
        self.announce(newest);
        Ok(())
    }

    fn announce(&self, newest: i64) {
        self.0.changed.send_if_modified(|seen| {
            let newer = newest > *seen;
            *seen = (*seen).max(newest);
            newer
        });
        self.nudge_couriers();
    }

    /// Says to the couriers of all channels that there may be something to send.
    pub(crate) fn nudge_couriers(&self) {
        self.0.couriers.iter().for_each(Notify::notify_one);
    }

    /// Looks whether other nodes changed something, and tells this node's followers. A duty, run on a timer.
    pub async fn poll_changes(&self) -> Result<(), AppError> {
        let newest = feed::newest(&mut self.read().await?).await?;
        if newest > *self.0.changed.borrow() {
            self.announce(newest);
        }
        Ok(())
    }

    /// The page's settings.
    ///
    /// Errors: the installation was not set up yet.
    pub async fn page(&self) -> Result<Page, AppError> {
        page_of(&mut self.read().await?).await
    }
}

/// The page's settings within a transaction.
pub(crate) async fn page_of(tx: &mut Tx) -> Result<Page, AppError> {
    let page = amends_store::page::get(tx).await?;
    page.ok_or_else(|| AppError::Refused("this installation is not set up yet; run ‘amends init’".into()))
}

/// Ids for new rows: `let id: IncidentId = self.new_id(IncidentId::from_random);`
impl App {
    /// A new id of any kind.
    pub fn new_id<T>(&self, make: fn([u8; amends_model::ID_LENGTH]) -> T) -> T {
        make(self.random())
    }
}
