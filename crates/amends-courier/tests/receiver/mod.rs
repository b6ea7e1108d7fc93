//! A server on loopback that is posted to, and does as its path says: the hostile answers that a stranger's server can give.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use amends_courier::channel::{Errand, Notice};
use amends_courier::message::{Content, Stored, Update};
use amends_courier::{Links, MailSettings};
use amends_egress::{AddressPolicy, Allowed, Door, DoorConfig, Http};
use amends_model::page::Page;
use amends_model::{
    BroadcastId, Channel, DeliveryId, Endpoint, Impact, Origin, PageId, Preferences, Subscriber,
    SubscriberId, SubscriberState,
};
use amends_store::delivery::Claimed;
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[path = "zulip.rs"]
pub mod zulip;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Post {
    pub path: String,
    pub head: String,
    pub body: String,
    pub raw: Vec<u8>,
}

impl Post {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| {
            let (n, v) = l.split_once(": ")?;
            n.eq_ignore_ascii_case(name).then_some(v)
        })
    }
}

#[derive(Default)]
struct State {
    posts: Vec<Post>,
    connections: usize,
    /// Answers by path, the next one first; the last one stays.
    script: HashMap<String, Vec<String>>,
}

/// The receiver. `/say/…` answers as scripted, `/status/NNN` with that status, the others as they are called.
#[derive(Clone)]
pub struct Receiver {
    pub at: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { at: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.state.lock().unwrap().connections += 1;
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub fn posts(&self) -> Vec<Post> {
        self.state.lock().unwrap().posts.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub fn script(&self, path: &str, answers: &[&str]) {
        let answers = answers.iter().rev().map(ToString::to_string).collect();
        self.state.lock().unwrap().script.insert(path.into(), answers);
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                    break at + 4;
                }
                if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                    return;
                }
            };
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length =
                head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).and_then(|l| l.parse().ok());
            let length: usize = length.unwrap_or(0);
            while buffer.len() < end + length {
                if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                    return;
                }
            }
            let raw = buffer[end..end + length].to_vec();
            let body = String::from_utf8_lossy(&raw).into_owned();
            buffer.drain(..end + length);
            let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
            self.state.lock().unwrap().posts.push(Post { path: path.clone(), head, body, raw });
            if !self.answer(&path, &mut stream).await {
                return;
            }
        }
    }

    /// Answers; whether the connection goes on.
    async fn answer(&self, path: &str, stream: &mut TcpStream) -> bool {
        let scripted = {
            let mut state = self.state.lock().unwrap();
            // Some channels add to the address that they are given.
            let known = state.script.keys().find(|k| {
                *k == path
                    || path.starts_with(&format!("{k}?"))
                    || path.starts_with(&format!("{k}/2010-04-01/"))
            });
            let known = known.cloned().unwrap_or_default();
            state.script.get_mut(&known).and_then(|a| if a.len() > 1 { a.pop() } else { a.last().cloned() })
        };
        let plain = path.split('?').next().unwrap_or(path);
        let said = match (scripted, plain.split('/').nth(1).unwrap_or_default()) {
            (Some(said), _) => said,
            (None, "status") => {
                format!("HTTP/1.1 {} Said\r\nContent-Length: 2\r\n\r\nok", plain.split('/').nth(2).unwrap_or("200"))
            }
            (None, "cut") => return false,
            (None, "cut-in-head") => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await.ok();
                return false;
            }
            (None, "stall") => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return false;
            }
            (None, "slow-head") => {
                for b in b"HTTP/1.1 200 OK\r\n".iter().cycle() {
                    if stream.write_all(&[*b]).await.is_err() {
                        return false;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                return false;
            }
            (None, "endless-head") => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await.ok();
                while stream.write_all(b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.is_ok() {}
                return false;
            }
            (None, "endless-body") => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok();
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return false;
            }
            (None, "endless-chunks") => {
                stream.write_all(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n").await.ok();
                while stream.write_all(b"4\r\nabcd\r\n").await.is_ok() {}
                return false;
            }
            (None, "gzip-bomb") => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u{1f}bom".into(),
            (None, "not-http") => {
                stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await.ok();
                return false;
            }
            (None, "nothing") => {
                stream.write_all(b"\r\n\r\n").await.ok();
                return false;
            }
            (None, "interim") => {
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No\r\n\r\n".into()
            }
            (None, "switch") => "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n".into(),
            (None, "redirect") => {
                "HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n".into()
            }
            (None, "zulip") => {
                let post = self.posts().pop().unwrap();
                let (status, said) = match zulip::read(&post) {
                    Ok(_) => (200, r#"{"result":"success","msg":"","ignored_parameters_unsupported":[]}"#.to_owned()),
                    Err(why) => (400, serde_json::json!({"result": "error", "msg": why, "code": "BAD_REQUEST"}).to_string()),
                };
                format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n\r\n{said}", said.len())
            }
            (None, "echo") => {
                let post = self.posts().pop().unwrap();
                let said = format!("{}{}", post.head, post.body);
                format!("HTTP/1.1 500 Oh\r\nContent-Length: {}\r\n\r\n{said}", said.len())
            }
            (None, _) => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        };
        stream.write_all(said.as_bytes()).await.is_ok()
    }
}

