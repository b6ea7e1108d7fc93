use crate::error::StoreError;
use amends_model::*;
use compact_str::CompactString;
use jiff::Timestamp;
use std::str::FromStr;

/// A value in the store: what both engines have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Whole number; also truth (0, 1) and instants (microseconds since 1970 UTC).
    Int(i64),
    /// Text, without NUL characters. Ids and words are short enough to need no memory of their own.
    Text(CompactString),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Texts, to look for all at once; never read back.
    List(Vec<CompactString>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Value::Int(value.into())
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Value::Int(value.into())
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Int(value.into())
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.into())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value.into())
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(value.into())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(value.to_vec())
    }
}
impl From<&[String]> for Value {
    fn from(values: &[String]) -> Self {
        Value::List(values.iter().map(CompactString::from).collect())
    }
}
impl From<&[&str]> for Value {
    fn from(values: &[&str]) -> Self {
        Value::List(values.iter().copied().map(CompactString::from).collect())
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Value::Int(value.as_microsecond())
    }
}
impl<T> From<Option<T>> for Value
where
    Value: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Value::from)
    }
}

macro_rules! text_values {
    ($($name:ty),+) => {$(
        impl From<&$name> for Value {
            fn from(value: &$name) -> Self { Value::Text(value.as_str().into()) }
        }
        impl From<&[$name]> for Value {
            fn from(values: &[$name]) -> Self { Value::List(values.iter().map(|v| v.as_str().into()).collect()) }
        }
        impl From<$name> for Value {
            fn from(value: $name) -> Self { Value::Text(value.as_str().into()) }
        }
    )+};
}
text_values!(
    IncidentId,
    MaintenanceId,
    ComponentId,
    EventId,
    SubscriberId,
    BroadcastId,
    DeliveryId,
    PostmortemId,
    ActionId,
    PersonId,
    TokenId,
    SessionId,
    PageId,
    ComponentStatus,
    Severity,
    Impact,
    Phase,
    IncidentState,
    Visibility,
    MaintenanceState,
    Milestone,
    ActorKind,
    Role,
    Action,
    Resource,
    PostmortemState,
    Audience,
    Term,
    ActionState,
    Reminder,
    Channel,
    SubscriberState,
    Origin,
    SuppressionReason,
    BroadcastKind,
    DeliveryState,
    Hold
);

/// Values for one statement that is run many times: a row for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    width: usize,
    values: Vec<Value>,
}

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[Value]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

impl<const WIDTH: usize> FromIterator<[Value; WIDTH]> for Rows {
    fn from_iter<I: IntoIterator<Item = [Value; WIDTH]>>(rows: I) -> Self {
        Self { width: WIDTH, values: rows.into_iter().flatten().collect() }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Value>);

/// What can be read from a [`Value`].
pub trait FromValue: Sized {
    /// Errors name what was found instead.
    fn from_value(value: &Value) -> Result<Self, String>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Int(n) => Ok(*n),
            other => Err(format!("a whole number was expected, found {other:?}")),
        }
    }
}
impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, String> {
        i64::from_value(value).map(|n| n != 0)
    }
}
impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.to_string()),
            other => Err(format!("text was expected, found {other:?}")),
        }
    }
}
impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.clone()),
            other => Err(format!("bytes were expected, found {other:?}")),
        }
    }
}
impl FromValue for Timestamp {
    fn from_value(value: &Value) -> Result<Self, String> {
        Timestamp::from_microsecond(i64::from_value(value)?).map_err(|e| e.to_string())
    }
}
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, String> {
        if *value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

impl Row {
    /// Reads column `index`, counted from 0.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        T::from_value(self.value(index)?).map_err(|e| corrupt(index, &e))
    }

    /// Reads a text column as one of our words or ids.
    pub fn word<T: FromStr<Err = String>>(&self, index: usize) -> Result<T, StoreError> {
        self.text(index)?.parse().map_err(|e: String| corrupt(index, &e))
    }

    /// Reads a text column that may be empty as one of our words or ids.
    pub fn opt_word<T: FromStr<Err = String>>(&self, index: usize) -> Result<Option<T>, StoreError> {
        if *self.value(index)? == Value::Null { Ok(None) } else { self.word(index).map(Some) }
    }

    /// Reads a JSON column.
    pub fn json<T: serde::de::DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.text(index)?).map_err(|e| corrupt(index, &e.to_string()))
    }

    fn value(&self, index: usize) -> Result<&Value, StoreError> {
        self.0.get(index).ok_or_else(|| StoreError::Corrupt(format!("no column {index}")))
    }

    /// A text where it lies: words and JSON are read from it without a copy.
    fn text(&self, index: usize) -> Result<&str, StoreError> {
        match self.value(index)? {
            Value::Text(text) => Ok(text),
            other => Err(corrupt(index, &format!("text was expected, found {other:?}"))),
        }
    }
}

fn corrupt(index: usize, why: &str) -> StoreError {
    StoreError::Corrupt(format!("column {index}: {why}"))
}
