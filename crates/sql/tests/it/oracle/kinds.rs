//! What the server says of each kind of statement inside a transaction.

use whimbrel_engine::wire::Session;
use whimbrel_sql::{Kind, split};
use whimbrel_testkit::{MAJORS, Server};

use super::session;
use crate::modes::{ADD_VALUE, USES, USES_NOT};

/// Statements that the server knows since some major; what stands before a semicolon leads up to
/// them.
const STATEMENTS: &[(u16, &str)] = &[
    (14, "create index concurrently i on t (a)"),
    (14, "create unique index concurrently if not exists i on t (a)"),
    (14, "drop index concurrently if exists i"),
    (14, "reindex table concurrently t"),
    (14, "reindex (concurrently) table t"),
    (14, "reindex (verbose off, concurrently on) index t_pkey"),
    (14, "reindex schema public"),
    (14, "reindex schema concurrently public"),
    (14, "reindex database DATABASE"),
    (16, "reindex database"),
    (14, "reindex system DATABASE"),
    (14, "vacuum"),
    (14, "vacuum full t"),
    (14, "vacuum (analyze) t"),
    (14, "cluster"),
    (14, "cluster verbose"),
    (17, "cluster (verbose)"),
    (14, "create database other"),
    (14, "drop database if exists other"),
    (14, "alter database DATABASE set tablespace pg_default"),
    (14, "create tablespace fast location '/nowhere'"),
    (14, "drop tablespace if exists fast"),
    (14, "alter system set work_mem = '1MB'"),
    (14, "discard all"),
    (14, "commit prepared 'x'"),
    (14, "rollback prepared 'x'"),
    (14, "create subscription o connection 'dbname=x' publication p"),
    (14, "create subscription o connection 'dbname=x' publication p with (copy_data = false)"),
    (14, "alter subscription slotted enable; alter subscription slotted refresh publication"),
    (14, "alter subscription slotted enable; alter subscription slotted set publication p"),
    (
        14,
        "alter subscription slotted enable; alter subscription slotted add publication q with (copy_data = false)",
    ),
    (17, "alter subscription slotted set (failover = true)"),
    (18, "alter subscription slotted set (two_phase = false)"),
    (14, "drop subscription slotted"),
    (14, "alter table parted detach partition part concurrently"),
    // These run anywhere.
    (14, "create index on t (a)"),
    (14, "drop index if exists i"),
    (14, "reindex table t"),
    (14, "reindex (concurrently false) table t"),
    (14, "reindex index t_pkey"),
    (14, "cluster t using t_pkey"),
    (14, "cluster verbose t using t_pkey"),
    (14, "analyze t"),
    (14, "alter database DATABASE set work_mem = '1MB'"),
    (14, "create subscription n connection 'dbname=x' publication p with (connect = false)"),
    (
        14,
        "create subscription n connection 'dbname=x' publication p with (create_slot = off, slot_name = none, enabled = off, connect = 0)",
    ),
    (
        14,
        "alter subscription slotted enable; alter subscription slotted set publication p with (refresh = false)",
    ),
    (14, "alter subscription s set (slot_name = none)"),
    (18, "alter subscription slotted set (two_phase = true)"),
    (14, "alter table parted detach partition part"),
    (14, "refresh materialized view concurrently m"),
    (14, "refresh materialized view m"),
    (14, "discard plans"),
    (14, "alter type e add value 'b'"),
    (14, "savepoint s"),
    (14, "lock table t"),
    (14, "checkpoint"),
    (14, "listen x"),
    (14, "declare c cursor for select 1"),
    (14, "prepare transaction as select 1"),
    (14, "create extension plpgsql"),
    (14, "grant select on t to public"),
    (14, "truncate t"),
    (14, "set local work_mem = '1MB'"),
    (14, "call quiet()"),
    (14, "do $$ begin perform 1; end $$"),
];

const SCENE: &str = "
    create table t (a int primary key);
    create table parted (a int) partition by range (a);
    create table part partition of parted for values from (1) to (2);
    create materialized view m as select 1 as a;
    create unique index on m (a);
    create type e as enum ('a');
    create procedure quiet() language plpgsql as $$ begin null; end $$;
    create subscription s connection 'dbname=x' publication p
      with (connect = false, slot_name = none);
    create subscription slotted connection 'dbname=x' publication p
      with (connect = false, slot_name = 'kept')";

