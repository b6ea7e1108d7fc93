//! Subscribers with a server or chat room of their own: from the form on the page to what is posted, on both engines. What
//! servers answer is the courier's own test.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::component::{EditComponent, NewComponent};
use amends_app::incident::{ComponentInput, Declare, PublishUpdate};
use amends_app::subscriber::{AddSubscriber, Explained, SmsPost, Subscribe, SubscriberFilter};
use amends_app::{App, AppError, Caller, Paging};
use amends_courier::channel::{
    Boxed, Budget, Errand, Messenger, Notice, Postmaster, Said, SmsRules, Viewer, statuspage_body,
};
use amends_courier::feedback::SmsDesk;
use amends_courier::judge::Verdict;
use amends_courier::smtp::Secret;
use amends_courier::{Courier, Dispatch, MailSettings, Turn};
use amends_model::*;
use amends_testkit::stores::{Fresh, each};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const URL: &str = "https://status.marrowby.example";

/// Takes everything, and keeps it.
struct Taker {
    channel: Channel,
    taken: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Messenger for Taker {
    fn channel(&self) -> Channel {
        self.channel
    }
    fn destination(&self, address: &str) -> String {
        address.to_owned()
    }
    fn body(&self, notice: &Notice) -> String {
        match self.channel {
            Channel::Webhook => statuspage_body(notice),
            _ => format!("{{\"text\": \"{} \u{e000}\"}}", links_in(&notice.stored.content)),
        }
    }
    fn budget(&self) -> Option<Budget> {
        (self.channel == Channel::Sms).then_some(Budget { per_address: 4, in_all: 1_000 })
    }
    fn send<'a>(&'a self, errand: &'a Errand, body: &'a str, _: Timestamp) -> Boxed<'a, Said> {
        let body = serde_json::from_str(body).unwrap();
        self.taken.lock().unwrap().push((errand.delivery.address.clone(), body));
        Box::pin(async { Said::new(Verdict::Accepted, "HTTP 204") })
    }
}

fn links_in(content: &amends_courier::message::Content) -> String {
    match content {
        amends_courier::message::Content::Confirm(c) => c.code.clone().unwrap_or_else(|| c.url.clone()),
        _ => String::new(),
    }
}

struct Company {
    app: App,
    clock: Arc<AtomicI64>,
    taken: Arc<Mutex<Vec<(String, Value)>>>,
    fresh: Fresh,
}

impl Company {
    async fn each() -> Vec<Company> {
        let mut companies = Vec::new();
        for fresh in each().await {
            let clock = Arc::new(AtomicI64::new(0));
            let ticking = clock.clone();
            let app = support::app_with(
                &fresh,
                Arc::new(move || support::now() + SignedDuration::from_secs(ticking.load(Ordering::SeqCst))),
            );
            app.set_mail(MailSettings { public_url: URL.into(), ..MailSettings::default() });
            let admin = Caller::system("test");
            app.create_page(&admin, "Marrowby", "Europe/Berlin").await.unwrap();
            for name in ["Daily emails", "Web app"] {
                let new = NewComponent { name: name.into(), ..NewComponent::default() };
                app.add_component(&admin, new).await.unwrap();
            }
            companies.push(Company { app, clock, taken: Arc::default(), fresh });
        }
        companies
    }

