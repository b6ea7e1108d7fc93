//! What every channel must do, one table for all of them: each answer means accepted, later, or refused; a time-out, a cut
//! connection and an answer without end are answers too; no secret is ever in what is kept; text is cut at character borders;
//! the same message has the same body and id on every attempt; and who has left gets nothing.

#![allow(clippy::unwrap_used)]

mod receiver;
mod script;

use std::sync::Arc;
use std::time::{Duration, Instant};

use amends_courier::channel::{
    Alphabet, Discord, Errand, Feeds, Gateway, KINDS, Lease, Messenger, Said, Slack, Sms, SmsRules, Teams,
    Template, Twilio, Webhook, Webpush, Websub, sms_size,
};
use amends_courier::judge::Verdict::{self, *};
use amends_courier::message::{Content, Intent};
use amends_courier::smtp::Secret;
use amends_egress::Http;
use amends_model::Channel;
use receiver::{Receiver, errand, http, links, now, update};

const SHORT: Duration = Duration::from_millis(700);

/// What sends, given where its gateway is.
type Makes = Box<dyn Fn(&str) -> Arc<dyn Messenger>>;

/// A channel as it is tried: what sends, given where to, and the address that is written to.
struct Tried {
    name: &'static str,
    messenger: Makes,
    address: fn(&str) -> String,
}

impl Tried {
    /// One whose subscribers have a server of their own.
    fn theirs(name: &'static str, messenger: Arc<dyn Messenger>) -> Self {
        Self { name, messenger: Box::new(move |_| messenger.clone()), address: str::to_owned }
    }

    /// One that goes through a gateway of ours.
    fn ours(name: &'static str, http: &Http, gateway: fn(&str) -> Gateway, replies: bool) -> Self {
        let http = http.clone();
        let rules =
            SmsRules { countries: vec!["+49".into()], codes_per_day: 9, per_number: 9, in_all: 9, replies };
        let messenger = move |url: &str| {
            Arc::new(Sms::new(http.clone(), gateway(url), rules.clone())) as Arc<dyn Messenger>
        };
        Self { name, messenger: Box::new(messenger), address: |_| "+4915123456789".into() }
    }
}

fn twilio(url: &str) -> Gateway {
    Gateway::Twilio(Twilio {
        base: url.into(),
        account: "AC0123456789".into(),
        token: Secret::new("Xyzzy0123456789Plugh"),
        from: "+15005550006".into(),
        report_to: Some("https://status.acme.example/hooks/sms/twilio/status/".into()),
    })
}

fn template(url: &str) -> Gateway {
    let sign = if url.contains('?') { '&' } else { '?' };
    Gateway::Template(Template {
        url: Secret::new(format!(
            "{url}{sign}password=Xyzzy0123456789Plugh&to={{to}}&text={{text}}&coding={{coding}}"
        )),
        body: None,
        headers: vec![("Authorization".into(), Secret::new("Bearer Xyzzy0123456789Plugh"))],
        from: "Acme".into(),
        report_to: None,
    })
}

/// Every channel but mail. A new one is a line here.
fn channels(http: &Http) -> Vec<Tried> {
    vec![
        Tried::theirs("webhook", Arc::new(Webhook::new(http.clone(), links()))),
        Tried::theirs("slack", Arc::new(Slack::new(http.clone()))),
        Tried::theirs("teams", Arc::new(Teams::new(http.clone()))),
        Tried::theirs("discord", Arc::new(Discord::new(http.clone()))),
        Tried {
            address: |url| format!("{url}#{KEYS}"),
            ..Tried::theirs(
                "webpush",
                Arc::new(Webpush::new(http.clone(), links(), "mailto:ops@acme.example".into())),
            )
        },
        Tried {
            address: |url| format!("{url}#/history.atom"),
            ..Tried::theirs("websub", Arc::new(Websub::new(http.clone(), feeds())))
        },
        Tried::ours("sms by twilio", http, twilio, true),
        Tried::ours("sms by template", http, template, false),
    ]
}

/// The browser of the example in RFC 8291, whose secret key everybody knows.
const KEYS: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4.BTBZMqHH6r4Tts7J_aSIgg";

fn feeds() -> Feeds {
    Arc::new(|path, _| {
        Box::pin(async move { Some(("application/atom+xml".into(), format!("<feed>{path}</feed>").into())) })
    })
}

