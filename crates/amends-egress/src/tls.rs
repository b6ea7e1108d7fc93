//! TLS for outgoing connections: rustls with ring, the machine's certificates, or the built-in list when it has none.

use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::dial::DialError;

/// How the other side's certificate is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// The certificate must be valid for the name. The only choice when a password or a secret will be sent.
    Name,
    /// Encrypt without knowing to whom (RFC 7435): better than plain text where plain text would be accepted too,
    /// such as a mail relay in one's own network that shows a self-made certificate.
    Nobody,
}

#[derive(Clone)]
pub(crate) struct Tls {
    by_name: Arc<ClientConfig>,
    to_anybody: Arc<ClientConfig>,
}

impl Tls {
    /// `extra_ca`: PEM text with further certificate authorities, such as a company's own.
    pub(crate) fn new(extra_ca: Option<&[u8]>) -> Result<Self, DialError> {
        let mut roots = RootCertStore::empty();
        // A machine without a certificate store (a bare container) is not an error: the built-in list serves.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(pem) = extra_ca {
            let mut found = 0;
            for cert in CertificateDer::pem_slice_iter(pem) {
                let cert = cert.map_err(|e| DialError::Authority(e.to_string()))?;
                roots.add(cert).map_err(|e| DialError::Authority(e.to_string()))?;
                found += 1;
            }
            if found == 0 {
                return Err(DialError::Authority("there is no certificate in it".into()));
            }
        }
        let provider = Arc::new(ring::default_provider());
        let start = || {
            ClientConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|e| DialError::Authority(e.to_string()))
        };
        let by_name = start()?.with_root_certificates(roots).with_no_client_auth();
        let to_anybody = start()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider.clone())))
            .with_no_client_auth();
        Ok(Self { by_name: Arc::new(by_name), to_anybody: Arc::new(to_anybody) })
    }

    pub(crate) fn connector(&self, verify: Verify) -> TlsConnector {
        TlsConnector::from(match verify {
            Verify::Name => self.by_name.clone(),
            Verify::Nobody => self.to_anybody.clone(),
        })
    }
}

/// Accepts any certificate, but still checks that the other side holds its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
