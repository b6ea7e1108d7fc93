//! Postmortems: the internal document and the customers' letter, both written around facts of the record.

pub mod facts;
pub mod file;
pub mod fill;
pub mod template;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod sample;
