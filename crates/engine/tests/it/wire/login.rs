//! The way in.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use whimbrel_engine::wire::Stage;

use super::place::PASSWORD;
use super::*;

fn with_password(target: Target, password: &str) -> Target {
    Target { password: Some(Secret::new(password)), ..target }
}

#[tokio::test]
async fn a_password_is_proved_in_every_way_the_server_asks() {
    for name in ["in_clear", "in_md5", "in_scram"] {
        let target = over_tcp(name).await;
        let mut session = accepted(&with_password(target.clone(), PASSWORD)).await;
        assert_eq!(value(&mut session, "select current_user").await, name);

        let error = refused(&with_password(target.clone(), "märked wrong")).await;
        assert_eq!(error.server().unwrap().code, "28P01", "{name}");
        assert_eq!(error.last().cause.stage(), Stage::Login);

        let error = refused(&target).await;
        assert!(matches!(error.last().cause, ConnectCause::NoPassword), "{error:?}");
    }
}

#[tokio::test]
async fn the_first_host_that_answers_is_taken_and_the_others_are_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut target = over_tcp("postgres").await;
    let closed = Host::tcp("127.0.0.1", port);
    let nowhere = Host::tcp("nowhere.invalid", 5432);
    target.hosts.splice(0..0, [closed.clone(), nowhere.clone()]);
    accepted(&target).await;

    target.hosts = vec![closed, nowhere];
    let error = refused(&target).await;
    let stages: Vec<_> = error.hosts.iter().map(|host| host.cause.stage()).collect();
    assert_eq!(stages, [Stage::Reach, Stage::Resolve]);
    let said = error.to_string();
    assert!(
        said.starts_with(&format!("connect to 127.0.0.1:{port} (Connection refused")),
        "{said}"
    );
    assert!(said.ends_with("then to nowhere.invalid:5432"), "{said}");
}

#[tokio::test]
async fn a_server_that_says_no_ends_the_search() {
    let mut target = over_tcp("postgres").await.with_database("no_such_database");
    target.hosts.push(target.hosts[0].clone());
    let error = refused(&target).await;
    assert_eq!((error.hosts.len(), error.server().unwrap().code.as_str()), (1, "3D000"));
}

#[tokio::test]
async fn a_missing_socket_is_named() {
    let folder = "/tmp/no such folder".into();
    let target = Target { hosts: vec![Host::Socket { folder, port: 1 }], ..target().await };
    let error = refused(&target).await;
    assert_eq!(error.to_string(), "connect to /tmp/no such folder/.s.PGSQL.1");
    assert_eq!(error.last().cause.stage(), Stage::Reach);
}

/// A port on which somebody answers in his own way.
async fn impostor(answer: &'static [u8]) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(answer).await.unwrap();
            std::mem::forget(stream);
        }
    });
    let hosts = vec![Host::tcp("127.0.0.1", port)];
    Target { hosts, connect_timeout: Some(1), ..over_tcp("postgres").await }
}

#[tokio::test]
async fn what_is_not_postgres_is_called_so() {
    let error = refused(&impostor(b"HTTP/1.1 400 Bad Request\r\n\r\n").await).await;
    assert!(matches!(error.last().cause, ConnectCause::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn silence_ends_after_the_timeout() {
    let error = refused(&impostor(b"").await).await;
    let cause = &error.last().cause;
    assert!(
        matches!(cause, ConnectCause::Timeout { stage: Stage::Login, seconds: 1 }),
        "{cause:?}"
    );
}

#[tokio::test]
async fn a_welcome_before_the_servers_own_proof_is_refused() {
    // SASL with SCRAM-SHA-256, and at once: authentication ok, ready for query.
    let answer = b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
    let target = with_password(impostor(answer).await, PASSWORD);
    let error = refused(&target).await;
    assert!(matches!(error.last().cause, ConnectCause::Imposter(_)), "{error:?}");
}

#[tokio::test]
async fn options_and_application_name_are_sent() {
    let options = Some("-c search_path=elsewhere".to_owned());
    let application_name = Some("mine".to_owned());
    let mut session = accepted(&Target { options, application_name, ..target().await }).await;
    assert_eq!(value(&mut session, "show search_path").await, "elsewhere");
    assert_eq!(value(&mut session, "show application_name").await, "mine");
}