/// What a program's subscription knows besides its address.
fn leased(mut errand: Errand, until: jiff::Timestamp) -> Errand {
    if let Some(endpoint) = &mut errand.endpoint {
        endpoint.details =
            serde_json::to_string(&Lease { secret: "Xyzzy0123456789Plugh".into(), until }).unwrap();
    }
    errand
}

async fn say(tried: &Tried, address: &str) -> Said {
    let messenger = (tried.messenger)(address);
    let errand = errand(&*messenger, &(tried.address)(address), update(1, "We are looking into it."));
    let errand = leased(errand, now() + jiff::SignedDuration::from_hours(1));
    let body = errand.body(&links());
    messenger.send(&errand, &body, now()).await
}

#[test]
fn every_channel_is_tried_here_or_is_mail() {
    let door = amends_egress::Door::new(amends_egress::DoorConfig::default()).unwrap();
    let tried = channels(&Http::new(door, SHORT));
    for kind in KINDS {
        let is_tried = tried.iter().any(|t| (t.messenger)("https://x.example").channel() == kind.channel);
        assert!(is_tried || kind.channel == Channel::Email, "{}", kind.channel);
    }
}

/// What each status means to everybody; where a channel has its own end of the line, its column says so.
const TABLE: &[(u16, Verdict)] = &[
    (200, Accepted),
    (201, Accepted),
    (202, Accepted),
    (204, Accepted),
    (301, Refused),
    (302, Refused),
    (307, Refused),
    (308, Refused),
    (400, Refused),
    (405, Refused),
    (408, TryLater),
    (410, HardBounce),
    (413, Refused),
    (415, Refused),
    (422, Refused),
    (425, TryLater),
    (429, TryLater),
    (500, TryLater),
    (502, TryLater),
    (503, TryLater),
    (504, TryLater),
    (599, TryLater),
];

/// What 401, 403 and 404 mean.
fn login(channel: Channel, status: u16) -> Verdict {
    match channel {
        // Our own gateway: nothing about the number.
        Channel::Sms => ChannelFailure,
        _ if gone(channel).contains(&status) => HardBounce,
        _ => Refused,
    }
}

fn gone(channel: Channel) -> &'static [u16] {
    match channel {
        Channel::Slack => &[403, 404],
        Channel::Teams => &[404],
        Channel::Discord => &[401, 403, 404],
        Channel::Webpush => &[404],
        _ => &[],
    }
}

#[tokio::test]
async fn every_status_is_accepted_later_or_refused() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, Duration::from_secs(5));
    for tried in channels(&http) {
        let channel = (tried.messenger)("https://x.example").channel();
        for (status, verdict) in TABLE {
            let said = say(&tried, &receiver.url(&format!("/status/{status}"))).await;
            assert_eq!(said.verdict, *verdict, "{channel} {status}: {}", said.words);
            assert!(
                said.answered && said.words.starts_with(&format!("HTTP {status}")),
                "{channel}: {}",
                said.words
            );
        }
        for status in [401, 403, 404] {
            let said = say(&tried, &receiver.url(&format!("/status/{status}"))).await;
            assert_eq!(said.verdict, login(channel, status), "{} {status}", tried.name);
        }
    }
    assert!(receiver.connections() <= 16, "connections are kept: {}", receiver.connections());
}

#[tokio::test]
async fn a_server_may_ask_for_time() {
    let receiver = Receiver::start().await;
    receiver.script("/busy", &["HTTP/1.1 429 Slow\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n"]);
    for tried in channels(&http(&receiver, SHORT)) {
        let said = say(&tried, &receiver.url("/busy")).await;
        assert_eq!((said.verdict, said.after.map(|a| a.as_secs())), (TryLater, Some(77)), "{}", tried.name);
    }
}

