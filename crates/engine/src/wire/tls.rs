//! TLS as libpq has it: what is verified depends on the mode and on the roots that were given.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{SslMode, SslNegotiation, SslRoots, Target};

/// Why TLS could not even begin on our side.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A certificate or key file cannot be read.
    #[error("read `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A file or the system has no usable root certificate.
    #[error("find a root certificate in {place}")]
    NoRoots {
        /// The file, or the system.
        place: String,
    },
    /// rustls does not take the configuration: a key that does not fit its certificate, …
    #[error("set up TLS")]
    Configuration(#[source] Error),
}

/// All that is needed to speak TLS with one host.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    /// Set where the server did not prove that it has the certificate's key (see [`Verifier`]).
    unproven: Arc<AtomicBool>,
}

impl Tls {
    /// Prepares TLS with a host. The system's certificates are loaded only where they are used.
    pub(super) fn new(target: &Target, host: &str) -> Result<Self, TlsSetupError> {
        let provider = Arc::new(ring::default_provider());
        let unproven = Arc::new(AtomicBool::new(false));
        let verifier = Verifier {
            trust: Trust::new(target, &provider)?,
            algorithms: provider.signature_verification_algorithms,
            unproven: Arc::clone(&unproven),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsSetupError::Configuration)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &target.ssl_identity {
            Some(identity) => {
                let chain = certificates(identity.certificate.as_std_path())?;
                let key = PrivateKeyDer::from_pem_file(&identity.key)
                    .map_err(|source| file_error(identity.key.as_std_path(), source))?;
                builder.with_client_auth_cert(chain, key).map_err(TlsSetupError::Configuration)?
            }
            None => builder.with_no_client_auth(),
        };
        if target.ssl_negotiation == SslNegotiation::Direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        let name = ServerName::try_from(host.to_owned()).unwrap_or_else(|_| {
            // No name that a certificate could hold; it is neither sent nor does it match any.
            config.enable_sni = false;
            ServerName::try_from("invalid.invalid").expect("a well-formed name")
        });
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name, unproven })
    }

    pub(super) async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }

    /// What SCRAM is bound to (RFC 5929, `tls-server-end-point`): the hash of the server's
    /// certificate. `None` where it has none that is defined, or proves nothing.
    pub(super) fn binding(&self, stream: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
        if self.unproven.load(Ordering::Relaxed) {
            return None;
        }
        let certificates = stream.get_ref().1.peer_certificates()?;
        end_point_hash(certificates.first()?)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Checks the server's certificate as far as the mode asks.
///
/// The proof that the server has the certificate's key is checked in any case, because channel
/// binding rests on it. Only where nothing is verified, a certificate that webpki cannot read
/// (X.509 version 1, as old self-made ones are) passes without it, and nothing is bound to it.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
    unproven: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Trust {
    /// Whoever answers.
    Anybody,
    /// Who is vouched for by one of the roots, and is the host that was asked for if `host` says.
    Roots { chain: Arc<WebPkiServerVerifier>, roots: Vec<CertificateDer<'static>>, host: HostCheck },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostCheck {
    Any,
    Named,
}

impl Trust {
    fn new(target: &Target, provider: &Arc<CryptoProvider>) -> Result<Self, TlsSetupError> {
        let host = match target.ssl_mode {
            SslMode::VerifyFull => HostCheck::Named,
            // A root certificate that was given is used in the weaker modes as well.
            SslMode::VerifyCa
            | SslMode::Require
            | SslMode::Prefer
            | SslMode::Allow
            | SslMode::Disable => HostCheck::Any,
        };
        let verifies = matches!(target.ssl_mode, SslMode::VerifyCa | SslMode::VerifyFull);
        let (roots, place) = match &target.ssl_roots {
            SslRoots::File(path) => (certificates(path.as_std_path())?, format!("`{path}`")),
            SslRoots::Unsaid if !verifies => return Ok(Self::Anybody),
            SslRoots::Unsaid | SslRoots::System => (
                rustls_native_certs::load_native_certs().certs,
                "the system's certificate store".to_owned(),
            ),
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        if store.is_empty() {
            return Err(TlsSetupError::NoRoots { place });
        }
        let chain =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                .build()
                .map_err(|error| TlsSetupError::Configuration(Error::General(error.to_string())))?;
        Ok(Self::Roots { chain, roots, host })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Roots { chain, roots, host } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        // A self-made certificate is often its own root. webpki refuses one in that place (it
        // says that it is an authority), OpenSSL and so libpq do not.
        if roots.iter().any(|root| root == end_entity) {
            if *host == HostCheck::Named {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&certificate, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        let verdict =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // The name is the last thing looked at, so the chain itself is good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if *host == HostCheck::Any => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.unless_nothing_is_verified(rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.unless_nothing_is_verified(rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    fn unless_nothing_is_verified(
        &self,
        verdict: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match (&self.trust, verdict) {
            (Trust::Anybody, Err(_)) => {
                self.unproven.store(true, Ordering::Relaxed);
                Ok(HandshakeSignatureValid::assertion())
            }
            (_, verdict) => verdict,
        }
    }
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| file_error(path, source))
}

fn file_error(path: &std::path::Path, source: pem::Error) -> TlsSetupError {
    TlsSetupError::File { path: path.to_owned(), source }
}

/// Hashes a certificate with the hash of its own signature, MD5 and SHA-1 raised to SHA-256.
fn end_point_hash(certificate: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Reads which hash signed a certificate: `SEQUENCE { tbs, SEQUENCE { algorithm, parameters }, … }`.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (oid, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    if let Some(kind) = oid.strip_prefix(PKCS1) {
        return match kind {
            [0x04 | 0x05 | 0x0b] => Some(Hash::Sha256),
            [0x0c] => Some(Hash::Sha384),
            [0x0d] => Some(Hash::Sha512),
            [0x0e] => Some(Hash::Sha224),
            [0x0a] => pss_hash(parameters),
            _ => None,
        };
    }
    match oid.strip_prefix(ECDSA)? {
        [0x01] | [0x03, 0x02] => Some(Hash::Sha256),
        [0x03, 0x01] => Some(Hash::Sha224),
        [0x03, 0x03] => Some(Hash::Sha384),
        [0x03, 0x04] => Some(Hash::Sha512),
        _ => None,
    }
}

/// RSASSA-PSS names its hash in its parameters: `SEQUENCE { [0] { SEQUENCE { hash } }, … }`;
/// SHA-1, which is raised, where it does not.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let (parameters, _) = element(parameters, SEQUENCE)?;
    let Some((hash, _)) = element(parameters, CONTEXT_0) else { return Some(Hash::Sha256) };
    let (hash, _) = element(hash, SEQUENCE)?;
    let (oid, _) = element(hash, OBJECT_IDENTIFIER)?;
    match oid.strip_prefix(SHA2)? {
        [0x01] => Some(Hash::Sha256),
        [0x02] => Some(Hash::Sha384),
        [0x03] => Some(Hash::Sha512),
        [0x04] => Some(Hash::Sha224),
        _ => None,
    }
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// Reads one DER element of that tag: its content and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[first, length], rest) = der.split_first_chunk::<2>()?;
    if first != tag {
        return None;
    }
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let fits = (1..=4).contains(&bytes.len());
        let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        (fits.then_some(length)?, rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
