//! A real PostgreSQL from Debian's packages, in a folder of its own.
//!
//! ```no_run
//! let Some(url) = amends_testkit::postgres::fresh_database() else { return };
//! // … open the store on `url`
//! ```
//!
//! One cluster serves all tests of a process; `cargo xtask test` starts one for the whole run and passes its address as
//! `AMENDS_TEST_PG`. A test that stops the database starts a [`Cluster`] of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::folder::Swept;
use crate::process::{Kept, Signal, poll};

/// The address of a running cluster's `postgres` database, for tests to share.
pub const SHARED: &str = "AMENDS_TEST_PG";
/// Set to `1` to skip the tests that need PostgreSQL, which they then say.
pub const SKIP: &str = "AMENDS_TEST_SKIP_POSTGRES";

/// The superuser of the clusters, who needs no password.
const USER: &str = "amends";
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb). Install it with `apt-get install \
         --no-install-recommends postgresql`, or set AMENDS_TEST_SKIP_POSTGRES=1 to leave out the tests that need it."
    )]
    Missing,
    #[error("PostgreSQL {step} failed: {message}\n{log}")]
    Failed { step: &'static str, message: String, log: String },
    #[error("PostgreSQL {step}: {source}")]
    Io { step: &'static str, source: std::io::Error },
}

fn io(step: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { step, source }
}

/// Whether a commit survives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync=off`: a killed *server* loses nothing, a machine that goes down may. Fast: for tests.
    Relaxed,
    /// PostgreSQL's defaults, and of memory what its manual advises (a quarter) on a machine with 4 GB: for measurements.
    Full,
}

/// A PostgreSQL cluster of our own on 127.0.0.1, without password, stopped and removed when it is dropped or the process ends.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    durability: Durability,
    port: u16,
    server: Option<Kept>,
    // After `server`: fields are dropped in this order, and the folder goes last.
    folder: Swept,
}

impl Cluster {
    /// Creates a cluster and waits until it answers.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the message says what to do and ends with its log.
    pub fn launch(durability: Durability) -> Result<Self, Error> {
        Self::launch_in(&std::env::temp_dir(), durability)
    }

