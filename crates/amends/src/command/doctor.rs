use crate::cli::{Failure, Place, print};
use crate::config::Config;
use crate::local;
use crate::mirror::{self, Bucket};
use crate::node::{clock, configuration};
use amends_app::health::{self, Finding};
use amends_courier::smtp::{MailServer, Session};
use amends_egress::sender::Level;
use amends_egress::survey::{self, Plan, Signature};
use amends_egress::{Destination, Door, DoorConfig, Names, Verify};
use amends_model::Channel;
use amends_store::{Store, StoreError, channel, delivery};
use clap::Args;
use std::path::Path;
use std::time::Duration;

/// Say in plain words what is wrong with this installation.
///
/// Looks at the database, the clock, the disk, the mail server, what the sending domain says in DNS (SPF, DKIM, DMARC),
/// held messages, the bucket of the static mirror, and the public address. Changes nothing. Exits with 1 if something is broken.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    place: Place,
    /// Ask this DNS server instead of the system's, such as 127.0.0.1:53
    #[arg(long, value_name = "ADDR")]
    resolver: Option<std::net::SocketAddr>,
}

/// One thing that was looked at.
struct Line {
    level: Level,
    what: &'static str,
    says: String,
    remedy: String,
}

impl Line {
    fn good(what: &'static str, says: impl Into<String>) -> Self {
        Line { level: Level::Good, what, says: says.into(), remedy: String::new() }
    }

    fn wrong(level: Level, what: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Line { level, what, says: says.into(), remedy: remedy.into() }
    }

    fn text(&self) -> String {
        let mark = match self.level {
            Level::Good => "✓ good   ",
            Level::Note => "· note   ",
            Level::Warning => "! warning",
            Level::Bad => "✗ broken ",
        };
        let remedy =
            if self.remedy.is_empty() { String::new() } else { format!("\n{:22}→ {}", "", self.remedy) };
        format!("{mark}  {:<9}  {}{remedy}\n", self.what, self.says)
    }
}

impl Doctor {
    /// Runs it.
    pub async fn run(self) -> Result<(), Failure> {
        let config = configuration(&self.place, &[])?;
        let mut lines = Vec::new();
        let mut tell = |line: Line| {
            print(&line.text());
            lines.push(line.level);
        };
        for line in database(&config).await {
            tell(line);
        }
        for line in at_hand(&config) {
            tell(line);
        }
        for line in mail(&config, self.resolver).await {
            tell(line);
        }
        if let Some(line) = bucket(&config).await {
            tell(line);
        }
        tell(public_address(&config).await);
        let broken = lines.iter().filter(|l| **l == Level::Bad).count();
        if broken == 0 {
            Ok(())
        } else {
            Err(Failure::said_no(format!("{broken} of {} things are broken", lines.len())))
        }
    }
}

/// What needs no network: clock, disk, templates.
fn at_hand(config: &Config) -> Vec<Line> {
    let mut lines = vec![time(), disk(&config.data)];
    lines.extend(templates(&config.data));
    lines
}

/// Everything around the record of a server that runs, for its page of health. In seconds: what is asked over the network
/// is asked at the same time.
pub async fn around(config: Config) -> Vec<Finding> {
    let mut lines = at_hand(&config);
    let (mail, bucket, address) = tokio::join!(mail(&config, None), bucket(&config), public_address(&config));
    lines.extend(mail);
    lines.extend(bucket);
    lines.push(address);
    let level = |level| match level {
        Level::Good => health::Level::Good,
        Level::Note => health::Level::Note,
        Level::Warning => health::Level::Warning,
        Level::Bad => health::Level::Broken,
    };
    let finding = |l: Line| Finding { level: level(l.level), what: l.what, says: l.says, remedy: l.remedy };
    lines.into_iter().map(finding).collect()
}

