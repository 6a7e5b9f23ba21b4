use proptest::prelude::*;

use super::super::{ChannelBinding, Host, Origin, Part, SslMode, SslRoots, Target, TargetError};
use crate::Secret;

const PLAIN: &str = "postgres://app@db/shop";

fn nothing(_: &str) -> Option<String> {
    None
}

fn parse(url: &str) -> Result<Target, TargetError> {
    Target::parse(url, &nothing)
}

fn good(url: &str) -> Target {
    parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn tcp(host: &str, port: u16) -> Host {
    Host::tcp(host, port)
}

fn socket(folder: &str, port: u16) -> Host {
    Host::Socket { folder: folder.into(), port }
}

fn password(target: &Target) -> &str {
    target.password.as_ref().expect("a password").reveal()
}

#[test]
fn a_full_url_is_read() {
    let target = good("postgresql://app:secret@db.example:5433/shop");
    assert_eq!(target.hosts, [tcp("db.example", 5433)]);
    assert_eq!(target.user, "app");
    assert_eq!(password(&target), "secret");
    assert_eq!(target.database, "shop");
    assert_eq!(target.ssl_mode, SslMode::Prefer);
}

#[test]
fn drivers_of_sqlalchemy_are_left_out() {
    for scheme in ["postgres", "postgresql+asyncpg", "postgresql+psycopg2", "postgresql+pg8000"] {
        assert_eq!(good(&format!("{scheme}://app@db/shop")).hosts, [tcp("db", 5432)]);
    }
}

#[test]
fn what_is_left_out_is_as_in_libpq() {
    let target = good("postgres://app@");
    assert_eq!(target.hosts, [socket("/var/run/postgresql", 5432), socket("/tmp", 5432)]);
    assert_eq!(target.database, "app");
    assert_eq!(target.password, None);
    assert_eq!(parse("postgres:///shop"), Err(TargetError::NoUser));
}

#[test]
fn variables_fill_what_the_url_leaves_out_and_no_more() {
    let variables = |name: &str| {
        let value = match name {
            "PGHOST" => "other",
            "PGPORT" => "6000",
            "PGUSER" => "pguser",
            "PGPASSWORD" => "pgpassword",
            "PGDATABASE" => "pgdatabase",
            "PGSSLMODE" => "require",
            "USER" => "user",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let target = Target::parse("postgres://", &variables).unwrap();
    assert_eq!(target.hosts, [tcp("other", 6000)]);
    assert_eq!((target.user.as_str(), target.database.as_str()), ("pguser", "pgdatabase"));
    assert_eq!(password(&target), "pgpassword");
    assert_eq!(target.ssl_mode, SslMode::Require);

    let url = "postgres://app:secret@db:5433/shop?sslmode=disable";
    assert_eq!(Target::parse(url, &variables).unwrap(), good(url));
}

#[test]
fn several_hosts_keep_their_order() {
    let target = good("postgres://app@a:1,b,[::1]:3/shop");
    assert_eq!(target.hosts, [tcp("a", 1), tcp("b", 5432), tcp("::1", 3)]);
    assert_eq!(target.to_string(), "postgresql://app@a:1,b:5432,[::1]:3/shop");
    let target = good("postgres://app@/shop?host=a,/tmp&port=1,2");
    assert_eq!(target.hosts, [tcp("a", 1), socket("/tmp", 2)]);
    let target = good("postgres://app@/shop?host=a,b&port=7");
    assert_eq!(target.hosts, [tcp("a", 7), tcp("b", 7)]);
    let error = parse("postgres://app@/shop?host=a,b,c&port=1,2").unwrap_err();
    assert_eq!(error, TargetError::Ports { hosts: 3, ports: 2 });
}

#[test]
fn ipv6_addresses_stand_in_brackets() {
    assert_eq!(good("postgres://app@[2001:db8::1]/x").hosts, [tcp("2001:db8::1", 5432)]);
    assert_eq!(good("postgres://app@[fe80::1%25eth0]:1/x").hosts, [tcp("fe80::1%eth0", 1)]);
    assert_eq!(parse("postgres://app@2001:db8::1/x"), Err(TargetError::Brackets));
    assert_eq!(parse("postgres://app@[2001:db8::1/x"), Err(TargetError::Brackets));
}

#[test]
fn sockets_are_found_in_both_places() {
    for url in [
        "postgres://app@%2Frun%2Fpg:7777/shop",
        "postgres://app@/shop?host=/run/pg&port=7777",
        "postgres://app@:7777/shop?host=%2Frun%2Fpg",
    ] {
        let target = good(url);
        assert_eq!(target.hosts, [socket("/run/pg", 7777)], "{url}");
        assert_eq!(target.to_string(), "postgresql://app@/shop?host=/run/pg&port=7777");
    }
}

#[test]
fn escapes_are_decoded_in_every_part() {
    let target = good("postgres://a%40b:p%40s%3As%2Fw%3Fo%23r%25d@db/my%20shop");
    assert_eq!(target.user, "a@b");
    assert_eq!(password(&target), "p@s:s/w?o#r%d");
    assert_eq!(target.database, "my shop");
    assert_eq!(target.to_string(), "postgresql://a%40b:•••@db:5432/my%20shop");
}

#[test]
fn a_colon_in_a_password_needs_no_escape() {
    assert_eq!(password(&good("postgres://app:a:b:c@db/shop")), "a:b:c");
}

#[test]
fn libpqs_parameters_are_taken() {
    let target = good(
        "postgres://app@db/shop?sslmode=verify-ca&sslrootcert=/etc/root.pem&connect_timeout=3\
         &options=-c%20search_path%3Dapp&application_name=ci&channel_binding=require",
    );
    assert_eq!(target.ssl_mode, SslMode::VerifyCa);
    assert_eq!(target.ssl_roots, SslRoots::File("/etc/root.pem".into()));
    assert_eq!(target.connect_timeout, Some(3));
    assert_eq!(target.options.as_deref(), Some("-c search_path=app"));
    assert_eq!(target.application_name.as_deref(), Some("ci"));
    assert_eq!(target.channel_binding, ChannelBinding::Require);
    assert!(target.hints.is_empty());
}

#[test]
fn roots_of_the_system_ask_for_the_name_too() {
    let target = good("postgres://app@db/shop?sslrootcert=system");
    assert_eq!((target.ssl_mode, target.ssl_roots), (SslMode::VerifyFull, SslRoots::System));
}

#[test]
fn other_drivers_words_for_tls_are_understood() {
    for (parameter, mode) in [
        ("ssl=true", SslMode::Require),
        ("ssl=require", SslMode::Require),
        ("ssl=false", SslMode::Disable),
        ("sslmode=no-verify", SslMode::Require),
    ] {
        assert_eq!(good(&format!("postgres://app@db/shop?{parameter}")).ssl_mode, mode);
    }
}

#[test]
fn parameters_of_others_are_kept_aside() {
    let target = good("postgres://app@db:6543/shop?pgbouncer=true&schema=app&connection_limit=1");
    assert_eq!(target.hint("schema"), Some("app"));
    assert_eq!(target.hints.len(), 3);
    assert!(target.is_transaction_pooler_guess());
    assert!(good("postgres://app@db/shop?pgbouncer=true").is_transaction_pooler_guess());
    assert!(!good("postgres://app@db/shop?pgbouncer=false").is_transaction_pooler_guess());
}

#[test]
fn what_would_lead_elsewhere_is_refused() {
    for name in ["sslcrl", "sslcrldir", "sslpassword", "gssencmode", "replication"] {
        let error = parse(&format!("postgres://app@db/shop?{name}=x")).unwrap_err();
        assert_eq!(error, TargetError::Unsupported { name, origin: Origin::Given });
    }
    assert!(parse("postgres://app@db/shop?gssencmode=disable&replication=false").is_ok());
    let crl = |name: &str| (name == "PGSSLCRL").then(|| "/revoked.pem".to_owned());
    let error = Target::parse(PLAIN, &crl).unwrap_err();
    let origin = Origin::Variable("PGSSLCRL");
    assert_eq!(error, TargetError::Unsupported { name: "sslcrl", origin });
}

#[test]
fn addresses_need_no_look_up() {
    let target = good("postgres://app@db/shop?hostaddr=127.0.0.9");
    let address = Some([127, 0, 0, 9].into());
    assert_eq!(target.hosts, [Host::Tcp { host: "db".to_owned(), address, port: 5432 }]);
    let target = good("postgres://app@/shop?hostaddr=::1&port=7");
    let address = Some("::1".parse().unwrap());
    assert_eq!(target.hosts, [Host::Tcp { host: "::1".to_owned(), address, port: 7 }]);
    let error = parse("postgres://app@a,b/shop?hostaddr=::1").unwrap_err();
    assert_eq!(error, TargetError::Addresses { hosts: 2, addresses: 1 });
    assert!(parse("postgres://app@db/shop?hostaddr=db").is_err());
}

#[test]
fn supabases_hosts_are_verified_unless_something_else_was_said() {
    let mode = |url: &str| good(url).ssl_mode;
    assert_eq!(mode("postgres://u@db.abc.supabase.co/postgres"), SslMode::VerifyFull);
    assert_eq!(mode("postgres://u@x.pooler.supabase.com:6543/postgres"), SslMode::VerifyFull);
    assert_eq!(mode("postgres://u@db.abc.supabase.co/x?sslmode=require"), SslMode::Require);
    assert_eq!(mode("postgres://u@supabase.example/postgres"), SslMode::Prefer);
}

#[test]
fn required_ways_to_log_in_are_listed_or_negated() {
    let required = |list: &str| parse(&format!("postgres://u@db/d?require_auth={list}"));
    let allows = |list: &str, method| required(list).unwrap().require_auth.unwrap().allows(method);
    assert!(allows("md5,scram-sha-256", "md5"));
    assert!(!allows("md5,scram-sha-256", "password"));
    assert!(allows("!password,!md5", "scram-sha-256"));
    assert!(!allows("!password,!md5", "md5"));
    assert!(required("md5,!password").is_err());
    assert!(required("guess").is_err());
}

#[test]
fn it_is_told_where_each_setting_came_from() {
    let variables = |name: &str| match name {
        "PGSSLMODE" => Some("require".to_owned()),
        "PGPORT" => Some("1".to_owned()),
        "USER" => Some("app".to_owned()),
        _ => None,
    };
    let (_, origins) = Target::explain("postgres://db:5433/shop", &variables).unwrap();
    assert_eq!(
        origins,
        [
            ("dbname", Origin::Given),
            ("host", Origin::Given),
            ("port", Origin::Given),
            ("sslmode", Origin::Variable("PGSSLMODE")),
            ("user", Origin::SystemUser),
        ]
    );
    let wrong = |name: &str| (name == "PGSSLMODE").then(|| "never".to_owned());
    let error = Target::parse(PLAIN, &wrong).unwrap_err();
    assert!(error.to_string().starts_with("`sslmode` in the variable `PGSSLMODE` is"), "{error}");
}

#[test]
fn unescaped_characters_are_named_with_their_part_and_never_shown() {
    let cases = [
        ("postgres://app:sec@ret@db/shop", Part::Password, '@'),
        ("postgres://app:sec/ret@db/shop", Part::Password, '/'),
        ("postgres://app:sec?ret@db/shop", Part::Password, '?'),
        ("postgres://app:sec#ret@db/shop", Part::Password, '#'),
        ("postgres://app:sec%ret@db/shop", Part::Password, '%'),
        ("postgres://app:secret%@db/shop", Part::Password, '%'),
        ("postgres://app:sec@r/et@db:5432/shop", Part::Password, '@'),
        ("postgres://app:12/secret==@db/shop", Part::Password, '/'),
        ("postgres://app:sec/ret=@db/shop?x=y", Part::Password, '/'),
        ("postgres://app:sec?r=et@db/shop", Part::Password, '?'),
        ("postgres://app:12/ret@db:5432/shop", Part::Password, '/'),
        ("postgres://app:@sec:$?ret@db/shop", Part::Password, '@'),
        ("postgres://app@corp:secret@db/shop", Part::User, '@'),
        ("postgres://a/b:secret@db/shop", Part::User, '/'),
        ("postgres://app:secret@db/sh@op", Part::Database, '@'),
        ("postgres://db/sh@op", Part::Database, '@'),
        ("postgres://app:secret@db/sh#op", Part::Database, '#'),
        ("postgres://app:secret@db/shop?schema=a#b", Part::Parameter, '#'),
        ("postgres://app:secret@d%b/shop", Part::Host, '%'),
    ];
    for (url, part, character) in cases {
        let error = parse(url).unwrap_err();
        assert_eq!(error, TargetError::Unescaped { part, character }, "{url}");
        let said = format!("{error} {error:?} {:?}", error.hint());
        assert!(!said.contains("sec") && !said.contains("ret"), "{said}");
    }
}

#[test]
fn an_at_sign_in_a_parameter_is_harmless() {
    assert_eq!(good("postgres://db:5432/shop?user=app&application_name=a@b").user, "app");
    assert_eq!(good("postgres://app:pw@db/shop?schema=a@b").hint("schema"), Some("a@b"));
}

#[test]
fn what_stands_in_a_ports_place_is_not_shown() {
    let error = parse("postgres://app:secret/shop").unwrap_err();
    assert_eq!(error, TargetError::Port { host: "app".to_owned() });
    assert!(parse("postgres://app@db:0/shop").is_err());
    assert!(parse("postgres://app@db:65536/shop").is_err());
}

#[test]
fn a_placeholder_is_no_password() {
    let url = "postgresql://postgres:[YOUR-PASSWORD]@db.abcdef.supabase.co:5432/postgres";
    assert_eq!(parse(url), Err(TargetError::Placeholder));
}

#[test]
fn other_schemes_are_refused_each_with_its_way() {
    assert_eq!(parse("jdbc:postgresql://db/shop"), Err(TargetError::Jdbc));
    let error = parse("mysql://app@db/shop").unwrap_err();
    assert_eq!(error, TargetError::Scheme { scheme: "mysql".to_owned() });
    let error = parse("prisma+postgres://accelerate.example/?api_key=abc").unwrap_err();
    assert_eq!(error, TargetError::PrismaProxy { scheme: "prisma+postgres".to_owned() });
    assert_eq!(parse("db.example shop secret"), Err(TargetError::NotUrl));
    assert_eq!(parse("se cret://"), Err(TargetError::NotUrl));
}

#[test]
fn nothing_secret_is_ever_displayed() {
    let url = "postgres://app:marked@db/shop?token=marked&unknown=marked&schema=app\
               &options=-c%20app.key%3Dmarked";
    let target = good(url);
    let shown = format!("{target} {target:?} {:?}", target.password);
    assert!(!shown.contains("marked"), "{shown}");
    assert!(target.to_string().starts_with("postgresql://app:•••@db:5432/shop?schema=app"));
}

#[test]
fn another_database_of_the_same_server_differs_in_nothing_else() {
    let target = good("postgres://app:pw@db/shop?schema=app");
    let other = target.with_database("postgres");
    assert_eq!(other.database, "postgres");
    assert_eq!(other.with_database("shop"), target);
}

#[test]
fn white_space_around_a_url_is_no_part_of_it() {
    assert_eq!(good(" postgres://app@db/shop\n").database, "shop");
}

#[test]
fn the_whole_url_leads_where_the_target_does() {
    for url in [
        "postgres://app:p%40s%3As%2Fw%3Fo%23r%25d@db:5433/my%20shop?sslmode=verify-full",
        "postgres://app@[fe80::1%25eth0]:1,b/shop?token=a%26b&connect_timeout=0",
        "postgres://app@/shop?host=/run/pg,b&port=1,2&application_name=a%20b&options=-c%20x%3Dy",
        "postgres://app@db/s?sslrootcert=/r%20t.pem&sslcert=/c&sslkey=/k&sslnegotiation=direct",
        "postgres://app@db/s?sslrootcert=system&channel_binding=disable",
        "postgres://app@a,b/s?hostaddr=127.0.0.1,&target_session_attrs=prefer-standby&sslsni=0",
        "postgres://app@db/s?load_balance_hosts=random&require_auth=!md5,!none&requirepeer=pg",
        "postgres://app@db/s?ssl_min_protocol_version=TLSv1.3",
        "postgres://app@db/s?ssl_max_protocol_version=TLSv1.2",
    ] {
        let target = good(url);
        let variables = |_: &str| Some("elsewhere".to_owned());
        let again = Target::parse(target.url().reveal(), &|name| match name {
            "PGSSLMODE" => Some("disable".to_owned()),
            "PGHOST" | "PGUSER" | "PGDATABASE" => variables(name),
            _ => None,
        });
        assert_eq!(again.as_ref(), Ok(&target), "{url}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_a_password(password in "[^\0]{1,20}", user in "[^\0]{1,9}") {
        let placeholder = |text: &str| text.starts_with(['[', '<']);
        prop_assume!(!placeholder(&password));
        let target = Target { password: Some(Secret::new(&password)), user, ..good(PLAIN) };
        let again = good(target.url().reveal());
        prop_assert_eq!(again.password.as_ref().map(Secret::reveal), Some(password.as_str()));
        prop_assert_eq!(again.user, target.user);
    }

    #[test]
    fn no_unescaped_password_is_ever_shown(before in "[!-~]{0,6}", after in "[!-~]{0,6}") {
        let url = format!("postgres://app:{before}MARKED{after}@db.example/shop");
        let said = match parse(&url) {
            Ok(target) => format!("{target} {target:?}"),
            Err(error) => format!("{error} {error:?} {:?}", error.hint()),
        };
        prop_assert!(!said.contains("MARKED"), "{}: {}", url, said);
    }
}
