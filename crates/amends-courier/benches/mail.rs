//! Mail to very many: from publishing to the last message accepted by Debian's smtp-sink, a durable outcome for each, beside
//! Debian's smtp-source on the same sink. Then the same signed, and the cost of a message as lists grow.
//!
//! Needs `smtp-sink` and `smtp-source` (Debian's postfix package, no mail system is started) and `openssl`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use amends_courier::channel::{Answer, Boxed, Carrier, Email, Line, LineEnd, Postmaster, Task};
use amends_courier::dkim::Signer;
use amends_courier::judge::Verdict;
use amends_courier::message::{Content, Recipient, Update, compose};
use amends_courier::smtp::MailServer;
use amends_courier::{Courier, Links, MailSettings, Turn, plan};
use amends_egress::{Door, DoorConfig};
use amends_model::broadcast::Audience;
use amends_model::page::Page;
use amends_model::{
    BroadcastId, Channel, Impact, Origin, PageId, Preferences, Subscriber, SubscriberId, SubscriberState,
};
use amends_store::{Store, broadcast, page, subscriber};
use jiff::Timestamp;

const CONNECTIONS: usize = 50;
const RUNS: usize = 3;

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

struct Company {
    store: Store,
    settings: MailSettings,
    numbers: Arc<AtomicU64>,
    // Last: the store lies in it.
    _folder: tempfile::TempDir,
}

