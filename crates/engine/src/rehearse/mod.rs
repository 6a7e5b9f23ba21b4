//! Runs migrations in the shadow, on top of what is applied, before they run in earnest.
//!
//! What is applied is rebuilt from its scripts, as far as it is not cached, and kept for the next
//! time. A pending migration that fails on a state that was rebuilt would fail in earnest, too; a
//! state that cannot be rebuilt (a script that is gone, an extension that the shadow lacks) proves
//! nothing and stops nobody.

mod losses;
mod objects;
mod surroundings;

use std::borrow::Cow;

use whimbrel_catalog::{Difference, Objects};

use crate::run::{Cause, Failed, Stop, Work, bare};
use crate::shadow::{Baseline, Lineage, Server, Shadow, ShadowError, ShadowOptions, stand_ins};
use crate::wire::{ConnectError, Failure, Session};
use crate::{Event, Events};
use losses::Losses;

pub use losses::{Lost, Rows, rows};
pub use objects::{objects, shapes};
pub use surroundings::Surroundings;

/// What to rehearse.
#[derive(Clone, Copy, Debug)]
pub struct Rehearse<'a> {
    /// The target's major version.
    pub major: u16,
    /// What of the target a script may rely on.
    pub surroundings: &'a Surroundings,
    /// What is applied, in the order in which it was.
    pub applied: &'a [Work],
    /// What is to run.
    pub pending: &'a [Work],
}

/// How a rehearsal went.
#[derive(Debug)]
pub enum Rehearsal {
    /// Everything pending ran.
    Passed,
    /// A pending work fails.
    Failed {
        /// Which, by its number.
        number: usize,
        /// How.
        failed: Box<Failed>,
    },
    /// A work that must be able to run twice is not.
    NotRepeatable {
        /// Which, by its number.
        number: usize,
        /// The error of the second run, if it failed.
        failed: Option<Box<Failed>>,
        /// The objects that a second run changes.
        differences: Vec<Difference>,
    },
    /// What is applied could not be rebuilt.
    NotRebuilt {
        /// Which of the applied works failed, by its number.
        number: usize,
        /// How.
        failed: Box<Failed>,
    },
    /// The shadow lacks something that the target may well have.
    Inconclusive {
        /// Which of the pending works needs it, by its number.
        number: usize,
        /// What it is, in the server's words.
        lacks: String,
    },
}

/// A rehearsal that was held, and where.
#[derive(Debug)]
pub struct Rehearsed {
    /// How it went.
    pub rehearsal: Rehearsal,
    /// The server it was held in: `portable server 17.10`.
    pub server: String,
    /// How many applied migrations came from the cache.
    pub inherited: usize,
    /// What each of the pending works loses of what was there before, as far as they ran.
    pub losses: Vec<Vec<Lost>>,
    /// Extensions that were not the real ones.
    pub stand_ins: Vec<String>,
}

