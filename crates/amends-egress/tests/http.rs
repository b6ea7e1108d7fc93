//! The guarded way out, over real sockets and against a real name server on loopback: what is judged is what is dialled.

#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use amends_egress::{
    AddressPolicy, Allowed, Door, DoorConfig, Http, HttpError, Reply, Request, Target, Trust,
};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// A name server that answers each question with what `zone` says for the name and how often it was asked before.
async fn names(zone: impl Fn(&str, usize) -> Option<Vec<IpAddr>> + Send + Sync + 'static) -> SocketAddr {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = udp.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((n, from)) = udp.recv_from(&mut buffer).await {
            let mut reply = Message::from_vec(&buffer[..n]).unwrap().into_response();
            let query = reply.queries[0].clone();
            let name = query.name().to_ascii().trim_end_matches('.').to_owned();
            // Each look-up asks for A and AAAA.
            let found = zone(&name, asked.fetch_add(1, Ordering::SeqCst) / 2);
            reply.metadata.response_code = match &found {
                Some(_) => ResponseCode::NoError,
                None => ResponseCode::NXDomain,
            };
            for ip in found.unwrap_or_default() {
                let data = match (ip, query.query_type()) {
                    (IpAddr::V4(v4), RecordType::A) => RData::A(A(v4)),
                    (IpAddr::V6(v6), RecordType::AAAA) => RData::AAAA(AAAA(v6)),
                    _ => continue,
                };
                reply.add_answer(Record::from_rdata(query.name().clone(), 0, data));
            }
            udp.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
        }
    });
    at
}

/// Counts who comes; nobody may.
async fn trap() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, came) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = came.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (port, came)
}

fn client(resolver: Option<SocketAddr>, ports: Vec<u16>, allow: Vec<Allowed>) -> Http {
    let policy = AddressPolicy { ports, allow, own: Vec::new() };
    let connect_within = Duration::from_secs(2);
    let door = Door::new(DoorConfig { policy, resolver, connect_within, ..DoorConfig::default() }).unwrap();
    Http::new(door, Duration::from_secs(3))
}

async fn post(http: &Http, url: &str) -> Result<Reply, String> {
    let target = Target::parse(url).map_err(|e| e.to_string())?;
    let request =
        Request { method: "POST", target: &target, trust: Trust::Visitor, fields: &[], body: b"{}" };
    http.send(request).await.map_err(|e| e.to_string())
}

