//! One fault, and what became of it.

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::judge::Snapshot;
use super::scene::{Ended, Process, Scene, Struck, quiet};
use super::script::Script;
use super::stage::connect;
use super::{Harm, Spot, Way};
use crate::{Cut, Direction, Fault, Point, Record, When};

/// A run of one script over one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    /// The number of the script.
    pub(super) script: usize,
    pub(super) way: Way,
}

/// An undisturbed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Recording {
    /// What the program was built from.
    pub(super) program: String,
    /// The major version of the server.
    pub(super) major: u16,
    /// The connection that takes the lock.
    pub(super) lock_connection: Option<usize>,
    /// Its messages, with their names.
    pub(super) messages: Vec<(Point, String)>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trial {
    pub(super) route: Route,
    pub(super) harm: Harm,
    pub(super) spot: Spot,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// How many backends, connections or processes the harm met.
    pub(super) met: u32,
    /// How the struck run ended.
    pub(super) run: String,
    /// The state it left.
    pub(super) left: String,
    /// What the next run did.
    pub(super) next: String,
    /// What must not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) broken: Vec<String>,
    /// What the judge saw and the runs said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) details: Vec<String>,
}

impl Recording {
    pub(super) fn of(record: &[Record], program: String, major: u16) -> Self {
        let messages = record.iter().map(|record| (record.point, record.name.to_owned())).collect();
        Self { program, major, lock_connection: lock_connection(record), messages }
    }

    /// Every place where harm can be done.
    ///
    /// A message of the server that was passed on is the state before the next one; one of
    /// Whimbrel's sets the server to work.
    pub(super) fn spots(&self) -> Vec<Spot> {
        let mut spots = Vec::new();
        for (point, name) in &self.messages {
            let spot = |when| Spot { point: *point, when, name: name.clone() };
            spots.push(spot(When::Before));
            if point.direction == Direction::Frontend {
                spots.push(spot(When::After));
            }
        }
        spots
    }
}

impl Trial {
    /// Where it is, as `--only` takes it.
    pub(super) fn place(&self, scripts: &[Script]) -> String {
        let Self { route, harm, spot } = self;
        format!("{}/{}/{harm}/{spot}", scripts[route.script].name, route.way)
    }
}

impl Outcome {
    /// All of it, for a person.
    pub(super) fn told(&self, place: &str) -> String {
        let Self { met, run, left, next, broken, details } = self;
        let verdict = if broken.is_empty() { "nothing wrong" } else { "wrong" };
        let mut lines = vec![format!("{place}: {verdict}")];
        lines.extend(broken.iter().cloned());
        lines.push(format!("it met {met}; the struck run: {run}; left: {left}; next: {next}"));
        lines.extend(details.iter().cloned());
        lines.join("\n  ")
    }
}

/// Why a trial has no outcome.
pub(super) enum Missed {
    /// The run ended without coming by that message.
    NotReached,
    /// Something of the walk itself failed.
    Failed(String),
}

impl From<String> for Missed {
    fn from(what: String) -> Self {
        Self::Failed(what)
    }
}

/// Records an undisturbed run.
pub(super) async fn record(
    scene: &mut Scene,
    route: Route,
    script: &Script,
) -> Result<Vec<Record>, String> {
    let database = scene.database(route.script).await?;
    let proxy = scene.proxy(route.way);
    proxy.begin();
    let mut process = scene.struck_up(route.script, route.way, &database);
    let status = process.wait(Process::deadline()).await?;
    scene.proxy(route.way).ended().await;
    let ended = process.ended(status);
    let mut judge = connect(&scene.target(&database)).await?;
    let seen = Snapshot::take(&mut judge, script).await?;
    let unfinished = seen.unfinished(script);
    if ended.code != Some(0) || !unfinished.is_empty() {
        return Err(format!("an undisturbed run failed: {unfinished:?}\n{}", ended.said));
    }
    let record = scene.proxy(route.way).record();
    quiet(&mut judge, route.way).await?;
    judge.close().await;
    scene.drop_database(&database).await?;
    Ok(record)
}

/// The connection that takes the lock.
fn lock_connection(record: &[Record]) -> Option<usize> {
    let takes = |record: &&Record| {
        record.point.direction == Direction::Frontend
            && record.text.starts_with("begin")
            && record.text.contains("idle_in_transaction_session_timeout")
    };
    record.iter().find(takes).map(|record| record.point.connection)
}

