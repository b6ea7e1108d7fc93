//! The mail client against servers that answer in every way.

#![allow(clippy::unwrap_used)]

mod script;

use std::time::Duration;

use amends_courier::judge::{Verdict, judge};
use amends_courier::smtp::{
    Encryption, End, Login, MailServer, OpenError, Outcome, Parcel, Secret, Session, Stage,
};
use script::{Do, Script, Server, certificate, door, parcel, say};

async fn deliver(session: &mut Session, parcels: Vec<Parcel>) -> (Vec<(usize, Outcome)>, End) {
    let mut parcels = parcels.into_iter().enumerate();
    let mut outcomes = Vec::new();
    let end = session.deliver(|| parcels.next(), None, |n, outcome| outcomes.push((n, outcome))).await;
    (outcomes, end)
}

async fn run(script: Script, count: usize) -> (Vec<Verdict>, End, Server, Vec<(usize, Outcome)>) {
    let server = Server::start(script).await;
    let mut session = Session::open(&door(None), &server.config()).await.unwrap();
    let (mut outcomes, end) = deliver(&mut session, (0..count).map(parcel).collect()).await;
    outcomes.sort_by_key(|(n, _)| *n);
    let verdicts = outcomes.iter().map(|(_, o)| judge(o)).collect();
    (verdicts, end, server, outcomes)
}

#[tokio::test]
async fn a_parcel_leaves_sealed_or_not_at_all() {
    for offers in [&["PIPELINING", "SIZE 10000"][..], NO_PIPELINING] {
        let server = Server::start(Script { offers, ..Script::default() }).await;
        let mut session = Session::open(&door(None), &server.config()).await.unwrap();
        let seal = |n: &usize, _: &Parcel| match n {
            2 => Err("no key".to_owned()),
            n => Ok(format!("Seal: {n}\r\n")),
        };
        let mut parcels = (0..5).map(|n| (n, Parcel { size: 1_000, ..parcel(n) }));
        let mut outcomes = Vec::new();
        let end = session
            .deliver(|| parcels.next(), Some(&seal), |n, outcome| outcomes.push((n, judge(&outcome))))
            .await;
        assert_eq!(end, End::Gone("no key".into()));
        assert_eq!(outcomes, [(0, Verdict::Accepted), (1, Verdict::Accepted), (2, Verdict::ChannelFailure)]);
        drop(session);
        let heard = server.heard();
        assert_eq!(heard.messages.len(), 2);
        for (n, message) in heard.messages.iter().enumerate() {
            assert!(message.starts_with(&format!("Seal: {n}\r\nSubject: {n}\r\n")), "{message}");
        }
        let sizes = heard.lines.iter().filter(|l| l.contains("SIZE=1000")).count();
        assert_eq!(sizes, if offers == NO_PIPELINING { 0 } else { 3 }, "what a seal adds is counted");
    }
}

const NO_PIPELINING: &[&str] = &["8BITMIME"];

#[tokio::test]
async fn consecutive_messages_share_one_connection_and_need_one_round_trip() {
    let (verdicts, end, server, outcomes) = run(Script::default(), 5).await;
    assert_eq!((verdicts, end), (vec![Verdict::Accepted; 5], End::Drained));
    let heard = server.heard();
    assert_eq!(heard.connections, 1);
    assert_eq!(heard.messages.len(), 5);
    assert_eq!(heard.messages[0], String::from_utf8(parcel(0).message).unwrap(), "dots survive");
    assert!(!heard.lines.iter().any(|l| l == "RSET"), "{:?}", heard.lines);
    assert_eq!(
        heard.with_the_dot.len(),
        4 * 3,
        "MAIL, RCPT and DATA of the next came with the end of the last"
    );
    assert!(matches!(&outcomes[0].1, Outcome::Replied(Stage::EndOfData, r) if r.text == "queued"));
}

#[tokio::test]
async fn without_pipelining_every_command_waits_for_its_reply() {
    let script = Script { offers: NO_PIPELINING, ..Script::default() };
    let (verdicts, end, server, _) = run(script, 3).await;
    assert_eq!((verdicts, end), (vec![Verdict::Accepted; 3], End::Drained));
    assert!(server.heard().with_the_dot.is_empty());
}

