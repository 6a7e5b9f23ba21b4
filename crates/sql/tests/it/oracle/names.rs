//! Names and values, read back by the server.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use whimbrel_sql::{Ident, Literal};
use whimbrel_testkit::{MAJORS, Server};

use super::session;

#[tokio::test]
async fn a_keyword_is_quoted_where_the_server_quotes_it() {
    for major in MAJORS {
        let database = Server::shared(major).await.database().await;
        let mut session = session(&database).await;
        let words = session
            .query("select word, quote_ident(word) as quoted from pg_get_keywords()", &[])
            .await
            .expect("the server knows its keywords");
        assert!(words.len() > 400);
        for row in words.rows() {
            let word = row.get("word").expect("a keyword has a text");
            let quoted = row.get("quoted").expect("as has its quoted form");
            if quoted != word {
                assert_eq!(Ident(word).to_string(), quoted, "on {major}");
            }
        }
    }
}

#[tokio::test]
async fn any_text_is_read_back_as_a_name_and_as_a_value() {
    let database = Server::shared(17).await.database().await;
    let mut session = session(&database).await;
    let mut runner = TestRunner::deterministic();
    for on in ["on", "off"] {
        session
            .simple(&format!("set standard_conforming_strings = {on}"))
            .await
            .expect("either can be set");
        for _ in 0..300 {
            // Names are cut at 63 bytes.
            let name = "[^\0]{1,15}".new_tree(&mut runner).expect("any text").current();
            let value = "[^\0]{0,80}".new_tree(&mut runner).expect("any text").current();
            let sql = format!("select {} as {}", Literal(&value), Ident(&name));
            let answers =
                session.simple(&sql).await.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
            assert_eq!(answers[0].columns(), [name]);
            assert_eq!(answers[0].value(), Some(value.as_str()));
        }
    }
}
