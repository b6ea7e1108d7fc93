//! Postmortems, letters, actions and search in the browser, without script.

use crate::house::{Answer, House, check, value_of};
use amends_app::Caller;
use amends_app::incident::{ComponentInput, Declare, PublishUpdate};
use amends_app::subscriber::AddSubscriber;
use amends_model::{ComponentStatus, IncidentState, Phase, Role, Visibility};
use axum::http::StatusCode;
use serde_json::Value as Json;

/// A house with a public incident of an hour that is over.
async fn after_an_incident() -> House {
    let house = House::new().await;
    let system = Caller::system("test");
    let declare = Declare {
        title: "Shoppers cannot pay".into(),
        visibility: Some(Visibility::Public),
        message: Some("We are looking into it.".into()),
        components: vec![ComponentInput {
            component: "Checkout".into(),
            status: ComponentStatus::MajorOutage,
        }],
        ..Declare::default()
    };
    house.app.declare(&system, declare).await.unwrap();
    house.later(60);
    let over = PublishUpdate {
        phase: Some(Phase::Resolved),
        text: "It works again.".into(),
        components: vec![],
        notify: Some(false),
        next_update_at: None,
        expected_version: None,
    };
    house.app.publish_update(&system, "1", over).await.unwrap();
    house.app.set_state(&system, "1", IncidentState::Resolved).await.unwrap();
    house
}

/// Drafts the postmortem of the incident by the form, and answers where it is.
async fn drafted(house: &House) -> String {
    let fields = [("template", "five-questions"), ("letter_template", "regret-reason-remedy")];
    let to = house.post(Role::Responder, "/app/incidents/1/postmortem", &fields).await.went_to();
    to.strip_suffix("/edit?said=drafted").unwrap().to_owned()
}

fn json(answer: &Answer) -> Json {
    serde_json::from_str(&answer.html).unwrap_or_else(|e| panic!("{e}: {}", answer.html))
}

