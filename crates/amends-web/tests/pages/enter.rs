//! Coming in and going out.

use crate::house::{House, check, value_of};
use amends_app::identity::{NewPerson, Secret};
use amends_app::{Caller, Paging};
use amends_model::{PersonId, Role};
use axum::http::{StatusCode, header};

const WORDS: &str = "a quiet wooden harbour";

/// Somebody with a password.
async fn kim(house: &House) -> PersonId {
    let system = Caller::system("test");
    let new = NewPerson {
        email: "kim@marrowby.example".into(),
        name: "Kim".into(),
        role: Role::Responder,
        time_zone: None,
    };
    let added = house.app.add_person(&system, new).await.unwrap();
    let path = house.app.link_address(&added.link).replace("https://status.marrowby.example", "");
    let answer = house.form(None, &path, &[("password", WORDS)]).await;
    answer.session();
    assert_eq!(answer.went_to(), "/app?said=password");
    added.person.id
}

fn typed<'a>(email: &'a str, password: &'a str, next: &'a str) -> [(&'a str, &'a str); 3] {
    [("email", email), ("password", password), ("next", next)]
}

#[tokio::test]
async fn who_signs_in_comes_to_where_they_wanted_and_out_again() {
    let house = House::new().await;
    kim(&house).await;
    let stranger = house.read(None, "/app/incidents?tab=all").await.went_to();
    assert_eq!(stranger, "/sign-in?next=%2Fapp%2Fincidents%3Ftab%3Dall");
    let form = house.read(None, &stranger).await.ok();
    check(&stranger, &form);
    let next = value_of(&form, "next").unwrap();
    let answer = house.form(None, "/sign-in", &typed(" Kim@Marrowby.example ", WORDS, &next)).await;
    let session = answer.session();
    assert_eq!(answer.went_to(), "/app/incidents?tab=all");
    let page = house.read(Some(&session), "/app/incidents?tab=all").await.ok();
    assert!(page.contains(">Kim<"), "{page}");
    assert_eq!(house.read(Some(&session), "/sign-in?next=/app/page").await.went_to(), "/app/page");
    let out = house.form(Some(&session), "/sign-out", &[]).await;
    let line = out.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert_eq!(line, "__Host-amends=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(out.went_to(), "/sign-in?said=out");
    assert!(house.read(None, "/sign-in?said=out").await.ok().contains("You are signed out."));
    assert_eq!(house.read(Some(&session), "/app").await.went_to(), "/sign-in?next=%2Fapp");
    assert!(house.read(Some(&session), "/sign-in").await.ok().contains("Your session has ended."));
    // Signing out twice is no fault.
    assert_eq!(house.form(Some(&session), "/sign-out", &[]).await.went_to(), "/sign-in?said=out");
}

#[tokio::test]
async fn next_leads_nowhere_else() {
    let house = House::new().await;
    kim(&house).await;
    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/app\r\nx: y"]
    {
        let answer = house.form(None, "/sign-in", &typed("kim@marrowby.example", WORDS, next)).await;
        assert_eq!(answer.went_to(), "/app", "{next}");
        let page = house.read(None, &format!("/sign-in?next={}", amends_testkit::http::encode(next))).await;
        assert_eq!(value_of(&page.ok(), "next").as_deref(), Some("/app"), "{next}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_alike_and_the_password_is_not_shown_again() {
    let house = House::new().await;
    kim(&house).await;
    let system = Caller::system("test");
    let gone = house.app.person(&system, "viewer@marrowby.example").await.unwrap();
    let off = amends_app::identity::EditPerson { disabled: Some(true), ..Default::default() };
    house.app.edit_person(&system, &gone.id, gone.version, off).await.unwrap();
    let mut said = Vec::new();
    for email in ["kim@marrowby.example", "nobody@marrowby.example", "viewer@marrowby.example"] {
        let answer = house.form(None, "/sign-in", &typed(email, "hunter2hunter2", "/app/page")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.headers.get(header::SET_COOKIE).is_none());
        check(email, &answer.html);
        assert!(!answer.html.contains("hunter2"), "{}", answer.html);
        assert_eq!(value_of(&answer.html, "email").as_deref(), Some(email));
        assert_eq!(value_of(&answer.html, "next").as_deref(), Some("/app/page"));
        said.push(answer.html.replace(email, "X"));
    }
    assert!(said.windows(2).all(|two| two[0] == two[1]), "an answer tells whether an account exists");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_says_when_to_try_again() {
    let house = House::new().await;
    kim(&house).await;
    let try_it = async |password: &str| {
        house.form(None, "/sign-in", &typed("kim@marrowby.example", password, "/app")).await
    };
    for _ in 0..9 {
        try_it("wrong horse battery").await;
        house.later(1);
    }
    try_it("wrong horse battery").await;
    let answer = try_it(WORDS).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "the right password is not looked at either");
    let seconds: i64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert_eq!(seconds, 32);
    assert!(answer.html.contains("in 32 seconds, at 15:09:32 UTC"), "{}", answer.html);
    check("/sign-in", &answer.html);
    house.later(1);
    assert_eq!(try_it(WORDS).await.went_to(), "/app");
    assert_eq!(
        try_it("wrong horse battery").await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "and counts anew"
    );
}

#[tokio::test]
async fn a_session_that_somebody_brought_along_is_never_taken_over() {
    let house = House::new().await;
    kim(&house).await;
    let brought = "abcdefghijabcdefghijabcdefghij";
    let answer = house.form(Some(brought), "/sign-in", &typed("kim@marrowby.example", WORDS, "/app")).await;
    let session = answer.session();
    assert_ne!(session, brought);
    assert_eq!(house.read(Some(brought), "/app").await.status, StatusCode::SEE_OTHER);
    // Signing in again in the same browser ends what was there before.
    let again = house.form(Some(&session), "/sign-in", &typed("kim@marrowby.example", WORDS, "/app")).await;
    assert_ne!(again.session(), session);
    assert_eq!(house.read(Some(&session), "/app").await.status, StatusCode::SEE_OTHER);
    house.read(Some(&again.session()), "/app").await.ok();
}

#[tokio::test]
async fn opening_a_link_changes_nothing_and_its_button_works_once() {
    let house = House::new().await;
    let person = kim(&house).await;
    let system = Caller::system("test");
    let path = |link: &amends_app::identity::Link| {
        house.app.link_address(link).replace("https://status.marrowby.example", "")
    };
    let link = path(&house.app.sign_in_link(&system, &person).await.unwrap());
    for _ in 0..3 {
        let page = house.read(None, &link).await;
        assert_eq!(page.headers["referrer-policy"], "strict-origin");
        assert!(page.headers.get(header::SET_COOKIE).is_none());
        let html = page.ok();
        check(&link, &html);
        assert!(html.contains("Kim") && html.contains("method=\"post\""), "{html}");
    }
    let foreign = house.visit(None, "POST", &link, String::new(), &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let other = house.cookie(Role::Viewer);
    let warned = house.read(Some(other), &link).await.ok();
    assert!(warned.contains("Robin viewer"), "says who is signed out by it: {warned}");
    let answer = house.form(Some(other), &link, &[]).await;
    let session = answer.session();
    assert_eq!(answer.went_to(), "/app");
    assert!(house.read(Some(&session), "/app").await.ok().contains(">Kim<"));
    assert_eq!(
        house.read(Some(other), "/app").await.status,
        StatusCode::SEE_OTHER,
        "one browser, one session"
    );
    for method in ["GET", "POST"] {
        let used =
            house.visit(None, method, &link, String::new(), &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(used.status, StatusCode::GONE, "{method}");
        check(&link, &used.html);
    }
    let link = path(&house.app.password_link(&system, &person).await.unwrap());
    let short = house.form(None, &link, &[("password", "kitten")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&link, &short.html);
    assert!(short.html.contains("at least 8 are needed") && !short.html.contains("kitten"), "{}", short.html);
    let set = house.form(None, &link, &[("password", "another wooden harbour")]).await;
    assert_eq!(
        house.read(Some(&session), "/app").await.status,
        StatusCode::SEE_OTHER,
        "others are signed out"
    );
    house.read(Some(&set.session()), "/app").await.ok();
    house.later(8 * 24 * 60);
    assert_eq!(house.read(None, "/link/abcdefghijabcdefghijabcdefghij").await.status, StatusCode::GONE);
    assert_eq!(house.read(None, "/link/x").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn the_first_start_creates_the_administrator_once() {
    let house = House::bare().await;
    let page = house.read(None, "/sign-in").await.ok();
    check("/sign-in", &page);
    assert!(page.contains("There is no administrator yet") && !page.contains("type=\"password\""), "{page}");
    let link = house.app.setup_link().await.unwrap().unwrap();
    let path = house.app.link_address(&link).replace("https://status.marrowby.example", "");
    assert_eq!(house.read(None, &path.replace("/setup/", "/link/")).await.went_to(), path);
    let form = house.read(None, &path).await.ok();
    check(&path, &form);
    let fields = |password| {
        [
            ("name", "Ada"),
            ("email", "ada@marrowby.example"),
            ("password", password),
            ("page_name", "Marrowby"),
            ("time_zone", "Europe/Berlin"),
        ]
    };
    let wrong = house.form(None, &path, &fields("password1")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&path, &wrong.html);
    assert_eq!(value_of(&wrong.html, "email").as_deref(), Some("ada@marrowby.example"));
    assert!(!wrong.html.contains("password1"), "{}", wrong.html);
    let made = house.form(None, &path, &fields(WORDS)).await;
    let session = made.session();
    assert_eq!(made.went_to(), "/app?said=welcome");
    let page = house.read(Some(&session), "/app?said=welcome").await.ok();
    assert!(page.contains("Marrowby") && page.contains("administrator"), "{page}");
    for method in ["GET", "POST"] {
        let again =
            house.visit(None, method, &path, String::new(), &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(again.status, StatusCode::GONE, "{method}");
        check(&path, &again.html);
    }
    assert!(house.read(None, "/sign-in").await.ok().contains("type=\"password\""));
    assert!(house.app.setup_link().await.unwrap().is_none());
    let log =
        house.app.audit(&Caller::system("test"), &Default::default(), &Paging::default()).await.unwrap();
    let text = serde_json::to_string(&log.items).unwrap();
    assert!(
        !text.contains(link.secret.expose()) && !text.contains(&session) && !text.contains(WORDS),
        "{text}"
    );
    drop(Secret::new(""));
}
