//! Databases that begin with a baseline.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use whimbrel_engine::Target;
use whimbrel_engine::shadow::{Baseline, Server, Shadow, ShadowOptions, Template};
use whimbrel_engine::wire::{Answer, Failure, Session};

/// The regime of default privileges since 2026-05-30.
pub(crate) const EXPLICIT: &str = "explicit-grants";

/// The regime before.
pub(crate) const EXPOSED: &str = "auto-expose";

/// The majors that the platform has.
pub(crate) const MAJORS: [u16; 2] = [15, 17];

/// How a shadow with the baseline is had.
pub(crate) fn options() -> ShadowOptions {
    let mut options = whimbrel_testkit::options();
    options.baseline = Some(baseline(EXPLICIT));
    options
}

pub(crate) fn baseline(variant: &str) -> Baseline {
    Baseline::named("supabase-platform").unwrap().variant(variant)
}

/// A server of this major with a database of each variant, which all tests of this process copy.
async fn server(major: u16) -> &'static Server {
    static SERVERS: [OnceCell<Server>; MAJORS.len()] =
        [const { OnceCell::const_new() }; MAJORS.len()];
    let at = MAJORS.iter().position(|known| *known == major).unwrap();
    SERVERS[at]
        .get_or_init(async || {
            let mut options = options();
            options.settings.push(("max_connections".into(), "100".into()));
            let server = Shadow::start(&options, major, &mut ()).await.unwrap();
            for variant in [EXPLICIT, EXPOSED] {
                let target = server.create_database(variant, Template::Empty).await.unwrap();
                let mut session = Session::connect(&target, "test").await.unwrap();
                baseline(variant).set_up(&mut session, major).await.unwrap_or_else(|error| {
                    panic!(
                        "{error}: {:?}",
                        std::error::Error::source(&error).map(ToString::to_string)
                    )
                });
                session.close().await;
            }
            server
        })
        .await
}

/// A database of one test.
pub(crate) struct Database {
    target: Target,
    pub(crate) session: Session,
}

/// A fresh database with the baseline.
pub(crate) async fn database(major: u16, variant: &str) -> Database {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let server = server(major).await;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let target = server.create_database(&name, Template::Copy(variant)).await.unwrap();
    let session = Session::connect(&target, "test").await.unwrap();
    Database { target, session }
}

impl Database {
    /// A new session, for what is set for roles and databases.
    pub(crate) async fn connect(&self, role: &str) -> Session {
        let target = Target { user: role.to_owned(), ..self.target.clone() };
        Session::connect(&target, "test").await.unwrap()
    }

    /// Runs statements that must succeed.
    pub(crate) async fn run(&mut self, sql: &str) {
        if let Err(failure) = self.session.simple(sql).await {
            panic!("{sql}: {}", told(&failure));
        }
    }

    /// The SQLSTATE and the message of statements that must fail.
    pub(crate) async fn refused(&mut self, sql: &str) -> String {
        let failure = self.session.simple(sql).await.expect_err(sql);
        self.session.simple("rollback").await.ok();
        told(&failure)
    }

    /// The last value that statements give.
    pub(crate) async fn value(&mut self, sql: &str) -> String {
        let answers = match self.session.simple(sql).await {
            Ok(answers) => answers,
            Err(failure) => panic!("{sql}: {}", told(&failure)),
        };
        let last = answers.iter().rev().find_map(Answer::value);
        last.unwrap_or("null").to_owned()
    }
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::Server { error, .. } => format!("{} {}", error.code, error.message),
        other => other.to_string(),
    }
}
