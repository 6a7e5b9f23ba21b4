//! Several hosts, and which of them is taken.

use std::collections::BTreeSet;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use tokio::net::UnixStream;
use tokio::sync::OnceCell;
use whimbrel_engine::SessionAttrs::{Any, PreferStandby, Primary, ReadOnly, ReadWrite, Standby};
use whimbrel_engine::{LoadBalance, SessionAttrs};
use whimbrel_testkit::Settings;

use super::*;

/// Servers that tell each other apart by `cluster_name`.
struct Servers {
    primary: Server,
    /// A primary whose sessions begin read-only.
    read_only: Server,
    standby: Server,
}

async fn servers() -> &'static Servers {
    static SERVERS: OnceCell<Servers> = OnceCell::const_new();
    let named = |name: &str| Settings::new().with("cluster_name", name);
    SERVERS
        .get_or_init(async || {
            let read_only = named("read-only").with("default_transaction_read_only", "on");
            let standby = named("standby").as_standby();
            Servers {
                primary: Server::private(MAJOR, &named("primary")).await,
                read_only: Server::private(MAJOR, &read_only).await,
                standby: Server::private(MAJOR, &standby).await,
            }
        })
        .await
}

/// All of these servers, in this order.
fn together(servers: &[&Server], session: SessionAttrs) -> Target {
    let hosts = servers.iter().flat_map(|server| server.master().hosts).collect();
    Target { hosts, session, ..servers[0].master() }
}

async fn taken(target: &Target) -> String {
    value(&mut accepted(target).await, "show cluster_name").await
}

#[tokio::test]
async fn the_first_server_that_is_what_is_asked_for_is_taken() {
    let Servers { primary, read_only, standby } = servers().await;
    for (order, session, expected) in [
        ([standby, read_only, primary], Any, "standby"),
        ([standby, read_only, primary], ReadWrite, "primary"),
        ([primary, read_only, standby], ReadOnly, "read-only"),
        ([standby, read_only, primary], Primary, "read-only"),
        ([primary, read_only, standby], Standby, "standby"),
        ([primary, read_only, standby], PreferStandby, "standby"),
        ([primary, read_only, primary], PreferStandby, "primary"),
    ] {
        assert_eq!(taken(&together(&order, session)).await, expected, "{session}");
    }
}

#[tokio::test]
async fn servers_that_are_not_what_is_asked_for_are_named_with_what_they_are() {
    let Servers { standby, read_only, .. } = servers().await;
    let error = refused(&together(&[standby, read_only], ReadWrite)).await;
    assert_eq!(error.hosts.len(), 2);
    let said = error.last().cause.to_string();
    assert_eq!(said, "it can only be read, and target_session_attrs=read-write asks for another");
}

#[tokio::test]
async fn an_old_server_is_asked_what_it_does_not_say() {
    // Before 14 servers said nothing of it; a pooler that says nothing is the same.
    let server = Server::shared(MAJOR).await;
    let pool = whimbrel_testkit::Pool::new(whimbrel_testkit::PoolMode::Transaction, 1);
    let pooler = whimbrel_testkit::PgBouncer::start(&server.master(), &pool).await;
    let with = |session| Target { session, ..pooler.target().clone() };
    accepted(&with(ReadWrite)).await;
    accepted(&with(Primary)).await;
    let error = refused(&with(Standby)).await;
    assert!(matches!(error.last().cause, ConnectCause::Unfit { .. }), "{error:?}");
}

#[tokio::test]
async fn load_is_balanced_over_all_hosts_where_that_is_asked_for() {
    let Servers { primary, read_only, .. } = servers().await;
    let mut target = together(&[primary, read_only], Any);
    target.balance = LoadBalance::Random;
    let mut names = BTreeSet::new();
    for _ in 0..60 {
        names.insert(taken(&target).await);
    }
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn a_server_may_have_to_run_as_a_certain_user() {
    let target = target().await;
    let wrong = Target { require_peer: Some("no such user".to_owned()), ..target.clone() };
    let error = refused(&wrong).await;
    let ConnectCause::Peer { is, .. } = &error.last().cause else { panic!("{error:?}") };
    accepted(&Target { require_peer: Some(is.clone()), ..target }).await;
}

#[tokio::test]
async fn a_socket_may_have_a_name_outside_the_file_system() {
    let real = target().await;
    let Host::Socket { folder, port } = &real.hosts[0] else { panic!("{real}") };
    let path = format!("{folder}/.s.PGSQL.{port}");
    let name = format!("whimbrel-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(format!("{name}/.s.PGSQL.5432")).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::UnixListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = UnixStream::connect(path).await.unwrap();
        tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
    });
    let url = format!("postgres://{}@/{}?host=@{name}", real.user, real.database);
    let mut session = accepted(&Target::parse(&url, &|_| None).unwrap()).await;
    assert_eq!(value(&mut session, "select 1").await, "1");
}
