//! What libpq takes from files and variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;
use whimbrel_engine::{Origin, Origins, TargetError};

use super::place::PASSWORD;
use super::*;

/// A home with files that libpq knows.
struct Home {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap().to_owned();
        Self { folder, variables: vec![("HOME", home), ("USER", "nobody".to_owned())] }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn file(self, name: &str, mode: u32, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        self
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn read(&self, text: &str) -> Result<Target, TargetError> {
        self.explain(text).map(|(target, _)| target)
    }

    fn explain(&self, text: &str) -> Result<(Target, Origins), TargetError> {
        Target::explain(text, &|name| {
            let found = self.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        })
    }
}

/// A server that asks for a password: host, port and database.
async fn door() -> (String, u16, String) {
    let target = over_tcp("in_scram").await;
    let Host::Tcp { host, port, .. } = &target.hosts[0] else { panic!("{target}") };
    (host.clone(), *port, target.database.clone())
}

/// As it stands in a password file.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(':', "\\:")
}

#[tokio::test]
async fn the_first_line_of_the_password_file_that_fits_has_the_password() {
    let (host, port, database) = door().await;
    let password = escaped(PASSWORD);
    let lines = format!(
        "# {host}:*:*:*:commented\n\
         other.example:*:*:*:wrong\n\
         {host}:1:*:*:wrong\n\
         {host}:{port}:elsewhere:*:wrong\n\
         {host}:*:{database}:in_scram:{password}\n\
         *:*:*:*:too late\n"
    );
    let home = Home::new().file(".pgpass", 0o600, &lines);
    let url = format!("postgres://in_scram@{host}:{port}/{database}");
    let (target, origins) = home.explain(&url).unwrap();
    let mut session = accepted(&target).await;
    assert_eq!(value(&mut session, "select current_user").await, "in_scram");
    let origin = Origin::File(home.path(".pgpass").into());
    assert!(origins.contains(&("password", origin)), "{origins:?}");
    assert!(!format!("{target} {target:?}").contains("märked"));

    // Another database is another line, and a program that is to connect is told the password.
    let error = refused(&target.with_database("elsewhere")).await;
    assert_eq!(error.server().unwrap().code, "28P01");
    accepted(&Target::parse(target.url().reveal(), &|_| None).unwrap()).await;
}

#[tokio::test]
async fn a_password_that_is_given_goes_before_the_file() {
    let (host, port, database) = door().await;
    let home = Home::new().file(".pgpass", 0o600, "*:*:*:*:wrong\n").with("PGPASSWORD", PASSWORD);
    accepted(&home.read(&format!("postgres://in_scram@{host}:{port}/{database}")).unwrap()).await;
}

#[tokio::test]
async fn a_password_file_that_others_may_read_is_left_alone_and_that_is_said() {
    let (host, port, database) = door().await;
    let line = format!("*:*:*:*:{}\n", escaped(PASSWORD));
    let home = Home::new().file("mine", 0o640, &line);
    let home = home.with("PGPASSFILE", "unused");
    let url =
        format!("postgres://in_scram@{host}:{port}/{database}?passfile={}", home.path("mine"));
    let error = refused(&home.read(&url).unwrap()).await;
    assert!(matches!(error.last().cause, ConnectCause::Passfile { .. }), "{error:?}");
    assert_eq!(error.hint().unwrap(), format!("chmod 0600 {}", home.path("mine")));
    assert!(error.last().cause.to_string().contains("mode 0640"), "{}", error.last().cause);

    let home = home.file("mine", 0o400, &line);
    accepted(&home.read(&url).unwrap()).await;
}

#[tokio::test]
async fn variables_alone_lead_to_a_database() {
    let (host, port, database) = door().await;
    let home = Home::new()
        .with("PGHOST", host)
        .with("PGPORT", port.to_string())
        .with("PGUSER", "in_scram")
        .with("PGPASSWORD", PASSWORD)
        .with("PGDATABASE", database)
        .with("PGSSLMODE", "require")
        .with("PGAPPNAME", "mine")
        .with("PGOPTIONS", "-c work_mem=1234")
        .with("PGTZ", "Asia/Kathmandu")
        .with("PGDATESTYLE", "German");
    let mut session = accepted(&home.read("postgres://").unwrap()).await;
    for (setting, expected) in [
        ("application_name", "mine"),
        ("work_mem", "1234kB"),
        ("timezone", "Asia/Kathmandu"),
        ("datestyle", "German, DMY"),
    ] {
        assert_eq!(value(&mut session, &format!("show {setting}")).await, expected);
    }
    assert_eq!(session.way().security.as_ref().unwrap().version, "TLS 1.3");
}

#[tokio::test]
async fn a_service_fills_what_was_left_out_and_goes_before_variables() {
    let (host, port, database) = door().await;
    let text = format!(
        "[other]\nhost=nowhere.invalid\n\n# ours\n[shop]\nhost={host}\nport={port}\n\
         user=in_md5\npassword={PASSWORD}\ndbname={database}\n[last]\nport=1\n"
    );
    let home = Home::new()
        .file("services", 0o644, &text)
        .with("PGHOST", "nowhere.invalid")
        .with("PGSERVICE", "shop");
    let file = home.path("services");
    let home = home.with("PGSERVICEFILE", file.clone());
    let (target, origins) = home.explain("postgres://in_scram@").unwrap();
    let mut session = accepted(&target).await;
    assert_eq!(value(&mut session, "select current_user").await, "in_scram");
    let origin = Origin::Service { name: "shop".to_owned(), file: file.into() };
    assert!(origins.contains(&("host", origin)), "{origins:?}");
}

#[test]
fn a_service_that_is_not_there_or_makes_no_sense_is_named() {
    let home = Home::new().file(".pg_service.conf", 0o644, "[a]\ncolour=red\n[b]\nservice=a\n");
    let error = home.read("postgres://u@/?service=none").unwrap_err();
    assert!(matches!(&error, TargetError::NoService { name, .. } if name == "none"), "{error}");
    assert!(error.hint().unwrap().contains(&home.path(".pg_service.conf")), "{:?}", error.hint());
    for (name, line) in [("a", 2), ("b", 4)] {
        let error = home.read(&format!("service={name} user=u")).unwrap_err();
        let TargetError::ServiceLine { line: at, .. } = error else { panic!("{error}") };
        assert_eq!(at, line);
    }
}