    fn later(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60, Ordering::SeqCst);
    }

    async fn ask(&self, channel: Channel, address: &str, owner: Option<&str>) -> Result<(), AppError> {
        let (address, owner) = (address.into(), owner.map(str::to_owned));
        let wish = Subscribe { channel: Some(channel), address, owner, ..Default::default() };
        self.app.subscribe(wish).await.map(drop)
    }

    /// Every mail, oldest first: recipient and text.
    async fn mails(&self) -> Vec<(String, String)> {
        let (app, admin) = (&self.app, Caller::system("test"));
        let postmaster = Arc::new(Postmaster::new(app.mail().clone(), app.links().await.unwrap(), None));
        let viewer = Arc::new(Viewer::new(app.store().clone(), app.clock(), postmaster));
        let (store, settings) = (app.store().clone(), app.mail().clone());
        let courier = Courier::new(store, viewer, settings, app.clock(), app.random_source());
        let (_keep, stop) = tokio::sync::watch::channel(false);
        while courier.turn(&stop).await.unwrap() == Turn::More {}
        let mut out = Vec::new();
        let all = Paging { limit: Some(200), cursor: None };
        for mail in app.mailbox(&admin, None, &all).await.unwrap().items {
            let opened = app.mailbox_mail(&admin, mail.number).await.unwrap();
            out.push((mail.recipient, opened.text.replace('\n', " ")));
        }
        out.reverse();
        out
    }

    /// What was posted on a channel since the last time.
    async fn posted(&self, channel: Channel) -> Vec<(String, Value)> {
        let app = &self.app;
        let links = app.links().await.unwrap();
        let taker = Taker { channel, taken: self.taken.clone() };
        let (store, settings) = (app.store().clone(), app.mail().clone());
        let dispatch =
            Dispatch::new(store, Arc::new(taker), links, settings, app.clock(), app.random_source());
        Arc::new(dispatch).work_off().await;
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    async fn incident(&self) -> Incident {
        let components =
            vec![ComponentInput { component: "Daily emails".into(), status: ComponentStatus::PartialOutage }];
        let input = Declare {
            title: "Some daily emails are not being sent".into(),
            components,
            visibility: Some(Visibility::Public),
            message: Some("We are looking into it.".into()),
            ..Declare::default()
        };
        self.app.declare(&Caller::system("test"), input).await.unwrap()
    }
}

