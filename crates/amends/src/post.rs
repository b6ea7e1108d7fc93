//! Wiring of mail: from configuration to the courier.

use crate::cli::Failure;
use crate::config::Config;
use crate::node::{clock, said};
use crate::phones::{Phones, phones};
use amends_app::App;
use amends_courier::channel::{
    Address, Carrier, Discord, Email, Feeds, Messenger, Postmaster, Slack, Sms, Teams, Viewer, Webhook,
    Webpush, Websub,
};
use amends_courier::dkim::Signer;
use amends_courier::feedback::{Desk, Reporter};
use amends_courier::settings::parse_from;
use amends_courier::smtp::{MailServer, Secret};
use amends_courier::{Courier, Dispatch, MailSettings};
use amends_egress::{AddressPolicy, Door, DoorConfig, Http};
use amends_model::Channel;
use std::sync::Arc;
use std::time::Duration;

/// What the configuration decides about mail, read and checked.
pub struct Post {
    /// For the application.
    pub settings: MailSettings,
    servers: Vec<MailServer>,
    signer: Option<Signer>,
    door: DoorConfig,
    /// Text messages, if they are offered.
    pub phones: Option<Phones>,
}

/// Everything that one message to a subscriber's own server may take, from the name to the end of the answer.
const WITHIN: Duration = Duration::from_secs(20);

impl Post {
    /// Reads it. What cannot work is said now, not when the first mail is held.
    pub fn read(config: &Config) -> Result<Self, Failure> {
        let wrong = |key: &str, why: String| Failure::usage(format!("{key}: {why}"));
        let (from_name, from_address) = match &config.mail.from {
            Some(from) => parse_from(from).map_err(|e| wrong("mail.from", e))?,
            None => (None, config.sender()),
        };
        let servers = servers(config)?;
        let canary = config.mail.canary.as_deref();
        let canary = canary.map(|address| amends_model::text::email("mail.canary", address)).transpose();
        let canary = canary.map_err(|e| wrong("mail.canary", e.detail))?;
        let email = |key: &str, address: &Option<String>| match address {
            Some(text) => amends_model::text::email(key, text).map(Some).map_err(|e| wrong(key, e.detail)),
            None => Ok(None),
        };
        let bounces_to = email("mail.bounces_to", &config.mail.bounces_to)?;
        let alarms = config.alarms.iter().map(|to| match Address::read(None, to) {
            Ok(address) if address.channel != Channel::Email => Ok(address),
            Ok(_) => Err(wrong("operators.alarms", "mail addresses belong into mail.operators".into())),
            Err(e) => Err(wrong("operators.alarms", format!("an address {e}"))),
        });
        let alarms = alarms.collect::<Result<_, _>>()?;
        let settings = MailSettings {
            public_url: config.public_url.clone(),
            from_name,
            from_address: Some(from_address),
            reply_to: config.mail.reply_to.clone(),
            bounces_to,
            alarms,
            unsubscribe_by_mail: None,
            server: named(&servers),
            operators: config.mail.operators.clone(),
            most_an_hour: config.most_per_hour,
            canary,
        };
        let own = Some(config.listen).filter(|at| !at.ip().is_unspecified());
        let policy = AddressPolicy {
            allow: config.allow.clone(),
            own: own.into_iter().collect(),
            ..AddressPolicy::default()
        };
        let door = DoorConfig { policy, ..DoorConfig::default() };
        Ok(Post { settings, servers, signer: signer(config)?, door, phones: phones(config)? })
    }

    /// The door that others' addresses go through.
    pub fn door(&self) -> Result<Door, Failure> {
        Door::new(self.door.clone()).map_err(|e| Failure::said_no(e.to_string()))
    }

    /// Who looks after us, for whoever runs a push service.
    fn contact(&self) -> String {
        match self.settings.operators.first() {
            Some(operator) => format!("mailto:{operator}"),
            None if self.settings.public_url.starts_with("https://") => self.settings.public_url.clone(),
            None => format!("mailto:{}", self.settings.sender()),
        }
    }