#[tokio::test]
async fn what_is_over_is_drafted_from_its_room() {
    let house = after_an_incident().await;
    let room = house.get(Role::Responder, "/app/incidents/1").await.ok();
    assert!(room.contains("It is over. Draft the postmortem while it is fresh"), "{room}");
    let form = house.get(Role::Responder, "/app/incidents/1/postmortem").await.ok();
    check("draft", &form);
    for template in ["Five questions", "Business disruption", "five-questions\" checked"] {
        assert!(form.contains(template), "{template}: {form}");
    }
    let wrong = house.post(Role::Responder, "/app/incidents/1/postmortem", &[("template", "six")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.html.contains("‘six’ is not one of: five-questions"), "{}", wrong.html);
    let at = drafted(&house).await;
    let again = house.post(Role::Communicator, "/app/incidents/1/postmortem", &[]).await.went_to();
    assert_eq!(house.get(Role::Communicator, &again).await.went_to(), at, "there is one, and it is shown");
    let room = house.get(Role::Responder, "/app/incidents/1").await.ok();
    assert!(room.contains("The postmortem is not finished yet.") && room.contains(&at), "{room}");
    let read = house.get(Role::Viewer, &at).await.ok();
    assert!(
        read.contains("1 h 00 min") && read.contains("We are looking into it."),
        "facts are filled in: {read}"
    );
    assert!(!read.contains("{{") && !read.contains("The effect on users first"), "no brace, no hint: {read}");
}

#[tokio::test]
async fn two_writers_never_lose_a_word() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let edit = format!("{at}/edit");
    let page = house.get(Role::Responder, &edit).await.ok();
    check(&edit, &page);
    assert!(
        page.contains("{{timeline}}") && page.contains("data-insert=\"&#123;&#123;started&#125;&#125;\""),
        "{page}"
    );
    let version = value_of(&page, "version").unwrap();
    let write = |text| [("title", "Nobody could pay"), ("document", text), ("version", version.as_str())];
    let saved = house.post(Role::Responder, &edit, &write("Theirs {{duration}}")).await.went_to();
    assert_eq!(saved, format!("{edit}?said=saved"));

    let answer = house.post(Role::Communicator, &edit, &write("Mine, just <b>written</b>")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    check(&edit, &answer.html);
    assert!(answer.html.contains("Robin responder</span> saved another text"), "{}", answer.html);
    assert!(answer.html.contains("Theirs {{duration}}</dd>"), "{}", answer.html);
    assert!(
        answer.html.contains("\nMine, just &#60;b&#62;written&#60;/b&#62;</textarea>"),
        "{}",
        answer.html
    );

    // The script is told the same, and goes on from it.
    let path = format!("{edit}?as=json");
    let answer = house.post(Role::Communicator, &path, &write("Mine")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let told = json(&answer);
    assert_eq!(
        (&told["by"], &told["theirs"][0]["field"]),
        (&"Robin responder".into(), &"document".into()),
        "{told}"
    );
    assert_eq!(told["theirs"].as_array().unwrap().len(), 1, "the title is the same: {told}");
    let newest = told["version"].to_string();
    let fields = [("title", "Nobody could pay"), ("document", "Mine"), ("version", newest.as_str())];
    let saved = json(&house.post(Role::Communicator, &path, &fields).await);
    assert_eq!(saved["version"].as_i64(), newest.parse::<i64>().ok().map(|n| n + 1), "{saved}");
    let again = json(&house.post(Role::Communicator, &path, &fields).await);
    assert_eq!(again["version"], saved["version"], "saving the same twice is no conflict");
    let wrong = house.post(Role::Responder, &path, &[("title", " "), ("version", newest.as_str())]).await;
    assert_eq!(
        (wrong.status, json(&wrong)["wrong"][0]["label"].clone()),
        (StatusCode::UNPROCESSABLE_ENTITY, "Title".into())
    );

    let history = house.get(Role::Viewer, &format!("{at}/history")).await.ok();
    check("history", &history);
    for part in
        ["Robin communicator", "Robin responder", "drafted", "<div class=\"gone\">", "<div class=\"new\">"]
    {
        assert!(history.contains(part), "{part}: {history}");
    }
    let first = house.get(Role::Viewer, &format!("{at}/history?to=1")).await.ok();
    assert!(first.contains("As it began"), "{first}");
    assert_eq!(house.get(Role::Viewer, &format!("{at}/history?to=99")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_fact_is_said_while_one_writes() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let preview = format!("{at}/preview");
    let html = house
        .post(Role::Responder, &preview, &[("text", "**It** took {{duration}}, {{strated}}")])
        .await
        .ok();
    assert!(
        html.contains("<strong>It</strong> took 1 h 00 min") && html.contains("did you mean {{started}}?"),
        "{html}"
    );
    let letter = [("text", "{{severity}}"), ("letter", "yes")];
    let html = house.post(Role::Responder, &preview, &letter).await.ok();
    assert!(html.contains("is internal and cannot stand in a letter"), "{html}");
    assert_eq!(house.post(Role::Viewer, &preview, &letter).await.status, StatusCode::FORBIDDEN);
    // A document as long as may be is taken in one form.
    let long = "ü".repeat(199_000);
    let page = house.get(Role::Responder, &format!("{at}/edit")).await.ok();
    let fields = [("document", long.as_str()), ("version", &value_of(&page, "version").unwrap())];
    house.post(Role::Responder, &format!("{at}/edit"), &fields).await.went_to();
}

#[tokio::test]
async fn the_document_goes_from_draft_to_published() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let state = format!("{at}/state");
    let shown = async || house.get(Role::Responder, &at).await.ok();
    let version = value_of(&shown().await, "version").unwrap();
    let to = |to, version| [("to", to), ("version", version)];
    let done = house.post(Role::Responder, &state, &to("in_review", &version)).await.went_to();
    assert_eq!(done, format!("{at}?said=submitted"));
    let stale = house.post(Role::Responder, &state, &to("published", &version)).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "published is only what was read");
    check(&at, &stale.html);
    let version = value_of(&stale.html, "version").unwrap();
    assert_eq!(
        house.post(Role::Viewer, &state, &to("published", &version)).await.status,
        StatusCode::FORBIDDEN
    );
    let published = [("to", "published"), ("version", version.as_str()), ("despite", "It is the template.")];
    let done = house.post(Role::Responder, &state, &published).await.went_to();
    assert_eq!(done, format!("{at}?said=published"));
    assert!(shown().await.contains("The company can read it as finished."));
    let file = house.get(Role::Viewer, &format!("{at}/export")).await;
    assert_eq!(file.headers["content-type"], "text/markdown; charset=utf-8");
    assert!(file.ok().starts_with("---\namends: "));
}

#[tokio::test]
async fn the_letter_is_published_as_it_was_looked_at() {
    let house = after_an_incident().await;
    let system = Caller::system("test");
    for name in ["a", "b"] {
        let add = AddSubscriber {
            address: format!("{name}@customer.example"),
            components: vec![],
            confirmed: true,
            ..Default::default()
        };
        house.app.add_subscriber(&system, add).await.unwrap();
    }
    let at = drafted(&house).await;
    let letter = format!("{at}/letter");
    let page = house.get(Role::Responder, &format!("{letter}/edit")).await.ok();
    check("letter/edit", &page);
    assert!(!page.contains("{{timeline}}"), "internal facts are not offered: {page}");
    let text = "We are **sorry**. It took {{duration}}.";
    let fields =
        [("letter_title", "Paying"), ("letter", text), ("version", &value_of(&page, "version").unwrap())];
    house.post(Role::Responder, &format!("{letter}/edit"), &fields).await.went_to();

    let look = house.get(Role::Communicator, &letter).await;
    let policy = look.headers["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-src 'self'") && policy.contains("script-src 'self'"), "{policy}");
    let look = look.ok();
    check(&letter, &look);
    assert!(look.contains("We are <strong>sorry</strong>. It took 1 h 00 min."), "{look}");
    assert!(look.contains("Publish and mail 2 subscribers"), "{look}");
    let mail = house.get(Role::Communicator, &format!("{letter}/mail")).await;
    let policy = mail.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{policy}");
    assert!(mail.html.contains("sorry"), "{}", mail.html);
    let by_responder = house.get(Role::Responder, &letter).await.ok();
    assert!(by_responder.contains("Somebody who may speak to customers publishes it."), "{by_responder}");

    let version = value_of(&look, "version").unwrap();
    let send = [("to", "everybody"), ("version", version.as_str()), ("despite", "It is short.")];
    assert_eq!(house.post(Role::Responder, &letter, &send).await.status, StatusCode::FORBIDDEN);
    let done = house.post(Role::Communicator, &letter, &send).await.went_to();
    assert_eq!(done, format!("{letter}?said=letter_sent"));
    let again = house.post(Role::Communicator, &letter, &send).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "the button pressed twice sends once");
    let public = house.app.public_record().await.unwrap();
    let out = public.incidents[0].letter.as_ref().unwrap();
    assert_eq!((out.title.as_str(), out.text.as_str()), ("Paying", "We are **sorry**. It took 1 h 00 min."));
    let read = house.get(Role::Viewer, &letter).await.ok();
    assert!(read.contains("Customers read exactly this."), "{read}");
}

