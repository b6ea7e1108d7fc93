//! Every output of the sample record, as it is. A change is looked at before it is taken: `INSTA_UPDATE=always cargo test`.

use super::{body, rendered, sample};
use crate::assets::{self, PUBLIC_STYLE};

fn page(path: &str) -> String {
    let html = body(&rendered(sample::record_in("Europe/Amsterdam")), path);
    html.replace(&PUBLIC_STYLE.css, "…").replace(assets::url("public.js"), "/static/public-….js")
}

fn pretty(path: &str) -> String {
    let json = body(&rendered(sample::record()), path);
    // As it is, only broken into lines: key order is part of what is compared.
    json.replace("{\"", "{\n\"").replace("\",\"", "\",\n\"").replace("},{", "},\n{").replace("],\"", "],\n\"")
}

#[test]
fn status_page() {
    insta::assert_snapshot!(page("/"));
}

#[test]
fn incident_with_letter() {
    insta::assert_snapshot!(page("/incidents/i00000000038"));
}

#[test]
fn open_incident() {
    insta::assert_snapshot!(page("/incidents/i00000000042"));
}

#[test]
fn maintenance() {
    insta::assert_snapshot!(page("/incidents/m00000000002"));
}

#[test]
fn history() {
    insta::assert_snapshot!(page("/history"));
}

#[test]
fn subscribe() {
    insta::assert_snapshot!(page("/subscribe"));
}

#[test]
fn not_found() {
    let rendered = rendered(sample::calm());
    let html = String::from_utf8(rendered.nothing_at("/nothing").body().to_vec()).expect("UTF-8");
    insta::assert_snapshot!(html.replace(&PUBLIC_STYLE.css, "…").replace(assets::url("public.js"), "…"));
}

#[test]
fn api() {
    for path in [
        "summary",
        "status",
        "components",
        "incidents",
        "incidents/unresolved",
        "scheduled-maintenances",
        "scheduled-maintenances/upcoming",
        "scheduled-maintenances/active",
    ] {
        insta::assert_snapshot!(path.replace('/', "_"), pretty(&format!("/api/v2/{path}.json")));
    }
    insta::assert_snapshot!("incident_alone", pretty("/incidents/i00000000038.json"));
    insta::assert_snapshot!("archive", pretty("/history.json"));
}

#[test]
fn feeds() {
    let rendered = rendered(sample::record());
    insta::assert_snapshot!("rss", body(&rendered, "/history.rss"));
    insta::assert_snapshot!("atom", body(&rendered, "/history.atom"));
    insta::assert_snapshot!("json_feed", pretty("/history.feed.json"));
    insta::assert_snapshot!("calendar", body(&rendered, "/maintenance.ics").replace('\r', ""));
    insta::assert_snapshot!("badge", body(&rendered, "/badge.svg"));
}