/// The database, and what the record says about messages that wait.
async fn database(config: &Config) -> Vec<Line> {
    const WHAT: &str = "database";
    let opened = match &config.database {
        Some(url) => Store::open_postgres(url).await,
        None if !config.data.join("amends.db").exists() => {
            return vec![Line::wrong(
                Level::Bad,
                WHAT,
                format!("There is no installation in {}.", config.data.display()),
                "Make one with ‘amends init’, or name the right folder with --data.",
            )];
        }
        None => Store::open_folder(&config.data).await,
    };
    let place =
        config.database.as_ref().map_or_else(|| config.data.display().to_string(), |_| "PostgreSQL".into());
    let mut lines = Vec::new();
    match opened {
        Ok(store) => {
            lines.push(Line::good(WHAT, format!("{place} opens, its schema is current.")));
            lines.extend(held(&store).await.unwrap_or_default());
        }
        Err(StoreError::FolderInUse(_)) => lines.extend(running(config).await),
        Err(error) => lines.push(Line::wrong(
            Level::Bad,
            WHAT,
            format!("It cannot be opened: {error}."),
            "Until it can, the server shows its last page and takes no changes.",
        )),
    }
    lines
}

/// A server holds the folder: it says itself how it is.
async fn running(config: &Config) -> Vec<Line> {
    const WHAT: &str = "server";
    let place = Place { data: Some(config.data.clone()), ..Place::default() };
    let asked = async {
        let client = crate::client::Client::find(None, None, &place).await?;
        client.send(hyper::Method::GET, "/api/v1/health", &[], None).await?.json()
    };
    match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok(health)) => {
            let mut lines =
                vec![Line::good(WHAT, format!("It runs in {} and answers.", config.data.display()))];
            for channel in health["channels"].as_array().into_iter().flatten() {
                if channel["failing"].as_bool() == Some(true) {
                    let word = |name: &str| channel[name].as_str().unwrap_or_default();
                    let waiting = channel["waiting"].as_u64().unwrap_or(0);
                    lines.push(held_line(word("channel"), waiting, word("reason")));
                }
            }
            let mirrors = health["mirrors"].as_array().into_iter().flatten();
            for mirror in mirrors.filter(|m| m["current"].as_bool() == Some(false)) {
                let reason = mirror["reason"].as_str().unwrap_or_default();
                lines.push(Line::wrong(
                    Level::Bad,
                    "mirror",
                    format!("The static mirror is not up to date: {reason}."),
                    "It is tried again by itself; the page itself is not touched by that.",
                ));
            }
            lines
        }
        Ok(Err(failure)) => vec![Line::wrong(
            Level::Bad,
            WHAT,
            format!(
                "It holds the data folder but does not answer on {}: {}",
                local::path(&config.data).display(),
                failure.message
            ),
            "Look at its log, and restart it.",
        )],
        Err(_) => vec![Line::wrong(
            Level::Bad,
            WHAT,
            "It holds the data folder but did not answer within ten seconds.",
            "Look at its log, and restart it.",
        )],
    }
}

/// Messages that wait because nothing gets through on their channel.
async fn held(store: &Store) -> Result<Vec<Line>, StoreError> {
    let mut tx = store.read().await?;
    let mut lines = Vec::new();
    for health in channel::all(&mut tx).await?.into_iter().filter(|h| h.failing) {
        let waiting = delivery::waiting(&mut tx, health.channel).await?;
        lines.push(held_line(health.channel.as_str(), waiting, &health.reason));
    }
    Ok(lines)
}

fn held_line(channel: &str, held: u64, reason: &str) -> Line {
    let way = if channel == Channel::Email.as_str() { String::new() } else { format!(" by {channel}") };
    let says = match held {
        1 => format!("One message{way} is held, it is not lost: {reason}"),
        more => format!("{more} messages{way} are held, none is lost: {reason}"),
    };
    let remedy = match channel {
        "email" => "What is held goes out by itself when the mail server takes mail again.",
        _ => "What is held goes out by itself when something gets through again.",
    };
    Line::wrong(Level::Bad, "messages", says, remedy)
}