async fn scene(session: &mut Session) {
    session.simple(SCENE).await.expect("the scene can be set");
}

/// Removes what would keep the database from being dropped.
async fn leave(session: &mut Session) {
    session
        .simple("alter subscription slotted set (slot_name = none); drop subscription slotted; drop subscription s")
        .await
        .expect("no slot was made");
}

#[tokio::test]
async fn what_the_server_refuses_in_a_transaction_is_told_beforehand() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = session(&database).await;
        scene(&mut session).await;
        for (since, statement) in STATEMENTS.iter().filter(|(since, _)| *since <= major) {
            let statement = statement.replace("DATABASE", database.name());
            let script = split(&statement).expect("it can be cut");
            let last = script.statements.last().expect("there is one");
            let before = script.statements.range(0..script.statements.len() - 1);
            session.simple("begin").await.expect("a transaction begins");
            for lead in before {
                session.simple(&statement[lead.span.clone()]).await.expect("it leads there");
            }
            let refused = match session.simple(&statement[last.span.clone()]).await {
                Ok(_) => false,
                Err(failure) => match failure.code() {
                    Some("25001") => true,
                    // It exists already, or does not: but in a transaction it may.
                    Some("42710" | "42704") => false,
                    _ => panic!("{failure} in {statement} (since {since}) on {major}"),
                },
            };
            session.simple("rollback").await.expect("it can be undone");
            let told = matches!(last.kind, Kind::Alone(_));
            assert_eq!(told, refused, "{statement} is {:?} on {major}", last.kind);
        }
        leave(&mut session).await;
    }
}

#[tokio::test]
async fn code_that_is_seen_to_commit_is_refused_in_a_transaction() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = session(&database).await;
        let procedures = "
            create procedure p() language plpgsql as $$ begin commit; end $$;
            create procedure q() language plpgsql as $$ begin call p(); end $$;
            create procedure r() language plpgsql as $$ begin raise notice 'commit;'; end $$";
        session.simple(procedures).await.expect("they can be made");
        for statement in [
            "call p()",
            "call public.q()",
            "call r()",
            "do $$ begin commit; end $$",
            "do $$ begin <<l>> loop rollback; exit; end loop; end $$",
            "do $$ begin if true then commit and chain; end if; end $$",
            "do $$ begin call q(); end $$",
            "do $$ declare commit int; begin commit := 1; end $$",
        ] {
            let script = split(&format!("{procedures}; {statement}")).expect("it can be cut");
            let seen = matches!(
                script.statements.last().map(|statement| statement.kind),
                Some(Kind::MayCommit { seen: true })
            );
            session.simple("begin").await.expect("a transaction begins");
            let refused = match session.simple(statement).await {
                Ok(_) => false,
                Err(failure) if failure.code() == Some("2D000") => true,
                Err(failure) => panic!("{failure} in {statement} on {major}"),
            };
            session.simple("rollback").await.expect("it can be undone");
            assert_eq!(seen, refused, "{statement} on {major}");
            session.simple(statement).await.expect("alone it works");
        }
    }
}

#[tokio::test]
async fn a_use_of_a_new_enum_value_is_told_beforehand() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = session(&database).await;
        let scene = "create type mood as enum ('old'); create table t (m mood, n text, new int)";
        session.simple(scene).await.expect("the scene can be set");
        for (statements, expected) in [(USES, Some("55P04")), (USES_NOT, None)] {
            for text in statements {
                let script = split(text).expect("it can be cut");
                let statement = script.statements.at(0);
                let sql = format!("begin; {ADD_VALUE} {};", &text[statement.span.clone()]);
                let mut message = whimbrel_engine::wire::Message::new(&sql);
                if let Some(data) = statement.data.clone() {
                    message = message.copy(&text.as_bytes()[data]);
                }
                let code = match session.message(message, &mut ()).await {
                    Ok(_) => None,
                    Err(failure) => failure.code().map(str::to_owned),
                };
                session.simple("rollback").await.expect("it can be undone");
                assert_eq!(code.as_deref(), expected, "{text} on {major}");
            }
        }
    }
}
