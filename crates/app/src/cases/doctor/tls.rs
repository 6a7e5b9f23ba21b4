//! Whether anybody can read along, or answer in the server's place.

use jiff::Timestamp;
use whimbrel_engine::ways::By;
use whimbrel_engine::wire::{Security, Session, Verified};
use whimbrel_engine::{HostKind, SslMode, Target};

use super::finding::{About, Finding, Group};

/// Whether anybody can read along, or answer in the server's place.
pub(super) const ABOUT: About = About {
    id: "tls",
    group: Group::Connection,
    looks_at: "whether the connection is encrypted, how far the server's certificate was verified \
               and by whose word, and when it ends",
    why: "without TLS the password's proof and all data can be read on the way; without \
          verification anybody in between can answer",
    cure: "`sslmode=verify-full`; at Supabase leave `sslmode` out: its authority is built in",
};

/// So many days before a certificate ends it is time for a new one.
const SOON: i64 = 21;

pub(super) fn judge(session: &Session, target: &Target, now: Timestamp) -> Vec<Finding> {
    match &target.by {
        By::Connection => of_connection(session, target, now),
        By::Psql(_) => vec![of_psql(&session.way().host.kind(), target)],
        By::Api(api) if api.is_encrypted() => vec![ABOUT.ok("HTTPS to the Management API")],
        // Nobody else is spoken to without it.
        By::Api(_) => vec![ABOUT.ok("HTTP to an API on this machine")],
    }
}

/// What psql, which makes the connection, was told of it.
fn of_psql(kind: &HostKind, target: &Target) -> Finding {
    let mode = target.ssl_mode;
    let insists = matches!(mode, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull);
    if *kind == HostKind::Local || insists {
        return ABOUT.ok(format!("up to psql, with sslmode={mode}"));
    }
    ABOUT
        .note(format!("up to psql: sslmode={mode} lets it go on without encryption"))
        .cured_by("`?sslmode=verify-full`, or `require` where the authority is not known")
}

fn of_connection(session: &Session, target: &Target, now: Timestamp) -> Vec<Finding> {
    let way = session.way();
    let kind = way.host.kind();
    let Some(security) = &way.security else {
        return vec![match kind {
            HostKind::Local => ABOUT.ok("no TLS, and none needed"),
            HostKind::SupabaseDirect { .. }
            | HostKind::SupabaseDedicated { .. }
            | HostKind::SupabaseSession
            | HostKind::SupabaseTransaction
            | HostKind::Other => ABOUT
                .warning("the connection is not encrypted")
                .shown_by(format!("sslmode={}", target.ssl_mode))
                .cured_by("`?sslmode=verify-full`, or `require` where the authority is not known"),
        }];
    };
    let mut findings = vec![verified(security, &kind, target)];
    findings.extend(security.expires.as_deref().and_then(|ends| ending(ends, now)));
    findings
}

fn verified(security: &Security, kind: &HostKind, target: &Target) -> Finding {
    let version = security.version;
    let roots = security.roots.as_deref().unwrap_or("nobody");
    match security.verified {
        Verified::Host => ABOUT.ok(format!("{version}, verified by {roots}")),
        Verified::Authority => ABOUT
            .note(format!("{version}, verified by {roots}, for any host of theirs"))
            .cured_by("`?sslmode=verify-full` asks for the host's name as well"),
        Verified::Not if *kind == HostKind::Local => ABOUT.ok(format!("{version} on this machine")),
        Verified::Not if kind.is_supabase() => ABOUT
            .warning(format!("{version}, not verified: whoever answers is believed"))
            .shown_by(format!("sslmode={}", target.ssl_mode))
            .cured_by("leave `sslmode` out of the URL: Supabase's authority is built in"),
        Verified::Not => {
            ABOUT.note(format!("{version}, not verified: whoever answers is believed")).cured_by(
                "`?sslmode=verify-full`, with `sslrootcert=FILE` for an authority of your own",
            )
        }
    }
}

/// That a certificate ends soon, or has ended.
fn ending(ends: &str, now: Timestamp) -> Option<Finding> {
    let until: Timestamp = ends.parse().ok()?;
    let days = until.duration_since(now).as_hours() / 24;
    let what = match days {
        ..0 => format!("the server's certificate ended on {}", &ends[..10]),
        0..SOON => format!("the server's certificate ends in {days} days"),
        _ => return None,
    };
    Some(ABOUT.warning(what).shown_by(ends).cured_by("the server wants a new certificate"))
}
