//! Memory of the server when nobody asks it for anything.

use std::path::Path;
use std::time::Duration;

use super::Reading;
use super::page::Demo;

const GOAL: f64 = 60.0;

/// What the demo's server holds after it has answered, and was then left alone.
pub fn measure() -> Result<Vec<Reading>, String> {
    let demo = Demo::start(&super::program()?)?;
    for path in ["/", "/history", "/api/v2/summary.json", "/history.atom", "/subscribe"] {
        demo.get(path)?;
    }
    // Duties run every few seconds; what they need belongs to an idle server.
    let mut readings = Vec::new();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_secs(10));
        let held = resident(demo.id())?;
        println!("idle_memory MiB {held:.1} goal {GOAL}");
        readings.push(Reading::new("idle_memory", "MiB", held, GOAL));
    }
    Ok(readings)
}

/// Resident memory of a process, in MiB.
fn resident(id: u32) -> Result<f64, String> {
    let file = Path::new("/proc").join(id.to_string()).join("status");
    let status = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().map_err(|_| format!("VmRSS:{line}"))?;
    Ok(kib / 1024.0)
}
