//! Subscribers, broadcasts and the mail viewer in the browser.

use crate::courier::deliver;
use crate::house::{Answer, House, check, value_of};
use amends_app::incident::{ComponentInput, Declare};
use amends_app::subscriber::AddSubscriber;
use amends_app::{Caller, Paging};
use amends_model::{ComponentStatus, Role, SubscriberState, Visibility};
use axum::http::StatusCode;

const WHO: Role = Role::Communicator;

async fn with_readers(count: usize) -> House {
    let house = House::new().await;
    for n in 0..count {
        let input = AddSubscriber {
            address: format!("reader{n}@example.net"),
            confirmed: true,
            ..Default::default()
        };
        house.app.add_subscriber(&Caller::system("test"), input).await.unwrap();
    }
    house.later(1);
    house
}

/// A form with a file, as a browser sends it.
async fn upload(house: &House, role: Role, fields: &[(&str, &str)]) -> Answer {
    let part = |(name, value): &(&str, &str)| {
        let file = if *name == "file" { "; filename=\"list.csv\"\r\nContent-Type: text/csv" } else { "" };
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
    };
    let body = fields.iter().map(part).collect::<String>() + "--edge--\r\n";
    house.send_as(role, "/app/subscribers/import", "multipart/form-data; boundary=edge", body).await
}

async fn declare(house: &House, message: &str) {
    let declare = Declare {
        title: "Mails are late".into(),
        visibility: Some(Visibility::Public),
        message: Some(message.into()),
        components: vec![ComponentInput {
            component: "Daily emails".into(),
            status: ComponentStatus::PartialOutage,
        }],
        ..Declare::default()
    };
    house.app.declare(&Caller::system("test"), declare).await.unwrap();
}

