//! The real `amends` program, started for a test on a free port with a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::http::Client;
use crate::process::{Kept, Signal, poll};

const READY_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// How to start it. The default is an empty folder on SQLite, without configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// An existing data folder; a temporary one when there is none.
    pub data: Option<PathBuf>,
    /// A PostgreSQL address instead of the embedded database.
    pub database: Option<String>,
    /// The text of the configuration file; no file when it is empty.
    pub config: String,
    /// Further arguments of `amends serve`.
    pub arguments: Vec<String>,
    /// Further variables of its environment.
    pub environment: Vec<(String, String)>,
    /// Another build of the program than [`binary`].
    pub program: Option<PathBuf>,
}

/// A running server. It is killed when this value is dropped, or when the test process ends.
#[derive(Debug)]
pub struct Amends {
    settings: Settings,
    port: u16,
    process: Option<Kept>,
    lines: Arc<Mutex<Vec<String>>>,
    data: PathBuf,
    // Last: removed after the process has gone.
    folder: tempfile::TempDir,
}

impl Amends {
    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    /// When it ends or is not ready within a minute; the message shows its log.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let folder = crate::folder::temporary();
        let data = settings.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let mut server = Self { settings, port: crate::port::free(), process: None, lines, data, folder };
        server.restart();
        server
    }

    /// Starts it again after [`kill`](Self::kill) or [`stop`](Self::stop), on the same port with the same data, and waits.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let mut arguments = vec![
            "serve".to_owned(),
            "--data".to_owned(),
            self.data.to_string_lossy().into_owned(),
            "--listen".to_owned(),
            format!("127.0.0.1:{}", self.port),
        ];
        if !self.settings.config.is_empty() {
            let file = self.config();
            std::fs::write(&file, &self.settings.config).expect("the folder can be written");
            arguments.extend(["--config".to_owned(), file.to_string_lossy().into_owned()]);
        }
        if let Some(database) = &self.settings.database {
            arguments.extend(["--database".to_owned(), database.clone()]);
        }
        arguments.extend(self.settings.arguments.iter().cloned());
        let environment = self.settings.environment.clone();
        let program = self.settings.program.clone().unwrap_or_else(binary);
        let mut process = Kept::start(None, "KILL", &program, &arguments, |command| {
            without_settings(command).envs(environment);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        })
        .expect("setpriv starts");
        let child = process.child();
        self.read(child.stdout.take().expect("piped"));
        self.read(child.stderr.take().expect("piped"));
        let client = self.client();
        let ready = poll(READY_WITHIN, || {
            if let Ok(Some(status)) = process.ended() {
                return Some(Err(status));
            }
            client
                .attempt("GET", "/readyz", &[], b"")
                .is_ok_and(|answer| answer.status == 200)
                .then_some(Ok(()))
        });
        self.process = Some(process);
        match ready {
            Some(Ok(())) => {}
            Some(Err(status)) => panic!("amends serve ended with {status}:\n{}", self.log()),
            None => panic!("amends serve is not ready within {READY_WITHIN:?}:\n{}", self.log()),
        }
    }

    fn read(&self, output: impl std::io::Read + Send + 'static) {
        let lines = Arc::clone(&self.lines);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }

    /// Kills it as a power cut would: it gets no chance to do anything.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Asks it to stop with SIGTERM and waits until it has.
    ///
    /// # Panics
    /// When it still runs after half a minute, or was not running.
    pub fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("it is running");
        process.signal(Signal::TERM).expect("a signal can be sent");
        process.wait(STOP_WITHIN).unwrap_or_else(|error| panic!("{error}\n{}", self.log()))
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it is not running.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it is running").id()
    }

    /// Where it answers: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its configuration file, if it has one.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("amends.toml")
    }

    /// A visitor who has not been here before.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url())
    }

    /// Everything that it has written to standard output and standard error since the start, restarts included.
    #[must_use]
    pub fn log(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// The first address in the log that contains `part`, for example the one-time link of the first start.
    ///
    /// # Panics
    /// When none has been printed within ten seconds.
    #[must_use]
    pub fn link(&self, part: &str) -> String {
        let find = || {
            let log = self.log();
            let words = log.split_whitespace().map(|word| word.trim_matches(['"', '\'', '<', '>', ',']));
            words.into_iter().find(|word| word.starts_with("http") && word.contains(part)).map(str::to_owned)
        };
        poll(Duration::from_secs(10), find)
            .unwrap_or_else(|| panic!("no link with {part} in:\n{}", self.log()))
    }

    /// Runs a command of the program against this server, with `AMENDS_URL` and `AMENDS_TOKEN` set.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        without_settings(&mut command).env("AMENDS_URL", self.url()).env("AMENDS_TOKEN", token);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.output().expect("the program starts")
    }
}

/// Runs a command of the program that needs no server.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    without_settings(&mut command).args(arguments).stdin(Stdio::null());
    command.output().expect("the program starts")
}

/// The developer's own settings must not change what a test sees.
fn without_settings(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AMENDS_") {
            command.env_remove(name);
        }
    }
    command
}

/// The built program: `AMENDS_BIN`, or the one beside the test in the target folder.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("AMENDS_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a running program knows its path");
    test.ancestors()
        .skip(1)
        .take(3)
        .map(|folder| folder.join("amends"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("the program is not built: run `cargo build -p amends`, or set AMENDS_BIN to its path")
        })
}
