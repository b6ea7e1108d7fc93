//! What every channel must do, one table for all of them: each answer means accepted, later, or refused; a time-out, a cut
//! connection and an answer without end are answers too; no secret is ever in what is kept; text is cut at character borders;
//! the same message has the same body and id on every attempt; and who has left gets nothing.

#![allow(clippy::unwrap_used)]

mod receiver;
mod script;

use std::sync::Arc;
use std::time::{Duration, Instant};

use amends_courier::channel::{Discord, KINDS, Messenger, Said, Slack, Teams, Webhook};
use amends_courier::judge::Verdict::{self, *};
use amends_egress::Http;
use amends_model::Channel;
use receiver::{Receiver, errand, http, links, now, update};

const SHORT: Duration = Duration::from_millis(700);

/// Every channel whose messages go to the subscriber's own server. A new channel is a line here.
fn messengers(http: &Http) -> Vec<Arc<dyn Messenger>> {
    vec![
        Arc::new(Webhook::new(http.clone(), links())),
        Arc::new(Slack::new(http.clone())),
        Arc::new(Teams::new(http.clone())),
        Arc::new(Discord::new(http.clone())),
    ]
}

async fn say(messenger: &dyn Messenger, address: &str) -> Said {
    let errand = errand(messenger, address, update(1, "We are looking into it."));
    let body = errand.body(&links());
    messenger.send(&errand, &body, now()).await
}

#[test]
fn every_channel_is_tried_here_or_is_mail() {
    let door = amends_egress::Door::new(amends_egress::DoorConfig::default()).unwrap();
    let tried = messengers(&Http::new(door, SHORT));
    for kind in KINDS {
        let is_tried = tried.iter().any(|m| m.channel() == kind.channel);
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

fn gone(channel: Channel) -> &'static [u16] {
    match channel {
        Channel::Slack => &[403, 404],
        Channel::Teams => &[404],
        Channel::Discord => &[401, 403, 404],
        _ => &[],
    }
}

#[tokio::test]
async fn every_status_is_accepted_later_or_refused() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, Duration::from_secs(5));
    for messenger in messengers(&http) {
        let channel = messenger.channel();
        for (status, verdict) in TABLE {
            let said = say(&*messenger, &receiver.url(&format!("/status/{status}"))).await;
            assert_eq!(said.verdict, *verdict, "{channel} {status}: {}", said.words);
            assert!(
                said.answered && said.words.starts_with(&format!("HTTP {status}")),
                "{channel}: {}",
                said.words
            );
        }
        for status in [401, 403, 404] {
            let said = say(&*messenger, &receiver.url(&format!("/status/{status}"))).await;
            let verdict = if gone(channel).contains(&status) { HardBounce } else { Refused };
            assert_eq!(said.verdict, verdict, "{channel} {status}");
        }
    }
    assert!(receiver.connections() <= 9, "connections are kept: {}", receiver.connections());
}

#[tokio::test]
async fn a_server_may_ask_for_time() {
    let receiver = Receiver::start().await;
    receiver.script("/busy", &["HTTP/1.1 429 Slow\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n"]);
    receiver
        .script("/busy?wait=true", &["HTTP/1.1 429 Slow\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n"]);
    for messenger in messengers(&http(&receiver, SHORT)) {
        let said = say(&*messenger, &receiver.url("/busy")).await;
        assert_eq!(
            (said.verdict, said.after.map(|a| a.as_secs())),
            (TryLater, Some(77)),
            "{}",
            messenger.channel()
        );
    }
}

#[tokio::test]
async fn hostile_answers_end_in_time_and_are_answers() {
    let receiver = Receiver::start().await;
    let http = http(&receiver, SHORT);
    for messenger in messengers(&http) {
        let channel = messenger.channel();
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
            let said = say(&*messenger, &receiver.url(path)).await;
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
        let nobody = say(&*messenger, &format!("http://127.0.0.1:{}/x", closed_port())).await;
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
    for messenger in messengers(&http(&receiver, SHORT)) {
        for path in ["echo", "stall", "cut", "not-http", "endless-head", "status/500"] {
            let said = say(&*messenger, &receiver.url(&format!("/{path}/{key}?token={key}"))).await;
            let channel = messenger.channel();
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
    for messenger in messengers(&http(&receiver, SHORT)) {
        let before = receiver.posts().len();
        say(&*messenger, &receiver.url("/status/500")).await;
        say(&*messenger, &receiver.url("/status/500")).await;
        let posts = receiver.posts();
        let [a, b] = &posts[before..] else { panic!("two posts") };
        assert_eq!(a.body, b.body, "{}", messenger.channel());
        if messenger.channel() == Channel::Webhook {
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
    for messenger in messengers(&http(&receiver, SHORT)) {
        for text in &texts {
            let errand = errand(&*messenger, &receiver.url("/ok"), update(1, text));
            let body = errand.body(&links());
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
            assert!(!body.contains('\u{fffd}'), "{channel}");
        }
    }
}

#[tokio::test]
async fn every_message_has_the_recipients_own_link_to_stop() {
    let receiver = Receiver::start().await;
    for messenger in messengers(&http(&receiver, SHORT)) {
        let errand = errand(&*messenger, &receiver.url("/ok"), update(1, "Text."));
        let token = links().subscriber_token(errand.delivery.subscriber_id.as_ref().unwrap());
        let body = errand.body(&links());
        assert!(body.contains(&format!("https://status.acme.example/m/{token}")), "{}", messenger.channel());
        assert!(!body.contains(['\u{e000}', '\u{e001}']), "no place is left empty");
    }
}

/// Slack's own library reads our blocks and finds nothing wrong with them: PyPI's slack_sdk, when it is installed.
#[tokio::test]
async fn slacks_own_library_takes_our_blocks() {
    let there = std::process::Command::new("python3").args(["-c", "import slack_sdk"]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        println!("SKIPPED: PyPI slack_sdk is not installed, so nobody else has read our blocks");
        return;
    }
    let receiver = Receiver::start().await;
    let slack = Slack::new(http(&receiver, SHORT));
    let code = "import json, sys\nfrom slack_sdk.models.blocks import Block\n\
                d = json.loads(sys.argv[1])\nbs = Block.parse_all(d['blocks'])\n\
                assert len(bs) == len(d['blocks'])\nfor b in bs:\n    b.validate_json()\n";
    for text in ["Short.".to_owned(), "<&> ".repeat(4_000), "日本語 😀 ".repeat(2_000)] {
        let errand = errand(&slack, &receiver.url("/ok"), update(1, &text));
        let out = std::process::Command::new("python3")
            .args(["-c", code, &errand.body(&links())])
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
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
        session.deliver(|| to_send.take().map(|p| ((), p)), |(), outcome| said.push(judge(&outcome))).await;
        assert_eq!(said.len(), 1, "{name}: each is answered exactly once");
        assert!(verdicts.contains(&said[0]), "{name}: {said:?}");
    }
}