#[tokio::test]
async fn subscribers_are_added_found_changed_and_removed() {
    let house = House::new().await;
    let empty = house.get(WHO, "/app/subscribers").await.ok();
    assert!(empty.contains("Nobody has subscribed yet"), "{empty}");
    let wrong = house.post(WHO, "/app/subscribers/new", &[("address", "ada at example")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check("the form", &wrong.html);
    assert!(wrong.html.contains("is not a mail address") && wrong.html.contains("value=\"ada at example\""));
    let components = house.app.components(&Caller::system("test")).await.unwrap();
    let daily = components.iter().find(|c| c.name == "Daily emails").unwrap().id.to_string();
    let fields = [("address", "Ada@example.net"), ("component", daily.as_str()), ("confirmed", "yes")];
    let at = house.post(WHO, "/app/subscribers/new", &fields).await.went_to();
    let page = at.strip_suffix("?said=subscribed").unwrap();
    let html = house.get(WHO, page).await.ok();
    assert!(html.contains("ada@example.net") && html.contains("Hears about Daily emails"), "{html}");
    house.post(WHO, page, &[]).await.went_to();
    assert!(house.get(WHO, page).await.ok().contains("Hears about everything"));

    let asked = house.post(WHO, "/app/subscribers/new", &[("address", "grace@example.net")]).await.went_to();
    let grace = asked.strip_suffix("?said=asked").unwrap();
    let html = house.get(WHO, grace).await.ok();
    assert!(html.contains("was not followed") && html.contains("Ask for confirmation again"), "{html}");
    house.post(WHO, &format!("{grace}/confirm"), &[("how", "agreed")]).await.went_to();
    let counts = house.app.subscriber_counts(&Caller::system("test")).await.unwrap();
    assert_eq!((counts.confirmed, counts.pending), (2, 0));

    let found = house.get(WHO, "/app/subscribers?q=GRACE").await.ok();
    assert!(found.contains("grace@example.net") && !found.contains("ada@example.net"), "{found}");
    let none = house.get(WHO, "/app/subscribers?q=who%40example.net").await.ok();
    assert!(none.contains("/app/subscribers/why?address=who%40example.net"), "{none}");
    house.post(WHO, &format!("{grace}/remove"), &[]).await.went_to();
    assert_eq!(house.get(WHO, grace).await.status, StatusCode::NOT_FOUND);
    let csv = house.get(WHO, "/app/subscribers/export").await;
    assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert!(csv.html.contains("ada@example.net,confirmed,,team,"), "{}", csv.html);
}

#[tokio::test]
async fn a_list_is_looked_at_before_it_is_taken() {
    let house = House::new().await;
    let list = "address,components\nada@example.net,Daily emails\nnonsense \"<b>\",\ngrace@example.net,\n";
    let look = upload(&house, WHO, &[("file", list), ("pasted", ""), ("step", "look")]).await.ok();
    check("the look", &look);
    assert!(look.contains("Subscribe 2 addresses") && look.contains("1 line is not understood"), "{look}");
    assert!(house.app.subscriber_counts(&Caller::system("test")).await.unwrap().confirmed == 0);
    let done = upload(&house, WHO, &[("list", list), ("step", "send")]).await.ok();
    check("the report", &done);
    assert!(done.contains("<h1>Imported</h1>") && done.contains("‘nonsense"), "{done}");
    assert_eq!(house.app.subscriber_counts(&Caller::system("test")).await.unwrap().confirmed, 2);
    let pasted = upload(
        &house,
        WHO,
        &[("file", ""), ("pasted", "eve@example.net\nada@example.net"), ("step", "look")],
    );
    let pasted = pasted.await.ok();
    assert!(pasted.contains("Subscribe 1 address<") && pasted.contains("There already"), "{pasted}");
    for (fields, words) in [
        (vec![("file", ""), ("pasted", " ")], "choose a file or paste addresses"),
        (vec![("pasted", "name,phone\nAda,1\n")], "has no column for the address"),
    ] {
        let wrong = upload(&house, WHO, &fields).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        check("the form", &wrong.html);
        assert!(wrong.html.contains(words), "{}", wrong.html);
    }
    let large = "a@example.net\n".repeat(1_300_000);
    let refused = upload(&house, WHO, &[("file", &large), ("step", "look")]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", refused.html);
    assert!(refused.html.contains("amends subscriber import"), "{}", refused.html);
    let viewer = upload(&house, Role::Responder, &[("pasted", "x@example.net"), ("step", "send")]).await;
    assert_eq!(viewer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn suppressed_addresses_are_listed_with_the_reason_and_lifted() {
    let house = with_readers(1).await;
    let path = "/app/subscribers/suppressed";
    let wrong = house.post(WHO, path, &[("address", "x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(path, &wrong.html);
    let fields = [("address", "reader0@example.net"), ("note", "asked by <phone>")];
    house.post(WHO, path, &fields).await.went_to();
    let html = house.get(WHO, path).await.ok();
    assert!(html.contains("One of us decided so") && html.contains("asked by &#60;phone&#62;"), "{html}");
    let why = house.get(WHO, "/app/subscribers/why?address=reader0%40example.net").await.ok();
    assert!(
        why.contains("The address is suppressed since") && why.contains("Write to reader0@example.net again"),
        "{why}"
    );
    house
        .post(WHO, "/app/subscribers/lift", &[("address", "reader0@example.net"), ("back", "list")])
        .await
        .went_to();
    assert!(house.get(WHO, path).await.ok().contains("No address is suppressed"));
}

#[tokio::test]
async fn what_goes_out_is_shown_with_the_number_and_then_followed() {
    let house = with_readers(3).await;
    let fields = [
        ("title", "Mails are late"),
        ("severity", "sev2"),
        ("visibility", "public"),
        ("message", "We are *looking*."),
        ("notify", "yes"),
        ("next", "30"),
    ];
    let look = house.post(WHO, "/app/incidents/new", &fields).await.ok();
    check("the look", &look);
    assert!(
        look.contains("Declare and tell 3 subscribers") && look.contains("By mail, to 3 subscribers"),
        "{look}"
    );
    let as_mail = [&fields[..], &[("step", "mail")]].concat();
    let mail = house.post(WHO, "/app/incidents/new", &as_mail).await;
    let policy = mail.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox allow-popups") && policy.contains("default-src 'none'"), "{policy}");
    assert!(
        mail.html.contains("<em>looking</em>") && mail.html.contains("<base target=\"_blank\">"),
        "{}",
        mail.html
    );
    let send = [&fields[..], &[("step", "send")]].concat();
    let room = house.post(WHO, "/app/incidents/new", &send).await.went_to();
    let html = house.get(WHO, &room).await.ok();
    assert!(
        html.contains("Sent to subscribers") && html.contains("still writing down who gets it"),
        "{html}"
    );

    let seen = value_of(&html, "seen").unwrap();
    let word = [
        ("seen", seen.as_str()),
        ("phase", "identified"),
        ("text", "We know."),
        ("notify", "yes"),
        ("next", "none"),
        ("step", "look"),
    ];
    let look = house.post(WHO, "/app/incidents/1/update", &word).await.ok();
    assert!(
        look.contains("Tell 3 subscribers") && look.contains("frame") && !look.contains("held"),
        "{look}"
    );
    let quiet =
        house.post(WHO, "/app/incidents/1/update", &[word[0], word[1], word[2], word[4], word[5]]).await.ok();
    assert!(quiet.contains("Nobody is written to") && !quiet.contains("By mail"), "{quiet}");

    let id = house.app.broadcasts(&Caller::system("test"), &Paging::default()).await.unwrap().items[0]
        .broadcast
        .id
        .clone();
    let path = format!("/app/broadcasts/{id}");
    let going = house.get(WHO, &path).await.ok();
    assert!(going.contains("data-poll") && going.contains(">Stop it<"), "{going}");
    deliver(&house.app).await;
    let done = house.get(Role::Responder, &path).await.ok();
    check(&path, &done);
    assert!(
        done.contains("3 of 3 accepted") && !done.contains("Stop it") && !done.contains("reader0"),
        "{done}"
    );
    assert!(done.contains("href=\"/app/incidents/"), "{done}");
    let each = house.get(WHO, &format!("{path}?state=accepted")).await.ok();
    assert!(each.contains("reader2@example.net"), "{each}");
    let framed = house.get(WHO, &format!("{path}/mail")).await;
    assert_eq!(framed.headers["x-frame-options"], "SAMEORIGIN");
    assert!(framed.html.contains("<em>looking</em>"));
    let why = house.get(WHO, "/app/subscribers/why?address=reader1@example.net").await.ok();
    assert!(why.contains("Kept in the built-in viewer at"), "{why}");
    let room = house.get(Role::Responder, "/app/incidents/1").await.ok();
    assert!(room.contains("3 of 3 accepted") && !room.contains("data-poll"), "{room}");
}

#[tokio::test]
async fn what_has_not_gone_yet_is_stopped() {
    let house = with_readers(2).await;
    declare(&house, "We are looking.").await;
    let id = house.app.broadcasts(&Caller::system("test"), &Paging::default()).await.unwrap().items[0]
        .broadcast
        .id
        .clone();
    let path = format!("/app/broadcasts/{id}");
    let seen = house.get(Role::Responder, &path).await.ok();
    assert_eq!(crate::forms(&seen), ["/sign-out"], "a responder stops nothing: {seen}");
    assert_eq!(house.post(Role::Responder, &format!("{path}/stop"), &[]).await.status, StatusCode::FORBIDDEN);
    house.post(WHO, &format!("{path}/stop"), &[]).await.went_to();
    deliver(&house.app).await;
    assert!(house.get(WHO, &path).await.ok().contains("Stopped"));
    let twice = house.post(WHO, &format!("{path}/stop"), &[]).await.went_to();
    assert_eq!(twice, path, "nothing is left to stop, which is no error");
    assert!(house.get(Role::Administrator, "/app/mail").await.ok().contains("No mail yet"));
}

#[tokio::test]
async fn the_viewer_shows_each_mail_as_its_reader_sees_it() {
    let house = with_readers(3).await;
    let pending = AddSubscriber {
        address: "new@example.net".into(),
        components: vec![],
        confirmed: false,
        ..Default::default()
    };
    house.app.add_subscriber(&Caller::system("test"), pending).await.unwrap();
    declare(&house, "<script>alert(1)</script> We are looking.").await;
    deliver(&house.app).await;
    let admin = Role::Administrator;
    let list = house.get(admin, "/app/mail").await.ok();
    assert!(list.contains("3 mails") && list.contains("Please confirm your subscription"), "{list}");
    assert!(list.contains("Throw away 4 mails"), "{list}");
    let one = house.get(admin, "/app/mail?to=new%40example.net").await.ok();
    assert!(!one.contains("reader1@example.net") && one.contains("new@example.net"), "{one}");
    assert_eq!(house.get(admin, "/app/mail?to=nobody").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let confirm = house.get(admin, "/app/mail/1").await.ok();
    let link = confirm.split("href=\"https://status.marrowby.example/s/").nth(1).unwrap();
    let token = link.split('"').next().unwrap();
    let subscription = house.app.confirm_subscription(token).await.unwrap();
    assert_eq!(subscription.subscriber.state, SubscriberState::Confirmed, "the link in the viewer works");
    let mail = house.get(admin, "/app/mail/2").await.ok();
    check("/app/mail/2", &mail);
    assert!(mail.contains("List-Unsubscribe-Post") && mail.contains("/app/mail/2/html"), "{mail}");
    let framed = house.get(admin, "/app/mail/2/html").await;
    assert!(framed.html.contains("&lt;script&gt;") && !framed.html.contains("<script"), "{}", framed.html);
    assert!(framed.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let raw = house.get(admin, "/app/mail/2/raw").await;
    assert_eq!(raw.headers["content-type"], "message/rfc822");
    assert!(raw.html.starts_with("From: "), "{}", raw.html);
    assert_eq!(house.get(admin, "/app/mail/99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(WHO, "/app/mail/2").await.status, StatusCode::FORBIDDEN);
    house.post(admin, "/app/mail/empty", &[]).await.went_to();
    assert!(house.get(admin, "/app/mail").await.ok().contains("No mail yet"));
}
