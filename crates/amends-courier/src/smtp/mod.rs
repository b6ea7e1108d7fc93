//! A mail client (RFC 5321) that keeps its connection and talks in groups.
//!
//! One message goes to one recipient, so that every reply is about exactly one delivery. With PIPELINING (RFC 2920)
//! the end of one message and the envelope of the next leave in one write: one round trip a message. What the server
//! said comes back as an [`Outcome`]; what it means is judged elsewhere ([`crate::judge`]).

mod offer;
mod open;
mod reply;
mod server;
mod session;
mod stream;

pub use open::OpenError;
pub use reply::{Enhanced, Parsed, Reply, Stage, parse};
pub use server::{Encryption, Login, MailServer, Patience, Secret};
pub use session::{End, Seal, Session};

/// One message to one recipient, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Envelope sender (`MAIL FROM`), without brackets; empty for the null sender.
    pub from: String,
    /// Envelope recipient (`RCPT TO`), without brackets.
    pub to: String,
    /// Envelope id (`ENVID`), which comes back in delivery status notifications.
    pub id: String,
    /// The whole message with CRLF line ends, before dot-stuffing.
    pub message: Vec<u8>,
    /// Bytes that the server is told to expect: those of `message`, and of what a seal adds at most.
    pub size: usize,
}

/// What became of one parcel on the wire. Not yet what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server's last word on it: its acceptance, or the first refusal.
    Replied(Stage, Reply),
    /// It was handed over, but the reply never came: it may or may not have been accepted.
    Unknown(String),
    /// It was not handed over. Sending it again cannot make a second copy.
    NotSent(String),
    /// This server cannot take this message, whoever sends it; nothing was sent.
    Impossible(String),
    /// It was not handed over, because its seal could not be put on.
    Unsealed(String),
}
