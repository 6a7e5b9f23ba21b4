//! Messages and their answers.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use whimbrel_engine::wire::{Failure, Message, Observe, ServerError, TransactionStatus};
use whimbrel_testkit::{MAJORS, Server};

use super::{accepted, session, tags, value};

#[tokio::test]
async fn every_statement_of_a_message_has_its_answer() {
    let mut session = session().await;
    let answers =
        session.simple("select 1 as a, null as b; create temp table t (); select 2").await.unwrap();
    assert_eq!(tags(&answers), ["SELECT 1", "CREATE TABLE", "SELECT 1"]);
    assert_eq!(answers[0].columns(), ["a", "b"]);
    let row = answers[0].first().unwrap();
    assert_eq!((row.get("a"), row.get("b")), (Some("1"), None));
    assert_eq!(answers[1].columns(), [""; 0]);
    assert_eq!(answers[2].value(), Some("2"));
}

#[tokio::test]
async fn an_empty_text_has_no_answer() {
    let mut session = session().await;
    assert!(session.simple("").await.unwrap().is_empty());
    assert!(session.simple(" -- nothing\n;").await.unwrap().is_empty());
    assert_eq!(session.query("", &[]).await.unwrap().tag(), "");
}

#[tokio::test]
async fn an_error_in_the_middle_says_what_had_completed() {
    let mut session = session().await;
    let failure = session
        .simple("select 1; select 'ä', 2; select nowhere from pg_class; select 3")
        .await
        .unwrap_err();
    let Failure::Server { error, completed, answers, lost } = failure else {
        panic!("{failure:?}");
    };
    assert_eq!((completed, tags(&answers), lost), (2, vec!["SELECT 1", "SELECT 1"], false));
    assert_eq!((error.severity.as_str(), error.code.as_str()), ("ERROR", "42703"));
    // In characters, though `ä` has two bytes.
    assert_eq!(error.position, Some(33));
    assert_eq!(value(&mut session, "select 4").await, "4");
}

#[tokio::test]
async fn an_error_brings_all_its_fields() {
    let mut session = session().await;
    session
        .simple(
            "create temp table item (id int constraint item_positive check (id > 0));
             create function pg_temp.fill() returns void language plpgsql as
                 $$ begin insert into item values (0); end $$",
        )
        .await
        .unwrap();
    let failure = session.simple("select pg_temp.fill()").await.unwrap_err();
    let error = failure.server().unwrap();
    assert_eq!(error.code, "23514");
    assert_eq!(error.table.as_deref(), Some("item"));
    assert_eq!(error.constraint.as_deref(), Some("item_positive"));
    assert!(error.schema.as_ref().unwrap().starts_with("pg_temp"));
    assert_eq!(error.detail.as_deref(), Some("Failing row contains (0)."));
    assert!(error.where_.as_ref().unwrap().contains("PL/pgSQL function"), "{error:?}");
    let failure = session.simple("do $$ begin execute 'selec 1'; end $$").await.unwrap_err();
    let error = failure.server().unwrap();
    assert_eq!(error.internal_query.as_deref(), Some("selec 1"));
    assert_eq!((error.internal_position, error.position), (Some(1), None));
}

#[tokio::test]
async fn the_transaction_status_follows_the_server() {
    let mut session = session().await;
    assert_eq!(session.transaction(), TransactionStatus::Idle);
    session.simple("begin").await.unwrap();
    assert_eq!(session.transaction(), TransactionStatus::Open);
    session.simple("selec").await.unwrap_err();
    assert_eq!(session.transaction(), TransactionStatus::Failed);
    session.simple("rollback").await.unwrap();
    assert_eq!(session.transaction(), TransactionStatus::Idle);
}

#[tokio::test]
async fn parameters_follow_the_server() {
    let mut session = session().await;
    assert!(session.parameter("server_version").is_some());
    assert_eq!(session.parameter("client_encoding"), Some("UTF8"));
    assert_eq!(session.parameter("application_name"), Some("whimbrel test"));
    session.simple("set application_name = 'other'").await.unwrap();
    assert_eq!(session.parameter("application_name"), Some("other"));
}

