//! What an answer means for the delivery, the subscriber and the channel.
//!
//! Two mistakes would be worse than any delay: to strike a subscriber off because our own mail server has a bad day,
//! and to lose a message because it was refused for a reason that somebody can mend. So an address is suppressed
//! only by a code that is about that address, and every other permanent refusal is first held against the channel.

use crate::smtp::{Enhanced, Outcome, Reply, Stage};

/// What one outcome means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The next hop has it. Not: it arrived.
    Accepted,
    /// This recipient cannot get it now.
    TryLater,
    /// The address does not exist. Suppress it.
    HardBounce,
    /// This message will not reach this recipient, and trying again will not change it: mailbox full, message too
    /// large. The address stays.
    Refused,
    /// A permanent refusal that does not say whom it is about. It counts against the channel first.
    Doubtful,
    /// The server does not want mail from us: unsigned, blocked, not authorised. Stop, and tell people.
    SenderRejected,
    /// The channel does not work. Stop, and tell people.
    ChannelFailure,
    /// It may have been accepted. Send it again with the same Message-ID.
    Unknown,
    /// It was not handed over; whatever happened was not about it.
    NotSent,
}

/// Judges what happened on the wire.
pub fn judge(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Replied(stage, reply) => judge_reply(*stage, reply),
        Outcome::Unknown(_) => Verdict::Unknown,
        Outcome::NotSent(_) => Verdict::NotSent,
        Outcome::Impossible(_) => Verdict::Refused,
        Outcome::Unsealed(_) => Verdict::ChannelFailure,
    }
}

/// Judges a reply by its stage, code and enhanced code.
pub fn judge_reply(stage: Stage, reply: &Reply) -> Verdict {
    let before_anybody = match stage {
        Stage::Greeting | Stage::Hello | Stage::StartTls | Stage::Login | Stage::Reset => true,
        Stage::Sender | Stage::Recipient | Stage::Data | Stage::EndOfData => false,
    };
    if reply.is_positive() {
        // A positive answer to anything but the end of the message promises nothing.
        return if stage == Stage::EndOfData { Verdict::Accepted } else { Verdict::NotSent };
    }
    if reply.code == 421 {
        // The server leaves. A message that was complete may have been taken or not; 421 says not.
        return if before_anybody { Verdict::ChannelFailure } else { Verdict::NotSent };
    }
    if before_anybody {
        return Verdict::ChannelFailure;
    }
    if reply.is_transient() {
        // 454 4.7.0 and its like: the login or the encryption, not the recipient.
        return if reply.code == 454 || stage == Stage::Sender {
            Verdict::ChannelFailure
        } else {
            Verdict::TryLater
        };
    }
    if matches!(reply.code, 530 | 534 | 535 | 538) {
        return Verdict::ChannelFailure;
    }
    permanent(stage, reply)
}

fn permanent(stage: Stage, reply: &Reply) -> Verdict {
    let about_recipient = matches!(stage, Stage::Recipient | Stage::EndOfData);
    let Some(Enhanced { subject, detail, .. }) = reply.enhanced else {
        return if stage == Stage::Sender { Verdict::SenderRejected } else { Verdict::Doubtful };
    };
    match (subject, detail) {
        (1, 1 | 2 | 3 | 6 | 10) if about_recipient => Verdict::HardBounce,
        // The sender's own mailbox or system is bad.
        (1, 7 | 8) => Verdict::SenderRejected,
        (7, _) => Verdict::SenderRejected,
        // Message too large; no SMTPUTF8: about this message at whatever stage.
        (3, 4) | (6, 7) => Verdict::Refused,
        _ if stage == Stage::Sender => Verdict::SenderRejected,
        // The mailbox: full, disabled, too small. Its owner may come back.
        (2, _) if about_recipient => Verdict::Refused,
        _ => Verdict::Doubtful,
    }
}

