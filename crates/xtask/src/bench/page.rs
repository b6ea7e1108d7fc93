//! The status page from a warm server over loopback, and nginx giving the same bytes in the same minute.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use amends_testkit::http::{Client, Response};
use amends_testkit::process::{Kept, Signal, poll};

use super::Reading;

const ROUNDS: usize = 5;
const SECONDS: &str = "3s";
/// Few enough that what is measured is an answer, not the queue before it; enough that a virtual machine's cores do not go to
/// sleep between two, which takes them longer than an answer.
const FEW: u32 = 4;
const GOAL_MS: f64 = 1.0;

/// What is asked for by how many at once, and how many times as fast as nginx it has to be.
struct Work {
    name: &'static str,
    path: &'static str,
    /// Whether the reader has it already, and is told so.
    known: bool,
    connections: u32,
    goal: f64,
}

const fn work(name: &'static str, path: &'static str, known: bool, connections: u32, goal: f64) -> Work {
    Work { name, path, known, connections, goal }
}

const WORKS: [Work; 7] = [
    work("page", "/", false, FEW, 1.0),
    work("page_64", "/", false, 64, 1.2),
    work("page_512", "/", false, 512, 1.0),
    work("page_known_64", "/", true, 64, 1.0),
    work("page_known_512", "/", true, 512, 1.0),
    work("summary_64", SUMMARY, false, 64, 1.0),
    work("summary_512", SUMMARY, false, 512, 1.0),
];
const SUMMARY: &str = "/api/v2/summary.json";

/// The demo, run by the program that ships.
pub struct Demo {
    process: Kept,
    url: String,
}

impl Demo {
    /// Starts it and waits until it says where it is.
    pub fn start(program: &Path) -> Result<Self, String> {
        let arguments = ["demo", "--listen", "127.0.0.1:0"].map(str::to_owned);
        let mut process = Kept::start(None, "KILL", program, &arguments, |command| {
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        })
        .map_err(|error| error.to_string())?;
        let out = process.child().stdout.take().expect("piped above");
        let mut url = None;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        for line in lines.by_ref() {
            if let Some(at) = line.trim().strip_prefix("Status page") {
                url = Some(at.trim().trim_end_matches('/').to_owned());
            }
            if line.contains("Ready after") {
                break;
            }
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let demo = Self { process, url: url.ok_or("the demo did not say where it is")? };
        poll(Duration::from_secs(20), || demo.get("/readyz").ok()).ok_or("the demo does not answer")?;
        Ok(demo)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        get(&self.url, path)
    }
}

fn get(url: &str, path: &str) -> Result<Vec<u8>, String> {
    ask(url, path).map(|answer| answer.body)
}

fn ask(url: &str, path: &str) -> Result<Response, String> {
    let answer = Client::new(url).attempt("GET", path, &[("accept-encoding", "gzip")], b"");
    let answer = answer.map_err(|error| format!("{url}{path}: {error}"))?;
    if answer.status == 200 { Ok(answer) } else { Err(format!("{url}{path}: {}", answer.status)) }
}

pub fn measure() -> Result<Vec<Reading>, String> {
    let demo = Demo::start(&super::program()?)?;
    let (page, summary) = (demo.get("/")?, demo.get(SUMMARY)?);
    let nginx = Nginx::start(&[("index.html", &page), (&SUMMARY[1..], &summary)])?;
    if get(&nginx.url, "/")? != page || get(&nginx.url, SUMMARY)? != summary {
        return Err("nginx gives other bytes than were laid there".into());
    }
    println!("compressed: the page {} bytes, summary.json {} bytes", page.len(), summary.len());
    let mut readings = Vec::new();
    for round in 0..=ROUNDS {
        for work in &WORKS {
            // In turns, so that neither always has the quieter half of a minute.
            let (ours, theirs) = if round % 2 == 0 {
                let ours = load(&demo.url, work)?;
                (ours, load(&nginx.url, work)?)
            } else {
                let theirs = load(&nginx.url, work)?;
                (load(&demo.url, work)?, theirs)
            };
            if round == 0 {
                continue; // Warming up.
            }
            println!(
                "{}: ours p50 {:.3} p99 {:.3} ms, {:.0}/s · nginx p50 {:.3} p99 {:.3} ms, {:.0}/s",
                work.name, ours.p50, ours.p99, ours.rate, theirs.p50, theirs.p99, theirs.rate
            );
            if work.connections == FEW {
                readings.push(Reading::new("page_p99", "ms", ours.p99, GOAL_MS));
            }
            let beside = |what: &str, ratio, goal| {
                Reading::new(&format!("{}_{what}_beside_nginx", work.name), "ratio", ratio, goal)
            };
            readings.push(beside("rate", ours.rate / theirs.rate, work.goal));
            readings.push(beside("p99", theirs.p99 / ours.p99, 1.0));
        }
    }
    Ok(readings)
}

/// What wrk measured.
struct Load {
    p50: f64,
    p99: f64,
    rate: f64,
}

fn load(url: &str, work: &Work) -> Result<Load, String> {
    let mut wrk = Command::new("wrk");
    wrk.args(["--threads", "1", "--connections", &work.connections.to_string()]);
    wrk.args(["--duration", SECONDS, "--latency", "--header", "Accept-Encoding: gzip"]);
    if work.known {
        let answer = ask(url, work.path)?;
        let tag = answer.header("etag").ok_or_else(|| format!("{url}{}: no ETag", work.path))?;
        let headers = [("accept-encoding", "gzip"), ("if-none-match", tag)];
        let again = Client::new(url).attempt("GET", work.path, &headers, b"")?;
        if again.status != 304 {
            return Err(format!("{url}{}: {} to its own ETag", work.path, again.status));
        }
        wrk.args(["--header", &format!("If-None-Match: {tag}")]);
    }
    wrk.arg(format!("{url}{}", work.path)).stdin(Stdio::null());
    let output = wrk.output().map_err(|error| format!("wrk: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return Err(format!("wrk was not answered well:\n{said}"));
    }
    read(&said).ok_or_else(|| format!("wrk said something else:\n{said}"))
}

fn read(said: &str) -> Option<Load> {
    let after = |name: &str| {
        said.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim).map(str::to_owned)
    };
    let rate = after("Requests/sec:")?.parse().ok()?;
    Some(Load { p50: milliseconds(&after("50%")?)?, p99: milliseconds(&after("99%")?)?, rate })
}

/// `87.00us`, `1.20ms` or `1.05s`.
fn milliseconds(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..at].parse().ok()?;
    match &text[at..] {
        "us" => Some(number / 1000.0),
        "ms" => Some(number),
        "s" => Some(number * 1000.0),
        _ => None,
    }
}

