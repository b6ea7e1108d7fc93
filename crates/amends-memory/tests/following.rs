//! The index follows the store, and comes back from whatever happens to it, on both engines.
#![allow(clippy::unwrap_used)]

mod record;

use amends_memory::*;
use amends_model::{IncidentId, Visibility};
use amends_store::{event, feed, params};
use record::*;
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("0")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn changes_are_found_after_the_next_run() {
    for desk in desks().await {
        let store = &desk.fresh.store;
        change(store, 'c', |incident| incident.title = "Payments are slow".into()).await;
        let mut tx = store.begin().await.unwrap();
        say(&mut tx, an_event(9, id_of::<IncidentId>('c'), note("Mercury is in retrograde"))).await;
        tx.commit().await.unwrap();
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "payments mercury").await, "c", "{}", desk.fresh.engine);
        assert_eq!(ids(&desk.memory, "checkout").await, "");

        let mut tx = store.begin().await.unwrap();
        let old = event::get(&mut tx, &amends_model::EventId::from_random([9; 12])).await.unwrap().unwrap();
        let new =
            amends_model::Event { body: note("Venus is"), edited_at: Some(at(9)), version: 2, ..old.clone() };
        assert!(event::replace(&mut tx, &old, &new, &new.actor).await.unwrap());
        feed::push(&mut tx, "event", new.id.as_str(), at(9)).await.unwrap();
        tx.commit().await.unwrap();
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "venus").await, "c", "a change that names the event only");
        assert_eq!(ids(&desk.memory, "mercury").await, "");
        assert!(desk.memory.progress().borrow().complete);
    }
}

#[tokio::test]
async fn the_next_start_goes_on_where_the_last_one_stopped() {
    for desk in desks().await {
        let before = files(desk.folder.path());
        drop(desk.memory);
        let memory = Memory::open(desk.folder.path(), desk.fresh.store.clone()).await.unwrap();
        assert_eq!(ids(&memory, "emails").await, "a", "it answers before it has followed anything");
        memory.follow().await.unwrap();
        assert_eq!(files(desk.folder.path()), before, "nothing was made anew");
        change(&desk.fresh.store, 'c', |incident| incident.title = "Payments are slow".into()).await;
        memory.follow().await.unwrap();
        assert_eq!(ids(&memory, "payments").await, "c");
    }
}

#[tokio::test]
async fn any_damage_is_mended_from_the_store() {
    // What lies on disk does not depend on the store's engine.
    for desk in desks().await.into_iter().take(1) {
        drop(desk.memory);
        for (n, _) in files(desk.folder.path()).into_iter().enumerate() {
            for damage in [None, Some(0), Some(40)] {
                // The files have other names after each mending.
                let Some(file) = files(desk.folder.path()).into_iter().nth(n) else { continue };
                match damage {
                    None => std::fs::remove_file(&file).unwrap(),
                    Some(0) => std::fs::write(&file, b"").unwrap(),
                    Some(place) => {
                        let mut bytes = std::fs::read(&file).unwrap();
                        let place = place.min(bytes.len().saturating_sub(1));
                        if let Some(byte) = bytes.get_mut(place) {
                            *byte ^= 0x55;
                        }
                        std::fs::write(&file, bytes).unwrap();
                    }
                }
                let memory = Memory::open(desk.folder.path(), desk.fresh.store.clone()).await.unwrap();
                memory.follow().await.unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                assert_eq!(ids(&memory, "emails unsigned").await, "a", "{damage:?} {}", file.display());
                assert_eq!(ids(&memory, "data").await, "db");
                assert!(memory.progress().borrow().complete);
            }
        }
    }
}

#[tokio::test]
async fn damage_while_running_is_mended() {
    for desk in desks().await {
        std::fs::remove_dir_all(desk.folder.path().join("0")).unwrap();
        std::fs::create_dir(desk.folder.path().join("0")).unwrap();
        change(&desk.fresh.store, 'c', |incident| incident.title = "Payments are slow".into()).await;
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "payments").await, "c", "{}", desk.fresh.engine);
        assert_eq!(ids(&desk.memory, "emails").await, "a");
    }
}

