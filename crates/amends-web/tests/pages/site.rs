//! Components and the page's settings.

use crate::house::{House, check, value_of};
use amends_app::Caller;
use amends_app::incident::{ComponentInput, Declare};
use amends_model::{ComponentStatus, Role};
use axum::http::StatusCode;

#[tokio::test]
async fn components_are_added_moved_edited_and_taken_off() {
    let house = House::new().await;
    let new = "/app/page/components/new";
    let wrong = house.post(Role::Administrator, new, &[("name", "2024"), ("description", "kept")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(new, &wrong.html);
    assert!(wrong.html.contains("bare year") && wrong.html.contains("value=\"kept\""), "{}", wrong.html);
    let to =
        house.post(Role::Administrator, new, &[("name", "Exports"), ("showcase", "yes")]).await.went_to();
    let id = to.rsplit("#component-").next().unwrap().to_owned();
    let order = async || {
        let html = house.get(Role::Viewer, "/app/page").await.ok();
        let mut names = ["Shops", "Daily emails", "Exports"];
        names.sort_by_key(|name| html.find(&format!(">{name}<")).unwrap());
        names.join(", ")
    };
    assert_eq!(order().await, "Shops, Daily emails, Exports");
    let path = format!("/app/page/components/{id}");
    house.post(Role::Administrator, &format!("{path}/move"), &[("to", "up")]).await.went_to();
    assert_eq!(order().await, "Shops, Exports, Daily emails");
    let form = house.get(Role::Communicator, &path).await.ok();
    check(&path, &form);
    let version = value_of(&form, "version").unwrap();
    let edit = |name| [("name", name), ("status", "operational"), ("version", version.as_str())];
    house.post(Role::Communicator, &path, &edit("Find")).await.went_to();
    let answer = house.post(Role::Administrator, &path, &edit("Look up")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.html.contains("Find") && value_of(&answer.html, "name").as_deref() == Some("Look up"));
    let version = value_of(&answer.html, "version").unwrap();
    let declare = Declare {
        title: "Nobody can find anything".into(),
        components: vec![ComponentInput { component: id.clone(), status: ComponentStatus::MajorOutage }],
        ..Declare::default()
    };
    house.app.declare(&Caller::system("test"), declare).await.unwrap();
    let off = house.post(Role::Administrator, &format!("{path}/archive"), &[("version", &version)]).await;
    assert_eq!(off.went_to(), "/app/page?said=archived");
    let list = house.get(Role::Viewer, "/app/page").await.ok();
    assert!(
        list.find("Off the page").is_some_and(|at| list.find("Find<").is_some_and(|found| found > at)),
        "{list}"
    );
    let room = house.get(Role::Responder, "/app/incidents/1").await.ok();
    assert!(room.contains(">Find</span>") && room.contains("off the page"), "{room}");
    let act = async |path: &str, to: &str| {
        let form = house.get(Role::Administrator, path).await.ok();
        check(path, &form);
        let version = value_of(&form, "version").unwrap();
        house
            .post(Role::Administrator, &format!("{path}/archive"), &[("version", &version), ("to", to)])
            .await
    };
    assert_eq!(act(&path, "back").await.went_to(), format!("/app/page?said=put_back#component-{id}"));
    let list = house.get(Role::Viewer, "/app/page").await.ok();
    assert!(list.contains("Find<") && !list.contains("Off the page"), "{list}");
    // A part cannot be in a group that nobody sees.
    let add = async |fields: &[(&str, &str)]| {
        let to = house.post(Role::Administrator, new, fields).await.went_to();
        format!("/app/page/components/{}", to.rsplit("#component-").next().unwrap())
    };
    let group = add(&[("name", "Payments"), ("kind", "group")]).await;
    let leaf = add(&[("name", "Cards"), ("group", group.rsplit('/').next().unwrap())]).await;
    act(&leaf, "").await.went_to();
    act(&group, "").await.went_to();
    let refused = act(&leaf, "back").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.html.contains("put the group back first"), "{}", refused.html);
    act(&group, "back").await.went_to();
    act(&leaf, "back").await.went_to();
}

#[tokio::test]
async fn the_page_says_what_it_is_told_to_say() {
    let house = House::new().await;
    let path = "/app/page/settings";
    let form = house.get(Role::Administrator, path).await.ok();
    let version = value_of(&form, "version").unwrap();
    let fields = |zone| {
        [
            ("name", "Marrowby"),
            ("time_zone", zone),
            ("language", "en"),
            ("support_url", "mailto:a@b.example"),
            ("version", version.as_str()),
        ]
    };
    let wrong = house.post(Role::Administrator, path, &fields("Mars/Olympus")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(path, &wrong.html);
    assert!(wrong.html.contains("is not a time zone") && wrong.html.contains("mailto:a@b.example"));
    house.post(Role::Administrator, path, &fields("Europe/Berlin")).await.went_to();
    assert_eq!(house.app.page().await.unwrap().time_zone, "Europe/Berlin");
}
