//! Every kind of mail as a whole, and what hostile text can do to it.

#![allow(clippy::unwrap_used)]

use amends_courier::message::*;
use amends_model::{ComponentStatus, Impact};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mail_parser::MessageParser;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn head() -> Letterhead {
    Letterhead {
        page_name: "Acme".into(),
        page_url: "https://status.acme.example".into(),
        page_id: "pg00000acme0".into(),
        from_name: None,
        from_address: "status@acme.example".into(),
        reply_to: Some("help@acme.example".into()),
        bounces_to: Some("b@bounce.acme.example".into()),
        unsubscribe_by_mail: Some("unsub@acme.example".into()),
        zone: TimeZone::UTC,
        language: "en".into(),
    }
}

fn reader() -> Recipient {
    Recipient {
        address: "ada@example.net".into(),
        delivery_id: "dl0000000ada".into(),
        manage_url: "https://status.acme.example/s/TOKEN-ada".into(),
        unsubscribe_url: "https://status.acme.example/u/TOKEN-ada".into(),
        token: "TOKEN-ada".into(),
    }
}

fn components() -> Vec<Listed> {
    vec![
        Listed {
            id: "cp00000mail0".into(),
            name: "Sending - Daily emails".into(),
            status: ComponentStatus::PartialOutage,
        },
        Listed {
            id: "cp000000api0".into(),
            name: "API".into(),
            status: ComponentStatus::DegradedPerformance,
        },
    ]
}

fn update() -> Update {
    Update {
        incident_id: "in00000mail1".into(),
        update_id: "up0000000001".into(),
        title: "Some daily emails are not being sent".into(),
        url: "https://status.acme.example/incidents/in00000mail1".into(),
        phase: "Identified".into(),
        impact: Impact::Major,
        resolved: false,
        text: "About 500 emails of today were **refused** by our mail provider.\n\nWe have found the reason and are \
               verifying our domain again. Nothing is lost: every email is kept and will go out.\n\n- Do not send again.\n\
               - See [our guide](https://acme.example/help?a=1&b=2)."
            .into(),
        components: components(),
        at: at("2026-11-20T15:20:00Z"),
        next_update_at: Some(at("2026-11-20T15:40:00Z")),
    }
}

fn kinds() -> Vec<(&'static str, Content)> {
    let maintenance = MaintenanceNews {
        maintenance_id: "mt00000db001".into(),
        update_id: "up0000000009".into(),
        title: "Database upgrade".into(),
        url: "https://status.acme.example/maintenances/mt00000db001".into(),
        state: "Scheduled".into(),
        reminder: false,
        text: "Sign-in will be read-only for a few minutes.".into(),
        components: vec![Listed {
            id: "cp000000api0".into(),
            name: "API".into(),
            status: ComponentStatus::UnderMaintenance,
        }],
        from: at("2026-11-21T22:00:00Z"),
        until: at("2026-11-21T23:30:00Z"),
        at: at("2026-11-20T10:00:00Z"),
    };
    let valid_until = at("2026-11-22T15:20:00Z");
    vec![
        ("update", Content::Update(update())),
        (
            "resolved",
            Content::Update(Update {
                phase: "Resolved".into(),
                resolved: true,
                text: "All emails have gone out.".into(),
                components: vec![],
                ..update()
            }),
        ),
        ("maintenance", Content::Maintenance(maintenance.clone())),
        (
            "reminder",
            Content::Maintenance(MaintenanceNews {
                reminder: true,
                text: String::new(),
                until: at("2026-11-22T01:00:00Z"),
                ..maintenance
            }),
        ),
        (
            "letter",
            Content::Letter(Letter {
                incident_id: "in00000mail1".into(),
                postmortem_id: "pm0000000001".into(),
                incident_title: "Some daily emails are not being sent".into(),
                title: "What happened to Friday's emails".into(),
                url: "https://status.acme.example/incidents/in00000mail1#letter".into(),
                text: "## Regret\n\nWe are sorry.\n\n## Reason\n\n> unsigned\n\n| when | what |\n|---|--:|\n| 15:00 | 500 |\n\n## Remedy\n\n1. A canary."
                    .into(),
                components: components(),
                at: at("2026-11-23T09:00:00Z"),
            }),
        ),
        (
            "confirm",
            Content::Confirm(Confirm {
                subscriber_id: "sb0000000ada".into(),
                components: vec!["API".into(), "Sending - Daily emails".into()],
                url: "https://status.acme.example/s/TOKEN".into(),
                valid_until,
                subscribed_already: false,
                endpoint: None,
                code: None,
            }),
        ),
        (
            "subscribed_already",
            Content::Confirm(Confirm {
                subscriber_id: "sb0000000ada".into(),
                components: vec![],
                url: "https://status.acme.example/m/TOKEN".into(),
                valid_until,
                subscribed_already: true,
                endpoint: None,
                code: None,
            }),
        ),
        (
            "action",
            Content::Action(ActionDue {
                action_id: "ac0000000001".into(),
                title: "Send a canary before every batch".into(),
                incident_title: "Some daily emails are not being sent".into(),
                url: "https://status.acme.example/app/actions/ac0000000001".into(),
                due: "18 Nov 2026".into(),
                days_overdue: 2,
            }),
        ),
        (
            "alarm",
            Content::Alarm(Alarm {
                about: "email".into(),
                alarm_id: "al0000000001".into(),
                title: "312 messages are held: the mail server does not accept mail from us".into(),
                text: "It said: `550 rejected: unsigned`.\n\nNothing is lost. They go out when it is mended.".into(),
                url: "https://status.acme.example/app/subscribers".into(),
                at: at("2026-11-20T15:01:00Z"),
            }),
        ),
        (
            "sign_in",
            Content::SignIn(SignIn {
                link_id: "ln0000000001".into(),
                name: "Ada".into(),
                url: "https://status.acme.example/app/sign-in/TOKEN".into(),
                valid_until,
            }),
        ),
        (
            "invitation",
            Content::Invitation(Invitation {
                link_id: "ln0000000002".into(),
                invited_by: "Grace".into(),
                role: "communicator".into(),
                url: "https://status.acme.example/app/join/TOKEN".into(),
                valid_until,
            }),
        ),
    ]
}

