//! Webhooks to 1,000 hosts, beside `wrk`: signed, guarded and recorded, from publishing to the last durable outcome.
//!
//! The sink is nginx on 1,000 loopback addresses, which reads each body and answers 204. `wrk` posts one fixed, unsigned body of
//! the same size to one of them with as many connections as it likes: the most that this sink takes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use amends_courier::channel::{Messenger, Notice, Webhook};
use amends_courier::message::{Content, Stored, Update};
use amends_courier::{Dispatch, Links, MailSettings, plan};
use amends_egress::{AddressPolicy, Allowed, Door, DoorConfig, Http};
use amends_model::broadcast::Audience;
use amends_model::page::Page;
use amends_model::{
    BroadcastId, Channel, Endpoint, Impact, Origin, PageId, Preferences, Subscriber, SubscriberId,
    SubscriberState,
};
use amends_store::{Store, broadcast, endpoint, page, subscriber};
use jiff::Timestamp;

const HOSTS: usize = 1_000;
const RUNS: usize = 5;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn links() -> Links {
    Links::new("https://status.marrowby.example", &[7; 32])
}

fn settings() -> MailSettings {
    MailSettings {
        public_url: "https://status.marrowby.example".into(),
        from_address: Some("status@marrowby.example".into()),
        ..MailSettings::default()
    }
}

fn host(n: usize) -> String {
    let n = n % HOSTS;
    format!("127.1.{}.{}", n / 250, 1 + n % 250)
}

struct Sink {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Sink {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = amends_testkit::port::free();
        let d = folder.path().display();
        let listen: String = (0..HOSTS).map(|n| format!("listen {}:{port};", host(n))).collect();
        let conf = format!(
            "daemon off; worker_processes 1; pid {d}/pid; error_log {d}/e.log crit; worker_rlimit_nofile 65536;
             events {{ worker_connections 16384; multi_accept on; }}
             http {{ access_log off; keepalive_timeout 65s; keepalive_requests 100000000; client_body_buffer_size 64k;
             server_tokens off; client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f;
             uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
             server {{ listen 127.0.0.1:{port} backlog=4096; {listen} location / {{ return 204; }} }} }}"
        );
        std::fs::write(folder.path().join("nginx.conf"), conf).unwrap();
        let child = Command::new("nginx")
            .args(["-c", &format!("{d}/nginx.conf"), "-p", &d.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        let listening = format!("0100007F:{port:04X} 00000000:0000 0A");
        let ready = amends_testkit::process::poll(Duration::from_secs(10), || {
            std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening).then_some(())
        });
        ready.expect("the sink listens");
        Self { child, port, folder }
    }

