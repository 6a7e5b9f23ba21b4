//! libpq's settings, each with its variable and what becomes of it here.

/// One setting.
pub(super) struct Keyword {
    /// Its name in URLs, connection strings and service files.
    pub(super) name: &'static str,
    /// The variable that fills it.
    pub(super) variable: Option<&'static str>,
    /// What becomes of it.
    pub(super) used: Use,
    /// Values of a refused one that ask for nothing.
    pub(super) harmless: &'static [&'static str],
}

/// What becomes of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It means what it means to libpq.
    Honoured,
    /// It would change where we connect or whom we trust, and cannot be honoured.
    Refused,
    /// libpq sends it from its variable, and knows it nowhere else.
    FromVariable,
    /// It changes neither.
    Ignored,
}

const fn honoured(name: &'static str, variable: Option<&'static str>) -> Keyword {
    Keyword { name, variable, used: Use::Honoured, harmless: &[] }
}

const fn refused(
    name: &'static str,
    variable: Option<&'static str>,
    harmless: &'static [&'static str],
) -> Keyword {
    Keyword { name, variable, used: Use::Refused, harmless }
}

const fn from_variable(name: &'static str, variable: &'static str) -> Keyword {
    Keyword { name, variable: Some(variable), used: Use::FromVariable, harmless: &[] }
}

const fn ignored(name: &'static str, variable: Option<&'static str>) -> Keyword {
    Keyword { name, variable, used: Use::Ignored, harmless: &[] }
}

/// All of them (PostgreSQL 18, "Parameter Key Words" and "Environment Variables").
pub(super) const KEYWORDS: &[Keyword] = &[
    honoured("application_name", Some("PGAPPNAME")),
    honoured("channel_binding", Some("PGCHANNELBINDING")),
    honoured("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    honoured("dbname", Some("PGDATABASE")),
    honoured("host", Some("PGHOST")),
    honoured("hostaddr", Some("PGHOSTADDR")),
    honoured("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    honoured("options", Some("PGOPTIONS")),
    honoured("passfile", Some("PGPASSFILE")),
    honoured("password", Some("PGPASSWORD")),
    honoured("port", Some("PGPORT")),
    honoured("require_auth", Some("PGREQUIREAUTH")),
    honoured("requirepeer", Some("PGREQUIREPEER")),
    honoured("requiressl", Some("PGREQUIRESSL")),
    honoured("service", Some("PGSERVICE")),
    honoured("servicefile", Some("PGSERVICEFILE")),
    honoured("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    honoured("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    honoured("sslcert", Some("PGSSLCERT")),
    honoured("sslcertmode", Some("PGSSLCERTMODE")),
    honoured("sslkey", Some("PGSSLKEY")),
    honoured("sslmode", Some("PGSSLMODE")),
    honoured("sslnegotiation", Some("PGSSLNEGOTIATION")),
    honoured("sslrootcert", Some("PGSSLROOTCERT")),
    honoured("sslsni", Some("PGSSLSNI")),
    honoured("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    honoured("user", Some("PGUSER")),
    from_variable("datestyle", "PGDATESTYLE"),
    from_variable("geqo", "PGGEQO"),
    from_variable("timezone", "PGTZ"),
    refused("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    refused("replication", None, &["false", "off", "no", "0"]),
    refused("sslcrl", Some("PGSSLCRL"), &[]),
    refused("sslcrldir", Some("PGSSLCRLDIR"), &[]),
    refused("sslpassword", None, &[]),
    ignored("client_encoding", Some("PGCLIENTENCODING")),
    ignored("fallback_application_name", None),
    ignored("gssdelegation", Some("PGGSSDELEGATION")),
    ignored("gsslib", Some("PGGSSLIB")),
    ignored("keepalives", None),
    ignored("keepalives_count", None),
    ignored("keepalives_idle", None),
    ignored("keepalives_interval", None),
    ignored("krbsrvname", Some("PGKRBSRVNAME")),
    ignored("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    ignored("min_protocol_version", Some("PGMINPROTOCOLVERSION")),
    ignored("sslcompression", Some("PGSSLCOMPRESSION")),
    ignored("tcp_user_timeout", None),
];

/// Whether libpq knows a setting of that name.
pub(super) fn is_known(name: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.name == name && keyword.used != Use::FromVariable)
}
