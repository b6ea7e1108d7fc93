//! The JSON API through its routes, on both engines.
#![allow(clippy::unwrap_used)]

mod budgets;
mod description;
mod edits;
mod people;
mod record;
mod refusals;
mod repeats;
mod support;
