//! One update on its way to everybody who asked for it.
//!
//! The stages are small and each has its own file: who gets it ([`plan`]), and who not yet ([`over`]), what a message says ([`message`]), how it
//! leaves ([`channel`], [`smtp`]), what the answer means ([`judge`]), what is recorded ([`outcome`]), when to try again
//! ([`backoff`]), when to stop ([`trial`]) how a channel that does not work is held ([`hold`]) and its operators are told (`alarm`). [`engine`] strings
//! them together for mail, [`dispatch`] for subscribers who have a server of their own. Deciding is pure; only [`smtp`]
//! and [`channel`] wait for the network.

mod aftermath;
mod alarm;
pub mod backoff;
pub mod channel;
pub mod dispatch;
pub mod dkim;
pub mod engine;
pub mod feedback;
pub mod hold;
pub mod judge;
pub mod links;
pub mod message;
pub mod meter;
pub mod outcome;
pub mod over;
pub mod plan;
pub mod settings;
mod sift;
pub mod smtp;
pub mod trial;

pub use dispatch::Dispatch;
pub use engine::{Around, Courier, Turn};
pub use links::Links;
pub use meter::Meter;
pub use settings::MailSettings;
