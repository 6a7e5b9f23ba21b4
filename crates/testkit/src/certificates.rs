//! Certificates for servers of tests.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::Settings;

/// An authority of a test's own, which signs certificates of servers.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

/// The certificate of a server, and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    ///
    /// When there is no randomness for its key.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("make a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no name is a good name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Whimbrel's tests");
        let root = params.self_signed(&key).expect("sign ourselves").pem();
        Self { issuer: Issuer::new(params, key), root }
    }

    /// Its own certificate, PEM.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Signs a certificate for a host's name or address, which ends at the beginning of a year.
    ///
    /// # Panics
    ///
    /// When the name is none.
    pub fn sign(&self, host: &str, ends: i32) -> Certificate {
        let key = KeyPair::generate().expect("make a key");
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a good name");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(ends, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("sign a certificate");
        Certificate { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// With TLS, and a certificate to show.
    #[must_use]
    pub fn with_tls(self, shown: &Certificate) -> Self {
        self.with("ssl", "on")
            .with_file("server.crt", shown.certificate.as_str())
            .with_file("server.key", shown.key.as_str())
    }
}
