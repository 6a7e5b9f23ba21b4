//! A database whose ledger is probed, written and read.

use std::collections::BTreeMap;

use whimbrel_engine::wire::{Answer, Failure, Session};
use whimbrel_history::ledgers::{Found, Ledger, Place, recorded};
use whimbrel_history::{Entry, Recorded};
use whimbrel_testkit::{Database, Server};

/// A fresh database of a major and a session in it.
pub(crate) struct Probe {
    pub(crate) session: Session,
    pub(crate) ledger: &'static dyn Ledger,
    /// The schema that the project configured.
    pub(crate) schema: Option<&'static str>,
    pub(crate) database: Database,
}

impl Probe {
    pub(crate) async fn new(major: u16, ledger: &str) -> Self {
        let database = Server::shared(major).await.database().await;
        let session = Session::connect(database.target(), "history tests").await.unwrap();
        let ledger = whimbrel_history::ledgers::by_name(ledger).unwrap();
        Self { session, ledger, schema: None, database }
    }

    /// Runs a text; a failure ends the test.
    pub(crate) async fn run(&mut self, sql: &str) -> Vec<Answer> {
        match self.session.simple(sql).await {
            Ok(answers) => answers,
            Err(failure) => panic!("{failure}\n{sql}"),
        }
    }

    /// Runs statements in one message, as one transaction.
    pub(crate) async fn together(&mut self, statements: &[String]) {
        self.attempt(statements)
            .await
            .unwrap_or_else(|failure| panic!("{failure}\n{statements:#?}"));
    }

    /// The same; a failure is given back, after everything was rolled back.
    pub(crate) async fn attempt(&mut self, statements: &[String]) -> Result<(), Failure> {
        let outcome =
            self.session.simple(&format!("begin;\n{};\ncommit", statements.join(";\n"))).await;
        if outcome.is_err() {
            self.run("rollback").await;
        }
        outcome.map(|_| ())
    }

    /// All rows of a query, columns joined by `|`.
    pub(crate) async fn rows(&mut self, sql: &str) -> Vec<String> {
        let answers = self.run(sql).await;
        let answer = answers.last().expect("a query has an answer");
        answer
            .rows()
            .map(|row| {
                let columns = 0..answer.columns().len();
                let texts: Vec<&str> = columns.map(|at| row.at(at).unwrap_or("null")).collect();
                texts.join("|")
            })
            .collect()
    }

    /// Looks for the ledger's tables, as the engine does.
    pub(crate) async fn place(&mut self) -> Place {
        let answers = self
            .run(
                "select n.nspname, c.relname, (c.relkind = 'v')::text, a.attname, format_type(a.atttypid, a.atttypmod)
                from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                where c.relkind in ('r', 'v', 'p') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
                order by 1, 2",
            )
            .await;
        let mut found: BTreeMap<(String, String), Found> = BTreeMap::new();
        for row in answers[0].rows() {
            let text = |at: usize| row.at(at).unwrap().to_owned();
            let columns = &mut found
                .entry((text(0), text(1)))
                .or_insert_with(|| Found {
                    schema: text(0),
                    view: text(2) == "true",
                    columns: BTreeMap::new(),
                })
                .columns;
            columns.insert(text(3), text(4));
        }
        let found: Vec<(String, Found)> =
            found.into_iter().map(|((_, name), found)| (name, found)).collect();
        self.ledger.place(&found, self.schema)
    }

    /// Makes what is missing, and says where all is.
    pub(crate) async fn prepare(&mut self) -> Place {
        let place = self.place().await;
        let statements = self.ledger.prepare(&place);
        if !statements.is_empty() {
            self.together(&statements).await;
        }
        let after = self.place().await;
        assert_eq!(self.ledger.prepare(&after), Vec::<String>::new(), "nothing is left to make");
        after
    }

    /// All entries, by key.
    pub(crate) async fn entries(&mut self) -> BTreeMap<String, Entry> {
        let place = self.place().await;
        let Some(query) = self.ledger.read(&place) else { return BTreeMap::new() };
        let answers = self.run(&query).await;
        let columns = answers[0].columns().len();
        answers[0]
            .rows()
            .map(|row| {
                let row: Vec<Option<&str>> = (0..columns).map(|at| row.at(at)).collect();
                let entry = self.ledger.entry(&row).unwrap();
                (entry.key.clone(), entry)
            })
            .collect()
    }

    /// The scripts that the ledger keeps of some entries.
    pub(crate) async fn recorded(&mut self, keys: &[&str]) -> BTreeMap<String, Recorded> {
        let place = self.place().await;
        let Some(query) = self.ledger.details(&place, keys) else { return BTreeMap::new() };
        let answers = self.run(&query).await;
        let rows = answers[0].rows().map(|row| [row.at(0), row.at(1), row.at(2)]);
        recorded(self.ledger, rows).unwrap()
    }
}
