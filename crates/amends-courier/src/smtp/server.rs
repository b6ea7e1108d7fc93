//! The mail server as it is configured.

use std::fmt;
use std::time::Duration;

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// STARTTLS when the server offers it, plain text otherwise; with a password it must be offered and the
    /// certificate must be right, except on loopback. Right for a relay in one's own network.
    WhenOffered,
    /// STARTTLS or nothing, with a valid certificate.
    Always,
    /// TLS from the first byte, with a valid certificate (port 465).
    FromStart,
    /// Never.
    Never,
}

/// A password or key that must not reach a log. Deliberately without `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; only for the wire.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Name and password for `AUTH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: Secret,
}

/// How long to wait. All are for the whole of one reply, so a server that drips bytes gains nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the greeting and each command.
    pub reply: Duration,
    /// For the reply to the end of a message. Longer, because giving up here may mean a second copy.
    pub end_of_data: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { reply: Duration::from_secs(60), end_of_data: Duration::from_secs(300) }
    }
}

/// A mail server that takes our mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Encryption.
    pub encryption: Encryption,
    /// Name and password, if it wants them.
    pub login: Option<Login>,
    /// Our own name for `EHLO`: a host name, or an address in brackets.
    pub hello: String,
    /// How many connections at once at most.
    pub connections: usize,
    /// Time limits.
    pub patience: Patience,
}

impl MailServer {
    /// Reads `smtp://[user:password@]host[:port]`, `smtps://…` (TLS from the start) or `smtp+starttls://…` (STARTTLS
    /// required). The port defaults to 465 for `smtps`, else to 587 with a login and 25 without. Name and password
    /// are percent-encoded.
    ///
    /// # Errors
    /// What is wrong, without repeating the address, because it may hold the password.
    pub fn from_url(url: &str, hello: &str) -> Result<Self, String> {
        let (scheme, rest) =
            url.split_once("://").ok_or("write it as smtp://host:port, smtps://… or smtp+starttls://…")?;
        let encryption = match scheme {
            "smtp" => Encryption::WhenOffered,
            "smtps" => Encryption::FromStart,
            "smtp+starttls" => Encryption::Always,
            _ => return Err("it must begin with smtp://, smtps:// or smtp+starttls://".into()),
        };
        let rest = rest.trim_end_matches('/');
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, rest),
        };
        let login = match credentials {
            None => None,
            Some(c) => {
                let (user, password) =
                    c.split_once(':').ok_or("the name before @ has no password (user:password@)")?;
                Some(Login { user: decoded(user)?, password: Secret(decoded(password)?) })
            }
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner.split_once(']').ok_or("the address in [ ] is not closed")?;
                (host, after.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
            return Err("the host is missing or holds a character that no host name has".into());
        }
        let port = match port {
            Some(p) => p.parse().map_err(|_| "the port is not a number from 1 to 65535")?,
            None if encryption == Encryption::FromStart => 465,
            None if login.is_some() => 587,
            None => 25,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            encryption,
            login,
            hello: hello.to_owned(),
            connections: 4,
            patience: Patience::default(),
        })
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let pair = [bytes.next(), bytes.next()].map(|d| d.and_then(|d| (d as char).to_digit(16)));
        match pair {
            [Some(high), Some(low)] => out.push((high * 16 + low) as u8),
            _ => return Err("a % in name or password must be written %25".into()),
        }
    }
    String::from_utf8(out).map_err(|_| "name or password is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_servers_are_read() {
        let read = |url| MailServer::from_url(url, "status.acme.example");
        let s = read("smtp://127.0.0.1:2525").unwrap();
        assert_eq!(
            (s.host.as_str(), s.port, s.encryption, s.login),
            ("127.0.0.1", 2525, Encryption::WhenOffered, None)
        );
        let s = read("smtps://ada:p%40ss%3A%25@mail.acme.example/").unwrap();
        assert_eq!((s.port, s.encryption), (465, Encryption::FromStart));
        assert_eq!(s.login.unwrap(), Login { user: "ada".into(), password: Secret::new("p@ss:%") });
        let s = read("smtp+starttls://a:b@[2001:db8::1]:2500").unwrap();
        assert_eq!((s.host.as_str(), s.port, s.encryption), ("2001:db8::1", 2500, Encryption::Always));
        assert_eq!(read("smtp://a:b@h").unwrap().port, 587);
        assert_eq!(read("smtp://h").unwrap().port, 25);
        for wrong in [
            "mail.acme.example",
            "http://h",
            "smtp://",
            "smtp://a@h",
            "smtp://h:99999",
            "smtp://a:%4@h",
            "smtp://[::1",
        ] {
            let said = read(wrong).unwrap_err();
            assert!(!said.contains("a:"), "{said}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let s = MailServer::from_url("smtp://ada:hunter2@h", "x").unwrap();
        assert!(!format!("{s:?}").contains("hunter2"));
    }
}
