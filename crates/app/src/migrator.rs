//! Whimbrel inside another program: its migrations run when it starts.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use whimbrel_engine::{Event, Events as Watch, Interrupt, Secret};
use whimbrel_history::select::Wish;

use crate::cases::{preview, status, up};
use crate::catalogue::Code;
use crate::database::DatabaseOptions;
use crate::error::Error;
use crate::events::{Answer, Events, Question};
use crate::folder::Embedded;
use crate::project::Where;
use crate::run::{
    Allowed, Consent, Depth, Fetch, Hooks, OnError, Options, Rehearse, Report, Seeds, Waiting,
};
use crate::surroundings::Surroundings;
use crate::workspace::Workspace;

/// A program's migrations, and how they are run at its start.
///
/// ```no_run
/// # async fn start() -> Result<(), whimbrel_app::Error> {
/// use whimbrel_app::Migrator;
///
/// let migrator = Migrator::folder("migrations")?
///     .database_url("postgres://app@localhost/app")
///     .on_event(|event| println!("{event:?}"));
/// let report = migrator.up().await?;
/// println!("{} migrations applied", report.migrations.len());
/// assert!(migrator.readiness().await?.is_ready());
/// # Ok(())
/// # }
/// ```
///
/// Twenty replicas that start at once are twenty calls of [`Migrator::up`]: one of them runs, the
/// others wait for it outside of the server and go on when it is done, also when it was killed in
/// the middle.
///
/// Each call works on a thread of its own, so that any runtime serves, or none
/// ([`Migrator::up_blocking`]); a call that is dropped asks its run to stop cleanly.
#[derive(Clone)]
pub struct Migrator {
    source: Source,
    place: Where,
    ahead: Ahead,
    wait: Option<Duration>,
    rehearse: Rehearse,
    helper: Option<PathBuf>,
    wish: Wish,
    interrupt: Interrupt,
    watch: Arc<dyn Fn(&Event) + Send + Sync>,
}

/// Where the migrations are.
#[derive(Clone, Debug)]
enum Source {
    /// In the program itself.
    Embedded(&'static Embedded),
    /// On disk.
    Folder(Utf8PathBuf),
}

/// What to do when the database knows migrations that this program does not.
///
/// It happens when a newer release has migrated already, and an older replica is started, or
/// rolled back to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ahead {
    /// Serve: migrations are written so that the release before still works with them.
    #[default]
    Serve,
    /// Do not start: [`Error::Refused`], nothing is run.
    Refuse,
}

/// Whether a database has what a program needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Everything is applied.
    Ready,
    /// These are not applied yet.
    Pending(Vec<String>),
    /// Everything is applied, and these too, which this program does not know.
    Ahead(Vec<String>),
}

impl Readiness {
    /// Whether the program can serve.
    pub fn is_ready(&self) -> bool {
        match self {
            Self::Ready | Self::Ahead(_) => true,
            Self::Pending(_) => false,
        }
    }
}

impl Migrator {
    /// The migrations that a build script put into the program: [`crate::embedded!`].
    pub fn embedded(files: &'static Embedded) -> Self {
        Self::of(Source::Embedded(files))
    }

