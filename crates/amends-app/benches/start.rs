//! How long it takes to fill the demo, and to import a long history. Prints one line each:
//! `NAME seconds VALUE goal VALUE`. Run with `cargo bench -p amends-app --bench start`.

#![allow(clippy::disallowed_methods)]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use amends_app::{App, Caller, Settings, demo};
use amends_store::Store;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        for _ in 0..3 {
            let (app, _folder) = fresh().await?;
            let begun = Instant::now();
            let filled = demo::fill(&app, &mut |_| {}).await?;
            report("demo-fill", begun, 2.5);
            let words: Vec<String> =
                filled.counts.iter().map(|c| format!("{} {}", c.count, c.what)).collect();
            println!("  {}", words.join(", "));
        }
        let root = std::env::var_os("AMENDS_SHARED")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
        let file = root.join("data/github-incidents.jsonl");
        let Ok(bytes) = std::fs::read(&file) else {
            eprintln!("SKIPPED: {} is not there", file.display());
            return Ok(());
        };
        for _ in 0..3 {
            let (app, _folder) = fresh().await?;
            let caller = Caller::system("bench");
            let begun = Instant::now();
            let done = app.import_statuspage(&caller, &bytes).await?;
            report("import-statuspage", begun, 3.0);
            println!(
                "  {} incidents, {} updates",
                done.incidents.total() + done.maintenances.total(),
                done.updates.total()
            );
            let begun = Instant::now();
            app.import_statuspage(&caller, &bytes).await?;
            report("import-statuspage-again", begun, 3.0);
        }
        Ok(())
    })
}

async fn fresh() -> Result<(App, tempfile::TempDir), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = Store::open_folder(folder.path()).await?;
    let settings =
        Settings { public_url: "http://127.0.0.1:8080".into(), data_folder: folder.path().to_owned() };
    let random = Arc::new(|bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has random bytes"));
    Ok((App::new(store, Arc::new(jiff::Timestamp::now), random, settings), folder))
}

fn report(name: &str, begun: Instant, goal: f64) {
    println!("{name} seconds {:.3} goal {goal:.1}", begun.elapsed().as_secs_f64());
}
