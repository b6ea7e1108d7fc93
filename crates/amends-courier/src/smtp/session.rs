//! Parcels over an open connection.

use amends_egress::Door;

use super::offer::Offer;
use super::open::{OpenError, open};
use super::reply::{Reply, Stage};
use super::server::{MailServer, Patience};
use super::stream::{Cut, Stream};
use super::{Outcome, Parcel};

/// Why [`Session::deliver`] came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// There was nothing more to send; the session can be used again.
    Drained,
    /// The connection is gone or the server wants it gone; open another.
    Gone(String),
}

/// An open, greeted, encrypted and authenticated connection.
pub struct Session {
    stream: Stream,
    offer: Offer,
    patience: Patience,
    /// A refused transaction is still open on the server and must be reset before the next.
    stale: bool,
    out: Vec<u8>,
}

/// Makes the last touch on a parcel: header fields that go before the message, each ending in CRLF. In words why it cannot.
pub type Seal<'a, K> = &'a (dyn Fn(&K, &Parcel) -> Result<String, String> + Sync);

/// Makes the seal once the other connections of the task have come as far, and lets them do so too before going on.
async fn make<K>(seal: Option<Seal<'_, K>>, parcel: Option<&(K, Parcel)>) -> Result<String, String> {
    let (Some(seal), Some((key, parcel))) = (seal, parcel) else { return Ok(String::new()) };
    tokio::task::yield_now().await;
    let made = seal(key, parcel);
    tokio::task::yield_now().await;
    made
}

/// The replies to `MAIL`, `RCPT` and `DATA` of one parcel, boiled down.
enum Envelope {
    /// 354: the message may follow.
    Taken,
    /// Refused, and nothing is open on the server (or it is going away).
    Refused(Stage, Reply),
    /// Refused, but `DATA` was taken all the same: an empty message must end it (RFC 2920 §3.1).
    RefusedButOpen(Stage, Reply),
}

impl Session {
    /// Connects, greets, encrypts and logs in as configured.
    ///
    /// # Errors
    /// [`OpenError`]: about the channel, never about a recipient.
    pub async fn open(door: &Door, server: &MailServer) -> Result<Self, OpenError> {
        open(door, server).await
    }

    pub(super) fn new(stream: Stream, offer: Offer, patience: Patience) -> Self {
        Self { stream, offer, patience, stale: false, out: Vec::with_capacity(16 * 1024) }
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.stream.is_secure()
    }

    /// Sends what `next` gives until it gives nothing, one after another over this connection. Each parcel's outcome
    /// is told to `done` with the key it came with, exactly once. On return nothing is in flight.
    ///
    /// One parcel is fetched ahead, so that its envelope can leave together with the end of the one before.
    ///
    /// `seal` is the last touch and more work than sending is (a signature). It is made while the server reads the
    /// message before, and connections that share a task do so in step: all send, then all seal. Else each would wake the
    /// server for itself, which would take its processor from those who sign: two switches for each message.
    pub async fn deliver<K: Send + Sync>(
        &mut self,
        mut next: impl FnMut() -> Option<(K, Parcel)> + Send,
        seal: Option<Seal<'_, K>>,
        mut done: impl FnMut(K, Outcome) + Send,
    ) -> End {
        let mut current = self.pick(&mut next, &mut done);
        // Of `current`: whether its envelope is on the wire already, and its seal.
        let (mut ahead, mut made) = (false, make(seal, current.as_ref()).await);
        while let Some((key, parcel)) = current {
            let header = match made {
                Ok(header) => header,
                Err(why) => {
                    // With the connection goes the envelope.
                    done(key, Outcome::Unsealed(why.clone()));
                    return End::Gone(why);
                }
            };
            let envelope = self.envelope(&parcel, ahead).await;
            ahead = false;
            self.out.clear();
            let refused = match envelope {
                Err(cut) => {
                    done(key, Outcome::NotSent(cut.to_string()));
                    return End::Gone(cut.to_string());
                }
                Ok(Envelope::Refused(stage, reply)) => {
                    let leaving = (reply.code == 421).then(|| reply.to_string());
                    done(key, Outcome::Replied(stage, reply));
                    if let Some(why) = leaving {
                        return End::Gone(why);
                    }
                    current = self.pick(&mut next, &mut done);
                    made = make(seal, current.as_ref()).await;
                    continue;
                }
                Ok(Envelope::RefusedButOpen(stage, reply)) => {
                    self.out.extend_from_slice(b".\r\n");
                    Some((stage, reply))
                }
                Ok(Envelope::Taken) => {
                    self.out.extend_from_slice(header.as_bytes());
                    dot_stuffed(&parcel.message, &mut self.out);
                    None
                }
            };
            let following = self.pick(&mut next, &mut done);
            if let Some((_, parcel)) = &following
                && self.offer.pipelining
            {
                self.write_envelope(parcel);
                ahead = true;
            }
            let sent = self.stream.send(&self.out, self.patience.end_of_data).await;
            made = make(seal, following.as_ref()).await;
            let reply = match sent {
                Ok(()) => self.stream.reply(self.patience.end_of_data).await,
                Err(cut) => Err(cut),
            };
            let gone = match &reply {
                Err(cut) => Some(cut.to_string()),
                Ok(reply) => (reply.code == 421).then(|| reply.to_string()),
            };
            done(
                key,
                match (refused, reply) {
                    (Some((stage, reply)), _) => Outcome::Replied(stage, reply),
                    (None, Ok(reply)) => Outcome::Replied(Stage::EndOfData, reply),
                    (None, Err(cut)) => Outcome::Unknown(cut.to_string()),
                },
            );
            if let Some(why) = gone {
                if let Some((key, _)) = following {
                    done(key, Outcome::NotSent(why.clone()));
                }
                return End::Gone(why);
            }
            current = following;
        }
        End::Drained
    }