#[tokio::test]
async fn values_are_bound() {
    let mut session = session().await;
    let hostile = "'; drop table x; -- \\ \u{1F426}";
    let answer = session
        .query(
            "select $1::text as a, $2::int + 1 as b, $3::text as c",
            &[Some(hostile), Some("41"), None],
        )
        .await
        .unwrap();
    let row = answer.first().unwrap();
    assert_eq!((row.get("a"), row.get("b"), row.get("c")), (Some(hostile), Some("42"), None));
    let failure = session.query("select $1::int", &[Some("x")]).await.unwrap_err();
    assert_eq!(failure.code(), Some("22P02"));
    assert_eq!(value(&mut session, "select 1").await, "1");
}

#[tokio::test]
async fn a_query_leaves_no_statement_and_no_snapshot_behind() {
    for major in MAJORS {
        let target = Server::shared(major).await.master();
        let (mut session, mut watcher) = (accepted(&target).await, accepted(&target).await);
        session.simple("begin").await.unwrap();
        session.query("select $1::int", &[Some("1")]).await.unwrap();
        let sql = format!(
            "select backend_xmin is null from pg_stat_activity where pid = {}",
            session.process_id()
        );
        assert_eq!(value(&mut watcher, &sql).await, "t", "{major}");
        let prepared = session.simple("select count(*) from pg_prepared_statements").await.unwrap();
        assert_eq!(prepared[0].value(), Some("0"), "{major}");
    }
}

#[tokio::test]
async fn many_rows_are_read() {
    let mut session = session().await;
    let answer = session
        .query("select n, repeat('x', n % 50) as x, nullif(n % 2, 0) as odd from generate_series(1, 10000) n", &[])
        .await
        .unwrap();
    assert_eq!((answer.len(), answer.count()), (10_000, Some(10_000)));
    for (index, row) in answer.rows().enumerate() {
        let n = index + 1;
        assert_eq!(row.get("n"), Some(n.to_string().as_str()));
        assert_eq!(row.get("x").map(str::len), Some(n % 50));
        assert_eq!(row.get("odd"), (n % 2 == 1).then_some("1"));
    }
}

#[tokio::test]
async fn rows_can_be_let_go() {
    let mut session = session().await;
    let sql = "select n from generate_series(1, 10000) n; select 1 as one";
    let message = Message::new(sql).discard_rows();
    let answers = session.message(message, &mut ()).await.unwrap();
    assert_eq!(tags(&answers), ["SELECT 10000", "SELECT 1"]);
    assert_eq!(answers[0].columns(), ["n"]);
    assert!(answers.iter().all(whimbrel_engine::wire::Answer::is_empty));
}

