//! Whom we believe: roots, names, times, and how we are asked who we are.

use whimbrel_engine::wire::{CertificateFault, Verified};
use whimbrel_engine::{RequireAuth, SslRoots, SslVersions};
use whimbrel_testkit::{Authority, Settings};

use super::place::PASSWORD;
use super::*;

/// A server whose certificate a test made, by TCP; and the authority's file.
struct Made {
    _server: Server,
    folder: tempfile::TempDir,
    target: Target,
}

impl Made {
    async fn new(name: &str, ends: i32) -> Self {
        let authority = Authority::new();
        let settings = Settings::new().on_loopback().with_tls(&authority.sign(name, ends));
        let server = Server::private(MAJOR, &settings).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.crt"), authority.root()).unwrap();
        let target = server.over_tcp(&server.master().database);
        Self { _server: server, folder, target }
    }

    fn roots(&self) -> SslRoots {
        SslRoots::File(self.folder.path().join("root.crt").try_into().unwrap())
    }

    /// The same under another name, without looking it up.
    fn named(&self, name: &str) -> Target {
        let address = Some([127, 0, 0, 1].into());
        let port = self.target.hosts[0].port();
        let hosts = vec![Host::Tcp { host: name.to_owned(), address, port }];
        Target { hosts, ..self.target.clone() }
    }
}

fn fault(error: &ConnectError) -> CertificateFault {
    match &error.last().cause {
        ConnectCause::Tls(error) => CertificateFault::of(error),
        _ => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_is_refused_and_called_so() {
    let made = Made::new("127.0.0.1", 2020).await;
    for ssl_mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        let target = Target { ssl_mode, ssl_roots: made.roots(), ..made.target.clone() };
        let error = refused(&target).await;
        assert_eq!(fault(&error), CertificateFault::Expired, "{ssl_mode}");
        assert!(error.hint().unwrap().contains("new certificate"), "{:?}", error.hint());
    }
    // Whoever does not verify does not notice, but for whom he asks.
    let session = accepted(&Target { ssl_mode: SslMode::Require, ..made.target.clone() }).await;
    let security = session.way().security.clone().unwrap();
    assert_eq!(security.verified, Verified::Not);
    assert_eq!(security.expires.as_deref(), Some("2020-01-01T00:00:00Z"));
}

#[tokio::test]
async fn a_given_address_is_dialled_and_the_name_is_verified() {
    let made = Made::new("db.example", 2060).await;
    let with = |target| Target { ssl_mode: SslMode::VerifyFull, ssl_roots: made.roots(), ..target };
    let session = accepted(&with(made.named("db.example"))).await;
    let way = session.way();
    assert_eq!(way.address, Some([127, 0, 0, 1].into()));
    let security = way.security.as_ref().unwrap();
    assert_eq!(security.verified, Verified::Host);
    assert_eq!(security.expires.as_deref(), Some("2060-01-01T00:00:00Z"));
    let error = refused(&with(made.named("other.example"))).await;
    assert_eq!(fault(&error), CertificateFault::OtherHost);
}

#[tokio::test]
async fn supabases_hosts_are_held_against_its_own_roots() {
    let host = "db.abcdefghijklmnopqrst.supabase.co";
    let made = Made::new(host, 2060).await;
    let port = made.target.hosts[0].port();
    let database = &made.target.database;
    let url = format!("postgres://postgres@{host}:{port}/{database}?hostaddr=127.0.0.1");
    let read = |more: &str| Target::parse(&format!("{url}{more}"), &|_| None).unwrap();
    let error = refused(&read("")).await;
    assert_eq!(fault(&error), CertificateFault::UnknownAuthority);
    let session = accepted(&read("&sslmode=require")).await;
    assert_eq!(session.way().security.as_ref().unwrap().verified, Verified::Not);
    let SslRoots::File(file) = made.roots() else { unreachable!() };
    accepted(&read(&format!("&sslmode=verify-full&sslrootcert={file}"))).await;
}

#[tokio::test]
async fn only_the_versions_that_are_allowed_are_spoken() {
    let made = Made::new("127.0.0.1", 2060).await;
    for (ssl_versions, expected) in [
        (SslVersions::Both, "TLS 1.3"),
        (SslVersions::Only13, "TLS 1.3"),
        (SslVersions::Only12, "TLS 1.2"),
    ] {
        let ssl_mode = SslMode::Require;
        let session = accepted(&Target { ssl_mode, ssl_versions, ..made.target.clone() }).await;
        assert_eq!(session.way().security.as_ref().unwrap().version, expected);
    }
}

#[tokio::test]
async fn only_the_ways_to_log_in_that_are_allowed_are_answered() {
    let required = |negated, methods: &[&str]| {
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        Some(RequireAuth { negated, methods })
    };
    for (user, allowed, other) in [
        ("in_clear", "password", "md5"),
        ("in_md5", "md5", "scram-sha-256"),
        ("in_scram", "scram-sha-256", "password"),
        ("postgres", "none", "scram-sha-256"),
    ] {
        let password = Some(Secret::new(PASSWORD));
        let target = Target { password, ..over_tcp(user).await };
        for require_auth in [required(false, &[allowed]), required(true, &[other])] {
            accepted(&Target { require_auth, ..target.clone() }).await;
        }
        for require_auth in [required(false, &[other]), required(true, &[allowed])] {
            let error = refused(&Target { require_auth, ..target.clone() }).await;
            let ConnectCause::NotAllowed { method } = error.last().cause else {
                panic!("{error:?}")
            };
            assert_eq!(method, allowed);
        }
    }
}
