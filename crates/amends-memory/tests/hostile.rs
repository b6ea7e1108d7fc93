//! Nothing that is typed or written can break a search.
#![allow(clippy::unwrap_used)]

mod record;

use amends_memory::*;
use amends_model::Visibility;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use record::*;

/// What people paste, and what people try.
const HOSTILE: &[&str] = &[
    "\"",
    "\"\"\"",
    "title:(",
    "a AND OR NOT b",
    "* ? ~ ^ \\ / [ ] { } ( ) ! + - && ||",
    "/.*/",
    "id:* OR 1=1; DROP TABLE incidents; --",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %n%s",
    "\u{0}\u{1}\u{202e}\u{feff}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "INC-99999999999999999999",
    "#",
    "INC-",
    "障害\"障\"害",
    "🐌🐌🐌",
    "İSTANBUL ǅ ß ﬁ ¼",
    "../../etc/passwd",
    "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
];

fn run(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

/// Some text with what is special anywhere: operators, quotes, scripts, controls.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z\"“”:*~^() \\-+]{0,30}",
        "\\PC{0,12}",
        Just("障害 データ ".to_owned()),
        prop::sample::select(HOSTILE).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(" "))
}

#[test]
fn whatever_is_typed_is_answered() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let desk = runtime.block_on(desks()).remove(0);
    let ask = |text: &str, sight: Sight| {
        let hits =
            runtime.block_on(desk.memory.search(&Query { text: text.into(), sight, now: at(1), limit: 3 }));
        let hits = hits.unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert!(hits.len() <= 3);
        format!("{hits:?}")
    };
    let mut endless =
        vec!["a ".repeat(100_000), "\"".repeat(100_000), "x".repeat(1_000_000), "障".repeat(100_000)];
    endless.extend(HOSTILE.iter().map(|text| (*text).to_owned()));
    for text in endless {
        ask(&text, everything());
    }
    run(300)
        .run(&any_text(), |text| {
            ask(&text, everything());
            prop_assert!(!ask(&text, Sight::Public).contains("swordfish"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_is_written_can_be_found_and_shown() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let texts = prop::collection::vec(any_text(), 8);
    run(12)
        .run(&texts, |texts| {
            runtime.block_on(async {
                let folder = amends_testkit::folder::temporary();
                let store = amends_store::Store::open_folder(folder.path()).await.unwrap();
                let mut tx = store.begin().await.unwrap();
                for (n, text) in texts.iter().enumerate() {
                    let letter = (b'a' + n as u8) as char;
                    let incident =
                        an_incident(letter, n as i64, &text.replace('\0', " "), Visibility::Internal);
                    add(&mut tx, &incident).await;
                }
                tx.commit().await.unwrap();
                let memory = Memory::open(folder.path(), store).await.unwrap();
                memory.follow().await.unwrap();
                for (n, text) in texts.iter().enumerate() {
                    let id = ((b'a' + n as u8) as char).to_string().repeat(12);
                    let is_accent = |c: char| matches!(c, '\u{300}'..='\u{36f}');
                    let text = text.replace('\0', " ");
                    for word in text.split(|c: char| !c.is_alphanumeric() && !is_accent(c)) {
                        let word = word.trim_start_matches(is_accent);
                        // What is typed is cut after so many characters.
                        if word.is_empty() || word.chars().count() > 50 {
                            continue;
                        }
                        let hits = search(&memory, &format!("{word} "), everything()).await;
                        prop_assert!(
                            hits.iter().any(|hit| hit.id == id),
                            "{word:?} of {text:?} was not found"
                        );
                        for hit in hits {
                            prop_assert!(hit.title.iter().all(|piece| !piece.text.is_empty()));
                        }
                    }
                }
                Ok(())
            })
        })
        .unwrap();
}
