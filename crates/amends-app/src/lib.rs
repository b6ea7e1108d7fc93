//! amends-app

pub mod import;