fn token(text: &str, path: &str) -> String {
    let at = text.find(path).unwrap_or_else(|| panic!("no {path} in {text}")) + path.len();
    text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

const HOOK: &str = "https://hooks.example.com/status";

#[tokio::test]
async fn a_webhook_is_confirmed_by_its_owner_gets_statuspages_body_and_leaves() {
    for c in Company::each().await {
        c.ask(Channel::Webhook, HOOK, Some("Ada@Example.com")).await.unwrap();
        let mails = c.mails().await;
        assert_eq!((mails.len(), mails[0].0.as_str()), (1, "ada@example.com"));
        assert!(mails[0].1.contains(HOOK), "{}", mails[0].1);
        assert!(c.posted(Channel::Webhook).await.is_empty(), "nothing before it is confirmed");

        let own = c.app.confirm_subscription(&token(&mails[0].1, "/s/")).await.unwrap();
        let secret = own.secret.clone().unwrap();
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        let twice = c.app.confirm_subscription(&token(&mails[0].1, "/s/")).await.unwrap();
        assert_eq!(twice.secret, None, "shown once");

        c.later(1);
        let incident = c.incident().await;
        let posts = c.posted(Channel::Webhook).await;
        let kinds: Vec<_> = posts.iter().map(|(_, b)| b.get("incident").is_some()).collect();
        assert_eq!(
            (kinds.len(), kinds.iter().filter(|k| **k).count()),
            (2, 1),
            "the incident and its component: {posts:?}"
        );
        for (address, body) in &posts {
            assert_eq!(address, HOOK);
            assert_eq!(body["meta"]["unsubscribe"], format!("{URL}/m/{}", own.token));
            assert!(body["meta"]["generated_at"].as_str().unwrap().ends_with('Z'));
            assert_eq!(body["page"]["status_indicator"], "minor");
        }
        let told = &posts.iter().find(|(_, b)| b.get("incident").is_some()).unwrap().1["incident"];
        assert_eq!(told["id"], incident.id.as_str());
        assert_eq!(
            (&told["status"], &told["incident_updates"][0]["body"]),
            (&"investigating".into(), &"We are looking into it.".into())
        );
        assert_eq!(told["components"][0]["status"], "partial_outage");
        assert!(told["created_at"].as_str().unwrap().ends_with("+02:00"), "in the page's zone");
        for key in [
            "name",
            "monitoring_at",
            "resolved_at",
            "impact",
            "shortlink",
            "postmortem_ignored",
            "postmortem_body",
            "postmortem_published_at",
            "backfilled",
            "scheduled_for",
            "scheduled_until",
            "impact_override",
            "page_id",
        ] {
            assert!(told.get(key).is_some(), "{key}");
        }
        let changed = &posts.iter().find(|(_, b)| b.get("component").is_some()).unwrap().1;
        assert_eq!(
            (&changed["component_update"]["old_status"], &changed["component_update"]["new_status"]),
            (&"operational".into(), &"partial_outage".into())
        );
        assert_eq!(changed["component"]["name"], "Daily emails");

        c.later(1);
        let update = PublishUpdate {
            phase: Some(Phase::Resolved),
            text: "It is over.".into(),
            components: vec![],
            notify: None,
            next_update_at: None,
            expected_version: None,
        };
        c.app.publish_update(&Caller::system("test"), incident.id.as_str(), update).await.unwrap();
        let posts = c.posted(Channel::Webhook).await;
        let told = &posts.iter().find(|(_, b)| b.get("incident").is_some()).unwrap().1["incident"];
        assert_eq!(
            (&told["status"], told["incident_updates"].as_array().unwrap().len()),
            (&"resolved".into(), 2)
        );

        c.app.unsubscribe(&own.token).await.unwrap();
        c.later(1);
        c.incident().await;
        assert!(c.posted(Channel::Webhook).await.is_empty(), "who has left gets nothing");
    }
}

#[tokio::test]
async fn a_component_changed_by_hand_is_told_to_programs_alone() {
    for c in Company::each().await {
        let admin = Caller::system("test");
        let add =
            |address: &str| AddSubscriber { address: address.into(), confirmed: true, ..Default::default() };
        c.app.add_subscriber(&admin, add(HOOK)).await.unwrap();
        c.app.add_subscriber(&admin, add("ada@example.com")).await.unwrap();
        c.later(1);
        let component = c.app.components(&admin).await.unwrap().remove(0);
        let input =
            EditComponent { status: Some(ComponentStatus::DegradedPerformance), ..EditComponent::default() };
        c.app.edit_component(&admin, &component.id, component.version, input).await.unwrap();
        let posts = c.posted(Channel::Webhook).await;
        assert_eq!(
            (posts.len(), &posts[0].1["component_update"]["new_status"]),
            (1, &"degraded_performance".into())
        );
        assert!(c.mails().await.is_empty());
    }
}

#[tokio::test]
async fn a_chat_room_is_asked_in_the_room_itself() {
    for c in Company::each().await {
        let room = "https://hooks.slack.com/services/T000/B000/abcdefgh";
        c.ask(Channel::Slack, room, None).await.unwrap();
        assert!(c.mails().await.is_empty());
        let posts = c.posted(Channel::Slack).await;
        assert_eq!((posts.len(), posts[0].0.as_str()), (1, room));
        let own =
            c.app.confirm_subscription(&token(posts[0].1["text"].as_str().unwrap(), "/s/")).await.unwrap();
        assert_eq!((own.secret, own.subscriber.channel), (None, Channel::Slack));
        c.later(1);
        c.incident().await;
        assert_eq!(c.posted(Channel::Slack).await.len(), 1);
        assert_eq!(Channel::Slack.shown(room), "hooks.slack.com …efgh", "the rest is the room's key");
    }
}

#[tokio::test]
async fn the_form_refuses_what_may_not_be_posted_to_and_bombs_nobody() {
    for c in Company::each().await {
        for bad in [
            "http://example.com/hook",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://localhost/x",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "https://metadata.google.internal/",
            "https://example.com:22/",
            "https://a@example.com/",
            "ftp://example.com/",
            "https://2130706433/",
            "nonsense",
            "",
        ] {
            let said = c.ask(Channel::Webhook, bad, Some("ada@example.com")).await;
            assert!(matches!(said, Err(AppError::Invalid(_))), "{bad}: {said:?}");
        }
        assert!(c.ask(Channel::Slack, "https://example.com/services/x", None).await.is_err());
        assert!(c.ask(Channel::Webhook, HOOK, None).await.is_err(), "an owner is needed");
        for n in 0..30 {
            c.ask(
                Channel::Webhook,
                &format!("https://victim.example.com/{n}"),
                Some(&format!("a{n}@example.com")),
            )
            .await
            .unwrap();
        }
        assert_eq!(c.mails().await.len(), 20, "so many at one host in a day");
        for n in 0..6 {
            c.ask(Channel::Webhook, &format!("https://h{n}.example.com/"), Some("one@example.com"))
                .await
                .unwrap();
        }
        let to_one = c.mails().await.iter().filter(|m| m.0 == "one@example.com").count();
        assert_eq!(to_one, 3, "so many to one address");
        c.app
            .add_subscriber(
                &Caller::system("test"),
                AddSubscriber {
                    address: HOOK.into(),
                    owner: Some("owner@example.com".into()),
                    confirmed: true,
                    ..Default::default()
                },
            )
            .await
            .unwrap();
        let before = c.mails().await.len();
        c.ask(Channel::Webhook, HOOK, Some("stranger@example.com")).await.unwrap();
        assert_eq!(c.mails().await.len(), before, "a stranger neither bothers the owner nor gets their link");
        c.ask(Channel::Webhook, HOOK, Some("owner@example.com")).await.unwrap();
        assert_eq!(c.mails().await.len(), before + 1);
    }
}

#[tokio::test]
async fn owners_test_renew_and_see_what_came_and_the_team_too() {
    for c in Company::each().await {
        let admin = Caller::system("test");
        let input = AddSubscriber { address: HOOK.into(), confirmed: true, ..Default::default() };
        let added = c.app.add_subscriber(&admin, input).await.unwrap();
        let own = c.app.links().await.unwrap().subscriber_token(&added.id);
        c.app.test_own_endpoint(&own).await.unwrap();
        let posts = c.posted(Channel::Webhook).await;
        assert!(posts[0].1["incident"]["name"].as_str().unwrap().contains("Test"), "{posts:?}");
        let health = c.app.endpoint_health(&own).await.unwrap().unwrap();
        assert_eq!((health.deliveries.len(), health.deliveries[0].state), (1, DeliveryState::Accepted));
        let one = c.app.renew_own_secret(&own).await.unwrap();
        assert!(
            matches!(c.app.renew_own_secret(&own).await, Err(AppError::TooMany { .. })),
            "not twice at once"
        );
        c.later(2);
        let two = c.app.renew_secret(&admin, HOOK).await.unwrap();
        assert!(one.secret != two.secret && two.secret.starts_with("whsec_"));
        for _ in 0..19 {
            c.app.test_own_endpoint(&own).await.unwrap();
        }
        assert!(matches!(c.app.test_own_endpoint(&own).await, Err(AppError::TooMany { .. })));
        let mail = AddSubscriber { address: "ada@example.com".into(), confirmed: true, ..Default::default() };
        c.app.add_subscriber(&admin, mail).await.unwrap();
        assert!(c.app.renew_secret(&admin, "ada@example.com").await.is_err());
        assert!(c.app.endpoint_health("nonsense").await.is_err());
        let why = c.app.explain_address(&admin, HOOK).await.unwrap();
        assert!(why.messages.iter().any(|m| m.explanation.starts_with("Taken by their server")), "{why:?}");
    }
}

#[tokio::test]
async fn lists_keep_the_channel_and_statuspages_own_are_read() {
    for c in Company::each().await {
        let admin = Caller::system("test");
        let list = "email,endpoint,mode\nada@example.com,,email\nops@example.com,https://hooks.example.com/a,webhook\n\
                    ,https://hooks.slack.com/services/T/B/x,\nx@example.com,https://10.0.0.1/,webhook\n";
        let report = c.app.import_subscribers(&admin, list.as_bytes(), false).await.unwrap();
        assert_eq!((report.added, report.wrong), (3, 1), "{report:?}");
        let out = c.app.export_subscribers(&admin).await.unwrap();
        assert!(out.contains(",webhook,ops@example.com") && out.contains(",slack,"), "{out}");
        let again = c.app.import_subscribers(&admin, out.as_bytes(), false).await.unwrap();
        assert_eq!((again.added, again.unchanged, again.wrong), (0, 3, 0), "{again:?}");
        let filter = SubscriberFilter { channel: Some(Channel::Webhook), ..Default::default() };
        let found = c.app.subscribers(&admin, &filter, &Paging::default()).await.unwrap().items;
        assert_eq!(found.len(), 1);
        drop(c.fresh);
    }
}

const NUMBER: &str = "+491512345678";

impl Company {
    fn offer_text_messages(&self) {
        let rules = SmsRules {
            countries: vec!["+49".into()],
            codes_per_day: 5,
            per_number: 4,
            in_all: 1_000,
            replies: true,
        };
        let secret = Some(Secret::new("a-secret-of-the-gateway"));
        self.app.set_sms(rules, SmsDesk { secret, ..SmsDesk::default() });
    }

    /// Asks for a code, and answers the name under which it is typed in.
    async fn ask_for_code(&self, number: &str) -> Result<String, AppError> {
        let wish = Subscribe { channel: Some(Channel::Sms), address: number.into(), ..Default::default() };
        self.app.subscribe(wish).await.map(Option::unwrap)
    }

    async fn code(&self) -> String {
        let posted = self.posted(Channel::Sms).await;
        let text = posted.last().unwrap().1["text"].as_str().unwrap();
        text.chars().filter(char::is_ascii_digit).collect()
    }

    async fn answer(&self, from: &str, text: &str) -> String {
        let form = [("from", from), ("text", text)].map(|(n, v)| (n.to_owned(), v.to_owned()));
        self.app.take_sms(&heard("a-secret-of-the-gateway", &form)).await.unwrap()
    }

    async fn say(&self, i: &Incident, text: &str) {
        self.later(1);
        let update = PublishUpdate {
            phase: None,
            text: text.into(),
            components: vec![],
            notify: None,
            next_update_at: None,
            expected_version: None,
        };
        self.app.publish_update(&Caller::system("test"), i.id.as_str(), update).await.unwrap();
    }

    async fn phone(&self) -> Subscriber {
        self.app.subscriber(&Caller::system("test"), NUMBER).await.unwrap()
    }
}

fn heard<'a>(by: &'a str, form: &'a [(String, String)]) -> SmsPost<'a> {
    SmsPost { by, url: "", form, query: &[], signature: None, signature_settings: None }
}

#[tokio::test]
async fn a_telephone_is_confirmed_by_its_code_and_answers_count() {
    for c in Company::each().await {
        let off = c.ask_for_code(NUMBER).await.unwrap_err().to_string();
        assert!(off.contains("not offered"), "{off}");
        assert!(!c.app.ways().contains(&Channel::Sms));
        c.offer_text_messages();
        assert!(c.app.ways().contains(&Channel::Sms));
        for wrong in ["0151 2345678", "+1 900 1234567", "nonsense", ""] {
            assert!(matches!(c.ask_for_code(wrong).await, Err(AppError::Invalid(_))), "{wrong}");
        }

        let id = c.ask_for_code("+49 (0)151 234-5678").await.unwrap();
        let code = c.code().await;
        c.app.look_at_code(&id).await.unwrap();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let said = c.app.confirm_by_code(&id, wrong).await.unwrap_err().to_string();
        assert!(said.contains("4 tries are left"), "{said}");
        assert_eq!(c.phone().await.state, SubscriberState::Pending);
        let own = c.app.confirm_by_code(&id, &format!(" {} {} ", &code[..3], &code[3..])).await.unwrap();
        assert_eq!((own.subscriber.state, own.secret), (SubscriberState::Confirmed, None));
        assert!(matches!(c.app.confirm_by_code(&id, &code).await, Err(AppError::NotFound(_))), "once");

        c.later(1);
        let i = c.incident().await;
        assert_eq!(c.posted(Channel::Sms).await.len(), 1);
        // STOP, twice; nothing comes any more, and START brings it back.
        assert!(c.answer(NUMBER, " stop. ").await.contains("no more messages"));
        assert_eq!(c.answer(NUMBER, "STOP").await, "");
        assert_eq!(c.phone().await.state, SubscriberState::Unsubscribed);
        c.say(&i, "Still looking.").await;
        assert!(c.posted(Channel::Sms).await.is_empty());
        assert!(c.answer("491512345678", "HELP").await.contains(URL));
        assert_eq!(c.answer(NUMBER, "hello?").await, "");
        assert!(c.answer(NUMBER, "Start").await.contains("from now on"));
        c.say(&i, "It is mended.").await;
        assert_eq!(c.posted(Channel::Sms).await.len(), 1);
        // The fourth message of the day is the last one to this number: the code, two updates, and this.
        c.say(&i, "And swept.").await;
        assert_eq!(c.posted(Channel::Sms).await.len(), 1);
        c.say(&i, "And mopped.").await;
        assert!(c.posted(Channel::Sms).await.is_empty());
        c.later(24 * 60);
        c.say(&i, "Over.").await;
        assert_eq!(c.posted(Channel::Sms).await.len(), 1);

        // What the gateway reports.
        let all = c.app.explain_address(&Caller::system("test"), NUMBER).await.unwrap().messages;
        let broadcast = &all.iter().find(|m| m.state == Some(DeliveryState::Accepted)).unwrap().broadcast_id;
        let theirs = c.phone().await.id;
        let id =
            amends_courier::plan::delivery_id(broadcast, Channel::Sms, NUMBER, Some(&theirs)).to_string();
        let report = async |state: &str, error: &str| {
            let form =
                [("MessageStatus", state), ("ErrorCode", error)].map(|(n, v)| (n.to_owned(), v.to_owned()));
            c.app.take_sms_status(&id, &heard("a-secret-of-the-gateway", &form)).await.unwrap();
        };
        report("sent", "").await;
        let why = async || c.app.explain_address(&Caller::system("test"), NUMBER).await.unwrap().messages;
        let of = |all: &[Explained]| {
            all.iter().find(|m| m.broadcast_id == *broadcast).map(|m| m.explanation.clone()).unwrap()
        };
        let before = of(&why().await);
        assert!(before.starts_with("Taken by the gateway") && !before.contains("delivered"), "{before}");
        c.later(1);
        report("delivered", "").await;
        let after = of(&why().await);
        assert!(after.contains("and delivered: that was reported at"), "{after}");
        let taken = before.split(" at ").nth(1).and_then(|rest| rest.split('.').next()).unwrap();
        assert!(after.contains(&format!("text messages at {taken},")), "when it was taken stays: {after}");
        c.later(1);
        report("read", "").await;
        assert_eq!(of(&why().await), after, "what comes late or twice changes nothing");
        assert_eq!(c.phone().await.state, SubscriberState::Confirmed);
        report("failed", "21610").await;
        assert_eq!(c.phone().await.state, SubscriberState::Unsubscribed);
        let why = c.app.suppression(&Caller::system("test"), NUMBER).await.unwrap();
        assert_eq!(why.reason, SuppressionReason::OptedOut);
        report("delivered", "").await;
        let form = [("from".to_owned(), NUMBER.to_owned())];
        for by in ["a-wrong-secret", "twilio", ""] {
            assert!(
                matches!(c.app.take_sms(&heard(by, &form)).await, Err(AppError::Unauthenticated)),
                "{by}"
            );
        }
    }
}

#[tokio::test]
async fn codes_cannot_be_guessed_nor_used_to_bomb_or_to_find_out_who_subscribes() {
    for c in Company::each().await {
        c.offer_text_messages();
        c.answer("+491700000001", "STOP").await;
        let unwanted = c.ask_for_code("+491700000001").await.unwrap();
        assert!(c.posted(Channel::Sms).await.is_empty(), "who said STOP gets no code");
        let id = c.ask_for_code(NUMBER).await.unwrap();
        let code = c.code().await;
        // The same answers, whether a code was sent or not.
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for n in 0..6 {
            let said = [&id, &unwanted].map(|id| c.app.confirm_by_code(id, wrong));
            let [a, b] = said;
            let (a, b) = (a.await.unwrap_err().to_string(), b.await.unwrap_err().to_string());
            assert_eq!(a, b, "try {n}");
        }
        assert!(c.app.confirm_by_code(&id, &code).await.is_err(), "mistyped too often");
        let late = c.ask_for_code(NUMBER).await.unwrap();
        let code = c.code().await;
        c.later(31);
        assert!(
            c.app.confirm_by_code(&late, &code).await.is_err() && c.app.look_at_code(&late).await.is_err()
        );
        assert!(c.app.confirm_by_code("nonsense", "").await.is_err());
        // Three codes to one number, five in all.
        for _ in 0..3 {
            c.ask_for_code(NUMBER).await.unwrap();
        }
        assert_eq!(c.posted(Channel::Sms).await.len(), 1);
        for n in 2..4 {
            c.ask_for_code(&format!("+49170000000{n}")).await.unwrap();
        }
        assert!(matches!(c.ask_for_code("+491700000009").await, Err(AppError::TooMany { .. })));
        c.later(25 * 60);
        c.app.forget_confirmations().await.unwrap();
        c.ask_for_code("+491700000009").await.unwrap();
    }
}
