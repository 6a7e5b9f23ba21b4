//! What to do when no host lets us in.

use std::io;

use super::connect_error::{ConnectCause, ConnectError, HostError};

impl ConnectError {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<String> {
        let HostError { place, cause } = self.last();
        let hint = match cause {
            ConnectCause::Passfile { path, fault } => return Some(fault.cure(path)),
            ConnectCause::Resolve(_) | ConnectCause::Timeout { .. } if is_supabase(place) => {
                Some(SUPABASE_DIRECT)
            }
            ConnectCause::Resolve(_) => Some("check the host's name in the connection URL"),
            ConnectCause::Reach(error) => unreachable(place, error),
            ConnectCause::Timeout { .. } => Some(
                "check host and port, and whether a firewall is in between; \
                 `?connect_timeout=30` waits longer",
            ),
            ConnectCause::TlsNotOffered { .. } => Some(
                "if the network in between is trusted, `?sslmode=prefer` goes without TLS where \
                 the server has none",
            ),
            ConnectCause::Tls(error) => Some(not_trusted(CertificateFault::of(error))),
            ConnectCause::NoPassword => {
                Some("write it into the connection URL or `~/.pgpass`, or set PGPASSWORD")
            }
            ConnectCause::NotAllowed { .. } => Some("leave `require_auth` out, or add the method"),
            ConnectCause::Unfit { .. } => {
                Some("name the other servers as well, or leave `target_session_attrs` out")
            }
            ConnectCause::Method { .. } => {
                Some("use a role whose line in pg_hba.conf says `scram-sha-256`")
            }
            ConnectCause::NoChannelBinding => Some(
                "channel binding needs TLS and SCRAM; poolers often have neither: \
                 `?channel_binding=prefer` goes without",
            ),
            ConnectCause::Protocol(_) => Some("check host and port in the connection URL"),
            ConnectCause::Server(error) => said_no(&error.code, &error.message),
            ConnectCause::TlsSetup(_)
            | ConnectCause::Peer { .. }
            | ConnectCause::Imposter(_)
            | ConnectCause::Lost(_)
            | ConnectCause::NoKey => None,
        };
        hint.map(str::to_owned)
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over, or has not come.
    Expired,
    /// No known authority signed it.
    UnknownAuthority,
    /// It is made out to another host.
    OtherHost,
    /// Something else, or it was not the certificate.
    Other,
}

impl CertificateFault {
    /// What made TLS fail.
    pub fn of(error: &io::Error) -> Self {
        use rustls::{CertificateError, Error};
        let inner = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
        let Some(Error::InvalidCertificate(error)) = inner else { return Self::Other };
        match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::Expired,
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::OtherHost
            }
            _ => Self::Other,
        }
    }
}

fn not_trusted(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::Expired => {
            "the server wants a new certificate; check this machine's clock as well"
        }
        CertificateFault::OtherHost => {
            "use the name that the certificate is made out to; `?sslmode=verify-ca` does not ask for it"
        }
        CertificateFault::UnknownAuthority | CertificateFault::Other => {
            "`?sslrootcert=FILE` names the authority that signed the server's certificate"
        }
    }
}

const SUPABASE_DIRECT: &str = "Supabase's direct hosts have IPv6 addresses only, and none while a project is paused: use \
     the session pooler's URL (port 5432) from the project's Connect dialog";

fn is_supabase(place: &str) -> bool {
    place.contains(".supabase.co:")
}

fn unreachable(place: &str, error: &io::Error) -> Option<&'static str> {
    let no_socket = error.kind() == io::ErrorKind::NotFound;
    let refused = error.kind() == io::ErrorKind::ConnectionRefused;
    if is_supabase(place) {
        Some(SUPABASE_DIRECT)
    } else if no_socket && place.starts_with('/') {
        Some("no server has its socket there; name a host in the connection URL, or `?host=FOLDER`")
    } else if refused || no_socket {
        Some("check whether the server runs and listens there")
    } else {
        None
    }
}

/// By SQLSTATE, or by the words of Supabase's pooler, whose codes say little.
fn said_no(code: &str, message: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["Tenant or user not found", "ENOTFOUND", "ENOIDENTIFIER"]) {
        return Some(
            "at Supabase's pooler the user is `postgres.<project ref>` and the host is that of \
             the project's region; a paused project is not found either",
        );
    }
    if says(&["EMAXCONN", "max clients"]) || code == "53300" {
        return Some("all connections are taken: close some, or raise the pool's size");
    }
    if says(&["EADDRNOTALLOWED", "EBANNED", "ECIRCUITBREAKER"]) {
        return Some("the project's network restrictions or bans keep this address out");
    }
    if says(&["ESSLREQUIRED"]) {
        return Some("add `?sslmode=require` to the connection URL");
    }
    if says(&["unsupported startup parameter"]) {
        return Some("a pooler refuses `options` in the connection URL; leave it out");
    }
    match code {
        "28P01" => Some(
            "check user and password; special characters in the URL are escaped (`@` as `%40`, \
             `/` as `%2F`)",
        ),
        // In the server's own language: only the English words can be told apart.
        "28000" if message.starts_with("role ") && message.ends_with("does not exist") => {
            Some("check the user in the connection URL, or make the role (`createuser NAME`)")
        }
        "28000" => Some("the server's pg_hba.conf does not let this role in from here"),
        "3D000" => Some("create it (`createdb NAME`), or check its name in the connection URL"),
        "57P03" => Some("the server is starting up or shutting down: try again in a moment"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ServerError;

    fn hint(place: &str, cause: ConnectCause) -> String {
        let error = ConnectError { hosts: vec![HostError { place: place.to_owned(), cause }] };
        error.hint().unwrap_or_default()
    }

    fn server(code: &str, message: &str) -> ConnectCause {
        let (code, message) = (code.to_owned(), message.to_owned());
        ConnectCause::Server(Box::new(ServerError { code, message, ..ServerError::default() }))
    }

    #[test]
    fn a_role_that_does_not_exist_is_not_taken_for_one_that_is_kept_out() {
        let unknown = server("28000", "role \"nobody\" does not exist");
        assert!(hint("db:5432", unknown).contains("createuser"));
        let kept_out = server("28000", "no pg_hba.conf entry for host \"10.0.0.1\"");
        assert!(hint("db:5432", kept_out).contains("pg_hba.conf"));
    }

    #[test]
    fn an_unreachable_direct_host_of_supabase_leads_to_its_pooler() {
        let unreachable = || ConnectCause::Reach(io::ErrorKind::NetworkUnreachable.into());
        assert!(hint("db.abc.supabase.co:5432", unreachable()).contains("session pooler"));
        assert!(!hint("db.example:5432", unreachable()).contains("Supabase"));
    }

    #[test]
    fn an_unknown_tenant_leads_to_the_user_name() {
        let cause = server("XX000", "Tenant or user not found");
        assert!(
            hint("aws-0-eu.pooler.supabase.com:6543", cause).contains("postgres.<project ref>")
        );
    }

    #[test]
    fn a_wrong_password_leads_to_escapes() {
        let cause = server("28P01", "password authentication failed for user \"app\"");
        assert!(hint("db:5432", cause).contains("%40"));
    }
}
