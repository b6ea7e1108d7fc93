//! Child processes that cannot outlive the test.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

pub use rustix::process::Signal;

/// How often something that has no event to wait for is looked at.
pub const POLL: Duration = Duration::from_millis(10);

/// A child process that is killed when this value is dropped, and by the kernel when this process ends in any other way.
#[derive(Debug)]
pub struct Kept {
    child: Child,
    ended: Option<ExitStatus>,
}

/// What is asked of the thread that starts processes.
type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The kernel sends the parent-death signal when the *thread* that started the child ends. A test's thread ends long before
/// its process does, so all children are started by one thread that never ends.
static STARTER: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    std::thread::Builder::new()
        .name("process-starter".to_owned())
        .spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        })
        .expect("a thread can be started");
    Mutex::new(orders)
});

impl Kept {
    /// Starts `program` with `arguments`, which gets the signal `on_parent_death` (a name as in kill(1): `KILL`) should this
    /// process end first. `adjust` sets environment, input and output.
    ///
    /// # Errors
    /// When `setpriv` (Debian's util-linux, always installed) cannot be started. A missing `program` shows as exit status 127.
    pub fn start(
        user: Option<&str>,
        on_parent_death: &str,
        program: &std::path::Path,
        arguments: &[String],
        adjust: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", on_parent_death]);
        if let Some(user) = user {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        command.arg("--").arg(program).args(arguments);
        adjust(&mut command);
        let (answer, reply) = mpsc::channel();
        STARTER
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .send((command, answer))
            .map_err(|_| io::Error::other("the thread that starts processes has ended"))?;
        let child =
            reply.recv().map_err(|_| io::Error::other("the thread that starts processes has ended"))??;
        Ok(Self { child, ended: None })
    }

    /// The process id of the program itself (`setpriv` becomes it).
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The running child, to take its pipes from.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, or `None` while it runs.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Sends a signal; does nothing when the process has ended.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal)
            .map_err(io::Error::from)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// `TimedOut` when it still runs after `within`.
    pub fn wait(&mut self, within: Duration) -> io::Result<ExitStatus> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if Instant::now() >= until {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("process {} still runs after {} ms", self.id(), within.as_millis()),
                ));
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !matches!(self.ended(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Whether a process with this id exists and has not ended.
#[must_use]
pub fn alive(id: u32) -> bool {
    // The state follows the name, which stands in brackets and may itself hold blanks and brackets.
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .ok()
        .and_then(|stat| stat.rsplit_once(") ").map(|(_, rest)| !rest.starts_with(['Z', 'X'])))
        .unwrap_or(false)
}

/// Looks at `ready` every few milliseconds until it returns a value; `None` when `within` has passed first.
pub fn poll<T>(within: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + within;
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(POLL);
    }
}
