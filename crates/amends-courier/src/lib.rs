//! One update on its way to everybody who asked for it.
//!
//! The stages are small and each has its own file: what a message says ([`message`]), how it gets there ([`smtp`]),
//! what the answer means ([`judge`]), when to try again ([`backoff`]), when to stop asking ([`trial`]).
//! Deciding is pure; only [`smtp`] waits for the network.

pub mod backoff;
pub mod dkim;
pub mod judge;
pub mod message;
pub mod smtp;
pub mod trial;