#[tokio::test]
async fn a_session_is_used_again_for_the_next_batch() {
    let server = Server::start(Script::default()).await;
    let mut session = Session::open(&door(None), &server.config()).await.unwrap();
    for _ in 0..3 {
        let (outcomes, end) = deliver(&mut session, vec![parcel(1)]).await;
        assert_eq!((outcomes.len(), end), (1, End::Drained));
    }
    session.close().await;
    assert_eq!(server.heard().connections, 1);
}

#[tokio::test]
async fn each_recipient_gets_its_own_reply_and_the_others_go_on() {
    for offers in [&["PIPELINING"], NO_PIPELINING] {
        let mut script = Script::rule(|line, _| {
            let refused = [
                ("user1@", "550 5.1.1 no such user"),
                ("user2@", "450 4.2.0 greylisted"),
                ("user3@", "550 rejected: unsigned"),
                ("user5@", "552 5.2.2 full"),
            ];
            refused
                .iter()
                .find(|(who, _)| line.starts_with("RCPT") && line.contains(who))
                .map(|(_, text)| say(text))
        });
        script.offers = offers;
        let (verdicts, end, server, _) = run(script, 7).await;
        use Verdict::*;
        assert_eq!(
            verdicts,
            [Accepted, HardBounce, TryLater, Doubtful, Accepted, Refused, Accepted],
            "{offers:?}"
        );
        assert_eq!(end, End::Drained);
        assert_eq!(server.heard().connections, 1, "{offers:?}");
        assert_eq!(server.heard().messages.len(), 3);
    }
}

#[tokio::test]
async fn every_stage_may_refuse_and_the_session_survives() {
    for offers in [&["PIPELINING"], NO_PIPELINING] {
        for (verb, stage) in [
            ("MAIL", Stage::Sender),
            ("RCPT", Stage::Recipient),
            ("DATA", Stage::Data),
            (".", Stage::EndOfData),
        ] {
            for reply in ["450 4.3.0 later", "550 5.7.1 no", "554 no"] {
                let mut script = Script::rule(move |line, before| {
                    (line.starts_with(verb) && before == 1).then(|| say(reply))
                });
                script.offers = offers;
                let (_, end, server, outcomes) = run(script, 3).await;
                assert_eq!(end, End::Drained, "{verb} {reply}");
                assert_eq!(outcomes.len(), 3);
                assert!(
                    matches!(&outcomes[1].1, Outcome::Replied(s, r) if *s == stage && reply.starts_with(&r.code.to_string())),
                    "{verb} {reply} {:?}",
                    outcomes[1]
                );
                for n in [0, 2] {
                    assert_eq!(
                        judge(&outcomes[n].1),
                        Verdict::Accepted,
                        "{verb} {reply} {:?} {:?}",
                        outcomes,
                        server.heard().lines
                    );
                }
            }
        }
    }
}

/// RFC 2920 §3.1: some servers take DATA although nobody is left to take it for.
#[tokio::test]
async fn data_that_is_taken_after_a_refusal_is_ended_empty() {
    let script = Script::rule(|line, before| match line {
        _ if line.starts_with("RCPT") && line.contains("user1@") => Some(say("550 5.1.1 no such user")),
        "DATA" if before == 1 => Some(say("354 go on")),
        "." if before == 1 => Some(say("554 5.5.1 no valid recipients")),
        _ => None,
    });
    let (verdicts, _, server, _) = run(script, 3).await;
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::HardBounce, Verdict::Accepted]);
    assert_eq!(server.heard().messages[1].trim(), "", "nobody's message went out");
}

#[tokio::test]
async fn a_cut_before_the_end_is_not_sent_and_after_it_is_unknown() {
    for verb in ["MAIL", "RCPT", "DATA"] {
        let script =
            Script::rule(move |line, before| (line.starts_with(verb) && before == 1).then_some(Do::Cut));
        let (verdicts, end, ..) = run(script, 4).await;
        assert_eq!(verdicts, [Verdict::Accepted, Verdict::NotSent], "{verb}: the others were not fetched");
        assert!(matches!(end, End::Gone(_)));
    }
    let script = Script::rule(|line, before| (line == "." && before == 1).then_some(Do::Cut));
    let (verdicts, end, ..) = run(script, 4).await;
    assert_eq!(
        verdicts,
        [Verdict::Accepted, Verdict::Unknown, Verdict::NotSent],
        "the third was fetched ahead"
    );
    assert!(matches!(end, End::Gone(_)));
}

