//! The look-ups against a small name server of our own on loopback, over real UDP and TCP.

#![allow(clippy::unwrap_used)]
use std::net::SocketAddr;
use std::sync::Arc;

use amends_egress::sender::Level;
use amends_egress::survey::{Plan, Signature, look};
use amends_egress::{Destination, Door, DoorConfig, Names, Trust};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

type Zone = Vec<(&'static str, RData)>;

fn txt(text: &str) -> RData {
    RData::TXT(TXT::new(
        text.as_bytes().chunks(200).map(|c| String::from_utf8_lossy(c).into_owned()).collect(),
    ))
}

fn answer(zone: &Zone, question: &[u8]) -> Vec<u8> {
    let mut reply = Message::from_vec(question).unwrap().into_response();
    let query = reply.queries[0].clone();
    let here: Vec<_> =
        zone.iter().filter(|(name, _)| Name::from_ascii(name).unwrap() == *query.name()).collect();
    for (_, data) in here.iter().filter(|(_, d)| d.record_type() == query.query_type()) {
        reply.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
    }
    reply.metadata.response_code =
        if query.query_type() == RecordType::TXT && query.name().to_ascii() == "dead.example." {
            ResponseCode::ServFail
        } else if here.is_empty() {
            ResponseCode::NXDomain
        } else {
            ResponseCode::NoError
        };
    reply.to_vec().unwrap()
}

async fn serve(zone: Zone) -> SocketAddr {
    let zone = Arc::new(zone);
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(at).await.unwrap();
    let over_udp = zone.clone();
    tokio::spawn(async move {
        let mut buf = [0u8; 4096];
        while let Ok((n, from)) = udp.recv_from(&mut buf).await {
            let mut reply = answer(&over_udp, &buf[..n]);
            if reply.len() > 1200 {
                reply = Message::from_vec(&reply).unwrap().truncate().to_vec().unwrap();
            }
            udp.send_to(&reply, from).await.unwrap();
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let zone = zone.clone();
            tokio::spawn(async move {
                while let Ok(len) = stream.read_u16().await {
                    let mut question = vec![0; usize::from(len)];
                    stream.read_exact(&mut question).await.unwrap();
                    let reply = answer(&zone, &question);
                    stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
                    stream.write_all(&reply).await.unwrap();
                }
            });
        }
    });
    at
}

fn plan() -> Plan {
    Plan {
        from_domain: "acme.example".into(),
        envelope_domain: "bounce.acme.example".into(),
        signature: Some(Signature {
            selector: "s1".into(),
            domain: "acme.example".into(),
            public_key: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".into(),
        }),
    }
}

#[tokio::test]
async fn a_domain_that_is_set_up_has_nothing_bad() {
    let long = format!("v=spf1 {}include:spf.vendor.example -all", "ip4:192.0.2.1 ".repeat(110));
    let at = serve(vec![
        ("bounce.acme.example.", txt(&long)),
        ("bounce.acme.example.", RData::MX(MX::new(10, Name::from_ascii("mx.acme.example.").unwrap()))),
        ("spf.vendor.example.", txt("v=spf1 ip4:198.51.100.0/24 -all")),
        (
            "s1._domainkey.acme.example.",
            txt("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
        ),
        ("_dmarc.acme.example.", txt("v=DMARC1; p=reject")),
    ])
    .await;
    let found = look(&Names::at(at).unwrap(), &plan()).await;
    assert!(found.iter().all(|f| f.level < Level::Bad), "{found:#?}");
    assert!(
        found.iter().any(|f| f.says.starts_with("SPF of bounce.acme.example: one record, 1 of 10")),
        "{found:#?}"
    );
    assert!(found.iter().any(|f| f.says == "DMARC of acme.example: p=reject."), "{found:#?}");
}

#[tokio::test]
async fn a_domain_that_is_not_set_up_is_told_all_of_it() {
    let at = serve(vec![("acme.example.", RData::A(A::new(192, 0, 2, 1)))]).await;
    let found = look(&Names::at(at).unwrap(), &plan()).await;
    for says in ["has no SPF record", "no DKIM key at", "has no DMARC record", "takes no mail"] {
        assert!(
            found.iter().any(|f| f.level >= Level::Warning && f.says.contains(says)),
            "{says}: {found:#?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_fails_is_not_a_missing_record() {
    let at = serve(vec![]).await;
    let plan = Plan { envelope_domain: "dead.example".into(), ..plan() };
    let found = look(&Names::at(at).unwrap(), &plan).await;
    assert!(found[0].level == Level::Warning && found[0].says.contains("DNS did not answer"), "{found:#?}");
}

/// DNS rebinding, as far as one look-up goes: the address that is vetted is the one that would be dialled.
#[tokio::test]
async fn a_visitors_name_that_leads_inside_is_refused() {
    let at = serve(vec![
        ("inside.example.", RData::A(A::new(10, 0, 0, 1))),
        ("mixed.example.", RData::A(A::new(1, 1, 1, 1))),
        ("mixed.example.", RData::A(A::new(127, 0, 0, 1))),
    ])
    .await;
    let door = Door::new(DoorConfig { resolver: Some(at), ..DoorConfig::default() }).unwrap();
    for host in ["inside.example", "mixed.example", "gone.example"] {
        let to = Destination { host: host.into(), port: 443, trust: Trust::Visitor };
        let said = door.dial(&to).await.unwrap_err().to_string();
        assert!(said.contains("is not dialled"), "{said}");
    }
}
