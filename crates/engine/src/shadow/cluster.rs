//! How a fresh cluster is made and how its server is started.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::distribution::Distribution;

/// Raised when what a template holds changes for a reason that the recipe does not show.
const FORMAT: u32 = 1;

/// What a fresh cluster is made by. Equal recipes make equal clusters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipe {
    /// Arguments of `initdb`, in the order in which they are tried: not every machine has every
    /// locale.
    pub(crate) initdb: Vec<Vec<String>>,
    /// Statements run one by one in `template1` before the cluster is closed.
    pub(crate) statements: Vec<String>,
    /// `<major>-<hash>` of all that.
    pub(crate) key: String,
}

impl Recipe {
    /// The recipe of a plain cluster.
    ///
    /// Its one database is `template1`, where the server's master logs in; new databases are made
    /// from `template0`. `postgres` goes, since every copy would carry its 7 MB.
    pub(crate) fn plain(distribution: &Distribution) -> Self {
        let initdb: Vec<Vec<String>> = locales(distribution.major)
            .iter()
            .map(|locale| {
                let mut arguments: Vec<String> = COMMON.iter().map(ToString::to_string).collect();
                if distribution.major >= 16 {
                    // Else a killed `initdb` leaves a megabyte in `/dev/shm`.
                    arguments.push("--set=dynamic_shared_memory_type=mmap".into());
                }
                if distribution.major >= 18 {
                    arguments.push("--no-data-checksums".into());
                }
                arguments.extend(locale.iter().map(ToString::to_string));
                arguments
            })
            .collect();
        let statements = vec!["drop database postgres".to_owned()];
        let key = key(distribution, &initdb, &statements);
        Self { initdb, statements, key }
    }
}

const COMMON: &[&str] = &[
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-sync",
    // What it leaves when it fails says which shared memory to free; the guard clears it away.
    "--no-clean",
    "--no-instructions",
    "--wal-segsize=1",
];

/// Locales whose `lower('É')` is right, the same one on every machine where that can be had.
fn locales(major: u16) -> &'static [&'static [&'static str]] {
    match major {
        17.. => &[&["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]],
        15 | 16 => &[
            &["--locale-provider=icu", "--icu-locale=und", "--locale=C"],
            &["--locale=C.UTF-8"],
            &["--locale=en_US.UTF-8"],
            &["--locale=C"],
        ],
        _ => &[&["--locale=C.UTF-8"], &["--locale=en_US.UTF-8"], &["--locale=C"]],
    }
}

fn key(distribution: &Distribution, initdb: &[Vec<String>], statements: &[String]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    };
    add(&FORMAT.to_string());
    add(std::env::consts::ARCH);
    add(&distribution.version);
    add(&distribution.build);
    for text in initdb.iter().flatten().chain(statements) {
        add(text);
    }
    format!("{}-{}", distribution.major, short_hex(&hash.finalize()))
}

/// The first 16 hexadecimal digits of a hash: enough for names in a cache.
pub(crate) fn short_hex(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// The settings of a throw-away server: no byte is worth a wait for a disk.
///
/// `synchronous_commit` stays on: without `fsync` it costs nothing that can be measured, and an
/// immediate stop loses no commit.
/// `wal_level=logical` costs nothing and spares `create publication` a warning;
/// `dynamic_shared_memory_type=mmap` leaves nothing in `/dev/shm` after a kill;
/// `max_wal_size` bounds what a long replay writes.
pub(crate) fn throw_away_settings(major: u16) -> Vec<(String, String)> {
    let mut settings = settings(&[
        ("fsync", "off"),
        ("autovacuum", "off"),
        ("full_page_writes", "off"),
        ("checkpoint_timeout", "1h"),
        ("max_wal_size", "64MB"),
        ("min_wal_size", "2MB"),
    ]);
    settings.extend(common_settings(major));
    settings
}

/// The settings of a kept server, whose rows a person wants to see again tomorrow, even if the
/// machine loses its power meanwhile: Postgres' own, `fsync` included.
pub(crate) fn kept_settings(major: u16) -> Vec<(String, String)> {
    let mut settings = settings(&[("max_wal_size", "256MB"), ("min_wal_size", "8MB")]);
    settings.extend(common_settings(major));
    settings
}

/// What a kept server has beside that while it stays, for the programs of a project: connections by
/// TCP, enough of them, and a new start of itself when one of its processes crashes.
pub(crate) fn staying_settings(host: Ipv4Addr, port: u16) -> Vec<(String, String)> {
    settings(&[
        ("listen_addresses", &host.to_string()),
        ("port", &port.to_string()),
        ("max_connections", "100"),
        ("restart_after_crash", "on"),
        ("password_encryption", "scram-sha-256"),
    ])
}

/// Who gets in: whoever may enter the socket's folder, and by TCP whoever knows the password.
pub(crate) const STAYING_HBA: &str = "\
# Written by Whimbrel at each start.
local all all trust
local replication all trust
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
";

fn common_settings(major: u16) -> Vec<(String, String)> {
    let mut all = settings(&[
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("shared_buffers", "16MB"),
        ("max_connections", "20"),
        ("wal_level", "logical"),
        ("huge_pages", "off"),
        ("dynamic_shared_memory_type", "mmap"),
        ("jit", "off"),
        ("max_worker_processes", "0"),
        ("max_logical_replication_workers", "0"),
        ("max_parallel_workers", "0"),
        ("restart_after_crash", "off"),
        ("logging_collector", "off"),
        ("log_min_messages", "warning"),
        ("timezone", "UTC"),
    ]);
    if major >= 18 {
        all.push(("io_method".into(), "sync".into()));
    }
    all
}

fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
