//! The way to the database: which door, which addresses, and why it stays shut.

use std::net::IpAddr;

use camino::Utf8Path;
use whimbrel_engine::ways::By;
use whimbrel_engine::wire::{self, ConnectError, Session, addresses};
use whimbrel_engine::{Host, HostKind, Secret, Target};

use super::finding::{About, Finding, Group};
use super::{APPLICATION, Way};
use crate::catalogue;
use crate::database::{self, Database, Found, session_mode};
use crate::wire::chain;
use crate::workspace::Workspace;

/// The way to the database.
pub(super) const ABOUT: About = About {
    id: "connection",
    group: Group::Connection,
    looks_at: "what the host is (this machine, Supabase's database, one of its poolers …), its \
               addresses, and whether it lets us in; where Supabase's direct host cannot be \
               reached, its session pooler is tried",
    why: "nothing runs without it",
    cure: "see the refusals below: each has its own",
};

/// The ways that are no connection.
pub(super) const WAYS: About = About {
    id: "ways",
    group: Group::Connection,
    looks_at: "where no connection is possible: whether `psql` is there, and a project and a token \
               for Supabase's Management API; neither is tried",
    why: "migrations can still be run: ways.md",
    cure: "`whimbrel up --via psql`, `whimbrel up --via api`, `whimbrel script`",
};

/// Connects as any command would; where that fails, says why and tries what may help.
pub(super) async fn connect(
    workspace: &Workspace,
    database: &Database,
) -> (Option<Way>, Vec<Finding>) {
    let target = &database.target;
    match Session::connect(target, APPLICATION).await {
        Ok(session) => {
            let what = reached(target, session.way());
            (Some((session, target.clone())), vec![ABOUT.ok(what)])
        }
        Err(error) => {
            let mut findings = vec![refused(target, &error).await];
            let session = another_way(workspace, database, &error, &mut findings).await;
            (session, findings)
        }
    }
}

/// What was reached, and how.
fn reached(target: &Target, way: &wire::Way) -> String {
    let kind = way.host.kind();
    match (&target.by, way.address) {
        (By::Api(api), _) => format!("Supabase's Management API answers for {}", api.project()),
        (By::Psql(_), _) => format!("{}, by psql", kind.about()),
        (By::Connection, Some(address)) if kind != HostKind::Local => {
            format!("{}, {}", kind.about(), described(address))
        }
        (By::Connection, _) => kind.about().to_owned(),
    }
}

/// Why it stays shut.
async fn refused(target: &Target, error: &ConnectError) -> Finding {
    let mut finding = ABOUT.trouble(chain(error).join(": ")).known_as(catalogue::of_connect(error));
    if let Some(means) = error.means() {
        finding = finding.shown_by(means);
    }
    for host in &target.hosts {
        let kind = host.kind();
        if kind != HostKind::Local && kind != HostKind::Other {
            finding = finding.shown_by(format!("{host} is {}", kind.about()));
        }
        if let Some(shown) = looked_up(target, host).await {
            finding = finding.shown_by(shown);
        }
    }
    error.hint().into_iter().fold(finding, Finding::cured_by)
}

/// The addresses of a host that has a name.
async fn looked_up(target: &Target, host: &Host) -> Option<String> {
    let Host::Tcp { host: name, .. } = host else { return None };
    let found = addresses(target, host).await.ok()?;
    if found.iter().all(|address| address.to_string() == *name) {
        return None;
    }
    let all: Vec<String> = found.iter().map(ToString::to_string).collect();
    let only = if found.iter().all(IpAddr::is_ipv6) { ": IPv6 only" } else { "" };
    Some(format!("{name} has {}{only}", all.join(", ")))
}

fn described(address: IpAddr) -> String {
    let family = if address.is_ipv6() { "IPv6" } else { "IPv4" };
    format!("reached by {family}")
}

/// Tries the session pooler where a direct host of Supabase's cannot be reached.
async fn another_way(
    workspace: &Workspace,
    database: &Database,
    error: &ConnectError,
    findings: &mut Vec<Finding>,
) -> Option<Way> {
    let project = database.target.hosts.iter().find_map(|host| match host.kind() {
        HostKind::SupabaseDirect { project } | HostKind::SupabaseDedicated { project } => {
            Some(project)
        }
        HostKind::Local
        | HostKind::SupabaseSession
        | HostKind::SupabaseTransaction
        | HostKind::Other => None,
    })?;
    if !error.wants_another_way() {
        return None;
    }
    let Some((place, pooler)) = pooler_of(workspace, database, &project) else {
        findings.push(
            ABOUT
                .note("no URL of the session pooler is anywhere to be tried")
                .cured_by(format!(
                    "take the session pooler's URL from the project's Connect dialog: port 5432, \
                     user `{}.{project}`",
                    database.target.user
                ))
                .cured_by(CONTAINERS),
        );
        return None;
    };
    match Session::connect(&pooler, APPLICATION).await {
        Ok(session) => {
            findings.push(
                ABOUT
                    .note("the session pooler lets us in; what follows was seen through it")
                    .shown_by(format!("made of {place}: {pooler}"))
                    .cured_by(format!("set DATABASE_URL to {pooler}"))
                    .cured_by(CONTAINERS),
            );
            Some((session, pooler))
        }
        Err(error) => {
            let finding = ABOUT
                .trouble(format!("the session pooler does not help: {}", chain(&error).join(": ")))
                .shown_by(format!("made of {place}: {pooler}"));
            let finding =
                error.means().map(str::to_owned).into_iter().fold(finding, Finding::shown_by);
            findings.push(error.hint().into_iter().fold(finding, Finding::cured_by));
            None
        }
    }
}

const CONTAINERS: &str = "containers of Docker and most CI machines have no IPv6 unless it was \
    turned on for them: the pooler has IPv4";

/// The session pooler of a project, as any URL in sight or the Supabase CLI's `link` has it.
fn pooler_of(
    workspace: &Workspace,
    database: &Database,
    project: &str,
) -> Option<(String, Target)> {
    let looks = database::look(workspace).unwrap_or_default();
    let urls = looks.into_iter().filter_map(|look| match look.found {
        Found::Url(url) => Some((look.place, url)),
        Found::Nothing(_) => None,
    });
    let linked = workspace.folder().text(Utf8Path::new(LINKED)).ok().flatten();
    // The CLI writes down a placeholder for the password.
    let linked = linked.map(|url| Secret::new(url.trim().replace(":[YOUR-PASSWORD]@", "@")));
    let linked = linked.map(|url| (LINKED.to_owned(), url));
    urls.chain(linked).find_map(|(place, url)| {
        let target = workspace.target(&url, &place).ok()?;
        let kind = target.hosts.first()?.kind();
        let mut pooler = match kind {
            HostKind::SupabaseSession => target,
            HostKind::SupabaseTransaction => session_mode(&target)?,
            HostKind::Local
            | HostKind::SupabaseDirect { .. }
            | HostKind::SupabaseDedicated { .. }
            | HostKind::Other => return None,
        };
        let is_of_project =
            pooler.user.rsplit_once('.').is_some_and(|(_, tenant)| tenant == project);
        if pooler.password.is_none() {
            pooler.password.clone_from(&database.target.password);
        }
        pooler.hints.retain(|(name, _)| name != "pgbouncer");
        pooler.connect_timeout = database.target.connect_timeout;
        is_of_project.then_some((place, pooler))
    })
}

/// Where the Supabase CLI's `link` writes down the pooler's URL.
const LINKED: &str = "supabase/.temp/pooler-url";