#[tokio::test]
async fn a_long_text_is_sent_whole() {
    let mut session = session().await;
    for length in [65_000, 65_530, 65_531, 65_532, 131_072, 3_000_000] {
        let sql = format!("select length('{}')", "x".repeat(length));
        let answers = session.simple(&sql).await.unwrap();
        assert_eq!(answers[0].value(), Some(length.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_text_with_nul_is_not_sent_and_harms_nothing() {
    let mut session = session().await;
    let failure = session.simple("select 1\0; select 2").await.unwrap_err();
    assert!(matches!(failure, Failure::Unsendable { .. }) && !failure.is_lost(), "{failure:?}");
    let failure = session.query("select $1", &[Some("a\0b")]).await.unwrap_err();
    assert_eq!(failure.code(), Some("22021"));
    assert_eq!(value(&mut session, "select 1").await, "1");
}

/// Writes down what it sees.
#[derive(Default)]
struct Diary(Vec<String>);

impl Observe for Diary {
    fn completed(&mut self, index: usize, tag: &str) {
        self.0.push(format!("{index} {tag}"));
    }

    fn notice(&mut self, notice: &ServerError) {
        self.0.push(format!("{}: {}", notice.severity, notice.message));
    }
}

#[tokio::test]
async fn an_observer_sees_each_answer_and_notice_in_order() {
    let mut session = session().await;
    let mut diary = Diary::default();
    let sql = "drop table if exists none; do $$ begin raise warning 'w'; end $$; select 1";
    session.message(Message::new(sql), &mut diary).await.unwrap();
    assert_eq!(
        diary.0,
        [
            "NOTICE: table \"none\" does not exist, skipping",
            "0 DROP TABLE",
            "WARNING: w",
            "1 DO",
            "2 SELECT 1"
        ]
    );
}

#[tokio::test]
async fn copy_data_goes_to_the_copy_statement_it_belongs_to() {
    let mut session = session().await;
    let message = Message::new(
        "create temp table a (id int, name text); copy a from stdin;
         create temp table b (id int); copy b from stdin; select count(*) from a",
    )
    .copy(b"1\tone\n2\t\\N\n")
    .copy(b"7\n8\n9\n");
    let answers = session.message(message, &mut ()).await.unwrap();
    assert_eq!(tags(&answers), ["CREATE TABLE", "COPY 2", "CREATE TABLE", "COPY 3", "SELECT 1"]);
    assert_eq!(answers[4].value(), Some("2"));
}

#[tokio::test]
async fn a_copy_without_data_fails_and_the_session_goes_on() {
    let mut session = session().await;
    let failure =
        session.simple("create temp table a (id int); copy a from stdin").await.unwrap_err();
    assert_eq!(failure.code(), Some("57014"));
    assert!(failure.to_string().contains("there is no data for it"), "{failure}");
    assert!(!failure.is_lost());
    let failure = session.query("copy pg_temp.nothing from stdin", &[]).await.unwrap_err();
    assert!(!failure.is_lost(), "{failure:?}");
    assert_eq!(value(&mut session, "select 1").await, "1");
}

#[tokio::test]
async fn a_copy_by_the_extended_protocol_is_an_error() {
    let mut session = session().await;
    session.simple("create temp table a (id int)").await.unwrap();
    let failure = session.query("copy a from stdin", &[]).await.unwrap_err();
    assert_eq!((failure.code(), failure.is_lost()), (Some("08P01"), true));
}

#[tokio::test]
async fn copied_rows_that_are_wrong_stop_the_data() {
    let mut session = session().await;
    let data = [b"1\nx\n".as_slice(), &b"2\n".repeat(2_000_000)].concat();
    let message =
        Message::new("create temp table a (id int); copy a from stdin; select 1").copy(&data);
    let failure = session.message(message, &mut ()).await.unwrap_err();
    let Failure::Server { error, completed, lost, .. } = failure else { panic!("{failure:?}") };
    assert_eq!((error.code.as_str(), completed, lost), ("22P02", 1, false));
    assert!(error.where_.as_ref().unwrap().contains("line 2"), "{error:?}");
    assert_eq!(value(&mut session, "select 1").await, "1");
}

#[tokio::test]
async fn a_server_that_talks_during_a_long_copy_blocks_nobody() {
    let mut session = session().await;
    session
        .simple(
            "create temp table a (id int);
             create function pg_temp.talk() returns trigger language plpgsql as
                 $$ begin raise notice '%', repeat('x', 1000); return new; end $$;
             create trigger talk before insert on a for each row execute function pg_temp.talk()",
        )
        .await
        .unwrap();
    let rows = b"1\n".repeat(20_000);
    let message = Message::new("copy a from stdin").copy(&rows);
    let answers = session.message(message, &mut ()).await.unwrap();
    assert_eq!(tags(&answers), ["COPY 20000"]);
}

#[tokio::test]
async fn data_that_cannot_be_read_fails_the_copy() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("the disk is gone")))
        }
    }
    let mut session = session().await;
    let message = Message::new("create temp table a (id int); copy a from stdin").copy_from(Broken);
    let failure = session.message(message, &mut ()).await.unwrap_err();
    assert!(failure.to_string().contains("the disk is gone"), "{failure}");
    assert_eq!(value(&mut session, "select 1").await, "1");
}

#[tokio::test]
async fn copy_to_stdout_is_thrown_away() {
    let mut session = session().await;
    let answers = session.simple("copy (select 1) to stdout; select 2").await.unwrap();
    assert_eq!(tags(&answers), ["COPY 1", "SELECT 1"]);
}

#[tokio::test]
async fn bytes_that_are_no_text_do_not_end_the_session() {
    let mut session = session().await;
    session.simple("create temp table menu (\"café\" text)").await.unwrap();
    session.simple("insert into menu values ('café')").await.unwrap();
    session.simple("set client_encoding = latin1").await.unwrap();
    let answer = session.query("select * from menu", &[]).await.unwrap();
    assert_eq!((answer.columns(), answer.value()), (&[String::new()][..], Some("caf\u{fffd}")));
    session.simple("set client_encoding = utf8").await.unwrap();
    assert_eq!(value(&mut session, "select \"café\" from menu").await, "café");
}
