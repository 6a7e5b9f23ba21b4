//! Whether a pooler stands between, and what it pools.

use whimbrel_engine::ways::By;
use whimbrel_engine::wire::Session;
use whimbrel_engine::{HostKind, Target};

use super::APPLICATION;
use super::checks::Seen;
use super::finding::{About, Finding, Group};

/// Whether a pooler stands between, and what it pools.
pub(super) const ABOUT: About = About {
    id: "pooler",
    group: Group::Connection,
    looks_at: "whether a pooler stands between us and the server, and whether it gives each \
               transaction another connection: by Supabase's port 6543, `pgbouncer=true`, or a \
               second connection that is served by the first one's process",
    why: "behind a transaction pooler there is no session: a concurrent index build cannot be freed \
          of timeouts, and other tools' locks, `set` and prepared statements break",
    cure: "port 5432 at Supabase, or the database's own address, in DATABASE_URL or DIRECT_URL",
};

/// What was found of a pooler.
pub(super) struct Pooled {
    pub(super) is_transaction: bool,
    pub(super) findings: Vec<Finding>,
}

pub(super) async fn judge(session: &Session, target: &Target, seen: &Seen) -> Pooled {
    // Another way has no session that could be pooled.
    if target.by != By::Connection {
        return Pooled { is_transaction: false, findings: Vec::new() };
    }
    let is_pooled = seen.backend != session.process_id();
    let by_name = target.hosts.iter().find(|host| {
        matches!(host.kind(), HostKind::SupabaseTransaction | HostKind::SupabaseDedicated { .. })
    });
    let evidence = if let Some(host) = by_name {
        Some(format!("{host} is {}", host.kind().about()))
    } else if is_pooled && target.is_transaction_pooler_guess() {
        Some("the connection URL says so: port 6543, or `pgbouncer=true`".to_owned())
    } else if is_pooled && shares(target, seen.backend).await {
        Some("a second connection was served by the first one's process".to_owned())
    } else {
        None
    };
    let Some(evidence) = evidence else {
        let findings = if is_pooled {
            vec![ABOUT.ok("a pooler with a session for each client")]
        } else {
            Vec::new()
        };
        return Pooled { is_transaction: false, findings };
    };
    let finding = ABOUT
        .warning("a transaction pooler stands between us and the server")
        .shown_by(evidence)
        .cured_by(if by_name.is_some() {
            "use the session pooler: the pooler's host with port 5432"
        } else {
            "name the database itself in DATABASE_URL, or in DIRECT_URL beside it"
        });
    Pooled { is_transaction: true, findings: vec![finding] }
}

/// Whether a second client is served by the process that serves the first, who is still there.
async fn shares(target: &Target, backend: i32) -> bool {
    let Ok(mut second) = Session::connect(target, APPLICATION).await else { return false };
    let answers = second.simple("select pg_catalog.pg_backend_pid()").await.unwrap_or_default();
    second.close().await;
    let served = answers.first().and_then(|answer| answer.value());
    served.is_some_and(|served| served == backend.to_string())
}
