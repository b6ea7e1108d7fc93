use super::*;
use amends_app::identity::LinkPurpose;
use jiff::SignedDuration;

#[tokio::test]
async fn the_first_administrator_comes_by_the_newest_link_once() {
    for f in each().await {
        assert!(f.app.needs_setup().await.unwrap());
        let old = f.app.setup_link().await.unwrap().unwrap();
        let link = f.app.setup_link().await.unwrap().unwrap();
        let address = f.app.link_address(&link);
        assert_eq!(address, format!("https://status.acme.example/setup/{}", link.secret.expose()));
        assert!(is_refused(&f.app.setup(&old.secret, ada(), &visitor(1)).await), "{}", f.engine);
        let open = f.app.open_link(&link.secret).await.unwrap().unwrap();
        assert_eq!((open.purpose, open.person), (LinkPurpose::SetUp, None));

        // What is wrong is said at once, and does not use the link up.
        let wrong =
            SetUp { name: " ".into(), password: Secret::new("password1"), page_name: "\n".into(), ..ada() };
        let wrong = wrong_fields(f.app.setup(&link.secret, wrong, &visitor(1)).await);
        assert_eq!(wrong, ["/name", "/password", "/page_name"], "{}", f.engine);

        let ada_in = f.app.setup(&link.secret, ada(), &visitor(1)).await.unwrap();
        let caller = f.caller(&ada_in).await;
        assert_eq!((caller.role, ada_in.person.email.as_str()), (Role::Administrator, "ada@acme.example"));
        assert!(ada_in.person.has_password && again(&f.app, &caller, &ada_in.person).await == ada_in.person);
        assert_eq!(f.app.page().await.unwrap().name, "Acme");
        assert!(!f.app.needs_setup().await.unwrap());
        assert!(f.app.setup_link().await.unwrap().is_none());
        let again = SetUp { email: "eve@acme.example".into(), ..ada() };
        assert!(is_refused(&f.app.setup(&link.secret, again, &visitor(1)).await), "{}", f.engine);
        assert_eq!(f.app.people(&caller).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn two_who_hold_the_same_link_make_one_administrator() {
    for f in each().await {
        let link = f.app.setup_link().await.unwrap().unwrap();
        let other = f.other_node().await;
        let eve = SetUp { email: "eve@acme.example".into(), ..ada() };
        let (visitor, secret) = (visitor(1), Secret::new(PASSWORD));
        let (a, b, c) = tokio::join!(
            f.app.setup(&link.secret, ada(), &visitor),
            other.setup(&link.secret, eve, &visitor),
            other.init_administrator("root@acme.example", &secret),
        );
        let made = [a.is_ok(), b.is_ok(), c.is_ok()].into_iter().filter(|ok| *ok).count();
        assert_eq!(made, 1, "{}", f.engine);
        assert_eq!(f.app.people(&Caller::system("test")).await.unwrap().len(), 1, "{}", f.engine);
    }
}

#[tokio::test]
async fn the_setup_link_ends_after_a_day() {
    for f in each().await {
        let link = f.app.setup_link().await.unwrap().unwrap();
        f.pass(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
        assert!(f.app.open_link(&link.secret).await.unwrap().is_some());
        f.pass(SignedDuration::from_secs(1));
        assert!(f.app.open_link(&link.secret).await.unwrap().is_none());
        assert!(is_refused(&f.app.setup(&link.secret, ada(), &visitor(1)).await), "{}", f.engine);
        assert_eq!(f.app.forget_expired_sign_ins().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn scripts_make_the_administrator_without_a_link() {
    for f in each().await {
        let link = f.app.setup_link().await.unwrap().unwrap();
        let short = f.app.init_administrator("nobody", &Secret::new("short")).await;
        assert_eq!(wrong_fields(short), ["/email", "/password"]);
        let made = f.app.init_administrator("ops@acme.example", &Secret::new(PASSWORD)).await.unwrap();
        assert_eq!((made.name.as_str(), made.role), ("ops", Role::Administrator));
        assert!(f.app.open_link(&link.secret).await.unwrap().is_none(), "{}", f.engine);
        assert!(is_refused(&f.app.init_administrator("b@acme.example", &Secret::new(PASSWORD)).await));
        assert!(f.sign_in("ops@acme.example", PASSWORD, 1).await.is_ok());
    }
}
