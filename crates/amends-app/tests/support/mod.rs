#![allow(dead_code, reason = "each test file uses its own part")]
//! An application over a fresh store, with a clock that stands still and random bytes that are always the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use amends_app::{App, Settings};
use amends_testkit::stores::Fresh;
use jiff::Timestamp;

pub fn now() -> Timestamp {
    "2026-09-01T12:00:00Z".parse().unwrap()
}

pub fn app(fresh: &Fresh) -> App {
    app_with(fresh, Arc::new(now))
}

/// The same with a clock of the test's own.
pub fn app_with(fresh: &Fresh, clock: amends_app::Clock) -> App {
    let counter = AtomicU64::new(1);
    let random = Arc::new(move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            let n = counter.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_le_bytes();
            chunk.copy_from_slice(&n[..chunk.len()]);
        }
    });
    let settings = Settings {
        public_url: "https://status.marrowby.example".into(),
        data_folder: fresh.folder.path().to_owned(),
    };
    App::new(fresh.store.clone(), clock, random, settings)
}
