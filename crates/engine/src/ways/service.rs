//! A target as a service of libpq's, for programs that connect by themselves.
//!
//! All that leads to the database stands in a file that only its owner may read and that goes with
//! the process: nothing of it is on the command line or in the environment.

use std::fmt::Write as _;
use std::io::Write as _;

use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::{Host, Secret, Target};

/// What stands in a service file.
pub(super) struct Service {
    text: String,
    password: Option<Secret>,
}

/// The service's name in its file.
const NAME: &str = "whimbrel";

/// Variables that would lead elsewhere, or add to the service.
const LEFT_OUT: &[&str] = &[
    "PGDATABASE",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGOPTIONS",
    "PGSSLMODE",
];

impl Service {
    /// The service that leads to a target, with settings that only libpq understands.
    pub(super) fn new(target: &Target, more: &[(&'static str, Secret)]) -> Self {
        let password = target.hosts.first().and_then(|host| target.password_for(host)).cloned();
        Self { text: text(target, more, password.as_ref()), password }
    }

    /// Has a program connect by the service, as long as the file is held.
    pub(super) fn equip(&self, command: &mut Command) -> std::io::Result<NamedTempFile> {
        let mut file = tempfile::Builder::new().prefix("whimbrel-service").tempfile()?;
        file.write_all(self.text.as_bytes())?;
        file.flush()?;
        for variable in LEFT_OUT {
            command.env_remove(variable);
        }
        // Whoever may look at a process sees its environment.
        for (name, value) in std::env::vars_os() {
            if tells(&value.to_string_lossy(), self.password.as_ref()) {
                command.env_remove(name);
            }
        }
        command
            .env("PGSERVICEFILE", file.path())
            .env("PGSERVICE", NAME)
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_ALL", "C");
        Ok(file)
    }
}

/// Whether a variable tells how to get into a database, this or another: a password, a URL, a
/// connection string. Not whatever the password is only part of: one such as `postgres` is part of
/// the PATH.
fn tells(value: &str, password: Option<&Secret>) -> bool {
    let is_password = password.is_some_and(|password| password.reveal() == value);
    let is_url = value.contains("postgres") && value.contains("://");
    is_password || is_url || value.contains("password=")
}

fn text(target: &Target, more: &[(&'static str, Secret)], password: Option<&Secret>) -> String {
    let mut text = format!("[{NAME}]\n");
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() && !value.contains(['\n', '\r']) {
            writeln!(text, "{name}={value}").expect("a text takes any text");
        }
    };
    let list = |each: &dyn Fn(&Host) -> String| {
        target.hosts.iter().map(each).collect::<Vec<String>>().join(",")
    };
    say(
        "host",
        &list(&|host| match host {
            Host::Tcp { host, .. } => host.clone(),
            Host::Socket { folder, .. } => folder.to_string(),
        }),
    );
    say("port", &list(&|host| host.port().to_string()));
    say("user", &target.user);
    say("dbname", &target.database);
    say("application_name", target.application_name.as_deref().unwrap_or("whimbrel"));
    say("password", password.map_or("", Secret::reveal));
    for (name, value) in target.settings() {
        say(&name, &value);
    }
    for (name, value) in more {
        say(name, value.reveal());
    }
    text
}