#[tokio::test]
async fn hostile_answers_end_in_time_and_are_answers() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, SHORT);
    for tried in channels(&http) {
        let channel = tried.name;
        for (path, verdict, within) in [
            ("/cut", Unknown, SHORT),
            ("/cut-in-head", Unknown, SHORT),
            ("/stall", Unknown, SHORT),
            ("/slow-head", Unknown, SHORT),
            ("/endless-head", Unknown, SHORT),
            ("/not-http", Unknown, SHORT),
            ("/nothing", Unknown, SHORT),
            ("/switch", Unknown, SHORT),
            ("/endless-body", Accepted, SHORT),
            ("/endless-chunks", TryLater, SHORT),
            ("/gzip-bomb", Accepted, SHORT),
            ("/interim", Accepted, SHORT),
            ("/redirect", Refused, SHORT),
        ] {
            let began = Instant::now();
            let said = say(&tried, &receiver.url(path)).await;
            assert_eq!(said.verdict, verdict, "{channel} {path}: {}", said.words);
            assert!(
                began.elapsed() < within + Duration::from_secs(3),
                "{channel} {path} took {:?}",
                began.elapsed()
            );
            assert!(
                said.words.chars().count() < 400 && !said.words.contains("latest/meta-data"),
                "{}",
                said.words
            );
        }
        let nobody = say(&tried, &format!("http://127.0.0.1:{}/x", closed_port())).await;
        assert!(matches!(nobody.verdict, TryLater | Refused), "{channel}: {}", nobody.words);
    }
}

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn no_secret_is_in_what_is_kept() {
    let receiver = Receiver::start().await;
    let key = "Xyzzy0123456789Plugh";
    for tried in channels(&http(&receiver, SHORT)) {
        for path in ["echo", "stall", "cut", "not-http", "endless-head", "status/500"] {
            let said = say(&tried, &receiver.url(&format!("/{path}/{key}?token={key}"))).await;
            let channel = tried.name;
            assert!(!said.words.contains(key), "{channel} {path}: {}", said.words);
            for own in ["whsec_", "v1,"] {
                let leaked = said.words.find(own).is_some_and(|at| said.words[at..].len() > 24);
                assert!(!leaked, "{channel} {path}: {}", said.words);
            }
        }
    }
}

#[tokio::test]
async fn the_same_message_is_the_same_on_every_attempt() {
    let receiver = Receiver::start().await;
    for tried in channels(&http(&receiver, SHORT)) {
        let before = receiver.posts().len();
        say(&tried, &receiver.url("/status/500")).await;
        say(&tried, &receiver.url("/status/500")).await;
        let posts = receiver.posts();
        let [a, b] = &posts[before..] else { panic!("two posts") };
        assert_eq!((&a.path, &a.raw), (&b.path, &b.raw), "{}", tried.name);
        if tried.name == "webhook" {
            assert!(a.field("webhook-id").is_some_and(|id| id.starts_with("msg_")));
            assert_eq!(a.field("webhook-id"), b.field("webhook-id"), "the idempotency key");
        }
    }
}

#[tokio::test]
async fn long_and_odd_text_is_cut_at_character_borders_and_limits_hold() {
    let receiver = Receiver::start().await;
    let texts = [
        "日本語".repeat(9_000),
        "😀👨\u{200d}👩\u{200d}👧".repeat(4_000),
        "<&>@everyone *_`".repeat(3_000),
        String::new(),
    ];
    for tried in channels(&http(&receiver, SHORT)) {
        let messenger = (tried.messenger)(&receiver.url("/ok"));
        for text in &texts {
            let errand = errand(&*messenger, &(tried.address)(&receiver.url("/ok")), update(1, text));
            let body = errand.body(&links());
            assert!(!body.contains('\u{fffd}'), "{}", tried.name);
            if messenger.channel() == Channel::Sms {
                let (alphabet, segments) = sms_size(&body);
                let most = if tried.name == "sms by twilio" { 1 } else { 2 };
                assert!(segments <= most && alphabet == Alphabet::Gsm, "{}: {body}", tried.name);
                assert!(
                    body.contains("https://status.acme.example/incidents/in00000hook1 "),
                    "the link is kept: {body}"
                );
                continue;
            }
            if messenger.channel() == Channel::Websub {
                // What is sent is the feed itself.
                continue;
            }
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            let channel = messenger.channel();
            match channel {
                Channel::Slack => {
                    let blocks = json["blocks"].as_array().unwrap();
                    assert!(blocks.len() <= 50);
                    for block in blocks {
                        let text = block.pointer("/text/text").and_then(|t| t.as_str()).unwrap_or_default();
                        let most = if block["type"] == "header" { 150 } else { 3_000 };
                        assert!(text.chars().count() <= most && !text.contains("<!"), "{channel}");
                        assert!(
                            block["type"] == "header" || !text.contains('<'),
                            "nothing is a link or mention: {text:.80}"
                        );
                    }
                }
                Channel::Webpush => assert!(body.len() <= 3_993, "{channel}: {}", body.len()),
                Channel::Teams => assert!(body.len() <= 28 * 1024, "{channel}: {}", body.len()),
                Channel::Discord => {
                    let embed = &json["embeds"][0];
                    let length = |at: &str| {
                        embed.pointer(at).and_then(|t| t.as_str()).unwrap_or_default().encode_utf16().count()
                    };
                    assert!(length("/title") <= 256 && length("/description") <= 4_096);
                    let all = ["/title", "/description", "/footer/text", "/author/name"].map(length);
                    assert!(all.iter().sum::<usize>() <= 6_000, "{all:?}");
                    assert_eq!(json["allowed_mentions"], serde_json::json!({"parse": []}));
                }
                _ => assert_eq!(json["incident"]["incident_updates"][0]["body"].as_str().unwrap(), text),
            }
        }
    }
}

