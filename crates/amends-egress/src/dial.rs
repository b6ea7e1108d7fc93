//! Dialling: from a name and a port to a connection, with every limit set.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls as tls;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::dns::{LookupError, Names};
use crate::policy::{AddressPolicy, Refusal, Trust, refused_name};
use crate::target::Target;
use crate::tls::{Tls, Verify};

/// Where to, and who said so.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Host name or address literal (IPv6 without brackets).
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who chose it.
    pub trust: Trust,
}

impl Destination {
    /// A destination from the configuration.
    pub fn of_operator(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, trust: Trust::Operator }
    }
}

/// Why there is no connection, in words for the operator. Never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// DNS has no such name, or no address for it.
    #[error("the name {0} has no address; check the spelling and your DNS")]
    UnknownName(String),
    /// DNS itself does not answer.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The address policy forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody accepted the connection.
    #[error("cannot connect to {host} port {port}: {why}")]
    Connect {
        /// As configured.
        host: String,
        /// TCP port.
        port: u16,
        /// The operating system's words.
        why: String,
    },
    /// Nobody answered in time.
    #[error("{host} port {port} did not answer within {seconds} s")]
    TimedOut {
        /// As configured.
        host: String,
        /// TCP port.
        port: u16,
        /// The limit that ran out.
        seconds: u64,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// As configured.
        host: String,
        /// What the handshake said.
        why: String,
    },
    /// The configured certificate authorities cannot be read.
    #[error("the configured certificate authorities cannot be used: {0}")]
    Authority(String),
}

/// How the door is set up. [`Default`] is right for most installations.
#[derive(Debug, Clone)]
pub struct DoorConfig {
    /// What visitors' destinations may be.
    pub policy: AddressPolicy,
    /// PEM text of further certificate authorities to trust.
    pub extra_ca: Option<Vec<u8>>,
    /// DNS server to ask instead of the system's.
    pub resolver: Option<SocketAddr>,
    /// Limit for all of: name, connection. A TLS handshake has the same limit again.
    pub connect_within: Duration,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            policy: AddressPolicy::default(),
            extra_ca: None,
            resolver: None,
            connect_within: Duration::from_secs(10),
        }
    }
}

/// The one door to the outside. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    policy: AddressPolicy,
    names: Option<Names>,
    connect_within: Duration,
    tls: Tls,
}

/// Addresses tried for one name before giving up.
const ADDRESSES_TRIED: usize = 4;

impl Door {
    /// Reads certificates; opens nothing yet.
    ///
    /// # Errors
    /// When the further authorities cannot be read.
    pub fn new(config: DoorConfig) -> Result<Self, DialError> {
        Ok(Self {
            policy: config.policy,
            names: config.resolver.map(Names::at).transpose()?,
            connect_within: config.connect_within,
            tls: Tls::new(config.extra_ca.as_deref())?,
        })
    }

    /// Judges a target before DNS is asked.
    ///
    /// # Errors
    /// The [`Refusal`].
    pub fn vet_target(&self, target: &Target, trust: Trust) -> Result<(), Refusal> {
        self.policy.vet_target(target, trust)
    }

    /// Resolves, judges and connects. `TCP_NODELAY` is set: what speaks here writes whole groups of commands, and
    /// waiting for an acknowledgement of the last one costs up to 40 ms each time.
    ///
    /// # Errors
    /// [`DialError`] in plain words.
    pub async fn dial(&self, to: &Destination) -> Result<Wire, DialError> {
        let late = || DialError::TimedOut {
            host: to.host.clone(),
            port: to.port,
            seconds: self.connect_within.as_secs(),
        };
        timeout(self.connect_within, self.dial_without_limit(to)).await.map_err(|_| late())?
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one door to the outside")]
    async fn dial_without_limit(&self, to: &Destination) -> Result<Wire, DialError> {
        let addresses = self.resolve(to).await?;
        self.policy.vet(&to.host, to.port, &addresses, to.trust)?;
        let share = self.connect_within / u32::try_from(addresses.len().min(ADDRESSES_TRIED)).unwrap_or(1);
        let mut why = String::from("no address");
        for ip in addresses.iter().take(ADDRESSES_TRIED) {
            match timeout(share, TcpStream::connect((*ip, to.port))).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).ok();
                    return Ok(Wire::Plain(stream));
                }
                Ok(Err(e)) => why = plain_words(&e),
                Err(_) => why = "no answer".into(),
            }
        }
        Err(DialError::Connect { host: to.host.clone(), port: to.port, why })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one door to the outside")]
    async fn resolve(&self, to: &Destination) -> Result<Vec<IpAddr>, DialError> {
        if let Ok(ip) = to.host.parse::<IpAddr>() {
            return Ok(vec![ip]);
        }
        if to.trust == Trust::Visitor {
            // Refused before DNS is asked: a look-up already tells the owner of the zone something.
            if !self.policy.lists(&to.host, to.port)
                && let Some(why) = refused_name(&to.host)
            {
                return Err(Refusal::new(&to.host, why).into());
            }
        }
        if let Some(names) = &self.names {
            return Ok(names.addresses(&to.host).await?);
        }
        let found = tokio::net::lookup_host((to.host.as_str(), to.port))
            .await
            .map_err(|_| DialError::UnknownName(to.host.clone()))?;
        Ok(found.map(|a| a.ip()).collect())
    }

    /// Wraps an open connection in TLS. `host` is the name that the certificate must carry.
    ///
    /// # Errors
    /// [`DialError::Tls`] when the handshake fails, the certificate is not for `host`, or time runs out.
    pub async fn secure(&self, wire: Wire, host: &str, verify: Verify) -> Result<Wire, DialError> {
        let failed = |why: String| DialError::Tls { host: host.to_owned(), why };
        let Wire::Plain(stream) = wire else {
            return Err(failed("the connection is encrypted already".into()));
        };
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| failed("it is not a host name".into()))?;
        match timeout(self.connect_within, self.tls.connector(verify).connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Wire::Secure(Box::new(stream))),
            Ok(Err(e)) => Err(failed(tls_words(&e))),
            Err(_) => Err(failed(format!("no answer within {} s", self.connect_within.as_secs()))),
        }
    }
}

