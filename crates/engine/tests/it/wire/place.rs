//! A server on TCP with TLS, and with roles that prove themselves in every way.

use tokio::sync::OnceCell;
use whimbrel_engine::wire::Session;
use whimbrel_engine::{Host, SslMode, Target};
use whimbrel_testkit::{Server, Settings};

use super::MAJOR;

/// What `server.crt` is made out to.
const ADDRESS: &str = "127.0.0.77";
/// The same server under an address that no certificate names.
pub(super) const OTHER_ADDRESS: &str = "127.0.0.78";

pub(super) const PASSWORD: &str = "märked: @/?#%";

const RULES: &str = "
    local     all all       trust
    hostssl   all needs_tls 127.0.0.0/8 trust
    hostnossl all hates_tls 127.0.0.0/8 trust
    host      all in_clear  127.0.0.0/8 password
    host      all in_md5    127.0.0.0/8 md5
    host      all in_scram  127.0.0.0/8 scram-sha-256
    hostssl   all by_cert   127.0.0.0/8 cert
    host      all postgres  127.0.0.0/8 trust
";

const ROLES: &str = "
    create role needs_tls login;
    create role hates_tls login;
    create role by_cert login;
    create role in_clear login password 'märked: @/?#%';
    create role in_scram login password 'märked: @/?#%';
    set password_encryption = md5;
    create role in_md5 login password 'märked: @/?#%'
";

/// The certificate that a server shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Certificate {
    Signed,
    Own,
    Old,
    /// With a common name and no other.
    Named,
}

/// A port that no other process listens on at these addresses, which nothing else uses; each
/// process has five.
pub(super) fn port(number: u16) -> u16 {
    let pid = std::process::id() % 9_000;
    20_000 + 5 * u16::try_from(pid).expect("it is less than 9,000") + number
}

impl Certificate {
    fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::Signed => {
                (include_str!("certificates/server.crt"), include_str!("certificates/server.key"))
            }
            Self::Own => {
                (include_str!("certificates/self.crt"), include_str!("certificates/self.key"))
            }
            Self::Old => {
                (include_str!("certificates/old.crt"), include_str!("certificates/old.key"))
            }
            Self::Named => {
                (include_str!("certificates/named.crt"), include_str!("certificates/named.key"))
            }
        }
    }

    fn port(self) -> u16 {
        port(match self {
            Self::Signed => 0,
            Self::Own => 1,
            Self::Old => 2,
            Self::Named => 4,
        })
    }

    /// The server with this certificate, started when first asked for.
    pub(super) async fn server(self) -> &'static Server {
        static SIGNED: OnceCell<Server> = OnceCell::const_new();
        static OWN: OnceCell<Server> = OnceCell::const_new();
        static OLD: OnceCell<Server> = OnceCell::const_new();
        static NAMED: OnceCell<Server> = OnceCell::const_new();
        let cell = match self {
            Self::Signed => &SIGNED,
            Self::Own => &OWN,
            Self::Old => &OLD,
            Self::Named => &NAMED,
        };
        cell.get_or_init(|| self.start()).await
    }

    async fn start(self) -> Server {
        let (certificate, key) = self.files();
        let settings = Settings::new()
            .with("listen_addresses", format!("{ADDRESS},{OTHER_ADDRESS}"))
            .with("port", self.port().to_string())
            .with("ssl", "on")
            .with("ssl_ca_file", "root.crt")
            .with_file("root.crt", include_str!("certificates/root.crt"))
            .with_file("pg_hba.conf", RULES)
            .with_file("server.crt", certificate)
            .with_file("server.key", key);
        let server = Server::private(MAJOR, &settings).await;
        let target = server.master();
        Session::connect(&target, "whimbrel test").await.unwrap().simple(ROLES).await.unwrap();
        server
    }

    /// A role of that server over TCP, without TLS unless the test asks for it.
    pub(super) async fn over_tcp(self, user: &str) -> Target {
        let hosts = vec![Host::tcp(ADDRESS, self.port())];
        let user = user.to_owned();
        let target = self.server().await.master();
        Target { hosts, user, ssl_mode: SslMode::Disable, ..target }
    }
}

/// A role of a server over TCP, without TLS unless the test asks for it.
pub(super) async fn over_tcp(user: &str) -> Target {
    Certificate::Signed.over_tcp(user).await
}

/// The same server under its other address.
pub(super) fn elsewhere(target: Target) -> Target {
    let mut target = target;
    for host in &mut target.hosts {
        if let Host::Tcp { host, .. } = host {
            OTHER_ADDRESS.clone_into(host);
        }
    }
    target
}
