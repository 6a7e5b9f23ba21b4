//! The judge without a walk: for tests that put something wrong before it.

use whimbrel_engine::Target;

use super::judge::{PREPARE, Snapshot};
use super::script::Script;
use super::stage::{ask, connect};
use crate::{Database, Server};

/// A database in the state before a script's first run.
#[derive(Debug)]
pub struct Court {
    database: Database,
    script: Script,
}

impl Court {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn open(server: &Server, script: Script) -> Self {
        let database = server.database().await;
        let sql = format!("{PREPARE}; {}", script.before);
        ask(database.target(), &sql).await.expect("the script's own preparation runs");
        Self { database, script }
    }

    /// How to log in there.
    pub fn target(&self) -> &Target {
        self.database.target()
    }

    /// What must not be, whatever happened.
    pub async fn broken(&self) -> Vec<String> {
        self.look().await.broken(&self.script)
    }

    /// What must not be when a run said that all went well.
    pub async fn unfinished(&self) -> Vec<String> {
        self.look().await.unfinished(&self.script)
    }

    async fn look(&self) -> Snapshot {
        let mut session = connect(self.target()).await.expect("the judge gets in");
        let snapshot = Snapshot::take(&mut session, &self.script).await;
        session.close().await;
        snapshot.expect("the judge sees")
    }
}