const DATE: &str = "2026-11-20T15:20:01Z";

fn message(content: &Content) -> Vec<u8> {
    compose(&head(), content).to(&reader(), at(DATE))
}

#[test]
fn every_kind_as_it_goes_over_the_wire() {
    for (name, content) in kinds() {
        let raw = String::from_utf8(message(&content)).unwrap();
        insta::assert_snapshot!(format!("{name}_raw"), raw.replace("\r\n", "\n"));
        insta::assert_snapshot!(format!("{name}_text"), compose(&head(), &content).preview().text);
    }
}

#[test]
fn every_message_is_well_formed() {
    for (name, content) in kinds() {
        let raw = message(&content);
        assert!(raw.is_ascii(), "{name}");
        let text = std::str::from_utf8(&raw).unwrap();
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{name}: only CRLF");
        assert!(text.split("\r\n").all(|l| l.len() <= 200), "{name}: no long line");
        let parsed = MessageParser::default().parse(&raw).unwrap();
        let preview = compose(&head(), &content).preview();
        assert_eq!(parsed.subject().unwrap(), preview.subject, "{name}");
        let own = |part: &str, place: &str| {
            part.replace("\r\n", "\n")
                .replace(&reader().manage_url, place)
                .replace(&reader().unsubscribe_url, place)
        };
        let page = "https://status.acme.example";
        let opened = open(&raw);
        assert_eq!(
            own(&opened.text, page).trim_end(),
            preview.text.trim_end(),
            "{name}: the viewer reads it back"
        );
        assert_eq!(own(&opened.html, page).trim_end(), preview.html.trim_end(), "{name}");
        assert!(opened.headers.iter().any(|(n, v)| n == "To" && v == "ada@example.net"));
        assert_eq!(
            own(&parsed.body_text(0).unwrap(), page).trim_end(),
            preview.text.trim_end(),
            "{name}: what was shown is what goes"
        );
        assert_eq!(
            own(&parsed.body_html(0).unwrap(), page).trim_end(),
            preview.html.trim_end(),
            "{name}: what was shown is what goes"
        );
    }
}

#[test]
fn the_viewer_shows_nothing_of_what_was_not_built_here() {
    for odd in [
        &b""[..],
        b"x",
        b"A: b\r\n\r\nbody",
        b"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n",
        b"\xff\xfe\r\n\r\n=",
    ] {
        let opened = open(odd);
        assert_eq!((opened.text.as_str(), opened.html.as_str()), ("", ""), "{odd:?}");
    }
}

#[test]
fn a_content_survives_being_stored() {
    for (name, content) in kinds() {
        let json = serde_json::to_string(&content).unwrap();
        let back: Content = serde_json::from_str(&json).unwrap();
        assert_eq!(message(&back), message(&content), "{name}: the same bytes on every attempt");
    }
}

fn headers(raw: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ")
        .split("\r\n")
        .map(|l| {
            l.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap_or_else(|| panic!("{l:?}"))
        })
        .collect()
}

fn header(raw: &[u8], name: &str) -> Option<String> {
    let found: Vec<_> = headers(raw).into_iter().filter(|(n, _)| n == name).collect();
    assert!(found.len() <= 1, "{name} twice");
    found.into_iter().next().map(|(_, v)| v)
}

