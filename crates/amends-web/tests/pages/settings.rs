//! People, tokens, the audit log and health.

use crate::house::{House, check, tags, value_of};
use amends_app::Caller;
use amends_model::Role;
use axum::http::StatusCode;

const PEOPLE: &str = "/app/settings/people";

/// The value of the input with this id.
fn shown(html: &str, id: &str) -> String {
    let found = tags(html).into_iter().find(|(_, a)| a.iter().any(|(k, v)| k == "id" && v == id)).unwrap();
    found.1.into_iter().find(|(k, _)| k == "value").unwrap().1
}

#[tokio::test]
async fn people_are_added_changed_and_disabled() {
    let house = House::new().await;
    let new = format!("{PEOPLE}/new");
    let fields = |name, email, role| [("name", name), ("email", email), ("role", role), ("how", "show")];
    let admin = Role::Administrator;
    let wrong = house.post(admin, &new, &fields("Kim\u{202e}", "kim", "boss")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&new, &wrong.html);
    let taken = house.post(admin, &new, &fields("Kim", "VIEWER@marrowby.example", "viewer")).await;
    assert!(taken.html.contains("belongs to somebody here already"), "{}", taken.html);
    let none = house.post(admin, &new, &[("name", "Kim"), ("email", "kim@marrowby.example")]).await;
    assert!(none.html.contains("is not chosen yet") && none.html.contains("value=\"Kim\""), "{}", none.html);
    let made = house.post(admin, &new, &fields("Kim", "kim@marrowby.example", "responder")).await.ok();
    check("the link page", &made);
    let link = shown(&made, "link").replace("https://status.marrowby.example", "");
    let kim = house.form(None, &link, &[("password", "a quiet wooden harbour")]).await.session();
    let list = house.get(admin, PEOPLE).await.ok();
    check(PEOPLE, &list);
    let id = house.app.person(&Caller::system("test"), "kim@marrowby.example").await.unwrap().id;
    let path = format!("{PEOPLE}/{id}");
    assert!(list.contains(&path));
    let form = house.get(admin, &path).await.ok();
    check(&path, &form);
    let version = value_of(&form, "version").unwrap();
    let edit = |role, version| {
        [
            ("name", "Kim Doe"),
            ("email", "kim@marrowby.example"),
            ("role", role),
            ("time_zone", "Europe/Paris"),
            ("version", version),
        ]
    };
    house.post(admin, &path, &edit("viewer", &version)).await.went_to();
    let forbidden = house.read(Some(&kim), "/app/incidents/new").await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN, "a role is taken at once");
    let late = house.post(admin, &path, &edit("communicator", &version)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    check(&path, &late.html);
    let version = value_of(&late.html, "version").unwrap();
    let off = [("to", "disabled"), ("version", version.as_str())];
    house.post(admin, &format!("{path}/disabled"), &off).await.went_to();
    assert_eq!(house.read(Some(&kim), "/app").await.status, StatusCode::SEE_OTHER, "ended at once");
    let page = house.get(admin, &path).await.ok();
    check(&path, &page);
    let no = house.post(admin, &format!("{path}/link"), &[("purpose", "password")]).await;
    assert_eq!(no.status, StatusCode::CONFLICT);
    assert!(no.html.contains("is disabled; enable them first"), "{}", no.html);
    let version = value_of(&page, "version").unwrap();
    house
        .post(admin, &format!("{path}/disabled"), &[("to", "enabled"), ("version", &version)])
        .await
        .went_to();
    let link = house.post(admin, &format!("{path}/link"), &[("purpose", "sign_in")]).await.ok();
    let link = shown(&link, "link").replace("https://status.marrowby.example", "");
    let kim = house.form(None, &link, &[]).await.session();
    let page = house.get(admin, &path).await.ok();
    let end = crate::forms(&page).into_iter().find(|to| to.contains("/sessions/") && to.ends_with("/end"));
    house.post(admin, &end.unwrap(), &[]).await.went_to();
    assert_eq!(house.read(Some(&kim), "/app").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn links_are_mailed_when_mail_goes_out() {
    let house = House::new().await;
    let settings = amends_courier::MailSettings {
        public_url: "https://status.marrowby.example".into(),
        server: Some("mail.marrowby.example:25".into()),
        ..Default::default()
    };
    house.app.set_mail(settings);
    let form = house.get(Role::Administrator, &format!("{PEOPLE}/new")).await.ok();
    assert!(form.contains("Add them and mail the link"), "{form}");
    let fields = [("name", "Kim"), ("email", "kim@marrowby.example"), ("role", "viewer"), ("how", "mail")];
    let to = house.post(Role::Administrator, &format!("{PEOPLE}/new"), &fields).await.went_to();
    let page = house.get(Role::Administrator, &to).await.ok();
    check(&to, &page);
    assert!(page.contains("on its way by mail") && !page.contains("/link/"), "{page}");
    let mail = house.app.mail_state(&Caller::system("test")).await.unwrap();
    assert_eq!(mail.waiting, 1);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::new().await;
    let me = house.app.person(&Caller::system("test"), "administrator@marrowby.example").await.unwrap();
    let path = format!("{PEOPLE}/{}", me.id);
    let version = me.version.to_string();
    let off = [("to", "disabled"), ("version", version.as_str())];
    let refused = house.post(Role::Administrator, &format!("{path}/disabled"), &off).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    check(&path, &refused.html);
    assert!(refused.html.contains("is the last administrator"), "{}", refused.html);
    let less = [
        ("name", "Robin"),
        ("email", "administrator@marrowby.example"),
        ("role", "viewer"),
        ("time_zone", "Etc/UTC"),
        ("version", version.as_str()),
    ];
    let refused = house.post(Role::Administrator, &path, &less).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    house.get(Role::Administrator, &path).await.ok();
}

#[tokio::test]
async fn tokens_are_made_narrowed_shown_once_and_revoked() {
    let house = House::new().await;
    let new = "/app/settings/tokens/new";
    let admin = Role::Administrator;
    for (fields, says) in [
        (vec![("name", ""), ("role", "viewer"), ("all", "yes"), ("lifetime", "30")], "id=\"name-wrong\""),
        (vec![("name", "x"), ("role", "viewer"), ("lifetime", "30")], "nothing is chosen"),
        (vec![("name", "x"), ("role", "viewer"), ("all", "yes"), ("lifetime", "7")], "is not chosen yet"),
        (vec![("name", "x"), ("role", "viewer"), ("all", "yes"), ("lifetime", "at")], "say when it ends"),
        (
            vec![
                ("name", "x"),
                ("role", "viewer"),
                ("all", "yes"),
                ("lifetime", "at"),
                ("expires_at", "2020-01-01 00:00"),
            ],
            "is in the past",
        ),
        (vec![("name", "x"), ("all", "yes"), ("lifetime", "30")], "is not chosen yet"),
    ] {
        let wrong = house.post(admin, new, &fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        check(new, &wrong.html);
        assert!(wrong.html.contains(says), "{says}: {}", wrong.html);
    }
    let fields = [("name", "deploy"), ("role", "responder"), ("lifetime", "90"), ("scope:incident", "read")];
    let made = house.post(admin, new, &fields).await.ok();
    check(new, &made);
    assert!(made.contains("incident:read"), "{made}");
    let secret = shown(&made, "token");
    let bearer = format!("Bearer {secret}");
    let call = async |path: &str| {
        house.visit(None, "GET", path, String::new(), &[("authorization", bearer.as_str())]).await.status
    };
    assert_eq!(call("/api/v1/incidents").await, StatusCode::OK);
    assert_eq!(call("/api/v1/components").await, StatusCode::FORBIDDEN, "narrowed");
    assert_eq!(call("/app").await, StatusCode::SEE_OTHER, "a token is no way into the app");
    let list = house.get(admin, "/app/settings/tokens").await.ok();
    check("tokens", &list);
    assert!(list.contains("deploy") && !list.contains(&secret), "{list}");
    let revoke = crate::forms(&list).into_iter().find(|to| to.ends_with("/revoke")).unwrap();
    house.post(admin, &revoke, &[]).await.went_to();
    assert_eq!(call("/api/v1/incidents").await, StatusCode::UNAUTHORIZED);
    assert!(house.get(admin, "/app/settings/tokens").await.ok().contains("No longer working"));
}

#[tokio::test]
async fn the_audit_log_is_paged_and_asked_by_who_and_what() {
    let house = House::new().await;
    let system = Caller::system("clock%_\"x");
    for n in 0..105 {
        let new = amends_app::component::NewComponent { name: format!("Part {n}"), ..Default::default() };
        house.app.add_component(&system, new).await.unwrap();
    }
    let log = "/app/settings/audit";
    let first = house.get(Role::Administrator, log).await.ok();
    check(log, &first);
    assert!(first.contains("Part 104") && !first.contains("Part 4<"), "{first}");
    let older = crate::offered(&first).into_iter().find(|to| to.contains("cursor=")).unwrap();
    let second = house.get(Role::Administrator, &older.replace("&amp;", "&")).await.ok();
    assert!(second.contains("Part 4<") && !second.contains("Part 104"), "{second}");
    assert!(second.contains(&format!("href=\"{log}\">Newest")), "{second}");
    let asked = house.get(Role::Administrator, &format!("{log}?resource=component&cursor=9999")).await.ok();
    assert!(
        asked.contains(&format!("href=\"{log}?resource=component\">Newest")),
        "it asks the same: {asked}"
    );
    let by = async |query: &str| house.get(Role::Administrator, &format!("{log}?{query}")).await.ok();
    let people = by("resource=person").await;
    assert!(people.contains("Robin viewer") && !people.contains("Part 1"), "{people}");
    // What is special to the database is text here.
    let odd = by("actor=CLOCK%25_%22x").await;
    assert!(odd.contains("Part 104") && !odd.contains("Robin viewer"), "{odd}");
    assert!(by("actor=%25").await.contains("Part 104"));
    assert!(by("actor=clock__").await.contains("Nothing in the log fits that."));
    let id = house.app.person(&Caller::system("test"), "viewer@marrowby.example").await.unwrap().id;
    assert!(by(&format!("id={id}")).await.contains("Robin viewer"));
    assert!(by("resource=dragon&id=%27%20OR%201").await.contains("Nothing in the log fits that."));
    let wrong = house.get(Role::Administrator, &format!("{log}?cursor=x")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn held_mail_is_said_on_every_page_to_who_may_know() {
    use amends_model::{Channel, ChannelHealth};
    let house = House::new().await;
    let now = house.app.now();
    let failing = ChannelHealth {
        channel: Channel::Email,
        failing: true,
        since: now,
        reason: "The mail server refuses every message".into(),
        detail: "530 5.7.1 <script>sign in first".into(),
        probes: 3,
        next_probe_at: Some(now),
    };
    let set = async |health: &ChannelHealth| {
        let mut tx = house.app.store().begin().await.unwrap();
        amends_store::channel::set(&mut tx, health).await.unwrap();
        tx.commit().await.unwrap();
    };
    let clear = house.get(Role::Responder, "/app").await.ok();
    assert!(!clear.contains("Mail is held"));
    set(&failing).await;
    for path in ["/app", "/app/incidents", "/app/page", "/app/account"] {
        for role in Role::ALL {
            let html = house.get(*role, path).await.ok();
            check(path, &html);
            let says = html.contains("Mail is held") && html.contains("href=\"/app/settings/health\"");
            assert_eq!(says, *role >= Role::Responder, "{role} {path}: {html}");
        }
    }
    let page = house.get(Role::Responder, "/app/settings/health").await.ok();
    check("health", &page);
    assert!(page.contains("refuses every message") && page.contains("530 5.7.1 &#60;script&#62;"), "{page}");
    // An open page hears of it without a change of the record.
    let news = house.get(Role::Responder, "/app/changes?after=999999").await.ok();
    assert_eq!(news, "999999-email");
    set(&ChannelHealth { failing: false, reason: String::new(), detail: String::new(), ..failing }).await;
    assert_eq!(house.get(Role::Responder, "/app/changes?after=999999-email").await.ok(), "999999");
    assert!(!house.get(Role::Administrator, "/app").await.ok().contains("Mail is held"));
}
