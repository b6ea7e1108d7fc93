//! Configuration: one TOML file and `AMENDS_…` variables, read once at start into typed values.

mod keys;
mod read;

pub use keys::reference;
pub use read::{Sources, load};

use amends_egress::Allowed;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Everything that an operator decides outside the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Folder of the embedded database, the search index and the operators' own templates.
    pub data: PathBuf,
    /// PostgreSQL address; none for embedded SQLite.
    pub database: Option<String>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where `/metrics` is answered instead; none for the same address.
    pub metrics_listen: Option<SocketAddr>,
    /// Address under which people reach this server, without a slash at the end.
    pub public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// API requests that each caller may make in a minute; none for the default.
    pub api_requests_per_minute: Option<NonZeroU32>,
    /// Where operators are told at once when mail does not go out, besides mail: chat rooms, a server of their own.
    pub alarms: Vec<String>,
    /// Messages that each subscriber gets in an hour at most; none for no limit.
    pub most_per_hour: Option<usize>,
    /// What is logged, as a `tracing` filter.
    pub log: String,
    /// Addresses of the own network that others may name.
    pub allow: Vec<Allowed>,
    /// Where static mirrors of the public site are kept.
    pub mirror: Mirror,
    /// How the app judges postmortems: the table `[lint]`.
    pub lint: amends_lint::Config,
    /// Mail.
    pub mail: Mail,
    /// Text messages.
    pub sms: Sms,
}

/// Where static mirrors of the public site are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirror {
    /// A folder.
    pub dir: Option<PathBuf>,
    /// A bucket: `s3://BUCKET/PREFIX`.
    pub bucket: Option<String>,
    /// Address of what speaks as Amazon S3 does; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Whether the bucket is named in the path.
    pub path_style: Option<bool>,
    /// Access key.
    pub access_key: Option<String>,
    /// Its secret.
    pub secret_key: Option<String>,
    /// File with the secret.
    pub secret_key_file: Option<PathBuf>,
}

/// How text messages leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sms {
    /// Beginnings of numbers that may be written to.
    pub countries: Vec<String>,
    /// Who writes.
    pub from: Option<String>,
    /// Account of Twilio's kind.
    pub twilio_account: Option<String>,
    /// Its token.
    pub twilio_token: Option<String>,
    /// Name and secret of a shared key, with a colon between.
    pub twilio_key: Option<String>,
    /// Address of the API.
    pub twilio_url: Option<String>,
    /// Any other gateway.
    pub url: Option<String>,
    /// Body of the request to it.
    pub body: Option<String>,
    /// Header fields of the request to it.
    pub headers: Vec<String>,
    /// What it shows.
    pub secret: Option<String>,
    /// Messages in a day in all; none for the default.
    pub messages_per_day: Option<u32>,
    /// Messages to one number in a day.
    pub messages_per_number: Option<u32>,
    /// Codes that the form sends in a day.
    pub codes_per_day: Option<u32>,
}

/// How mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Address of the mail server; none for the built-in viewer.
    pub server: Option<String>,
    /// Mail servers to use while that one does not work.
    pub fallback_servers: Vec<String>,
    /// Who gets a copy of every broadcast, ahead of everybody else.
    pub canary: Option<String>,
    /// `From`: name and address; by default made from the page's name and the public address.
    pub from: Option<String>,
    /// `Reply-To` of what customers get.
    pub reply_to: Option<String>,
    /// Where bounces go, if not to From.
    pub bounces_to: Option<String>,
    /// Who is told when mail cannot be sent.
    pub operators: Vec<String>,
    /// Domain of the DKIM signature.
    pub dkim_domain: Option<String>,
    /// Selector of the DKIM key.
    pub dkim_selector: Option<String>,
    /// PEM file of the DKIM private key.
    pub dkim_key_file: Option<PathBuf>,
    /// Our own name for `EHLO`.
    pub hello: Option<String>,
    /// What each provider's reports are checked with, by the provider's name.
    pub reports: Vec<(&'static str, String)>,
}

impl Config {
    /// Whether people reach this server by https.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Port of the public address.
    pub fn public_port(&self) -> u16 {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        let port = rest.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Our own name for `EHLO`.
    pub fn hello(&self) -> String {
        self.mail.hello.clone().unwrap_or_else(|| match self.public_host() {
            host if host.parse::<IpAddr>().is_ok() => format!("[{host}]"),
            host => host.to_owned(),
        })
    }

    /// `From` of all mail, as configured or made from the public host.
    pub fn sender(&self) -> String {
        self.mail.from.clone().unwrap_or_else(|| match self.public_host() {
            // An address of a machine is no mail domain.
            host if host.parse::<IpAddr>().is_ok() => "status@localhost.localdomain".into(),
            host => format!("status@{host}"),
        })
    }

    /// Host of the public address, without port.
    pub fn public_host(&self) -> &str {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or(rest);
        match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or(v6),
            None => host.split(':').next().unwrap_or(host),
        }
    }
}
