//! The conversation: whole replies in, groups of commands out, each within its time.

use std::time::Duration;

use amends_egress::Wire;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::reply::{Parsed, Reply, parse};

/// The connection is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Cut {
    #[error("the server closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broke(String),
    #[error("the server did not answer within {0} s")]
    Late(u64),
    #[error("this is not a mail server that we can talk to: {0}")]
    Nonsense(&'static str),
}

pub(super) struct Stream {
    wire: Wire,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been read already.
    read: usize,
}

impl Stream {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, buffer: Vec::with_capacity(4096), read: 0 }
    }

    /// Gives the wire back for the change to TLS. What the server sent ahead of it would later pass for encrypted,
    /// so it ends the conversation (the "STARTTLS injection" of 2011).
    pub(super) fn into_wire(self) -> Result<Wire, Cut> {
        if self.buffer.len() > self.read {
            return Err(Cut::Nonsense("it sent more than its answer to STARTTLS"));
        }
        Ok(self.wire)
    }

    pub(super) fn is_secure(&self) -> bool {
        self.wire.is_secure()
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.wire.peer().is_some_and(|p| p.ip().to_canonical().is_loopback())
    }

    pub(super) async fn reply(&mut self, within: Duration) -> Result<Reply, Cut> {
        // Often the reply is here already: several come in one packet, and a timer for each would only cost.
        if let Some(reply) = self.take()? {
            return Ok(reply);
        }
        let wait = async {
            loop {
                if self.read > 0 {
                    self.buffer.drain(..self.read);
                    self.read = 0;
                }
                match self.wire.read_buf(&mut self.buffer).await {
                    Ok(0) => return Err(Cut::Closed),
                    Ok(_) => {}
                    Err(e) => return Err(Cut::Broke(e.to_string())),
                }
                if let Some(reply) = self.take()? {
                    return Ok(reply);
                }
            }
        };
        timeout(within, wait).await.map_err(|_| Cut::Late(within.as_secs()))?
    }

    fn take(&mut self) -> Result<Option<Reply>, Cut> {
        match parse(&self.buffer[self.read..]) {
            Parsed::More => Ok(None),
            Parsed::Reply(reply, used) => {
                self.read += used;
                Ok(Some(reply))
            }
            Parsed::Broken(why) => Err(Cut::Nonsense(why)),
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<(), Cut> {
        let write = async {
            self.wire.write_all(bytes).await?;
            self.wire.flush().await
        };
        match timeout(within, write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(Cut::Broke(e.to_string())),
            Err(_) => Err(Cut::Late(within.as_secs())),
        }
    }
}
