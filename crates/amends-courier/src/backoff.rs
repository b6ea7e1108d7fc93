//! When to try again. Pure: the caller brings the clock and the jitter.

use jiff::{SignedDuration, Timestamp};

/// Waits after the first, second, … attempt, in seconds. The sum is a little over a day, after which news about an
/// incident is no longer news.
const WAITS: [i64; 14] = [20, 60, 120, 300, 600, 900, 1800, 3600, 3600, 7200, 14400, 14400, 21600, 21600];

/// Refusals that do not say whom they are about are tried this often, then given up (without suppressing anybody).
/// By then others were accepted: otherwise the channel would be held, and attempts would not be counted.
const DOUBTFUL_ATTEMPTS: u32 = 4;

/// When a delivery that was asked to come back is tried again after `attempts` attempts; `None` when it is given up.
/// `jitter` (any value) spreads deliveries that failed together over a tenth of the wait.
pub fn retry_at(now: Timestamp, attempts: u32, jitter: u32) -> Option<Timestamp> {
    let seconds = *WAITS.get(attempts.saturating_sub(1) as usize)?;
    let spread = i64::from(jitter % 1000) * seconds / 10_000;
    now.checked_add(SignedDuration::from_secs(seconds + spread)).ok()
}

/// As [`retry_at`], for refusals of which nobody knows whom they are about.
pub fn retry_doubtful_at(now: Timestamp, attempts: u32, jitter: u32) -> Option<Timestamp> {
    if attempts >= DOUBTFUL_ATTEMPTS { None } else { retry_at(now, attempts + 1, jitter) }
}

/// When a channel that failed is asked again after `probes` failed probes: soon at first, because mending a setting
/// takes seconds, then every two minutes, because people wait for it.
pub fn probe_at(now: Timestamp, probes: u32) -> Timestamp {
    const PROBES: [i64; 5] = [5, 15, 30, 60, 120];
    let seconds = PROBES[(probes as usize).min(PROBES.len() - 1)];
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_after_about_a_day() {
        let now = Timestamp::UNIX_EPOCH;
        let mut total = 0;
        let mut last = 0;
        let mut attempts = 1;
        while let Some(at) = retry_at(now, attempts, 0) {
            assert!(at.as_second() >= last, "waits do not shrink");
            last = at.as_second();
            total += last;
            attempts += 1;
        }
        assert!((86_400..2 * 86_400).contains(&total), "{total}");
    }

    #[test]
    fn jitter_adds_at_most_a_tenth() {
        let now = Timestamp::UNIX_EPOCH;
        let plain = retry_at(now, 8, 0).unwrap().as_second();
        for jitter in [1, 500, 999, u32::MAX] {
            let with = retry_at(now, 8, jitter).unwrap().as_second();
            assert!((plain..=plain + plain / 10).contains(&with), "{with}");
        }
    }

    #[test]
    fn a_mended_channel_is_noticed_within_two_minutes() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(probe_at(now, 0).as_second(), 5);
        assert_eq!(probe_at(now, 1_000_000).as_second(), 120);
    }
}
