//! One small text from an https address of the operator's choosing: no redirects, no proxies, a limit for size and time.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::dial::{Destination, DialError, Door};
use crate::tls::Verify;

/// Limit for everything after the connection.
const WITHIN: Duration = Duration::from_secs(15);
/// Most bytes of the header of an answer.
const HEADER: usize = 16 * 1024;

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be used.
    #[error("the address is not https://host/path")]
    Address,
    /// No connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection broke, or took too long.
    #[error("{0} did not send a whole answer in time")]
    Broken(String),
    /// The answer is not what was asked for.
    #[error("{host} answered {status}")]
    Status {
        /// Whom.
        host: String,
        /// HTTP status, or 0 for no HTTP at all.
        status: u16,
    },
}

impl Door {
    /// Gets a text of at most `limit` bytes.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, url: &str, limit: usize) -> Result<String, FetchError> {
        let rest = url.strip_prefix("https://").ok_or(FetchError::Address)?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        if host.is_empty() || !host.chars().all(plain) || url.contains(|c: char| c.is_control() || c == ' ') {
            return Err(FetchError::Address);
        }
        let path = if path.is_empty() { "/" } else { path };
        let wire = self.dial(&Destination::of_operator(host, 443)).await?;
        let mut wire = self.secure(wire, host, Verify::Name).await?;
        // HTTP/1.0: the answer ends with the connection, and comes in one piece.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
        let exchange = async {
            wire.write_all(request.as_bytes()).await?;
            wire.flush().await?;
            let mut answer = Vec::new();
            (&mut wire).take((limit + HEADER) as u64).read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let broken = || FetchError::Broken(host.to_owned());
        let answer = timeout(WITHIN, exchange).await.map_err(|_| broken())?.map_err(|_| broken())?;
        read(host, &answer, limit)
    }
}

/// The body of an answer.
fn read(host: &str, answer: &[u8], limit: usize) -> Result<String, FetchError> {
    let text = String::from_utf8_lossy(answer);
    let status =
        text.strip_prefix("HTTP/1.").and_then(|t| t.get(2..5)).and_then(|s| s.parse().ok()).unwrap_or(0);
    match text.split_once("\r\n\r\n") {
        Some((_, body)) if status == 200 && body.len() <= limit => Ok(body.to_owned()),
        Some(_) if status == 200 => Err(FetchError::Broken(host.to_owned())),
        _ => Err(FetchError::Status { host: host.to_owned(), status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_whole_https_addresses_are_fetched() {
        let door = Door::new(crate::DoorConfig::default()).unwrap();
        for wrong in
            ["http://a.example/", "https://", "https://a@b/", "https://a:1/", "https://a.b/\r\nX: y", "a"]
        {
            assert!(matches!(door.fetch(wrong, 10).await, Err(FetchError::Address)), "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_with_care() {
        let of = |answer: &str| read("h", answer.as_bytes(), 5);
        assert_eq!(of("HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello").unwrap(), "hello");
        assert!(matches!(of("HTTP/1.1 200 OK\r\n\r\nhello!"), Err(FetchError::Broken(_))), "too long");
        assert!(matches!(of("HTTP/1.1 302 Found\r\n\r\n"), Err(FetchError::Status { status: 302, .. })));
        assert!(matches!(of("SSH-2.0"), Err(FetchError::Status { status: 0, .. })));
        assert!(matches!(of("HTTP/1.1 200 OK\r\n"), Err(FetchError::Status { status: 200, .. })), "cut off");
    }
}
