//! What Prometheus reads: how delivery does, in its text format. Counters are this process's own, since it was started;
//! gauges are the installation's. Nothing in it tells who subscribes or what was said.

use crate::caller::Caller;
use crate::context::App;
use crate::error::AppError;
use amends_courier::meter::{BOUNDS, OUTCOMES};
use amends_model::broadcast::Reach;
use amends_model::{Action, Channel, Resource};
use amends_store::{Keyset, broadcast, channel, delivery, held, subscriber};

/// Collects lines of the text format 0.0.4.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// Labels are words of ours: nothing in them needs to be escaped.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(l, v)| format!("{l}=\"{v}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0.push_str(&format!("{name}{labels} {value}\n"));
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

impl App {
    /// Everything, as Prometheus reads it.
    pub async fn metrics(&self, caller: &Caller) -> Result<String, AppError> {
        caller.require(Action::Read, Resource::Health)?;
        let mut out = Exposition::default();
        out.family("amends_build_info", "gauge", "Which version this is.");
        out.sample("amends_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.counters(&mut out);
        self.gauges(&mut out).await?;
        Ok(out.0)
    }

    fn counters(&self, out: &mut Exposition) {
        let counted: Vec<_> = Channel::ALL.iter().map(|c| (c.as_str(), self.meter().counted(*c))).collect();
        let name = "amends_delivery_attempts_total";
        out.family(name, "counter", "Messages that were tried, by what came of it.");
        for (channel, counted) in &counted {
            for (outcome, count) in OUTCOMES.iter().zip(counted.outcomes) {
                out.sample(name, &[("channel", channel), ("outcome", outcome.as_str())], count);
            }
        }
        let name = "amends_delivery_seconds";
        out.family(name, "histogram", "From what was said to its being accepted.");
        for (channel, counted) in &counted {
            let all = counted.outcomes[0];
            let bucket = format!("{name}_bucket");
            for (bound, within) in BOUNDS.iter().zip(counted.within) {
                out.sample(&bucket, &[("channel", channel), ("le", &bound.to_string())], within);
            }
            out.sample(&bucket, &[("channel", channel), ("le", "+Inf")], all);
            out.sample(&format!("{name}_sum"), &[("channel", channel)], seconds(counted.milliseconds));
            out.sample(&format!("{name}_count"), &[("channel", channel)], all);
        }
    }

    async fn gauges(&self, out: &mut Exposition) -> Result<(), AppError> {
        let mut tx = self.read().await?;
        let (mut waiting, mut failing, mut subscribed) = (Vec::new(), Vec::new(), Vec::new());
        let confirmed = subscriber::confirmed(&mut tx).await?;
        for c in Channel::ALL {
            waiting.push((c.as_str(), delivery::waiting(&mut tx, *c).await?));
            failing.push((c.as_str(), channel::get(&mut tx, *c).await?.is_some_and(|h| h.failing)));
            subscribed.push((c.as_str(), confirmed.get(c).copied().unwrap_or_default()));
        }
        let name = "amends_deliveries_waiting";
        out.family(
            name,
            "gauge",
            "Messages that wait for their turn, to be tried again, or for a channel to be mended.",
        );
        waiting.iter().for_each(|(c, count)| out.sample(name, &[("channel", c)], count));
        let name = "amends_deliveries_held";
        out.family(name, "gauge", "Messages that wait until their recipients want to hear.");
        out.sample(name, &[], held::count(&mut tx).await?);
        let name = "amends_channel_failing";
        out.family(name, "gauge", "Whether messages are held because a channel does not work.");
        failing.iter().for_each(|(c, is)| out.sample(name, &[("channel", c)], u8::from(*is)));
        let name = "amends_subscribers";
        out.family(name, "gauge", "Subscribers who get messages.");
        subscribed.iter().for_each(|(c, count)| out.sample(name, &[("channel", c)], count));
        let mirrors = self.mirrors();
        if !mirrors.is_empty() {
            let name = "amends_mirror_failing";
            out.family(name, "gauge", "How many of this node's static mirrors are not up to date.");
            out.sample(name, &[], mirrors.iter().filter(|m| !m.current).count());
        }
        let newest = broadcast::list(&mut tx, &Keyset::start(), 10).await?;
        let Some(b) = newest.into_iter().find(|b| b.finished_at.is_some()) else { return Ok(()) };
        let reach = crate::broadcast::known_reach(&mut tx, &b).await?.unwrap_or_default();
        last_broadcast(out, &reach, b.created_at.as_second());
        Ok(())
    }
}

/// The newest broadcast that has finished, to its last subscriber.
fn last_broadcast(out: &mut Exposition, reach: &[Reach], made_at: i64) {
    let name = "amends_last_broadcast_timestamp_seconds";
    out.family(name, "gauge", "When the newest broadcast that has finished was made.");
    out.sample(name, &[], made_at);
    let name = "amends_last_broadcast_deliveries";
    out.family(name, "gauge", "Deliveries of the newest broadcast that has finished, by where they stand.");
    for r in reach {
        let c = &r.counts;
        let each = [("planned", c.total()), ("accepted", c.accepted), ("refused", c.refused + c.bounced)];
        for (state, count) in each {
            out.sample(name, &[("channel", r.channel.as_str()), ("state", state)], count);
        }
    }
    let name = "amends_last_broadcast_seconds";
    out.family(name, "gauge", "Time until half, 99 of 100 and the last of those had it who took the newest broadcast that has finished.");
    for r in reach {
        for (quantile, ms) in [("0.5", r.p50_ms), ("0.99", r.p99_ms), ("1", r.last_ms)] {
            if let Some(ms) = ms {
                out.sample(name, &[("channel", r.channel.as_str()), ("quantile", quantile)], seconds(ms));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use amends_model::DeliveryState;
    use amends_model::broadcast::Tally;

    #[test]
    fn the_last_broadcast_is_told_to_its_last_subscriber() {
        let tally = |state, took, count| Tally { channel: Channel::Email, state, took, count };
        let tallies = [
            tally(DeliveryState::Accepted, Some(1_500), 99),
            tally(DeliveryState::Accepted, Some(40_005), 1),
            tally(DeliveryState::Bounced, None, 2),
        ];
        let mut out = Exposition::default();
        last_broadcast(&mut out, &Reach::of(&tallies), 1_790_000_000);
        for line in [
            "# TYPE amends_last_broadcast_seconds gauge",
            "amends_last_broadcast_timestamp_seconds 1790000000",
            "amends_last_broadcast_deliveries{channel=\"email\",state=\"planned\"} 102",
            "amends_last_broadcast_deliveries{channel=\"email\",state=\"refused\"} 2",
            "amends_last_broadcast_seconds{channel=\"email\",quantile=\"0.99\"} 1.500",
            "amends_last_broadcast_seconds{channel=\"email\",quantile=\"1\"} 40.005",
        ] {
            assert!(out.0.lines().any(|l| l == line), "{line}\n{}", out.0);
        }
    }
}