    /// One dispatch for each channel whose subscribers have a server of their own.
    pub async fn dispatches(&self, app: &App, feeds: Feeds) -> Result<Vec<Arc<Dispatch>>, Failure> {
        let links = app.links().await.map_err(said)?;
        let http = Http::new(self.door()?, WITHIN);
        let mut messengers: Vec<Arc<dyn Messenger>> = vec![
            Arc::new(Webhook::new(http.clone(), links.clone())),
            Arc::new(Slack::new(http.clone())),
            Arc::new(Teams::new(http.clone())),
            Arc::new(Discord::new(http.clone())),
            Arc::new(Webpush::new(http.clone(), links.clone(), self.contact())),
            Arc::new(Websub::new(http.clone(), feeds)),
        ];
        if let Some(phones) = &self.phones {
            messengers.push(Arc::new(Sms::new(http, phones.gateway.clone(), phones.rules.clone())));
        }
        let dispatch = |messenger| {
            let (store, settings) = (app.store().clone(), self.settings.clone());
            let random = app.random_source();
            let dispatch = Dispatch::new(store, messenger, links.clone(), settings, Arc::new(clock), random);
            Arc::new(dispatch.within(app.around_couriers()))
        };
        Ok(messengers.into_iter().map(dispatch).collect())
    }

    /// The courier: through the mail server, or into the built-in viewer without one.
    pub async fn courier(self, app: &App) -> Result<Courier, Failure> {
        let links = app.links().await.map_err(said)?;
        let postmaster = Arc::new(Postmaster::new(self.settings.clone(), links, self.signer));
        let carrier: Arc<dyn Carrier> = if self.servers.is_empty() {
            Arc::new(Viewer::new(app.store().clone(), Arc::new(clock), postmaster))
        } else {
            let door = Door::new(DoorConfig::default()).map_err(|e| Failure::said_no(e.to_string()))?;
            Arc::new(Email::new(door, self.servers, Arc::new(clock), postmaster))
        };
        let (store, random) = (app.store().clone(), app.random_source());
        let courier = Courier::new(store, carrier, self.settings, Arc::new(clock), random);
        Ok(courier.within(app.around_couriers()))
    }
}

/// The desk that takes providers' reports, if any provider is configured.
pub fn reports(config: &Config) -> Result<Option<Desk>, Failure> {
    let key_of = |reporter: &Reporter| {
        let found = config.mail.reports.iter().find(|(name, _)| *name == reporter.name());
        found.map(|(_, key)| (*reporter, Secret::new(key.clone())))
    };
    let keys: Vec<_> = Reporter::ALL.iter().filter_map(key_of).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    Desk::new(keys).map(Some).map_err(|e| Failure::said_no(e.to_string()))
}

/// The mail servers of the configuration, in order; none for the built-in viewer.
pub fn servers(config: &Config) -> Result<Vec<MailServer>, Failure> {
    let named = config.mail.server.iter().map(|url| ("mail.server", url));
    let others = config.mail.fallback_servers.iter().map(|url| ("mail.fallback_servers", url));
    named
        .chain(others)
        .map(|(key, url)| {
            MailServer::from_url(url, &config.hello()).map_err(|why| Failure::usage(format!("{key}: {why}")))
        })
        .collect()
}

/// Host and port of each, to be shown.
fn named(servers: &[MailServer]) -> Option<String> {
    let names: Vec<String> = servers.iter().map(|s| format!("{}:{}", s.host, s.port)).collect();
    (!names.is_empty()).then(|| names.join(", then "))
}

/// The DKIM key of the configuration, if there is one.
pub fn signer(config: &Config) -> Result<Option<Signer>, Failure> {
    let (Some(domain), Some(selector), Some(file)) =
        (&config.mail.dkim_domain, &config.mail.dkim_selector, &config.mail.dkim_key_file)
    else {
        return Ok(None);
    };
    let pem = std::fs::read_to_string(file)
        .map_err(|e| Failure::usage(format!("mail.dkim_key_file: {} cannot be read: {e}", file.display())))?;
    let signer = Signer::from_pem(domain, selector, &pem)
        .map_err(|e| Failure::usage(format!("mail.dkim_key_file: {} is not a key: {e}", file.display())))?;
    Ok(Some(signer))
}
