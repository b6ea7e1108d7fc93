//! One's own account.

use crate::house::{House, check, value_of};
use amends_model::Role;
use axum::http::{StatusCode, header};

#[tokio::test]
async fn name_and_zone_are_changed_and_nothing_is_overwritten_unseen() {
    let house = House::new().await;
    let form = house.get(Role::Viewer, "/app/account").await.ok();
    check("/app/account", &form);
    let version = value_of(&form, "version").unwrap();
    let fields = |name, zone| [("name", name), ("time_zone", zone), ("version", version.as_str())];
    let wrong = house.post(Role::Viewer, "/app/account", &fields("Sam", "Berlin")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.html);
    check("/app/account", &wrong.html);
    assert!(
        wrong.html.contains("is not a time zone") && wrong.html.contains("value=\"Sam\""),
        "{}",
        wrong.html
    );
    let to = house.post(Role::Viewer, "/app/account", &fields("Sam", "Asia/Kolkata")).await.went_to();
    let page = house.get(Role::Viewer, &to).await.ok();
    assert!(page.contains("Saved.") && page.contains("Times are in Asia/Kolkata, IST"), "{page}");
    let late = house.post(Role::Viewer, "/app/account", &fields("Alex", "Asia/Kolkata")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    check("/app/account", &late.html);
    assert!(late.html.contains(">Sam</dd>") && late.html.contains("value=\"Alex\""), "{}", late.html);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_a_new_password_ends_the_others() {
    let house = House::new().await;
    let me = house.get(Role::Viewer, "/app/account").await.ok();
    assert!(me.contains("this one") && !me.contains("/end\""), "the only session is not ended here: {me}");
    // No password yet: one may set it without an old one.
    let set = |current, new| [("current", current), ("password", new)];
    let path = "/app/account/password";
    house.post(Role::Viewer, path, &set("", "a quiet wooden harbour")).await.went_to();
    let sign_in = async |password: &str| {
        let typed = [("email", "viewer@marrowby.example"), ("password", password)];
        house.form(None, "/sign-in", &typed).await.session()
    };
    let elsewhere = sign_in("a quiet wooden harbour").await;
    house.later(1);
    let third = sign_in("a quiet wooden harbour").await;
    let page = house.get(Role::Viewer, "/app/account").await.ok();
    check("/app/account", &page);
    assert!(page.contains("End the 2 others"), "{page}");
    let ends: Vec<String> = crate::forms(&page).into_iter().filter(|to| to.ends_with("/end")).collect();
    assert_eq!(ends.len(), 2);
    // The newest stands first.
    house.post(Role::Viewer, &ends[0], &[]).await.went_to();
    assert_eq!(house.read(Some(&third), "/app").await.status, StatusCode::SEE_OTHER);
    house.read(Some(&elsewhere), "/app").await.ok();
    let other = house.post(Role::Responder, &ends[1], &[]).await;
    assert_eq!(other.went_to(), "/app/account?said=session_ended#sessions", "says nothing about whose it is");
    house.read(Some(&elsewhere), "/app").await.ok();
    let wrong = house.post(Role::Viewer, path, &set("not mine at all", "a loud iron harbour")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(path, &wrong.html);
    assert!(wrong.html.contains("is not your password") && !wrong.html.contains("iron"), "{}", wrong.html);
    let to =
        house.post(Role::Viewer, path, &set("a quiet wooden harbour", "a loud iron harbour")).await.went_to();
    house.get(Role::Viewer, &to).await.ok();
    assert_eq!(house.read(Some(&elsewhere), "/app").await.status, StatusCode::SEE_OTHER);
    sign_in("a loud iron harbour").await;
    house.post(Role::Viewer, "/app/account/sessions/end-others", &[]).await.went_to();
    assert!(!house.get(Role::Viewer, "/app/account").await.ok().contains("End the"));
    for _ in 0..6 {
        house.post(Role::Viewer, path, &set("not mine at all", "a loud iron harbour")).await;
    }
    let slowed = house.post(Role::Viewer, path, &set("a loud iron harbour", "a third harbour town")).await;
    assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(slowed.headers.get(header::RETRY_AFTER).is_some());
    check(path, &slowed.html);
}
