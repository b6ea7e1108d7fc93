//! One update on its way to everybody who asked for it.

use crate::id::{BroadcastId, ComponentId, DeliveryId, SubscriberId};
use crate::incident::Impact;
use crate::subscriber::Channel;
use crate::words::words;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// What is on its way.
    pub enum BroadcastKind {
        /// An update of an incident.
        Update = "update",
        /// An update of planned work.
        Maintenance = "maintenance",
        /// The reminder before planned work.
        Reminder = "reminder",
        /// A customers' letter.
        Letter = "letter",
        /// A component's status changed; for programs only.
        Component = "component",
        /// What was held back for somebody, told together.
        Digest = "digest",
        /// The feeds changed; for programs that read them.
        Feed = "feed",
        /// A test that an owner asked for, to one address.
        Test = "test",
        /// "Did you ask for this?" to one address.
        Confirm = "confirm",
        /// To the owner of a corrective action.
        Action = "action",
        /// To the operators.
        Alarm = "alarm",
        /// A copy of a broadcast for the operators' own mailbox, ahead of it.
        Canary = "canary",
        /// A link to sign in.
        SignIn = "sign_in",
        /// An invitation to work with Amends.
        Invitation = "invitation",
    }
}

impl BroadcastKind {
    /// Whether it goes to subscribers, not to one address.
    pub const fn is_for_subscribers(self) -> bool {
        matches!(
            self,
            Self::Update | Self::Maintenance | Self::Reminder | Self::Letter | Self::Component | Self::Feed
        )
    }
}

/// Which subscribers a broadcast is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BroadcastAudience)]
pub struct Audience {
    /// Subscribers of the whole page always; besides them, those who chose one of these components or groups.
    pub components: Vec<ComponentId>,
    /// The worst that was told of the incident so far, which some subscribers choose by; none where that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
}

/// One update on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Broadcast {
    /// Id.
    pub id: BroadcastId,
    /// Counts broadcasts in the order in which they were made.
    pub number: i64,
    /// What it is.
    pub kind: BroadcastKind,
    /// What its mails hang together by: `incident-…`, `maintenance-…`; empty for single mails.
    pub thread: String,
    /// The event or other thing that it tells about.
    pub about: String,
    /// Subject line of its mails.
    pub subject: String,
    /// Which subscribers it is for.
    pub audience: Audience,
    /// When it was made.
    pub created_at: Timestamp,
    /// When everybody it is for was written down; none while that is going on.
    pub planned_at: Option<Timestamp>,
    /// When it was stopped by a person.
    pub cancelled_at: Option<Timestamp>,
    /// When nothing was left to send.
    pub finished_at: Option<Timestamp>,
}

words! {
    /// Why a message waits for its time, though everything works.
    pub enum Hold {
        /// The subscriber's quiet hours.
        Quiet = "quiet",
        /// The subscriber wants a digest.
        Digest = "digest",
        /// The subscriber got as much in an hour as anybody may; the rest comes in one digest.
        Cap = "cap",
    }
}

words! {
    /// Where one message to one recipient stands.
    pub enum DeliveryState {
        /// Waits for its turn (or for the channel to be mended).
        Queued = "queued",
        /// Waits until its recipient wants to hear: quiet hours, a digest, or too much in an hour.
        Held = "held",
        /// On the wire.
        Sending = "sending",
        /// Put off by the other side; will be tried again.
        Deferred = "deferred",
        /// The next server has it. Whether it arrived is said only where that is reported.
        Accepted = "accepted",
        /// The address does not exist; it is suppressed from now on.
        Bounced = "bounced",
        /// The other side will not take this message; the address stays.
        Refused = "refused",
        /// Not sent, because the address is suppressed.
        Suppressed = "suppressed",
        /// Not sent, because the recipient left or the broadcast was stopped.
        Cancelled = "cancelled",
        /// Not sent again, because newer word on the same matter was on its way already.
        Superseded = "superseded",
        /// Told in a digest, together with others.
        Digested = "digested",
    }
}

