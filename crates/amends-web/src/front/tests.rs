//! The front gives the answers that hyper and the routes give, and outlives slow and strange clients.
#![allow(clippy::disallowed_methods, reason = "a client of its own")]

use super::request::{Bytes, read};
use super::{Front, Patience};
use crate::public::tests::sample;
use crate::public::{self, Site};
use crate::{Reach, WebState};
use amends_app::{App, Settings};
use amends_testkit::stores::{Fresh, sqlite};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(20);

struct House {
    site: Site,
    at: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<std::io::Result<()>>,
    _fresh: Fresh,
}

async fn house(patience: Patience) -> House {
    let fresh = sqlite().await;
    let settings = Settings {
        public_url: "https://status.example.com".into(),
        data_folder: fresh.folder.path().to_owned(),
    };
    let app =
        App::new(fresh.store.clone(), Arc::new(sample::now), Arc::new(|b: &mut [u8]| b.fill(7)), settings);
    let site = Site::open(Arc::new(app.clone()), Arc::new(sample::now)).await.expect("opens");
    site.publish(sample::record(), Some(sample::at("2026-03-02T10:00:00Z")));
    let reach = Reach { https: true, ..Reach::default() };
    let state = WebState { app: app.clone(), reach: Arc::new(reach) };
    let router = crate::router(state, public::router(site.clone(), Arc::new(app)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("bound");
    let (stop, stopped) = watch::channel(false);
    let front = Front { patience, ..Front::new(site.clone(), router, true, stopped) };
    let served = tokio::spawn(front.serve(listener));
    House { site, at, stop, served, _fresh: fresh }
}

/// A client that keeps its connection.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Client {
    async fn to(at: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(at).await.expect("connects"), read: vec![] }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("sent");
    }

    /// The next answer, to a HEAD or not.
    async fn answer(&mut self, head: bool) -> Answer {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 40];
            let mut response = httparse::Response::new(&mut fields);
            if let httparse::Status::Complete(start) = response.parse(&self.read).expect("HTTP") {
                let text = |v: &[u8]| String::from_utf8(v.to_vec()).expect("text");
                let headers: BTreeMap<_, _> =
                    response.headers.iter().map(|h| (h.name.to_lowercase(), text(h.value))).collect();
                assert_eq!(headers.len(), response.headers.len(), "no header twice");
                let status = response.code.expect("a status");
                let said = headers.get("content-length").map_or(0, |l| l.parse().expect("a number"));
                let length = if head || status == 304 { 0 } else { said };
                if self.read.len() >= start + length {
                    let rest = self.read.split_off(start + length);
                    let body = std::mem::replace(&mut self.read, rest).split_off(start);
                    return Answer { status, headers, body };
                }
            }
            assert!(self.more().await > 0, "the connection ended in the middle of an answer");
        }
    }

    async fn more(&mut self) -> usize {
        let read = timeout(LONG, self.stream.read_buf(&mut self.read)).await;
        read.expect("in time").unwrap_or_default()
    }

    async fn is_closed(&mut self) -> bool {
        while self.more().await > 0 {}
        true
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nHost: status.example.com\r\n{lines}\r\n").into_bytes()
}

