//! Subscribers and what reaches them: from the form on the page to the mail and back, on both engines. Mail goes to the
//! built-in viewer; that mail servers misbehave is the courier's own test.
#![allow(clippy::unwrap_used)]

mod support;

use amends_app::component::{EditComponent, NewComponent};
use amends_app::incident::{ComponentInput, Declare, EditIncident, PublishUpdate};
use amends_app::maintenance::{EditMaintenance, Schedule};
use amends_app::report::Incoming;
use amends_app::subscriber::{AddSubscriber, Subscribe, SubscriberFilter, Suppress};
use amends_app::{App, AppError, Caller, Paging};
use amends_courier::channel::{Postmaster, Viewer};
use amends_courier::feedback::{Desk, Reporter};
use amends_courier::smtp::Secret;
use amends_courier::{Courier, MailSettings, Turn};
use amends_model::*;
use amends_store::channel;
use amends_testkit::stores::{Fresh, each};
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const URL: &str = "https://status.marrowby.example";

/// A company with a page, a courier, and a clock that moves when it is told to.
struct Company {
    app: App,
    clock: Arc<AtomicI64>,
    engine: &'static str,
    fresh: Fresh,
}

impl Company {
    async fn each() -> Vec<Company> {
        Self::each_with(None).await
    }

    async fn each_with(most_an_hour: Option<usize>) -> Vec<Company> {
        let mut companies = Vec::new();
        for fresh in each().await {
            let clock = Arc::new(AtomicI64::new(0));
            let ticking = clock.clone();
            let app = support::app_with(
                &fresh,
                Arc::new(move || support::now() + SignedDuration::from_secs(ticking.load(Ordering::SeqCst))),
            );
            app.set_mail(MailSettings {
                public_url: URL.into(),
                from_address: Some("status@marrowby.example".into()),
                most_an_hour,
                ..MailSettings::default()
            });
            let admin = Caller::system("test");
            app.create_page(&admin, "Marrowby", "Etc/UTC").await.unwrap();
            let group = NewComponent { name: "Mail".into(), is_group: true, ..NewComponent::default() };
            let group = app.add_component(&admin, group).await.unwrap();
            let inner = NewComponent {
                name: "Daily emails".into(),
                group: Some(group.id.to_string()),
                ..NewComponent::default()
            };
            app.add_component(&admin, inner).await.unwrap();
            let web = NewComponent { name: "Web app".into(), ..NewComponent::default() };
            app.add_component(&admin, web).await.unwrap();
            companies.push(Company { app, clock, engine: fresh.engine, fresh });
        }
        companies
    }

    fn later(&self, minutes: i64) {
        self.clock.fetch_add(minutes * 60, Ordering::SeqCst);
    }

    /// Lets the courier work until nothing is due.
    async fn work(&self) {
        let app = &self.app;
        let postmaster = Arc::new(Postmaster::new(app.mail().clone(), app.links().await.unwrap(), None));
        let viewer = Viewer::new(app.store().clone(), app.clock(), postmaster);
        let courier = Courier::new(
            app.store().clone(),
            Arc::new(viewer),
            app.mail().clone(),
            app.clock(),
            app.random_source(),
        );
        let (_keep, stop) = tokio::sync::watch::channel(false);
        for _ in 0..50 {
            match courier.turn(&stop).await.unwrap() {
                Turn::Idle(at) if at.is_none_or(|at| at > app.now()) => return,
                _ => {}
            }
        }
        panic!("the courier does not come to rest");
    }

    /// Everything that came, oldest first: recipient, subject, text, message.
    async fn mails(&self) -> Vec<(String, String, String, String)> {
        self.work().await;
        let admin = Caller::system("test");
        let all = Paging { limit: Some(200), cursor: None };
        let mut out = Vec::new();
        for mail in self.app.mailbox(&admin, None, &all).await.unwrap().items {
            let opened = self.app.mailbox_mail(&admin, mail.number).await.unwrap();
            out.push((mail.recipient, mail.subject, opened.text.replace('\n', " "), opened.raw));
        }
        out.reverse();
        out
    }

    async fn component(&self, name: &str) -> ComponentId {
        let record = self.app.public_record().await.unwrap();
        record.components.iter().find(|c| c.name == name).unwrap().id.clone()
    }

    async fn ask(&self, address: &str, components: &[&str]) -> Result<(), AppError> {
        let mut chosen = Vec::new();
        for name in components {
            chosen.push(self.component(name).await);
        }
        self.app
            .subscribe(Subscribe {
                address: address.into(),
                components: chosen,
                source: None,
                ..Default::default()
            })
            .await
            .map(drop)
    }

