//! What is found, how it is shown, and who finds it, on both engines.
#![allow(clippy::unwrap_used)]

mod record;

use amends_memory::*;
use amends_model::{PublishedLetter, Resource, Visibility};
use record::*;

#[tokio::test]
async fn it_is_found_as_one_types() {
    for desk in desks().await {
        let m = &desk.memory;
        for typed in
            ["em", "ema", "emai", "emails", "emails ", "email", "daily em", "EMAILS NOT s", "sending"]
        {
            let expected = if typed == "sending" { "" } else { "a" };
            assert_eq!(ids(m, typed).await, expected, "{typed:?} on {}", desk.fresh.engine);
        }
        assert_eq!(ids(m, "d").await, "da", "the first letter looks into titles");
        assert_eq!(ids(m, "database").await, "db", "titles before texts");
        assert_eq!(ids(m, "kubern port").await, "b", "words of one record, wherever they stand");
        assert_eq!(ids(m, "deploying").await, "b", "other forms of a word");
        assert_eq!(ids(m, "").await, "");
    }
}

#[tokio::test]
async fn what_is_shown_is_the_text_that_answers() {
    for desk in desks().await {
        let hits = search(&desk.memory, "vendor unsig", everything()).await;
        let hit = &hits[0];
        assert_eq!(
            (hit.kind, hit.number, hit.at, hit.closeness),
            (Kind::Incident, Some(1), at(1), Closeness::All)
        );
        assert_eq!(shown(&hit.title), "Daily emails are not being sent");
        let passage = hit.passage.as_ref().unwrap();
        assert_eq!(passage.source, Source::Update);
        assert_eq!(passage.event_id, Some(amends_model::EventId::from_random([1; 12])));
        assert_eq!(shown(&passage.pieces), "The [vendor] rejects our messages: rejected: [unsigned].");
        let hits = search(&desk.memory, "emails", everything()).await;
        assert_eq!(shown(&hits[0].title), "Daily [emails] are not being sent");
    }
}

#[tokio::test]
async fn quotes_keep_words_together() {
    for desk in desks().await {
        let m = &desk.memory;
        assert_eq!(ids(m, "\"rejected: unsigned\"").await, "a");
        assert_eq!(ids(m, "\"line of sight\"").await, "b");
        let apart = search(m, "\"unsigned rejected\"", everything()).await;
        assert!(apart.iter().all(|hit| hit.closeness == Closeness::Some), "{apart:?}");
        assert_eq!(ids(m, "rejected:unsig").await, "a", "joined and still being typed");
    }
}

#[tokio::test]
async fn typing_errors_and_single_words_come_after() {
    for desk in desks().await {
        let m = &desk.memory;
        for (typed, expected) in
            [("chekcout ", "c"), ("checkot", "c"), ("kuberntes ", "b"), ("pasword ", "a")]
        {
            let hits = search(m, typed, everything()).await;
            let found: String = hits.iter().map(|hit| &hit.id[..1]).collect();
            assert_eq!(found, expected, "{typed}");
            assert!(hits.iter().all(|hit| hit.closeness == Closeness::Similar), "{typed}");
        }
        let hits = search(m, "port databse", everything()).await;
        assert_eq!((hits.len(), &hits[0].id[..1]), (1, "b"));
        assert_eq!(
            shown(&hits[0].passage.as_ref().unwrap().pieces),
            "The Kubernetes cluster cannot reach the [database]."
        );
        let hits = search(m, "checkout swordfish elephants ", everything()).await;
        assert_eq!(hits.len(), 2, "nobody has all, so some will do");
        assert!(hits.iter().all(|hit| hit.closeness == Closeness::Some));
        assert_eq!(ids(m, "elephants ").await, "");
    }
}

#[tokio::test]
async fn a_number_leads_straight_to_it() {
    for desk in desks().await {
        for typed in ["INC-2", "inc 2", "#2", "2"] {
            assert_eq!(&ids(&desk.memory, typed).await[..1], "b", "{typed}");
        }
        assert_eq!(ids(&desk.memory, "INC-4").await, "d", "planned work is counted together with incidents");
        assert_eq!(ids(&desk.memory, "INC-9").await, "");
    }
}