/// A clock that is far off signs mail in the future and orders the record wrongly.
fn time() -> Line {
    let now = clock();
    // The program cannot be older than its own making.
    let made: jiff::Timestamp = "2026-11-01T00:00:00Z".parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    if now < made {
        Line::wrong(
            Level::Bad,
            "clock",
            format!("It says {now}, which is before this program was made."),
            "Set the clock, and let an NTP service keep it.",
        )
    } else {
        Line::good("clock", format!("It says {}.", now.strftime("%Y-%m-%d %H:%M:%S UTC")))
    }
}

fn disk(data: &Path) -> Line {
    const WHAT: &str = "disk";
    // The first start makes the folder.
    let there = data.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(there) {
        Ok(space) => {
            let free = space.f_bavail * space.f_frsize / (1024 * 1024);
            let says = format!("{free} MiB are free in {}.", data.display());
            match free {
                0..100 => {
                    Line::wrong(Level::Bad, WHAT, says, "Make room: without it nothing can be recorded.")
                }
                100..1024 => Line::wrong(Level::Warning, WHAT, says, "Make room soon."),
                _ => Line::good(WHAT, says),
            }
        }
        Err(error) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("{} cannot be looked at: {error}.", data.display()),
            "Check that the folder exists and that this user may use it.",
        ),
    }
}

/// Files in the operator's folder of postmortem templates that are none.
fn templates(data: &Path) -> Vec<Line> {
    let (_, problems) = amends_app::postmortem::template::all(&data.join("templates"));
    problems
        .into_iter()
        .map(|problem| {
            let message = problem.message.strip_suffix('.').unwrap_or(&problem.message);
            let end = if message.ends_with('?') { "" } else { "." };
            let says = format!("templates/{} cannot be used: {message}{end}", problem.file);
            Line::wrong(
                Level::Warning,
                "templates",
                says,
                "Put it right; docs/postmortems.md shows the form.",
            )
        })
        .collect()
}

async fn mail(config: &Config, resolver: Option<std::net::SocketAddr>) -> Vec<Line> {
    const WHAT: &str = "mail";
    if config.mail.server.is_none() {
        return vec![Line::wrong(
            Level::Note,
            WHAT,
            "No mail server is configured: messages go to the built-in viewer and reach nobody.",
            "Set mail.server when subscribers are to get mail.",
        )];
    }
    let servers = match crate::post::servers(config) {
        Ok(servers) => servers,
        Err(failure) => {
            return vec![Line::wrong(Level::Bad, WHAT, failure.message, "Mend it in the configuration.")];
        }
    };
    let mut lines = Vec::new();
    for server in &servers {
        lines.push(mail_server(server, resolver).await);
    }
    lines.extend(sending_domain(config, resolver).await);
    lines
}

/// Whether a mail server can be used.
async fn mail_server(server: &MailServer, resolver: Option<std::net::SocketAddr>) -> Line {
    const WHAT: &str = "mail";
    let opened = async {
        let door = Door::new(DoorConfig { resolver, ..DoorConfig::default() }).map_err(|e| e.to_string())?;
        Session::open(&door, server).await.map_err(|e| e.to_string())
    };
    match tokio::time::timeout(Duration::from_secs(20), opened).await {
        Ok(Ok(session)) => {
            let secure = session.is_secure();
            session.close().await;
            let says = format!(
                "{}:{} answers and takes us{}.",
                server.host,
                server.port,
                if secure { ", encrypted" } else { "" }
            );
            let loopback = matches!(server.host.as_str(), "localhost" | "127.0.0.1" | "::1");
            if secure || loopback {
                Line::good(WHAT, says)
            } else {
                Line::wrong(
                    Level::Warning,
                    WHAT,
                    format!("{says} It offers no encryption."),
                    "Use a server that does, with smtp+starttls:// or smtps://.",
                )
            }
        }
        Ok(Err(why)) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("The mail server cannot be used: {why}."),
            "Messages are held meanwhile; check address, name and password.",
        ),
        Err(_) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("{}:{} did not answer within 20 seconds.", server.host, server.port),
            "Check that it runs and that no firewall is between.",
        ),
    }
}