/// Makes a run with a fault, and the next run without.
pub(super) async fn try_out(
    scene: &mut Scene,
    trial: &Trial,
    lock_connection: Option<usize>,
    script: &Script,
) -> Result<Outcome, Missed> {
    let Route { script: number, way } = trial.route;
    let database = scene.database(number).await?;
    scene.lap("make a database");
    let (met, struck) = strike(scene, trial, lock_connection, &database).await?;
    scene.lap("make the struck run");
    let mut judge = connect(&scene.target(&database)).await?;
    let left = Snapshot::take(&mut judge, script).await?;
    scene.lap("judge");
    let mut broken = left.broken(script);
    if struck.code == Some(0) {
        let unfinished = left.unfinished(script);
        broken.extend(unfinished.into_iter().map(|what| format!("it ended with 0, but {what}")));
    }
    scene.recovered(trial.harm, way, &database).await?;
    scene.lap("wait for the pooler");
    let next = scene.up(number, way, &database).await?;
    scene.lap("make the next run");
    let after = Snapshot::take(&mut judge, script).await?;
    // A pooler may pass on after that look what a killed run had sent to begin the step.
    let is_unknown = left.unknowable(script).or_else(|| after.unknowable(script)).is_some();
    let refused = is_unknown && next.code == Some(1);
    if refused {
        broken.extend(wrongly_refused(&left, &after, &next, script));
    } else {
        if next.code != Some(0) {
            broken.push(format!("the next run ended with {:?}", next.code));
        }
        broken.extend(after.unfinished(script));
        // One that finds nothing to do writes nothing down.
        if after.running > 0 && after.runs > left.runs {
            broken.push("a run that the journal still has as running".to_owned());
        }
    }
    if let Err(still) = quiet(&mut judge, way).await {
        broken.push(still);
    }
    judge.close().await;
    scene.lap("judge");
    scene.drop_database(&database).await?;
    scene.lap("drop the database");
    let details = vec![
        format!("left: {left:?}"),
        format!("after: {after:?}"),
        format!("the struck run ended with {:?}: {}", struck.code, struck.said),
        format!("the next run ended with {:?}: {}", next.code, next.said),
    ];
    let did = if refused {
        "refused: nothing tells how far it came".to_owned()
    } else {
        after.since(&left, script)
    };
    let run = match struck.code {
        None => "killed".to_owned(),
        Some(0) => "went on by itself".to_owned(),
        Some(code) => format!("ended with {code}"),
    };
    Ok(Outcome { met, run, left: left.state(script), next: did, broken, details })
}

/// A run that refuses says why, and leaves everything as it is.
fn wrongly_refused(
    left: &Snapshot,
    after: &Snapshot,
    next: &Ended,
    script: &Script,
) -> Vec<String> {
    let mut broken = after.broken(script);
    if after.unknowable(script).is_none() {
        broken.push("it refused to run a step again, and that step's intent is gone".to_owned());
    }
    let entries = |snapshot: &Snapshot| {
        snapshot.migrations.iter().map(|seen| seen.entries).collect::<Vec<_>>()
    };
    if entries(left) != entries(after) {
        broken.push("it refused, and recorded something".to_owned());
    }
    if !next.said.contains("nothing tells whether it ran") {
        broken.push("it refused without saying why".to_owned());
    }
    broken
}

/// Makes a run and does harm to it; answers how much the harm met and how the run ended.
async fn strike(
    scene: &mut Scene,
    trial: &Trial,
    lock_connection: Option<usize>,
    database: &str,
) -> Result<(u32, Ended), Missed> {
    let Trial { route, harm, spot } = trial;
    let (wish, mut wishes) = mpsc::unbounded_channel::<(Record, oneshot::Sender<()>)>();
    let fault = Fault::new(spot.when, spot.point).calling(async move |record| {
        let (done, is_done) = oneshot::channel();
        wish.send((record, done)).ok();
        is_done.await.ok();
    });
    let proxy = scene.proxy(route.way);
    proxy.begin();
    proxy.arm(with_cut(fault, *harm, spot.when));
    let mut process = scene.struck_up(route.script, route.way, database);
    let deadline = Process::deadline();
    let (mut status, mut met) = (None, None);
    while status.is_none() || met.is_none() {
        tokio::select! {
            ended = process.wait(deadline), if status.is_none() => status = Some(ended?),
            Some((record, done)) = wishes.recv(), if met.is_none() => {
                let on_lock_connection = Some(record.point.connection) == lock_connection;
                let struck = Struck { record: &record, on_lock_connection };
                met = Some(scene.harm(*harm, route.way, database, &struck, &mut process).await?);
                done.send(()).ok();
            }
            () = scene.proxy(route.way).ended(), if status.is_some() => break,
        }
    }
    scene.proxy(route.way).disarm();
    let (Some(status), Some(met)) = (status, met) else {
        scene.drop_database(database).await?;
        return Err(Missed::NotReached);
    };
    Ok((met, process.ended(status)))
}

/// Whether the harm is a cut, or comes with one: a process that is killed before it sent a message
/// never sent it.
fn with_cut(fault: Fault, harm: Harm, when: When) -> Fault {
    match (harm, when) {
        (Harm::Cut | Harm::Kill, When::Before) => fault.cutting(Cut::Fin),
        (Harm::Cut, When::After) => fault.cutting(Cut::Reset),
        (Harm::Kill, When::After) | (Harm::Terminate | Harm::Restart, _) => fault,
    }
}
