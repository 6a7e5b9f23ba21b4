//! From settings to a target: what was said is checked, what was not is what libpq takes.

use std::net::IpAddr;

use camino::{Utf8Path, Utf8PathBuf};

use super::parse::port_number;
use super::settings::{Lookup, Settings};
use super::{
    ChannelBinding, Host, LoadBalance, Origin, Origins, Passfile, RequireAuth, SessionAttrs, Sni,
    SslIdentity, SslMode, SslNegotiation, SslRoots, SslVersions, Target, TargetError,
};
use crate::Secret;

/// Where Debian's and upstream's servers put their socket.
pub(super) const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp"];

/// Makes a target of what was said, with who said each part of it.
pub(super) fn complete(
    mut settings: Settings,
    variable: Lookup<'_>,
) -> Result<(Target, Origins), TargetError> {
    settings.refuse()?;
    if let Some(user) = variable("USER").filter(|user| !user.is_empty()) {
        settings.fill("user", user, Origin::SystemUser);
    }
    let user = settings.text("user").ok_or(TargetError::NoUser)?;
    let database = settings.text("dbname").unwrap_or_else(|| user.clone());
    fill_from_files(&mut settings, variable);
    let hosts = hosts(&settings)?;
    let ssl_roots = match settings.get("sslrootcert") {
        None => SslRoots::Unsaid,
        Some("system") => SslRoots::System,
        Some(path) => SslRoots::File(path.into()),
    };
    let passfile = Passfile::read(&settings, variable);
    let target = Target {
        password: settings.text("password").map(Secret::new),
        session: settings.choose("target_session_attrs", SESSIONS)?,
        balance: settings.choose("load_balance_hosts", BALANCES)?,
        ssl_mode: ssl_mode(&settings, &ssl_roots, &hosts)?,
        ssl_roots,
        ssl_identity: ssl_identity(&settings)?,
        ssl_negotiation: settings.choose("sslnegotiation", NEGOTIATIONS)?,
        ssl_versions: ssl_versions(&settings)?,
        ssl_sni: settings.choose("sslsni", SNI)?,
        channel_binding: settings.choose("channel_binding", BINDINGS)?,
        require_auth: require_auth(&settings)?,
        require_peer: settings.text("requirepeer"),
        options: settings.text("options"),
        startup: STARTUP.iter().filter_map(|name| Some((*name, settings.text(name)?))).collect(),
        application_name: settings.text("application_name"),
        connect_timeout: settings
            .get("connect_timeout")
            .map(|text| seconds(text, &settings))
            .transpose()?,
        hints: std::mem::take(&mut settings.hints),
        passfile,
        ..Target::bare(hosts, &user, &database)
    };
    let mut origins = settings.origins();
    if target.password.is_none()
        && target.hosts.iter().any(|host| target.password_for(host).is_some())
    {
        origins.extend(target.passfile.path.clone().map(|path| ("password", Origin::File(path))));
    }
    Ok((target, origins))
}

/// What libpq sends from variables of its own.
const STARTUP: &[&str] = &["datestyle", "timezone", "geqo"];

type Choices<T> = &'static [(&'static str, T)];

const SESSIONS: Choices<SessionAttrs> = &[
    ("any", SessionAttrs::Any),
    ("read-write", SessionAttrs::ReadWrite),
    ("read-only", SessionAttrs::ReadOnly),
    ("primary", SessionAttrs::Primary),
    ("standby", SessionAttrs::Standby),
    ("prefer-standby", SessionAttrs::PreferStandby),
];

const BALANCES: Choices<LoadBalance> =
    &[("disable", LoadBalance::Disable), ("random", LoadBalance::Random)];

