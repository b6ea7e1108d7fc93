//! The public site: status page, feeds, Statuspage API v2, badge, banner, forms.
//!
//! One [`PublicRecord`](amends_model::page::PublicRecord) in, every document out ([`Rendered`]); [`Site`] keeps them in
//! memory and swaps them as a whole. Rendering is pure. Reads of the hot set touch nothing but memory; older parts of
//! the history are read through [`Source`] on request and kept in bounds.

mod api_v2;
mod archive;
mod badge;
mod calendar;
mod clean;
pub mod desk;
mod desk_app;
pub mod document;
mod events;
mod feeds;
mod forms;
mod hub;
mod markdown;
pub mod mirror;
mod pages;
mod phone;
mod preferences;
mod rendered;
mod sentence;
mod serve;
mod site;
pub mod source;
mod subscribers;
mod view;
mod when;

pub(crate) use feeds::xml;
pub(crate) use forms::pairs;
pub use rendered::Rendered;
pub use sentence::{Piece, Sentence, sentence};
pub use serve::{ClientAddress, Public, router, say};
pub use site::{Clock, News, Site};
pub use source::{Source, SourceError};

#[cfg(test)]
pub(crate) mod tests;