    /// The next parcel that this server can take at all.
    fn pick<K>(
        &self,
        next: &mut impl FnMut() -> Option<(K, Parcel)>,
        done: &mut impl FnMut(K, Outcome),
    ) -> Option<(K, Parcel)> {
        loop {
            let (key, parcel) = next()?;
            match self.impossible(&parcel) {
                Some(why) => done(key, Outcome::Impossible(why)),
                None => return Some((key, parcel)),
            }
        }
    }

    fn impossible(&self, parcel: &Parcel) -> Option<String> {
        let clean =
            |address: &str| !address.chars().any(|c| c.is_control() || c.is_whitespace() || "<>".contains(c));
        if parcel.to.is_empty() || !clean(&parcel.to) || !clean(&parcel.from) {
            return Some("the address holds a character that no mail address has".into());
        }
        let ascii = parcel.to.is_ascii() && parcel.from.is_ascii();
        if !ascii && !self.offer.utf8 {
            return Some(
                "the mail server does not take addresses with letters beyond ASCII (SMTPUTF8)".into(),
            );
        }
        if self.offer.size > 0 && parcel.size > self.offer.size {
            return Some(format!(
                "the message has {} bytes; the mail server takes at most {}",
                parcel.size, self.offer.size
            ));
        }
        None
    }