fn plain_words(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there (connection refused)".into(),
        io::ErrorKind::HostUnreachable => "the host cannot be reached from here".into(),
        io::ErrorKind::NetworkUnreachable => "the network cannot be reached from here".into(),
        _ => e.to_string(),
    }
}

fn tls_words(e: &io::Error) -> String {
    let inner = e.get_ref().and_then(|inner| inner.downcast_ref::<tls::Error>());
    let Some(tls::Error::InvalidCertificate(why)) = inner else {
        return e.to_string();
    };
    use tls::CertificateError as C;
    match why {
        C::UnknownIssuer => {
            "its certificate is not from an authority that this machine knows (a company's own can be configured)".into()
        }
        C::Expired | C::ExpiredContext { .. } => "its certificate has expired".into(),
        C::NotValidForName | C::NotValidForNameContext { .. } => "its certificate is for another name".into(),
        other => format!("its certificate is not valid: {other}"),
    }
}

/// An open connection, plain or encrypted.
#[derive(Debug)]
pub enum Wire {
    /// As dialled.
    Plain(TcpStream),
    /// After [`Door::secure`].
    Secure(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        matches!(self, Wire::Secure(_))
    }

    /// The address that was dialled, if the connection still has one.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            Wire::Plain(s) => s.peer_addr().ok(),
            Wire::Secure(s) => s.get_ref().0.peer_addr().ok(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Wire::Secure(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Wire::Secure(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(s) => Pin::new(s).poll_flush(cx),
            Wire::Secure(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Wire::Secure(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn door() -> Door {
        Door::new(DoorConfig { connect_within: Duration::from_secs(2), ..DoorConfig::default() }).unwrap()
    }

    #[tokio::test]
    async fn an_operators_loopback_is_dialled_and_a_visitors_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut wire = door().dial(&Destination::of_operator("127.0.0.1", port)).await.unwrap();
        let (mut other, _) = listener.accept().await.unwrap();
        wire.write_all(b"hi").await.unwrap();
        let mut got = [0; 2];
        other.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"hi");

        for host in ["127.0.0.1", "localhost", "::1"] {
            let to = Destination { host: host.into(), port, trust: Trust::Visitor };
            let e = door().dial(&to).await.unwrap_err();
            assert!(matches!(e, DialError::Refused(_)), "{host}: {e}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_told_in_plain_words() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let e = door().dial(&Destination::of_operator("127.0.0.1", port)).await.unwrap_err();
        assert_eq!(
            e.to_string(),
            format!("cannot connect to 127.0.0.1 port {port}: nothing listens there (connection refused)")
        );
    }

    #[tokio::test]
    async fn a_stranger_s_certificate_is_refused_unless_nobody_is_verified() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(
            tokio_rustls::rustls::crypto::ring::default_provider().into(),
        )
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.der().clone()],
            tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der())
                .unwrap(),
        )
        .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = Destination::of_operator("127.0.0.1", listener.local_addr().unwrap().port());
        let server = tokio::spawn(async move {
            for _ in 0..4 {
                let (s, _) = listener.accept().await.unwrap();
                let _ = acceptor.accept(s).await;
            }
        });
        let trusting = |extra_ca| Door::new(DoorConfig { extra_ca, ..DoorConfig::default() }).unwrap();

        let d = trusting(None);
        let e = d.secure(d.dial(&to).await.unwrap(), "localhost", Verify::Name).await.unwrap_err();
        assert!(e.to_string().contains("not from an authority"), "{e}");
        assert!(d.secure(d.dial(&to).await.unwrap(), "localhost", Verify::Nobody).await.unwrap().is_secure());

        let d = trusting(Some(made.cert.pem().into_bytes()));
        assert!(d.secure(d.dial(&to).await.unwrap(), "localhost", Verify::Name).await.is_ok());
        let e = d.secure(d.dial(&to).await.unwrap(), "other.example", Verify::Name).await.unwrap_err();
        assert!(e.to_string().contains("another name"), "{e}");
        server.await.unwrap();
        assert!(
            Door::new(DoorConfig { extra_ca: Some(b"nothing".to_vec()), ..DoorConfig::default() }).is_err()
        );
    }
}
