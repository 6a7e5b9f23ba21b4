//! A database: its URL, or an environment of whimbrel.toml.

use whimbrel_engine::read::CatalogError;
use whimbrel_engine::shadow::Baseline;
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Secret, read};

use super::{Opened, Opening, Place, Source};
use crate::database::{self, DatabaseOptions};
use crate::project::APPLICATION;
use crate::workspace::Workspace;

pub(super) struct Database;

impl Source for Database {
    fn form(&self) -> &'static str {
        "postgresql://…"
    }

    fn about(&self) -> &'static str {
        "a database; `@NAME` is an environment of whimbrel.toml"
    }

    fn is_meant(&self, text: &str, _: &Workspace) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        text.starts_with('@') || scheme.is_some_and(|scheme| scheme.starts_with("postgres"))
    }

    fn open<'a>(&'a self, text: &'a str, place: &'a Place<'a>) -> Opening<'a> {
        Box::pin(async move {
            let options = DatabaseOptions {
                database_url: Some(Secret::new(text)),
                environment: None,
                ..place.database.clone()
            };
            let found = database::find(place.workspace, &options)?;
            let mut session = Session::connect(&found.target, APPLICATION).await?;
            let baseline = Baseline::in_database(&mut session).await.map_err(CatalogError::from)?;
            let catalog = read::catalog(&mut session).await?;
            session.close().await;
            let shown = found.target.to_string();
            Ok(Opened::Read { catalog: Box::new(catalog), shown, baseline })
        })
    }
}
