//! All trials, spread over workers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::{JoinSet, LocalSet};

use super::scene::Scene;
use super::script::Script;
use super::trial::{Missed, Outcome, Route, Trial, lock_connection, record, spots, try_out};
use super::{Harm, Spot, Way, table};

/// How often a point that was not reached is tried again: a busy machine can make a run ask one
/// question more.
const TRIES: usize = 5;

/// A fault walk that is to be made.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The program.
    pub whimbrel: PathBuf,
    /// What it runs.
    pub scripts: Vec<Script>,
    /// What is done to it.
    pub harms: Vec<Harm>,
    /// How it reaches the server.
    pub ways: Vec<Way>,
    /// The server's major version.
    pub major: u16,
    /// How much of it.
    pub part: Part,
    /// How many runs go side by side, each with a server of its own.
    pub workers: usize,
}

/// How much of a walk is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every message.
    Whole,
    /// So many places of each script, way and harm, spread over its messages.
    Sample(usize),
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Trials made.
    pub done: usize,
    /// Trials in all.
    pub of: usize,
    /// Trials that showed something wrong.
    pub failed: usize,
}

/// What a walk showed.
#[derive(Debug)]
pub struct Report {
    pub(super) scripts: Vec<Script>,
    pub(super) messages: BTreeMap<Route, usize>,
    pub(super) outcomes: Vec<(Trial, Outcome)>,
    failures: Vec<String>,
}

impl Report {
    /// Everything that must not be, each with where it was.
    pub fn failures(&self) -> &[String] {
        &self.failures
    }

    /// How many faults struck.
    pub fn points(&self) -> usize {
        self.outcomes.len()
    }

    /// The table fault × point × state left × what the next run did, as Markdown.
    pub fn markdown(&self) -> String {
        table::markdown(self)
    }
}

impl Walk {
    /// Makes it. `progress` is told of each trial.
    pub fn run(self, progress: &mut dyn FnMut(Progress)) -> Report {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime needs nothing that a test process lacks");
        LocalSet::new().block_on(&runtime, self.walk(progress))
    }

    async fn walk(self, progress: &mut dyn FnMut(Progress)) -> Report {
        let scripts: Arc<[Script]> = self.scripts.clone().into();
        let mut scenes = JoinSet::new();
        for _ in 0..self.workers.max(1) {
            let (whimbrel, scripts) = (self.whimbrel.clone(), Arc::clone(&scripts));
            scenes.spawn_local(async move { Scene::set(&whimbrel, &scripts, self.major).await });
        }
        let scenes = scenes.join_all().await;
        let routes = (0..scripts.len())
            .flat_map(|script| self.ways.iter().map(move |way| Route { script, way: *way }));
        let mut report = Report {
            scripts: self.scripts.clone(),
            messages: BTreeMap::new(),
            outcomes: Vec::new(),
            failures: Vec::new(),
        };
        let mut trials = Vec::new();
        let (scenes, recorded) = spread(scenes, routes.collect(), &mut |_, _| {}, {
            let scripts = Arc::clone(&scripts);
            async move |scene: &mut Scene, route: &Route| {
                record(scene, *route, &scripts[route.script]).await
            }
        })
        .await;
        for (route, record) in recorded {
            match record {
                Ok(record) => {
                    report.messages.insert(route, record.len());
                    let lock_connection = lock_connection(&record);
                    for harm in &self.harms {
                        let spots = self.part.of(spots(&record), trials.len());
                        trials.extend(spots.into_iter().map(|spot| Trial {
                            route,
                            harm: *harm,
                            spot,
                            lock_connection,
                        }));
                    }
                }
                Err(error) => {
                    let name = scripts[route.script].name;
                    report.failures.push(format!("{name}, {}: {error}", route.way));
                }
            }
        }
        let of = trials.len();
        let mut failed = 0;
        let mut tell = |done: usize, outcome: &Result<Outcome, String>| {
            failed += usize::from(!outcome.as_ref().is_ok_and(|outcome| outcome.broken.is_empty()));
            progress(Progress { done, of, failed });
        };
        let (_, tried) = spread(scenes, trials.into(), &mut tell, {
            let scripts = Arc::clone(&scripts);
            async move |scene: &mut Scene, trial: &Trial| {
                try_often(scene, trial, &scripts[trial.route.script]).await
            }
        })
        .await;
        for (trial, outcome) in tried {
            report.take(trial, outcome);
        }
        report
    }
}

impl Report {
    fn take(&mut self, trial: Trial, outcome: Result<Outcome, String>) {
        let Trial { route, harm, spot, .. } = &trial;
        let name = self.scripts[route.script].name;
        let place = format!("{name}, {}, {harm} {spot}", route.way);
        match outcome {
            Ok(outcome) => {
                if !outcome.broken.is_empty() {
                    self.failures.push(format!("{place}:\n  {}", outcome.broken.join("\n  ")));
                }
                self.outcomes.push((trial, outcome));
            }
            Err(error) => self.failures.push(format!("{place}: {error}")),
        }
    }
}

impl Part {
    /// Chooses places: as many as wanted, evenly spread. `seed` shifts them, so that the samples of
    /// different scripts together come by all kinds of messages.
    fn of(self, spots: Vec<Spot>, seed: usize) -> Vec<Spot> {
        /// Multiples of the golden ratio lie evenly between whole numbers.
        const GOLDEN: usize = 618;
        const WHOLE: usize = 1000;
        let Self::Sample(count) = self else { return spots };
        let (all, shift) = (spots.len(), seed * GOLDEN % WHOLE);
        let chosen: BTreeSet<usize> =
            (0..count).map(|number| (number * WHOLE + shift) * all / (count * WHOLE)).collect();
        let spots = spots.into_iter().enumerate();
        spots.filter(|(index, _)| chosen.contains(index)).map(|(_, spot)| spot).collect()
    }
}

async fn try_often(scene: &mut Scene, trial: &Trial, script: &Script) -> Result<Outcome, String> {
    for _ in 0..TRIES {
        match try_out(scene, trial, script).await {
            Ok(outcome) => return Ok(outcome),
            Err(Missed::NotReached) => {}
            Err(Missed::Failed(what)) => return Err(what),
        }
    }
    Err(format!("not reached in {TRIES} runs"))
}

/// Has workers do tasks until none is left; answers with them and with what they did, in the order
/// of the tasks.
async fn spread<T, R>(
    scenes: Vec<Scene>,
    tasks: VecDeque<T>,
    tell: &mut dyn FnMut(usize, &R),
    work: impl AsyncFn(&mut Scene, &T) -> R + 'static,
) -> (Vec<Scene>, Vec<(T, R)>)
where
    T: 'static,
    R: 'static,
{
    let tasks: Rc<RefCell<VecDeque<(usize, T)>>> =
        Rc::new(RefCell::new(tasks.into_iter().enumerate().collect()));
    let work = Rc::new(work);
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for mut scene in scenes {
        let (tasks, work, send) = (Rc::clone(&tasks), Rc::clone(&work), send.clone());
        workers.spawn_local(async move {
            loop {
                let Some((number, task)) = tasks.borrow_mut().pop_front() else { return scene };
                let result = work(&mut scene, &task).await;
                send.send((number, task, result)).ok();
            }
        });
    }
    drop(send);
    let mut done = BTreeMap::new();
    while let Some((number, task, result)) = receive.recv().await {
        tell(done.len() + 1, &result);
        done.insert(number, (task, result));
    }
    (workers.join_all().await, done.into_values().collect())
}
