//! The local stack of Supabase's CLI.

use toml::de::DeTable;
use whimbrel_engine::Secret;
use whimbrel_history::FilesError;

use super::{Found, Look, Place, path};
use crate::workspace::Workspace;

/// `supabase/config.toml`, which has the port of the local database. Its role and password are the
/// same for everyone, and the database listens on this machine only.
pub(super) struct Supabase;

const FILE: &str = "supabase/config.toml";
const DEFAULT_PORT: u16 = 54322;

impl Place for Supabase {
    fn about(&self) -> String {
        format!("the port of the local database in `{FILE}`")
    }

    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
        let found = match workspace.folder().text(&path(FILE))? {
            None => Found::Nothing(Some("no such file".to_owned())),
            Some(text) => match port(&text) {
                Ok(port) => Found::Url(Secret::new(format!(
                    "postgresql://postgres:postgres@127.0.0.1:{port}/postgres"
                ))),
                Err(why) => Found::Nothing(Some(why.to_owned())),
            },
        };
        Ok(vec![Look { place: FILE.to_owned(), found }])
    }
}

fn port(text: &str) -> Result<u16, &'static str> {
    let Ok(file) = DeTable::parse(text) else { return Err("not readable as TOML") };
    let database = file.get_ref().get("db").and_then(|database| database.get_ref().as_table());
    let Some(port) = database.and_then(|database| database.get("port")) else {
        return Ok(DEFAULT_PORT);
    };
    let number = port.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
    number.ok_or("`db.port` is not a port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_taken_or_the_default_holds() {
        assert_eq!(port("[db]\nport = 54999\n"), Ok(54999));
        assert_eq!(port("[api]\nport = 1\n"), Ok(DEFAULT_PORT));
        assert_eq!(port("[db]\nport = 'x'\n"), Err("`db.port` is not a port"));
        assert_eq!(port("[db"), Err("not readable as TOML"));
    }
}
