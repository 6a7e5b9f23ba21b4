//! Alembic's configuration.

use whimbrel_engine::Secret;
use whimbrel_history::FilesError;

use super::{Found, Look, Place, path};
use crate::workspace::Workspace;

/// `sqlalchemy.url` in `alembic.ini`.
pub(super) struct Alembic;

const FILE: &str = "alembic.ini";
const KEY: &str = "sqlalchemy.url";

impl Place for Alembic {
    fn about(&self) -> String {
        format!("`{KEY}` in `{FILE}`")
    }

    fn look(&self, workspace: &Workspace) -> Result<Vec<Look>, FilesError> {
        let (place, found) = match workspace.folder().text(&path(FILE))? {
            None => (FILE.to_owned(), Found::Nothing(Some("no such file".to_owned()))),
            Some(text) => (format!("{KEY} in {FILE}"), url(&text)),
        };
        Ok(vec![Look { place, found }])
    }
}

/// Reads the URL as Python's configparser does: `%%` is one percent sign.
fn url(text: &str) -> Found {
    let mut section = "";
    for line in text.lines() {
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else { continue };
        if section != "alembic" || !key.trim_end().eq_ignore_ascii_case(KEY) {
            continue;
        }
        let value = value.trim().replace("%%", "%");
        return match value.as_str() {
            "" => Found::Nothing(Some("empty".to_owned())),
            template if template.starts_with("driver://") => {
                Found::Nothing(Some("still the template's".to_owned()))
            }
            reference if reference.contains("%(") => {
                Found::Nothing(Some("refers to another value".to_owned()))
            }
            _ => Found::Url(Secret::new(value)),
        };
    }
    Found::Nothing(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_the_main_section_is_taken() {
        let text = "[other]\nsqlalchemy.url = postgresql://wrong\n[alembic]\n# sqlalchemy.url = no\nSQLAlchemy.url = postgresql://u:p%%40w@h/d\n";
        assert_eq!(url(text), Found::Url(Secret::new("postgresql://u:p%40w@h/d")));
    }

    #[test]
    fn templates_and_references_are_no_urls() {
        let template = url("[alembic]\nsqlalchemy.url = driver://user:pass@localhost/dbname\n");
        assert_eq!(template, Found::Nothing(Some("still the template's".to_owned())));
        let reference = url("[alembic]\nsqlalchemy.url = %(DB_URL)s\n");
        assert_eq!(reference, Found::Nothing(Some("refers to another value".to_owned())));
        assert_eq!(url("[alembic]\n"), Found::Nothing(None));
    }
}
