//! Finding the database and getting in.

super::code::area! { "W20", "Connection";

NO_DATABASE {
    id: "W2001",
    exit: Usage,
    title: "no database is given",
    cause: "Neither the command line nor the environment, the .env files, libpq's variables or the configuration of another tool has a connection URL.",
    cure: "Give `--database-url`, set DATABASE_URL, or use `--dev` for an embedded Postgres of this project. The hint lists every place that was looked at.",
    example: "no database is given",
}
UNKNOWN_ENVIRONMENT {
    id: "W2002",
    exit: Usage,
    title: "there is no environment of this name",
    cause: "`--env NAME` or `@NAME` names an environment that whimbrel.toml does not have.",
    cure: "Correct the name, or add [env.NAME] with `url_env` to whimbrel.toml.",
    example: "unknown environment `prodution`",
}
ENVIRONMENT_WITHOUT_URL {
    id: "W2003",
    exit: Usage,
    title: "an environment has no URL",
    cause: "Its section in whimbrel.toml says other things, and not where its database is.",
    cure: "Add `url_env = \"VARIABLE\"` to it: the name of the variable that holds the URL.",
    example: "environment `production` has no URL",
}
VARIABLE_NOT_SET {
    id: "W2004",
    exit: Usage,
    title: "the variable with an environment's URL is not set",
    cause: "whimbrel.toml names a variable that neither the process nor a .env file has, or it is empty.",
    cure: "Set it, or in CI give the job access to the secret. The hint lists every place that was looked at.",
    example: "environment `production` takes its URL from `PROD_URL`, which is not set",
}
NOT_A_URL {
    id: "W2005",
    exit: Usage,
    title: "this is no connection URL of Postgres",
    cause: "It has another scheme, none at all, or is one of Java's or of Prisma's own service.",
    cure: "Write `postgresql://user:password@host:5432/database`.",
    example: "read the connection URL from DATABASE_URL in the environment: `mysql://` is not a Postgres connection URL",
}
URL_CHARACTERS {
    id: "W2006",
    exit: Usage,
    title: "a part of the connection URL cannot be read",
    cause: "Mostly a character of the password that means something in a URL (`@`, `/`, `#`, `%`) and is not escaped; or an IPv6 address without brackets, or a port that is none.",
    cure: "Escape it: `@` is `%40`, `/` is `%2F`, `%` is `%25`. An IPv6 address is written `[2001:db8::1]`.",
    example: "read the connection URL from DATABASE_URL in the environment: the password of the connection URL contains an unescaped `@`",
}
PLACEHOLDER {
    id: "W2007",
    exit: Usage,
    title: "the password is still a placeholder",
    cause: "The URL was copied from a provider's page, which shows `[YOUR-PASSWORD]` in the password's place.",
    cure: "Put the database's password there, special characters escaped.",
    example: "read the connection URL from DATABASE_URL in .env: the password of the connection URL is still a placeholder",
}
URL_SETTING {
    id: "W2008",
    exit: Usage,
    title: "a setting of the connection cannot be used",
    cause: "A parameter of the URL or a variable of libpq's has a value that it does not take, is unknown, or would change where we connect or whom we trust in a way that is not supported.",
    cure: "Correct or remove the setting. The message names it and where it stands.",
    example: "read the connection URL from DATABASE_URL in .env: `sslmode` in the connection URL is not one of disable, allow, prefer, require, verify-ca, verify-full",
}
SERVICE {
    id: "W2009",
    exit: Usage,
    title: "a service of libpq's cannot be used",
    cause: "The URL or PGSERVICE names a service that no file defines, or the file has a line that cannot be read.",
    cure: "Add the service to ~/.pg_service.conf, or correct the line.",
    example: "read the connection URL from DATABASE_URL in .env: service `shop` is not defined",
}
NO_USER {
    id: "W2010",
    exit: Usage,
    title: "nobody to log in as",
    cause: "The URL names no user, nor does PGUSER, and the system does not say who runs this.",
    cure: "Write it before the host: `postgresql://user@host/database`.",
    example: "read the connection URL from DATABASE_URL in .env: the connection URL names no user",
}
NO_ADDRESS {
    id: "W2021",
    exit: Unreachable,
    title: "the host's name has no address",
    cause: "The name is wrong, or nobody could be asked for it. A direct host of Supabase's has an IPv6 address only, and none while its project is paused.",
    cure: "Check the name. At Supabase use the session pooler, which has IPv4.",
    example: "connect to db.example.invalid:5432: look up the address: failed to lookup address information: Name or service not known",
}
UNREACHABLE {
    id: "W2022",
    exit: Unreachable,
    title: "nobody answers there",
    cause: "No server listens at that host and port or in that socket folder, or this machine has no way to the address: mostly an IPv6 address where there is no IPv6.",
    cure: "Check host, port and whether the server runs. At Supabase a paused project, a ban or a network restriction looks like this; its session pooler has IPv4.",
    example: "connect to 127.0.0.1:1: Connection refused (os error 111)",
}
CONNECT_TIMEOUT {
    id: "W2023",
    exit: Unreachable,
    title: "the server did not answer in time",
    cause: "Packets get lost, mostly in a firewall, or the server is too busy to let anybody in.",
    cure: "Check the port and the firewall; `?connect_timeout=30` in the URL waits longer.",
    example: "connect to db.example:5432: no answer within 10 s while it should let us in",
}
TLS_NOT_OFFERED {
    id: "W2024",
    exit: Unreachable,
    title: "the server does not offer TLS",
    cause: "`sslmode` asks for an encrypted connection and the server is set up without (`ssl = off`).",
    cure: "Turn TLS on at the server. Only on a network that nobody else reaches, leave `sslmode` out.",
    example: "connect to 127.0.0.1:5432: the server does not offer TLS, which sslmode=require asks for",
}
TLS_FILES {
    id: "W2025",
    exit: Unreachable,
    title: "TLS cannot be prepared on our side",
    cause: "A certificate, key or root file cannot be read, a key may be read by others, or there is no root certificate to trust.",
    cure: "Correct `sslrootcert`, `sslcert` or `sslkey`; a key wants `chmod 0600`.",
    example: "connect to db.example:5432: read `root.crt`: I/O error: No such file or directory (os error 2)",
}
CERTIFICATE {
    id: "W2026",
    exit: Unreachable,
    title: "no TLS connection could be agreed on",
    cause: "The server's certificate is not trusted here, is made out to another name, is out of date (or this machine's clock is wrong), or the server wants one of ours.",
    cure: "Name the authority's file with `?sslrootcert=FILE`, use the name that the certificate has, or renew it. Switching verification off lets anybody in between read the password.",
    example: "connect to db.example:5432: agree on TLS: invalid peer certificate: UnknownIssuer",
}
NO_PASSWORD {
    id: "W2027",
    exit: Unreachable,
    title: "the server asks for a password and there is none",
    cause: "Neither the URL nor PGPASSWORD nor the password file has one for this host, port, database and user; or the file is left alone because others may read it.",
    cure: "Put it into ~/.pgpass (`chmod 0600`), PGPASSWORD, or the URL.",
    example: "connect to 127.0.0.1:5432: the server asks for a password and there is none",
}
AUTHENTICATION {
    id: "W2028",
    exit: Unreachable,
    title: "the server asks for an authentication that is not possible",
    cause: "It wants a method that Whimbrel does not speak (GSSAPI, SSPI), one that `require_auth` does not allow, or does not bind the login to the TLS connection as `channel_binding` asks.",
    cure: "Let the server's pg_hba.conf take `scram-sha-256`, or loosen `require_auth` or `channel_binding`.",
    example: "connect to 127.0.0.1:5432: the server asks for scram-sha-256 authentication, which require_auth does not allow",
}
IMPOSTER {
    id: "W2029",
    exit: Unreachable,
    title: "the server is not the one that it should be",
    cause: "It does not prove that it knows the password, or runs as another user than `requirepeer` says. Somebody else may answer at this address.",
    cure: "Find out who answers there before you give the password again.",
    example: "connect to /run/postgresql/.s.PGSQL.5432: the server runs as `mallory`, and requirepeer asks for `postgres`",
}
UNFIT {
    id: "W2030",
    exit: Unreachable,
    title: "no host is of the kind that is asked for",
    cause: "`target_session_attrs` asks for a primary, a standby, or one that takes writes, and none of the hosts is that.",
    cure: "Add the right host to the URL, or wait until a standby was promoted.",
    example: "connect to 127.0.0.1:5432: it is no standby, and target_session_attrs=standby asks for another",
}
LOST_IN_LOGIN {
    id: "W2031",
    exit: Unreachable,
    title: "the connection was lost during the login",
    cause: "Whoever accepted it hung up: a server that restarts, a proxy without a server behind it, a load balancer's limit.",
    cure: "Try again; if it lasts, look into the log of the server or proxy.",
    example: "connect to 127.0.0.1:5432: the connection was lost during the login: unexpected end of file",
}
NOT_POSTGRES {
    id: "W2032",
    exit: Unreachable,
    title: "what answers there is not Postgres",
    cause: "Another service listens at that port: a web server, MySQL, an SSH server, the HTTP port of a provider.",
    cure: "Check host and port: Postgres' is mostly 5432, a pooler's 6543 or 6432.",
    example: "connect to 127.0.0.1:80: what answers there does not speak Postgres' protocol: a message of an impossible length",
}
WRONG_PASSWORD {
    id: "W2041",
    exit: Unreachable,
    title: "the password is wrong",
    cause: "User and password do not fit each other, or the password was cut at a character that a URL must escape. SQLSTATE 28P01.",
    cure: "Check both; `@` is written `%40` and `/` is written `%2F`. Many wrong passwords get an address banned at Supabase.",
    example: "connect to 127.0.0.1:5432: password authentication failed for user \"app\" (SQLSTATE 28P01)",
}
UNKNOWN_ROLE {
    id: "W2042",
    exit: Unreachable,
    title: "the server has no such role",
    cause: "The user in the connection URL is not a role of this server.",
    cure: "Check the user, or make the role: `createuser NAME`.",
    example: "connect to 127.0.0.1:5432: role \"app\" does not exist (SQLSTATE 28000)",
}
NO_RULE {
    id: "W2043",
    exit: Unreachable,
    title: "the server has no rule that lets us in from here",
    cause: "Its pg_hba.conf has no entry for this role, database and address, or one with TLS only or without it only.",
    cure: "Add an entry and reload the server, or connect from where it lets you in; try `?sslmode=require`.",
    example: "connect to db.example:5432: no pg_hba.conf entry for host \"10.0.0.1\", user \"app\", database \"shop\", no encryption (SQLSTATE 28000)",
}
NO_SUCH_DATABASE {
    id: "W2044",
    exit: Unreachable,
    title: "the server is there, the database is not",
    cause: "Its name is misspelt, or it was not created yet. SQLSTATE 3D000.",
    cure: "Create it (`createdb NAME`), or check its name in the connection URL.",
    example: "connect to 127.0.0.1:5432: database \"shop\" does not exist (SQLSTATE 3D000)",
}
CONNECTIONS_TAKEN {
    id: "W2045",
    exit: Unreachable,
    title: "all connections are taken",
    cause: "The server or the pooler has as many clients as it takes. Each client of a session pooler holds one for as long as it is connected. SQLSTATE 53300.",
    cure: "Close some, or raise the limit; applications belong to the transaction pooler. A run needs two connections, and three to show who is in its way.",
    example: "connect to 127.0.0.1:5432: too many connections for role \"app\" (SQLSTATE 53300)",
}
STARTING {
    id: "W2046",
    exit: Unreachable,
    title: "the server takes nobody at the moment",
    cause: "It is starting up, shutting down or recovering. SQLSTATE 57P03.",
    cure: "Try again in a moment.",
    example: "connect to 127.0.0.1:5432: the database system is shutting down (SQLSTATE 57P03)",
}
LOGIN_REFUSED {
    id: "W2047",
    exit: Unreachable,
    title: "the server does not let us in",
    cause: "It refused the login for a reason of its own, which stands in the message with its SQLSTATE: a database that takes no connections, a limit of the role's, a setting that it does not have.",
    cure: "Do what the server's message asks for. `whimbrel doctor` shows which settings the connection was tried with.",
    example: "connect to 127.0.0.1:5432: database \"template0\" is not currently accepting connections (SQLSTATE 55000)",
}
NO_LOGIN {
    id: "W2048",
    exit: Unreachable,
    title: "the role may not log in",
    cause: "The user in the connection URL is a role that only groups others or owns things (`nologin`).",
    cure: "Connect as another role, or let this one: `alter role NAME login`.",
    example: "connect to 127.0.0.1:5432: role \"app\" is not permitted to log in (SQLSTATE 28000)",
}
CONNECTION_LOST {
    id: "W2051",
    exit: Unreachable,
    title: "the connection to the database was lost",
    cause: "The server was restarted, an administrator or a timeout ended the connection, or the network broke.",
    cure: "Run the command again: what had been applied is recorded, what was under way was rolled back by the server or is finished by the next run. `whimbrel status` shows it.",
    example: "the run ended early: lost the connection to the database: terminating connection due to administrator command (SQLSTATE 57P01)",
}
STANDBY {
    id: "W2052",
    exit: Refused,
    title: "the server is a standby and cannot be written to",
    cause: "The URL leads to a replica.",
    cure: "Give the URL of its primary, or list both hosts with `?target_session_attrs=read-write`.",
    example: "the server is a standby and cannot be written to",
}
UNKNOWN_WAY {
    id: "W2061",
    exit: Usage,
    title: "there is no way to the database of this name",
    cause: "The variable WHIMBREL_VIA, or `via` in whimbrel.toml, names another than `native`, `psql`, `api` or `auto`.",
    cure: "Correct it, or leave it unset for a connection of our own.",
    example: "`sql` in the variable WHIMBREL_VIA is no way",
}
NO_SUPABASE_PROJECT {
    id: "W2062",
    exit: Usage,
    title: "no Supabase project is given",
    cause: "`--via api` goes to a project by its ref, and neither the command line nor the environment, `supabase link` or a connection URL names one.",
    cure: "Give `--project-ref REF`, or run `supabase link`. The ref stands in the dashboard's URL.",
    example: "no Supabase project is given",
}
NO_ACCESS_TOKEN {
    id: "W2063",
    exit: Usage,
    title: "no access token for Supabase's Management API is given",
    cause: "`--via api` needs one, and neither the command line nor SUPABASE_ACCESS_TOKEN or the file of `supabase login` has it. Where the machine has a keyring, the CLI keeps its token there.",
    cure: "Make one in the dashboard (Account, Access Tokens) and set SUPABASE_ACCESS_TOKEN.",
    example: "no access token for Supabase's Management API is given",
}
API_ADDRESS {
    id: "W2064",
    exit: Usage,
    title: "the Management API cannot be spoken to with what was given",
    cause: "The project ref or the token has characters that none has, or WHIMBREL_SUPABASE_API is no URL, or one without TLS that is not this machine.",
    cure: "Correct what the message names.",
    example: "the project ref is none: it has letters and digits only",
}
WAY_UNREACHED {
    id: "W2065",
    exit: Unreachable,
    title: "psql or the Management API did not get as far as the database",
    cause: "There is no `psql` here, or it could not connect; the API was not reached, does not take the token, knows no such project, or takes no more requests at the moment.",
    cure: "Do what the hint says; nothing was sent to the database.",
    example: "connect to api.supabase.com:443 by api: the Management API does not take the access token (HTTP 401)",
}
WAY_UNKNOWN {
    id: "W2066",
    exit: Unreachable,
    title: "psql or the Management API gave no answer that tells what became of it",
    cause: "The connection was cut, the time was over, or the answer was none: a page for people, an empty body, a success that is none.",
    cure: "Run it again: what is applied is recorded, and each part of a script refuses to run twice. `whimbrel status` shows what is applied.",
    example: "connect to api.supabase.com:443 by api: no answer that tells what became of it: HTTP 502 with an empty body",
}
NEEDS_CONNECTION {
    id: "W2067",
    exit: Refused,
    title: "this needs a connection of its own",
    cause: "psql and the Management API keep no lock and no transaction from one text to the next; only `up`, `down`, `redo`, `status`, `preview`, `script` and `doctor` can do without, and no seed files or SQL hooks.",
    cure: "Leave `--via` out, from a machine that can connect.",
    example: "`--seed` needs a connection of its own, and `--via api` is none",
}
NOT_RECORDED {
    id: "W2068",
    exit: Unreachable,
    title: "a migration was said to be done, and the ledger does not have it",
    cause: "The Management API answered as after a success, and nothing is in the database; or the project ref leads to another database than the one that was read.",
    cure: "Look at `whimbrel status` and run it again; what is applied does not run twice.",
    example: "`20240103000000` was said to be done, and the ledger does not have it",
}
}
