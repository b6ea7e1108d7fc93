use super::*;
use amends_app::Paging;
use amends_app::identity::{AuditFilter, EditPerson, EditProfile, NewPerson, NewToken};
use amends_model::{Action, Resource};

fn role(role: Role) -> EditPerson {
    EditPerson { role: Some(role), ..Default::default() }
}

fn disabled(disabled: bool) -> EditPerson {
    EditPerson { disabled: Some(disabled), ..Default::default() }
}

#[tokio::test]
async fn there_is_always_an_administrator() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        for edit in [role(Role::Viewer), disabled(true)] {
            let answer = f.app.edit_person(&admin, &ada.person.id, 1, edit).await;
            assert!(is_refused(&answer), "{}", f.engine);
        }
        let bob = f.add(&admin, "Bob", Role::Administrator).await.person;
        let bob = f.app.edit_person(&admin, &bob.id, 1, disabled(true)).await.unwrap();
        let answer = f.app.edit_person(&admin, &ada.person.id, 1, role(Role::Viewer)).await;
        assert!(is_refused(&answer), "{}: a disabled one does not count", f.engine);
        let bob = f.app.edit_person(&admin, &bob.id, bob.version, disabled(false)).await.unwrap();

        // Each takes it from the other at the same moment: one of them keeps it.
        let other = f.other_node().await;
        let bobs = Caller::person(bob.clone());
        let (a, b) = tokio::join!(
            f.app.edit_person(&admin, &bob.id, bob.version, role(Role::Viewer)),
            other.edit_person(&bobs, &ada.person.id, 1, role(Role::Viewer)),
        );
        assert!(a.is_ok() != b.is_ok(), "{}: {a:?} {b:?}", f.engine);
        assert!(!f.app.needs_setup().await.unwrap(), "{}", f.engine);
    }
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let bob = f.add(&admin, "Bob", Role::Administrator).await;
        let bobs = f.caller(&bob).await;
        let token = NewToken {
            name: "deploys".into(),
            role: Role::Responder,
            scopes: Default::default(),
            expires_at: None,
        };
        let token = f.app.create_token(&bobs, token).await.unwrap();
        let links = [
            f.app.sign_in_link(&admin, &bob.person.id).await.unwrap(),
            f.app.password_link(&admin, &bob.person.id).await.unwrap(),
        ];
        let edited = f.app.edit_person(&admin, &bob.person.id, 1, disabled(true)).await.unwrap();
        let all_out = async |when: &str| {
            assert!(!f.is_open(&bob).await, "{} {when}", f.engine);
            assert!(f.app.token(&token.secret).await.unwrap().is_none(), "{} {when}", f.engine);
            for link in &links {
                assert!(f.app.open_link(&link.secret).await.unwrap().is_none(), "{} {when}", f.engine);
            }
        };
        all_out("while disabled").await;
        assert!(is_refused(&f.app.sign_in_link(&admin, &bob.person.id).await));
        assert!(f.sign_in("bob@acme.example", PASSWORD, 1).await.is_err());
        f.app.edit_person(&admin, &bob.person.id, edited.version, disabled(false)).await.unwrap();
        all_out("after being let in again").await;
        assert!(f.sign_in("bob@acme.example", PASSWORD, 1).await.is_ok());
    }
}

