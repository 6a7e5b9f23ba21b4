//! What a host's name says about what stands behind it.

use super::Host;

/// What kind of door a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostKind {
    /// A socket or a loopback address.
    Local,
    /// A database of Supabase's itself. Its name has IPv6 addresses only, but for projects that
    /// pay for an IPv4 one.
    SupabaseDirect {
        /// The project.
        project: String,
    },
    /// The dedicated pooler of a project of Supabase's, which pools transactions.
    SupabaseDedicated {
        /// The project.
        project: String,
    },
    /// Supabase's shared pooler, a session for each client.
    SupabaseSession,
    /// Supabase's shared pooler, a session for each transaction.
    SupabaseTransaction,
    /// Anything else.
    Other,
}

impl HostKind {
    /// The port at which Supabase's poolers pool transactions.
    pub(super) const TRANSACTION_PORT: u16 = 6543;

    /// What it is, in words.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Local => "this machine",
            Self::SupabaseDirect { .. } => "Supabase, the database itself",
            Self::SupabaseDedicated { .. } => {
                "Supabase, the project's dedicated transaction pooler"
            }
            Self::SupabaseSession => "Supabase, the shared session pooler",
            Self::SupabaseTransaction => "Supabase, the shared transaction pooler",
            Self::Other => "a server",
        }
    }

    /// Whether it is one of Supabase's, whose certificates their own authority signs.
    pub fn is_supabase(&self) -> bool {
        !matches!(self, Self::Local | Self::Other)
    }
}

impl Host {
    /// What kind of door it is.
    pub fn kind(&self) -> HostKind {
        let Self::Tcp { host, port, .. } = self else { return HostKind::Local };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let pools_transactions = *port == HostKind::TRANSACTION_PORT;
        let direct =
            host.strip_suffix(".supabase.co").or_else(|| host.strip_suffix(".supabase.com"));
        if host.ends_with(".pooler.supabase.com") || host.ends_with(".pooler.supabase.co") {
            return if pools_transactions {
                HostKind::SupabaseTransaction
            } else {
                HostKind::SupabaseSession
            };
        }
        if let Some(project) = direct.and_then(|rest| rest.strip_prefix("db.")) {
            let project = project.to_owned();
            return if pools_transactions {
                HostKind::SupabaseDedicated { project }
            } else {
                HostKind::SupabaseDirect { project }
            };
        }
        let loopback =
            |text: &str| text.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if host == "localhost" || loopback(&host) { HostKind::Local } else { HostKind::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supabases_doors_are_told_by_name_and_port() {
        let kind = |host: &str, port| Host::tcp(host, port).kind();
        let project = "abcdefghijklmnopqrst".to_owned();
        let direct = "db.abcdefghijklmnopqrst.supabase.co";
        let pooler = "aws-0-eu-central-1.pooler.supabase.com";
        assert_eq!(kind(direct, 5432), HostKind::SupabaseDirect { project: project.clone() });
        assert_eq!(kind(direct, 6543), HostKind::SupabaseDedicated { project });
        assert_eq!(kind(pooler, 5432), HostKind::SupabaseSession);
        assert_eq!(kind(pooler, 6543), HostKind::SupabaseTransaction);
        assert_eq!(kind("db.example.com", 6543), HostKind::Other);
        assert_eq!(kind("db.supabase.co.example", 5432), HostKind::Other);
        assert_eq!(kind("127.0.0.9", 5432), HostKind::Local);
    }
}