#[tokio::test]
async fn every_vector_of_the_list_is_refused_and_nobody_is_dialled() {
    let (port, came) = trap().await;
    let http = client(None, vec![443, 80, port], Vec::new());
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.127.127.127",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "localhost",
        "LOCALHOST.",
        "localhost.localdomain",
        "foo.localhost",
        "①②⑦.⓪.⓪.①",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "127。0。0。1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[5f00::1]",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "metadata.google.internal",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "0o177.0.0.1",
        "256.256.256.256",
        "1.2.3.4.5",
        "127.0.0.1%00.example.com",
        "127.0.0.1%0d%0aX:1",
        "example.com@127.0.0.1",
        "127.0.0.1@example.com",
        "example.com#@127.0.0.1",
        "example.com\\@127.0.0.1",
        "127.0.0.1\t",
    ] {
        for url in
            [format!("https://{host}/"), format!("https://{host}:{port}/"), format!("http://{host}:{port}/")]
        {
            let said = post(&http, &url).await;
            assert!(said.is_err(), "{url} was answered: {said:?}");
        }
    }
    for url in [
        "http:127.0.0.1/",
        "http:///127.0.0.1/",
        "http:\\\\127.0.0.1/",
        "//127.0.0.1/",
        "ht\ttp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "dict://127.0.0.1/",
        "ftp://127.0.0.1/",
        "unix:/run/x",
        "data:text/plain,x",
        "javascript:alert(1)",
        "jar:http://127.0.0.1/",
        "https://1.1.1.1:0/",
        "https://1.1.1.1:22/",
        "https://1.1.1.1:25/",
        "https://1.1.1.1:6379/",
        "https://1.1.1.1:65536/",
        "http://1.1.1.1/",
    ] {
        assert!(post(&http, url).await.is_err(), "{url}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "nobody was dialled");
}

#[tokio::test]
async fn names_that_lead_inside_are_refused_whatever_else_they_say() {
    let (port, came) = trap().await;
    let public: IpAddr = "192.0.43.8".parse().unwrap();
    let resolver = names(move |name, _| match name {
        "private.example" => Some(vec![Ipv4Addr::LOCALHOST.into()]),
        "six.example" => Some(vec![Ipv6Addr::LOCALHOST.into()]),
        "mapped.example" => Some(vec!["::ffff:127.0.0.1".parse().unwrap()]),
        "mixed.example" => Some(vec![public, Ipv4Addr::LOCALHOST.into()]),
        "metadata.example" => Some(vec!["169.254.169.254".parse().unwrap()]),
        "empty.example" => Some(vec![]),
        "127-0-0-1.wildcard.example" => Some(vec![Ipv4Addr::LOCALHOST.into()]),
        _ => None,
    })
    .await;
    let http = client(Some(resolver), vec![443, port], Vec::new());
    for name in [
        "private.example",
        "six.example",
        "mapped.example",
        "mixed.example",
        "metadata.example",
        "empty.example",
        "nowhere.example",
        "127-0-0-1.wildcard.example",
    ] {
        let said = post(&http, &format!("https://{name}:{port}/")).await.unwrap_err();
        assert!(!said.is_empty() && came.load(Ordering::SeqCst) == 0, "{name}: {said}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_by_the_answer_that_is_dialled() {
    let (port, came) = trap().await;
    // Public when it is first looked at, loopback from then on: the classic rebinding.
    let resolver = names(|_, turn| {
        Some(vec![if turn == 0 { "192.0.43.8".parse().unwrap() } else { Ipv4Addr::LOCALHOST.into() }])
    })
    .await;
    let http = client(Some(resolver), vec![443, port], Vec::new());
    let target = Target::parse(&format!("https://rebind.example:{port}/")).unwrap();
    assert!(http.door().vet_target(&target, Trust::Visitor).is_ok(), "nothing is wrong with the name itself");
    // The first look-up gives the public address, which does not answer here; every later one is refused.
    let _ = post(&http, target.url()).await;
    for _ in 0..5 {
        let said = post(&http, target.url()).await.unwrap_err();
        assert!(said.contains("loopback"), "{said}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "nobody was dialled");
}

#[tokio::test]
async fn the_operators_list_opens_one_host_network_and_port_and_a_redirect_is_an_answer() {
    let (port, came) = trap().await;
    let resolver =
        names(|name, _| (name == "hook.corp.local").then(|| vec![Ipv4Addr::LOCALHOST.into()])).await;
    let allow = vec![Allowed::parse(&format!("hook.corp.local 127.0.0.0/8 {port}")).unwrap()];
    let http = client(Some(resolver), vec![443], allow);
    let said = post(&http, &format!("http://hook.corp.local:{port}/x")).await.unwrap();
    assert_eq!((said.status, came.load(Ordering::SeqCst)), (200, 1));
    for url in [
        format!("http://127.0.0.1:{port}/"),
        "http://hook.corp.local:1/".to_owned(),
        format!("http://other.corp.local:{port}/"),
    ] {
        assert!(post(&http, &url).await.is_err(), "{url}");
    }
    for wrong in
        ["x", "x 10.0.0.0 1", "x 10.0.0.0/33 1", "x 10.0.0.0/8 0", "x 169.254.0.0/16 80", "x 10.0.0.0/8 80 y"]
    {
        assert!(Allowed::parse(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_costs_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (served, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, opened) = (served.clone(), connections.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            let counted = counted.clone();
            tokio::spawn(async move {
                // Each connection serves two requests and is closed then, without a word.
                for _ in 0..2 {
                    let mut buffer = [0; 1024];
                    if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                    counted.fetch_add(1, Ordering::SeqCst);
                    let _ = stream
                        .write_all(
                            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                        )
                        .await;
                }
            });
        }
    });
    let allow = vec![Allowed::parse(&format!("127.0.0.1 127.0.0.1/32 {port}")).unwrap()];
    let http = client(None, vec![443], allow);
    for _ in 0..10 {
        let said = post(&http, &format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!((said.status, said.body.as_slice()), (200, b"ok".as_slice()));
    }
    assert_eq!((served.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (10, 5));
}

#[tokio::test]
async fn errors_never_hold_the_path() {
    let http = client(None, vec![443], Vec::new());
    let target = Target::parse("https://127.0.0.1/services/secret").unwrap();
    let request = Request {
        method: "POST",
        target: &target,
        trust: Trust::Visitor,
        fields: &[("X", "a\r\nb")],
        body: b"",
    };
    let error = http.send(request).await.unwrap_err();
    assert!(
        matches!(error, HttpError::Dial(_))
            && !error.may_have_arrived()
            && !error.to_string().contains("secret")
    );
}

#[tokio::test]
async fn a_body_is_read_as_far_as_it_is_wanted_and_says_whether_it_is_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                let asked = stream.read(&mut buffer).await.unwrap_or_default();
                let is_cut = buffer[..asked].starts_with(b"GET /cut");
                let body = "x".repeat(if is_cut { 100_000 } else { 200_000 });
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    let usual = client(None, vec![port], Vec::new());
    let far = usual.clone().reading(1_000_000);
    let get = async |http: &Http, path: &str| {
        let target = Target::parse(&format!("http://127.0.0.1:{port}{path}")).unwrap();
        let request =
            Request { method: "GET", target: &target, trust: Trust::Operator, fields: &[], body: b"" };
        let reply = http.send(request).await.unwrap();
        (reply.body.len(), reply.whole)
    };
    assert_eq!(get(&usual, "/").await, (64 * 1024, false));
    assert_eq!(get(&far, "/").await, (200_000, true));
    assert_eq!(get(&far, "/cut").await, (100_000, false));
}
