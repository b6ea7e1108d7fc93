//! What the public sees, from a rich record: each output as a snapshot, and what must hold for all of them.

#[path = "../../../tests/sample/mod.rs"]
pub(crate) mod sample;

mod feeds;
mod hostile;
mod mirror;
mod snapshots;
mod statuspage;
mod words;

mod serving;

use super::rendered::Rendered;
use amends_model::page::PublicRecord;

fn rendered(record: PublicRecord) -> Rendered {
    let start = record.incidents.last().map(|i| i.started_at);
    Rendered::new(record, start, sample::now(), false, None)
}

fn body(rendered: &Rendered, path: &str) -> String {
    let document = rendered.documents.get(path).unwrap_or_else(|| panic!("{path} is rendered"));
    String::from_utf8(document.body().to_vec()).expect("UTF-8")
}
