//! Serves the public site of a sample company on loopback, to look at: `cargo run -p amends-web --example public`.

#[path = "../tests/sample/mod.rs"]
mod sample;

use amends_model::ComponentId;
use amends_model::page::{HistoryItem, PublicRecord};
use amends_web::public::desk::{Ask, Asked, Desk, DeskError, Subscription};
use amends_web::public::source::Reply;
use amends_web::public::{Site, Source, SourceError, router};
use jiff::Timestamp;
use std::io::Write;
use std::sync::Arc;

struct Sample(PublicRecord);

impl Source for Sample {
    fn record(&self) -> Reply<'_, PublicRecord, SourceError> {
        Box::pin(async { Ok(self.0.clone()) })
    }
    fn item(&self, _: String) -> Reply<'_, Option<HistoryItem>, SourceError> {
        Box::pin(async { Ok(None) })
    }
    fn between(&self, _: Timestamp, _: Timestamp) -> Reply<'_, Vec<HistoryItem>, SourceError> {
        Box::pin(async { Ok(vec![]) })
    }
    fn start(&self) -> Reply<'_, Option<Timestamp>, SourceError> {
        Box::pin(async { Ok(self.0.incidents.last().map(|i| i.started_at)) })
    }
}

struct Nobody;

fn ada() -> Subscription {
    Subscription {
        channel: amends_model::Channel::Email,
        secret: None,
        address: "ada@example.com".into(),
        components: vec![],
        preferences: amends_model::Preferences::default(),
        confirmed: true,
        token: "sample".into(),
        created_at: sample::now(),
    }
}

impl Desk for Nobody {
    fn subscribe(&self, ask: Ask) -> Reply<'_, Asked, DeskError> {
        Box::pin(async move {
            match ask.channel {
                amends_web::public::desk::Channel::Email(a) if !a.contains('.') => {
                    Err(DeskError::Wrong("This is not a mail address; write it like ada@example.com.".into()))
                }
                _ => Ok(Asked { id: "s00000000001".into(), created_at: sample::now() }),
            }
        })
    }
    fn confirm(&self, _: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { Ok(ada()) })
    }
    fn look(&self, _: String) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { Ok(ada()) })
    }
    fn choose(&self, _: String, components: Vec<ComponentId>) -> Reply<'_, Subscription, DeskError> {
        Box::pin(async { Ok(Subscription { components, ..ada() }) })
    }
    fn unsubscribe(&self, _: String) -> Reply<'_, (), DeskError> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let record = match arguments.next().as_deref() {
        Some("calm") => sample::calm(),
        Some("down") => sample::down(),
        Some("hostile") => sample::hostile(),
        Some("rtl") => sample::right_to_left(),
        _ => sample::record_in("Europe/Amsterdam"),
    };
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:8099".into());
    let began = std::time::Instant::now();
    let site = Site::open(Arc::new(Sample(record)), Arc::new(sample::now)).await?;
    let took = began.elapsed();
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    writeln!(std::io::stderr(), "rendered in {took:?}; http://{listen}/")?;
    axum::serve(listener, router(site, Arc::new(Nobody))).await?;
    Ok(())
}