    /// The same with its files in a folder below `parent`, which everybody may enter.
    ///
    /// # Errors
    /// As [`launch`](Self::launch).
    pub fn launch_in(parent: &Path, durability: Durability) -> Result<Self, Error> {
        let bin = binaries().ok_or(Error::Missing)?;
        let folder = Swept::create_in(parent, "amends-pg-").map_err(io("folder"))?;
        if let Some(user) = unprivileged_user() {
            let (uid, gid) = ids_of(user)?;
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).map_err(io("folder"))?;
        }
        let mut cluster = Self { bin, durability, port: crate::port::free(), server: None, folder };
        cluster.create_files()?;
        cluster.start()?;
        Ok(cluster)
    }

    fn create_files(&self) -> Result<(), Error> {
        let arguments = [
            "--pgdata",
            &self.data().to_string_lossy(),
            "--username",
            USER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ]
        .map(str::to_owned);
        let mut initdb = self.run("initdb", &arguments)?;
        let status = initdb.wait(READY_WITHIN).map_err(io("initdb"))?;
        if !status.success() {
            return Err(self.failed("initdb", status.to_string()));
        }
        Ok(())
    }

    fn run(&self, program: &str, arguments: &[String]) -> Result<Kept, Error> {
        let log = File::options().create(true).append(true).open(self.log_file()).map_err(io("log"))?;
        let errors = log.try_clone().map_err(io("log"))?;
        // SIGQUIT is PostgreSQL's immediate shutdown: quick, and it still gives its shared memory back.
        Kept::start(unprivileged_user(), "QUIT", &self.bin.join(program), arguments, |command| {
            command.current_dir(self.folder.path()).env_remove("PGOPTIONS").env("TZ", "UTC");
            command.stdin(Stdio::null()).stdout(log).stderr(errors);
            // An interrupt typed at the terminal is for the test process; the database goes down with it, not before.
            std::os::unix::process::CommandExt::process_group(command, 0);
        })
        .map_err(io("start"))
    }

    /// Starts the server again after [`stop`](Self::stop) or [`kill`](Self::kill), or when it has ended by itself, on the same
    /// port and with the same data. Does nothing while it runs.
    ///
    /// # Errors
    /// When it does not answer within a minute.
    pub fn start(&mut self) -> Result<(), Error> {
        if let Some(server) = &mut self.server
            && server.ended().map_err(io("start"))?.is_none()
        {
            return Ok(());
        }
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.path().display()),
            "max_connections=200".to_owned(),
            "max_wal_size=512MB".to_owned(),
            "timezone=UTC".to_owned(),
            "log_min_messages=warning".to_owned(),
            // Tests break constraints on purpose.
            "log_min_error_statement=panic".to_owned(),
        ];
        let more: &[&str] = match self.durability {
            Durability::Relaxed => {
                &["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB"]
            }
            Durability::Full => &["shared_buffers=1GB"],
        };
        settings.extend(more.iter().map(|&setting| setting.to_owned()));
        let mut arguments = vec!["-D".to_owned(), self.data().to_string_lossy().into_owned()];
        arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
        let mut server = self.run("postgres", &arguments)?;
        let outcome = poll(READY_WITHIN, || match server.ended() {
            Ok(Some(status)) => Some(Err(status.to_string())),
            Ok(None) => self.says_ready(server.id()).then_some(Ok(())),
            Err(error) => Some(Err(error.to_string())),
        });
        match outcome {
            Some(Ok(())) => {
                self.server = Some(server);
                Ok(())
            }
            Some(Err(message)) => Err(self.failed("start", message)),
            None => Err(self.failed("start", format!("not ready within {} s", READY_WITHIN.as_secs()))),
        }
    }

    /// What `pg_ctl` looks at: the lock file's first line is the server's process, its eighth the state. After a crash
    /// the file of the process before is still there.
    fn says_ready(&self, id: u32) -> bool {
        fs::read_to_string(self.data().join("postmaster.pid")).is_ok_and(|file| {
            let mut lines = file.lines();
            lines.next() == Some(id.to_string().as_str())
                && lines.nth(6).is_some_and(|state| state.trim() == "ready")
        })
    }

    /// Stops the server in order, ending all connections. Does nothing when it is stopped.
    ///
    /// # Errors
    /// When it still runs after half a minute.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.end(Signal::INT)
    }

    /// Kills the server as a crash would; it recovers when it is started again.
    ///
    /// # Errors
    /// When it still runs after half a minute.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.end(Signal::QUIT)
    }

    fn end(&mut self, signal: Signal) -> Result<(), Error> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        server.signal(signal).map_err(io("stop"))?;
        server.wait(STOP_WITHIN).map_err(io("stop"))?;
        Ok(())
    }

    /// A standby of this cluster, which follows it and can take its place. Every commit waits for it from now on, so that
    /// nothing that was answered is lost when this one goes.
    ///
    /// # Errors
    /// When it cannot be made or does not follow within a minute.
    pub fn standby(&self) -> Result<Self, Error> {
        let folder = Swept::create("amends-pg-standby-").map_err(io("folder"))?;
        if let Some(user) = unprivileged_user() {
            let (uid, gid) = ids_of(user)?;
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).map_err(io("folder"))?;
        }
        let port = crate::port::free();
        let mut other =
            Self { bin: self.bin.clone(), durability: self.durability, port, server: None, folder };
        let data = other.data();
        let arguments = ["--pgdata", &data.to_string_lossy(), "--write-recovery-conf", "--wal-method=stream"]
            .into_iter()
            .chain(["--checkpoint=fast", "--no-sync", "--dbname", &self.url("postgres")])
            .map(str::to_owned)
            .collect::<Vec<_>>();
        let mut copy = other.run("pg_basebackup", &arguments)?;
        let status = copy.wait(READY_WITHIN).map_err(io("pg_basebackup"))?;
        if !status.success() {
            return Err(other.failed("pg_basebackup", status.to_string()));
        }
        other.start()?;
        self.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.ask("postgres", "SELECT pg_reload_conf()")?;
        let follows = || {
            let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
            self.ask("postgres", sql).ok().filter(|count| count.trim() == "1")
        };
        poll(READY_WITHIN, follows).ok_or_else(|| other.failed("standby", "it does not follow".into()))?;
        Ok(other)
    }

    /// Makes a standby the server that others follow.
    ///
    /// # Errors
    /// When it is none, or is not within a minute.
    pub fn promote(&self) -> Result<(), Error> {
        // What was copied from the one before says that commits wait for a standby; this one has none.
        self.ask("postgres", "SELECT pg_promote()")?;
        self.ask("postgres", "ALTER SYSTEM RESET synchronous_standby_names")?;
        self.ask("postgres", "SELECT pg_reload_conf()").map(drop)
    }

    /// What `psql` answers.
    fn ask(&self, database: &str, sql: &str) -> Result<String, Error> {
        let output = Command::new(self.bin.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--no-password", "--tuples-only", "--dbname"])
            .args([&self.url(database), "--command", sql])
            .stdin(Stdio::null())
            .output()
            .map_err(io("psql"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(self.failed("psql", String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }

    /// The address of a database on this cluster or, should it be gone or only follow, on `other`.
    #[must_use]
    pub fn url_with(&self, other: &Self, database: &str) -> String {
        let ports = [self.port, other.port].map(|port| format!("127.0.0.1:{port}")).join(",");
        format!("postgres://{USER}@{ports}/{database}?target_session_attrs=read-write")
    }

    /// The address of a database, `postgres://amends@127.0.0.1:PORT/NAME`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database for one test and returns its address.
    ///
    /// # Panics
    /// When the server does not answer: a test has nothing better to do then.
    #[must_use]
    pub fn fresh_database(&self) -> String {
        create_database(&self.bin, &self.url("postgres"))
    }

    /// What the server has written to its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.log_file())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn failed(&self, step: &'static str, message: String) -> Error {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        Error::Failed { step, message, log: last }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // In order, so that it takes its shared memory and socket along.
        let _ = self.end(Signal::QUIT);
    }
}

/// An empty database for one test in the cluster that all tests share; `None`, said on standard error, when
/// `AMENDS_TEST_SKIP_POSTGRES=1`.
///
/// # Panics
/// When there is no PostgreSQL: a test that cannot run has failed.
#[must_use]
pub fn fresh_database() -> Option<String> {
    static OURS: OnceLock<Cluster> = OnceLock::new();
    if skipped() {
        return None;
    }
    if let Ok(url) = std::env::var(SHARED) {
        let bin = binaries().unwrap_or_else(|| panic!("{}", Error::Missing));
        return Some(create_database(&bin, &url));
    }
    let cluster =
        OURS.get_or_init(|| Cluster::launch(Durability::Relaxed).unwrap_or_else(|error| panic!("{error}")));
    Some(cluster.fresh_database())
}

/// Whether the tests that need PostgreSQL are to be left out.
#[must_use]
pub fn left_out() -> bool {
    std::env::var(SKIP).is_ok_and(|value| value == "1")
}

/// Whether the running test is to be left out for want of PostgreSQL, which is then said on standard error.
#[must_use]
pub fn skipped() -> bool {
    if left_out() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        eprintln!("SKIPPED: {test} needs PostgreSQL, and {SKIP} is set");
    }
    left_out()
}

/// Debian's newest PostgreSQL server here, or what `pg_config` names.
#[must_use]
pub fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin).or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        bin.join("initdb").exists().then_some(bin)
    })
}

