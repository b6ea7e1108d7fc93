use super::*;
use amends_app::identity::{ABSOLUTE_LIMIT, IDLE_LIMIT, LinkPurpose};
use amends_model::SessionId;
use jiff::SignedDuration;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

#[tokio::test]
async fn every_way_of_being_wrong_is_answered_alike() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let bob = f.add(&admin, "Bob", Role::Responder).await;
        let disabled = amends_app::identity::EditPerson { disabled: Some(true), ..Default::default() };
        f.app.edit_person(&admin, &bob.person.id, 1, disabled).await.unwrap();
        f.app.add_person(&admin, new_person("Invited", Role::Viewer)).await.unwrap();
        let long = "x".repeat(100_000);
        let mut answers = Vec::new();
        for (email, password) in [
            ("ada@acme.example", "wrong password"),
            ("nobody@acme.example", PASSWORD),
            ("bob@acme.example", PASSWORD),
            ("invited@acme.example", PASSWORD),
            ("ada@acme.example", long.as_str()),
            ("not an address", ""),
        ] {
            answers.push(f.sign_in(email, password, 1).await.unwrap_err().to_string());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{}: {answers:?}", f.engine);
        let signed_in = f.sign_in("  ADA@acme.example ", PASSWORD, 1).await.unwrap();
        assert_eq!(signed_in.person.name, "Ada");
        assert_eq!(signed_in.session.agent, "Browser/1.0 X: y");
        assert_ne!(signed_in.secret, ada.secret, "each sign-in opens a new session");
    }
}

#[tokio::test]
async fn an_account_is_throttled_wherever_the_guesses_come_from() {
    for (f, _) in each_set_up().await {
        for n in 0..5 {
            assert_eq!(wrong_fields(f.sign_in("ada@acme.example", "a guess", n).await), ["/password"]);
        }
        // On another node, from another address, with the right password: wait.
        let other = f.other_node().await;
        let answer = other.sign_in("Ada@acme.example", &Secret::new(PASSWORD), &visitor(99)).await;
        assert_eq!(seconds_to_wait(answer), Some(1), "{}", f.engine);
        f.pass(SignedDuration::from_secs(1));
        assert_eq!(wrong_fields(f.sign_in("ada@acme.example", "a guess", 9).await), ["/password"]);
        assert_eq!(seconds_to_wait(f.sign_in("ada@acme.example", "a guess", 9).await), Some(2));
        // Others are not kept out.
        assert_eq!(wrong_fields(f.sign_in("bob@acme.example", "a guess", 9).await), ["/password"]);
        f.pass(SignedDuration::from_secs(2));
        assert!(f.sign_in("ada@acme.example", PASSWORD, 9).await.is_ok(), "{}", f.engine);
        // And a right one forgets the wrong ones.
        for _ in 0..5 {
            assert_eq!(wrong_fields(f.sign_in("ada@acme.example", "a guess", 9).await), ["/password"]);
        }
    }
}

