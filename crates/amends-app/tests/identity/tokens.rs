use super::*;
use amends_app::identity::{EditPerson, MadeToken, NewToken};
use amends_model::permission::Scopes;
use amends_model::{Action, Resource};
use jiff::SignedDuration;

fn new(role: Role, scopes: &[&str]) -> NewToken {
    let scopes = Scopes(scopes.iter().map(|s| s.parse().unwrap()).collect());
    NewToken { name: "ci".into(), role, scopes, expires_at: None }
}

async fn made(f: &Fixture, caller: &Caller, token: NewToken) -> MadeToken {
    f.app.create_token(caller, token).await.unwrap()
}

#[tokio::test]
async fn a_token_has_the_form_that_scanners_know_and_does_what_it_may() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let token =
            made(&f, &admin, new(Role::Responder, &["incident:write", "action:read", "action:read"])).await;
        let text = token.secret.expose();
        let (start, rest) = text.split_once('_').unwrap();
        assert!(
            start == "amdp" && rest.len() == 36 && rest.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{text}"
        );
        assert!(text.starts_with(&token.token.prefix) && token.token.prefix.len() < 15);
        let caller = f.app.token(&token.secret).await.unwrap().unwrap();
        assert_eq!((caller.actor.name.as_str(), caller.role), ("ci", Role::Responder));
        assert!(caller.may(Action::Create, Resource::Incident) && caller.may(Action::Read, Resource::Action));
        assert!(
            !caller.may(Action::Edit, Resource::Action) && !caller.may(Action::Read, Resource::Component)
        );
        assert_eq!(f.app.tokens(&admin).await.unwrap()[0].scopes.0.len(), 2, "each once");
        let mut wrong = text.to_owned();
        wrong.pop();
        for wrong in [wrong.as_str(), "", "amdp_x", &text.to_uppercase(), ada.secret.expose()] {
            assert!(f.app.token(&Secret::new(wrong)).await.unwrap().is_none(), "{wrong}");
        }
        assert!(f.app.session(&token.secret).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_token_ends_and_its_use_is_noted_to_the_minute() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let at = |seconds| Some(f.app.now() + SignedDuration::from_secs(seconds));
        let past = NewToken { expires_at: at(0), ..new(Role::Viewer, &[]) };
        assert_eq!(wrong_fields(f.app.create_token(&admin, past).await), ["/expires_at"]);
        let token = made(&f, &admin, NewToken { expires_at: at(100), ..new(Role::Viewer, &[]) }).await;
        let used = async || f.app.tokens(&admin).await.unwrap()[0].last_used_at;
        assert_eq!(used().await, None);
        let first = f.app.now();
        for (pass, noted) in [(0, 0), (59, 0), (1, 60), (39, 60)] {
            f.pass(SignedDuration::from_secs(pass));
            assert!(f.app.token(&token.secret).await.unwrap().is_some(), "{}", f.engine);
            assert_eq!(used().await, Some(first + SignedDuration::from_secs(noted)), "{}", f.engine);
        }
        f.pass(SignedDuration::from_secs(1));
        assert!(f.app.token(&token.secret).await.unwrap().is_none(), "{}", f.engine);

        let token = made(&f, &admin, new(Role::Viewer, &[])).await;
        let revoked = f.app.revoke_token(&admin, &token.token.id).await.unwrap();
        assert_eq!(revoked.revoked_at, Some(f.app.now()));
        assert!(f.app.token(&token.secret).await.unwrap().is_none(), "{}", f.engine);
        let nowhere = "abcdefghijkl".parse().unwrap();
        assert!(matches!(f.app.revoke_token(&admin, &nowhere).await, Err(AppError::NotFound(_))));
    }
}

#[tokio::test]
async fn nothing_makes_a_token_that_can_do_more_than_its_maker() {
    for (f, ada) in each_set_up().await {
        let admin = f.caller(&ada).await;
        let narrow = made(&f, &admin, new(Role::Administrator, &["token:write", "incident:read"])).await;
        let narrow = f.app.token(&narrow.secret).await.unwrap().unwrap();
        for wider in [&[][..], &["person:write"], &["incident:write"], &["token:write", "audit:read"]] {
            let answer = f.app.create_token(&narrow, new(Role::Administrator, wider)).await;
            assert_eq!(wrong_fields(answer), ["/scopes"], "{wider:?}");
        }
        let child = made(&f, &narrow, new(Role::Administrator, &["incident:read", "token:read"])).await;
        assert_eq!(child.token.person_id.as_ref(), Some(&ada.person.id), "{}", f.engine);
        let viewer = Caller { role: Role::Viewer, ..Caller::system("test") };
        assert!(matches!(
            f.app.create_token(&viewer, new(Role::Viewer, &[])).await,
            Err(AppError::Forbidden { .. })
        ));

        // It follows its maker's role down.
        let bob = f.add(&admin, "Bob", Role::Administrator).await;
        let bobs = made(&f, &f.caller(&bob).await, new(Role::Administrator, &[])).await;
        let down = EditPerson { role: Some(Role::Responder), ..Default::default() };
        f.app.edit_person(&admin, &bob.person.id, 1, down).await.unwrap();
        let caller = f.app.token(&bobs.secret).await.unwrap().unwrap();
        assert_eq!(caller.role, Role::Responder, "{}", f.engine);
        let machine = made(&f, &Caller::system("command line"), new(Role::Administrator, &[])).await;
        assert_eq!(machine.token.person_id, None);
    }
}
