//! TLS, and what is bound to it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use camino::Utf8PathBuf;
use whimbrel_engine::wire::Stage;
use whimbrel_engine::{ChannelBinding, SslIdentity, SslNegotiation, SslRoots};
use whimbrel_testkit::Settings;

use super::place::{Certificate, OTHER_ADDRESS, PASSWORD, elsewhere, port};
use super::*;

const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/wire/certificates");

fn roots(file: &str) -> SslRoots {
    SslRoots::File(format!("{CERTIFICATES}/{file}").into())
}

async fn verified(ssl_mode: SslMode, ssl_roots: SslRoots) -> Target {
    Target { ssl_mode, ssl_roots, ..over_tcp("postgres").await }
}

/// Whether the session is encrypted, as the server sees it.
async fn is_encrypted(session: &mut Session) -> bool {
    value(session, "select ssl from pg_stat_ssl where pid = pg_backend_pid()").await == "t"
}

#[tokio::test]
async fn encryption_follows_the_mode_and_what_the_server_insists_on() {
    // The role, the mode, and whether the session is encrypted then; `None` stands for a refusal.
    let cases = [
        ("postgres", SslMode::Disable, Some(false)),
        ("postgres", SslMode::Allow, Some(false)),
        ("postgres", SslMode::Prefer, Some(true)),
        ("postgres", SslMode::Require, Some(true)),
        ("needs_tls", SslMode::Disable, None),
        ("needs_tls", SslMode::Allow, Some(true)),
        ("needs_tls", SslMode::Prefer, Some(true)),
        ("hates_tls", SslMode::Allow, Some(false)),
        ("hates_tls", SslMode::Prefer, Some(false)),
        ("hates_tls", SslMode::Require, None),
    ];
    for (user, ssl_mode, expected) in cases {
        let target = Target { ssl_mode, ..over_tcp(user).await };
        match expected {
            Some(encrypted) => {
                let mut session = accepted(&target).await;
                assert_eq!(is_encrypted(&mut session).await, encrypted, "{user} {ssl_mode}");
            }
            None => assert_eq!(refused(&target).await.server().unwrap().code, "28000"),
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let settings =
        Settings::new().with("listen_addresses", OTHER_ADDRESS).with("port", port(3).to_string());
    let server = Server::private(MAJOR, &settings).await;
    let hosts = vec![Host::tcp(OTHER_ADDRESS, port(3))];
    let target = Target { hosts, ..server.master() };
    let mut session = accepted(&Target { ssl_mode: SslMode::Prefer, ..target.clone() }).await;
    assert!(!is_encrypted(&mut session).await);
    let error = refused(&Target { ssl_mode: SslMode::Require, ..target }).await;
    assert!(matches!(error.last().cause, ConnectCause::TlsNotOffered { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_is_held_against_the_roots_that_were_given() {
    for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        accepted(&verified(mode, roots("root.crt")).await).await;
        let error = refused(&verified(mode, roots("self.crt")).await).await;
        assert!(matches!(error.last().cause, ConnectCause::Tls(_)), "{mode}: {error:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_by_the_systems_roots() {
    for (mode, roots) in [
        (SslMode::VerifyCa, SslRoots::Unsaid),
        (SslMode::VerifyFull, SslRoots::Unsaid),
        (SslMode::VerifyFull, SslRoots::System),
    ] {
        let error = refused(&verified(mode, roots).await).await;
        assert_eq!(error.last().cause.stage(), Stage::Tls, "{error:?}");
    }
}

#[tokio::test]
async fn only_verify_full_asks_for_the_hosts_name() {
    accepted(&elsewhere(verified(SslMode::VerifyCa, roots("root.crt")).await)).await;
    let error = refused(&elsewhere(verified(SslMode::VerifyFull, roots("root.crt")).await)).await;
    assert!(matches!(error.last().cause, ConnectCause::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_missing_root_file_is_named() {
    let error = refused(&verified(SslMode::Require, roots("none.crt")).await).await;
    let ConnectCause::TlsSetup(setup) = &error.last().cause else { panic!("{error:?}") };
    assert!(setup.to_string().ends_with("none.crt`"), "{setup}");
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_its_own_root() {
    let target = Certificate::Own.over_tcp("postgres").await;
    for ssl_mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        let with = |ssl_roots| Target { ssl_mode, ssl_roots, ..target.clone() };
        accepted(&with(roots("self.crt"))).await;
        refused(&with(roots("root.crt"))).await;
    }
    let (ssl_mode, ssl_roots) = (SslMode::VerifyFull, roots("self.crt"));
    let error = refused(&elsewhere(Target { ssl_mode, ssl_roots, ..target })).await;
    assert!(matches!(error.last().cause, ConnectCause::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_common_name_serves_where_there_is_no_alternative_name() {
    let target = Certificate::Named.over_tcp("postgres").await;
    let with =
        |target: Target, ssl_roots| Target { ssl_mode: SslMode::VerifyFull, ssl_roots, ..target };
    for roots_file in ["named-root.crt", "named.crt"] {
        accepted(&with(target.clone(), roots(roots_file))).await;
        let error = refused(&elsewhere(with(target.clone(), roots(roots_file)))).await;
        assert!(matches!(error.last().cause, ConnectCause::Tls(_)), "{error:?}");
    }
    refused(&with(target, roots("root.crt"))).await;
}

/// A role with a password, over TLS.
async fn proving(certificate: Certificate, channel_binding: ChannelBinding) -> Target {
    let target = certificate.over_tcp("in_scram").await;
    let password = Some(Secret::new(PASSWORD));
    Target { password, channel_binding, ssl_mode: SslMode::Prefer, ..target }
}

#[tokio::test]
async fn scram_is_bound_to_the_certificate_whatever_signed_it() {
    for certificate in [Certificate::Signed, Certificate::Own] {
        let target = proving(certificate, ChannelBinding::Require).await;
        assert!(is_encrypted(&mut accepted(&target).await).await);

        let error = refused(&Target { ssl_mode: SslMode::Disable, ..target }).await;
        assert!(matches!(error.last().cause, ConnectCause::NoChannelBinding), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_is_bound_to_a_certificate_that_proves_nothing() {
    let target = proving(Certificate::Old, ChannelBinding::Prefer).await;
    assert!(is_encrypted(&mut accepted(&target).await).await);

    let verified = Target { ssl_roots: roots("root.crt"), ..target.clone() };
    refused(&Target { ssl_mode: SslMode::Require, ..verified }).await;

    let error = refused(&Target { channel_binding: ChannelBinding::Require, ..target }).await;
    assert!(matches!(error.last().cause, ConnectCause::NoChannelBinding), "{error:?}");
}

#[tokio::test]
async fn scram_goes_over_tls_without_binding_where_that_was_asked_for() {
    let target = proving(Certificate::Signed, ChannelBinding::Disable).await;
    assert!(is_encrypted(&mut accepted(&target).await).await);
}

#[tokio::test]
async fn a_certificate_of_our_own_is_shown() {
    let target = Target { ssl_mode: SslMode::Require, ..over_tcp("by_cert").await };
    let folder = tempfile::tempdir().unwrap();
    let key = Utf8PathBuf::try_from(folder.path().join("client.key")).unwrap();
    std::fs::copy(format!("{CERTIFICATES}/client.key"), &key).unwrap();
    let certificate = format!("{CERTIFICATES}/client.crt").into();
    let ssl_identity = Some(SslIdentity { certificate, key: key.clone() });
    let with_key = Target { ssl_identity, ..target.clone() };

    // As with libpq, a key that others may read is no key.
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let error = refused(&with_key).await;
    let ConnectCause::TlsSetup(setup) = &error.last().cause else { panic!("{error:?}") };
    assert!(setup.to_string().contains("may be read by others"), "{setup}");

    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let mut session = accepted(&with_key).await;
    assert_eq!(value(&mut session, "select current_user").await, "by_cert");
    assert_eq!(refused(&target).await.server().unwrap().code, "28000");
}

#[tokio::test]
async fn tls_can_begin_without_being_asked_for() {
    let ssl_negotiation = SslNegotiation::Direct;
    let target =
        Target { ssl_negotiation, ..verified(SslMode::VerifyFull, roots("root.crt")).await };
    assert!(is_encrypted(&mut accepted(&target).await).await);
}

#[tokio::test]
async fn much_goes_both_ways_over_tls() {
    let target = Target { ssl_mode: SslMode::Require, ..over_tcp("postgres").await };
    let mut session = accepted(&target).await;
    let sql = format!("select '{}' from generate_series(1, 20)", "x".repeat(1_000_000));
    let answers = session.simple(&sql).await.unwrap();
    assert!(answers[0].rows().all(|row| row.at(0).is_some_and(|text| text.len() == 1_000_000)));
    assert_eq!(answers[0].len(), 20);
}
