//! Whether a database is a protected one, whatever it was called by.
//!
//! Protection is about the database: whoever gives the URL of production, or has it in DATABASE_URL,
//! is asked as one who says `--env production`.

use std::net::IpAddr;

use whimbrel_engine::ways::By;
use whimbrel_engine::{Host, HostKind, Target};

use super::{Database, WayName, named};
use crate::workspace::Workspace;

/// Makes a database that is a protected environment's one of that environment.
pub(super) fn recognise(workspace: &Workspace, way: WayName, found: Database) -> Database {
    if found.environment.is_some() {
        return found;
    }
    let environments = &workspace.config().environments;
    let mut protected = environments.iter().filter(|(_, environment)| environment.protected);
    let same = protected.find(|(name, environment)| {
        if let (Some(said), Some(project)) =
            (&environment.connection.project_ref, project(&found.target))
            && *said == project
        {
            return true;
        }
        // One whose URL is not to be had here is not the one that was found here.
        let other = named(workspace, name, way);
        other.is_ok_and(|other| is_same(&other.target, &found.target))
    });
    let Some((name, _)) = same else { return found };
    Database { environment: Some(name.clone()), protected: true, ..found }
}

/// Whether two targets lead to one database.
fn is_same(one: &Target, other: &Target) -> bool {
    if one.database != other.database {
        return false;
    }
    match (project(one), project(other)) {
        (Some(one), Some(other)) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => {
            one.hosts.iter().any(|host| other.hosts.iter().any(|other| is_same_host(host, other)))
        }
    }
}

fn is_same_host(one: &Host, other: &Host) -> bool {
    match (one, other) {
        (Host::Tcp { host, port, .. }, Host::Tcp { host: other_host, port: other_port, .. }) => {
            let is_local = is_loopback(host) && is_loopback(other_host);
            port == other_port && (host.eq_ignore_ascii_case(other_host) || is_local)
        }
        (one, other) => one == other,
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The project at Supabase that a target leads to.
pub(super) fn project(target: &Target) -> Option<String> {
    if let By::Api(api) = &target.by {
        return Some(api.project().to_owned());
    }
    match target.hosts.first()?.kind() {
        HostKind::SupabaseDirect { project } | HostKind::SupabaseDedicated { project } => {
            Some(project)
        }
        HostKind::SupabaseSession | HostKind::SupabaseTransaction => {
            Some(target.user.rsplit_once('.')?.1.to_owned())
        }
        HostKind::Local | HostKind::Other => None,
    }
}
