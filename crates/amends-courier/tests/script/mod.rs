//! A mail server that follows a script, for what the sink of the test kit does not do: odd replies at every stage,
//! STARTTLS, no pipelining, replies without end.

#![allow(clippy::unwrap_used, dead_code)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amends_courier::smtp::{Encryption, MailServer, Parcel, Patience};
use amends_egress::{Door, DoorConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What the server does at a step.
#[derive(Debug, Clone)]
pub enum Do {
    Say(String),
    Cut,
    Stall,
    /// `250-` lines for ever.
    Endless,
}

pub fn say(text: &str) -> Do {
    Do::Say(text.into())
}

type Rule = Arc<dyn Fn(&str, usize) -> Option<Do> + Send + Sync>;

/// `rule` sees each command line (and `.` for the end of a message) with how often a line of its kind came before;
/// what it leaves open is answered as a good server would.
#[derive(Clone)]
pub struct Script {
    pub greeting: Do,
    pub offers: &'static [&'static str],
    pub tls: Option<TlsAcceptor>,
    pub rule: Rule,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: say("220 script ESMTP"),
            offers: &["PIPELINING"],
            tls: None,
            rule: Arc::new(|_, _| None),
        }
    }
}

impl Script {
    pub fn rule(rule: impl Fn(&str, usize) -> Option<Do> + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(rule), ..Self::default() }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Command lines, and `.` for the end of a message, over all connections.
    pub lines: Vec<String>,
    /// Messages as they came, dots unstuffed.
    pub messages: Vec<String>,
    pub connections: usize,
    /// Lines that were in the same read as the end of a message, after it.
    pub with_the_dot: Vec<String>,
}

pub struct Server {
    pub at: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let theirs = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                theirs.lock().unwrap().connections += 1;
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, script.clone(), theirs.clone()));
            }
        });
        Self { at, heard }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    pub fn config(&self) -> MailServer {
        let mut config = MailServer::from_url(&format!("smtp://{}", self.at), "client.example").unwrap();
        config.patience = Patience { reply: Duration::from_secs(5), end_of_data: Duration::from_secs(5) };
        config.encryption = Encryption::WhenOffered;
        config
    }
}

async fn serve(mut stream: tokio::net::TcpStream, script: Script, heard: Arc<Mutex<Heard>>) {
    if act(&mut stream, &script.greeting).await.is_err() {
        return;
    }
    match talk(&mut stream, &script, &heard, script.tls.is_some()).await {
        Some(true) => {
            let mut secure = script.tls.clone().unwrap().accept(stream).await.unwrap();
            talk(&mut secure, &script, &heard, false).await;
        }
        _ => drop(stream),
    }
}

async fn act(stream: &mut (impl AsyncWrite + Unpin), what: &Do) -> Result<(), ()> {
    match what {
        Do::Say(text) => stream.write_all(format!("{text}\r\n").as_bytes()).await.map_err(|_| ()),
        Do::Cut => Err(()),
        Do::Stall => std::future::pending().await,
        Do::Endless => loop {
            stream.write_all(b"250-and so on\r\n").await.map_err(|_| ())?;
        },
    }
}

/// `Some(true)` when the client asked for TLS.
async fn talk(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    script: &Script,
    heard: &Mutex<Heard>,
    offer_tls: bool,
) -> Option<bool> {
    let mut buffer = Vec::new();
    let (mut in_data, mut open, mut recipients) = (false, false, 0);
    loop {
        let mut chunk = vec![0; 65536];
        let n = stream.read(&mut chunk).await.ok()?;
        if n == 0 {
            return None;
        }
        buffer.extend_from_slice(&chunk[..n]);
        let mut dot_seen = false;
        loop {
            let (line, rest) = if in_data {
                let Some(end) = find(&buffer, b"\r\n.\r\n") else { break };
                let message = String::from_utf8(buffer[2..end + 2].to_vec()).unwrap();
                let message = message.strip_prefix('.').unwrap_or(&message).replace("\r\n.", "\r\n");
                heard.lock().unwrap().messages.push(message);
                dot_seen = true;
                (".".to_owned(), buffer.split_off(end + 5))
            } else {
                let Some(end) = find(&buffer, b"\r\n") else { break };
                let line = String::from_utf8(buffer[..end].to_vec()).unwrap();
                if dot_seen {
                    heard.lock().unwrap().with_the_dot.push(line.clone());
                }
                (line, buffer.split_off(end + 2))
            };
            buffer = rest;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_owned();
            let before = {
                let mut heard = heard.lock().unwrap();
                let before = heard.lines.iter().filter(|l| l.starts_with(&verb)).count();
                heard.lines.push(line.clone());
                before
            };
            let mut what = (script.rule)(&line, before).unwrap_or_else(|| match verb.as_str() {
                "EHLO" | "HELO" => {
                    let tls: &[&str] = if offer_tls { &["STARTTLS"] } else { &[] };
                    let all: Vec<_> = ["script"].iter().chain(script.offers).chain(tls).copied().collect();
                    let (last, first) = all.split_last().unwrap();
                    say(&first
                        .iter()
                        .map(|l| format!("250-{l}\r\n"))
                        .chain([format!("250 {last}")])
                        .collect::<String>())
                }
                "STARTTLS" => say("220 go on"),
                "MAIL" if open => say("503 5.5.1 nested MAIL"),
                "MAIL" => say("250 2.1.0 ok"),
                "RCPT" if !open => say("503 5.5.1 no MAIL"),
                "RCPT" => say("250 2.1.5 ok"),
                "DATA" if recipients == 0 => say("554 5.5.1 no valid recipients"),
                "DATA" => say("354 go on"),
                "." => say("250 2.0.0 queued"),
                "RSET" => say("250 2.0.0 ok"),
                "QUIT" => say("221 bye"),
                _ => say("500 5.5.2 what?"),
            });
            if in_data {
                in_data = false;
                (open, recipients) = (false, 0);
            }
            if let Do::Say(text) = &mut what {
                let code = text.get(..1).unwrap_or_default().to_owned();
                match (verb.as_str(), code.as_str()) {
                    ("MAIL", "2") => open = true,
                    ("RCPT", "2") => recipients += 1,
                    ("DATA", "3") => in_data = true,
                    ("RSET" | "EHLO", _) => (open, recipients) = (false, 0),
                    _ => {}
                }
            }
            // So that the dot of an empty message stands after a line end, too; taken off again above.
            if in_data {
                buffer.splice(0..0, *b"\r\n");
            }
            act(stream, &what).await.ok()?;
            if verb == "STARTTLS" && matches!(&what, Do::Say(text) if text.starts_with('2')) {
                return Some(true);
            }
            if matches!(&what, Do::Say(text) if text.starts_with("421")) || verb == "QUIT" {
                return None;
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// A certificate for `localhost` with the acceptor that shows it and the PEM text that makes it trusted.
pub fn certificate() -> (TlsAcceptor, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem().into_bytes())
}

pub fn door(extra_ca: Option<Vec<u8>>) -> Door {
    Door::new(DoorConfig { extra_ca, connect_within: Duration::from_secs(5), ..DoorConfig::default() })
        .unwrap()
}

pub fn parcel(n: usize) -> Parcel {
    let message = format!("Subject: {n}\r\n\r\n.dot at the start\r\nmessage {n}\r\n").into_bytes();
    Parcel {
        from: "status@acme.example".into(),
        to: format!("user{n}@example.net"),
        id: format!("delivery{n}"),
        size: message.len(),
        message,
    }
}
