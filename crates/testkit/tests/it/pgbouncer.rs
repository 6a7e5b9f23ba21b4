use whimbrel_engine::Target;
use whimbrel_engine::wire::{Message, Session, TransactionStatus};
use whimbrel_testkit::{
    At, Cut, Database, Fault, FaultProxy, Listen, PgBouncer, Pool, PoolMode, Server, When,
};

const MAJOR: u16 = 17;

async fn database() -> Database {
    Server::shared(MAJOR).await.database().await
}

async fn connect(target: &Target) -> Session {
    Session::connect(target, "whimbrel test").await.unwrap()
}

async fn value(session: &mut Session, sql: &str) -> String {
    session.query(sql, &[]).await.unwrap().value().unwrap_or("null").to_owned()
}

/// The server's own process for this session at the moment.
async fn backend(session: &mut Session) -> String {
    value(session, "select pg_backend_pid()").await
}

#[tokio::test]
async fn a_session_works_in_transaction_mode_whatever_the_size_of_the_pool() {
    for size in [5, 1] {
        let database = database().await;
        let pool = Pool::new(PoolMode::Transaction, size);
        let pgbouncer = PgBouncer::start(database.target(), &pool).await;
        let (mut one, mut two) =
            (connect(pgbouncer.target()).await, connect(pgbouncer.target()).await);

        one.simple("create table item (id int, name text)").await.unwrap();
        let message = Message::new("begin; copy item from stdin; commit").copy(b"1\tone\n2\ttwo\n");
        one.message(message, &mut ()).await.unwrap();
        for round in 0..20 {
            let id = round.to_string();
            let sql = "insert into item values ($1::int, $2::text)";
            two.query(sql, &[Some(&id), Some("a name")]).await.unwrap();
            one.query("select $1::text", &[None]).await.unwrap();
        }
        assert_eq!(value(&mut one, "select count(*) from item").await, "22");

        let failure = two.simple("select 1; select nowhere").await.unwrap_err();
        assert_eq!((failure.code(), failure.is_lost()), (Some("42703"), false));
        assert_eq!(value(&mut two, "select 1").await, "1");
    }
}

#[tokio::test]
async fn a_transaction_keeps_its_server_connection_and_lets_it_go_after() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 2);
    let pgbouncer = PgBouncer::start(database.target(), &pool).await;
    let (mut holder, mut other) =
        (connect(pgbouncer.target()).await, connect(pgbouncer.target()).await);
    holder.simple("begin").await.unwrap();
    let held = backend(&mut holder).await;
    for _ in 0..5 {
        assert_ne!(backend(&mut other).await, held);
        assert_eq!(backend(&mut holder).await, held);
    }
    holder.simple("commit").await.unwrap();
    assert_eq!(holder.transaction(), TransactionStatus::Idle);
}

#[tokio::test]
async fn a_pool_of_one_makes_the_second_wait_until_the_transaction_ends() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 1).with("query_wait_timeout", "1");
    let pgbouncer = PgBouncer::start(database.target(), &pool).await;
    let (mut holder, mut other) =
        (connect(pgbouncer.target()).await, connect(pgbouncer.target()).await);
    holder.simple("begin; select 1").await.unwrap();
    let failure = other.simple("select 2").await.unwrap_err();
    assert!(failure.is_lost() && failure.to_string().contains("query_wait_timeout"), "{failure}");
    holder.simple("commit").await.unwrap();
    let mut third = connect(pgbouncer.target()).await;
    assert_eq!(value(&mut third, "select 3").await, "3");
}

#[tokio::test]
async fn a_statement_is_cancelled_through_the_pool() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Transaction, 2);
    let pgbouncer = PgBouncer::start(database.target(), &pool).await;
    let proxy = FaultProxy::start(pgbouncer.target(), Listen::Tcp);
    let mut session = connect(proxy.target()).await;
    let canceller = session.canceller();
    proxy.arm(Fault::new(When::After, At::first(|record| record.name == "Query")).calling(
        |_| async move {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            canceller.cancel().await.unwrap();
        },
    ));
    let failure = session.simple("select pg_sleep(600)").await.unwrap_err();
    assert_eq!((failure.code(), failure.is_lost()), (Some("57014"), false));
}

#[tokio::test]
async fn a_client_that_is_cut_off_in_a_transaction_leaves_nothing_behind() {
    let database = database().await;
    connect(database.target()).await.simple("create table item (id int)").await.unwrap();
    let pool = Pool::new(PoolMode::Transaction, 1);
    let pgbouncer = PgBouncer::start(database.target(), &pool).await;
    let proxy = FaultProxy::start(pgbouncer.target(), Listen::Socket);
    let mut session = connect(proxy.target()).await;
    session.simple("begin; insert into item values (1)").await.unwrap();
    let query = At::first(|record| record.name == "Query");
    proxy.arm(Fault::new(When::Before, query).cutting(Cut::Fin));
    assert!(session.simple("commit").await.unwrap_err().is_lost());
    let mut next = connect(pgbouncer.target()).await;
    assert_eq!(value(&mut next, "select count(*) from item").await, "0");
}

#[tokio::test]
async fn a_proxy_can_stand_behind_the_pool() {
    let database = database().await;
    let proxy = FaultProxy::start(database.target(), Listen::Tcp);
    let pool = Pool::new(PoolMode::Transaction, 1);
    let pgbouncer = PgBouncer::start(proxy.target(), &pool).await;
    let mut session = connect(pgbouncer.target()).await;
    session.simple("select 4711").await.unwrap();
    assert!(proxy.record().iter().any(|record| record.text == "select 4711"));
}

#[tokio::test]
async fn the_console_answers() {
    let database = database().await;
    let pool = Pool::new(PoolMode::Session, 3);
    let pgbouncer = PgBouncer::start(database.target(), &pool).await;
    connect(pgbouncer.target()).await.simple("select 1").await.unwrap();
    let pools = pgbouncer.console("show pools").await;
    let ours = pools.rows().find(|row| row.get("database") == Some(database.name())).unwrap();
    assert_eq!(ours.get("pool_mode"), Some("session"));
}
