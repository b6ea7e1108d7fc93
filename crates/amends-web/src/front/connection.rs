//! One connection, as long as it asks for the hot set alone.

use super::Front;
use super::request::{self, Bytes};
use crate::public::document::Wire;
use bytes::BytesMut;
use std::io::{self, IoSlice};
use std::pin::pin;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// How much is read at once: several heads of a browser.
const READ: usize = 4096;

/// How it ended.
pub enum End {
    /// The other side left, was silent for too long, or the server stops.
    Closed,
    /// A request that is not for the hot set came, and stands at the beginning of what was read.
    Other,
}

/// A connection.
pub struct Connection<'a> {
    front: &'a Front,
    stream: TcpStream,
    read: BytesMut,
    /// The headers that the sender adds, and for which second they were made.
    tail: Vec<u8>,
    second: i64,
}

impl<'a> Connection<'a> {
    pub fn new(front: &'a Front, stream: TcpStream) -> Self {
        Self { front, stream, read: BytesMut::with_capacity(READ), tail: vec![], second: i64::MIN }
    }

    /// The stream, and what was read from it and not answered.
    pub fn into_parts(self) -> (TcpStream, bytes::Bytes) {
        (self.stream, self.read.freeze())
    }

    /// Answers until something else is asked for or it is over.
    pub async fn run(&mut self) -> io::Result<End> {
        let patience = self.front.patience;
        let mut stopped = self.front.stopped.clone();
        let mut stopping = pin!(stopped.wait_for(|stop| *stop));
        let mut stop = false;
        let mut due = Instant::now() + patience.idle;
        // One alarm for the life of the connection: it is set again when it rings, not with every request.
        let mut alarm = pin!(sleep_until(due));
        loop {
            while !self.read.is_empty() {
                match request::read(&self.read, &self.front.site) {
                    Bytes::Hot(length, wire) => {
                        bytes::Buf::advance(&mut self.read, length);
                        self.write(wire).await?;
                        due = Instant::now() + patience.idle;
                    }
                    Bytes::Other => return Ok(End::Other),
                    Bytes::Beginning => {
                        // From its first byte on: what follows does not prolong it.
                        due = due.min(Instant::now() + patience.head);
                        if due < alarm.deadline() {
                            alarm.as_mut().reset(due);
                        }
                        break;
                    }
                }
            }
            if stop && self.read.is_empty() {
                return Ok(End::Closed);
            }
            self.read.reserve(READ);
            tokio::select! {
                biased;
                read = self.stream.read_buf(&mut self.read) => if read? == 0 { return Ok(End::Closed) },
                _ = &mut stopping, if !stop => stop = true,
                () = &mut alarm => {
                    if due <= Instant::now() {
                        return Ok(End::Closed);
                    }
                    alarm.as_mut().reset(due);
                }
            }
        }
    }

    /// Writes an answer, the last one as such.
    async fn write(&mut self, wire: Wire) -> io::Result<()> {
        // Looked up here: with a request there to be read, `run` has not waited and may not know of the stop.
        let stop = *self.front.stopped.borrow();
        let second = self.front.site.clock_now().as_second();
        if second != self.second || stop {
            self.tail = self.front.tail(second, stop);
            self.second = second;
        }
        let mut slices = [wire.status, &wire.head, &self.tail, &wire.body].map(IoSlice::new);
        let mut left = &mut slices[..];
        while !left.is_empty() {
            match self.stream.try_write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let ready = timeout(self.front.patience.write, self.stream.writable()).await;
                    ready.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