#[tokio::test]
async fn every_message_has_the_recipients_own_link_to_stop() {
    let receiver = Receiver::start().await;
    for tried in channels(&http(&receiver, SHORT)) {
        if tried.name == "websub" {
            // Programs leave at the hub, which every message names.
            say(&tried, &receiver.url("/ok")).await;
            let post = receiver.posts().pop().unwrap();
            assert!(post.field("Link").unwrap().contains("/hub>; rel=\"hub\""));
            continue;
        }
        let messenger = (tried.messenger)(&receiver.url("/ok"));
        let errand = errand(&*messenger, &(tried.address)(&receiver.url("/ok")), update(1, "Text."));
        let token = links().subscriber_token(errand.delivery.subscriber_id.as_ref().unwrap());
        let body = errand.body(&links());
        // Where an answer is heard, a word is enough.
        let word = tried.name == "sms by twilio" && body.ends_with(" STOP to end");
        let link = body.contains(&format!("https://status.acme.example/m/{token}"));
        assert!(word || link, "{}: {body}", tried.name);
        assert!(!body.contains(['\u{e000}', '\u{e001}']), "no place is left empty");
    }
}

/// Where the libraries of others are: the harness says so.
fn python(library: &str) -> Option<String> {
    let python = std::env::var("AMENDS_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = std::process::Command::new(&python).args(["-c", &format!("import {library}")]).output();
    let there = there.is_ok_and(|o| o.status.success());
    if !there {
        println!("SKIPPED: PyPI {library} is not installed, so nobody else has looked at what we send");
    }
    there.then_some(python)
}

/// Another implementation opens what we sealed, and takes our signature: PyPI's http_ece, and cryptography's ECDSA.
#[tokio::test]
async fn anothers_library_opens_what_is_pushed_and_takes_the_signature() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, SHORT);
    let tried = channels(&http).into_iter().find(|t| t.name == "webpush").unwrap();
    assert_eq!(say(&tried, &receiver.url("/status/201")).await.verdict, Accepted);
    let post = receiver.posts().pop().unwrap();
    for (name, value) in [
        ("TTL", "86400"),
        ("Urgency", "high"),
        ("Content-Encoding", "aes128gcm"),
        ("Topic", "incident-in00000hook1"),
    ] {
        assert_eq!(post.field(name), Some(value), "{name}");
    }
    assert!(!post.body.contains("Some daily emails"), "nobody in between reads it");
    let Some(python) = python("http_ece") else { return };
    let code = "import sys, json, base64\nimport http_ece\nfrom cryptography.hazmat.primitives.asymmetric import ec, utils\n\
                from cryptography.hazmat.primitives import hashes\n\
                b = lambda t: base64.urlsafe_b64decode(t + '=' * (-len(t) % 4))\n\
                key = ec.derive_private_key(int.from_bytes(b('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94'), 'big'), ec.SECP256R1())\n\
                text = http_ece.decrypt(bytes.fromhex(sys.argv[1]), private_key=key, auth_secret=b('BTBZMqHH6r4Tts7J_aSIgg'), version='aes128gcm')\n\
                t, k = sys.argv[2].removeprefix('vapid t=').split(', k=')\nhead, claims, sig = t.split('.')\ns = b(sig)\n\
                der = utils.encode_dss_signature(int.from_bytes(s[:32], 'big'), int.from_bytes(s[32:], 'big'))\n\
                ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b(k)).verify(der, (head + '.' + claims).encode(), ec.ECDSA(hashes.SHA256()))\n\
                print(json.loads(text)['title']); print(json.loads(b(claims))['aud'])";
    let hex: String = post.raw.iter().map(|b| format!("{b:02x}")).collect();
    let out = std::process::Command::new(python)
        .args(["-c", code, &hex, post.field("Authorization").unwrap()])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        said.contains("Some daily emails are not being sent") && said.contains(&receiver.url("")),
        "{said}"
    );
}

