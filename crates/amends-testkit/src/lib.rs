//! What tests need around them, as real things rather than imitations: a PostgreSQL cluster, a mail server that can be told to
//! misbehave, the `amends` binary itself, folders and ports of their own.
//!
//! Everything here is blocking and starts no async runtime, so that it serves plain tests, `#[tokio::test]` and `xtask` alike.
//! Everything that is started ends with the test process, however that ends.

pub mod company;
pub mod folder;
pub mod http;
pub mod language;
pub mod off_thread;
pub mod port;
pub mod postgres;
pub mod process;
pub mod server;
pub mod smtp;
#[cfg(feature = "stores")]
pub mod stores;
