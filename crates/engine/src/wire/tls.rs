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
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate;
use super::way::{Security, Verified};
use crate::{Host, Sni, SslMode, SslNegotiation, SslRoots, SslVersions, Target};

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
    /// Others than its owner may read the key.
    #[error("the key `{path}` may be read by others (mode {mode:04o})")]
    KeyPermissions {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
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
    verified: Verified,
    /// The authorities that are trusted, in words.
    roots: Option<String>,
}

/// The versions that are spoken, the newest first.
static BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Speaks TLS with a host of the web, whose certificate the system's authorities must have signed.
pub(crate) async fn handshake(
    host: &str,
    port: u16,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let host = Host::tcp(host, port);
    let target = Target {
        ssl_mode: SslMode::VerifyFull,
        ssl_roots: SslRoots::System,
        ..Target::socket("", 0, "", "")
    };
    Tls::new(&target, &host).map_err(io::Error::other)?.handshake(stream).await
}

impl Tls {
    /// Prepares TLS with a host. The system's certificates are loaded only where they are used.
    pub(super) fn new(target: &Target, host: &Host) -> Result<Self, TlsSetupError> {
        let provider = Arc::new(ring::default_provider());
        let unproven = Arc::new(AtomicBool::new(false));
        let verifier = Verifier {
            trust: Trust::new(target, host, &provider)?,
            algorithms: provider.signature_verification_algorithms,
            unproven: Arc::clone(&unproven),
        };
        let (how_far, roots) = verifier.trust.described();
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(match target.ssl_versions {
                SslVersions::Both => BOTH,
                SslVersions::Only12 => &BOTH[1..],
                SslVersions::Only13 => &BOTH[..1],
            })
            .map_err(TlsSetupError::Configuration)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &target.ssl_identity {
            Some(identity) => {
                let chain = certificates(identity.certificate.as_std_path())?;
                check_key_file(identity.key.as_std_path())?;
                let key = PrivateKeyDer::from_pem_file(&identity.key)
                    .map_err(|source| file_error(identity.key.as_std_path(), source))?;
                builder.with_client_auth_cert(chain, key).map_err(TlsSetupError::Configuration)?
            }
            None => builder.with_no_client_auth(),
        };
        if target.ssl_negotiation == SslNegotiation::Direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        if target.ssl_sni == Sni::Withheld {
            config.enable_sni = false;
        }
        let named = match host {
            Host::Tcp { host, .. } => host.clone(),
            Host::Socket { folder, .. } => folder.to_string(),
        };
        let name = ServerName::try_from(named).unwrap_or_else(|_| {
            // No name that a certificate could hold; it is neither sent nor does it match any.
            config.enable_sni = false;
            ServerName::try_from("invalid.invalid").expect("a well-formed name")
        });
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Self { connector, name, unproven, verified: how_far, roots })
    }

    /// What was agreed on.
    pub(super) fn security(&self, stream: &TlsStream<TcpStream>) -> Security {
        let (_, connection) = stream.get_ref();
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        Security {
            version: match connection.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS",
            },
            verified: self.verified,
            roots: self.roots.clone(),
            expires: certificate.and_then(|certificate| certificate::expires(certificate)),
        }
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
        certificate::end_point_hash(certificates.first()?)
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
    Roots {
        chain: Arc<WebPkiServerVerifier>,
        roots: Vec<CertificateDer<'static>>,
        host: HostCheck,
        place: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostCheck {
    Any,
    Named,
}

impl Trust {
    fn new(
        target: &Target,
        server: &Host,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsSetupError> {
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
            SslRoots::Unsaid if server.kind().is_supabase() => {
                (supabase_roots()?, "Supabase's own authority".to_owned())
            }
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
        Ok(Self::Roots { chain, roots, host, place })
    }

    /// What it verifies, and by whose word.
    fn described(&self) -> (Verified, Option<String>) {
        match self {
            Self::Anybody => (Verified::Not, None),
            Self::Roots { host: HostCheck::Any, place, .. } => {
                (Verified::Authority, Some(place.clone()))
            }
            Self::Roots { host: HostCheck::Named, place, .. } => {
                (Verified::Host, Some(place.clone()))
            }
        }
    }
}

/// The authorities that sign the certificates of Supabase's servers: see `tls/roots/README.md`.
const SUPABASE_ROOTS: [&str; 2] =
    [include_str!("tls/roots/supabase-2021.crt"), include_str!("tls/roots/supabase-2025.crt")];

fn supabase_roots() -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let root = |text: &str| CertificateDer::from_pem_slice(text.as_bytes());
    let roots: Result<_, _> = SUPABASE_ROOTS.into_iter().map(root).collect();
    roots.map_err(|source| file_error(std::path::Path::new("Supabase's roots"), source))
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
        let Trust::Roots { chain, roots, host, .. } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        // A self-made certificate is often its own root. webpki refuses one in that place (it
        // says that it is an authority), OpenSSL and so libpq do not.
        if roots.iter().any(|root| root == end_entity) {
            if *host == HostCheck::Named {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                let verdict = rustls::client::verify_server_name(&certificate, server_name);
                if !certificate::is_of(end_entity, server_name) {
                    verdict?;
                }
            }
            return Ok(ServerCertVerified::assertion());
        }
        let verdict =
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verdict {
            // The name is the last thing looked at, so the chain itself is good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if *host == HostCheck::Any || certificate::is_of(end_entity, server_name) => {
                Ok(ServerCertVerified::assertion())
            }
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

/// Refuses a key that others may read, as libpq does: it belongs to us and to nobody else, or to
/// root and a group of its choice.
#[cfg(unix)]
fn check_key_file(path: &std::path::Path) -> Result<(), TlsSetupError> {
    use std::os::unix::fs::MetadataExt;
    // That it cannot be looked at is said when it is read.
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(()) };
    let foreign = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    let mode = metadata.mode() & 0o7777;
    if mode & foreign == 0 {
        return Ok(());
    }
    Err(TlsSetupError::KeyPermissions { path: path.to_owned(), mode })
}

#[cfg(not(unix))]
fn check_key_file(_path: &std::path::Path) -> Result<(), TlsSetupError> {
    Ok(())
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| file_error(path, source))
}

fn file_error(path: &std::path::Path, source: pem::Error) -> TlsSetupError {
    TlsSetupError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