impl Verdict {
    /// Whether nothing more will be tried for this delivery.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Accepted | Self::HardBounce | Self::Refused)
    }

    /// For a person who asks why somebody did not get it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted by the mail server",
            Self::TryLater => "the receiving side asked us to try later",
            Self::HardBounce => "the address does not exist",
            Self::Refused => "the receiving side cannot take this message",
            Self::Doubtful => "refused without saying whom it is about",
            Self::SenderRejected => "the mail server does not accept mail from us",
            Self::ChannelFailure => "the mail server does not work for us now",
            Self::Unknown => "the connection broke before the mail server confirmed it",
            Self::NotSent => "not handed over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::{Parsed, parse};
    use Stage::*;
    use Verdict::*;

    fn verdict(stage: Stage, said: &str) -> Verdict {
        let Parsed::Reply(reply, _) = parse(format!("{said}\r\n").as_bytes()) else { panic!("{said}") };
        judge(&Outcome::Replied(stage, reply))
    }

    #[test]
    fn every_row_of_the_reply_table() {
        let table = [
            // Accepted.
            (EndOfData, "250 2.0.0 Ok: queued as 4XyZ", Accepted),
            (EndOfData, "250 OK", Accepted),
            // 421 and 4yz.
            (Recipient, "421 4.3.2 shutting down", NotSent),
            (EndOfData, "421 4.3.2 shutting down", NotSent),
            (Greeting, "421 4.7.0 too many connections", ChannelFailure),
            (Recipient, "450 4.2.0 greylisted", TryLater),
            (Recipient, "451 4.3.0 try again", TryLater),
            (Recipient, "452 4.2.2 mailbox full", TryLater),
            (EndOfData, "452 4.3.1 no space", TryLater),
            (Data, "451 4.3.0 busy", TryLater),
            (Sender, "452 4.3.1 out of disk", ChannelFailure),
            (Recipient, "454 4.7.0 TLS not available", ChannelFailure),
            // Hard bounces.
            (Recipient, "550 5.1.1 no such user", HardBounce),
            (Recipient, "550 5.1.2 no such host", HardBounce),
            (Recipient, "553 5.1.3 bad address", HardBounce),
            (Recipient, "550 5.1.6 moved", HardBounce),
            (Recipient, "556 5.1.10 null MX", HardBounce),
            (EndOfData, "550 5.1.1 no such user", HardBounce),
            // Soft, too large, no SMTPUTF8.
            (Recipient, "552 5.2.2 mailbox full", Refused),
            (Recipient, "550 5.2.1 mailbox disabled", Refused),
            (EndOfData, "554 5.3.4 too large", Refused),
            (Sender, "552 5.3.4 too large", Refused),
            (Sender, "550 5.6.7 no SMTPUTF8", Refused),
            (Recipient, "553 5.6.7 no SMTPUTF8", Refused),
            // The channel.
            (Sender, "530 5.7.0 authentication required", ChannelFailure),
            (Login, "534 5.7.9 mechanism too weak", ChannelFailure),
            (Login, "535 5.7.8 bad credentials", ChannelFailure),
            (Recipient, "535 5.7.8 bad credentials", ChannelFailure),
            (Sender, "538 5.7.11 encryption required", ChannelFailure),
            (Greeting, "554 no service", ChannelFailure),
            (Hello, "550 5.7.1 go away", ChannelFailure),
            (StartTls, "501 syntax", ChannelFailure),
            // The sender.
            (Recipient, "550 5.7.1 relaying denied", SenderRejected),
            (EndOfData, "550 5.7.26 unauthenticated", SenderRejected),
            (EndOfData, "550 5.7.32 not aligned", SenderRejected),
            (EndOfData, "550 5.7.40 blocked", SenderRejected),
            (Recipient, "550 5.7.509 DMARC", SenderRejected),
            (Recipient, "550 5.7.515 not compliant", SenderRejected),
            (Sender, "550 no mail from you", SenderRejected),
            (Sender, "553 5.1.8 bad sender domain", SenderRejected),
            (Sender, "550 5.1.1 whoever this is", SenderRejected),
            // Unlisted: never against a subscriber.
            (EndOfData, "550 rejected: unsigned", Doubtful),
            (Recipient, "550 no", Doubtful),
            (Recipient, "550 5.0.0 no", Doubtful),
            (Recipient, "550 5.4.1 access denied", Doubtful),
            (EndOfData, "554 5.6.0 content", Doubtful),
            (Recipient, "503 5.5.1 bad sequence", Doubtful),
            (Recipient, "550 4.1.1 the classes disagree", Doubtful),
            (Data, "554 5.5.1 no valid recipients", Doubtful),
        ];
        for (stage, said, expected) in table {
            assert_eq!(verdict(stage, said), expected, "{stage:?} {said}");
        }
    }

    /// Over every code, every enhanced code and every stage: only the five codes about an address may suppress it.
    #[test]
    fn nothing_else_suppresses_anybody() {
        let stages = [Greeting, Hello, StartTls, Login, Reset, Sender, Recipient, Data, EndOfData];
        for stage in stages {
            for code in 200..600u16 {
                for subject in 0..=8u16 {
                    for detail in 0..=20u16 {
                        let class = (code / 100) as u8;
                        let enhanced = Some(Enhanced { class, subject, detail });
                        let found = judge_reply(stage, &Reply { code, enhanced, text: String::new() });
                        let about_address = subject == 1 && [1, 2, 3, 6, 10].contains(&detail);
                        if found == HardBounce {
                            assert!(about_address && code >= 500 && matches!(stage, Recipient | EndOfData));
                        }
                        if found == Accepted {
                            assert!(code < 400 && stage == EndOfData);
                        }
                    }
                }
                let bare = judge_reply(stage, &Reply { code, enhanced: None, text: String::new() });
                assert!(!matches!(bare, HardBounce | Refused), "{stage:?} {code}");
            }
        }
    }
}