impl DeliveryState {
    /// Whether nothing more will be tried.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Held | Self::Sending | Self::Deferred)
    }
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Id; part of the Message-ID.
    pub id: DeliveryId,
    /// The broadcast it belongs to.
    pub broadcast_id: BroadcastId,
    /// The subscriber; none for mails to one address.
    pub subscriber_id: Option<SubscriberId>,
    /// How it goes.
    pub channel: Channel,
    /// Where to.
    pub address: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// Why it waits, or waited, for its time; none if it did not.
    pub hold: Option<Hold>,
    /// The other side's last words.
    pub reply: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When a provider or a gateway reported that it has arrived; none as long as nobody did.
    pub delivered_at: Option<Timestamp>,
}

/// How many deliveries of a broadcast stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// Wait for their turn.
    pub queued: u64,
    /// Wait until their recipients want to hear.
    pub held: u64,
    /// On the wire.
    pub sending: u64,
    /// Put off; will be tried again.
    pub deferred: u64,
    /// The next mail server has them.
    pub accepted: u64,
    /// The address does not exist.
    pub bounced: u64,
    /// Not taken.
    pub refused: u64,
    /// Not sent: suppressed address.
    pub suppressed: u64,
    /// Not sent: left, or stopped.
    pub cancelled: u64,
    /// Not sent again: newer word was on its way.
    pub superseded: u64,
    /// Told in a digest.
    pub digested: u64,
}

impl Counts {
    /// The count of one state.
    pub fn of(&mut self, state: DeliveryState) -> &mut u64 {
        match state {
            DeliveryState::Queued => &mut self.queued,
            DeliveryState::Held => &mut self.held,
            DeliveryState::Sending => &mut self.sending,
            DeliveryState::Deferred => &mut self.deferred,
            DeliveryState::Accepted => &mut self.accepted,
            DeliveryState::Bounced => &mut self.bounced,
            DeliveryState::Refused => &mut self.refused,
            DeliveryState::Suppressed => &mut self.suppressed,
            DeliveryState::Cancelled => &mut self.cancelled,
            DeliveryState::Superseded => &mut self.superseded,
            DeliveryState::Digested => &mut self.digested,
        }
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.on_their_way()
            + self.accepted
            + self.bounced
            + self.refused
            + self.suppressed
            + self.cancelled
            + self.superseded
            + self.held
            + self.digested
    }

    /// Those that will still be tried, apart from those that wait for their recipients' own time.
    pub fn on_their_way(&self) -> u64 {
        self.queued + self.sending + self.deferred
    }

    /// "9,412 of 10,000 accepted, 3 bounced, 585 on their way".
    pub fn in_words(&self) -> String {
        let mut out = format!("{} of {} accepted", grouped(self.accepted), grouped(self.total()));
        let parts = [
            (self.bounced, "bounced"),
            (self.refused, "refused"),
            (self.suppressed, "suppressed"),
            (self.cancelled, "not sent"),
            (self.superseded, "overtaken by newer word"),
            (self.digested, "told in a digest"),
            (self.held, "held over"),
            (self.on_their_way(), "on their way"),
        ];
        for (count, words) in parts.into_iter().filter(|(count, _)| *count > 0) {
            out.push_str(&format!(", {} {words}", grouped(count)));
        }
        out
    }
}

/// How many deliveries of a broadcast on one channel stand in one state, and after how long they were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// The channel.
    pub channel: Channel,
    /// The state.
    pub state: DeliveryState,
    /// Milliseconds from what was said to its being accepted; none for those that were not, or waited for their own time.
    pub took: Option<u64>,
    /// How many.
    pub count: u64,
}

/// How far a broadcast got on one channel, and how fast. Who chose to hear later says nothing about speed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reach {
    /// The channel.
    pub channel: Channel,
    /// How many deliveries stand where.
    pub counts: Counts,
    /// Milliseconds until half of those accepted had it.
    pub p50_ms: Option<u64>,
    /// Milliseconds until 99 of 100 of those accepted had it.
    pub p99_ms: Option<u64>,
    /// Milliseconds until the last of those accepted had it.
    pub last_ms: Option<u64>,
}

impl Reach {
    /// For each channel, from what was counted in any order.
    pub fn of(tallies: &[Tally]) -> Vec<Self> {
        let on = |channel: Channel| {
            let mut counts = Counts::default();
            let mut times = Vec::new();
            for t in tallies.iter().filter(|t| t.channel == channel) {
                *counts.of(t.state) += t.count;
                times.extend(t.took.map(|took| (took, t.count)));
            }
            times.sort_unstable();
            let (p50_ms, p99_ms) = (after(&times, 50), after(&times, 99));
            let last_ms = times.last().map(|(took, _)| *took);
            (counts.total() > 0).then_some(Self { channel, counts, p50_ms, p99_ms, last_ms })
        };
        Channel::ALL.iter().filter_map(|channel| on(*channel)).collect()
    }

