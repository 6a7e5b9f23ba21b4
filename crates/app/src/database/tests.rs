//! The order in which databases are found, on real folders.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::*;
use crate::surroundings::{Surroundings, SystemClock};
use crate::workspace::Workspace;

/// A project of files with an environment.
struct Project {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self { folder, variables: BTreeMap::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn find(&self, options: &DatabaseOptions) -> Result<Database, DatabaseError> {
        let folder = Utf8Path::from_path(self.folder.path()).unwrap();
        let surroundings = Surroundings {
            folder: folder.to_owned(),
            link: None,
            variables: self.variables.clone(),
            user: "tester".to_owned(),
            machine: "here".to_owned(),
            program: String::new(),
            helper: None,
            clock: Box::new(SystemClock),
        };
        find(&Workspace::open(surroundings, Some(folder)).unwrap(), options)
    }

    fn place(&self) -> String {
        self.find(&DatabaseOptions::default()).unwrap().place
    }
}

fn url(host: &str) -> String {
    format!("postgresql://u:hunter2@{host}/d")
}

fn env(name: &str, host: &str) -> String {
    format!("{name}={}\n", url(host))
}

#[test]
fn the_environment_goes_before_files_and_secrets_before_local_files() {
    let project = Project::new(&[
        (".env.secrets", &env("SUPABASE_DB_URL", "a")),
        (".env.local", &env("DATABASE_URL", "b")),
        (".env", &env("DATABASE_URL", "c")),
        ("supabase/config.toml", "[db]\nport = 54999\n"),
    ]);
    assert_eq!(project.place(), "SUPABASE_DB_URL in .env.secrets");
    std::fs::remove_file(project.folder.path().join(".env.secrets")).unwrap();
    assert_eq!(project.place(), "DATABASE_URL in .env.local");
    std::fs::remove_file(project.folder.path().join(".env.local")).unwrap();
    assert_eq!(project.place(), "DATABASE_URL in .env");
    std::fs::remove_file(project.folder.path().join(".env")).unwrap();
    assert_eq!(project.place(), "supabase/config.toml");
    let project = project.with("DIRECT_URL", &url("z"));
    assert_eq!(project.place(), "DIRECT_URL in the environment");
    let project = project.with("DATABASE_URL", &url("y"));
    assert_eq!(project.place(), "DATABASE_URL in the environment");
}

#[test]
fn a_direct_url_goes_before_a_transaction_pooler_of_the_same_place() {
    let both = env("DATABASE_URL", "pool:6543") + &env("DIRECT_URL", "direct");
    let database = Project::new(&[(".env", &both)]).find(&DatabaseOptions::default()).unwrap();
    assert_eq!(database.place, "DIRECT_URL in .env");
    assert_eq!(
        database.remark.as_deref(),
        Some("DATABASE_URL in .env leads to a transaction pooler, so DIRECT_URL in .env is used")
    );
}

#[test]
fn round_supabases_transaction_pooler_leads_the_session_port_of_the_same_host() {
    let pooler = "aws-0-eu-central-1.pooler.supabase.com";
    let direct = |text: &str| {
        let project = Project::new(&[(".env", &env("DATABASE_URL", text))]);
        let database = project.find(&DatabaseOptions::default()).unwrap();
        database.direct.map(|target| target.to_string())
    };
    let session = direct(&format!("{pooler}:6543")).unwrap();
    assert!(session.contains(&format!("@{pooler}:5432/")), "{session}");
    assert_eq!(direct(&format!("{pooler}:5432")), None);
    assert_eq!(direct("pool.example:6543"), None, "nobody knows what is at its other ports");
}

#[test]
fn a_direct_url_of_another_place_may_be_another_database() {
    let project = Project::new(&[(".env", &env("DIRECT_URL", "elsewhere"))]);
    let project = project.with("DATABASE_URL", &url("pool:6543"));
    assert_eq!(project.place(), "DATABASE_URL in the environment");
}

#[test]
fn libpqs_variables_lead_to_a_database_where_no_url_does() {
    let project = Project::new(&[("supabase/config.toml", "[db]\nport = 54999\n")]);
    let project = project.with("PGHOST", "db.example").with("PGDATABASE", "shop");
    let database = project.find(&DatabaseOptions::default()).unwrap();
    assert_eq!(database.place, "PGHOST, PGDATABASE in the environment");
    assert_eq!(database.target.to_string(), "postgresql://tester@db.example:5432/shop");
    let project = project.with("DATABASE_URL", &url("y"));
    assert_eq!(project.place(), "DATABASE_URL in the environment");
    let only_how = Project::new(&[]).with("PGPORT", "1").with("PGPASSWORD", "x");
    assert!(only_how.find(&DatabaseOptions::default()).is_err());
}

#[test]
fn what_is_set_to_nothing_is_not_set() {
    let project = Project::new(&[(".env", &env("DATABASE_URL", "h"))]).with("DATABASE_URL", "");
    assert_eq!(project.place(), "DATABASE_URL in .env");
}

#[test]
fn nothing_found_names_every_place() {
    let project = Project::new(&[(".env", "OTHER=1\nwhat is this\n")]).with("DATABASE_URL", " ");
    let error = project.find(&DatabaseOptions::default()).unwrap_err();
    let hints = error.hints().join("\n");
    for place in [
        "DATABASE_URL in the environment (empty)",
        "SUPABASE_DB_URL in the environment,",
        "DIRECT_URL in the environment,",
        ".env.secrets (no such file)",
        ".env.local (no such file)",
        "DATABASE_URL in .env (not set; not readable: line 2)",
        "PGSERVICE, PGHOST, PGHOSTADDR, PGDATABASE in the environment,",
        "supabase/config.toml (no such file)",
        "alembic.ini (no such file)",
    ] {
        assert!(hints.contains(place), "{place} in {hints}");
    }
}

#[test]
fn a_url_that_is_given_goes_before_all() {
    let project = Project::new(&[]).with("DATABASE_URL", &url("y"));
    let given = |text: &str| DatabaseOptions {
        database_url: Some(Secret::new(text)),
        ..DatabaseOptions::default()
    };
    assert_eq!(project.find(&given(&url("x"))).unwrap().place, "--database-url");
    let error = project.find(&given("nothing of the kind")).unwrap_err();
    assert_eq!(error.to_string(), "read the connection URL from --database-url");
}

#[test]
fn an_environment_is_found_by_its_name() {
    let project = Project::new(&[
        (
            "whimbrel.toml",
            "[env.staging]\nurl_env = 'STAGING_URL'\nprotected = true\n[env.empty]\n[env.here]\ndatabase_url = 'postgres://u@h/d'\n",
        ),
        (".env.local", &env("STAGING_URL", "s")),
    ]);
    let named = |name: &str| DatabaseOptions {
        environment: Some(name.to_owned()),
        ..DatabaseOptions::default()
    };
    let staging = project.find(&named("staging")).unwrap();
    assert_eq!((staging.place.as_str(), staging.protected), ("STAGING_URL in .env.local", true));
    assert_eq!(staging.environment.as_deref(), Some("staging"));
    let at = DatabaseOptions {
        database_url: Some(Secret::new("@staging")),
        ..DatabaseOptions::default()
    };
    assert_eq!(project.find(&at).unwrap(), staging);
    assert_eq!(project.find(&named("here")).unwrap().place, "[env.here] in whimbrel.toml");
    let unknown = project.find(&named("stagin")).unwrap_err();
    assert_eq!(unknown.hints(), ["did you mean `staging`?"]);
    let empty = project.find(&named("empty")).unwrap_err();
    assert_eq!(empty.to_string(), "environment `empty` has no URL");
}

#[test]
fn a_variable_that_is_not_set_names_where_it_was_looked_for() {
    let project = Project::new(&[("whimbrel.toml", "[env.x]\nurl_env = 'X_URL'\n")]);
    let options =
        DatabaseOptions { environment: Some("x".to_owned()), ..DatabaseOptions::default() };
    let error = project.find(&options).unwrap_err();
    assert_eq!(error.to_string(), "environment `x` takes its URL from `X_URL`, which is not set");
    assert_eq!(
        error.hints(),
        [
            "looked at X_URL in the environment, .env.secrets (no such file), .env.local (no such file), .env (no such file)"
        ]
    );
}

#[test]
fn no_password_is_in_an_error_or_its_debug_print() {
    let project = Project::new(&[]).with("DATABASE_URL", "postgresql://u:hunter2@h:x/d");
    let error = project.find(&DatabaseOptions::default()).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    for text in [format!("{error:?}"), error.to_string(), error.hints().join("\n"), source] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}