/// A program is asked whether the wish is its own, and gets the feed signed until its lease is over.
#[tokio::test]
async fn programs_confirm_their_wish_and_get_the_feed_signed() {
    let receiver = Receiver::start().await;
    let websub = Websub::new(http(&receiver, SHORT), feeds());
    let wish = |ends| {
        Content::Intent(Intent {
            subscriber_id: "x".into(),
            ends,
            lease_seconds: 864_000,
            secret: "s".into(),
            at: now(),
        })
    };
    let at = |path: &str| format!("{}#/history.atom", receiver.url(path));
    let asked = errand(&websub, &at("/cb?id=1"), wish(false));
    let challenge = asked.delivery.id.to_string();
    for (said, verdict) in [
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{challenge}", challenge.len()), Accepted),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".into(), Refused),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".into(), Refused),
        ("HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n".into(), Refused),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n".into(), TryLater),
    ] {
        receiver.script("/cb", &[&said]);
        assert_eq!(websub.send(&asked, "", now()).await.verdict, verdict, "{said}");
    }
    let get = receiver.posts().pop().unwrap();
    for part in [
        "GET /cb?id=1&",
        "hub.mode=subscribe",
        "hub.topic=https%3A%2F%2Fstatus.acme.example%2Fhistory.atom",
        "hub.lease_seconds=864000",
        &challenge,
    ] {
        assert!(get.head.contains(part), "{part}: {}", get.head);
    }
    let errand = errand(&websub, &at("/feed"), update(1, "Text."));
    let lapsed = websub.send(&leased(errand.clone(), now()), "", now()).await;
    assert_eq!(lapsed.verdict, HardBounce, "{}", lapsed.words);
    let sent = websub.send(&leased(errand, now() + jiff::SignedDuration::from_secs(60)), "", now()).await;
    assert_eq!(sent.verdict, Accepted);
    let post = receiver.posts().pop().unwrap();
    assert_eq!(
        (post.body.as_str(), post.field("Content-Type")),
        ("<feed>/history.atom</feed>", Some("application/atom+xml"))
    );
    assert!(post.field("X-Hub-Signature").unwrap().starts_with("sha256="));
    assert!(post.field("Link").unwrap().contains("<https://status.acme.example/history.atom>; rel=\"self\""));
}