    /// "9,412 of 10,000 within 41 s"; none if nobody was reached.
    pub fn in_words(all: &[Self]) -> Option<String> {
        let accepted: u64 = all.iter().map(|r| r.counts.accepted).sum();
        let planned: u64 = all.iter().map(|r| r.counts.total()).sum();
        let last = all.iter().filter_map(|r| r.last_ms).max()?;
        Some(format!("{} of {} within {}", grouped(accepted), grouped(planned), length(last)))
    }
}

/// The time after which so many of a hundred were done; `times` in order, each with how many took so long.
fn after(times: &[(u64, u64)], percent: u64) -> Option<u64> {
    let all: u64 = times.iter().map(|(_, count)| count).sum();
    let rank = (all * percent).div_ceil(100).max(1);
    let mut done = 0;
    times.iter().find_map(|(took, count)| {
        done += count;
        (done >= rank).then_some(*took)
    })
}

/// A short length of time in words: `0.4 s`, `41 s`, `3 min`.
pub fn length(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000..120_000 => format!("{} s", ms.div_ceil(1000)),
        _ => crate::local_time::show_duration(jiff::SignedDuration::from_millis(
            i64::try_from(ms).unwrap_or(i64::MAX),
        )),
    }
}

/// `9,412`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How a channel is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelHealth {
    /// Which.
    pub channel: Channel,
    /// Whether messages are held because it does not work.
    pub failing: bool,
    /// Since when it works, or does not.
    pub since: Timestamp,
    /// What is wrong, in words for the operator; empty when nothing is.
    pub reason: String,
    /// The other side's own words, if there were any.
    pub detail: String,
    /// How often it was asked again without success.
    pub probes: u32,
    /// When it is asked again; none while it works.
    pub next_probe_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_is_measured_to_the_last_subscriber() {
        let tally = |channel, state, took, count| Tally { channel, state, took, count };
        use DeliveryState::{Accepted, Held, Refused};
        let tallies = [
            tally(Channel::Email, Accepted, Some(40_900), 1),
            tally(Channel::Email, Accepted, Some(1_200), 9_000),
            tally(Channel::Email, Accepted, Some(9_000), 411),
            tally(Channel::Email, Refused, None, 3),
            tally(Channel::Email, Held, None, 5),
            tally(Channel::Slack, Accepted, Some(300), 2),
            tally(Channel::Slack, Accepted, None, 1),
        ];
        let reach = Reach::of(&tallies);
        assert_eq!(reach.len(), 2, "channels without anybody are left out");
        let mail = &reach[0];
        assert_eq!((mail.counts.accepted, mail.counts.refused, mail.counts.held), (9_412, 3, 5));
        assert_eq!((mail.p50_ms, mail.p99_ms, mail.last_ms), (Some(1_200), Some(9_000), Some(40_900)));
        assert_eq!(reach[1].counts.accepted, 3);
        assert_eq!((reach[1].p50_ms, reach[1].last_ms), (Some(300), Some(300)));
        assert_eq!(Reach::in_words(&reach).as_deref(), Some("9,415 of 9,423 within 41 s"));
        assert_eq!(Reach::in_words(&Reach::of(&[])), None);
        assert_eq!(Reach::of(&[tally(Channel::Email, Accepted, Some(7), 1)])[0].p99_ms, Some(7));
        assert_eq!([length(430), length(61_001), length(185_000)], ["0.4 s", "62 s", "3 min"]);
    }

    #[test]
    fn progress_is_told_with_counts() {
        let counts = Counts { accepted: 9412, bounced: 3, queued: 500, sending: 85, ..Counts::default() };
        assert_eq!(counts.in_words(), "9,412 of 10,000 accepted, 3 bounced, 585 on their way");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
        let mut each = Counts::default();
        for state in DeliveryState::ALL {
            *each.of(*state) += 1;
        }
        assert_eq!(each.total(), DeliveryState::ALL.len() as u64);
    }
}
