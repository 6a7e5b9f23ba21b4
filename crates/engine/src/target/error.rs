//! Why a connection URL or string could not be read.

use camino::Utf8PathBuf;

use super::Origin;

/// Why a connection URL could not be read. None of these shows any of the URL's secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It does not begin as one does.
    #[error("`{scheme}://` is not a Postgres connection URL")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// It has no `://`.
    #[error("this is not a connection URL")]
    NotUrl,
    /// It is a URL of Java's.
    #[error("a JDBC URL keeps its user and password elsewhere and cannot be used")]
    Jdbc,
    /// It is the URL of Prisma's own service, which does not speak Postgres' protocol.
    #[error("`{scheme}://` leads to Prisma's proxy, not to Postgres")]
    PrismaProxy {
        /// What stands before `://`.
        scheme: String,
    },
    /// A character that means something in a URL stands in a part where it must be escaped.
    #[error("the {part} of the connection URL contains an unescaped `{character}`")]
    Unescaped {
        /// The part.
        part: Part,
        /// The character.
        character: char,
    },
    /// A part does not decode to text.
    #[error("the {part} of the connection URL does not decode to text")]
    Encoding {
        /// The part.
        part: Part,
    },
    /// The password is what the provider's page shows in its place.
    #[error("the password of the connection URL is still a placeholder")]
    Placeholder,
    /// An IPv6 address without its brackets.
    #[error("an IPv6 address in a connection URL stands in brackets")]
    Brackets,
    /// A port that is none. What stands there is not shown: it may be a password whose host was
    /// forgotten.
    #[error("what follows `{host}:` in the connection URL is not a port")]
    Port {
        /// The host before it.
        host: String,
    },
    /// Not one port, and not one for each host either.
    #[error("the connection URL has {hosts} hosts but {ports} ports")]
    Ports {
        /// How many hosts.
        hosts: usize,
        /// How many ports.
        ports: usize,
    },
    /// Not an address for each host.
    #[error("there are {hosts} hosts but {addresses} in `hostaddr`")]
    Addresses {
        /// How many hosts.
        hosts: usize,
        /// How many addresses.
        addresses: usize,
    },
    /// A connection string (`host=db dbname=shop`) that cannot be cut into its settings.
    #[error("the connection string is not a list of `name=value`")]
    String,
    /// A setting of a connection string that there is none of.
    #[error("`{name}` is no setting of a connection string")]
    Keyword {
        /// As it is written.
        name: String,
    },
    /// A parameter whose name is one of libpq's but for a slip.
    #[error("`{name}` in the connection URL is no parameter")]
    Misspelt {
        /// As it is written.
        name: String,
        /// What it was probably meant to be.
        meant: &'static str,
    },
    /// A parameter without its value.
    #[error("a parameter of the connection URL has no `=`")]
    Parameter,
    /// A value that the parameter does not have.
    #[error("`{name}` in {origin} is not one of {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// Where it stands.
        origin: Origin,
        /// Its values.
        expected: &'static str,
    },
    /// A parameter of libpq's that would change where or how to connect and is not honoured.
    #[error("`{name}` in {origin} is not supported")]
    Unsupported {
        /// The parameter.
        name: &'static str,
        /// Where it stands.
        origin: Origin,
    },
    /// A service that no file defines.
    #[error("service `{name}` is not defined")]
    NoService {
        /// Its name.
        name: String,
        /// The files that were looked at.
        looked: Vec<Utf8PathBuf>,
    },
    /// A line of a service file that cannot be used.
    #[error("line {line} of `{file}` {what}")]
    ServiceLine {
        /// The file.
        file: Utf8PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A client certificate without its key, or the other way round.
    #[error("`sslcert` and `sslkey` need each other")]
    Identity,
    /// Nobody to log in as.
    #[error("the connection URL names no user")]
    NoUser,
}

/// A part of a connection URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The user name.
    User,
    /// The password.
    Password,
    /// The host.
    Host,
    /// The database name.
    Database,
    /// A parameter.
    Parameter,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user name",
            Self::Password => "password",
            Self::Host => "host",
            Self::Database => "database name",
            Self::Parameter => "parameters",
        })
    }
}

impl TargetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Scheme { .. } | Self::NotUrl => {
                "it looks like `postgresql://user:password@host:5432/database`".to_owned()
            }
            Self::Jdbc => "write it as `postgresql://user:password@host:5432/database`".to_owned(),
            Self::PrismaProxy { .. } => {
                "give the URL of the database itself, often in DIRECT_URL".to_owned()
            }
            Self::Unescaped { character, .. } => {
                format!("write `%{:02X}` in place of `{character}`", u32::from(*character))
            }
            Self::Encoding { .. } => "percent escapes stand for the bytes of UTF-8".to_owned(),
            Self::Placeholder => {
                "put the database's password in its place, special characters escaped".to_owned()
            }
            Self::Brackets => "write `[2001:db8::1]:5432`".to_owned(),
            Self::Port { .. } => {
                "it looks like `postgresql://user:password@host:5432/database`; special characters \
                 in the password are escaped (`@` as `%40`, `/` as `%2F`)"
                    .to_owned()
            }
            Self::Parameter => "parameters look like `?sslmode=require&schema=app`".to_owned(),
            Self::NoUser => {
                "write it before the host: `postgresql://user@host/database`".to_owned()
            }
            Self::String => {
                "it looks like `host=db.example dbname=shop user=app`; a value with blanks stands in \
                 single quotes"
                    .to_owned()
            }
            Self::NoService { looked, .. } => {
                let files: Vec<String> = looked.iter().map(|path| format!("`{path}`")).collect();
                format!("looked at {}", files.join(", "))
            }
            Self::Unsupported { .. } => {
                "`--via psql` has psql do the talking, which honours it".to_owned()
            }
            Self::Misspelt { meant, .. } => format!("did you mean `{meant}`?"),
            Self::Keyword { .. }
            | Self::Addresses { .. }
            | Self::ServiceLine { .. }
            | Self::Ports { .. }
            | Self::Value { .. }
            | Self::Identity => return None,
        };
        Some(hint)
    }
}
