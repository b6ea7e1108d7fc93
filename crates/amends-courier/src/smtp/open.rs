//! From a configured server to a session that is ready for envelopes.

use std::fmt::Write as _;

use amends_egress::{Destination, DialError, Door, Verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::offer::Offer;
use super::reply::{Reply, Stage};
use super::server::{Encryption, Login, MailServer};
use super::session::Session;
use super::stream::{Cut, Stream};

/// Why no session could be opened. Every one of these is about the channel, never about a recipient, and none holds
/// a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Connected, then cut.
    #[error("{host}: {why}")]
    Cut {
        /// The server's host.
        host: String,
        /// What happened.
        why: String,
    },
    /// The server said no.
    #[error("{host} refused {what}: {reply}")]
    Refused {
        /// The server's host.
        host: String,
        /// What was asked of it.
        what: &'static str,
        /// Where in the conversation.
        stage: Stage,
        /// Its words.
        reply: Reply,
    },
    /// It cannot do what the configuration asks for.
    #[error("{host} {what}")]
    Unable {
        /// The server's host.
        host: String,
        /// What is missing and what to do.
        what: &'static str,
    },
}

struct Opening<'a> {
    server: &'a MailServer,
    stream: Stream,
}

pub(super) async fn open(door: &Door, server: &MailServer) -> Result<Session, OpenError> {
    let mut wire = door.dial(&Destination::of_operator(&server.host, server.port)).await?;
    if server.encryption == Encryption::FromStart {
        wire = door.secure(wire, &server.host, Verify::Name).await?;
    }
    let mut opening = Opening { server, stream: Stream::new(wire) };
    let greeting = opening.reply().await?;
    opening.expect_positive(greeting, Stage::Greeting, "the connection")?;
    let mut offer = opening.hello().await?;
    if let Some(verify) = opening.upgrade(offer)? {
        let reply = opening.ask("STARTTLS\r\n").await?;
        opening.expect_positive(reply, Stage::StartTls, "STARTTLS")?;
        let wire = opening.stream.into_wire().map_err(|cut| cut_of(server, cut))?;
        let wire = door.secure(wire, &server.host, verify).await?;
        opening = Opening { server, stream: Stream::new(wire) };
        // What was offered in the clear may have been put there by somebody in between.
        offer = opening.hello().await?;
    }
    if let Some(login) = &server.login {
        opening.log_in(login, offer).await?;
    }
    Ok(Session::new(opening.stream, offer, server.patience))
}

fn cut_of(server: &MailServer, cut: Cut) -> OpenError {
    OpenError::Cut { host: server.host.clone(), why: cut.to_string() }
}

impl Opening<'_> {
    fn unable(&self, what: &'static str) -> OpenError {
        OpenError::Unable { host: self.server.host.clone(), what }
    }

    async fn reply(&mut self) -> Result<Reply, OpenError> {
        self.stream.reply(self.server.patience.reply).await.map_err(|cut| cut_of(self.server, cut))
    }

    async fn ask(&mut self, command: &str) -> Result<Reply, OpenError> {
        self.stream
            .send(command.as_bytes(), self.server.patience.reply)
            .await
            .map_err(|cut| cut_of(self.server, cut))?;
        self.reply().await
    }

    fn expect_positive(&self, reply: Reply, stage: Stage, what: &'static str) -> Result<Reply, OpenError> {
        if reply.is_positive() {
            return Ok(reply);
        }
        let reply = self.without_secrets(reply);
        Err(OpenError::Refused { host: self.server.host.clone(), what, stage, reply })
    }

    /// A server may echo what it was sent; what it was sent includes the password.
    fn without_secrets(&self, mut reply: Reply) -> Reply {
        if let Some(login) = &self.server.login {
            let encoded = [STANDARD.encode(login.password.expose()), plain_response(login)];
            for secret in [login.password.expose()].into_iter().chain(encoded.iter().map(String::as_str)) {
                if !secret.is_empty() {
                    reply.text = reply.text.replace(secret, "…");
                }
            }
        }
        reply
    }

    async fn hello(&mut self) -> Result<Offer, OpenError> {
        let name: String = self.server.hello.chars().filter(char::is_ascii_graphic).collect();
        let reply = self.ask(&format!("EHLO {name}\r\n")).await?;
        if matches!(reply.code, 500 | 502 | 504) {
            let reply = self.ask(&format!("HELO {name}\r\n")).await?;
            self.expect_positive(reply, Stage::Hello, "our greeting (HELO)")?;
            return Ok(Offer::default());
        }
        let reply = self.expect_positive(reply, Stage::Hello, "our greeting (EHLO)")?;
        Ok(Offer::read(&reply))
    }

    /// Whether to change to TLS now, and how strictly.
    fn upgrade(&self, offer: Offer) -> Result<Option<Verify>, OpenError> {
        let loopback = self.stream.is_loopback();
        let password_at_risk = self.server.login.is_some() && !loopback;
        match self.server.encryption {
            Encryption::FromStart => Ok(None),
            Encryption::Always if offer.starttls => Ok(Some(Verify::Name)),
            Encryption::Always => {
                Err(self
                    .unable("does not offer STARTTLS, which the configuration requires; nothing was sent"))
            }
            Encryption::WhenOffered if password_at_risk && offer.starttls => Ok(Some(Verify::Name)),
            Encryption::WhenOffered | Encryption::Never if password_at_risk => {
                Err(self.unable("would get the password in plain text; use smtps:// or smtp+starttls://"))
            }
            Encryption::WhenOffered if offer.starttls && !loopback => Ok(Some(Verify::Nobody)),
            Encryption::WhenOffered | Encryption::Never => Ok(None),
        }
    }

    async fn log_in(&mut self, login: &Login, offer: Offer) -> Result<(), OpenError> {
        debug_assert!(self.stream.is_secure() || self.stream.is_loopback());
        let reply = if offer.plain {
            self.ask(&format!("AUTH PLAIN {}\r\n", plain_response(login))).await?
        } else if offer.login {
            let mut reply = self.ask("AUTH LOGIN\r\n").await?;
            for answer in [&login.user, login.password.expose()] {
                if reply.code != 334 {
                    break;
                }
                reply = self.ask(&format!("{}\r\n", STANDARD.encode(answer))).await?;
            }
            reply
        } else {
            return Err(self.unable("offers no way to log in that we know (AUTH PLAIN or LOGIN); remove name and password from the configuration, or use another port"));
        };
        // 334 would be a question without an end.
        if reply.code == 334 {
            return Err(self.unable("asked for something else than name and password"));
        }
        self.expect_positive(reply, Stage::Login, "name and password").map(drop)
    }
}

fn plain_response(login: &Login) -> String {
    let mut raw = String::new();
    // RFC 4616: no authorisation identity, name, password. Writing to a String cannot fail.
    let _ = write!(raw, "\0{}\0{}", login.user, login.password.expose());
    STANDARD.encode(raw)
}
