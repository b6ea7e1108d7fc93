//! The app in the browser: what each role sees and is offered, and that nothing typed is lost or believed.
#![allow(clippy::unwrap_used)]

mod account;
mod audience;
#[path = "../courier/mod.rs"]
mod courier;
mod enter;
mod house;
mod incidents;
mod planned;
mod postmortems;
mod security;
mod settings;
mod site;

use amends_app::Paging;
use amends_app::action::NewAction;
use amends_app::incident::{Declare, NewEvent, PublishUpdate};
use amends_app::maintenance::Schedule;
use amends_app::postmortem::{DraftPostmortem, EditPostmortem};
use amends_app::subscriber::{AddSubscriber, Suppress};
use amends_model::{Role, Visibility};
use axum::http::StatusCode;
use house::{House, check};
use jiff::SignedDuration;

/// A house with one of everything, named as `name` says.
async fn furnished(name: &str) -> (House, Vec<String>) {
    let house = House::new().await;
    let system = amends_app::Caller::system("test");
    let declare = Declare {
        title: format!("{name} one"),
        summary: name.into(),
        visibility: Some(Visibility::Public),
        message: Some(name.into()),
        components: vec![amends_app::incident::ComponentInput {
            component: "Checkout".into(),
            status: amends_model::ComponentStatus::PartialOutage,
        }],
        ..Declare::default()
    };
    let add = |address: &str, confirmed| AddSubscriber {
        address: address.into(),
        components: vec![],
        confirmed,
        ..Default::default()
    };
    let ada = house.app.add_subscriber(&system, add("ada@marrowby.example", true)).await.unwrap();
    let pending = house.app.add_subscriber(&system, add("new@marrowby.example", false)).await.unwrap();
    let note = name.chars().filter(|c| *c != '\n').collect();
    let suppress = Suppress { address: "no@marrowby.example".into(), note };
    house.app.suppress(&system, suppress).await.unwrap();
    house.later(1);
    let public = house.app.declare(&system, declare).await.unwrap();
    courier::deliver(&house.app).await;
    let broadcast =
        house.app.broadcasts(&system, &Paging::default()).await.unwrap().items.remove(0).broadcast;
    let internal = Declare { title: format!("{name} two"), ..Declare::default() };
    let internal = house.app.declare(&system, internal).await.unwrap();
    let alert = NewEvent::Alert { text: name.into(), source: Some(name.replace('\n', " ")), at: None };
    let event = house.app.add_event(&system, public.id.as_str(), alert).await.unwrap();
    let word = PublishUpdate {
        phase: None,
        text: format!("{name}\n\n{name}"),
        components: vec![],
        notify: Some(false),
        next_update_at: None,
        expected_version: None,
    };
    let update = house.app.publish_update(&system, public.id.as_str(), word).await.unwrap();
    let now = house.app.now();
    let schedule = Schedule {
        title: format!("{name} three"),
        text: name.into(),
        scheduled_for: now + SignedDuration::from_hours(2),
        scheduled_until: now + SignedDuration::from_hours(3),
        components: vec!["Daily emails".into()],
        visibility: None,
        auto_start: None,
        auto_complete: None,
        remind_before_minutes: None,
        notify: Some(false),
    };
    let planned = house.app.schedule(&system, schedule).await.unwrap();
    let component = house.app.components(&system).await.unwrap().remove(0);
    let named = |email: &str| amends_app::identity::NewPerson {
        email: email.into(),
        name: name.into(),
        role: Role::Viewer,
        time_zone: None,
    };
    let named = house.app.add_person(&system, named("named@marrowby.example")).await.unwrap().person;
    let token = amends_app::identity::NewToken {
        name: name.into(),
        role: Role::Viewer,
        scopes: Default::default(),
        expires_at: None,
    };
    house.app.create_token(&amends_app::Caller::person(named.clone()), token.clone()).await.unwrap_err();
    house.app.create_token(&system, token).await.unwrap();
    let person = house.app.person(&system, "responder@marrowby.example").await.unwrap();
    let draft = DraftPostmortem { authors: vec![name.replace('\n', " ")], ..DraftPostmortem::default() };
    let drafted = house.app.draft_postmortem(&system, public.id.as_str(), draft).await.unwrap();
    let written = EditPostmortem {
        document: Some(format!("## {name}\n\n{name} {{{{duration}}}} {{{{strated}}}}\n\n{{{{timeline}}}}")),
        letter: Some(format!("{name} {{{{duration}}}}")),
        reviewers: Some(vec![name.replace('\n', " ")]),
        ..EditPostmortem::default()
    };
    house.app.edit_postmortem(&system, drafted.id.as_str(), 1, written).await.unwrap();
    let promise = NewAction {
        postmortem: Some(drafted.id.to_string()),
        text: name.into(),
        owner: Some(name.replace('\n', " ")),
        due: Some("2026-11-01".parse().unwrap()),
        ..NewAction::default()
    };
    let open = house.app.add_action(&system, promise.clone()).await.unwrap();
    let kept = house.app.add_action(&system, promise).await.unwrap();
    house.app.finish_action(&system, &kept.id, name).await.unwrap();
    house.app.follow_record().await.unwrap();
    let postmortem = format!("/app/postmortems/{}", drafted.id);
    let paths = [
        "/app".into(),
        "/app/incidents".into(),
        "/app/incidents?tab=all".into(),
        "/app/incidents/new".into(),
        format!("/app/incidents/{}", public.number),
        format!("/app/incidents/{}", internal.number),
        format!("/app/incidents/{}/edit", public.number),
        format!("/app/incidents/{}/components", public.number),
        format!("/app/incidents/{}/visibility", public.number),
        format!("/app/incidents/{}/visibility", internal.number),
        format!("/app/incidents/{}/update", public.number),
        format!("/app/incidents/{}/update", internal.number),
        format!("/app/events/{}", event.id),
        format!("/app/events/{}", update.id),
        "/app/maintenances".into(),
        "/app/maintenances?tab=all".into(),
        "/app/maintenances/new".into(),
        format!("/app/maintenances/{}", planned.id),
        format!("/app/maintenances/{}/edit", planned.id),
        "/app/page".into(),
        "/app/page/settings".into(),
        "/app/page/components/new".into(),
        "/app/page/components/new?kind=group".into(),
        format!("/app/page/components/{}", component.id),
        "/app/account".into(),
        "/app/settings/people".into(),
        "/app/settings/people/new".into(),
        format!("/app/settings/people/{}", person.id),
        format!("/app/settings/people/{}", named.id),
        "/app/settings/tokens".into(),
        "/app/settings/tokens/new".into(),
        "/app/settings/audit".into(),
        "/app/settings/health".into(),
        "/app/subscribers".into(),
        "/app/subscribers?q=ada&state=confirmed".into(),
        "/app/subscribers/new".into(),
        "/app/subscribers/import".into(),
        "/app/subscribers/suppressed".into(),
        "/app/subscribers/why?address=no@marrowby.example".into(),
        format!("/app/subscribers/{}", ada.id),
        format!("/app/subscribers/{}", pending.id),
        "/app/broadcasts".into(),
        format!("/app/broadcasts/{}", broadcast.id),
        format!("/app/broadcasts/{}?state=accepted", broadcast.id),
        "/app/mail".into(),
        "/app/mail?to=ada@marrowby.example".into(),
        "/app/mail/1".into(),
        "/app/mail/2".into(),
        "/app/postmortems".into(),
        "/app/postmortems?state=draft".into(),
        "/app/postmortems?state=published".into(),
        format!("/app/incidents/{}/postmortem", internal.number),
        postmortem.clone(),
        format!("{postmortem}/edit"),
        format!("{postmortem}/letter"),
        format!("{postmortem}/letter/edit"),
        format!("{postmortem}/history"),
        "/app/actions".into(),
        "/app/actions?show=mine".into(),
        "/app/actions?show=overdue".into(),
        "/app/actions?show=all".into(),
        format!("/app/actions/{}", open.id),
        format!("/app/actions/{}", kept.id),
        "/app/search".into(),
        format!("/app/search?q={}", amends_testkit::http::encode(name)),
    ];
    (house, paths.into())
}

