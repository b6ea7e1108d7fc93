//! Planned work, as somebody without script does it.

use crate::house::{House, check, value_of};
use amends_model::Role;
use axum::http::StatusCode;

#[tokio::test]
async fn work_is_looked_at_then_announced_then_moved() {
    let house = House::new().await;
    let fields = [
        ("title", "Database upgrade"),
        ("text", "Payments pause for a minute."),
        ("scheduled_for", "22:00"),
        ("scheduled_until", "+90m"),
        ("visibility", "public"),
        ("auto_start", "yes"),
        ("remind", "60"),
    ];
    let new = "/app/maintenances/new";
    let wrong =
        house.post(Role::Communicator, new, &[("title", "Upgrade"), ("scheduled_for", "later")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(new, &wrong.html);
    assert!(wrong.html.contains("‘later’ is not a time") && wrong.html.contains("value=\"Upgrade\""));
    let look = house.post(Role::Communicator, new, &fields).await.ok();
    check(new, &look);
    // 22:00 in Berlin is 21:00 UTC, and a length counts from the start.
    assert!(look.contains("2026-11-20T21:00:00Z") && look.contains("2026-11-20T22:30:00Z"), "{look}");
    let mut send = fields.to_vec();
    send.push(("step", "send"));
    let to = house.post(Role::Communicator, new, &send).await.went_to();
    let page = to.trim_end_matches("?said=scheduled").to_owned();
    let edit = format!("{page}/edit");
    let form = house.get(Role::Communicator, &edit).await.ok();
    let version = value_of(&form, "version").unwrap();
    assert_eq!(value_of(&form, "scheduled_for").as_deref(), Some("2026-11-20 22:00"));
    let change = |title, start| {
        [
            ("title", title),
            ("scheduled_for", start),
            ("scheduled_until", "2026-11-21 00:30"),
            ("visibility", "public"),
            ("remind", "60"),
            ("version", version.as_str()),
        ]
    };
    house.post(Role::Communicator, &edit, &change("Database upgrade", "2026-11-20 23:00")).await.went_to();
    let answer = house.post(Role::Administrator, &edit, &change("Mine", "2026-11-20 22:00")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    check(&edit, &answer.html);
    assert!(
        answer.html.contains("2026-11-20 23:00")
            && value_of(&answer.html, "title").as_deref() == Some("Mine")
    );
    let shown = house.get(Role::Viewer, &page).await.ok();
    assert!(shown.contains("Moved from") && shown.contains("2026-11-20T22:00:00Z"), "{shown}");
    let update = format!("{page}/update");
    let empty = house.post(Role::Communicator, &update, &[("state", "in_progress"), ("text", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = [("state", "in_progress"), ("text", "We have begun."), ("step", "send")];
    assert_eq!(house.post(Role::Communicator, &update, &said).await.went_to(), format!("{page}?said=shown"));
    assert!(house.get(Role::Viewer, &page).await.ok().contains("In progress"));
}