    /// The migrations of a project on disk.
    pub fn folder(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let folder = Utf8PathBuf::try_from(folder.into()).map_err(|error| Error::Usage {
            code: Code::SURROUNDINGS,
            message: format!("`{}` is not Unicode", error.as_path().display()),
            hints: Vec::new(),
        })?;
        Ok(Self::of(Source::Folder(folder)))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            place: Where::default(),
            ahead: Ahead::default(),
            wait: None,
            rehearse: Rehearse::Never,
            helper: None,
            wish: Wish::default(),
            interrupt: Interrupt::default(),
            watch: Arc::new(|_| ()),
        }
    }

    /// The database; without it, it is looked for where the command looks.
    #[must_use]
    pub fn database_url(mut self, url: impl Into<String>) -> Self {
        let url = Some(Secret::new(url.into()));
        self.place.database = DatabaseOptions { database_url: url, ..DatabaseOptions::default() };
        self
    }

    /// Only one of several histories.
    #[must_use]
    pub fn history(mut self, name: impl Into<String>) -> Self {
        self.place.history = Some(name.into());
        self
    }

    /// What to do when the database is ahead of this program.
    #[must_use]
    pub fn when_ahead(mut self, ahead: Ahead) -> Self {
        self.ahead = ahead;
        self
    }

    /// How long to wait for another run; zero does not wait. By default as whimbrel.toml says, or
    /// five minutes.
    #[must_use]
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = Some(limit);
        self
    }

    /// Tries what is pending in a throw-away Postgres first.
    ///
    /// The program must then begin with [`crate::enter_if_asked`]. A server that starts in
    /// production seldom wants it.
    #[must_use]
    pub fn rehearse(mut self) -> Self {
        self.rehearse = Rehearse::Always;
        self
    }

    /// The `whimbrel` binary, which watches over the throw-away Postgres where this program's own
    /// `main` cannot: [`Migrator::rehearse`].
    #[must_use]
    pub fn helper(mut self, program: impl Into<PathBuf>) -> Self {
        self.helper = Some(program.into());
        self
    }

    /// Only up to this migration, what it needs included.
    #[must_use]
    pub fn to(mut self, migration: impl Into<String>) -> Self {
        self.wish.to = Some(migration.into());
        self
    }

    /// Stops the calls that block when somebody asks; the others are stopped by dropping them.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = interrupt;
        self
    }

    /// Hears what happens, as it happens.
    #[must_use]
    pub fn on_event(mut self, watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.watch = Arc::new(watch);
        self
    }

    /// Says what [`Migrator::up`] would run; writes nothing.
    pub async fn plan(&self) -> Result<Report, Error> {
        self.aside(|migrator, interrupt| Box::pin(migrator.look(interrupt)))
            .await
            .and_then(first_failure)
    }

    /// The same for programs without a runtime.
    pub fn plan_blocking(&self) -> Result<Report, Error> {
        self.here(|migrator| Box::pin(migrator.look(self.interrupt.clone())))
            .and_then(first_failure)
    }

    /// Applies what is pending. Whatever failed is the error; what was done before it stays done
    /// and is recorded.
    pub async fn up(&self) -> Result<Report, Error> {
        self.aside(|migrator, interrupt| Box::pin(migrator.apply(interrupt)))
            .await
            .and_then(first_failure)
    }

    /// The same for programs without a runtime.
    pub fn up_blocking(&self) -> Result<Report, Error> {
        self.attempt_blocking().and_then(first_failure)
    }

    /// The same, with the report also where a migration failed: what was done is in it, and why no
    /// more was.
    pub fn attempt_blocking(&self) -> Result<Report, Error> {
        self.here(|migrator| Box::pin(migrator.apply(self.interrupt.clone())))
    }

    /// Tells whether the schema is there; writes nothing. For a readiness probe.
    pub async fn readiness(&self) -> Result<Readiness, Error> {
        self.aside(|migrator, _| Box::pin(migrator.compare())).await
    }

    /// The same for programs without a runtime.
    pub fn readiness_blocking(&self) -> Result<Readiness, Error> {
        self.here(|migrator| Box::pin(migrator.compare()))
    }

    async fn look(self, interrupt: Interrupt) -> Result<Report, Error> {
        let workspace = self.workspace()?;
        let run = self.options(Depth::Show { sql: true }, interrupt);
        let options = preview::Options { wish: self.wish.clone(), sql: preview::Sql::Shown, run };
        preview::preview(&workspace, &options, &mut self.watcher()).await
    }

    async fn apply(self, interrupt: Interrupt) -> Result<Report, Error> {
        let workspace = self.workspace()?;
        if self.ahead == Ahead::Refuse
            && let Readiness::Ahead(unknown) = self.clone().compare().await?
        {
            return Err(too_new(&unknown));
        }
        let run = self.options(Depth::Run, interrupt);
        let options = up::Options { wish: self.wish.clone(), run };
        up::up(&workspace, &options, &mut self.watcher()).await
    }

    async fn compare(self) -> Result<Readiness, Error> {
        let workspace = self.workspace()?;
        let options = status::Options { place: self.place.clone() };
        let report = status::status(&workspace, &options, &mut self.watcher()).await?;
        let ids = |wanted: fn(&status::Line) -> bool| -> Vec<String> {
            let lines = report.migrations.iter().filter(|line| wanted(line));
            lines.map(|line| line.id.clone()).collect()
        };
        let pending = ids(|line| line.file.is_some() && !line.applied);
        let unknown = ids(|line| line.file.is_none() && line.applied);
        Ok(match (pending.is_empty(), unknown.is_empty()) {
            (false, _) => Readiness::Pending(pending),
            (true, false) => Readiness::Ahead(unknown),
            (true, true) => Readiness::Ready,
        })
    }

    fn workspace(&self) -> Result<Workspace, Error> {
        let failed = |source| Error::Usage {
            code: Code::SURROUNDINGS,
            message: format!("cannot tell the current folder: {source}"),
            hints: Vec::new(),
        };
        let mut surroundings = Surroundings::of_process().map_err(failed)?;
        surroundings.helper.clone_from(&self.helper);
        Ok(match &self.source {
            Source::Embedded(files) => Workspace::embedded(surroundings, files)?,
            Source::Folder(folder) => Workspace::open(surroundings, Some(folder))?,
        })
    }

    fn options(&self, depth: Depth, interrupt: Interrupt) -> Options {
        Options {
            place: self.place.clone(),
            depth,
            consent: Consent::Given,
            on_error: OnError::Stop,
            allowed: Allowed { protected: true, ..Allowed::default() },
            seeds: Seeds::Unwanted,
            hooks: Hooks::Unwanted,
            rehearse: self.rehearse,
            fetch: Fetch::Forbidden,
            waiting: self.wait.map(Waiting::For),
            retry_for: None,
            command: "up, at the start of a program".to_owned(),
            interrupt,
            watched: false,
        }
    }

    fn watcher(&self) -> Watcher {
        Watcher(Arc::clone(&self.watch))
    }

    /// Works on a thread of its own; asks to stop when nobody waits any more.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self, Interrupt) -> Working<T> + Send + 'static,
    ) -> Result<T, Error> {
        let interrupt = Interrupt::default();
        let asked = AskOnDrop(interrupt.clone());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let migrator = self.clone();
        std::thread::spawn(move || {
            let result = migrator.here(|migrator| work(migrator, interrupt));
            // Nobody waits where the call was dropped.
            let _ = sender.send(result);
        });
        let result = receiver.await.expect("the thread sends before it ends");
        drop(asked);
        result
    }

    fn here<T>(&self, work: impl FnOnce(Self) -> Working<T>) -> Result<T, Error> {
        let failed = |source| Error::Usage {
            code: Code::SURROUNDINGS,
            message: format!("cannot start: {source}"),
            hints: Vec::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(failed)?.block_on(work(self.clone()))
    }
}

type Working<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Asks a run to stop when its caller has gone.
struct AskOnDrop(Interrupt);

impl Drop for AskOnDrop {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Passes on what happens; nobody is there to be asked.
struct Watcher(Arc<dyn Fn(&Event) + Send + Sync>);

impl Watch for Watcher {
    fn on(&mut self, event: Event) {
        (self.0)(&event);
    }
}

impl Events for Watcher {
    fn ask(&mut self, _: &Question<'_>) -> Answer {
        Answer::Nobody
    }
}

fn first_failure(mut report: Report) -> Result<Report, Error> {
    if report.failures.is_empty() { Ok(report) } else { Err(report.failures.remove(0)) }
}

fn too_new(unknown: &[String]) -> Error {
    let names: Vec<String> = unknown.iter().map(|id| format!("`{id}`")).collect();
    Error::Refused {
        code: Code::AHEAD,
        message: format!(
            "the database is ahead of this program, which does not know {}",
            names.join(", ")
        ),
        hints: vec!["start the release that has them, or undo them with it".to_owned()],
    }
}