/// Why there was no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// There is no shadow.
    #[error("start the shadow")]
    Shadow(#[from] ShadowError),
    /// It does not let us in.
    #[error("connect to the shadow")]
    Connect(#[from] ConnectError),
    /// It failed in a way that says nothing of the scripts.
    #[error("use the shadow")]
    Failed(#[from] Failure),
    /// It was lost in the middle.
    #[error("run a script in the shadow")]
    Stopped(#[from] Stop),
}

/// Rehearses pending works on top of applied ones.
pub async fn rehearse(
    rehearse: &Rehearse<'_>,
    options: &ShadowOptions,
    events: &mut dyn Events,
) -> Result<Rehearsed, RehearseError> {
    let stage = Stage::of(rehearse, options);
    let server = Shadow::start_from(options, rehearse.major, &stage.lineage, events).await?;
    let inherited = server.inherited().saturating_sub(1);
    let mut losses = Vec::new();
    let held = hold(&server, &stage, &mut losses, events).await;
    let described = server.described().to_owned();
    server.stop().await;
    let (rehearsal, stand_ins) = held?;
    Ok(Rehearsed { rehearsal, server: described, inherited, losses, stand_ins })
}

/// What works add to what is applied, in a throw-away database.
#[derive(Debug)]
pub struct Added {
    /// What there is before them, without owners and privileges.
    pub before: Objects,
    /// What there is after them; `None` where they do not run there either.
    pub after: Option<Objects>,
}

/// Finds out what pending works add; `None` where what is applied cannot be rebuilt.
pub async fn added(
    rehearse: &Rehearse<'_>,
    options: &ShadowOptions,
    events: &mut dyn Events,
) -> Result<Option<Added>, RehearseError> {
    let stage = Stage::of(rehearse, options);
    let server = Shadow::start_from(options, rehearse.major, &stage.lineage, events).await?;
    let added = read_added(&server, &stage, events).await;
    server.stop().await;
    added
}

/// What came of running the scripts of a history in a database of their own.
#[derive(Debug)]
pub enum Rebuilt {
    /// All ran.
    Made(Made),
    /// One failed.
    Failed {
        /// Which, by its number.
        number: usize,
        /// How.
        failed: Box<Failed>,
    },
}

/// What the scripts of a history make.
#[derive(Debug)]
pub struct Made {
    /// What there is then, without owners and privileges.
    pub objects: Objects,
    /// What there was before the first of them.
    pub before: Objects,
    /// The server they ran in: `portable server 17.10`.
    pub server: String,
    /// Extensions that were not the real ones.
    pub stand_ins: Vec<String>,
}

/// Rebuilds what is applied in a throw-away database.
pub async fn rebuild(
    rehearse: &Rehearse<'_>,
    options: &ShadowOptions,
    events: &mut dyn Events,
) -> Result<Rebuilt, RehearseError> {
    let mut before = Objects::default();
    if options.baseline.is_some() {
        let nothing = Rehearse { applied: &[], pending: &[], ..*rehearse };
        if let Rebuilt::Made(made) = on_its_own(&nothing, options, events).await? {
            before = made.objects;
        }
    }
    Ok(match on_its_own(rehearse, options, events).await? {
        Rebuilt::Made(made) => Rebuilt::Made(Made { before, ..made }),
        failed @ Rebuilt::Failed { .. } => failed,
    })
}

/// The same without a look at what there was before.
async fn on_its_own(
    rehearse: &Rehearse<'_>,
    options: &ShadowOptions,
    events: &mut dyn Events,
) -> Result<Rebuilt, RehearseError> {
    let stage = Stage::of(rehearse, options);
    let server = Shadow::start_from(options, rehearse.major, &stage.lineage, events).await?;
    let rebuilt = read_rebuilt(&server, &stage, events).await;
    server.stop().await;
    rebuilt
}

async fn read_rebuilt(
    server: &Server,
    stage: &Stage<'_>,
    events: &mut dyn Events,
) -> Result<Rebuilt, RehearseError> {
    let (rehearsal, stand_ins) = hold(server, stage, &mut Vec::new(), events).await?;
    if let Rehearsal::NotRebuilt { number, failed } = rehearsal {
        return Ok(Rebuilt::Failed { number, failed });
    }
    let mut session = stage.connect(server).await?;
    let objects = shapes(&mut session).await?;
    session.close().await;
    let server = server.described().to_owned();
    Ok(Rebuilt::Made(Made { objects, before: Objects::default(), server, stand_ins }))
}

async fn read_added(
    server: &Server,
    stage: &Stage<'_>,
    events: &mut dyn Events,
) -> Result<Option<Added>, RehearseError> {
    let (mut session, rebuilt) = rebuild_applied(server, stage, events).await?;
    if rebuilt.is_some() {
        return Ok(None);
    }
    let before = shapes(&mut session).await?;
    for work in stage.rehearse.pending {
        if bare::run(&mut session, &stage.fit(work)).await?.is_err() {
            return Ok(Some(Added { before, after: None }));
        }
    }
    let after = Some(shapes(&mut session).await?);
    session.close().await;
    Ok(Some(Added { before, after }))
}

/// Rehearses, and asks which extensions were not the real ones.
async fn hold(
    server: &Server,
    stage: &Stage<'_>,
    losses: &mut Vec<Vec<Lost>>,
    events: &mut dyn Events,
) -> Result<(Rehearsal, Vec<String>), RehearseError> {
    let rehearsal = on(server, stage, losses, events).await?;
    let mut standing = Vec::new();
    if stage.baseline.is_some() {
        let mut session = stage.connect(server).await?;
        standing = stand_ins(&mut session).await?;
        session.close().await;
    }
    Ok((rehearsal, standing))
}

/// A rehearsal, and what its database begins with.
struct Stage<'a> {
    rehearse: &'a Rehearse<'a>,
    baseline: Option<Baseline>,
    /// The first step is what surrounds the scripts, each further one an applied migration.
    lineage: Lineage,
}

impl<'a> Stage<'a> {
    fn of(rehearse: &'a Rehearse<'a>, options: &ShadowOptions) -> Self {
        let mut lineage = Lineage::of(&rehearse.surroundings.database);
        let mut around = rehearse.surroundings.identity();
        if let Some(baseline) = &options.baseline {
            around.push_str(&baseline.identity(rehearse.major));
        }
        lineage.add(around.as_bytes());
        for work in rehearse.applied {
            match work.text().held() {
                Some(text) => lineage.add(text.as_bytes()),
                // What a large script does is told by its tokens as well.
                None => lineage.add(format!("large {}", work.fingerprint()).as_bytes()),
            }
        }
        Self { rehearse, baseline: options.baseline, lineage }
    }

    /// A work as this database can take it.
    fn fit<'w>(&self, work: &'w Work) -> Cow<'w, Work> {
        match self.baseline {
            Some(_) if !work.stand_ins => Cow::Owned(Work { stand_ins: true, ..work.clone() }),
            Some(_) | None => Cow::Borrowed(work),
        }
    }

    async fn connect(&self, server: &Server) -> Result<Session, ConnectError> {
        Session::connect(&server.target(self.lineage.database()), "whimbrel rehearsal").await
    }
}

