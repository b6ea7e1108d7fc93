//! How fast texts are read and judged: a thousand real reports, and one text that is made to be slow. One core.

#![allow(clippy::unwrap_used)]

use amends_lint::{Config, Source, check, read};

fn main() {
    let reports = reports();
    let documents: Vec<&String> = reports.iter().cycle().take(1_000).collect();
    let bytes: usize = documents.iter().map(|text| text.len()).sum();
    println!("{} reports, {} KB as a thousand documents", reports.len(), bytes / 1024);
    let began = seconds();
    let mut findings = 0;
    for text in documents {
        findings += judge(text);
    }
    println!("lint_thousand seconds {:.3} goal 2", seconds() - began);
    println!("{findings} findings");
    let slow = pathological(10 << 20);
    // Where another linter is to be measured on the same text.
    if let Some(path) = std::env::var_os("AMENDS_LINT_SLOW") {
        std::fs::write(path, &slow).unwrap();
    }
    let began = seconds();
    judge(&slow);
    println!("lint_pathological_10mb seconds {:.3} goal 5", seconds() - began);
}

/// What this thread has had of a core, so that a busy machine does not count; elsewhere than on Linux the clock.
fn seconds() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = spent.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(std::time::Instant::now);
    spent.map_or_else(|| began.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

fn judge(text: &str) -> usize {
    let reading = read(Source { path: None, text });
    check(&reading, &Config::default(), None).len()
}

/// The reports beside the project, or else the rules' own samples.
fn reports() -> Vec<String> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("AMENDS_SHARED").map_or_else(|| here.join("../../../shared"), Into::into);
    let corpus = shared.join("corpus");
    let mut folders = vec![if corpus.is_dir() { corpus } else { here.join("samples") }];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    texts
}

/// Deep nesting, ten thousand times, and everything left open, until the text is that long.
fn pathological(length: usize) -> String {
    let mut text = String::from("# Outage\n\n## Timeline (all times are IST)\n\n");
    for minute in 0..10_000 {
        text.push_str(&format!("- {:02}:{:02} the outage begins\n", minute / 60 % 24, minute % 60));
    }
    for depth in 0..2_000 {
        text.push_str(&format!("{}- Why did it fail?\n", "  ".repeat(depth % 100)));
    }
    text.push_str("\n## Root cause\n\n");
    let open = "**[`<div> we should have been more careful after 11:05 Am, 500 users lost 25% (see \"x *_ > ";
    while text.len() < length {
        text.push_str(open);
        if text.len() % 7 == 0 {
            text.push_str("\n\n> > > - | a | 11:05\n");
        }
    }
    text
}