#[tokio::test]
async fn an_address_is_throttled_whatever_accounts_it_tries() {
    for (f, _) in each_set_up().await {
        for n in 0..30 {
            let answer = f.sign_in(&format!("p{n}@acme.example"), "a guess", 7).await;
            assert_eq!(wrong_fields(answer), ["/password"], "{n}");
        }
        assert_eq!(
            seconds_to_wait(f.sign_in("ada@acme.example", PASSWORD, 7).await),
            Some(1),
            "{}",
            f.engine
        );
        assert!(f.sign_in("ada@acme.example", PASSWORD, 8).await.is_ok(), "{}", f.engine);
        // All addresses of one IPv6 network count as one.
        let from = |last: u16| Visitor {
            address: std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into(),
            agent: String::new(),
        };
        for n in 0..30 {
            let answer =
                f.app.sign_in(&format!("q{n}@acme.example"), &Secret::new("a guess"), &from(n)).await;
            assert_eq!(wrong_fields(answer), ["/password"], "{n}");
        }
        let answer = f.app.sign_in("ada@acme.example", &Secret::new(PASSWORD), &from(77)).await;
        assert_eq!(seconds_to_wait(answer), Some(1), "{}", f.engine);
        f.pass(SignedDuration::from_hours(1));
        assert!(f.sign_in("ada@acme.example", PASSWORD, 7).await.is_ok(), "{}", f.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_once_do_not_slip_past() {
    for (f, _) in each_set_up().await {
        let nodes = [f.app.clone(), f.other_node().await];
        let mut guesses = tokio::task::JoinSet::new();
        for n in 0..20_u8 {
            let app = nodes[usize::from(n % 2)].clone();
            guesses.spawn(async move {
                let answer = app.sign_in("ada@acme.example", &Secret::new("a guess"), &visitor(n)).await;
                seconds_to_wait(answer).is_none()
            });
        }
        let looked_at = guesses.join_all().await.into_iter().filter(|looked_at| *looked_at).count();
        assert_eq!(looked_at, 5, "{}", f.engine);
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_old_or_ended() {
    for (f, ada) in each_set_up().await {
        assert!(f.app.session(&Secret::new("")).await.unwrap().is_none());
        assert!(f.app.session(&Secret::new("a".repeat(30))).await.unwrap().is_none());
        // Use is noted once a minute, and keeps it open.
        f.pass(MINUTE - SignedDuration::from_secs(1));
        let (_, session) = f.app.session(&ada.secret).await.unwrap().unwrap();
        assert_eq!(session.last_seen_at, session.created_at, "{}", f.engine);
        f.pass(SignedDuration::from_secs(1));
        let (caller, session) = f.app.session(&ada.secret).await.unwrap().unwrap();
        assert_eq!(session.last_seen_at, session.created_at + MINUTE, "{}", f.engine);
        assert_eq!(f.app.sessions(&caller, &ada.person.id).await.unwrap(), std::slice::from_ref(&session));
        for _ in 0..4 {
            f.pass(IDLE_LIMIT - MINUTE);
            assert!(f.is_open(&ada).await, "{}", f.engine);
        }
        f.pass(session.expires_at.duration_since(f.app.now()) - SignedDuration::from_secs(1));
        assert!(f.is_open(&ada).await, "{}", f.engine);
        f.pass(SignedDuration::from_secs(1));
        assert!(!f.is_open(&ada).await && ABSOLUTE_LIMIT < IDLE_LIMIT * 5, "{}", f.engine);

        let idle = f.sign_in("ada@acme.example", PASSWORD, 1).await.unwrap();
        f.pass(IDLE_LIMIT);
        assert!(!f.is_open(&idle).await, "{}", f.engine);
        assert!(f.app.sessions(&caller, &ada.person.id).await.unwrap().is_empty());
        assert_eq!(f.app.forget_expired_sign_ins().await.unwrap(), 2, "{}", f.engine);

        let out = f.sign_in("ada@acme.example", PASSWORD, 1).await.unwrap();
        for _ in 0..2 {
            f.app.sign_out(&caller, &out.session.id).await.unwrap();
            assert!(!f.is_open(&out).await, "{}", f.engine);
        }
    }
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_an_administrator_anybodys() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let bob = f.add(&admin, "Bob", Role::Responder).await;
        let bobs = f.caller(&bob).await;
        let phone = f.sign_in("bob@acme.example", PASSWORD, 2).await.unwrap();
        assert_eq!(f.app.sessions(&bobs, &bob.person.id).await.unwrap().len(), 2);
        for refused in [
            f.app.sessions(&bobs, &ada.person.id).await.err(),
            f.app.end_session(&bobs, &ada.person.id, &ada.session.id).await.err(),
            f.app.end_sessions(&bobs, &ada.person.id, None).await.err(),
        ] {
            assert!(matches!(refused, Some(AppError::Forbidden { .. })), "{refused:?}");
        }
        // Somebody else's session is not found among one's own.
        let answer = f.app.end_session(&bobs, &bob.person.id, &ada.session.id).await;
        assert!(matches!(answer, Err(AppError::NotFound(_))) && f.is_open(&ada).await);
        f.app.end_session(&bobs, &bob.person.id, &phone.session.id).await.unwrap();
        assert!(!f.is_open(&phone).await && f.is_open(&bob).await, "{}", f.engine);
        f.sign_in("bob@acme.example", PASSWORD, 2).await.unwrap();
        assert_eq!(f.app.end_sessions(&bobs, &bob.person.id, Some(&bob.session.id)).await.unwrap(), 1);
        assert_eq!(f.app.end_sessions(&admin, &bob.person.id, None).await.unwrap(), 1);
        assert!(!f.is_open(&bob).await && f.is_open(&ada).await, "{}", f.engine);
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    for (f, ada) in each_set_up().await {
        let caller = f.caller(&ada).await;
        let here: &SessionId = &ada.session.id;
        let phone = f.sign_in("ada@acme.example", PASSWORD, 2).await.unwrap();
        let link = f.app.sign_in_link(&caller, &ada.person.id).await.unwrap();
        let (old, new) = (Secret::new(PASSWORD), Secret::new("four other unrelated words"));
        let change = |current: Option<Secret>, new: Secret| {
            let (app, caller) = (f.app.clone(), caller.clone());
            async move { app.change_password(&caller, here, current.as_ref(), &new, &visitor(1)).await }
        };
        assert_eq!(wrong_fields(change(None, new.clone()).await), ["/current"]);
        assert_eq!(wrong_fields(change(Some(new.clone()), new.clone()).await), ["/current"]);
        assert_eq!(wrong_fields(change(Some(old.clone()), Secret::new("ada")).await), ["/password"]);
        assert!(f.is_open(&phone).await);
        change(Some(old.clone()), new.clone()).await.unwrap();
        assert!(f.is_open(&ada).await && !f.is_open(&phone).await, "{}", f.engine);
        assert!(f.app.open_link(&link.secret).await.unwrap().is_none(), "{}", f.engine);
        assert!(f.sign_in("ada@acme.example", PASSWORD, 1).await.is_err());
        assert!(f.sign_in("ada@acme.example", new.expose(), 1).await.is_ok());
        // Who took a session cannot guess the password faster than at the door.
        for _ in 0..5 {
            assert_eq!(wrong_fields(change(Some(old.clone()), new.clone()).await), ["/current"]);
        }
        assert_eq!(seconds_to_wait(change(Some(new.clone()), old.clone()).await), Some(1), "{}", f.engine);
    }
}

#[tokio::test]
async fn links_work_once_and_only_for_what_they_are() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let added = f.app.add_person(&admin, new_person("Bob", Role::Communicator)).await.unwrap();
        let address = f.app.link_address(&added.link);
        assert!(address.starts_with("https://status.acme.example/link/"), "{address}");
        assert_eq!(added.person.time_zone, "Europe/Berlin", "the page's, when nothing is said");
        let open = f.app.open_link(&added.link.secret).await.unwrap().unwrap();
        assert_eq!((open.purpose, open.person.unwrap()), (LinkPurpose::Password, added.person.clone()));
        assert!(is_refused(&f.app.sign_in_by_link(&added.link.secret, &visitor(1)).await));
        let weak = f.app.set_password_by_link(&added.link.secret, &Secret::new("Bob"), &visitor(1)).await;
        assert_eq!(wrong_fields(weak), ["/password"]);
        let password = Secret::new(PASSWORD);
        let bob = f.app.set_password_by_link(&added.link.secret, &password, &visitor(1)).await.unwrap();
        assert!(bob.person.has_password && f.is_open(&bob).await, "{}", f.engine);
        let twice = f.app.set_password_by_link(&added.link.secret, &password, &visitor(1)).await;
        assert!(is_refused(&twice), "{}", f.engine);

        // A new link takes the place of the one before, and setting a password ends what was open.
        let old = f.app.password_link(&admin, &bob.person.id).await.unwrap();
        let new = f.app.password_link(&admin, &bob.person.id).await.unwrap();
        assert!(is_refused(&f.app.set_password_by_link(&old.secret, &password, &visitor(1)).await));
        f.app.set_password_by_link(&new.secret, &password, &visitor(1)).await.unwrap();
        assert!(!f.is_open(&bob).await, "{}", f.engine);

        let link = f.app.sign_in_link(&admin, &bob.person.id).await.unwrap();
        let other = f.other_node().await;
        let visitor = visitor(1);
        let (a, b) = tokio::join!(
            f.app.sign_in_by_link(&link.secret, &visitor),
            other.sign_in_by_link(&link.secret, &visitor)
        );
        assert!(a.is_ok() != b.is_ok(), "{}: one of two at once", f.engine);
        let late = f.app.sign_in_link(&admin, &bob.person.id).await.unwrap();
        f.pass(late.purpose.lifetime());
        assert!(is_refused(&f.app.sign_in_by_link(&late.secret, &visitor).await), "{}", f.engine);
    }
}
