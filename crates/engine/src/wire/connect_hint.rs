//! What to do when no host lets us in.

use std::io;

use super::connect_error::{ConnectCause, ConnectError, HostError, Stage};
use super::known::{Refusal, known};

impl ConnectError {
    /// Which of the known refusals it is, where it is one.
    pub fn refusal(&self) -> Option<Refusal> {
        self.server()
            .and_then(|error| known(&error.code, &error.message))
            .map(|known| known.refusal)
    }

    /// What it means, where what happened is known to mean something.
    pub fn means(&self) -> Option<&'static str> {
        let HostError { place, cause } = self.last();
        let supabase = is_supabase(place);
        match cause {
            ConnectCause::Server(error) => {
                known(&error.code, &error.message).map(|known| known.means)
            }
            ConnectCause::Resolve(_) if supabase => Some(
                "the host has no address that this machine could use: Supabase's direct hosts have \
                 IPv6 addresses only, and none while a project is paused",
            ),
            ConnectCause::Resolve(_) => {
                Some("the name has no address, or nobody could be asked for it")
            }
            ConnectCause::Reach(error) if no_way(error) => Some(
                "this machine or container has no way to that address: mostly it is an IPv6 \
                 address, and there is no IPv6 here",
            ),
            ConnectCause::Reach(error)
                if supabase && error.kind() == io::ErrorKind::ConnectionRefused =>
            {
                Some(
                    "the project is paused, or its network restrictions or bans keep this address out",
                )
            }
            ConnectCause::Reach(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Some("nobody listens at that port")
            }
            ConnectCause::Timeout { .. } => {
                Some("whoever is there does not answer: mostly a firewall in between")
            }
            ConnectCause::Tls(error) => Some(match CertificateFault::of(error) {
                CertificateFault::Expired => "the server's certificate is out of date",
                CertificateFault::UnknownAuthority => {
                    "no authority that is trusted here signed the server's certificate"
                }
                CertificateFault::OtherHost => {
                    "the server's certificate is made out to another name"
                }
                CertificateFault::Other => "the two sides could not agree on TLS",
            }),
            _ => None,
        }
    }

    /// Whether the host could not be reached as hosts with IPv6 addresses only cannot: Supabase's
    /// direct ones.
    pub fn wants_another_way(&self) -> bool {
        match &self.last().cause {
            ConnectCause::Resolve(_) | ConnectCause::Timeout { .. } => true,
            ConnectCause::Reach(error) => {
                no_way(error) || error.kind() == io::ErrorKind::ConnectionRefused
            }
            _ => false,
        }
    }

    /// Whether no host could so much as be dialled, and for nothing that a server or a certificate
    /// said.
    pub fn is_out_of_reach(&self) -> bool {
        self.hosts.iter().all(|host| match &host.cause {
            ConnectCause::Resolve(_) => true,
            ConnectCause::Timeout { stage, .. } => matches!(stage, Stage::Resolve | Stage::Reach),
            ConnectCause::Reach(error) => {
                no_way(error) || error.kind() == io::ErrorKind::ConnectionRefused
            }
            _ => false,
        })
    }

    /// Whether it is one of Supabase's hosts, whose project has a Management API.
    pub fn is_of_supabase(&self) -> bool {
        is_supabase(&self.last().place)
    }

    /// Whether `psql` may be let in where we are not: it knows more ways to say who one is.
    pub fn is_for_psql(&self) -> bool {
        matches!(self.last().cause, ConnectCause::Method { .. })
    }

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
            ConnectCause::Server(error) => {
                known(&error.code, &error.message).map(|known| known.cure)
            }
            ConnectCause::Way(trouble) => trouble.hint(),
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

/// Whether there is no way to an address: no route, no network, no address of that family here.
fn no_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::Unsupported
    ) || error.to_string().contains("Address family not supported")
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
    fn every_known_refusal_is_told_by_each_of_its_words_and_codes() {
        use crate::wire::KNOWN;
        for entry in KNOWN {
            let by_words = entry.words.iter().map(|words| ("XX000", *words));
            for (code, words) in by_words.chain(entry.codes.iter().map(|code| (*code, "no"))) {
                let message = format!("(code) {words} for user app");
                assert_eq!(known(code, &message), Some(entry), "{code} {words}");
                assert_eq!(hint("db:5432", server(code, &message)), entry.cure);
            }
        }
    }

    #[test]
    fn what_the_system_says_without_ipv6_is_known() {
        for number in [97, 99, 101, 113] {
            let cause = ConnectCause::Reach(io::Error::from_raw_os_error(number));
            let error =
                ConnectError { hosts: vec![HostError { place: "[::1]:5432".into(), cause }] };
            assert!(error.means().is_some_and(|means| means.contains("IPv6")), "{number}");
            assert!(error.wants_another_way());
        }
    }

    #[test]
    fn a_wrong_password_leads_to_escapes() {
        let cause = server("28P01", "password authentication failed for user \"app\"");
        assert!(hint("db:5432", cause).contains("%40"));
    }
}
