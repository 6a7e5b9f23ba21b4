//! What a command has at hand: the world, the terminal, a runtime when it needs one.

use std::future::Future;
use std::time::Duration;

use camino::Utf8Path;
use whimbrel_app::catalogue::Code;
use whimbrel_app::database::DatabaseOptions;
use whimbrel_app::{Exit, Interrupt, Surroundings, Where, Workspace};

use crate::arguments::Globals;
use crate::failure::Failure;
use crate::signals::{Signal, Signals};
use crate::terminal::Terminal;
use crate::theme::Tone;
use crate::watcher::Watcher;
use crate::{aim, commands};

/// What a command has at hand.
pub(crate) struct House {
    /// The options of every command.
    pub(crate) globals: Globals,
    /// Where output goes.
    pub(crate) terminal: Terminal,
    /// The person's wish to stop, as the engine sees it.
    pub(crate) interrupt: Interrupt,
    signal: Option<Signal>,
}

/// How long a use case may take to end after a person insisted.
const GRACE: Duration = Duration::from_secs(1);

impl House {
    /// A house for one command.
    pub(crate) fn new(globals: Globals) -> Self {
        let terminal = Terminal::new(globals.manner());
        aim::set(&globals);
        Self { globals, terminal, interrupt: Interrupt::default(), signal: None }
    }

    /// Reads the world around this process.
    #[expect(clippy::unused_self, reason = "the house is where commands look for it")]
    pub(crate) fn surroundings(&self) -> Result<Surroundings, Failure> {
        let failed = |source| Failure::Input {
            code: Code::SURROUNDINGS,
            what: "find the current folder".to_owned(),
            source,
        };
        Surroundings::of_process().map_err(failed)
    }

    /// Opens the project that the command is about.
    pub(crate) fn workspace(&self) -> Result<Workspace, Failure> {
        let surroundings = self.surroundings()?;
        let project = self.globals.project.as_deref();
        Ok(Workspace::open(surroundings, project).map_err(whimbrel_app::Error::from)?)
    }

    /// Opens the folder that is to become a project, whatever lies above it.
    pub(crate) fn new_workspace(&self) -> Result<Workspace, Failure> {
        let project = self.globals.project.as_deref().unwrap_or(Utf8Path::new("."));
        Ok(Workspace::open(self.surroundings()?, Some(project))
            .map_err(whimbrel_app::Error::from)?)
    }

    /// The project's part and the database that a command is about.
    pub(crate) fn place(&self, dev: commands::Dev) -> Where {
        if dev.dev {
            aim::set_dev();
        }
        let Globals { database_url, env, history, .. } = &self.globals;
        let database = DatabaseOptions {
            database_url: database_url.clone(),
            environment: env.clone(),
            dev: dev.dev,
            dev_database: None,
            only_read: false,
            way: self.globals.way(),
        };
        Where { database, history: history.clone(), shadow_url: None }
    }

    /// Somebody who watches on this terminal.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher::new(self.terminal)
    }

    /// Runs a use case that talks to a database, and listens for signals meanwhile.
    ///
    /// The first signal is a wish that the engine fulfils in its own time; after the second the use
    /// case has a second left, and then its connections are cut, which undoes what was under way.
    pub(crate) fn run<T, E>(
        &mut self,
        case: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(
            |source| Failure::Input { code: Code::SURROUNDINGS, what: "start".to_owned(), source },
        )?;
        runtime.block_on(async {
            let mut signals = Signals::listen().map_err(|source| Failure::Input {
                code: Code::SURROUNDINGS,
                what: "listen for signals".to_owned(),
                source,
            })?;
            let mut case = std::pin::pin!(case);
            let signal = tokio::select! {
                result = &mut case => return Ok(result?),
                signal = signals.next() => signal,
            };
            self.signal = Some(signal);
            self.interrupt.ask();
            self.say_interrupted();
            tokio::select! {
                result = &mut case => return Ok(result?),
                _ = signals.next() => self.interrupt.ask(),
            }
            match tokio::time::timeout(GRACE, case).await {
                Ok(result) => Ok(result?),
                Err(_) => Err(whimbrel_app::Error::Interrupted.into()),
            }
        })
    }

    /// The exit code in the light of the signal that came, if one did.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        match (exit, self.signal) {
            (Exit::Interrupted, Some(Signal::Terminate)) => Exit::Terminated,
            (Exit::Interrupted, Some(Signal::HangUp)) => Exit::HungUp,
            (exit, _) => exit,
        }
    }

    fn say_interrupted(&self) {
        let mut page = self.terminal.talk_page();
        let label = page.paint(Tone::Care, "interrupted:");
        page.line(format!("{label} ending cleanly; once more to stop at once"));
        self.terminal.talk(page);
    }
}