#[tokio::test]
async fn every_hot_document_is_answered_as_the_routes_answer_it() {
    let house = house(super::PATIENCE).await;
    let mut ours = Client::to(house.at).await;
    // Once something else was asked for, hyper has the connection.
    let mut theirs = Client::to(house.at).await;
    theirs.send(&request("OPTIONS", "/", &[])).await;
    assert_eq!(theirs.answer(false).await.status, 204);
    let mut paths: Vec<String> = house.site.rendered().documents.keys().cloned().collect();
    paths.extend(
        ["public.js", "app.css", "fonts/inter-core.woff2"].map(|name| crate::assets::url(name).to_owned()),
    );
    let mut seen = BTreeMap::new();
    for path in &paths {
        ours.send(&request("GET", path, &[("accept-encoding", "gzip")])).await;
        let first = ours.answer(false).await;
        let known = |name: &str| first.headers.get(name).cloned().unwrap_or_default();
        let (tag, date) = (known("etag"), known("last-modified"));
        let listed = format!("\"x\", W/{tag}");
        let conditions: [&[(&str, &str)]; 6] = [
            &[],
            &[("if-none-match", &tag)],
            &[("If-None-Match", &listed)],
            &[("if-none-match", "\"x\""), ("if-modified-since", &date)],
            &[("if-modified-since", &date), ("connection", "Keep-Alive")],
            &[("if-modified-since", "Fri, 20 Nov 2020 15:19:00 GMT")],
        ];
        for encodings in ["", "gzip", "gzip, deflate, br, zstd", "br;q=0, gzip;q=0.5", "\u{e9}"] {
            for condition in conditions {
                for method in ["GET", "HEAD"] {
                    let headers = [&[("accept-encoding", encodings)], condition].concat();
                    let bytes = request(method, path, &headers);
                    assert!(matches!(read(&bytes, &house.site), Bytes::Hot(..)), "{path}");
                    ours.send(&bytes).await;
                    theirs.send(&bytes).await;
                    let mut theirs = theirs.answer(method == "HEAD").await;
                    let mut ours = ours.answer(method == "HEAD").await;
                    // Each says the time by its own clock.
                    assert!(theirs.headers.remove("date").is_some() && ours.headers.remove("date").is_some());
                    if (method, theirs.status) == ("HEAD", 304) {
                        // hyper adds one, which is not the length that a GET would have (RFC 9110 §8.6).
                        theirs.headers.remove("content-length");
                    }
                    assert_eq!(ours, theirs, "{method} {path} {headers:?}");
                    *seen.entry((ours.status, known("content-type"))).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(paths.len() > 40 && seen.keys().filter(|(status, _)| *status == 304).count() > 8, "{seen:?}");
}

#[tokio::test]
async fn in_doubt_a_request_is_hypers() {
    let house = house(super::PATIENCE).await;
    let is_hot =
        |bytes: &[u8]| matches!(read(bytes, &house.site), Bytes::Hot(length, _) if length == bytes.len());
    assert!(is_hot(&request("GET", "/", &[("x-forwarded-for", "192.0.2.1"), ("cookie", "a=b")])));
    for (method, path, headers) in [
        ("POST", "/subscribe", &[][..]),
        ("GET", "/?page=2", &[]),
        ("GET", "http://status.example.com/", &[]),
        ("GET", "/%2e", &[]),
        ("GET", "/app", &[]),
        ("get", "/", &[]),
        ("GET", "/", &[("content-length", "0")]),
        ("GET", "/", &[("transfer-encoding", "chunked")]),
        ("GET", "/", &[("Connection", "close")]),
        ("GET", "/", &[("connection", "upgrade"), ("upgrade", "h2c")]),
        ("GET", "/", &[("expect", "100-continue")]),
    ] {
        assert!(
            matches!(read(&request(method, path, headers), &house.site), Bytes::Other),
            "{method} {path}"
        );
    }
    for bytes in
        [&b"GET / HTTP/1.0\r\n\r\n"[..], b"\x16\x03\x01\x02\0", b"GET / HTTP/1.1\r\nBad header: x\r\n\r\n"]
    {
        assert!(matches!(read(bytes, &house.site), Bytes::Other), "{bytes:?}");
    }
    let whole = request("GET", "/", &[]);
    for end in 0..whole.len() {
        assert!(matches!(read(&whole[..end], &house.site), Bytes::Beginning), "{end}");
    }
    let long = request("GET", "/", &[("x", &"a".repeat(9000))]);
    assert!(matches!(read(&long[..8192], &house.site), Bytes::Other));
    let many = vec![("x", "y"); 60];
    let mut client = Client::to(house.at).await;
    for bytes in [request("GET", "/", &many), long] {
        client.send(&bytes).await;
        assert_eq!(client.answer(false).await.status, 200, "hyper has larger limits");
    }
}

#[tokio::test]
async fn requests_in_one_packet_and_in_many_are_answered_in_their_order() {
    let house = house(super::PATIENCE).await;
    let mut client = Client::to(house.at).await;
    let form = b"POST /subscribe HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    let requests = [
        request("HEAD", "/", &[]),
        request("GET", "/badge.svg", &[]),
        request("GET", "/api/v2/status.json", &[]),
        form.to_vec(),
        request("GET", "/robots.txt", &[]),
    ];
    for size in [usize::MAX, 1, 100] {
        for piece in requests.concat().chunks(size) {
            client.send(piece).await;
        }
        let mut kinds = vec![];
        for head in [true, false, false, false, false] {
            let answer = client.answer(head).await;
            kinds.push((answer.status, answer.headers["content-type"].clone()));
        }
        let kinds: Vec<(u16, &str)> =
            kinds.iter().map(|(s, k)| (*s, k.split(';').next().unwrap_or(""))).collect();
        let expected = [
            (200, "text/html"),
            (200, "image/svg+xml"),
            (200, "application/json"),
            (415, "text/html"),
            (200, "text/plain"),
        ];
        assert_eq!(kinds[..3], expected[..3]);
        assert!(kinds[3].0 >= 400 && kinds[4] == expected[4], "{kinds:?}");
        client = Client::to(house.at).await;
    }
}

#[tokio::test]
async fn whoever_is_slow_is_not_waited_for_forever() {
    let soon = Duration::from_millis(300);
    let house = house(Patience { idle: soon, head: soon, write: soon }).await;
    let mut silent = Client::to(house.at).await;
    let mut beginner = Client::to(house.at).await;
    beginner.send(b"GET / HTTP/1.1\r\n").await;
    let mut greedy = Client::to(house.at).await;
    let flood = request("GET", crate::assets::url("fonts/inter-core.woff2"), &[]).repeat(2000);
    // Takes no answer; what it asks for is more than the buffers between hold.
    let _ = timeout(LONG, greedy.stream.write_all(&flood)).await.expect("cut off, not waited for");
    let mut halting = Client::to(house.at).await;
    halting.send(b"POST / HTTP/1.1\r\n").await;
    assert!(silent.is_closed().await && beginner.is_closed().await && halting.is_closed().await);
    house.stop.send(true).expect("served");
    timeout(LONG, house.served).await.expect("nobody is left").expect("ends well").expect("served");
}

#[tokio::test]
async fn a_stop_answers_what_is_asked_and_ends() {
    let house = house(super::PATIENCE).await;
    let mut idle = Client::to(house.at).await;
    idle.send(&request("GET", "/", &[])).await;
    assert_eq!(idle.answer(false).await.status, 200);
    let mut asking = Client::to(house.at).await;
    let whole = request("GET", "/", &[]);
    asking.send(&whole[..20]).await;
    let mut passed_on = Client::to(house.at).await;
    passed_on.send(&request("GET", "/livez", &[])).await;
    assert_eq!(passed_on.answer(false).await.body, b"ok\n");
    house.stop.send(true).expect("served");
    // At once: the stop and the rest of the request are there together.
    asking.send(&whole[20..]).await;
    assert!(idle.is_closed().await && passed_on.is_closed().await);
    let last = asking.answer(false).await;
    assert_eq!((last.status, last.headers["connection"].as_str()), (200, "close"));
    assert!(asking.is_closed().await);
    timeout(LONG, house.served).await.expect("in time").expect("ends well").expect("served");
    assert!(TcpStream::connect(house.at).await.is_err(), "the port is free");
}
