//! Lists: `limit` and an opaque cursor, newest first.

use crate::error::AppError;
use amends_store::Keyset;
use jiff::Timestamp;
use serde::Serialize;

/// At most this many at once.
pub const MAX_LIMIT: usize = 200;
/// As many when nothing is said.
pub const DEFAULT_LIMIT: usize = 50;

/// One page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<T> {
    /// The things.
    pub items: Vec<T>,
    /// Where the list goes on; none at the end.
    pub next_cursor: Option<String>,
}

/// What part of a list is asked for.
#[derive(Debug, Clone, Default)]
pub struct Paging {
    /// How many; 1 to 200.
    pub limit: Option<usize>,
    /// From an earlier answer.
    pub cursor: Option<String>,
}

impl Paging {
    /// The limit, checked.
    pub fn limit(&self) -> Result<usize, AppError> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
            Some(_) => Err(AppError::field("limit", format!("must be from 1 to {MAX_LIMIT}"))),
        }
    }

    /// The keyset that the cursor stands for.
    pub fn keyset(&self) -> Result<Keyset, AppError> {
        let Some(cursor) = &self.cursor else { return Ok(Keyset::start()) };
        let wrong = || AppError::field("cursor", "is not a cursor; take ‘next_cursor’ of the answer before");
        let (at, id) = cursor.split_once('-').ok_or_else(wrong)?;
        let at = i64::from_str_radix(at, 16)
            .ok()
            .and_then(|at| Timestamp::from_microsecond(at).ok())
            .ok_or_else(wrong)?;
        let id_ok = id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if id_ok { Ok(Keyset { at, id: id.to_owned() }) } else { Err(wrong()) }
    }
}

impl<T> Listed<T> {
    /// Makes a page of what a query for `limit + 1` rows found; `key` says where an item stands in the list.
    pub fn from_one_more(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> (Timestamp, String)) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (at, id) = key(last);
            format!("{:x}-{id}", at.as_microsecond())
        });
        Listed { items, next_cursor }
    }

    /// The same page of other things.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}