#[tokio::test]
async fn actions_are_promised_under_the_text_and_kept_from_the_list() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let add = format!("{at}/actions");
    let wrong = house
        .post(Role::Responder, &add, &[("action", " "), ("owner", "Robin responder"), ("due", "soon")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&at, &wrong.html);
    assert!(
        wrong.html.contains("‘soon’ is not a day") && wrong.html.contains("value=\"Robin responder\""),
        "{}",
        wrong.html
    );
    let fields = [
        ("action", "Alert when payments stop"),
        ("owner", "Robin responder"),
        ("due", "2026-11-18"),
        ("term", "short"),
    ];
    assert_eq!(
        house.post(Role::Responder, &add, &fields).await.went_to(),
        format!("{at}?said=added#actions")
    );
    house.post(Role::Responder, &add, &[("action", "Write it down"), ("due", "2026-12-24")]).await.went_to();

    let list = house.get(Role::Responder, "/app/actions").await.ok();
    check("/app/actions", &list);
    let (late, later) = (list.find("Alert when payments stop").unwrap(), list.find("Write it down").unwrap());
    assert!(late < later && list.contains("2 days late") && list.contains("Robin responder (you)"), "{list}");
    assert!(list.contains("INC-1 Shoppers cannot pay") && list.contains("no owner"), "{list}");
    let mine = house.get(Role::Responder, "/app/actions?show=mine").await.ok();
    assert!(mine.contains("Alert when") && !mine.contains("Write it down"), "{mine}");
    assert!(
        house.get(Role::Viewer, "/app/actions?show=mine").await.ok().contains("You have promised nothing")
    );
    let overdue = house.get(Role::Viewer, "/app/actions?show=overdue").await.ok();
    assert!(overdue.contains("Alert when") && !overdue.contains("Write it down"), "{overdue}");

    let action = &list[list.find("/app/actions/").unwrap()..];
    let action = &action[..action.find(['"', '/']).unwrap_or(0).max("/app/actions/".len() + 12)];
    let close = format!("{action}/close");
    let empty = house.post(Role::Responder, &close, &[("note", " "), ("to", "done")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(action, &empty.html);
    assert!(empty.html.contains("say how it is known that it holds"), "{}", empty.html);
    let note = [("note", "It *fired* in a drill"), ("to", "done"), ("back", "/app/actions?show=overdue")];
    assert_eq!(
        house.post(Role::Responder, &close, &note).await.went_to(),
        "/app/actions?show=overdue&said=done"
    );
    assert!(house.get(Role::Viewer, &at).await.ok().contains("It <em>fired</em> in a drill"));
    assert_eq!(house.post(Role::Viewer, &close, &note).await.status, StatusCode::FORBIDDEN);

    // Two who change one action see each other's words.
    let page = house.get(Role::Responder, action).await.ok();
    let version = value_of(&page, "version").unwrap();
    let edit =
        |text| [("text", text), ("due", "2026-11-30"), ("term", "long"), ("version", version.as_str())];
    house.post(Role::Responder, action, &edit("Theirs")).await.went_to();
    let answer = house.post(Role::Communicator, action, &edit("Mine")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.html.contains("Theirs") && answer.html.contains("\nMine</textarea>"), "{}", answer.html);
    for (back, to) in
        [("//evil.example", "/app/actions?said=saved"), ("https://evil.example", "/app/actions?said=saved")]
    {
        let page = house.get(Role::Responder, action).await.ok();
        let fields = [("back", back), ("version", &value_of(&page, "version").unwrap())];
        assert_eq!(house.post(Role::Responder, &format!("{action}/open"), &fields).await.went_to(), to);
    }
    let gone = house.post(Role::Responder, &format!("{action}/remove"), &[]).await.went_to();
    assert_eq!(gone, format!("{at}?said=removed#actions"));
}

#[tokio::test]
async fn search_shows_words_in_context_and_leads_there() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let page = house.get(Role::Responder, &format!("{at}/edit")).await.ok();
    let fields = [
        ("document", "The certificate ran out <at> noon."),
        ("version", &value_of(&page, "version").unwrap()),
    ];
    house.post(Role::Responder, &format!("{at}/edit"), &fields).await.went_to();
    house.app.follow_record().await.unwrap();
    let found = house.get(Role::Viewer, "/app/search?q=certificate+noo").await.ok();
    check("search", &found);
    assert!(
        found.contains("The <mark>certificate</mark> ran out &#60;at&#62; <mark>noon</mark>."),
        "{found}"
    );
    assert!(found.contains(&format!("href=\"{at}\"")), "{found}");
    let palette = json(&house.get(Role::Viewer, "/app/search?as=json&q=certificate").await);
    let hit = &palette[0];
    assert_eq!((&hit["href"], &hit["about"]), (&at.clone().into(), &"Postmortem".into()), "{palette}");
    assert_eq!(
        (&hit["title"], &hit["context"][1]["found"]),
        (&"Shoppers cannot pay".into(), &true.into()),
        "{palette}"
    );
    let by_number = json(&house.get(Role::Viewer, "/app/search?as=json&q=INC-1").await);
    assert!(by_number[0]["href"].as_str().unwrap().starts_with("/app/incidents/1"), "{by_number}");
    let nothing = house.get(Role::Viewer, "/app/search?q=xylophone").await.ok();
    assert!(nothing.contains("Nothing was found"), "{nothing}");
    assert!(
        house
            .get(Role::Viewer, "/app/search?q=%22%3E%3Cscript%3E")
            .await
            .ok()
            .contains("value=\"&#34;&#62;&#60;script&#62;\"")
    );
}

#[tokio::test]
async fn findings_stand_beside_the_text_and_in_the_way_of_publishing() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let edit = format!("{at}/edit");
    let text = "## Why\n\nThe root cause was human error.";
    let html = house.post(Role::Viewer, &format!("{at}/findings"), &[("text", text)]).await.ok();
    assert!(
        html.contains("data-rule=\"C01\" data-level=\"error\" data-field=\"document\" data-at=\"3:"),
        "{html}"
    );
    assert!(html.contains("href=\"/app/rules/C01\"") && html.contains("Line 3</a>"), "{html}");
    let letter = [("text", "Call ada@marrowby.example"), ("letter", "yes")];
    assert!(house.post(Role::Viewer, &format!("{at}/findings"), &letter).await.ok().contains("S01"));

    // Without script they stand in the page that comes after saving.
    let page = house.get(Role::Responder, &edit).await.ok();
    let version = value_of(&page, "version").unwrap();
    let fields = [("title", "Nobody could pay"), ("document", text), ("version", version.as_str())];
    let again = house.post(Role::Responder, &edit, &fields).await.went_to();
    let page = house.get(Role::Responder, &again).await.ok();
    check(&edit, &page);
    assert!(page.contains("id=\"lint\"") && page.contains("data-rule=\"C01\""), "{page}");

    let read = house.get(Role::Responder, &at).await.ok();
    check(&at, &read);
    assert!(read.contains("in the way of publishing") && read.contains("Publish despite"), "{read}");
    assert!(!read.contains("Publish inside the company"), "{read}");
    assert!(!house.get(Role::Viewer, &at).await.ok().contains("in the way of publishing"));
    let version = value_of(&read, "version").unwrap();
    let state = format!("{at}/state");
    let refused =
        house.post(Role::Responder, &state, &[("to", "published"), ("version", version.as_str())]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    check(&at, &refused.html);
    let reason = [("to", "published"), ("version", version.as_str()), ("despite", "The audit is <today>.")];
    let done = house.post(Role::Responder, &state, &reason).await.went_to();
    assert_eq!(done, format!("{at}?said=published"));
    let history = house.get(Role::Viewer, &format!("{at}/history")).await.ok();
    check("history", &history);
    assert!(
        history.contains("The audit is &#60;today&#62;.") && history.contains("/app/rules/C01"),
        "{history}"
    );
    let room = house.get(Role::Viewer, "/app/incidents/1").await.ok();
    assert!(room.contains("despite findings: <span dir=\"auto\">The audit is &lt;today&gt;."), "{room}");

    let letter = format!("{at}/letter");
    let page = house.get(Role::Communicator, &format!("{letter}/edit")).await.ok();
    let version = value_of(&page, "version").unwrap();
    let fields = [("letter", "Call ada@marrowby.example"), ("version", version.as_str())];
    house.post(Role::Communicator, &format!("{letter}/edit"), &fields).await.went_to();
    let look = house.get(Role::Communicator, &letter).await.ok();
    check(&letter, &look);
    assert!(look.contains("S01") && look.contains("Why it is published all the same"), "{look}");
    let version = value_of(&look, "version").unwrap();
    let send = [("to", "page"), ("version", version.as_str())];
    assert_eq!(house.post(Role::Communicator, &letter, &send).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let send = [("to", "page"), ("version", version.as_str()), ("despite", "It is her wish.")];
    house.post(Role::Communicator, &letter, &send).await.went_to();
}

#[tokio::test]
async fn the_manual_of_a_rule_is_in_the_app() {
    let house = House::new().await;
    let page = house.get(Role::Viewer, "/app/rules/t08").await.ok();
    check("/app/rules/T08", &page);
    assert!(
        page.contains("<h2 dir=\"auto\">Why it matters</h2>") || page.contains("Why it matters</h"),
        "{page}"
    );
    let list = house.get(Role::Viewer, "/app/rules").await.ok();
    check("/app/rules", &list);
    for rule in amends_lint::rules::ALL {
        assert!(list.contains(&format!("href=\"/app/rules/{}\"", rule.code)), "{}", rule.code);
    }
    assert_eq!(house.get(Role::Viewer, "/app/rules/T99").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_script_only_what_both_changed_is_a_conflict() {
    let house = after_an_incident().await;
    let at = drafted(&house).await;
    let edit = format!("{at}/edit");
    let page = house.get(Role::Responder, &edit).await.ok();
    let version = value_of(&page, "version").unwrap();
    let write = |title, text| [("title", title), ("document", text), ("version", version.as_str())];
    house.post(Role::Responder, &edit, &write("One", "First")).await.went_to();
    let newest = house.get(Role::Responder, &edit).await.ok();
    let version = value_of(&newest, "version").unwrap();
    // Theirs: another title. Mine: another text. Neither is a conflict, and both are in the form.
    let fields = [("title", "Two"), ("document", "First"), ("version", version.as_str())];
    house.post(Role::Responder, &edit, &fields).await.went_to();
    let fields = [("title", "One"), ("document", "Second"), ("version", version.as_str())];
    let answer = house.post(Role::Communicator, &edit, &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    check(&edit, &answer.html);
    assert!(!answer.html.contains("as it is saved now"), "{}", answer.html);
    assert_eq!(value_of(&answer.html, "title").as_deref(), Some("Two"));
    assert!(answer.html.contains("\nSecond</textarea>"), "{}", answer.html);
}
