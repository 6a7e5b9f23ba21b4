//! Services: settings under a name, in `pg_service.conf`.

use camino::{Utf8Path, Utf8PathBuf};

use super::TargetError;
use super::keywords::{KEYWORDS, Use};
use super::settings::{Lookup, Origin, Settings};

/// Where Debian's and upstream's packages have the file of the whole machine.
const SYSTEM_FOLDERS: &[&str] = &["/etc/postgresql-common", "/etc"];

/// Takes what the service says, where one is named, for what was left out. It goes before libpq's
/// variables.
pub(super) fn fill(settings: &mut Settings, variable: Lookup<'_>) -> Result<(), TargetError> {
    let named = settings.text("service").or_else(|| variable("PGSERVICE"));
    let Some(name) = named.filter(|name| !name.is_empty()) else { return Ok(()) };
    let looked = files(settings, variable);
    for file in &looked {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let Some(found) = find(&text, &name, file)? else { continue };
        for (keyword, value) in found {
            let origin = Origin::Service { name: name.clone(), file: file.clone() };
            settings.fill(keyword, value, origin);
        }
        return Ok(());
    }
    Err(TargetError::NoService { name, looked })
}

/// The files that may define it, the person's own first.
fn files(settings: &Settings, variable: Lookup<'_>) -> Vec<Utf8PathBuf> {
    let home = || {
        let name = if cfg!(windows) { "postgresql/.pg_service.conf" } else { ".pg_service.conf" };
        let folder = variable(if cfg!(windows) { "APPDATA" } else { "HOME" })?;
        Some(Utf8Path::new(&folder).join(name))
    };
    let said = settings.text("servicefile").or_else(|| variable("PGSERVICEFILE"));
    let own = said.map(Utf8PathBuf::from).or_else(home);
    let folders: Vec<Utf8PathBuf> = match variable("PGSYSCONFDIR") {
        Some(folder) => vec![folder.into()],
        None => SYSTEM_FOLDERS.iter().map(Utf8PathBuf::from).collect(),
    };
    let system = folders.iter().map(|folder| folder.join("pg_service.conf"));
    own.into_iter().chain(system).collect()
}

/// The settings of a service in the text of a file; `None` where it is not defined there.
fn find(
    text: &str,
    name: &str,
    file: &Utf8Path,
) -> Result<Option<Vec<(&'static str, String)>>, TargetError> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let header = format!("[{name}]");
    if !lines.any(|(_, line)| line == header) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for (line, text) in lines.take_while(|(_, line)| !line.starts_with('[')) {
        let wrong = |what| TargetError::ServiceLine { file: file.to_owned(), line, what };
        let (keyword, value) = text.split_once('=').ok_or_else(|| {
            wrong(if text.starts_with("ldap") {
                "asks an LDAP server, which is not supported"
            } else {
                "is no `name=value`"
            })
        })?;
        if matches!(keyword, "service" | "servicefile") {
            return Err(wrong("names another service, which a service cannot"));
        }
        let known = KEYWORDS.iter().find(|known| known.name == keyword);
        let known = known.filter(|known| known.used != Use::FromVariable);
        let known = known.ok_or_else(|| wrong("names a setting that there is none of"))?;
        if known.used != Use::Ignored {
            found.push((known.name, value.to_owned()));
        }
    }
    Ok(Some(found))
}
