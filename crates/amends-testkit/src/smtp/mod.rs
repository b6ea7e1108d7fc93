//! A mail server on loopback that keeps what it is given and misbehaves when told to.
//!
//! ```
//! use amends_testkit::smtp::{Behaviour, Sink};
//! let sink = Sink::start();
//! sink.behave(Behaviour::RefuseMessage("550 5.7.1 rejected: unsigned".into()));
//! // … send something to sink.address(), see that it is held …
//! sink.behave(Behaviour::Accept);
//! assert!(sink.messages().is_empty());
//! ```

mod session;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the sink's threads look whether they were told something new.
const LOOK: Duration = Duration::from_millis(5);

/// What the sink does with what comes. Can be changed at any time; a session that is under way follows at its next step.
/// Replies are whole lines such as `450 4.2.1 try again later`, without line ending; several lines are separated by `\n`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Every message is accepted with `250`.
    #[default]
    Accept,
    /// Nobody listens: connections are refused by the operating system, and open ones are closed.
    Gone,
    /// Connections get this line as a greeting and are closed.
    RefuseConnection(String),
    /// `MAIL FROM` gets this reply.
    RefuseSender(String),
    /// `RCPT TO` gets this reply, for these addresses only.
    RefuseRecipients(BTreeSet<String>, String),
    /// The whole message is read and then gets this reply.
    RefuseMessage(String),
    /// The connection is closed after so many bytes of a message.
    CutInData(usize),
    /// The whole message is read, and the connection is closed instead of a reply.
    CutBeforeReply,
    /// No answer comes after this step, for as long as the behaviour lasts.
    Stall(Step),
}

/// A step of an SMTP session, for [`Behaviour::Stall`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// After the connection, before the greeting.
    Connected,
    /// After `MAIL FROM`.
    Sender,
    /// After the end of the message.
    Message,
}

/// What the sink offers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Requires `AUTH` with this user and password before `MAIL`.
    pub credentials: Option<(String, String)>,
    /// Further lines of the reply to `EHLO`, such as `DSN`. `PIPELINING`, `8BITMIME`, `SMTPUTF8` and `SIZE` are always offered.
    pub extensions: Vec<String>,
    /// How long it thinks before it answers the end of each message.
    pub pause: Duration,
    /// Most connections at once; more are greeted with `421`. 0 for any number.
    pub connections: usize,
}

/// A message that was received to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What the client called itself.
    pub hello: String,
    /// The address in `MAIL FROM:<…>`.
    pub from: String,
    /// What followed it, such as `SIZE=120 BODY=8BITMIME`.
    pub from_parameters: String,
    /// The addresses in `RCPT TO:<…>` that were accepted, in order.
    pub recipients: Vec<String>,
    /// What followed each of them.
    pub recipient_parameters: Vec<String>,
    /// The bytes between `DATA` and the final dot, dots unstuffed, line endings as they came.
    pub raw: Vec<u8>,
    /// Counted from 1: two messages with the same number came over one connection.
    pub connection: usize,
    /// The reply that it got; empty when the connection was cut instead.
    pub reply: String,
}

impl Message {
    /// Whether the client was told that the message is accepted.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.reply.starts_with('2')
    }

    /// The first header field of this name, unfolded but not decoded.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// All header fields of this name, unfolded but not decoded.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<String> {
        let raw = String::from_utf8_lossy(&self.raw);
        let head = raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        unfolded
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// The subject, decoded.
    #[must_use]
    pub fn subject(&self) -> String {
        self.parsed().subject().unwrap_or_default().to_owned()
    }

    /// The text part, decoded.
    #[must_use]
    pub fn text(&self) -> String {
        self.parsed().body_text(0).unwrap_or_default().into_owned()
    }

    /// The HTML part, decoded.
    #[must_use]
    pub fn html(&self) -> String {
        self.parsed().body_html(0).unwrap_or_default().into_owned()
    }

    /// The message as a mail program reads it.
    ///
    /// # Panics
    /// When it is no message at all.
    #[must_use]
    pub fn parsed(&self) -> mail_parser::Message<'_> {
        mail_parser::MessageParser::default().parse(&self.raw).expect("something with a header")
    }
}

/// The running mail server. It ends when this value is dropped.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever the state changes.
    changed: Condvar,
    options: Options,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    listening: bool,
    ended: bool,
    connections: usize,
    open: usize,
    messages: Vec<Message>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until `done` says so; whether it did within the time.
    fn wait_until(&self, within: Duration, mut done: impl FnMut(&State) -> bool) -> bool {
        let (_state, timeout) = self
            .changed
            .wait_timeout_while(self.state(), within, |state| !done(state))
            .unwrap_or_else(PoisonError::into_inner);
        !timeout.timed_out()
    }
}