async fn on(
    server: &Server,
    stage: &Stage<'_>,
    losses: &mut Vec<Vec<Lost>>,
    events: &mut dyn Events,
) -> Result<Rehearsal, RehearseError> {
    let (mut session, rebuilt) = rebuild_applied(server, stage, events).await?;
    if let Some((number, failed)) = rebuilt {
        return Ok(Rehearsal::NotRebuilt { number, failed });
    }
    let mut follower = Losses::follow(&mut session).await?;
    for (number, work) in stage.rehearse.pending.iter().enumerate() {
        if let Some(end) = pending(&mut session, number, &stage.fit(work)).await? {
            return Ok(end);
        }
        losses.push(follower.after_script(&mut session).await?);
    }
    Ok(Rehearsal::Passed)
}

/// Rebuilds what is applied, or takes the part of it that the server brought along; answers which of
/// it failed, if one did.
async fn rebuild_applied(
    server: &Server,
    stage: &Stage<'_>,
    events: &mut dyn Events,
) -> Result<(Session, Option<(usize, Box<Failed>)>), RehearseError> {
    let Stage { rehearse, baseline, lineage } = stage;
    let mut session = stage.connect(server).await?;
    let begin_with = server.inherited();
    if begin_with == 0 {
        if let Some(baseline) = baseline {
            let what = "making what the migrations presume".to_owned();
            events.on(Event::Working { what, percent: None });
            baseline.set_up(&mut session, rehearse.major).await?;
        }
        rehearse.surroundings.set_up(&mut session).await?;
    }
    let replayed = begin_with.saturating_sub(1);
    for (number, work) in rehearse.applied.iter().enumerate().skip(replayed) {
        let of = rehearse.applied.len();
        events.on(Event::Working {
            what: format!("rebuilding what is applied: {}", work.id()),
            percent: u8::try_from(number * 100 / of.max(1)).ok(),
        });
        let work = stage.fit(work);
        if let Err(failed) = with_roles(&mut session, &work, rehearse.surroundings).await? {
            return Ok((session, Some((number, Box::new(failed)))));
        }
    }
    if begin_with < lineage.len() {
        session.close().await;
        server.keep(lineage).await?;
        session = stage.connect(server).await?;
    }
    rehearse.surroundings.all_roles(&mut session).await?;
    Ok((session, None))
}

/// Runs one pending work; `None` where the rehearsal goes on.
async fn pending(
    session: &mut Session,
    number: usize,
    work: &Work,
) -> Result<Option<Rehearsal>, RehearseError> {
    let repeats = work.again || work.definition.migration.repeatable;
    let mut before = if work.again { Some(objects(session).await?) } else { None };
    if let Err(failed) = bare::run(session, work).await? {
        if let Some(lacks) = lacks(&failed) {
            return Ok(Some(Rehearsal::Inconclusive { number, lacks }));
        }
        let failed = Box::new(failed);
        return Ok(Some(if work.again {
            Rehearsal::NotRepeatable { number, failed: Some(failed), differences: Vec::new() }
        } else {
            Rehearsal::Failed { number, failed }
        }));
    }
    if !repeats {
        return Ok(None);
    }
    if before.is_none() {
        before = Some(objects(session).await?);
        if let Err(failed) = bare::run(session, work).await? {
            let failed = Some(Box::new(failed));
            return Ok(Some(Rehearsal::NotRepeatable { number, failed, differences: Vec::new() }));
        }
    }
    let after = objects(session).await?;
    let differences = before.map(|before| before.differences(&after)).unwrap_or_default();
    Ok((!differences.is_empty()).then_some(Rehearsal::NotRepeatable {
        number,
        failed: None,
        differences,
    }))
}

/// Runs a work; a role that it names and that the target has is made when it is missed.
async fn with_roles(
    session: &mut Session,
    work: &Work,
    surroundings: &Surroundings,
) -> Result<Result<(), Failed>, RehearseError> {
    let mut made = Vec::new();
    loop {
        let Err(failed) = bare::run(session, work).await? else { return Ok(Ok(())) };
        let missing = surroundings.roles.iter().find(|role| names_role(&failed, role));
        match missing {
            Some(role) if failed.rolled_back && !made.contains(&role) => {
                surroundings.make_role(session, role).await?;
                made.push(role);
            }
            _ => return Ok(Err(failed)),
        }
    }
}

/// Whether a work failed because it names a role that is not there.
fn names_role(failed: &Failed, role: &str) -> bool {
    let Cause::Server(error) = &failed.cause else { return false };
    error.code == "42704" && error.message == format!("role \"{role}\" does not exist")
}

/// What a failure says that the shadow lacks and the target may have: an extension's files.
fn lacks(failed: &Failed) -> Option<String> {
    let Cause::Server(error) = &failed.cause else { return None };
    let is_extension = matches!(error.code.as_str(), "0A000" | "58P01" | "22023")
        && error.message.contains("extension")
        || error.code == "58P01";
    is_extension.then(|| error.message.clone())
}
