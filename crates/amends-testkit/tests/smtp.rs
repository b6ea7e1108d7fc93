//! The mail sink against a client that speaks SMTP by hand.
#![allow(clippy::disallowed_methods, reason = "the client of this test opens its own sockets")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use amends_testkit::smtp::{Behaviour, Options, Sink, Step};

const SOON: Duration = Duration::from_secs(10);

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(sink: &Sink) -> Self {
        let stream = TcpStream::connect(sink.address()).expect("connects");
        stream.set_read_timeout(Some(SOON)).expect("set");
        Self(BufReader::new(stream))
    }

    /// The last line of a reply; empty at the end of the connection.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("reads");
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    fn say(&mut self, text: &str) -> String {
        self.send(text);
        self.reply()
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(format!("{text}\r\n").as_bytes()).expect("writes");
    }

    fn open(sink: &Sink) -> Self {
        let mut client = Self::connect(sink);
        assert!(client.reply().starts_with("220"));
        assert!(client.say("EHLO client.test").starts_with("250 "));
        client
    }

    fn message(&mut self, to: &str) -> String {
        assert!(self.say("MAIL FROM:<a@x.test> BODY=8BITMIME").starts_with('2'));
        assert!(self.say(&format!("RCPT TO:<{to}>")).starts_with('2'));
        assert!(self.say("DATA").starts_with('3'));
        self.say("Subject: =?utf-8?q?Caf=C3=A9?=\r\nX-Long: one\r\n two\r\n\r\nHello\r\n..dot\r\n.")
    }
}

#[test]
fn what_is_sent_is_kept_and_connections_are_counted() {
    let sink = Sink::start();
    let mut client = Client::open(&sink);
    assert!(client.message("b@x.test").starts_with("250"));
    assert!(client.message("c@x.test").starts_with("250"));
    let kept = sink.wait(2, SOON);
    assert_eq!(kept[0].from, "a@x.test");
    assert_eq!(kept[0].from_parameters, "BODY=8BITMIME");
    assert_eq!(kept[0].hello, "client.test");
    assert_eq!(kept[1].recipients, ["c@x.test"]);
    assert_eq!((kept[0].connection, kept[1].connection), (1, 1));
    assert_eq!(kept[0].subject(), "Café");
    assert_eq!(kept[0].header("x-long").as_deref(), Some("one two"));
    assert_eq!(kept[0].text(), "Hello\r\n.dot\r\n");
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let sink = Sink::start();
    let mut client = Client::open(&sink);
    client.send("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<c@x.test>\r\nDATA");
    let codes: Vec<String> = (0..4).map(|_| client.reply()[..3].to_owned()).collect();
    assert_eq!(codes, ["250", "250", "250", "354"]);
    assert!(client.say("Subject: x\r\n\r\n.").starts_with("250"));
    assert_eq!(sink.messages()[0].recipients, ["b@x.test", "c@x.test"]);
}

#[test]
fn each_behaviour_does_what_it_says_and_can_be_switched() {
    let sink = Sink::start();
    let mut client = Client::open(&sink);

    sink.behave(Behaviour::RefuseMessage("550 5.7.1 rejected: unsigned".into()));
    assert_eq!(client.message("b@x.test"), "550 5.7.1 rejected: unsigned");
    assert!(sink.messages().is_empty());
    assert_eq!(sink.attempts().len(), 1);

    sink.behave(Behaviour::RefuseRecipients(
        BTreeSet::from(["no@x.test".into()]),
        "550 5.1.1 no such user".into(),
    ));
    assert!(client.say("MAIL FROM:<a@x.test>").starts_with('2'));
    assert_eq!(client.say("RCPT TO:<no@x.test>"), "550 5.1.1 no such user");
    assert!(client.say("RCPT TO:<yes@x.test>").starts_with('2'));

    sink.behave(Behaviour::RefuseSender("451 4.3.0 later".into()));
    assert_eq!(client.say("MAIL FROM:<a@x.test>"), "451 4.3.0 later");

    sink.behave(Behaviour::RefuseConnection("554 5.3.2 closed".into()));
    let mut refused = Client::connect(&sink);
    assert_eq!((refused.reply(), refused.reply()), ("554 5.3.2 closed".into(), String::new()));

    sink.behave(Behaviour::Gone);
    assert_eq!(TcpStream::connect(sink.address()).expect_err("refused").kind(), ErrorKind::ConnectionRefused);
    assert_eq!(client.reply(), "", "the open connection is closed");

    sink.behave(Behaviour::Accept);
    assert!(Client::open(&sink).message("b@x.test").starts_with("250"));
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_cut_leaves_no_accepted_message() {
    let sink = Sink::start();
    sink.behave(Behaviour::CutInData(10));
    assert_eq!(Client::open(&sink).message("b@x.test"), "");
    assert!(sink.attempts().is_empty());
    sink.behave(Behaviour::CutBeforeReply);
    assert_eq!(Client::open(&sink).message("b@x.test"), "");
    assert_eq!((sink.attempts().len(), sink.messages().len()), (1, 0));
}

#[test]
fn a_stalled_session_goes_on_when_told() {
    let sink = Sink::start();
    sink.behave(Behaviour::Stall(Step::Connected));
    let mut client = Client::connect(&sink);
    client.0.get_ref().set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    let stalled = client.0.read_line(&mut String::new()).expect_err("no greeting");
    assert!(matches!(stalled.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    client.0.get_ref().set_read_timeout(Some(SOON)).expect("set");
    sink.behave(Behaviour::Accept);
    assert!(client.reply().starts_with("220"));
}

#[test]
fn credentials_are_checked() {
    let credentials = Some(("user".to_owned(), "secret".to_owned()));
    let sink = Sink::with(Options { credentials, ..Options::default() });
    let mut client = Client::open(&sink);
    assert!(client.say("MAIL FROM:<a@x.test>").starts_with("530"));
    assert!(client.say("AUTH PLAIN AHVzZXIAd3Jvbmc=").starts_with("535"));
    assert!(client.say("AUTH PLAIN AHVzZXIAc2VjcmV0").starts_with("235"));
    assert!(client.message("b@x.test").starts_with("250"));
    let mut client = Client::open(&sink);
    assert_eq!(client.say("AUTH LOGIN"), "334 VXNlcm5hbWU6");
    assert_eq!(client.say("dXNlcg=="), "334 UGFzc3dvcmQ6");
    assert!(client.say("c2VjcmV0").starts_with("235"));
}