#[tokio::test]
async fn an_index_of_another_record_is_not_believed() {
    let mut desks = desks().await;
    let strange = desks.remove(0);
    drop(strange.memory);
    for fresh in amends_testkit::stores::each().await {
        // As many changes as the other record had, but others.
        let mut tx = fresh.store.begin().await.unwrap();
        for n in 0..20 {
            add(
                &mut tx,
                &an_incident((b'a' + n) as char, i64::from(n), "Lifts are stuck", Visibility::Public),
            )
            .await;
        }
        tx.commit().await.unwrap();
        let folder = amends_testkit::folder::temporary();
        copy(strange.folder.path(), folder.path());
        let memory = Memory::open(folder.path(), fresh.store.clone()).await.unwrap();
        memory.follow().await.unwrap();
        assert_eq!(ids(&memory, "emails").await, "", "{}", fresh.engine);
        assert_eq!(ids(&memory, "lifts").await.len(), 20);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to.join("0")).unwrap();
    for file in files(from) {
        std::fs::copy(&file, to.join("0").join(file.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn who_is_too_far_behind_starts_afresh_and_forgets_what_is_gone() {
    for desk in desks().await {
        let store = &desk.fresh.store;
        write(store, &mut a_postmortem('p', 'a', "Nobody was told", "Yellowstone")).await;
        promise(store, &an_action('t', "Lint the plan", "")).await;
        let mut tx = store.begin().await.unwrap();
        // Gone without a word in the feed, as in a restored copy.
        tx.exec("DELETE FROM incidents WHERE id = $1", params!["cccccccccccc"]).await.unwrap();
        add(&mut tx, &an_incident('k', 50, "Elevator stuck", Visibility::Public)).await;
        for n in 0..9 {
            feed::push(&mut tx, "page", "pppppppppppp", at(n)).await.unwrap();
        }
        feed::trim(&mut tx, 2).await.unwrap();
        tx.commit().await.unwrap();
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "elevator").await, "k", "{}", desk.fresh.engine);
        assert_eq!(ids(&desk.memory, "emails").await, "a");
        assert_eq!(ids(&desk.memory, "checkout").await, "");
        let progress = *desk.memory.progress().borrow();
        assert_eq!((progress.complete, progress.done, progress.total), (true, 6, 6));
        assert_eq!(ids(&desk.memory, "yellowstone").await + &ids(&desk.memory, "lint").await, "pt");
    }
}

#[tokio::test]
async fn an_import_is_found_as_a_whole() {
    for desk in desks().await {
        let mut tx = desk.fresh.store.begin().await.unwrap();
        for n in 0..10 {
            let incident =
                an_incident((b'm' + n) as char, 100 + i64::from(n), "Imported trouble", Visibility::Public);
            amends_store::incident::insert(&mut tx, &incident).await.unwrap();
        }
        feed::push(&mut tx, "import", "iiiiiiiiiiii", at(0)).await.unwrap();
        tx.commit().await.unwrap();
        desk.memory.follow().await.unwrap();
        assert_eq!(ids(&desk.memory, "trouble").await.len(), 10, "{}", desk.fresh.engine);
        assert_eq!(ids(&desk.memory, "emails").await, "a");
    }
}

#[tokio::test]
async fn nodes_that_share_a_folder_do_not_meet() {
    for desk in desks().await {
        let other = Memory::open(desk.folder.path(), desk.fresh.store.clone()).await.unwrap();
        other.follow().await.unwrap();
        assert_eq!(ids(&other, "emails").await, "a");
        change(&desk.fresh.store, 'c', |incident| incident.title = "Payments are slow".into()).await;
        for memory in [&desk.memory, &other] {
            memory.follow().await.unwrap();
            assert_eq!(ids(memory, "payments").await, "c", "{}", desk.fresh.engine);
        }
    }
}
