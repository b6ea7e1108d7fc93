//! A courier for tests: mail goes to the built-in viewer.

use amends_app::App;
use amends_courier::channel::{Postmaster, Viewer};
use amends_courier::{Courier, Turn};
use std::sync::Arc;

/// Lets the courier work until nothing is due.
pub async fn deliver(app: &App) {
    let postmaster = Arc::new(Postmaster::new(app.mail().clone(), app.links().await.unwrap(), None));
    let viewer = Arc::new(Viewer::new(app.store().clone(), app.clock(), postmaster));
    let settings = app.mail().clone();
    let courier = Courier::new(app.store().clone(), viewer, settings, app.clock(), app.random_source());
    let (_keep, stop) = tokio::sync::watch::channel(false);
    for _ in 0..50 {
        match courier.turn(&stop).await.unwrap() {
            Turn::Idle(at) if at.is_none_or(|at| at > app.now()) => return,
            _ => {}
        }
    }
    panic!("the courier does not come to rest");
}