    /// Asks, follows the link in the mail, and answers the token of the owner's pages.
    async fn subscribed(&self, address: &str, components: &[&str]) -> String {
        self.ask(address, components).await.unwrap();
        let mails = self.mails().await;
        let mail = mails.iter().rev().find(|m| m.0 == address).unwrap();
        self.app.confirm_subscription(&token(&mail.2, "/s/")).await.unwrap().token
    }

    async fn add(&self, address: &str, components: &[&str]) -> Subscriber {
        let components = components.iter().map(|c| (*c).to_owned()).collect();
        let input =
            AddSubscriber { address: address.into(), components, confirmed: true, ..Default::default() };
        self.app.add_subscriber(&Caller::system("test"), input).await.unwrap()
    }

    async fn invite(&self, address: &str) {
        let input = AddSubscriber {
            address: address.into(),
            components: vec![],
            confirmed: false,
            ..Default::default()
        };
        self.app.add_subscriber(&Caller::system("test"), input).await.unwrap();
    }

    async fn incident(&self, component: Option<&str>) -> Incident {
        let components = component
            .map(|c| ComponentInput { component: c.into(), status: ComponentStatus::PartialOutage })
            .into_iter()
            .collect();
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
    let (_, rest) = text.split_once(&format!("{URL}{path}")).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn update(text: &str) -> PublishUpdate {
    PublishUpdate {
        phase: None,
        text: text.into(),
        components: vec![],
        notify: None,
        next_update_at: None,
        expected_version: None,
    }
}

fn resolved(text: &str) -> PublishUpdate {
    PublishUpdate { phase: Some(Phase::Resolved), ..update(text) }
}

fn schedule(from: jiff::Timestamp) -> Schedule {
    Schedule {
        title: "Database upgrade".into(),
        text: "Sign-in is read-only for a while.".into(),
        scheduled_for: from,
        scheduled_until: from + SignedDuration::from_mins(60),
        components: vec!["Web app".into()],
        visibility: None,
        auto_start: None,
        auto_complete: None,
        remind_before_minutes: Some(60),
        notify: None,
    }
}

#[tokio::test]
async fn from_the_form_to_the_mail_and_out_again() {
    for c in Company::each().await {
        let engine = c.engine;
        c.ask("Ada@Example.net ", &[]).await.unwrap();
        let mails = c.mails().await;
        assert_eq!((mails.len(), mails[0].0.as_str()), (1, "ada@example.net"), "{engine}");
        assert_eq!(mails[0].1, "[Marrowby Status] Please confirm your subscription");
        let incident = c.incident(None).await;
        assert_eq!(c.mails().await.len(), 1, "{engine}: nothing before it is confirmed");

        c.later(1);
        let confirm = token(&mails[0].2, "/s/");
        let own = c.app.confirm_subscription(&confirm).await.unwrap();
        assert_eq!(own.subscriber.state, SubscriberState::Confirmed);
        c.app.confirm_subscription(&confirm).await.unwrap();

        c.later(1);
        let admin = Caller::system("test");
        let input = update("We found it: our domain is **not verified**.");
        let preview = c.app.preview_update(&admin, incident.id.as_str(), &input).await.unwrap();
        assert_eq!(preview.recipients[0].count, 1);
        let event = c.app.publish_update(&admin, incident.id.as_str(), input).await.unwrap();
        let mails = c.mails().await;
        assert_eq!(mails.len(), 2, "{engine}");
        let (to, subject, text, raw) = &mails[1];
        assert_eq!((to.as_str(), subject), ("ada@example.net", &preview.subject));
        assert!(text.contains("We found it: our domain is **not verified**."), "{text}");
        let before_links = preview.text.split("Change what").next().unwrap().replace('\n', " ");
        assert!(text.starts_with(&before_links), "{engine}: what was shown is what went");
        assert!(raw.contains(&format!("References: <incident-{}@marrowby.example>", incident.id)), "{raw}");
        let told = c.app.broadcasts_about(&admin, event.id.as_str()).await.unwrap();
        assert_eq!(told[0].words, "1 of 1 accepted");

        assert_eq!(token(text, "/u/"), own.token);
        assert_eq!(
            c.app.look_at_subscription(&own.token).await.unwrap().subscriber.address,
            "ada@example.net"
        );
        c.app.unsubscribe(&own.token).await.unwrap();
        c.app.unsubscribe(&own.token).await.unwrap();
        c.app.publish_update(&admin, incident.id.as_str(), update("More word.")).await.unwrap();
        assert_eq!(c.mails().await.len(), 2, "{engine}: nothing after they left");
        assert!(c.app.choose(&own.token, &[]).await.is_err());

        // The team may ask them back, and they may come by the same door; nobody can bring them back.
        c.invite("ada@example.net").await;
        assert!(c.mails().await[2].1.contains("Please confirm"), "{engine}");
        let left = c.app.subscriber(&admin, "ada@example.net").await.unwrap();
        assert_eq!(left.state, SubscriberState::Unsubscribed);
        assert_eq!(c.subscribed("ada@example.net", &["Web app"]).await, own.token);
        let again = c.app.look_at_subscription(&own.token).await.unwrap().subscriber;
        assert_eq!((again.state, again.components.len()), (SubscriberState::Confirmed, 1), "{engine}");
    }
}

#[tokio::test]
async fn the_form_tells_nobody_who_subscribes_and_bombs_nobody() {
    for c in Company::each().await {
        let engine = c.engine;
        c.add("known@example.net", &["Web app"]).await;
        for _ in 0..6 {
            for address in ["known@example.net", "unknown@example.net"] {
                c.ask(address, &[]).await.unwrap();
            }
        }
        let mails = c.mails().await;
        let count = |who: &str| mails.iter().filter(|m| m.0 == who).count();
        assert_eq!(
            (count("known@example.net"), count("unknown@example.net")),
            (3, 3),
            "{engine}: three a day"
        );
        let known = mails.iter().find(|m| m.0 == "known@example.net").unwrap();
        assert!(known.1.contains("You are subscribed already") && known.2.contains("/m/"), "{known:?}");
        let kept = c.app.subscriber(&Caller::system("test"), "known@example.net").await.unwrap();
        assert_eq!(kept.components.len(), 1, "{engine}: what they chose is not touched by a stranger");

        c.later(24 * 60 + 1);
        c.ask("unknown@example.net", &[]).await.unwrap();
        assert_eq!(c.mails().await.len(), 7, "{engine}: another day");
        assert_eq!(c.app.forget_confirmations().await.unwrap(), 0);
        c.later(60);
        assert_eq!(c.app.forget_confirmations().await.unwrap(), 6);

        let source = Some("203.0.113.7".parse().unwrap());
        let mut refused = 0;
        for n in 0..30 {
            let address = format!("victim{n}@example.net");
            let answer = c
                .app
                .subscribe(Subscribe { address, components: vec![], source, ..Default::default() })
                .await;
            refused += usize::from(matches!(answer, Err(AppError::TooMany { .. })));
        }
        assert!(refused >= 20, "{engine}: {refused} of 30 from one source were refused");
        for wrong in ["", "x", "a@b", "a b@c.d", "a@b.c\r\nBcc: d@e.f"] {
            assert!(matches!(c.ask(wrong, &[]).await, Err(AppError::Invalid(_))), "{wrong}");
        }
    }
}

#[tokio::test]
async fn tokens_open_one_door_and_confirmations_end() {
    for c in Company::each().await {
        c.ask("ada@example.net", &[]).await.unwrap();
        let confirm = token(&c.mails().await[0].2, "/s/");
        for wrong in ["", "x", &confirm[1..], &format!("{confirm}a"), "abcdefgh0123ABCDEFGHIJKLMNOPQRST"] {
            assert!(matches!(c.app.confirm_subscription(wrong).await, Err(AppError::NotFound(_))), "{wrong}");
            assert!(matches!(c.app.unsubscribe(wrong).await, Err(AppError::NotFound(_))), "{wrong}");
            assert!(matches!(c.app.look_at_subscription(wrong).await, Err(AppError::NotFound(_))), "{wrong}");
        }
        assert!(c.app.unsubscribe(&confirm).await.is_err(), "a confirmation is no key to the rest");
        c.later(48 * 60 + 2);
        let late = c.app.confirm_subscription(&confirm).await;
        assert!(matches!(late, Err(AppError::Refused(text)) if text.contains("too old")));
    }
}

#[tokio::test]
async fn each_hears_about_what_they_chose() {
    for c in Company::each().await {
        let engine = c.engine;
        c.add("everything@example.net", &[]).await;
        c.add("daily@example.net", &["Daily emails"]).await;
        c.add("group@example.net", &["Mail"]).await;
        c.add("web@example.net", &["web APP"]).await;
        c.add("stopped@example.net", &["Mail - Daily emails"]).await;
        let admin = Caller::system("test");
        let stop = Suppress { address: "stopped@example.net".into(), note: "asked by phone".into() };
        c.app.suppress(&admin, stop).await.unwrap();
        c.later(1);
        let incident = c.incident(Some("Daily emails")).await;
        let to: Vec<String> = c.mails().await.into_iter().map(|m| m.0).collect();
        let mut to: Vec<&str> = to.iter().map(String::as_str).collect();
        to.sort_unstable();
        assert_eq!(to, ["daily@example.net", "everything@example.net", "group@example.net"], "{engine}");
        let preview = c.app.preview_update(&admin, incident.id.as_str(), &update("More.")).await.unwrap();
        assert_eq!((preview.recipients[0].count, preview.suppressed, preview.held), (3, 1, None), "{engine}");
        let quiet = PublishUpdate { notify: Some(false), ..update("Only on the page.") };
        let preview = c.app.preview_update(&admin, incident.id.as_str(), &quiet).await.unwrap();
        assert_eq!(preview.recipients[0].count, 0);
        c.app.publish_update(&admin, incident.id.as_str(), quiet).await.unwrap();
        assert_eq!(c.mails().await.len(), 3, "{engine}: nobody was notified");

        // Why somebody did not get it.
        for (who, summary, words) in [
            ("everything@example.net", "Subscribed to everything.", "Kept in the built-in viewer at"),
            (
                "web@example.net",
                "Subscribed to one part",
                "parts of the page that the address did not choose",
            ),
            ("stopped@example.net", "asked by phone", "Not sent, because the address was suppressed."),
            ("nobody@example.net", "not subscribed", ""),
        ] {
            let found = c.app.explain_address(&admin, who).await.unwrap();
            assert!(found.standing.contains(summary), "{engine} {who}: {}", found.standing);
            let first = found.messages.first().map(|m| m.explanation.clone()).unwrap_or_default();
            assert!(first.contains(words) && first.is_empty() == words.is_empty(), "{engine} {who}: {first}");
        }
        c.later(1);
        c.add("late@example.net", &[]).await;
        let late = c.app.explain_address(&admin, "late@example.net").await.unwrap();
        assert!(late.messages[0].explanation.contains("confirmed only afterwards"), "{late:?}");
        c.app.lift_suppression(&admin, "stopped@example.net").await.unwrap();
        assert!(c.app.suppressions(&admin, &Paging::default()).await.unwrap().items.is_empty());
        let components = c.app.components(&admin).await.unwrap();
        let web = components.into_iter().find(|c| c.name.eq_ignore_ascii_case("web app")).unwrap();
        let off = EditComponent { archived: Some(true), ..EditComponent::default() };
        c.app.edit_component(&admin, &web.id, web.version, off).await.unwrap();
        let gone = c.app.explain_address(&admin, "web@example.net").await.unwrap().standing;
        assert!(gone.contains("one part, which is not on the page any more"), "{engine}: {gone}");
    }
}

#[tokio::test]
async fn planned_work_is_announced_and_reminded_of() {
    for c in Company::each().await {
        let engine = c.engine;
        c.add("ada@example.net", &[]).await;
        c.later(1);
        let admin = Caller::system("test");
        let input = schedule(c.app.now() + SignedDuration::from_mins(120));
        let preview = c.app.preview_schedule(&admin, &input).await.unwrap();
        assert_eq!(preview.recipients[0].count, 1);
        c.app.schedule(&admin, input.clone()).await.unwrap();
        let hidden =
            Schedule { visibility: Some(Visibility::Internal), title: "Secret work".into(), ..input };
        c.app.schedule(&admin, hidden).await.unwrap();
        for _ in 0..4 {
            c.later(61);
            c.app.run_maintenance_clock().await.unwrap();
        }
        let mails = c.mails().await;
        let said: Vec<&str> = mails
            .iter()
            .map(|m| {
                assert_eq!(
                    m.1, "[Marrowby Status] Database upgrade",
                    "{engine}: one subject, nothing internal"
                );
                let (_, rest) = m.2.split_once("◇ ").unwrap();
                rest.split("  ").next().unwrap()
            })
            .collect();
        let expected = [
            "Maintenance · Scheduled",
            "Reminder: maintenance",
            "Maintenance · In progress",
            "Maintenance · Completed",
        ];
        assert_eq!(said, expected, "{engine}");
    }
}

#[tokio::test]
async fn what_a_provider_says_was_delivered_is_kept_and_when_it_was_taken_stays() {
    for c in Company::each().await {
        let (engine, admin) = (c.engine, Caller::system("test"));
        c.app.set_report_desk(Desk::new(vec![(Reporter::Postmark, Secret::new("amends:secret"))]).unwrap());
        let ada = c.add("ada@example.net", &[]).await.id;
        let declared = Declare {
            title: "Mails are late".into(),
            visibility: Some(Visibility::Public),
            message: Some("We look.".into()),
            ..Declare::default()
        };
        c.app.declare(&admin, declared).await.unwrap();
        c.work().await;
        let why = async || {
            let all = c.app.explain_address(&admin, "ada@example.net").await.unwrap().messages;
            let told = all.into_iter().find(|m| m.kind == BroadcastKind::Update).unwrap();
            (told.broadcast_id, told.explanation)
        };
        let (broadcast, before) = why().await;
        assert!(before.starts_with("Kept in the built-in viewer"), "{engine}: {before}");
        c.later(7);
        let id = amends_courier::plan::delivery_id(&broadcast, Channel::Email, "ada@example.net", Some(&ada));
        let body = format!(
            r#"{{"RecordType":"Delivery","Recipient":"ada@example.net","Details":"250 taken","Metadata":{{"message_id":"<uupdate000001.{id}@marrowby.example>"}}}}"#
        );
        let header = |name: &str| (name == "authorization").then(|| "Basic YW1lbmRzOnNlY3JldA==".to_owned());
        let incoming = Incoming { header: &header, body: body.as_bytes(), url: String::new() };
        let done = c.app.take_report("postmark", &incoming).await.unwrap();
        assert_eq!((done.delivered, done.unchanged), (1, 0), "{engine}");
        let (_, after) = why().await;
        assert!(
            after.contains("and delivered: that was reported at") && after.contains("“250 taken”"),
            "{engine}: {after}"
        );
        c.later(7);
        let again = c.app.take_report("postmark", &incoming).await.unwrap();
        assert_eq!((again.delivered, again.unchanged), (0, 1), "{engine}: twice is no news");
        assert_eq!(why().await.1, after);
    }
}

#[tokio::test]
async fn lists_go_in_and_come_out() {
    for c in Company::each().await {
        let engine = c.engine;
        let admin = Caller::system("test");
        let leaver = c.subscribed("left@example.net", &[]).await;
        c.app.unsubscribe(&leaver).await.unwrap();
        c.ask("pending@example.net", &[]).await.unwrap();
        let csv = "email,components\nada@example.net,\ngrace@example.net,Daily emails; Web app\nnonsense,\nleft@example.net,\n\
                   pending@example.net,Web app\nada@example.net,\nx@example.net,Gone\n";
        let before = c.app.subscriber_counts(&admin).await.unwrap();
        let preview = c.app.import_subscribers(&admin, csv.as_bytes(), true).await.unwrap();
        assert_eq!(
            c.app.subscriber_counts(&admin).await.unwrap(),
            before,
            "{engine}: a look changes nothing"
        );
        let report = c.app.import_subscribers(&admin, csv.as_bytes(), false).await.unwrap();
        assert_eq!(preview, report, "{engine}: what was shown is what was done");
        assert_eq!(
            (report.added, report.unchanged, report.left, report.wrong),
            (3, 1, 1, 2),
            "{engine}: {report:?}"
        );
        assert_eq!(report.problems.iter().map(|e| e.line).collect::<Vec<_>>(), [4, 8]);
        let again = c.app.import_subscribers(&admin, csv.as_bytes(), false).await.unwrap();
        assert_eq!((again.added, again.unchanged), (0, 4), "{engine}: the same list again changes nothing");
        let refused = c.app.add_subscriber(
            &admin,
            AddSubscriber {
                address: "left@example.net".into(),
                components: vec![],
                confirmed: true,
                ..Default::default()
            },
        );
        assert!(
            matches!(refused.await, Err(AppError::Refused(_))),
            "{engine}: not brought back by hand either"
        );

        let out = c.app.export_subscribers(&admin).await.unwrap();
        assert!(
            out.contains("grace@example.net,confirmed,Mail - Daily emails; Web app,import,"),
            "{engine}: {out}"
        );
        assert_eq!(out.lines().count(), 1 + 4);
        let night = QuietHours { from: "22:00".parse().unwrap(), until: "07:00".parse().unwrap() };
        let wishes = Preferences {
            minimum_impact: Impact::Major,
            planned_work: false,
            quiet_hours: Some(night),
            time_zone: "Europe/Berlin".into(),
            ..Preferences::default()
        };
        c.app.set_preferences(&admin, "ada@example.net", wishes.clone()).await.unwrap();
        let out = c.app.export_subscribers(&admin).await.unwrap();
        assert!(out.contains(",major,no,at_once,09:00,22:00-07:00,no,Europe/Berlin"), "{engine}: {out}");
        for address in ["ada@example.net", "grace@example.net", "pending@example.net"] {
            c.app.remove_subscriber(&admin, address).await.unwrap();
        }
        let report = c.app.import_subscribers(&admin, out.as_bytes(), false).await.unwrap();
        assert_eq!(
            (report.added, report.not_confirmed, report.wrong),
            (3, 1, 0),
            "{engine}: what came out goes in"
        );
        let counts = c.app.subscriber_counts(&admin).await.unwrap();
        assert_eq!(counts.confirmed, 3);
        let ada = c.app.subscriber(&admin, "ada@example.net").await.unwrap();
        assert_eq!(ada.preferences, wishes, "{engine}: with what they wished");
        assert_eq!(c.app.export_subscribers(&admin).await.unwrap().matches("Europe/Berlin").count(), 1);
        let filter = SubscriberFilter { search: Some(" GRACE".into()), ..Default::default() };
        let found = c.app.subscribers(&admin, &filter, &Paging::default()).await.unwrap();
        assert_eq!((found.items.len(), found.items[0].components.len()), (1, 2), "{engine}");
    }
}

#[tokio::test]
async fn held_mail_is_seen_before_and_after() {
    for c in Company::each().await {
        let engine = c.engine;
        let admin = Caller::system("test");
        c.add("ada@example.net", &[]).await;
        c.later(1);
        let since = c.app.now();
        let mut tx = c.fresh.store.begin().await.unwrap();
        let health = ChannelHealth {
            channel: Channel::Email,
            failing: true,
            since,
            reason: "the mail server does not accept mail from us".into(),
            detail: "550 rejected: unsigned".into(),
            probes: 0,
            next_probe_at: Some(since + SignedDuration::from_hours(9)),
        };
        channel::set(&mut tx, &health).await.unwrap();
        tx.commit().await.unwrap();
        let incident = c.incident(None).await;
        let mut tx = c.fresh.store.begin().await.unwrap();
        assert!(
            amends_courier::plan::step(&mut tx, c.app.now(), amends_courier::plan::Planning::default())
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        let state = c.app.mail_state(&admin).await.unwrap();
        assert!(
            state.held && state.waiting == 1 && state.detail == "550 rejected: unsigned",
            "{engine}: {state:?}"
        );
        let preview = c.app.preview_update(&admin, incident.id.as_str(), &update("More.")).await.unwrap();
        assert_eq!(preview.held.as_deref(), Some("the mail server does not accept mail from us"));
        let why = c.app.explain_address(&admin, "ada@example.net").await.unwrap();
        assert!(
            why.messages[0]
                .explanation
                .starts_with("Held since 2026-09-01 12:01 UTC, because the mail server"),
            "{why:?}"
        );

        let listed = c.app.broadcasts(&admin, &Paging::default()).await.unwrap();
        assert_eq!(listed.items[0].words, "0 of 1 accepted, 1 on their way");
        let stopped = c.app.stop_broadcast(&admin, &listed.items[0].broadcast.id).await.unwrap();
        assert_eq!(stopped.words, "0 of 1 accepted, 1 not sent; stopped", "{engine}");
        assert!(c.app.stop_broadcast(&admin, &listed.items[0].broadcast.id).await.is_err());
        let shown = c.app.broadcast_message(&admin, &listed.items[0].broadcast.id).await.unwrap();
        assert!(shown.text.contains("We are looking into it."));
    }
}

#[tokio::test]
async fn what_became_internal_goes_to_nobody_any_more() {
    for c in Company::each().await {
        let admin = Caller::system("test");
        c.add("ada@example.net", &[]).await;
        let incident = c.incident(None).await;
        let internal = EditIncident { visibility: Some(Visibility::Internal), ..EditIncident::default() };
        c.app.edit_incident(&admin, incident.id.as_str(), incident.version, internal).await.unwrap();

        let planned = schedule(c.app.now() + SignedDuration::from_hours(3));
        let planned = c.app.schedule(&admin, planned).await.unwrap();
        let internal =
            EditMaintenance { visibility: Some(Visibility::Internal), ..EditMaintenance::default() };
        c.app.edit_maintenance(&admin, &planned.id, planned.version, internal).await.unwrap();

        assert_eq!(c.mails().await, [], "{}: nobody has heard of either", c.engine);
        let listed = c.app.broadcasts(&admin, &Paging::default()).await.unwrap();
        assert_eq!(listed.items.len(), 2);
        assert!(listed.items.iter().all(|b| b.words.ends_with("; stopped")), "{:?}", listed.items);
    }
}

#[tokio::test]
async fn only_who_may_sees_addresses_and_mail() {
    for c in Company::each().await {
        c.add("ada@example.net", &[]).await;
        let as_role = |role| Caller { role, ..Caller::system("somebody") };
        let (viewer, responder) = (as_role(Role::Viewer), as_role(Role::Responder));
        let paging = Paging::default();
        for caller in [&viewer, &responder] {
            assert!(c.app.subscribers(caller, &SubscriberFilter::default(), &paging).await.is_err());
            assert!(c.app.export_subscribers(caller).await.is_err());
            assert!(c.app.explain_address(caller, "ada@example.net").await.is_err());
            assert!(c.app.suppressions(caller, &paging).await.is_err());
            assert!(c.app.remove_subscriber(caller, "ada@example.net").await.is_err());
            assert!(c.app.mailbox(caller, None, &paging).await.is_err());
        }
        assert!(
            c.app.mail_state(&responder).await.is_ok(),
            "who works on an incident sees that mail is held"
        );
        assert!(c.app.broadcasts(&responder, &paging).await.is_ok());
        assert!(c.app.broadcasts(&viewer, &paging).await.is_err());
        c.incident(None).await;
        let listed = c.app.broadcasts(&responder, &paging).await.unwrap();
        let of = c.app.deliveries(&responder, &listed.items[0].broadcast.id, None, &paging).await;
        assert!(of.is_err(), "deliveries hold addresses");
    }
}

/// The subjects of the mails to one address, oldest first.
async fn told(c: &Company, address: &str) -> Vec<String> {
    let admin = Caller::system("test");
    let found = c.app.mailbox(&admin, Some(address), &Paging::default()).await.unwrap();
    found.items.into_iter().rev().map(|m| m.subject.replace("[Marrowby Status] ", "")).collect()
}

#[tokio::test]
async fn who_sleeps_hears_the_newest_word_in_the_morning_and_who_wants_a_digest_hears_it_together() {
    for c in Company::each().await {
        let (admin, engine) = (Caller::system("test"), c.engine);
        for address in [
            "now@example.net",
            "night@example.net",
            "urgent@example.net",
            "digest@example.net",
            "major@example.net",
        ] {
            c.add(address, &[]).await;
        }
        let quiet_hours =
            Some(QuietHours { from: "13:00".parse().unwrap(), until: "15:00".parse().unwrap() });
        // It is 14:00 in Berlin.
        let night = Preferences { quiet_hours, time_zone: "Europe/Berlin".into(), ..Preferences::default() };
        let prefer = async |address: &str, p: Preferences| c.app.set_preferences(&admin, address, p).await;
        prefer("night@example.net", night.clone()).await.unwrap();
        prefer("urgent@example.net", Preferences { urgent_at_once: true, ..night.clone() }).await.unwrap();
        prefer("digest@example.net", Preferences { digest: Digest::Hourly, ..Preferences::default() })
            .await
            .unwrap();
        let major =
            Preferences { minimum_impact: Impact::Major, planned_work: false, ..Preferences::default() };
        prefer("major@example.net", major).await.unwrap();
        let nowhere = Preferences { time_zone: "Nowhere".into(), ..night };
        assert!(matches!(prefer("night@example.net", nowhere).await, Err(AppError::Invalid(_))), "{engine}");

        let declare = |title: &str, status| Declare {
            title: title.into(),
            visibility: Some(Visibility::Public),
            components: vec![ComponentInput { component: "Web app".into(), status }],
            message: Some("We are looking into it.".into()),
            ..Declare::default()
        };
        let slow =
            c.app.declare(&admin, declare("Slow", ComponentStatus::DegradedPerformance)).await.unwrap();
        let preview = c.app.preview_update(&admin, slow.id.as_str(), &update("More.")).await.unwrap();
        assert_eq!((preview.count(), preview.later, preview.unwanted), (4, 3, 1), "{engine}");
        c.work().await;
        assert_eq!(told(&c, "now@example.net").await, ["Slow"], "{engine}");
        for later in ["night@example.net", "urgent@example.net", "digest@example.net", "major@example.net"] {
            assert!(told(&c, later).await.is_empty(), "{engine}: {later}");
        }
        c.later(5);
        // Now it is a major outage: who wants to hear of those does, at any hour if they said so.
        let worse = PublishUpdate {
            components: vec![ComponentInput {
                component: "Web app".into(),
                status: ComponentStatus::MajorOutage,
            }],
            ..update("It is worse.")
        };
        c.app.publish_update(&admin, slow.id.as_str(), worse).await.unwrap();
        c.later(5);
        c.app.publish_update(&admin, slow.id.as_str(), resolved("It is over.")).await.unwrap();
        let down = c.app.declare(&admin, declare("Down", ComponentStatus::PartialOutage)).await.unwrap();
        c.work().await;
        assert_eq!(c.app.hand_over_held().await.unwrap(), 0, "nothing is due yet");
        assert_eq!(told(&c, "urgent@example.net").await, ["Slow", "Slow"], "{engine}");
        assert_eq!(told(&c, "major@example.net").await, ["Slow", "Slow", "Down"], "{engine}: its end, too");
        assert!(told(&c, "night@example.net").await.is_empty(), "{engine}");
        let why = c.app.explain_address(&admin, "night@example.net").await.unwrap();
        assert!(why.standing.contains("not from 13:00 to 15:00 (Europe/Berlin)"), "{}", why.standing);
        assert_eq!(
            why.messages[0].explanation,
            "Held over during their quiet hours; it goes at 2026-09-01 13:00 UTC."
        );
        let why = c.app.explain_address(&admin, "major@example.net").await.unwrap();
        assert_eq!(
            why.messages.last().unwrap().explanation,
            "Not sent: they want to hear only of what is major or worse, and this was minor."
        );

        c.later(60);
        assert!(c.app.hand_over_held().await.unwrap() > 0, "{engine}");
        assert_eq!(c.app.hand_over_held().await.unwrap(), 0, "{engine}: once");
        c.work().await;
        assert_eq!(told(&c, "night@example.net").await, ["Slow", "Down"], "{engine}: the newest of each");
        assert_eq!(told(&c, "urgent@example.net").await, ["Slow", "Slow", "Down"], "{engine}");
        assert_eq!(told(&c, "digest@example.net").await, ["2 updates together"], "{engine}");
        let mail = c.app.mailbox(&admin, Some("digest@example.net"), &Paging::default()).await.unwrap();
        let digest = c.app.mailbox_mail(&admin, mail.items[0].number).await.unwrap();
        for part in ["It is over.", "**Down**", "incidents/", "as you asked", "Unsubscribe: "] {
            assert!(digest.text.contains(part), "{engine}: {part} in {}", digest.text);
        }
        assert!(!digest.text.contains("It is worse."), "{engine}: {}", digest.text);
        let why = c.app.explain_address(&admin, "digest@example.net").await.unwrap();
        let words: Vec<&str> = why.messages.iter().map(|m| m.explanation.as_str()).collect();
        let in_words = words.join(" | ");
        assert!(
            in_words.contains("Not sent: while it was held over for their digest, newer word"),
            "{in_words}"
        );
        assert!(in_words.contains("told in the digest “[Marrowby Status] 2 updates together”"), "{in_words}");
        for b in c.app.broadcasts(&admin, &Paging::default()).await.unwrap().items {
            assert!(b.broadcast.finished_at.is_some(), "{engine}: {}", b.words);
        }

        // Who does not want to wait after all hears at once what was held.
        c.app.publish_update(&admin, down.id.as_str(), resolved("Up again.")).await.unwrap();
        c.work().await;
        assert_eq!(told(&c, "digest@example.net").await.len(), 1, "{engine}");
        prefer("digest@example.net", Preferences::default()).await.unwrap();
        c.app.hand_over_held().await.unwrap();
        c.work().await;
        assert_eq!(told(&c, "digest@example.net").await, ["2 updates together", "Down"], "{engine}");
    }
}

#[tokio::test]
async fn who_got_as_much_as_they_may_hears_the_rest_together() {
    for c in Company::each_with(Some(3)).await {
        let (admin, engine) = (Caller::system("test"), c.engine);
        c.add("ada@example.net", &[]).await;
        let first = c.incident(None).await;
        c.work().await;
        for n in 0..4 {
            c.later(5);
            let text = format!("Word {n}.");
            c.app.publish_update(&admin, first.id.as_str(), update(&text)).await.unwrap();
            c.work().await;
        }
        let second = c.incident(None).await;
        c.app.publish_update(&admin, first.id.as_str(), resolved("It is over.")).await.unwrap();
        c.work().await;
        assert_eq!(told(&c, "ada@example.net").await.len(), 3, "{engine}: three in an hour");
        let why = c.app.explain_address(&admin, "ada@example.net").await.unwrap();
        let held = "Held back, because they got as much within an hour as anybody may; what is held back comes together at";
        assert!(why.messages[0].explanation.starts_with(held), "{engine}: {why:?}");
        c.later(30);
        assert_eq!(c.app.hand_over_held().await.unwrap(), 0, "{engine}: not yet");
        c.later(15);
        assert_eq!(c.app.hand_over_held().await.unwrap(), 4, "{engine}");
        c.work().await;
        let heard = told(&c, "ada@example.net").await;
        assert_eq!(
            (heard.len(), heard[3].as_str()),
            (4, "2 updates together"),
            "{engine}: one digest, with the end"
        );
        c.app.publish_update(&admin, second.id.as_str(), update("And more.")).await.unwrap();
        c.work().await;
        assert_eq!(told(&c, "ada@example.net").await.len(), 5, "{engine}: there is room again");
    }
}