#[tokio::test]
async fn a_server_that_wants_us_to_go_is_left() {
    for verb in ["MAIL", "RCPT", "DATA", "."] {
        let script = Script::rule(move |line, before| {
            (line.starts_with(verb) && before == 1).then(|| say("421 4.4.2 bye"))
        });
        let (verdicts, end, ..) = run(script, 4).await;
        assert!(
            verdicts.len() <= 3 && verdicts[1..].iter().all(|v| *v == Verdict::NotSent),
            "{verb}: {verdicts:?}"
        );
        assert!(matches!(end, End::Gone(why) if why.contains("bye")));
    }
}

#[tokio::test]
async fn stalls_and_endless_replies_run_into_a_limit() {
    for (verb, what, expected) in [
        ("RCPT", Do::Stall, Verdict::NotSent),
        ("RCPT", Do::Endless, Verdict::NotSent),
        ("RCPT", say("HTTP/1.1 400 Bad Request"), Verdict::NotSent),
        (".", Do::Stall, Verdict::Unknown),
        (".", Do::Endless, Verdict::Unknown),
    ] {
        let action = what.clone();
        let server =
            Server::start(Script::rule(move |line, _| line.starts_with(verb).then(|| action.clone()))).await;
        let mut config = server.config();
        config.patience.reply = Duration::from_millis(300);
        config.patience.end_of_data = Duration::from_millis(300);
        let mut session = Session::open(&door(None), &config).await.unwrap();
        let (outcomes, end) = deliver(&mut session, vec![parcel(0)]).await;
        assert_eq!(judge(&outcomes[0].1), expected, "{verb} {what:?}");
        assert!(matches!(end, End::Gone(_)));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_and_the_rest_goes() {
    let server = Server::start(Script { offers: &["PIPELINING", "SIZE 200"], ..Script::default() }).await;
    let mut session = Session::open(&door(None), &server.config()).await.unwrap();
    let odd = |to: &str| Parcel { to: to.into(), ..parcel(9) };
    let large = Parcel { message: vec![b'x'; 300], size: 300, ..parcel(9) };
    let parcels =
        vec![odd("jürgen@example.net"), parcel(1), odd("a@b>\r\nRCPT TO:<c@d"), large, parcel(2), odd("")];
    let (mut outcomes, end) = deliver(&mut session, parcels).await;
    outcomes.sort_by_key(|(n, _)| *n);
    use Verdict::*;
    let verdicts: Vec<_> = outcomes.iter().map(|(_, o)| judge(o)).collect();
    assert_eq!((verdicts, end), (vec![Refused, Accepted, Refused, Refused, Accepted, Refused], End::Drained));
    assert_eq!(server.heard().messages.len(), 2);
}

#[tokio::test]
async fn extensions_are_used_when_offered_and_only_then() {
    let offers = &["PIPELINING", "DSN", "SMTPUTF8", "SIZE 10000"];
    let (_, _, server, _) = run(Script { offers, ..Script::default() }, 1).await;
    let lines = server.heard().lines;
    let size = parcel(0).message.len();
    assert!(
        lines.contains(&format!("MAIL FROM:<status@acme.example> SIZE={size} RET=HDRS ENVID=delivery0")),
        "{lines:?}"
    );
    assert!(
        lines.contains(
            &"RCPT TO:<user0@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;user0@example.net".into()
        ),
        "{lines:?}"
    );
    let (_, _, server, _) = run(Script::default(), 1).await;
    assert!(server.heard().lines.contains(&"RCPT TO:<user0@example.net>".into()));

    let server = Server::start(Script { offers, ..Script::default() }).await;
    let mut session = Session::open(&door(None), &server.config()).await.unwrap();
    let (outcomes, _) =
        deliver(&mut session, vec![Parcel { to: "jürgen@example.net".into(), ..parcel(1) }]).await;
    assert_eq!(judge(&outcomes[0].1), Verdict::Accepted);
    assert!(server.heard().lines.iter().any(|l| l.contains("SMTPUTF8")), "{:?}", server.heard().lines);
}

#[tokio::test]
async fn starttls_is_used_and_what_was_said_before_it_is_forgotten() {
    let (acceptor, pem) = certificate();
    let server = Server::start(Script { tls: Some(acceptor), ..Script::default() }).await;
    let config = MailServer { encryption: Encryption::Always, host: "localhost".into(), ..server.config() };
    let e = Session::open(&door(None), &config).await.err().unwrap();
    assert!(e.to_string().contains("not from an authority"), "{e}");

    let mut session = Session::open(&door(Some(pem)), &config).await.unwrap();
    assert!(session.is_secure());
    let (outcomes, _) = deliver(&mut session, vec![parcel(0), parcel(1)]).await;
    assert!(outcomes.iter().all(|(_, o)| judge(o) == Verdict::Accepted));
    let hellos = server.heard().lines.iter().filter(|l| l.starts_with("EHLO")).count();
    assert_eq!(hellos, 3, "greeted again after the change");
}

#[tokio::test]
async fn starttls_that_is_required_is_not_skipped() {
    let server = Server::start(Script::default()).await;
    let config = MailServer { encryption: Encryption::Always, ..server.config() };
    let e = Session::open(&door(None), &config).await.err().unwrap();
    assert!(e.to_string().contains("does not offer STARTTLS"), "{e}");

    // Words sent ahead of the handshake would pass for encrypted ones.
    let server = Server::start(Script {
        tls: Some(certificate().0),
        ..Script::rule(|line, _| (line == "STARTTLS").then(|| say("220 go on\r\n250 injected")))
    })
    .await;
    let config = MailServer { encryption: Encryption::Always, ..server.config() };
    let e = Session::open(&door(None), &config).await.err().unwrap();
    assert!(e.to_string().contains("more than its answer"), "{e}");
}

fn login() -> Option<Login> {
    Some(Login { user: "ada".into(), password: Secret::new("hunter2") })
}

#[tokio::test]
async fn plain_and_login_both_work() {
    for (offers, last) in
        [(&["AUTH PLAIN LOGIN"], "AUTH PLAIN AGFkYQBodW50ZXIy"), (&["AUTH LOGIN"], "aHVudGVyMg==")]
    {
        let script = Script::rule(|line, _| match line {
            "AUTH LOGIN" | "YWRh" => Some(say("334 VXNlcm5hbWU6")),
            "aHVudGVyMg==" | "AUTH PLAIN AGFkYQBodW50ZXIy" => Some(say("235 2.7.0 ok")),
            _ => None,
        });
        let server = Server::start(Script { offers, ..script }).await;
        let config = MailServer { login: login(), ..server.config() };
        Session::open(&door(None), &config).await.unwrap();
        assert_eq!(server.heard().lines.last().unwrap(), last);
    }
}

#[tokio::test]
async fn a_refused_login_is_told_without_the_password() {
    let script = Script::rule(|line, _| {
        line.starts_with("AUTH").then(|| say(&format!("535 5.7.8 no: {line} hunter2 aHVudGVyMg==")))
    });
    let server = Server::start(Script { offers: &["AUTH PLAIN"], ..script }).await;
    let e =
        Session::open(&door(None), &MailServer { login: login(), ..server.config() }).await.err().unwrap();
    let said = format!("{e} {e:?}");
    assert!(matches!(e, OpenError::Refused { stage: Stage::Login, .. }), "{said}");
    for secret in ["hunter2", "aHVudGVyMg==", "AGFkYQBodW50ZXIy"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_want_to_talk_is_told_in_plain_words() {
    for (script, words) in [
        (
            Script { greeting: say("554 5.3.2 no service"), ..Script::default() },
            "refused the connection: 554 5.3.2 no service",
        ),
        (Script { greeting: Do::Cut, ..Script::default() }, "the server closed the connection"),
        (Script { greeting: say("SSH-2.0-OpenSSH_9"), ..Script::default() }, "it does not speak SMTP"),
        (Script { greeting: Do::Endless, ..Script::default() }, "does not end"),
        (
            Script { offers: &[], ..Script::rule(|l, _| l.starts_with("EHLO").then(|| say("550 5.7.1 no"))) },
            "refused our greeting",
        ),
    ] {
        let server = Server::start(script).await;
        let e = Session::open(&door(None), &server.config()).await.err().unwrap();
        assert!(e.to_string().contains(words), "{e}");
    }
    let old = Script::rule(|line, _| line.starts_with("EHLO").then(|| say("502 what?")));
    let (verdicts, ..) = run(old, 2).await;
    assert_eq!(verdicts, [Verdict::Accepted; 2], "HELO is enough");
}
