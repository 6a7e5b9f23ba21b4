//! Scripts that are run whole, by the server's own split, and by ours.

use whimbrel_engine::wire::{Answer, Failure, Message, Session};
use whimbrel_sql::{Backslash, Mode, Script, Sending, Step, offset};
use whimbrel_testkit::{MAJORS, Server};

use super::judge::{Judge, Verdict};
use super::{gaps, must_split, session, without_client_parts};
use crate::fixtures::FIXTURES;

/// Runs the whole text as one message.
async fn run_whole(
    session: &mut Session,
    text: &str,
    script: &Script,
) -> Result<Vec<Answer>, Failure> {
    let sql = without_client_parts(text, script);
    let mut message = Message::new(&sql);
    for data in script.statements.iter().filter_map(|statement| statement.data) {
        message = message.copy(&text.as_bytes()[data]);
    }
    session.message(message, &mut ()).await
}

/// Runs each statement in a message of its own.
async fn run_each(session: &mut Session, text: &str, script: &Script) -> Vec<Answer> {
    let mut all = Vec::new();
    for statement in script.statements.iter() {
        let sql = &text[statement.span.clone()];
        let mut message = Message::new(sql);
        if let Some(data) = statement.data.clone() {
            message = message.copy(&text.as_bytes()[data]);
        }
        let answers = session.message(message, &mut ()).await;
        let answers = answers.unwrap_or_else(|failure| panic!("{failure} in {sql:?}"));
        assert_eq!(answers.len(), 1, "{sql:?} is one statement");
        all.extend(answers);
    }
    all
}

fn tags(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(Answer::tag).collect()
}

#[tokio::test]
async fn the_server_completes_as_many_statements_as_were_cut() {
    for major in MAJORS {
        let server = Server::shared(major).await;
        for (name, text) in FIXTURES {
            let script = must_split(text);
            let ours = server.database().await;
            let ours = run_each(&mut session(&ours).await, text, &script).await;
            if script.sending == Sending::OneByOne {
                continue;
            }
            let theirs = server.database().await;
            let theirs = run_whole(&mut session(&theirs).await, text, &script).await;
            let theirs = theirs.unwrap_or_else(|failure| panic!("{failure} in {name} on {major}"));
            assert_eq!(tags(&theirs), tags(&ours), "{name} on {major}");
        }
    }
}

#[tokio::test]
async fn each_statement_is_one_and_nothing_lies_between() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut judge = Judge::new(&database).await;
        for (name, text) in FIXTURES {
            let script = must_split(text);
            let blanked = without_client_parts(text, &script);
            for gap in gaps(text, &script) {
                let verdict = judge.verdict(&blanked[gap.clone()], Backslash::Plain).await;
                assert_eq!(verdict, Verdict::Empty, "{:?} of {name} on {major}", &text[gap]);
            }
            if script.sending == Sending::OneByOne {
                continue;
            }
            for statement in script.statements.iter() {
                let statement = &text[statement.span.clone()];
                let verdict = judge.verdict(statement, Backslash::Plain).await;
                assert_eq!(verdict, Verdict::One, "{statement:?} of {name} on {major}");
            }
        }
    }
}

/// An error put between any two statements stops the server there, and where it points is where
/// the statement is.
#[tokio::test]
async fn an_error_stops_the_server_behind_the_statements_that_were_cut() {
    const WRONG: &str = "select 'é', nowhere;";
    let database = Server::shared(17).await.database().await;
    let mut session = session(&database).await;
    for (name, text) in FIXTURES {
        let script = must_split(text);
        // What a `commit` in the middle leaves behind would be in the way of the next round.
        let lasts = matches!(script.mode, Mode::Steps { .. } | Mode::Refused { .. });
        if lasts || script.sending == Sending::OneByOne {
            continue;
        }
        for (index, statement) in script.statements.iter().enumerate() {
            let at = statement.span.start;
            let wrong = [&text[..at], WRONG, &text[at..]].concat();
            let cut = must_split(&wrong);
            assert_eq!(cut.statements.len(), script.statements.len() + 1);
            let failure = run_whole(&mut session, &wrong, &cut).await.expect_err("it is wrong");
            let Failure::Server { error, completed, .. } = failure else { panic!("{failure}") };
            assert_eq!(error.code, "42703", "{error} in {name}");
            assert_eq!(completed, index, "in {name} before {at}");
            let position = error.position.expect("the server points at the column");
            let place = offset(&without_client_parts(&wrong, &cut), position);
            assert_eq!(&wrong[place..place + 7], "nowhere", "in {name} before {at}");
            assert!(cut.statements.at(index).span.contains(&place));
        }
    }
}

#[tokio::test]
async fn scripts_run_in_the_steps_that_were_decided() {
    let server = Server::shared(17).await;
    for text in [
        "create table t (a int);\ninsert into t values (1);\ncreate index concurrently i on t (a);\nvacuum t;",
        "create type m as enum ('a');\nalter type m add value 'b';\ncreate table t (m m default 'b');\ninsert into t default values",
        "create table t (a int);\ncreate procedure p() language plpgsql as $$ begin insert into t values (1); commit; end $$;\ncall p();\ndo $$ begin insert into t values (2); commit; end $$",
        "create table t (a int);\nbegin isolation level serializable;\ninsert into t values (1);\ncommit and chain;\ninsert into t values (2);\ncommit;\nselect 1",
        "create table t (a int) partition by range (a);\ncreate table p partition of t for values from (1) to (2);\nalter table t detach partition p concurrently;\nreindex table concurrently p",
    ] {
        let database = server.database().await;
        let mut session = session(&database).await;
        let script = must_split(text);
        let Mode::Steps { steps, .. } = &script.mode else { panic!("one transaction: {text}") };
        // It cannot be run in one, which is why there are steps.
        session.simple(&format!("begin; {text}; rollback")).await.err();
        session.simple("rollback").await.expect("nothing is left open");
        session
            .simple("drop schema public cascade; create schema public")
            .await
            .expect("empty again");
        for step in steps {
            let sql = match step {
                Step::Alone(index) => text[script.statements.at(*index).span.clone()].to_owned(),
                Step::Together(range) => {
                    let modes = script.transaction_modes(range).unwrap_or_default();
                    let statements: Vec<&str> = range
                        .clone()
                        .map(|number| &text[script.statements.at(number).span])
                        .collect();
                    format!("begin {modes}; {}; commit", statements.join("; "))
                }
            };
            session.simple(&sql).await.unwrap_or_else(|failure| panic!("{failure} in {sql}"));
        }
    }
}
