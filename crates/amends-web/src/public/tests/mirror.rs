//! The mirror is whole: whatever a file of it names is a file of it.

use super::serving::house;
use crate::public::mirror::{File, newest};
use std::collections::{BTreeMap, BTreeSet};

/// What only a server can give.
const ALIVE: [&str; 3] = ["/events", "/hub", "/api/v2/subscribers.json"];

/// The addresses on this site that a text names: in attributes, and written out behind the page's own address.
fn named(text: &str, url: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut collect = |starts: &[&str], ends: &[char]| {
        for start in starts {
            for rest in text.split(start).skip(1) {
                let end = rest.find(ends).unwrap_or(rest.len());
                found.insert(rest[..end].to_owned());
            }
        }
    };
    collect(&["href=\"/", "src=\"/", "url(/"], &['"', ')', '#', '?']);
    collect(&[&format!("{url}/")], &['"', '\'', '<', '&', ' ', '\\', '\r', '\n', '#', '?', ')']);
    found.into_iter().map(|path| format!("/{path}")).collect()
}

#[tokio::test]
async fn every_link_in_the_mirror_leads_to_a_file_of_it() {
    let (_, site, _) = house().await;
    let rendered = site.rendered();
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut add = |more: Vec<File>| {
        for file in more {
            let twice = files.insert(file.name.clone(), file);
            assert!(twice.is_none(), "{twice:?}");
        }
    };
    add(newest(&rendered, site.clock_now()));
    let months = site.months();
    assert!(months.len() > 5, "{months:?}");
    for month in months {
        add(site.month(month).await.expect("read"));
    }
    add(site.quarter().await.expect("read").into_iter().collect());
    for name in [
        "index.html",
        "404.html",
        "history/index.html",
        "history/2026-03/index.html",
        "history.json",
        "api/v2/summary.json",
    ] {
        assert!(files.contains_key(name), "{name}");
    }
    assert!(rendered.documents.len() > 20 && files.len() > rendered.documents.len());
    // A folder and a file cannot have one name.
    for name in files.keys() {
        let below = format!("{name}/");
        assert!(!files.keys().any(|other| other.starts_with(&below)), "{name} is a file and a folder");
    }
    let mut links = 0;
    for file in files.values().filter(|f| !f.content_type.starts_with("font")) {
        // Calendars break long lines.
        let text = String::from_utf8_lossy(&file.bytes).replace("\r\n ", "");
        for path in named(&text, &rendered.record.page.url) {
            let bare = path.trim_matches('/');
            let is_there = files.contains_key(bare)
                || files.contains_key(format!("{bare}/index.html").trim_start_matches('/'));
            assert!(is_there || ALIVE.contains(&path.as_str()), "{} names {path}", file.name);
            links += 1;
        }
    }
    assert!(links > 200, "{links}");
}