    fn write_mail(&mut self, parcel: &Parcel) {
        self.out.extend_from_slice(b"MAIL FROM:<");
        self.out.extend_from_slice(parcel.from.as_bytes());
        self.out.push(b'>');
        if self.offer.size > 0 {
            self.out.extend_from_slice(format!(" SIZE={}", parcel.size).as_bytes());
        }
        if !(parcel.to.is_ascii() && parcel.from.is_ascii()) {
            self.out.extend_from_slice(b" SMTPUTF8 BODY=8BITMIME");
        }
        if self.offer.dsn {
            self.out.extend_from_slice(b" RET=HDRS");
            if !parcel.id.is_empty() {
                self.out.extend_from_slice(b" ENVID=");
                xtext(&parcel.id, &mut self.out);
            }
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn write_rcpt(&mut self, parcel: &Parcel) {
        self.out.extend_from_slice(b"RCPT TO:<");
        self.out.extend_from_slice(parcel.to.as_bytes());
        self.out.push(b'>');
        if self.offer.dsn {
            self.out.extend_from_slice(b" NOTIFY=FAILURE,DELAY");
            if parcel.to.is_ascii() {
                self.out.extend_from_slice(b" ORCPT=rfc822;");
                xtext(&parcel.to, &mut self.out);
            }
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn write_envelope(&mut self, parcel: &Parcel) {
        if self.stale {
            self.out.extend_from_slice(b"RSET\r\n");
        }
        self.write_mail(parcel);
        self.write_rcpt(parcel);
        self.out.extend_from_slice(b"DATA\r\n");
    }

    async fn envelope(&mut self, parcel: &Parcel, ahead: bool) -> Result<Envelope, Cut> {
        if self.offer.pipelining {
            if !ahead {
                self.out.clear();
                self.write_envelope(parcel);
                self.stream.send(&self.out, self.patience.reply).await?;
            }
            self.envelope_in_one().await
        } else {
            self.envelope_step_by_step(parcel).await
        }
    }

    /// Reads the replies to a whole group. All of them must be read, whatever the first one says.
    async fn envelope_in_one(&mut self) -> Result<Envelope, Cut> {
        let mut refused: Option<(Stage, Reply)> = None;
        let mut sender_taken = false;
        let first = if self.stale { 0 } else { 1 };
        for stage in &[Stage::Reset, Stage::Sender, Stage::Recipient, Stage::Data][first..] {
            let reply = self.stream.reply(self.patience.reply).await?;
            if reply.code == 421 {
                return Ok(refused.map_or(Envelope::Refused(*stage, reply), |(s, r)| Envelope::Refused(s, r)));
            }
            match stage {
                Stage::Reset => self.stale = false,
                Stage::Sender => sender_taken = reply.is_positive(),
                Stage::Data if reply.code == 354 => {
                    return Ok(match refused {
                        None => Envelope::Taken,
                        Some((stage, reply)) => Envelope::RefusedButOpen(stage, reply),
                    });
                }
                _ => {}
            }
            let unexpected = *stage == Stage::Data || !reply.is_positive();
            if *stage != Stage::Reset && unexpected && refused.is_none() {
                refused = Some((*stage, reply));
            }
        }
        self.stale = sender_taken;
        match refused {
            Some((stage, reply)) => Ok(Envelope::Refused(stage, reply)),
            // The loop ends without a refusal only if DATA was not among the stages.
            None => Err(Cut::Nonsense("it answered DATA with nothing that we know")),
        }
    }

    async fn envelope_step_by_step(&mut self, parcel: &Parcel) -> Result<Envelope, Cut> {
        for stage in [Stage::Reset, Stage::Sender, Stage::Recipient, Stage::Data] {
            self.out.clear();
            match stage {
                Stage::Reset if !self.stale => continue,
                Stage::Reset => self.out.extend_from_slice(b"RSET\r\n"),
                Stage::Sender => self.write_mail(parcel),
                Stage::Recipient => self.write_rcpt(parcel),
                _ => self.out.extend_from_slice(b"DATA\r\n"),
            }
            self.stream.send(&self.out, self.patience.reply).await?;
            let reply = self.stream.reply(self.patience.reply).await?;
            match stage {
                Stage::Reset => self.stale = false,
                Stage::Data if reply.code == 354 => {
                    self.stale = false;
                    return Ok(Envelope::Taken);
                }
                Stage::Sender | Stage::Recipient if reply.is_positive() => self.stale = true,
                _ => return Ok(Envelope::Refused(stage, reply)),
            }
        }
        Err(Cut::Nonsense("it answered DATA with nothing that we know"))
    }

    /// Says goodbye. Nobody waits for the answer.
    pub async fn close(mut self) {
        let _ = self.stream.send(b"QUIT\r\n", self.patience.reply).await;
    }
}

/// Copies a message and ends it: a line that begins with a dot gets a second one (RFC 5321 §4.5.2).
fn dot_stuffed(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + 64);
    if message.starts_with(b".") {
        out.push(b'.');
    }
    let mut from = 0;
    for at in memchr::memmem::find_iter(message, b"\n.") {
        out.extend_from_slice(&message[from..=at]);
        out.push(b'.');
        from = at + 1;
    }
    out.extend_from_slice(&message[from..]);
    if !message.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

/// RFC 3461's way to write any ASCII text as one word.
fn xtext(text: &str, out: &mut Vec<u8>) {
    for b in text.bytes() {
        if (b'!'..=b'~').contains(&b) && b != b'+' && b != b'=' {
            out.push(b);
        } else {
            out.extend_from_slice(format!("+{b:02X}").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_the_end_is_one_dot() {
        let stuffed = |message: &str| {
            let mut out = Vec::new();
            dot_stuffed(message.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(stuffed("a\r\n.\r\n..b\r\nc.\r\n"), "a\r\n..\r\n...b\r\nc.\r\n.\r\n");
        assert_eq!(stuffed("no end"), "no end\r\n.\r\n");
    }

    #[test]
    fn xtext_has_no_character_that_ends_a_word() {
        let mut out = Vec::new();
        xtext("a+b=c d@e", &mut out);
        assert_eq!(out, b"a+2Bb+3Dc+20d@e");
    }
}