/// nginx with a few files, compressed beforehand; otherwise as Debian sets it up.
struct Nginx {
    url: String,
    process: Kept,
    // Last: removed after the process has gone.
    _folder: tempfile::TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, the master could not end its workers.
        let _ = self.process.signal(Signal::TERM);
        let _ = self.process.wait(Duration::from_secs(10));
    }
}

impl Nginx {
    fn start(files: &[(&str, &[u8])]) -> Result<Self, String> {
        let folder = amends_testkit::folder::temporary();
        let port = amends_testkit::port::free();
        let at = folder.path().to_string_lossy().into_owned();
        let user = if crate::setup::is_root() { "user root;" } else { "" };
        let config = format!(
            "{user} worker_processes auto; worker_rlimit_nofile 8192; daemon off; pid {at}/pid; error_log {at}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; gzip_static on; keepalive_requests 100000000;\n\
             types {{ text/html html; application/json json; }}\n\
             client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;\n\
             server {{ listen 127.0.0.1:{port} backlog=4096; root {at}/www; }} }}\n"
        );
        let lay = || -> std::io::Result<()> {
            for (name, bytes) in files {
                let file = folder.path().join("www").join(name);
                std::fs::create_dir_all(file.parent().unwrap_or(folder.path()))?;
                std::fs::write(
                    file.with_extension(format!("{}.gz", name.rsplit('.').next().unwrap_or(""))),
                    bytes,
                )?;
                // Looked at, but not given: what is given is the compressed one.
                std::fs::write(file, b"")?;
            }
            std::fs::write(folder.path().join("nginx.conf"), config)
        };
        lay().map_err(|error| error.to_string())?;
        let arguments =
            ["-e", &format!("{at}/error.log"), "-c", &format!("{at}/nginx.conf")].map(str::to_owned);
        // Told to stop, the master ends its workers, too.
        let process = Kept::start(None, "TERM", Path::new("/usr/sbin/nginx"), &arguments, |command| {
            command.stdin(Stdio::null());
        })
        .map_err(|error| format!("nginx: {error}"))?;
        let url = format!("http://127.0.0.1:{port}");
        poll(Duration::from_secs(10), || get(&url, "/").ok()).ok_or_else(|| {
            let log = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
            format!("nginx does not answer:\n{log}")
        })?;
        Ok(Self { url, process, _folder: folder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_understood() {
        let said = "  Latency Distribution\n     50%   87.00us\n     75%  104.00us\n     90%    0.13ms\n     99%    1.05s\n  \
                    1 requests in 5.10s, 1.42GB read\nRequests/sec:  21537.08\nTransfer/sec:    290.11MB\n";
        let load = read(said).expect("understood");
        assert_eq!((load.p50, load.p99, load.rate), (0.087, 1050.0, 21537.08));
    }
}