    /// What wrk reaches with a body of this size: requests a second.
    fn reference(&self, size: usize) -> f64 {
        let script = self.folder.path().join("post.lua");
        let lua = format!(
            "wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", {size})\nwrk.headers[\"Content-Type\"] = \"application/json\"\n"
        );
        std::fs::write(&script, lua).unwrap();
        let output = Command::new("wrk")
            .args(["-t1", "-c64", "-d3s", "-s"])
            .arg(script.as_os_str())
            .arg(format!("http://127.0.0.1:{}/hook/0", self.port))
            .output()
            .expect("wrk is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line =
            text.lines().find(|l| l.trim_start().starts_with("Requests/sec:")).expect("a rate").to_owned();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn content(number: u8) -> Content {
    Content::Update(Update {
        incident_id: format!("in{number:010}"),
        update_id: format!("up{number:010}"),
        title: "Daily team emails not sent out".into(),
        url: "https://status.marrowby.example/incidents/in0000000001".into(),
        phase: "Investigating".into(),
        impact: Impact::Major,
        resolved: false,
        text: "Nobody got the daily mail at 15:00. We are looking into it.".into(),
        components: vec![],
        at: now(),
        next_update_at: None,
    })
}

fn the_page() -> Page {
    Page {
        id: PageId::from_random([1; 12]),
        name: "Marrowby".into(),
        url: "https://status.marrowby.example".into(),
        time_zone: "Etc/UTC".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: now(),
        updated_at: now(),
        version: 1,
    }
}

async fn company(folder: &Path, port: u16, messages: usize) -> Store {
    let store = Store::open_folder(folder).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    page::insert(&mut tx, &the_page()).await.unwrap();
    tx.commit().await.unwrap();
    let numbers: Vec<usize> = (0..messages).collect();
    for chunk in numbers.chunks(10_000) {
        let some: Vec<Subscriber> = chunk
            .iter()
            .map(|n| {
                let mut id = [0; 12];
                id[..8].copy_from_slice(&(*n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
                Subscriber {
                    id: SubscriberId::from_random(id),
                    channel: Channel::Webhook,
                    address: format!("http://{}:{port}/hook/{n}", host(*n)),
                    state: SubscriberState::Confirmed,
                    components: vec![],
                    preferences: Preferences::default(),
                    origin: Origin::Import,
                    created_at: now(),
                    confirmed_at: Some(now()),
                    ended_at: None,
                    updated_at: now(),
                }
            })
            .collect();
        let endpoints: Vec<_> =
            some.iter().map(|s| Endpoint::new(s.id.clone(), "ada@example.com".into())).collect();
        let mut tx = store.begin().await.unwrap();
        subscriber::insert_many(&mut tx, &some).await.unwrap();
        endpoint::put(&mut tx, &endpoints).await.unwrap();
        tx.commit().await.unwrap();
    }
    store
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn run() {
    // Enough for about as long as `wrk` is measured: with fewer, beginning and end weigh more.
    let messages: usize =
        std::env::var("AMENDS_BENCH_MESSAGES").ok().and_then(|v| v.parse().ok()).unwrap_or(200_000);
    let sink = Sink::start();
    let folder = tempfile::tempdir().unwrap();
    let store = company(folder.path(), sink.port, messages).await;
    let allow = vec![Allowed::parse(&format!("* 127.1.0.0/16 {}", sink.port)).unwrap()];
    let policy = AddressPolicy { allow, ..AddressPolicy::default() };
    let door = Door::new(DoorConfig { policy, ..DoorConfig::default() }).unwrap();
    let messenger = Arc::new(Webhook::new(Http::new(door, Duration::from_secs(20)), links()));
    let notice = Notice::new(Stored::from(content(1)), now(), Arc::new(the_page()), &settings());
    let size = messenger.body(&notice).len() + 80;
    let numbers = Arc::new(AtomicU64::new(1));
    let dispatch = Arc::new(Dispatch::new(
        store.clone(),
        messenger,
        links(),
        settings(),
        Arc::new(now),
        Arc::new(move |bytes: &mut [u8]| {
            let number = numbers.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            for (n, byte) in bytes.iter_mut().enumerate() {
                *byte = number.to_le_bytes()[n % 8] ^ n as u8;
            }
        }),
    ));
    let (mut theirs, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..=RUNS {
        let reference = sink.reference(size);
        let began = Instant::now();
        let id = BroadcastId::from_random([10 + n as u8; 12]);
        let mut tx = store.begin().await.unwrap();
        plan::enqueue(&mut tx, id.clone(), &content(n as u8), "subject", Audience::default(), now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        dispatch.clone().work_off().await;
        let rate = messages as f64 / began.elapsed().as_secs_f64();
        let counts = broadcast::counts(&mut store.read().await.unwrap(), &id).await.unwrap();
        assert_eq!(counts.accepted, messages as u64, "{counts:?}");
        // The first pair warms up and opens the connections.
        if n > 0 {
            theirs.push(reference);
            ours.push(rate);
            ratios.push(rate / reference);
        }
    }
    println!("wrk, 64 connections to one host, {size} bytes: {theirs:.0?} posts/s");
    println!("publish to the last durable outcome, {HOSTS} hosts: {ours:.0?} deliveries/s");
    println!("webhook_fanout ratio {:.2} goal 0.40", median(ratios));
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}
