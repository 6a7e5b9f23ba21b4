//! Makes a fresh cluster.

use std::fs::{self, DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::error::{Cause, ShadowError};
use super::guard::say;
use super::identity::Identity;
use super::inbox::Inbox;
use super::leftover;
use super::order::{Order, Report};
use super::postmaster;
use super::prepare::Site;
use super::starter::{self, DeathSignal};

/// How long `initdb` may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes a cluster in the data folder and closes it.
pub(crate) fn make(order: &Order, site: &Site, inbox: &mut Inbox) -> Result<(), ShadowError> {
    say(&Report::Working { what: "making a fresh cluster".into(), percent: None });
    let Site { data, log, identity } = site;
    let mut job = Job { order, identity: *identity, data, log, inbox };
    let initdb = order.distribution.program("initdb");
    let mut said = String::new();
    for locale in &order.recipe.initdb {
        job.make_folder()?;
        let mut arguments = locale.clone();
        arguments.push(format!("--pgdata={data}"));
        if job.run(&initdb, &arguments, None)? {
            return job.run_statements();
        }
        said = postmaster::tail(log);
        if let Some(named) = name_for_nameless(&said, job.identity) {
            job.identity = named?;
            job.make_folder()?;
            if job.run(&initdb, &arguments, None)? {
                return job.run_statements();
            }
            let cause = Cause::new(postmaster::tail(log));
            let uid = rustix::process::geteuid().as_raw();
            return Err(ShadowError::NamelessUser { uid, cause });
        }
        if !lacks_locale(&said) {
            break;
        }
    }
    Err(ShadowError::Initdb { cause: Cause::new(said) })
}

/// Whether it failed for a locale that this machine or this build lacks: another one is worth a
/// try.
fn lacks_locale(said: &str) -> bool {
    let mut errors = said.lines().filter(|line| line.starts_with("initdb: error:"));
    errors.any(|line| line.contains("locale") || line.contains("ICU"))
}

/// `initdb` wants a name for the user id, which containers often do not have.
fn name_for_nameless(said: &str, identity: Identity) -> Option<Result<Identity, ShadowError>> {
    let nameless = said.contains("could not look up effective user ID")
        || said.contains("could not look up local user ID");
    if !nameless || identity != Identity::Ourselves {
        return None;
    }
    let uid = rustix::process::geteuid().as_raw();
    Some(Identity::borrowed_name().ok_or_else(|| ShadowError::NamelessUser {
        uid,
        cause: Cause::new("/etc/passwd names nobody whose name could be borrowed"),
    }))
}

struct Job<'a> {
    order: &'a Order,
    identity: Identity,
    data: &'a Utf8Path,
    log: &'a Utf8Path,
    inbox: &'a mut Inbox,
}

impl Job<'_> {
    /// An empty data folder of the right owner: the server's user cannot make one here.
    fn make_folder(&self) -> Result<(), ShadowError> {
        let made = || -> std::io::Result<()> {
            if self.data.exists() {
                leftover::end_server(self.data);
                fs::remove_dir_all(self.data)?;
            }
            DirBuilder::new().mode(0o700).create(self.data)?;
            if let Some((uid, gid)) = self.identity.owner() {
                chown(self.data, Some(uid), Some(gid))?;
            }
            Ok(())
        };
        made().map_err(|error| ShadowError::io("create", self.data, &error))
    }

    /// Runs a program of the server to its end. True: it succeeded.
    fn run(
        &mut self,
        program: &Utf8Path,
        arguments: &[String],
        input: Option<&Utf8Path>,
    ) -> Result<bool, ShadowError> {
        let failed = |error: &std::io::Error| ShadowError::CannotRun {
            program: program.to_owned(),
            cause: Cause::of(error),
        };
        let log = postmaster::open_log(self.log)?;
        let twin = log.try_clone().map_err(|error| failed(&error))?;
        let mut command = starter::command(program, arguments, self.identity, DeathSignal::Term)
            .map_err(|error| failed(&error))?;
        command.stdout(twin).stderr(log);
        if let Some(path) = input {
            command.stdin(File::open(path).map_err(|error| failed(&error))?);
        }
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        self.inbox.watch(child.id());
        if !self.inbox.ended_or_gone(child.id()) {
            end_group(&mut child);
            return Err(ShadowError::Abandoned);
        }
        let status = child.wait().map_err(|error| failed(&error))?;
        if !status.success() && postmaster::tail(self.log).contains("No space left on device") {
            let folder = self.data.parent().unwrap_or(self.data).to_owned();
            return Err(ShadowError::DiskFull { folder });
        }
        Ok(status.success())
    }

    /// Runs the recipe's statements by a server without a socket (`postgres --single`), which
    /// also leaves the cluster cleanly closed.
    fn run_statements(&mut self) -> Result<(), ShadowError> {
        let script = self.write_script()?;
        let settings = ["-c", "fsync=off", "-c", "dynamic_shared_memory_type=mmap"];
        let mut arguments = vec!["--single".to_owned(), "-D".to_owned(), self.data.to_string()];
        arguments.extend(settings.map(ToOwned::to_owned));
        arguments.push("template1".to_owned());
        let program = self.order.distribution.program("postgres");
        let done = self.run(&program, &arguments, Some(&script))?;
        fs::remove_file(&script).ok();
        let log = postmaster::tail(self.log);
        if !done || log.contains("ERROR:") {
            return Err(ShadowError::Initdb { cause: Cause::new(log) });
        }
        Ok(())
    }

    fn write_script(&self) -> Result<Utf8PathBuf, ShadowError> {
        let path = self.log.with_file_name("script");
        let written = || -> std::io::Result<()> {
            let mut file = File::create(&path)?;
            for statement in &self.order.recipe.statements {
                // Single-user mode ends a command at the end of a line.
                writeln!(file, "{}", statement.replace('\n', " "))?;
            }
            Ok(())
        };
        written().map_err(|error| ShadowError::io("write", &path, &error))?;
        Ok(path)
    }
}

/// Ends a program with all that it started, in order: `initdb` that is asked to end waits for its
/// server, which frees its shared memory.
fn end_group(child: &mut Child) {
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    kill_process(group, Signal::TERM).ok();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        // Reaped first: as long as it is not, the group is there.
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        if ended && test_kill_process_group(group).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    kill_process_group(group, Signal::KILL).ok();
    child.wait().ok();
}