#[tokio::test]
async fn newer_comes_first_among_equals() {
    for desk in desks().await {
        let mut tx = desk.fresh.store.begin().await.unwrap();
        for (n, letter) in ['m', 'p', 'k', 'n'].into_iter().enumerate() {
            add(&mut tx, &an_incident(letter, 1000 + n as i64 * 500, "Elevator stuck", Visibility::Internal))
                .await;
        }
        tx.commit().await.unwrap();
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "elevator").await, "nkpm", "{}", desk.fresh.engine);
    }
}

#[tokio::test]
async fn what_the_public_may_not_see_it_does_not_find() {
    for desk in desks().await {
        let m = &desk.memory;
        for (typed, expected) in [
            ("emails", "a"),
            ("unsigned", "a"),
            ("upgrade", "d"),
            ("hardware", "d"),
            // Notes, summaries, internal incidents: neither by word, beginning, typing error, phrase nor number.
            ("swordfish", ""),
            ("swordf", ""),
            ("sworfish ", ""),
            ("\"password of\"", ""),
            ("grace", ""),
            ("port 1433", ""),
            ("kubernetes", ""),
            ("INC-2", ""),
            ("#2", ""),
            // A word beside it that may be seen does not bring it out either.
            ("emails swordfish", "a"),
        ] {
            assert_eq!(public_ids(m, typed).await, expected, "{typed:?} on {}", desk.fresh.engine);
        }
        let everywhere = search(m, "vendor", Sight::Public).await;
        let text = format!("{everywhere:?}");
        assert!(text.contains("rejects") && !text.contains("swordfish"), "{text}");
        let half = search(m, "emails swordfish ", Sight::Public).await;
        assert_eq!(half[0].closeness, Closeness::Some);
        assert!(!format!("{half:?}").contains("password"), "a note must not be shown: {half:?}");
    }
}

#[tokio::test]
async fn narrow_rights_find_narrowly() {
    for desk in desks().await {
        let found = async |rights: &[Resource], typed: &str| -> Vec<Hit> {
            search(&desk.memory, typed, Sight::Internal(rights.to_vec())).await
        };
        use Resource::{Event, Incident, Maintenance, Update};
        assert!(found(&[], "emails").await.is_empty());
        assert!(found(&[Event, Update], "unsigned").await.is_empty(), "texts without their record");
        assert!(
            found(&[Incident], "unsigned").await.is_empty()
                && found(&[Incident], "swordfish").await.is_empty()
        );
        assert_eq!(found(&[Incident], "kubernetes").await.len(), 1, "the summary belongs to the incident");
        assert_eq!(found(&[Incident, Update], "unsigned").await.len(), 1);
        assert!(found(&[Incident, Update], "swordfish").await.is_empty());
        assert_eq!(found(&[Incident, Event], "swordfish").await.len(), 1);
        assert!(
            found(&[Maintenance], "emails").await.is_empty()
                && found(&[Incident], "upgrade").await.is_empty()
        );
        assert!(found(&[Maintenance], "INC-1").await.is_empty(), "not by its number either");
        let hit = &found(&[Incident], "INC-1").await[0];
        assert_eq!(hit.passage, None, "no text of a kind that may not be read: {hit:?}");
        let hit = &found(&[Incident, Update], "emails").await[0];
        assert!(!format!("{hit:?}").contains("swordfish"));
    }
}

#[tokio::test]
async fn what_turns_internal_is_gone_at_once() {
    for desk in desks().await {
        change(&desk.fresh.store, 'c', |incident| incident.visibility = Visibility::Internal).await;
        // The index has not followed yet: the record itself says no.
        assert_eq!(public_ids(&desk.memory, "checkout").await, "");
        desk.memory.follow().await.unwrap();
        assert_eq!(public_ids(&desk.memory, "checkout").await, "");
        assert_eq!(ids(&desk.memory, "checkout").await, "c");
        change(&desk.fresh.store, 'c', |incident| incident.visibility = Visibility::Public).await;
        desk.memory.follow().await.unwrap();
        assert_eq!(public_ids(&desk.memory, "checkout").await, "c");
    }
}

