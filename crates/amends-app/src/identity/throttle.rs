//! How long to wait after failed sign-ins. Pure: counts and times in, seconds out.

use amends_store::session::Failures;
use jiff::{SignedDuration, Timestamp};

/// How patient one limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many failures cost nothing: people mistype.
    pub free: i64,
    /// Then one second, doubled with each further failure, up to this many seconds.
    pub most_seconds: u64,
    /// Failures count for so long.
    pub window: SignedDuration,
}

/// For one account, from anywhere. The wait is short enough that nobody is kept out by a stranger for long, and allows 300 guesses a
/// day.
pub const ACCOUNT: Limit = Limit { free: 5, most_seconds: 300, window: SignedDuration::from_hours(24) };

/// For one address, at any account. An office shares one.
pub const ADDRESS: Limit = Limit { free: 30, most_seconds: 900, window: SignedDuration::from_hours(1) };

/// Seconds until the next try is looked at; none if it is now.
pub fn wait(limit: Limit, failures: Failures, now: Timestamp) -> Option<u64> {
    let over = u32::try_from(failures.count - limit.free).ok()?;
    let delay = 1_u64.checked_shl(over).filter(|_| over < 63).unwrap_or(u64::MAX).min(limit.most_seconds);
    let until = failures.last? + SignedDuration::from_secs(i64::try_from(delay).unwrap_or(i64::MAX));
    let left = until.duration_since(now).as_millis();
    u64::try_from(left.div_euclid(1000) + i128::from(left.rem_euclid(1000) > 0)).ok().filter(|s| *s > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(count: i64, seconds_ago: i64) -> Option<u64> {
        let now = Timestamp::from_second(1_790_000_000).expect("time");
        let last = (count > 0).then(|| now - SignedDuration::from_secs(seconds_ago));
        wait(ACCOUNT, Failures { count, last }, now)
    }

    #[test]
    fn the_wait_doubles_and_ends() {
        assert_eq!([0, 1, 4].map(|n| after(n, 0)), [None; 3]);
        assert_eq!([5, 6, 7, 8, 12].map(|n| after(n, 0)), [Some(1), Some(2), Some(4), Some(8), Some(128)]);
        assert_eq!([14, 70, 5_000_000].map(|n| after(n, 0)), [Some(300); 3]);
        assert_eq!([after(8, 7), after(8, 8), after(8, 9)], [Some(1), None, None]);
        // A clock that was set back does not keep anybody out for longer than the limit, or panic.
        assert_eq!(after(5, -10), Some(11));
    }
}