const NEGOTIATIONS: Choices<SslNegotiation> =
    &[("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];

const BINDINGS: Choices<ChannelBinding> = &[
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];

const SNI: Choices<Sni> = &[("1", Sni::Sent), ("0", Sni::Withheld)];

const MODES: Choices<SslMode> = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    // node-postgres' word for what libpq calls require
    ("no-verify", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

/// The values of each setting that has a few, as an error lists them.
const EXPECTED: &[(&str, &str)] = &[
    ("target_session_attrs", "any, read-write, read-only, primary, standby, prefer-standby"),
    ("load_balance_hosts", "disable, random"),
    ("sslnegotiation", "postgres, direct"),
    ("sslsni", "1, 0"),
    ("sslmode", "disable, allow, prefer, require, verify-ca, verify-full"),
    ("channel_binding", "disable, prefer, require"),
    ("sslcertmode", "disable, allow"),
    ("ssl_min_protocol_version", "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"),
    ("ssl_max_protocol_version", "TLSv1.2, TLSv1.3"),
    (
        "require_auth",
        "a list of password, md5, gss, sspi, scram-sha-256, oauth, none; or of all that with `!`",
    ),
    ("connect_timeout", "whole seconds"),
    ("port", "1 to 65535"),
    ("hostaddr", "a list of addresses"),
];

impl SslMode {
    /// The mode of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        MODES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode)
    }
}

impl Settings {
    /// The error for a value that a setting does not have.
    fn wrong(&self, name: &'static str) -> TargetError {
        let expected = EXPECTED.iter().find(|(known, _)| *known == name);
        let expected = expected.map_or("its values", |(_, expected)| *expected);
        TargetError::Value { name, origin: self.origin(name), expected }
    }

    /// A setting with a few values.
    fn choose<T: Copy + Default>(
        &self,
        name: &'static str,
        choices: Choices<T>,
    ) -> Result<T, TargetError> {
        let Some(value) = self.get(name) else { return Ok(T::default()) };
        let found = choices.iter().find(|(known, _)| *known == value);
        found.map(|(_, choice)| *choice).ok_or_else(|| self.wrong(name))
    }
}

/// Takes the certificates that libpq finds in `~/.postgresql` by itself.
fn fill_from_files(settings: &mut Settings, variable: Lookup<'_>) {
    let folder = if cfg!(windows) {
        variable("APPDATA").map(|folder| Utf8Path::new(&folder).join("postgresql"))
    } else {
        variable("HOME").map(|folder| Utf8Path::new(&folder).join(".postgresql"))
    };
    let Some(folder) = folder else { return };
    let there = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let fill = |settings: &mut Settings, name, path: Utf8PathBuf| {
        settings.fill(name, path.to_string(), Origin::File(path));
    };
    if let Some(roots) = there("root.crt") {
        fill(settings, "sslrootcert", roots);
    }
    if !settings.is_said("sslcert")
        && let (Some(certificate), Some(key)) = (there("postgresql.crt"), there("postgresql.key"))
    {
        fill(settings, "sslcert", certificate);
        fill(settings, "sslkey", key);
    }
}

fn ssl_mode(settings: &Settings, roots: &SslRoots, hosts: &[Host]) -> Result<SslMode, TargetError> {
    if settings.get("sslmode").is_some() {
        return settings.choose("sslmode", MODES);
    }
    if settings.get("requiressl") == Some("1") {
        return Ok(SslMode::Require);
    }
    // As libpq has it: roots that anybody can get a certificate from mean nothing unless the host
    // is checked too. Supabase's roots are at hand, so its hosts need not be taken on trust.
    let known = *roots == SslRoots::Unsaid && hosts.iter().all(|host| host.kind().is_supabase());
    Ok(if known || *roots == SslRoots::System { SslMode::VerifyFull } else { SslMode::default() })
}

fn ssl_identity(settings: &Settings) -> Result<Option<SslIdentity>, TargetError> {
    match settings.get("sslcertmode") {
        None | Some("allow") => {}
        Some("disable") => return Ok(None),
        Some(_) => return Err(settings.wrong("sslcertmode")),
    }
    match (settings.get("sslcert"), settings.get("sslkey")) {
        (Some(certificate), Some(key)) => {
            Ok(Some(SslIdentity { certificate: certificate.into(), key: key.into() }))
        }
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(TargetError::Identity),
    }
}

fn ssl_versions(settings: &Settings) -> Result<SslVersions, TargetError> {
    let (least, most) = ("ssl_min_protocol_version", "ssl_max_protocol_version");
    let only_13 = match settings.get(least) {
        None | Some("TLSv1" | "TLSv1.1" | "TLSv1.2") => false,
        Some("TLSv1.3") => true,
        Some(_) => return Err(settings.wrong(least)),
    };
    match settings.get(most) {
        None | Some("TLSv1.3") if only_13 => Ok(SslVersions::Only13),
        None | Some("TLSv1.3") => Ok(SslVersions::Both),
        Some("TLSv1.2") if !only_13 => Ok(SslVersions::Only12),
        Some(_) => Err(settings.wrong(most)),
    }
}

fn require_auth(settings: &Settings) -> Result<Option<RequireAuth>, TargetError> {
    const METHODS: [&str; 7] = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"];
    let Some(text) = settings.get("require_auth") else { return Ok(None) };
    let negated = text.starts_with('!');
    let mut methods = Vec::new();
    for item in text.split(',').map(str::trim) {
        let (is_negated, method) = match item.strip_prefix('!') {
            Some(method) => (true, method),
            None => (false, item),
        };
        if is_negated != negated || !METHODS.contains(&method) {
            return Err(settings.wrong("require_auth"));
        }
        methods.push(method.to_owned());
    }
    Ok(Some(RequireAuth { negated, methods }))
}

/// Pairs hosts with addresses and ports; without any host it is the local socket.
fn hosts(settings: &Settings) -> Result<Vec<Host>, TargetError> {
    let list = |name: &str| -> Vec<String> {
        settings
            .get(name)
            .map(|text| text.split(',').map(str::to_owned).collect())
            .unwrap_or_default()
    };
    let (mut names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    if names.is_empty() {
        names = vec![String::new(); addresses.len().max(1)];
    }
    if !addresses.is_empty() && addresses.len() != names.len() {
        return Err(TargetError::Addresses { hosts: names.len(), addresses: addresses.len() });
    }
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(TargetError::Ports { hosts: names.len(), ports: ports.len() });
    }
    let mut hosts = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let port = ports.get(if ports.len() == 1 { 0 } else { index }).map_or("", String::as_str);
        let port = match port {
            "" => Target::PORT,
            text => port_number(text).ok_or_else(|| settings.wrong("port"))?,
        };
        let address = match addresses.get(index).map_or("", String::as_str) {
            "" => None,
            text => Some(text.parse::<IpAddr>().map_err(|_| settings.wrong("hostaddr"))?),
        };
        if name.starts_with(['/', '@']) && address.is_none() {
            hosts.push(Host::Socket { folder: name.into(), port });
        } else if let Some(address) = address {
            let host = if name.is_empty() { address.to_string() } else { name };
            hosts.push(Host::Tcp { host, address: Some(address), port });
        } else if !name.is_empty() {
            hosts.push(Host::tcp(name, port));
        } else if cfg!(unix) {
            let sockets = SOCKET_FOLDERS.iter();
            hosts.extend(sockets.map(|folder| Host::Socket { folder: (*folder).into(), port }));
        } else {
            hosts.push(Host::tcp("localhost", port));
        }
    }
    Ok(hosts)
}

/// Seconds as libpq reads them: none or fewer means without limit.
fn seconds(text: &str, settings: &Settings) -> Result<u64, TargetError> {
    let seconds: i32 = text.trim().parse().map_err(|_| settings.wrong("connect_timeout"))?;
    Ok(u64::try_from(seconds).unwrap_or(0))
}