#[tokio::test]
async fn postmortems_letters_and_actions_are_found_by_whom_they_are_for() {
    for desk in desks().await {
        let (store, m) = (&desk.fresh.store, &desk.memory);
        let mut p = a_postmortem(
            'p',
            'a',
            "Nobody got the daily mails",
            "Since {{started}} Zelda forgot the yellowstone step.",
        );
        p.letter_title = "Draft of our apology".into();
        p.letter = "We regret the hippopotamus, {{started}}.".into();
        write(store, &mut p).await;
        promise(store, &an_action('t', "Lint the vendor's plan", "Held by the giraffe check")).await;
        m.follow().await.unwrap();
        let hits = search(m, "yellowstone", everything()).await;
        assert_eq!((hits[0].kind, hits[0].incident_id.clone()), (Kind::Postmortem, Some(id_of('a'))));
        let passage = hits[0].passage.as_ref().unwrap();
        assert_eq!(
            (passage.source, shown(&passage.pieces).as_str()),
            (Source::Document, "Since … Zelda forgot the [yellowstone] step.")
        );
        assert_eq!(ids(m, "hippopotamus").await, "p");
        assert_eq!(ids(m, "giraffe").await, "t");
        assert_eq!(ids(m, "lint plan").await, "t");
        assert_eq!(ids(m, "nobody").await, "p");
        for typed in ["yellowstone", "hippopotamus", "giraffe", "lint", "nobody", "apology"] {
            assert_eq!(public_ids(m, typed).await, "", "{typed} on {}", desk.fresh.engine);
        }
        let narrow =
            Sight::Internal(vec![Resource::Incident, Resource::Update, Resource::Event, Resource::Action]);
        assert!(search(m, "yellowstone", narrow.clone()).await.is_empty());
        let narrow = Sight::Internal(vec![Resource::Postmortem]);
        assert!(search(m, "hippopotamus", narrow).await.is_empty(), "the letter is a right of its own");

        // Published, the letter is a text of the public incident, as it was published.
        p.published_letter = Some(PublishedLetter {
            title: "We are sorry".into(),
            text: "A flamingo stood in the way.".into(),
            published_at: at(50),
            updated_at: at(50),
        });
        write(store, &mut p).await;
        m.follow().await.unwrap();
        let hits = search(m, "flamingo", Sight::Public).await;
        assert_eq!((hits.len(), hits[0].kind, hits[0].id.as_str()), (1, Kind::Incident, "aaaaaaaaaaaa"));
        assert_eq!(hits[0].passage.as_ref().map(|p| p.source), Some(Source::Letter));
        assert_eq!(public_ids(m, "hippopotamus").await, "", "the draft stays inside");
        assert_eq!(public_ids(m, "yellowstone").await, "");

        // Taken back, it is gone even before the index has followed.
        p.published_letter = None;
        write(store, &mut p).await;
        assert_eq!(public_ids(m, "flamingo").await, "");
        m.follow().await.unwrap();
        assert_eq!(public_ids(m, "flamingo").await, "");
    }
}

#[tokio::test]
async fn a_letter_about_an_internal_incident_stays_inside() {
    for desk in desks().await {
        let mut p = a_postmortem('p', 'b', "Port 1433 was closed", "Text");
        p.published_letter = Some(PublishedLetter {
            title: "We are sorry".into(),
            text: "A flamingo stood in the way.".into(),
            published_at: at(50),
            updated_at: at(50),
        });
        write(&desk.fresh.store, &mut p).await;
        desk.memory.follow().await.unwrap();
        assert_eq!(public_ids(&desk.memory, "flamingo").await, "", "{}", desk.fresh.engine);
        assert_eq!(ids(&desk.memory, "flamingo").await, "p");
    }
}