#[tokio::test]
async fn edits_are_checked_and_conflicts_are_shown() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let wrong = NewPerson {
            email: "Ada@acme.example".into(),
            name: "a\u{202e}b".into(),
            role: Role::Viewer,
            time_zone: Some("Mars/Base".into()),
        };
        let answer = f.app.add_person(&admin, wrong).await;
        assert_eq!(wrong_fields(answer), ["/name", "/time_zone", "/email"], "{}", f.engine);
        let bob = f.add(&admin, "Bob", Role::Viewer).await;
        let taken = EditPerson { email: Some("ada@acme.example".into()), ..Default::default() };
        assert_eq!(wrong_fields(f.app.edit_person(&admin, &bob.person.id, 1, taken).await), ["/email"]);
        let own = EditPerson { email: Some("BOB@acme.example".into()), ..Default::default() };
        f.app.edit_person(&admin, &bob.person.id, 1, own).await.unwrap();
        // Bob edits what he saw before.
        let bobs = f.caller(&bob).await;
        let name = EditProfile { name: Some("Robert".into()), time_zone: Some("asia/tokyo".into()) };
        let answer = f.app.edit_profile(&bobs, 1, name.clone()).await;
        let Err(AppError::Conflict { current }) = answer else { panic!("{}: {answer:?}", f.engine) };
        assert_eq!(current["version"], 2);
        let edited = f.app.edit_profile(&bobs, 2, name).await.unwrap();
        assert_eq!((edited.name.as_str(), edited.time_zone.as_str()), ("Robert", "Asia/Tokyo"));
        assert_eq!(f.caller(&bob).await.time_zone.iana_name(), Some("Asia/Tokyo"));
        assert_eq!(f.app.person(&admin, " Bob@ACME.example").await.unwrap(), edited);
        assert!(is_refused(&f.app.edit_profile(&Caller::system("x"), 1, EditProfile::default()).await));
    }
}

#[tokio::test]
async fn every_change_leaves_a_line_and_no_secret() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let bob = f.add(&admin, "Bob", Role::Viewer).await;
        let new =
            NewToken { name: "ci".into(), role: Role::Viewer, scopes: Default::default(), expires_at: None };
        let token = f.app.create_token(&admin, new).await.unwrap();
        f.app.revoke_token(&admin, &token.token.id).await.unwrap();
        f.app.revoke_token(&admin, &token.token.id).await.unwrap();
        let other = Secret::new("four other unrelated words");
        let (old, bobs) = (Secret::new(PASSWORD), f.caller(&bob).await);
        f.app.change_password(&bobs, &bob.session.id, Some(&old), &other, &visitor(1)).await.unwrap();
        f.app.edit_person(&admin, &bob.person.id, 1, role(Role::Responder)).await.unwrap();
        let link = f.app.sign_in_link(&admin, &bob.person.id).await.unwrap();
        f.app.end_sessions(&admin, &bob.person.id, None).await.unwrap();

        let mut seen = Vec::new();
        let mut paging = Paging { limit: Some(4), cursor: None };
        loop {
            let page = f.app.audit(&admin, &AuditFilter::default(), &paging).await.unwrap();
            seen.extend(page.items);
            paging.cursor = page.next_cursor;
            if paging.cursor.is_none() {
                break;
            }
        }
        let lines: Vec<_> = seen.iter().map(|e| (e.actor.name.as_str(), e.action, e.resource)).collect();
        let expected = [
            ("Ada", Action::Remove, Resource::Session),
            ("Ada", Action::Edit, Resource::Person),
            ("Ada", Action::Edit, Resource::Person),
            ("Bob", Action::Edit, Resource::Person),
            ("Ada", Action::Remove, Resource::Token),
            ("Ada", Action::Create, Resource::Token),
            ("Bob", Action::Create, Resource::Session),
            ("Bob", Action::Edit, Resource::Person),
            ("Ada", Action::Create, Resource::Person),
            ("Ada", Action::Create, Resource::Session),
            ("Ada", Action::Create, Resource::Person),
            ("Ada", Action::Edit, Resource::Page),
        ];
        assert_eq!(lines, expected, "{}", f.engine);
        assert!(seen.iter().map(|e| e.seq).eq((1..=12).rev()), "{}: no gaps", f.engine);
        let text = serde_json::to_string(&seen).unwrap();
        for secret in [&ada.secret, &bob.secret, &token.secret, &link.secret, &other, &old] {
            assert!(!text.contains(secret.expose()), "{}", f.engine);
        }
        for wrong in ["x", "0", "-1", "1e9"] {
            let paging = Paging { limit: None, cursor: Some(wrong.into()) };
            assert_eq!(
                wrong_fields(f.app.audit(&admin, &AuditFilter::default(), &paging).await),
                ["/cursor"],
                "{wrong}"
            );
        }
    }
}
