//! What an earlier run left of a statement that runs outside a transaction, and what is written
//! down so that the next run can tell.

use std::time::Duration;

use whimbrel_sql::Kind;

use crate::journal::{self, Intent};
use crate::pause::Pause;
use crate::run::Run;
use crate::run::block::failure_of;
use crate::run::compose::{Cleaning, Message, Role};
use crate::run::evidence::{self, Evidence};
use crate::run::failure::{Failed, Stop};
use crate::run::steps::{At, Ended};
use crate::wire::{Failure, Session};
use crate::{Event, Events};

impl Run<'_> {
    /// Puts away or finishes what an earlier try of a statement left.
    pub(super) async fn clean_up(
        &mut self,
        at: At<'_>,
        statement: usize,
        sql: &str,
        settings: &[String],
        direct: &mut Option<Box<Session>>,
        events: &mut (dyn Events + Send),
    ) -> Result<Ended, Stop> {
        events.on(Event::CleaningUp { statement: sql.to_owned() });
        let sent = self.send_alone(sql, settings, direct.as_deref_mut(), events).await;
        let Err(failure) = sent.result else {
            self.reset_alone(self.cleaning(at)).await?;
            return Ok(Ended::Done);
        };
        let error = self.error_of(failure).await?;
        let failed = failure_of(at.work(), error, Some(statement), None, 1);
        let failed = Failed { rolled_back: false, blockers: sent.blockers, ..failed };
        Ok(Ended::Failed(Box::new(failed)))
    }

    /// Waits while a server process still works on the statement of an earlier run.
    ///
    /// A process that the step was begun on and that is idle may still be told to run it, by a
    /// runner that was stopped between the intent and the statement: no fence can go with such a
    /// statement, so its connection is ended.
    pub(super) async fn wait_for_orphan(
        &mut self,
        at: At<'_>,
        intent: &Intent,
        events: &mut (dyn Events + Send),
    ) -> Result<(), Stop> {
        let asking = Stop::asking("look for server processes of an earlier run");
        let marker = evidence::marker(intent.run, intent.step);
        let mut pause = Pause::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            let id = self.run.map(|_| at.work().journal_id());
            let session = self.lane.session();
            let orphan = evidence::orphan(session, &marker, id.as_ref(), intent.step).await;
            let Some(orphan) = orphan.map_err(asking)? else { return Ok(()) };
            if orphan.is_idle {
                evidence::end(session, orphan.pid).await.map_err(asking)?;
            }
            events.on(Event::Waiting {
                what: format!("pid {}, which still runs `{}`", orphan.pid, intent.statement),
            });
            self.wait_outside(pause.next(), &[], events).await?;
        }
    }

    /// Writes down that a statement is about to run; answers with the indexes its table has.
    pub(super) async fn begin_alone(
        &mut self,
        at: At<'_>,
        kind: &Kind,
        settings: &[String],
        direct: Option<&mut Session>,
    ) -> Result<Option<Vec<String>>, Stop> {
        let Some(run) = self.run else { return Ok(None) };
        // Behind a pooler the process that will run it is not known.
        let is_pooled = self.facts.pooled;
        let (session, backend) = if let Some(session) = direct {
            let backend = own_process(session).await?;
            (session, backend)
        } else {
            let session = self.lane.session();
            let backend = (!is_pooled).then(|| session.process_id());
            (session, backend)
        };
        let asking = Stop::asking("look what indexes there are");
        set(session, settings).await.map_err(asking)?;
        let indexes = evidence::indexes_before(session, kind).await.map_err(asking)?;
        unset(session, settings).await.map_err(asking)?;
        let mut message = Message::default();
        self.open_step(at.work(), "begin", &mut message);
        let id = at.work().journal_id();
        let begin = journal::begin_step(run, &id, at.index, indexes.as_deref(), backend);
        message.ours(Role::Record, &begin);
        self.lane.commit(&mut message);
        self.own_or_stop(&message, "write down that a step begins").await?;
        Ok(indexes)
    }
}

/// Asks the server what an earlier try of a statement left, with the statement's own settings: what
/// a name means depends on `search_path`.
pub(super) async fn look_back(
    session: &mut Session,
    (kind, text): (&Kind, &str),
    earlier: Option<&Intent>,
    settings: &[String],
) -> Result<Evidence, Stop> {
    let asking = Stop::asking("look what an earlier run left");
    set(session, settings).await.map_err(asking)?;
    let evidence = evidence::look(session, kind, text, earlier).await.map_err(asking)?;
    unset(session, settings).await.map_err(asking)?;
    Ok(evidence)
}

async fn set(session: &mut Session, settings: &[String]) -> Result<(), Failure> {
    for setting in settings {
        session.simple(setting).await?;
    }
    Ok(())
}

async fn unset(session: &mut Session, settings: &[String]) -> Result<(), Failure> {
    if settings.is_empty() {
        return Ok(());
    }
    session.simple(&Cleaning::Settings.statements().join("; ")).await.map(drop)
}

/// The server process of a connection that goes round a pooler, unless another one stands there.
async fn own_process(session: &mut Session) -> Result<Option<i32>, Stop> {
    let named = session.process_id();
    let answers = session.simple("select pg_catalog.pg_backend_pid()").await.map_err(Stop::Lost)?;
    let real = answers.first().and_then(|answer| answer.value()?.parse().ok());
    Ok(real.filter(|real| *real == named))
}