/// A door that opens loopback, for this test's receivers alone.
pub fn http(receiver: &Receiver, within: Duration) -> Http {
    let allow = vec![Allowed {
        host: "*".into(),
        network: "127.0.0.0".parse().unwrap(),
        prefix: 8,
        port: receiver.at.port(),
    }];
    let policy = AddressPolicy { allow, ..AddressPolicy::default() };
    let door = Door::new(DoorConfig { policy, ..DoorConfig::default() }).unwrap();
    Http::new(door, within)
}

pub const NOW: i64 = 1_790_000_000;

pub fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

pub fn settings() -> MailSettings {
    MailSettings {
        public_url: "https://status.acme.example".into(),
        from_address: Some("status@acme.example".into()),
        operators: vec!["ops@acme.example".into()],
        ..MailSettings::default()
    }
}

pub fn links() -> Links {
    Links::new("https://status.acme.example", &[7; 32])
}

pub fn page() -> Page {
    Page {
        id: PageId::from_random([1; 12]),
        name: "Acme".into(),
        url: "https://status.acme.example".into(),
        time_zone: "Etc/UTC".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

pub fn update(n: usize, text: &str) -> Content {
    Content::Update(Update {
        incident_id: "in00000hook1".into(),
        update_id: format!("up{n:010}"),
        title: "Some daily emails are not being sent".into(),
        url: "https://status.acme.example/incidents/in00000hook1".into(),
        phase: "Investigating".into(),
        impact: Impact::Major,
        resolved: false,
        text: text.into(),
        components: vec![],
        at: now(),
        next_update_at: None,
    })
}

pub fn a_subscriber(n: usize, channel: Channel, address: &str) -> Subscriber {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&(n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    Subscriber {
        id: SubscriberId::from_random(id),
        channel,
        address: address.into(),
        state: SubscriberState::Confirmed,
        components: vec![],
        preferences: Preferences::default(),
        origin: Origin::Page,
        created_at: now(),
        confirmed_at: Some(now()),
        ended_at: None,
        updated_at: now(),
    }
}

/// One message to one address, as a dispatch would hand it over.
pub fn errand(messenger: &dyn amends_courier::channel::Messenger, address: &str, content: Content) -> Errand {
    let s = a_subscriber(1, messenger.channel(), address);
    let notice = Notice::new(Stored::from(content), now(), Arc::new(page()), &settings()).rendered(messenger);
    Errand {
        delivery: Claimed {
            n: 1,
            id: DeliveryId::from_random([9; 12]),
            channel: messenger.channel(),
            unwritten: None,
            broadcast_id: BroadcastId::from_random([8; 12]),
            subscriber_id: Some(s.id.clone()),
            address: address.into(),
            attempts: 0,
            created_at: now(),
            subscriber_state: Some(SubscriberState::Confirmed),
            suppressed: false,
        },
        endpoint: Some(Endpoint::new(s.id, "ada@example.com".into())),
        notice: Arc::new(notice),
        lease: "".into(),
    }
}