impl Sink {
    /// Starts a sink that accepts everything from everybody.
    #[must_use]
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// Starts a sink with options.
    ///
    /// # Panics
    /// When no port can be bound.
    #[must_use]
    pub fn with(options: Options) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, crate::port::free()));
        let state = State {
            behaviour: Behaviour::Accept,
            listening: false,
            ended: false,
            connections: 0,
            open: 0,
            messages: Vec::new(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), options });
        let theirs = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("smtp-sink".to_owned())
            .spawn(move || listen(address, &theirs))
            .expect("a thread can be started");
        assert!(
            shared.wait_until(Duration::from_secs(10), |state| state.listening),
            "cannot listen on {address}"
        );
        Self { shared, address }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes what it does. When this returns, new connections are treated accordingly.
    ///
    /// # Panics
    /// When it cannot listen again after [`Behaviour::Gone`].
    pub fn behave(&self, behaviour: Behaviour) {
        let listening = behaviour != Behaviour::Gone;
        self.shared.change(|state| state.behaviour = behaviour);
        let done = |state: &State| state.listening == listening && (listening || state.open == 0);
        assert!(self.shared.wait_until(Duration::from_secs(10), done), "cannot listen on {}", self.address);
    }

    /// The messages that it has accepted, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.shared.state().messages.iter().filter(|message| message.accepted()).cloned().collect()
    }

    /// The messages that were received to their end, whatever the reply was.
    #[must_use]
    pub fn attempts(&self) -> Vec<Message> {
        self.shared.state().messages.clone()
    }

    /// How many connections there have been, refused ones included (not those refused by [`Behaviour::Gone`]).
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// The messages that it has accepted, oldest first; it forgets all others, and these.
    #[must_use]
    pub fn take(&self) -> Vec<Message> {
        let mut taken = Vec::new();
        self.shared.change(|state| taken = std::mem::take(&mut state.messages));
        taken.retain(Message::accepted);
        taken
    }

    /// Forgets the messages so far.
    pub fn clear(&self) {
        self.shared.change(|state| state.messages.clear());
    }

    /// Waits until `count` messages have been accepted and returns them; for tests without a runtime.
    ///
    /// # Panics
    /// When fewer have come `within` the time.
    #[must_use]
    pub fn wait(&self, count: usize, within: Duration) -> Vec<Message> {
        wait(&self.shared, count, within)
    }

    /// Waits until `count` messages have been accepted and returns them, in any async runtime.
    ///
    /// # Panics
    /// When fewer have come `within` the time.
    pub async fn received(&self, count: usize, within: Duration) -> Vec<Message> {
        let shared = Arc::clone(&self.shared);
        crate::off_thread::run(move || wait(&shared, count, within)).await
    }

    /// Waits until there have been `count` connections: for tests of what happens while the sink misbehaves.
    ///
    /// # Panics
    /// When that has not happened `within` the time.
    pub async fn connected(&self, count: usize, within: Duration) {
        let shared = Arc::clone(&self.shared);
        crate::off_thread::run(move || {
            let done = shared.wait_until(within, |state| state.connections >= count);
            let connections = shared.state().connections;
            assert!(done, "{connections} connections within {within:?}, expected {count}");
        })
        .await;
    }
}

fn wait(shared: &Shared, count: usize, within: Duration) -> Vec<Message> {
    let accepted = |state: &State| state.messages.iter().filter(|message| message.accepted()).count();
    let done = shared.wait_until(within, |state| accepted(state) >= count);
    let state = shared.state();
    assert!(
        done,
        "{} messages accepted within {within:?}, expected {count} ({} received, {} connections, {:?})",
        accepted(&state),
        state.messages.len(),
        state.connections,
        state.behaviour
    );
    state.messages.iter().filter(|message| message.accepted()).cloned().collect()
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.change(|state| state.ended = true);
    }
}

fn listen(address: SocketAddr, shared: &Arc<Shared>) {
    let mut listener: Option<TcpListener> = None;
    loop {
        let (ended, wanted) = {
            let state = shared.state();
            (state.ended, state.behaviour != Behaviour::Gone)
        };
        if ended {
            return;
        }
        if wanted != listener.is_some() {
            listener = if wanted { TcpListener::bind(address).ok() } else { None };
            if let Some(listener) = &listener {
                listener.set_nonblocking(true).expect("a socket can be made non-blocking");
            }
            let listening = listener.is_some();
            shared.change(|state| state.listening = listening);
        }
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((stream, _))) => {
                let shared = Arc::clone(shared);
                shared.change(|state| {
                    state.connections += 1;
                    state.open += 1;
                });
                let number = shared.state().connections;
                std::thread::spawn(move || {
                    // A client that goes away is an everyday end of a session.
                    let _ = session::serve(stream, &shared, number);
                    shared.change(|state| state.open -= 1);
                });
            }
            Some(Err(_)) | None => std::thread::sleep(LOOK),
        }
    }
}

/// Whether a session has to end at once.
fn must_close(shared: &Shared) -> bool {
    let state = shared.state();
    state.ended || state.behaviour == Behaviour::Gone
}

/// Holds a session while the behaviour is to stall at `step`; returns when it is another.
fn stall(shared: &Shared, step: Step) {
    let until = Instant::now() + Duration::from_secs(600);
    while Instant::now() < until && shared.state().behaviour == Behaviour::Stall(step) && !must_close(shared)
    {
        shared.wait_until(Duration::from_millis(100), |state| state.behaviour != Behaviour::Stall(step));
    }
}