/// What Twilio says beyond its status, and what goes to it.
#[tokio::test]
async fn twilios_answers_are_read_and_its_form_is_right() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, SHORT);
    let tried = Tried::ours("sms", &http, twilio, true);
    let path = |name: &str| format!("/{name}/2010-04-01/Accounts/AC0123456789/Messages.json");
    for (name, status, body, verdict) in [
        (
            "ok",
            "201 Created",
            r#"{"sid":"SM1","status":"queued","error_code":null,"num_segments":"1"}"#,
            Accepted,
        ),
        (
            "out",
            "400 Bad",
            r#"{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}"#,
            HardBounce,
        ),
        ("none", "400 Bad", r#"{"code":21211,"message":"Invalid 'To' Phone Number"}"#, HardBounce),
        (
            "region",
            "400 Bad",
            r#"{"code":21408,"message":"Permission to send an SMS has not been enabled"}"#,
            Refused,
        ),
        ("login", "401 No", r#"{"code":20003,"message":"Authenticate"}"#, ChannelFailure),
        ("busy", "429 Slow", r#"{"code":20429,"message":"Too Many Requests"}"#, TryLater),
        (
            "late",
            "201 Created",
            r#"{"sid":"SM1","status":"failed","error_code":30005,"error_message":"Unknown"}"#,
            HardBounce,
        ),
    ] {
        receiver.script(
            &path(name),
            &[&format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())],
        );
        let said = say(&tried, &receiver.url(&format!("/{name}"))).await;
        assert_eq!(said.verdict, verdict, "{name}: {}", said.words);
        assert!(!said.words.contains('{'), "{}", said.words);
    }
    let post = receiver.posts().remove(0);
    assert!(post.field("Authorization").unwrap().starts_with("Basic "));
    for part in [
        "To=%2B4915123456789",
        "From=%2B15005550006",
        "StatusCallback=https%3A%2F%2F",
        "&Body=Acme+Status%3A+Some",
    ] {
        assert!(post.body.contains(part), "{part}: {}", post.body);
    }
    let said = {
        let messenger = (tried.messenger)(&receiver.url("/ok"));
        let errand = errand(&*messenger, "+99912345678", update(1, "Text."));
        messenger.send(&errand, "Text.", now()).await
    };
    assert_eq!(said.verdict, Refused, "a country that is not allowed: {}", said.words);
}

/// Slack's own library reads our blocks and finds nothing wrong with them: PyPI's slack_sdk, when it is installed.
#[tokio::test]
async fn slacks_own_library_takes_our_blocks() {
    let Some(python) = python("slack_sdk") else { return };
    let receiver = Receiver::start().await;
    let slack = Slack::new(http(&receiver, SHORT));
    let code = "import json, sys\nfrom slack_sdk.models.blocks import Block\n\
                d = json.loads(sys.argv[1])\nbs = Block.parse_all(d['blocks'])\n\
                assert len(bs) == len(d['blocks'])\nfor b in bs:\n    b.validate_json()\n";
    for text in ["Short.".to_owned(), "<&> ".repeat(4_000), "日本語 😀 ".repeat(2_000)] {
        let errand = errand(&slack, &receiver.url("/ok"), update(1, &text));
        let out =
            std::process::Command::new(&python).args(["-c", code, &errand.body(&links())]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

/// Zulip takes what is written for Slack, at its own address, and shows the same: a title, what is said, a link.
#[tokio::test]
async fn zulip_takes_what_is_written_for_slack() {
    let receiver = Receiver::start().await;
    let slack = Slack::new(http(&receiver, SHORT));
    let at = receiver.url("/zulip/api/v1/external/slack_incoming?api_key=abcdefgh&stream=status&topic=acme");
    assert_eq!(slack.destination(&at), receiver.url(""), "one breaker for a server of one's own");
    for text in [
        "We are **looking** into it.\n\n- mails\n- links",
        "<&> *stars* _and_ more",
        &"日本語 😀 ".repeat(2_000),
        "",
    ] {
        let errand = errand(&slack, &at, update(1, text));
        let said = slack.send(&errand, &errand.body(&links()), now()).await;
        assert_eq!(said.verdict, Accepted, "{}", said.words);
        let message = receiver::zulip::read(&receiver.posts().pop().unwrap()).unwrap();
        assert_eq!(message.topic, "acme");
        let content = &message.content;
        assert!(content.starts_with("## Some daily emails are not being sent\n\n"), "{content}");
        assert!(content.contains("](https://status.acme.example/incidents/in00000hook1)"), "{content}");
        assert!(content.contains("**") && content.contains("Investigating"), "{content}");
        assert!(content.contains("[Change or stop](https://status.acme.example/m/"), "{content}");
        assert!(!content.contains("<http"), "no link is left as Slack writes it: {content}");
    }
    // What Zulip would not understand, it says; that is an answer like any other.
    let errand = errand(&slack, &at, update(1, "Text."));
    let said = slack.send(&errand, r#"{"blocks":[{"type":"carousel"}]}"#, now()).await;
    assert!(said.verdict == Refused && said.words.contains("carousel"), "{}", said.words);
    assert!(!said.words.contains("abcdefgh"), "{}", said.words);
}

/// Mail goes through the same table in its own words.
#[tokio::test]
async fn mail_passes_the_same_table() {
    use amends_courier::judge::judge;
    use amends_courier::smtp::Session;
    use script::{Do, Script, Server, door, parcel, say};
    let rows: &[(&str, Option<Do>, &[Verdict])] = &[
        ("taken", None, &[Accepted]),
        ("later", Some(say("451 4.7.1 later")), &[TryLater]),
        ("no such address", Some(say("550 5.1.1 nobody")), &[HardBounce]),
        ("full", Some(say("552 5.2.2 full")), &[Refused]),
        ("unsigned", Some(say("550 5.7.1 unsigned")), &[SenderRejected]),
        ("cut", Some(Do::Cut), &[Unknown, NotSent]),
        ("time-out", Some(Do::Stall), &[Unknown, NotSent]),
        ("endless", Some(Do::Endless), &[Unknown, NotSent]),
    ];
    for (name, what, verdicts) in rows {
        let what = what.clone();
        let server =
            Server::start(Script::rule(move |line, _| if line == "." { what.clone() } else { None })).await;
        let mut session = Session::open(&door(None), &server.config()).await.unwrap();
        let (mut to_send, mut said) = (Some(parcel(1)), Vec::new());
        session
            .deliver(|| to_send.take().map(|p| ((), p)), None, |(), outcome| said.push(judge(&outcome)))
            .await;
        assert_eq!(said.len(), 1, "{name}: each is answered exactly once");
        assert!(verdicts.contains(&said[0]), "{name}: {said:?}");
    }
}
