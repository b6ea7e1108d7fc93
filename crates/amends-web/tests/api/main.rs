//! The JSON API through its routes, on both engines.
#![allow(clippy::unwrap_used)]

mod budgets;
#[path = "../courier/mod.rs"]
mod courier;
mod description;
mod edits;
mod people;
mod postmortems;
mod record;
mod refusals;
mod repeats;
mod subscribers;
mod support;
