//! Declaring, the room, and words to customers, as somebody without script does it.

use crate::house::{House, check, value_of};
use amends_model::Role;
use axum::http::StatusCode;

/// Declares an incident and answers the address of its room.
async fn declared(house: &House, public: bool) -> String {
    let components = house.app.components(&amends_app::Caller::system("test")).await.unwrap();
    let field = format!("status:{}", components.iter().find(|c| c.name == "Checkout").unwrap().id);
    let fields = [
        ("title", "Shoppers cannot pay"),
        ("severity", "sev2"),
        (field.as_str(), "major_outage"),
        ("visibility", if public { "public" } else { "internal" }),
        ("step", "send"),
    ];
    let to = house.post(Role::Communicator, "/app/incidents/new", &fields).await.went_to();
    to.trim_end_matches("?said=declared").to_owned()
}

#[tokio::test]
async fn a_title_is_enough_and_wrong_fields_keep_what_was_typed() {
    let house = House::new().await;
    let wrong =
        [("title", " "), ("summary", "Since noon <b>"), ("started_at", "noonish"), ("severity", "sev1")];
    let answer = house.post(Role::Responder, "/app/incidents/new", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    check("declare", &answer.html);
    assert!(answer.html.contains("Since noon &#60;b&#62;"), "{}", answer.html);
    assert!(answer.html.contains("‘noonish’ is not a time"), "{}", answer.html);
    assert!(answer.html.contains("id=\"title-wrong\""), "the error stands at its field");
    let to = house.post(Role::Responder, "/app/incidents/new", &[("title", "Shoppers cannot pay")]).await;
    assert_eq!(to.went_to(), "/app/incidents/1?said=declared");
    let room = house.get(Role::Responder, "/app/incidents/1?said=declared").await.ok();
    assert!(room.contains("The incident is declared.") && room.contains("Nobody leads yet"), "{room}");
}

#[tokio::test]
async fn a_public_incident_is_looked_at_before_it_is_declared() {
    let house = House::new().await;
    let fields = [
        ("title", "Shoppers cannot pay"),
        ("visibility", "public"),
        ("message", "We are **on it**."),
        ("notify", "yes"),
        ("next", "30"),
    ];
    let look = house.post(Role::Communicator, "/app/incidents/new", &fields).await.ok();
    check("look", &look);
    assert!(
        look.contains("This is what customers will see") && look.contains("<strong>on it</strong>"),
        "{look}"
    );
    let system = amends_app::Caller::system("test");
    assert_eq!(house.app.open_incident_count(&system).await.unwrap(), 0, "looking declares nothing");
    let mut back = fields.to_vec();
    back.push(("step", "change"));
    let form = house.post(Role::Communicator, "/app/incidents/new", &back).await.ok();
    assert!(form.contains("We are **on it**."), "{form}");
    let mut send = fields.to_vec();
    send.push(("step", "send"));
    assert_eq!(
        house.post(Role::Communicator, "/app/incidents/new", &send).await.went_to(),
        "/app/incidents/1?said=declared"
    );
    assert_eq!(house.app.public_record().await.unwrap().incidents[0].updates[0].text, "We are **on it**.");
}

#[tokio::test]
async fn the_room_suggests_one_step_after_another() {
    let house = House::new().await;
    let room = declared(&house, false).await;
    let shown = async |said: &str| {
        let html = house.get(Role::Communicator, &room).await.ok();
        assert!(html.contains(said), "‘{said}’ is not in:\n{html}");
        html
    };
    let html = shown("Customers are hurt and the page says nothing").await;
    assert!(html.contains("name=\"note\""));
    let confirm = house.get(Role::Communicator, &format!("{room}/visibility")).await.ok();
    let version = value_of(&confirm, "version").unwrap();
    let to = house
        .post(Role::Communicator, &format!("{room}/visibility"), &[("to", "public"), ("version", &version)])
        .await;
    assert_eq!(to.went_to(), format!("{room}?said=public"));
    let html = shown("It is on the page without a word").await;
    let fields = [
        ("phase", "investigating"),
        ("text", "We are on it."),
        ("next", "at"),
        ("next_at", "+20m"),
        ("notify", "yes"),
        ("version", &value_of(&html, "version").unwrap()),
        ("seen", ""),
    ];
    let look = house.post(Role::Communicator, &format!("{room}/update"), &fields).await.ok();
    assert!(look.contains("This is what customers will see") && look.contains("We are on it."), "{look}");
    assert!(house.app.public_record().await.unwrap().incidents[0].updates.is_empty(), "nothing is out yet");
    let mut send = fields.to_vec();
    send.push(("step", "send"));
    let path = format!("{room}/update");
    assert_eq!(house.post(Role::Communicator, &path, &send).await.went_to(), format!("{room}?said=told"));
    assert_eq!(house.post(Role::Communicator, &path, &send).await.went_to(), format!("{room}?said=told"));
    assert_eq!(
        house.app.public_record().await.unwrap().incidents[0].updates.len(),
        1,
        "the button pressed twice tells once"
    );
    shown("Nobody leads yet").await;
    let to = house.post(Role::Communicator, &format!("{room}/roles"), &[("role", "lead")]).await;
    assert_eq!(to.went_to(), room);
    shown("due in 20 min").await;
    house.later(25);
    shown("was due 5 min ago").await;
    house.post(Role::Communicator, &format!("{room}/state"), &[("state", "mitigated")]).await.went_to();
    shown("Tell them that a fix is in").await;
}

#[tokio::test]
async fn two_who_tell_customers_at_once_see_each_others_words() {
    let house = House::new().await;
    let room = declared(&house, true).await;
    let path = format!("{room}/update");
    let seen = house.get(Role::Communicator, &room).await.ok();
    let version = value_of(&seen, "version").unwrap();
    let theirs =
        [("phase", "investigating"), ("text", "Theirs."), ("version", version.as_str()), ("step", "send")];
    house.post(Role::Administrator, &path, &theirs).await.went_to();
    let mine = [("phase", "identified"), ("text", "Mine, just written."), ("version", version.as_str())];
    for step in ["look", "send"] {
        let mut fields = mine.to_vec();
        fields.push(("step", step));
        let answer = house.post(Role::Communicator, &path, &fields).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        check("conflict", &answer.html);
        assert!(
            answer.html.contains("Theirs.") && answer.html.contains("Mine, just written."),
            "{}",
            answer.html
        );
    }
    let answer = house.post(Role::Communicator, &path, &mine).await;
    let fields = [
        ("phase", "identified"),
        ("text", "Mine, after reading theirs."),
        ("version", &value_of(&answer.html, "version").unwrap()),
        ("seen", &value_of(&answer.html, "seen").unwrap()),
        ("step", "send"),
    ];
    house.post(Role::Communicator, &path, &fields).await.went_to();
    let record = house.app.public_record().await.unwrap();
    let told: Vec<&str> = record.incidents[0].updates.iter().map(|u| u.text.as_str()).collect();
    assert_eq!(told, ["Mine, after reading theirs.", "Theirs."]);
}

#[tokio::test]
async fn small_forms_of_the_room_say_what_was_wrong_and_keep_the_rest() {
    let house = House::new().await;
    let room = declared(&house, false).await;
    let answer = house
        .post(
            Role::Responder,
            &format!("{room}/events"),
            &[("note", "Rolled <i>back</i>"), ("note_at", "2030-01-01 10:00")],
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    check("room", &answer.html);
    assert!(
        answer.html.contains("is in the future") && answer.html.contains("Rolled &#60;i&#62;"),
        "{}",
        answer.html
    );
    let answer = house
        .post(
            Role::Responder,
            &format!("{room}/milestones"),
            &[("milestone", "detected"), ("milestone_at", "soon")],
        )
        .await;
    assert!(answer.html.contains("‘soon’ is not a time"), "{}", answer.html);
    // 15:40 in Berlin is 14:40 UTC; the clock stands at 15:00 UTC.
    let fields = [("milestone", "started"), ("milestone_at", "15:40"), ("milestone_source", "the monitor")];
    house.post(Role::Responder, &format!("{room}/milestones"), &fields).await.went_to();
    let html = house.get(Role::Viewer, &room).await.ok();
    assert!(
        html.contains("datetime=\"2026-11-20T14:40:00Z\" title=\"2026-11-20 14:40:00 UTC\">15:40<"),
        "{html}"
    );
    let fields = [("note", "Rolled back"), ("note_kind", "change"), ("note_at", "-5m")];
    let to = house.post(Role::Responder, &format!("{room}/events"), &fields).await.went_to();
    assert!(to.contains("#event-"), "{to}");
}

#[tokio::test]
async fn an_entry_keeps_its_history_and_two_editors_their_words() {
    let house = House::new().await;
    let room = declared(&house, false).await;
    let to = house.post(Role::Responder, &format!("{room}/events"), &[("note", "First")]).await.went_to();
    let path = format!("/app/events/{}", to.rsplit("#event-").next().unwrap());
    let page = house.get(Role::Responder, &path).await.ok();
    let (version, at) = (value_of(&page, "version").unwrap(), value_of(&page, "at").unwrap());
    let edit = |text| [("text", text), ("version", version.as_str()), ("at", at.as_str())];
    house.post(Role::Responder, &path, &edit("Second")).await.went_to();
    let answer = house.post(Role::Communicator, &path, &edit("Mine")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    check(&path, &answer.html);
    assert!(answer.html.contains("Second") && answer.html.contains("\nMine</textarea>"), "{}", answer.html);
    let page = house.get(Role::Viewer, &path).await.ok();
    assert!(
        page.contains("First") && page.contains("replaced") && page.contains("Robin responder"),
        "{page}"
    );
    assert!(!page.contains("<textarea"), "a viewer edits nothing");
}

#[tokio::test]
async fn what_an_incident_says_of_itself_is_never_overwritten_unseen() {
    let house = House::new().await;
    let room = declared(&house, false).await;
    let path = format!("{room}/edit");
    let page = house.get(Role::Responder, &path).await.ok();
    let version = value_of(&page, "version").unwrap();
    let edit =
        |title| [("title", title), ("severity", "sev2"), ("impact", "follow"), ("version", version.as_str())];
    house.post(Role::Responder, &path, &edit("Theirs")).await.went_to();
    let answer = house.post(Role::Communicator, &path, &edit("Mine")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    check(&path, &answer.html);
    assert!(answer.html.contains("Theirs") && value_of(&answer.html, "title").as_deref() == Some("Mine"));
    let again = value_of(&answer.html, "version").unwrap();
    let fields = [("title", "Mine"), ("severity", "sev2"), ("impact", "follow"), ("version", again.as_str())];
    house.post(Role::Communicator, &path, &fields).await.went_to();
    let system = amends_app::Caller::system("test");
    assert_eq!(house.app.incident(&system, "1").await.unwrap().title, "Mine");
}