impl Company {
    async fn new(subscribers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_folder(folder.path()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let page = Page {
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
        };
        page::insert(&mut tx, &page).await.unwrap();
        tx.commit().await.unwrap();
        for chunk in (0..subscribers).collect::<Vec<_>>().chunks(5_000) {
            let some: Vec<_> = chunk.iter().map(|n| a_subscriber(*n)).collect();
            let mut tx = store.begin().await.unwrap();
            subscriber::insert_many(&mut tx, &some).await.unwrap();
            tx.commit().await.unwrap();
        }
        let settings = MailSettings {
            public_url: "https://status.marrowby.example".into(),
            from_address: Some("status@marrowby.example".into()),
            ..MailSettings::default()
        };
        Self { store, settings, numbers: Arc::new(AtomicU64::new(1)), _folder: folder }
    }

    fn postmaster(&self, signer: Option<Signer>) -> Arc<Postmaster> {
        let links = Links::new(&self.settings.public_url, &[7; 32]);
        Arc::new(Postmaster::new(self.settings.clone(), links, signer))
    }

    fn courier(&self, carrier: Arc<dyn Carrier>) -> Courier {
        let numbers = self.numbers.clone();
        Courier::new(
            self.store.clone(),
            carrier,
            self.settings.clone(),
            Arc::new(now),
            Arc::new(move |bytes: &mut [u8]| {
                let number = numbers.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                for (n, byte) in bytes.iter_mut().enumerate() {
                    *byte = number.to_le_bytes()[n % 8] ^ n as u8;
                }
            }),
        )
    }

    async fn publish(&self, number: u8) -> BroadcastId {
        let id = BroadcastId::from_random([number; 12]);
        let mut tx = self.store.begin().await.unwrap();
        plan::enqueue(&mut tx, id.clone(), &content(number), "subject", Audience::default(), now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Works until nothing is left; how long planning took, and all of it.
    async fn work(&self, courier: &Courier, id: &BroadcastId, expected: u64) -> Duration {
        let began = Instant::now();
        let (_keep, stop) = tokio::sync::watch::channel(false);
        while courier.turn(&stop).await.unwrap() == Turn::More {}
        let took = began.elapsed();
        let counts = broadcast::counts(&mut self.store.read().await.unwrap(), id).await.unwrap();
        assert_eq!(counts.accepted, expected, "{counts:?}");
        took
    }
}

fn a_subscriber(n: usize) -> Subscriber {
    let mut id = [0; 12];
    id[..8].copy_from_slice(&(n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    Subscriber {
        id: SubscriberId::from_random(id),
        channel: Channel::Email,
        address: format!("customer{n}@example.net"),
        state: SubscriberState::Confirmed,
        components: vec![],
        preferences: Preferences::default(),
        origin: Origin::Import,
        created_at: now(),
        confirmed_at: Some(now()),
        ended_at: None,
        updated_at: now(),
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

/// A running sink. It is ended by hand: one that counts ends before its last reply has left.
struct Sink {
    child: Child,
    port: u16,
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sink() -> Sink {
    let port = amends_testkit::port::free();
    let mut command = Command::new("smtp-sink");
    if rustix::process::geteuid().is_root() {
        command.args(["-u", "nobody"]);
    }
    command.args(["-m", "2048", &format!("127.0.0.1:{port}"), "4096"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("smtp-sink is installed");
    let listening = format!("0100007F:{port:04X} 00000000:0000 0A");
    let ready = amends_testkit::process::poll(Duration::from_secs(10), || {
        std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening).then_some(())
    });
    ready.expect("the sink listens");
    Sink { child, port }
}

/// What smtp-source reaches: messages a second.
fn reference(messages: usize, size: usize) -> f64 {
    let sink = sink();
    let began = Instant::now();
    let mut source = Command::new("smtp-source")
        .args([
            "-d",
            "-c",
            "-N",
            "-s",
            &CONNECTIONS.to_string(),
            "-l",
            &size.to_string(),
            "-m",
            &messages.to_string(),
        ])
        .args(["-f", "b@example.com", "-t", "user@example.net", &format!("127.0.0.1:{}", sink.port)])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("smtp-source is installed");
    assert!(source.wait().unwrap().success());
    messages as f64 / began.elapsed().as_secs_f64()
}

/// What the courier reaches, planning and durable outcomes included: messages a second, and seconds.
async fn ours(company: &Company, number: u8, messages: usize, signer: Option<Signer>) -> (f64, f64) {
    let sink = sink();
    let mut server =
        MailServer::from_url(&format!("smtp://127.0.0.1:{}", sink.port), "status.marrowby.example").unwrap();
    server.connections = CONNECTIONS;
    let door = Door::new(DoorConfig::default()).unwrap();
    let postmaster = company.postmaster(signer);
    let courier = company.courier(Arc::new(Email::new(door, vec![server], Arc::new(now), postmaster)));
    let began = Instant::now();
    let id = company.publish(number).await;
    company.work(&courier, &id, messages as u64).await;
    let took = began.elapsed().as_secs_f64();
    (messages as f64 / took, took)
}

/// A carrier that takes everything at once: what is left is our own work.
struct Nowhere;

impl Carrier for Nowhere {
    fn channel(&self) -> Channel {
        Channel::Email
    }
    fn lines(&self) -> usize {
        CONNECTIONS
    }
    fn open(&self) -> Boxed<'_, Result<Box<dyn Line>, String>> {
        Box::pin(async { Ok(Box::new(NowhereLine) as Box<dyn Line>) })
    }
}

struct NowhereLine;

impl Line for NowhereLine {
    fn carry<'a>(
        &'a mut self,
        next: &'a mut (dyn FnMut() -> Option<Task> + Send),
        done: &'a mut (dyn FnMut(Task, Answer) + Send),
    ) -> Boxed<'a, LineEnd> {
        Box::pin(async move {
            while let Some(task) = next() {
                done(task, Answer { verdict: Verdict::Accepted, words: "250 2.0.0 Ok".into() });
            }
            LineEnd::Drained
        })
    }
    fn close(self: Box<Self>) -> Boxed<'static, ()> {
        Box::pin(async {})
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn most_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// RSA-2048 signatures a second that the cores make together, says openssl.
fn openssl() -> f64 {
    let cores = std::thread::available_parallelism().unwrap().get().to_string();
    let output = Command::new("openssl")
        .args(["speed", "-seconds", "3", "-multi", &cores, "rsa2048"])
        .output()
        .expect("openssl is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line =
        text.lines().rfind(|l| l.trim_start().starts_with("rsa")).expect("a line of figures").to_owned();
    // "rsa  2048 bits 0.000520s 0.000015s 1923.1 66666.7", in newer versions with two more columns.
    let words: Vec<f64> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    words.into_iter().find(|v| *v > 100.0 && (*v - 2048.0).abs() > 0.5).expect("signatures a second")
}

fn signer() -> Signer {
    let pem = include_str!("../tests/data/dkim_rsa_2048.pem");
    Signer::from_pem("marrowby.example", "amends1", pem).unwrap()
}

/// Microseconds of one message: made, and made and signed.
fn rendering(company: &Company) -> (f64, f64, usize) {
    let page = Page {
        id: PageId::from_random([1; 12]),
        name: "Marrowby".into(),
        url: company.settings.public_url.clone(),
        time_zone: "Etc/UTC".into(),
        description: None,
        support_url: None,
        language: "en".into(),
        created_at: now(),
        updated_at: now(),
        version: 1,
    };
    let draft = compose(&company.settings.letterhead(&page), &content(1));
    let recipient = Recipient {
        address: "customer1@example.net".into(),
        delivery_id: "abcdefgh0123".into(),
        manage_url: "https://status.marrowby.example/m/0123456789abcdef0123456789abcdef".into(),
        unsubscribe_url: "https://status.marrowby.example/u/0123456789abcdef0123456789abcdef".into(),
        token: "0123456789abcdef0123456789abcdef".into(),
    };
    let message = draft.to(&recipient, now());
    let began = Instant::now();
    for _ in 0..10_000 {
        std::hint::black_box(draft.to(std::hint::black_box(&recipient), now()));
    }
    let made = began.elapsed().as_secs_f64() * 100.0;
    let (signer, began) = (signer(), Instant::now());
    for _ in 0..500 {
        std::hint::black_box(signer.sign(&message, now()));
    }
    (made, began.elapsed().as_secs_f64() * 2_000.0, message.len())
}

async fn run() {
    let only = std::env::var("AMENDS_BENCH_ONLY").ok();
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if wanted("fanout") {
        fanout().await;
    }
    if wanted("signed") {
        signed().await;
    }
    if wanted("cost") {
        cost().await;
    }
}

fn messages() -> usize {
    std::env::var("AMENDS_BENCH_MESSAGES").ok().and_then(|v| v.parse().ok()).unwrap_or(50_000)
}

/// Beside `smtp-source`.
async fn fanout() {
    let messages = messages();
    let company = Company::new(messages).await;
    let (made, signed, size) = rendering(&company);
    println!(
        "a message has {size} bytes; it is made in {made:.1} us, and signed (RSA-2048) in {signed:.0} us on one core"
    );

    let (mut theirs, mut our, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..=RUNS {
        let reference = reference(messages, size);
        let (rate, _) = ours(&company, 10 + n as u8, messages, None).await;
        // The first pair warms up.
        if n > 0 {
            theirs.push(reference);
            our.push(rate);
            ratios.push(rate / reference);
        }
    }
    println!("smtp-source -d, {CONNECTIONS} connections: {theirs:.0?} messages/s");
    println!("publish to the last durable outcome, {CONNECTIONS} connections: {our:.0?} messages/s");

    // Our own work alone: planning, claiming, recording.
    let nowhere = company.courier(Arc::new(Nowhere));
    let id = company.publish(40).await;
    let own = company.work(&nowhere, &id, messages as u64).await;
    println!(
        "of that, planning, claiming and recording: {:.1} us a message",
        own.as_secs_f64() * 1e6 / messages as f64
    );
    println!("mail_fanout ratio {:.2} goal 1.3", median(ratios));
}

/// Beside what the cores can sign.
async fn signed() {
    let company = Company::new(messages()).await;
    let (mut our, mut speeds, mut ratios) = (Vec::new(), vec![openssl()], Vec::new());
    // Signing keeps all cores busy for seconds, and the machine gives now more, now less of them: more runs than elsewhere.
    for n in 0..=RUNS + 2 {
        let (rate, _) = ours(&company, 50 + n as u8, messages(), Some(signer())).await;
        let before = speeds[n];
        let after = openssl();
        speeds.push(after);
        // The first run warms up.
        if n > 0 {
            our.push(rate);
            ratios.push(rate / f64::midpoint(before, after));
        }
    }
    println!("openssl signs on all cores: {speeds:.0?}/s");
    println!("signed, publish to the last durable outcome: {our:.0?} messages/s");
    println!("mail_dkim ratio {:.2} goal 0.8", median(ratios));

    let few = 10_000;
    let small = Company::new(few).await;
    let (_, seconds) = ours(&small, 59, few, Some(signer())).await;
    println!("mail_10000_signed s {seconds:.2} goal 10");
}

/// How the work on a message grows with the number of subscribers.
async fn cost() {
    let mut costs = Vec::new();
    for subscribers in [1_000, 10_000, 100_000, 1_000_000] {
        let company = Company::new(subscribers).await;
        let courier = company.courier(Arc::new(Nowhere));
        let began = Instant::now();
        let id = company.publish(60).await;
        company.work(&courier, &id, subscribers as u64).await;
        let cost = began.elapsed().as_secs_f64() * 1e6 / subscribers as f64;
        println!(
            "{subscribers} subscribers: {cost:.1} us a message (plan, claim, record), at most {:.0} MiB",
            most_memory()
        );
        costs.push(cost);
    }
    let flat = costs[3] / costs[1];
    println!("mail_cost_at_a_million times {flat:.2} goal 2");
    println!("mail_memory_at_a_million MiB {:.0} goal 200", most_memory());
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}