/// The least role for which a page is there. The others are told so.
fn least(path: &str) -> Role {
    let form = path.ends_with("/new") || path.ends_with("/edit") || path.ends_with("kind=group");
    match path {
        "/app/settings/health" => Role::Responder,
        p if p.starts_with("/app/settings/") => Role::Administrator,
        p if p.starts_with("/app/mail") => Role::Administrator,
        p if p.starts_with("/app/subscribers") => Role::Communicator,
        p if p.starts_with("/app/broadcasts") => Role::Responder,
        p if p.starts_with("/app/page/components/new") => Role::Administrator,
        p if p.starts_with("/app/page/components/") => Role::Communicator,
        p if p.starts_with("/app/maintenances") && form => Role::Communicator,
        p if p.starts_with("/app/postmortems/") && form || p.ends_with("/postmortem") => Role::Responder,
        p if p.ends_with("/update") || p.ends_with("/visibility") => Role::Communicator,
        p if p.starts_with("/app/incidents/") && (form || p.ends_with("/components")) => Role::Responder,
        _ => Role::Viewer,
    }
}

#[tokio::test]
async fn every_page_renders_for_every_role_and_holds_nothing_inline() {
    let (house, paths) = furnished("Emails are late").await;
    for role in Role::ALL {
        for path in &paths {
            let answer = house.get(*role, path).await;
            let wanted = if *role >= least(path) { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{role} {path}: {}", answer.html);
            check(path, &answer.html);
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        }
    }
}

/// Where the forms and links of a page lead.
fn offered(html: &str) -> Vec<String> {
    let lead = |(name, attributes): &(String, Vec<(String, String)>)| {
        let get = |key: &str| attributes.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        match name.as_str() {
            "form" if get("method").as_deref() == Some("post") => get("action"),
            "a" => get("href"),
            _ => None,
        }
    };
    house::tags(html).iter().filter_map(lead).filter(|to| to.starts_with("/app")).collect()
}

/// Where the forms of a page that act lead.
fn forms(html: &str) -> Vec<String> {
    let tags = house::tags(html);
    let acting = tags.iter().filter(|(name, attributes)| {
        name == "form" && attributes.iter().any(|(k, v)| k == "method" && v == "post")
    });
    let action = |(_, attributes): &(String, Vec<(String, String)>)| {
        attributes.iter().find(|(k, _)| k == "action").map(|(_, v)| v.clone()).unwrap_or_default()
    };
    acting.map(action).collect()
}

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</textarea></title><svg onload=alert(1)>",
        "[x](javascript:alert(1)) ![x](https://evil.example/p.gif)",
        "' onfocus='alert(1)' autofocus='",
        "{{ 7 * 7 }} {% raw %} &lt;b&gt; ]]>",
    ] {
        let (house, paths) = furnished(name).await;
        for path in &paths {
            let html = house.get(Role::Administrator, path).await.ok();
            // What was typed may hold what looks like a template; everything else is checked.
            // The raw mail breaks it over lines, where it is known no longer.
            let (shown, raw) = html.split_once("<pre class=\"plain raw\">").unwrap_or((&html, ""));
            let whole = format!("{shown}{}", raw.split_once("</pre>").map_or("", |(_, rest)| rest));
            // A search marks what it found in the middle of it.
            let whole = whole.replace("<mark>", "").replace("</mark>", "");
            // A finding shows the line it is about as it is written in Markdown, with what keeps it text.
            let whole =
                whole.replace("{{ 7 * 7 }}", "").replace("{% raw %}", "").replace("\\{% raw %\\}", "");
            check(path, &whole);
            for (tag, _) in house::tags(&html) {
                assert!(!matches!(tag.as_str(), "svg" | "object"), "{path}: <{tag}>");
            }
        }
    }
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_offered() {
    let (house, paths) = furnished("Emails are late").await;
    for role in Role::ALL {
        for path in paths.iter().filter(|p| *role >= least(p)) {
            let html = house.get(*role, path).await.ok();
            for link in house::tags(&html).iter().filter(|(name, _)| name == "a").flat_map(|(_, a)| a) {
                let (key, to) = (&link.0, link.1.split('#').next().unwrap());
                if key == "href" && to.starts_with("/app") {
                    let mut answer = house.get(*role, to).await;
                    if answer.status == StatusCode::SEE_OTHER && answer.location.starts_with("/app/") {
                        answer = house.get(*role, &answer.location).await;
                    }
                    assert_eq!(answer.status, StatusCode::OK, "{role}: {path} leads to {to}");
                }
            }
            if *role == Role::Viewer {
                // Everybody may sign out.
                let posts = if path.starts_with("/app/account") { vec![] } else { forms(&html) };
                assert!(posts.iter().all(|to| to == "/sign-out"), "a viewer is offered {posts:?} on {path}");
            }
        }
    }
    let room = "/app/incidents/1";
    let by_responder = offered(&house.get(Role::Responder, room).await.ok());
    assert!(by_responder.contains(&"/app/incidents/1/events".into()), "{by_responder:?}");
    assert!(!by_responder.contains(&"/app/incidents/1/update".into()), "{by_responder:?}");
    let by_communicator = offered(&house.get(Role::Communicator, room).await.ok());
    assert!(by_communicator.contains(&"/app/incidents/1/update".into()), "{by_communicator:?}");
    for (path, fields) in [
        ("/app/incidents/new", vec![("title", "x")]),
        ("/app/incidents/1/events", vec![("note", "x")]),
        ("/app/incidents/1/update", vec![("text", "x"), ("step", "send"), ("phase", "resolved")]),
        ("/app/incidents/1/visibility", vec![("to", "internal"), ("version", "3")]),
        ("/app/page/components/new", vec![("name", "x")]),
        ("/app/page/settings", vec![("name", "x")]),
        ("/app/settings/people/new", vec![("name", "x"), ("email", "x@x.example"), ("role", "viewer")]),
        (
            "/app/settings/tokens/new",
            vec![("name", "x"), ("role", "viewer"), ("all", "yes"), ("lifetime", "30")],
        ),
        ("/app/incidents/2/postmortem", vec![("template", "five-questions")]),
    ] {
        let answer = house.post(Role::Viewer, path, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.html);
        assert!(answer.html.contains("ask an administrator"), "{path}: {}", answer.html);
    }
}

#[tokio::test]
async fn strangers_are_sent_to_sign_in_and_foreign_forms_are_refused() {
    let house = House::new().await;
    let answer = house.send(None, "GET", "/app/incidents?tab=all", String::new()).await;
    assert_eq!(answer.went_to(), "/sign-in?next=%2Fapp%2Fincidents%3Ftab%3Dall");
    let missing = house.get(Role::Viewer, "/app/incidents/9999").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    check("the page for what is not there", &missing.html);
    let odd = house.get(Role::Viewer, "/app/events/not-an-id").await;
    assert_eq!(odd.status, StatusCode::NOT_FOUND);
}
