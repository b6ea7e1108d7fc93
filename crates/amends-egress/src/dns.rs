//! DNS look-ups. A name without the asked records is an empty list, not an error: only silence is an error.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

/// DNS did not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("DNS gave no answer for {name}: {why}")]
pub struct LookupError {
    name: String,
    why: String,
}

/// Asks DNS. Cheap to clone; keeps a small cache as DNS allows.
#[derive(Clone)]
pub struct Names(Arc<TokioResolver>);

impl Names {
    /// Asks the servers that this machine is set up with.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn of_system() -> Result<Self, LookupError> {
        let builder = TokioResolver::builder_tokio().map_err(|e| broken(&e))?;
        Self::build(builder)
    }

    /// Asks one server at the given address, over UDP and, for long answers, TCP.
    ///
    /// # Errors
    /// When the resolver cannot be set up.
    pub fn at(server: SocketAddr) -> Result<Self, LookupError> {
        let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
        (udp.port, tcp.port) = (server.port(), server.port());
        let server = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        Self::build(Resolver::builder_with_config(config, TokioRuntimeProvider::default()))
    }

    fn build(
        mut builder: hickory_resolver::ResolverBuilder<TokioRuntimeProvider>,
    ) -> Result<Self, LookupError> {
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(3);
        options.attempts = 2;
        Ok(Self(Arc::new(builder.build().map_err(|e| broken(&e))?)))
    }

    /// TXT records, the parts of each joined; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// [`LookupError`] when DNS does not answer.
    pub async fn txt(&self, name: &str) -> Result<Vec<String>, LookupError> {
        self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        })
        .await
    }

    /// Mail exchangers, the preferred one first. RFC 7505's "no mail" is the single name `.`.
    ///
    /// # Errors
    /// [`LookupError`] when DNS does not answer.
    pub async fn mx(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let mut found = self
            .ask(name, RecordType::MX, |data| match data {
                RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
                _ => None,
            })
            .await?;
        found.sort();
        Ok(found.into_iter().map(|(_, name)| name).collect())
    }

    /// A and AAAA records.
    ///
    /// # Errors
    /// [`LookupError`] when DNS does not answer.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        let v4 = self.ask(name, RecordType::A, |data| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            _ => None,
        });
        let v6 = self.ask(name, RecordType::AAAA, |data| match data {
            RData::AAAA(a) => Some(IpAddr::V6(a.0)),
            _ => None,
        });
        let (v4, v6) = tokio::join!(v4, v6);
        let mut found = v4?;
        found.extend(v6?);
        Ok(found)
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, LookupError> {
        // Always from the root: a search list of the machine must not answer for somebody else's domain.
        let full = format!("{}.", name.trim_end_matches('.'));
        match self.0.lookup(full.as_str(), kind).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|r| pick(&r.data)).collect()),
            Err(e) if e.is_no_records_found() => Ok(Vec::new()),
            Err(e) => Err(LookupError { name: name.to_owned(), why: e.to_string() }),
        }
    }
}

fn broken(e: &impl ToString) -> LookupError {
    LookupError { name: "this machine".into(), why: e.to_string() }
}
