//! All SQL of Amends, for both engines: SQLite in a data folder and PostgreSQL.
//!
//! Every module holds the statements of one kind of row, as functions over a transaction ([`Tx`]); callers decide what
//! belongs together and commit. One SQL text serves both engines; the few differences are in [`dialect`].

pub mod action;
pub mod audit;
pub mod broadcast;
pub mod channel;
pub mod component;
pub mod delivery;
pub mod dialect;
pub mod endpoint;
mod engine;
mod error;
pub mod event;
pub mod feed;
pub mod held;
pub mod idempotency;
pub mod incident;
pub mod lease;
pub mod mailbox;
pub mod maintenance;
mod migrate;
pub mod page;
pub mod person;
pub mod postmortem;
pub mod session;
pub mod setting;
pub mod sms;
pub mod subscriber;
pub mod suppression;
pub mod token;

pub use engine::{EngineKind, FromValue, Row, Store, Tx, Value};
pub use error::StoreError;

use jiff::Timestamp;

/// What every function of this crate answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Where a list goes on: after the row with this time and id, in the list's order (newest first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyset {
    /// The row's time.
    pub at: Timestamp,
    /// The row's id.
    pub id: String,
}

impl Keyset {
    /// A keyset before the first row of a newest-first list.
    pub fn start() -> Self {
        Keyset { at: Timestamp::MAX, id: "~".into() }
    }
}

/// The sizes in which many values are asked for: few, so that there are few statements to prepare and plan.
const PORTIONS: [usize; 4] = [1, 10, 50, 200];

/// Values for `IN (…)` in portions: `$1, $2, …` and as many values. The last portion is filled up with its last value.
pub(crate) fn portions<V>(values: impl IntoIterator<Item = V>) -> Vec<(String, Vec<Value>)>
where
    Value: From<V>,
{
    let all: Vec<Value> = values.into_iter().map(Value::from).collect();
    let most = PORTIONS[PORTIONS.len() - 1];
    all.chunks(most)
        .map(|some| {
            let size = PORTIONS.into_iter().find(|size| *size >= some.len()).unwrap_or(most);
            let last = some.last().cloned();
            let filled = some.iter().cloned().chain(last.into_iter().cycle()).take(size).collect();
            (placeholders(1, size), filled)
        })
        .collect()
}

/// `$from, $from+1, …` for `count` values, for `IN (…)`.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_have_few_sizes_and_hold_every_value() {
        for count in [0, 1, 2, 10, 11, 50, 51, 200, 201, 450] {
            let ids: Vec<String> = (0..count).map(|n| format!("id{n}")).collect();
            let portions = portions(&ids);
            let mut seen: Vec<String> = Vec::new();
            for (places, values) in &portions {
                assert!(PORTIONS.contains(&values.len()), "{count}: {}", values.len());
                assert_eq!(places.split(", ").count(), values.len());
                for value in values {
                    let Value::Text(text) = value else { panic!("{value:?}") };
                    if !seen.contains(text) {
                        seen.push(text.clone());
                    }
                }
            }
            assert_eq!(seen, ids, "{count}");
        }
    }
}