fn create_database(bin: &Path, maintenance_url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let salt =
        std::hash::Hasher::finish(&std::hash::BuildHasher::build_hasher(&std::hash::RandomState::new()));
    let name = format!("test_{}_{}_{salt:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    // template0 is never connected to, so that many databases can be made from it at once.
    let statement = format!("CREATE DATABASE {name} TEMPLATE template0");
    let output = Command::new(bin.join("psql"))
        .args([
            "--no-psqlrc",
            "--quiet",
            "--no-password",
            "--dbname",
            maintenance_url,
            "--command",
            &statement,
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run psql: {error}"));
    assert!(
        output.status.success(),
        "cannot create a database at {maintenance_url}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let (server, _) = maintenance_url.rsplit_once('/').expect("an address of a database ends in /name");
    format!("{server}/{name}")
}

/// PostgreSQL refuses to run as root; then it runs as the user that Debian's package creates, or as nobody.
fn unprivileged_user() -> Option<&'static str> {
    rustix::process::geteuid()
        .is_root()
        .then(|| if ids_of("postgres").is_ok() { "postgres" } else { "nobody" })
}

fn ids_of(user: &str) -> Result<(u32, u32), Error> {
    let passwd = fs::read_to_string("/etc/passwd").map_err(io("user"))?;
    passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user))
        .and_then(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))
        .ok_or_else(|| {
            io("user")(std::io::Error::new(std::io::ErrorKind::NotFound, format!("no user {user}")))
        })
}