#[test]
fn broadcasts_carry_the_headers_of_a_list_and_letters_to_one_do_not() {
    for (name, content) in kinds() {
        let raw = message(&content);
        let broadcast = matches!(content, Content::Update(_) | Content::Maintenance(_) | Content::Letter(_));
        for list in ["List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence", "Feedback-ID"] {
            assert_eq!(header(&raw, list).is_some(), broadcast, "{name}: {list}");
        }
        assert_eq!(header(&raw, "Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(header(&raw, "To").as_deref(), Some("ada@example.net"));
    }
    let raw = message(&Content::Update(update()));
    let is = |name: &str, value: &str| assert_eq!(header(&raw, name).as_deref(), Some(value));
    is("From", "Acme Status <status@acme.example>");
    is("Subject", "[Acme Status] Some daily emails are not being sent");
    is("Message-ID", "<uup0000000001.dl0000000ada@acme.example>");
    is("In-Reply-To", "<incident-in00000mail1@acme.example>");
    is("References", "<incident-in00000mail1@acme.example>");
    is("List-Id", "Acme Status <status.acme.example>");
    is(
        "List-Unsubscribe",
        "<https://status.acme.example/u/TOKEN-ada>, <mailto:unsub+TOKEN-ada@acme.example>",
    );
    is("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    is("Feedback-ID", "in00000mail1:cp00000mail0:pg00000acme0:amends");
    is("X-Auto-Response-Suppress", "OOF, AutoReply");
    is("Date", "Fri, 20 Nov 2026 15:20:01 +0000");
    assert_eq!(head().envelope_sender("dl1"), "b-dl1@bounce.acme.example");
}

#[test]
fn all_mails_of_one_incident_have_one_subject_and_one_root() {
    let of = |content: &Content| {
        let raw = message(content);
        (header(&raw, "Subject").unwrap(), header(&raw, "References").unwrap())
    };
    let kinds = kinds();
    let find = |name: &str| of(&kinds.iter().find(|(n, _)| *n == name).unwrap().1);
    assert_eq!(find("update"), find("resolved"));
    assert_eq!(find("update"), find("letter"));
    assert_eq!(find("maintenance"), find("reminder"));
    assert_ne!(find("update"), find("maintenance"));
}

/// Story: somebody types what he likes into every field that ends up in a mail.
#[test]
fn hostile_text_changes_no_header_and_no_markup() {
    let hostile = [
        "x\r\nBcc: victim@example.net\r\n\r\n<script>alert(1)</script>",
        "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{0}\u{7}\u{1b}[31m",
        "=?utf-8?Q?=0D=0ABcc:_victim@example.net?=",
        "\u{e000}\u{e001} </title></style><img src=x onerror=alert(1)>",
        "'\"><a href=\"javascript:alert(1)\">click</a>",
        "a\nb\rc\u{2028}d\u{2029}e\u{85}f",
        ".\r\n.\r\nQUIT\r\n",
        &"long ".repeat(5000),
        &"ü\u{301}".repeat(3000),
    ];
    let clean = message(&Content::Update(update()));
    let names: Vec<_> = headers(&clean).into_iter().map(|(n, _)| n).collect();
    for text in hostile {
        let u = update();
        let fields: Vec<Content> = vec![
            Content::Update(Update { title: text.into(), ..u.clone() }),
            Content::Update(Update { text: text.into(), ..u.clone() }),
            Content::Update(Update { phase: text.into(), ..u.clone() }),
            Content::Update(Update { url: text.into(), ..u.clone() }),
            Content::Update(Update { incident_id: text.into(), update_id: text.into(), ..u.clone() }),
            Content::Update(Update {
                components: vec![Listed {
                    id: text.into(),
                    name: text.into(),
                    status: ComponentStatus::MajorOutage,
                }],
                ..u.clone()
            }),
        ];
        let heads = [
            head(),
            Letterhead {
                page_name: text.into(),
                page_url: text.into(),
                language: text.into(),
                page_id: text.into(),
                ..head()
            },
            Letterhead { from_name: Some(text.into()), ..head() },
        ];
        for (n, content) in fields.iter().enumerate() {
            for head in &heads {
                let recipient = Recipient { token: text.into(), unsubscribe_url: text.into(), ..reader() };
                for recipient in [reader(), recipient] {
                    let draft = compose(head, content);
                    let raw = draft.to(&recipient, at(DATE));
                    let found: Vec<_> = headers(&raw).into_iter().map(|(n, _)| n).collect();
                    let expected: Vec<_> = names
                        .iter()
                        .filter(|n| found.contains(n) || !n.starts_with("List-Unsubscribe"))
                        .cloned()
                        .collect();
                    assert_eq!(found, expected, "{n} {text:?}");
                    assert!(raw.is_ascii() && !raw.windows(3).any(|w| w == b"\n.\r"), "{n} {text:?}");
                    let parsed = MessageParser::default().parse(&raw).unwrap();
                    assert_eq!(parsed.parts.len(), 3, "{n} {text:?}: two parts and their frame");
                    let subject = parsed.subject().unwrap();
                    assert!(!subject.chars().any(amends_model::text::is_deceptive), "{subject:?}");
                    let html = parsed.body_html(0).unwrap();
                    for bad in
                        ["<script", "<img", "onerror=alert(1)>\"", "href=\"javascript", "</title></style>"]
                    {
                        assert!(!html.contains(bad), "{n} {text:?}: {bad}");
                    }
                    assert_eq!(html.matches("</style>").count(), 1);
                    for part in [html, parsed.body_text(0).unwrap()] {
                        let odd = part.chars().find(|c| amends_model::text::is_deceptive(*c) && *c != '\r');
                        assert_eq!(odd, None, "{n} {text:?}");
                    }
                }
            }
        }
    }
}
