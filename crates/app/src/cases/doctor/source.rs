//! Which connection URL won, which others were seen, and who said the rest.

use std::collections::BTreeMap;

use whimbrel_engine::ways::By;
use whimbrel_engine::{Host, Origin, Target};

use super::finding::{About, Finding, Group};
use crate::database::{self, Database, DatabaseError, Found};
use crate::wire::chain;
use crate::workspace::Workspace;

/// Which connection URL won.
pub(super) const ABOUT: About = About {
    id: "source",
    group: Group::Connection,
    looks_at: "every place that may hold a connection URL, and what fills the gaps of the one that \
               won: libpq's variables, a service, `.pgpass`, `~/.postgresql`",
    why: "the URL that is used may not be the one that is meant",
    cure: "`--database-url` or `--env` goes before all of them",
};

/// Whether the password file is used.
pub(super) const PASSFILE: About = About {
    id: "passfile",
    group: Group::Connection,
    looks_at: "the password file: a plain file that only its owner can read",
    why: "libpq, and so Whimbrel, leaves any other alone: the server then asks for a password that \
          nobody gives",
    cure: "`chmod 0600 ~/.pgpass`",
};

pub(super) fn judge(
    workspace: &Workspace,
    found: &Result<Database, DatabaseError>,
) -> Vec<Finding> {
    let won = found.as_ref().ok();
    let others = others(workspace, won);
    let database = match found {
        Ok(database) => database,
        Err(error) => {
            let finding = ABOUT.trouble(chain(error).join(": ")).known_as(error.code());
            let finding = others.into_iter().fold(finding, Finding::shown_by);
            return vec![error.hints().into_iter().fold(finding, Finding::cured_by)];
        }
    };
    let finding = ABOUT.ok(format!("{} is used", database.place));
    let finding = finding.shown_by(leads_to(&database.target));
    let finding = filled(database).into_iter().fold(finding, Finding::shown_by);
    let mut findings = vec![others.into_iter().fold(finding, Finding::shown_by)];
    findings.extend(database.remark.as_ref().map(|remark| ABOUT.note(remark)));
    let passfile = &database.target.passfile;
    if let (Some(path), Some(fault)) = (&passfile.path, &passfile.fault) {
        findings.push(
            PASSFILE.warning(format!("`{path}` is left alone: {fault}")).cured_by(fault.cure(path)),
        );
    }
    findings
}

/// Where it leads, and by which way.
fn leads_to(target: &Target) -> String {
    match &target.by {
        By::Connection => format!("it leads to {target}"),
        By::Psql(_) => format!("it leads to {target}, by psql"),
        By::Api(api) => {
            let (host, port) = api.host();
            format!("it leads to project {}, by the Management API at {host}:{port}", api.project())
        }
    }
}

/// Where else there is a connection URL.
fn others(workspace: &Workspace, won: Option<&Database>) -> Vec<String> {
    let Ok(looks) = database::look(workspace) else { return Vec::new() };
    let mut others = Vec::new();
    for look in looks {
        let Found::Url(url) = &look.found else { continue };
        if won.is_some_and(|won| won.place == look.place) {
            continue;
        }
        others.push(match workspace.target(url, &look.place) {
            Ok(target) if won.is_some_and(|won| is_same(&won.target, &target)) => {
                format!("also seen: {}, the same database", look.place)
            }
            Ok(target) => format!("also seen: {}, {target}", look.place),
            Err(error) => format!("also seen: {}", chain(&error).join(": ")),
        });
    }
    others
}

fn is_same(one: &Target, other: &Target) -> bool {
    let names =
        |target: &Target| -> Vec<String> { target.hosts.iter().map(Host::to_string).collect() };
    one.database == other.database && names(one) == names(other)
}

/// Who said what the URL did not: `password from ~/.pgpass`.
fn filled(database: &Database) -> Vec<String> {
    let mut by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, origin) in &database.origins {
        match origin {
            Origin::Given | Origin::Default | Origin::SystemUser => {}
            Origin::Variable(_) | Origin::Service { .. } | Origin::File(_) => {
                by.entry(origin.to_string()).or_default().push(name);
            }
        }
    }
    by.into_iter().map(|(origin, names)| format!("{} from {origin}", names.join(", "))).collect()
}