/// Whether the bucket of the static mirror can be used.
async fn bucket(config: &Config) -> Option<Line> {
    const WHAT: &str = "mirror";
    let place = config.mirror.bucket.as_deref()?;
    let bucket = match Bucket::open(place, &config.mirror) {
        Ok(bucket) => bucket,
        Err(failure) => {
            return Some(Line::wrong(Level::Bad, WHAT, failure.message, "Mend it in the configuration."));
        }
    };
    let looked = tokio::time::timeout(Duration::from_secs(20), mirror::look(&bucket)).await;
    Some(match looked {
        Ok(Ok(())) => Line::good(WHAT, format!("{} answers and shows us what it holds.", bucket.shown())),
        Ok(Err(why)) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("The static mirror cannot be kept: {why}."),
            "It is tried again by itself; the page itself is not touched by that.",
        ),
        Err(_) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("{} did not answer within 20 seconds.", bucket.shown()),
            "Check mirror.endpoint, and that no firewall is between.",
        ),
    })
}

/// SPF, DKIM and DMARC of the sending domain.
async fn sending_domain(config: &Config, resolver: Option<std::net::SocketAddr>) -> Vec<Line> {
    const WHAT: &str = "DNS";
    let from = config.sender();
    let domain = from.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').to_owned();
    let names = match resolver.map_or_else(Names::of_system, Names::at) {
        Ok(names) => names,
        Err(error) => {
            return vec![Line::wrong(
                Level::Warning,
                WHAT,
                format!("No DNS server can be asked: {error}."),
                "Name one with --resolver.",
            )];
        }
    };
    let signature = match crate::post::signer(config) {
        Ok(signer) => signer.map(|s| Signature {
            selector: s.selector().to_owned(),
            domain: s.domain().to_owned(),
            public_key: s.public_key(),
        }),
        Err(failure) => {
            return vec![Line::wrong(
                Level::Bad,
                WHAT,
                failure.message,
                "Mend the key or the configuration.",
            )];
        }
    };
    let plan = Plan { from_domain: domain.clone(), envelope_domain: domain, signature };
    let looked = tokio::time::timeout(Duration::from_secs(30), survey::look(&names, &plan)).await;
    match looked {
        Ok(findings) => findings
            .into_iter()
            .map(|f| Line { level: f.level, what: WHAT, says: f.says, remedy: f.remedy })
            .collect(),
        Err(_) => vec![Line::wrong(
            Level::Warning,
            WHAT,
            "The DNS server did not answer in time.",
            "Name another one with --resolver.",
        )],
    }
}

async fn public_address(config: &Config) -> Line {
    const WHAT: &str = "address";
    let host = config.public_host().to_owned();
    let here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1" | "0.0.0.0");
    if here {
        return Line::wrong(
            Level::Note,
            WHAT,
            format!("{} is for this machine only; links in mails would lead nowhere.", config.public_url),
            "Set public_url before customers subscribe.",
        );
    }
    let port = config.public_port();
    let reached = async {
        let door = Door::new(DoorConfig::default()).map_err(|e| e.to_string())?;
        let wire =
            door.dial(&Destination::of_operator(host.clone(), port)).await.map_err(|e| e.to_string())?;
        if config.is_https() {
            door.secure(wire, &host, Verify::Name).await.map_err(|e| e.to_string())?;
        }
        Ok::<(), String>(())
    };
    let reached = tokio::time::timeout(Duration::from_secs(15), reached)
        .await
        .unwrap_or_else(|_| Err("no answer in time".into()));
    match (reached, config.is_https()) {
        (Ok(()), true) => {
            Line::good(WHAT, format!("{} answers, with a certificate that is valid.", config.public_url))
        }
        (Ok(()), false) => Line::wrong(
            Level::Warning,
            WHAT,
            format!("{} answers, but without encryption.", config.public_url),
            "Put a proxy that speaks https before it, and set public_url to https://.",
        ),
        (Err(why), _) => Line::wrong(
            Level::Bad,
            WHAT,
            format!("{} cannot be reached from here: {why}.", config.public_url),
            "Check DNS, proxy and certificate. (Some networks do not let a machine reach its own public address.)",
        ),
    }
}
