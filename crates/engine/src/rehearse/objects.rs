//! Compares states of a database, object by object.

use whimbrel_catalog::{OBJECTS, Objects};

use crate::read::pinned;
use crate::wire::{Answer, Failure, Session};

/// Reads a checksum of every object of a database.
///
/// In a transaction of its own with an empty `search_path`, so that every name in a definition is
/// qualified, and with everything pinned that the server's rendering of values depends on.
pub async fn objects(session: &mut Session) -> Result<Objects, Failure> {
    of(session, OBJECTS).await
}

/// The same without owners, privileges and the versions of extensions: what two servers with other
/// roles can have in common.
pub async fn shapes(session: &mut Session) -> Result<Objects, Failure> {
    of(session, &whimbrel_catalog::shapes()).await
}

async fn of(session: &mut Session, query: &str) -> Result<Objects, Failure> {
    let mut objects = Objects::default();
    let answers = pinned(session, query).await?;
    let rows = answers.iter().filter(|answer| answer.columns().len() == 3);
    for row in rows.flat_map(Answer::rows) {
        let text = |column| row.get(column).unwrap_or_default();
        objects.insert(text("kind"), text("name"), text("checksum"));
    }
    Ok(objects)
}
