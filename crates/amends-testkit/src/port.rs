//! Ports that no other test is given.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

/// Below the range from which Linux takes the ports of outgoing connections (32768 on), so that a server which is stopped
/// for a while finds its port free when it comes back.
const RANGE: std::ops::Range<u16> = 18_000..32_000;

/// The locks that keep the ports of this process; they are released when it ends.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port on 127.0.0.1 that nothing listens on and that no other process using this function gets while this one lives.
///
/// # Panics
/// When no port of the range is free, or the folder for temporary files cannot be written.
#[must_use]
pub fn free() -> u16 {
    let locks = std::env::temp_dir().join("amends-test-ports");
    std::fs::create_dir_all(&locks).unwrap_or_else(|e| panic!("cannot create {}: {e}", locks.display()));
    let width = RANGE.end - RANGE.start;
    let start = (RandomState::new().build_hasher().finish() % u64::from(width)) as u16;
    for step in 0..width {
        let port = RANGE.start + (start + step) % width;
        let Ok(lock) = OpenOptions::new().create(true).append(true).open(locks.join(port.to_string())) else {
            continue; // Another user's lock.
        };
        if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            HELD.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(lock);
            return port;
        }
    }
    panic!("no port between {} and {} is free on 127.0.0.1", RANGE.start, RANGE.end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_can_be_bound() {
        let ports: Vec<u16> = (0..50).map(|_| free()).collect();
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
        for port in ports {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port can be bound");
        }
    }

    #[test]
    fn a_port_in_use_is_not_given() {
        let mut listeners = Vec::new();
        for _ in 0..20 {
            listeners.push(TcpListener::bind((Ipv4Addr::LOCALHOST, free())).expect("binds"));
        }
        let taken: Vec<u16> = listeners.iter().map(|l| l.local_addr().expect("bound").port()).collect();
        for _ in 0..20 {
            assert!(!taken.contains(&free()));
        }
    }
}
