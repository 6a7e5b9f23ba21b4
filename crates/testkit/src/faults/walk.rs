//! All trials, spread over workers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use super::results::{Keep, Results};
use super::scene::Scene;
use super::script::Script;
use super::stage::Stage;
use super::trial::{Missed, Outcome, Recording, Route, Trial, record, try_out};
use super::{Harm, Way, table};

/// How often a point that was not reached is tried again: a busy machine can make a run ask one
/// question more. How often it is tried to record the same twice in a row, for the same reason.
const TRIES: usize = 8;

/// How many workers share a server.
const SHARING: usize = 8;

/// A fault walk that is to be made.
#[derive(Clone, Debug)]
pub struct Walk {
    /// The program.
    pub whimbrel: PathBuf,
    /// What the program was built from, as a word.
    pub program: String,
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
    /// How many runs go side by side. Where servers are to be restarted, half of them have a
    /// server of their own.
    pub workers: usize,
    /// Where what was found is kept.
    pub keep: Option<Keep>,
}

/// How much of a walk is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every message.
    Whole,
    /// So many places of each script, way and harm, spread over its messages.
    Sample(usize),
    /// The place that is written like this, with or without the message's name.
    Only(String),
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Trials made.
    pub done: usize,
    /// Trials in all.
    pub of: usize,
    /// Trials that showed something wrong.
    pub failed: usize,
    /// What this one has to say: what was wrong, or all of it if it is the only one.
    pub news: Option<&'a str>,
}

/// What a walk showed.
#[derive(Debug)]
pub struct Report {
    pub(super) scripts: Vec<Script>,
    pub(super) recordings: BTreeMap<Route, Recording>,
    pub(super) outcomes: BTreeMap<Trial, Outcome>,
    failures: Vec<String>,
    spent: BTreeMap<&'static str, Duration>,
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

    /// How many there are in the whole of what was recorded.
    pub fn whole(&self) -> usize {
        self.recordings.values().map(|recording| recording.spots().len() * Harm::ALL.len()).sum()
    }

    /// What the programs were built from that were walked, most points first.
    pub fn programs(&self) -> Vec<(String, usize)> {
        let mut programs = BTreeMap::new();
        for trial in self.outcomes.keys() {
            *programs.entry(self.recordings[&trial.route].program.clone()).or_insert(0) += 1;
        }
        let mut programs: Vec<_> = programs.into_iter().collect();
        programs.sort_by_key(|(_, points)| std::cmp::Reverse(*points));
        programs
    }

    /// What was wrong, each with its place.
    pub(super) fn wrong(&self) -> Vec<String> {
        let broken = self.outcomes.iter().filter(|(_, outcome)| !outcome.broken.is_empty());
        broken
            .map(|(trial, outcome)| {
                format!("{}: {}", trial.place(&self.scripts), outcome.broken.join("; "))
            })
            .collect()
    }

    /// How long all workers together took, by what they did.
    pub fn spent(&self) -> &BTreeMap<&'static str, Duration> {
        &self.spent
    }

    /// The table fault × point × state left × what the next run did, as Markdown.
    pub fn markdown(&self) -> String {
        table::markdown(self)
    }
}

impl Walk {
    /// Makes it. `progress` is told of each trial.
    ///
    /// # Panics
    ///
    /// When the file of what was found cannot be read or written.
    pub fn run(self, progress: &mut dyn FnMut(Progress<'_>)) -> Report {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime needs nothing that a test process lacks");
        LocalSet::new().block_on(&runtime, self.walk(progress))
    }

    /// What was found by earlier walks, which is what is kept.
    ///
    /// # Panics
    ///
    /// When the file cannot be read.
    pub fn report(self) -> Report {
        let results = Results::open(self.keep.as_ref(), &self.scripts).expect(KEPT);
        self.told(results, Vec::new(), BTreeMap::new())
    }

    async fn walk(self, progress: &mut dyn FnMut(Progress<'_>)) -> Report {
        let mut results = Results::open(self.keep.as_ref(), &self.scripts).expect(KEPT);
        let mut failures = Vec::new();
        let scenes = self.scenes().await;
        let scenes = self.record(scenes, &mut results, &mut failures).await;
        let trials = spread_out(self.trials(&results));
        let of = trials.len();
        let tasks = Tasks::new(trials, |trial| trial.harm == Harm::Restart);
        let scripts: Arc<[Script]> = self.scripts.clone().into();
        let locks: BTreeMap<Route, Option<usize>> = results
            .recordings
            .iter()
            .map(|(route, recording)| (*route, recording.lock_connection))
            .collect();
        let verbose = matches!(self.part, Part::Only(_));
        let work = {
            let scripts = Arc::clone(&scripts);
            async move |scene: &mut Scene, trial: &Trial| {
                let lock_connection = locks[&trial.route];
                try_often(scene, trial, lock_connection, &scripts[trial.route.script]).await
            }
        };
        let (mut done, mut failed) = (0, 0);
        let scenes = spread(scenes, tasks, work, &mut |trial: Trial, outcome| {
            let place = trial.place(&scripts);
            let mut news = None;
            done += 1;
            match outcome {
                Ok(mut outcome) => {
                    if !outcome.broken.is_empty() || verbose {
                        news = Some(outcome.told(&place));
                    }
                    if outcome.broken.is_empty() {
                        outcome.details.clear();
                    } else {
                        failed += 1;
                    }
                    results.take_outcome(&scripts, trial, outcome).expect(KEPT);
                }
                Err(error) => {
                    failed += 1;
                    news = Some(format!("{place}: {error}"));
                    failures.push(format!("{place}: {error}"));
                }
            }
            progress(Progress { done, of, failed, news: news.as_deref() });
        })
        .await;
        let mut spent = BTreeMap::new();
        for (what, time) in scenes.iter().flat_map(Scene::spent) {
            *spent.entry(*what).or_default() += *time;
        }
        self.told(results, failures, spent)
    }

    fn told(
        self,
        results: Results,
        mut failures: Vec<String>,
        spent: BTreeMap<&'static str, Duration>,
    ) -> Report {
        let Results { recordings, outcomes, .. } = results;
        let broken = outcomes.iter().filter(|(_, outcome)| !outcome.broken.is_empty());
        failures.extend(broken.map(|(trial, outcome)| outcome.told(&trial.place(&self.scripts))));
        Report { scripts: self.scripts, recordings, outcomes, failures, spent }
    }

    /// Where servers are restarted, half of the workers have one of their own; the others share.
    async fn scenes(&self) -> Vec<Scene> {
        let scripts: Arc<[Script]> = self.scripts.clone().into();
        let workers = self.workers.max(1);
        let restarts = self.harms.iter().filter(|harm| **harm == Harm::Restart).count();
        let alone = match restarts {
            0 => 0,
            _ if self.harms.len() == 1 => workers,
            _ => workers.div_ceil(2),
        };
        let sizes = std::iter::repeat_n(1, alone)
            .chain(shares(workers - alone, SHARING))
            .collect::<Vec<usize>>();
        let mut stages = JoinSet::new();
        for (number, size) in sizes.into_iter().enumerate() {
            let (scripts, major) = (Arc::clone(&scripts), self.major);
            stages.spawn_local(async move {
                (number < alone, size, Rc::new(Stage::set(&scripts, major).await))
            });
        }
        let mut scenes = Vec::new();
        for (is_alone, size, stage) in stages.join_all().await {
            for _ in 0..size {
                let number = scenes.len();
                scenes.push(Scene::enter(&stage, number, is_alone, &self.whimbrel, &scripts));
            }
        }
        scenes
    }

    /// Records what is not recorded yet with this program.
    async fn record(
        &self,
        scenes: Vec<Scene>,
        results: &mut Results,
        failures: &mut Vec<String>,
    ) -> Vec<Scene> {
        let scripts: Arc<[Script]> = self.scripts.clone().into();
        let is_known = |route: &Route| {
            let recording = results.recordings.get(route);
            recording
                .is_some_and(|known| (&known.program, known.major) == (&self.program, self.major))
        };
        let missing = self.routes().filter(|route| !is_known(route)).collect();
        let (program, major) = (self.program.clone(), self.major);
        let work = {
            let scripts = Arc::clone(&scripts);
            async move |scene: &mut Scene, route: &Route| {
                let (program, script) = (program.clone(), &scripts[route.script]);
                steady(scene, *route, script)
                    .await
                    .map(|record| Recording::of(&record, program, major))
            }
        };
        let tasks = Tasks::new(missing, |_| false);
        spread(scenes, tasks, work, &mut |route: Route, recorded| match recorded {
            Ok(recording) => results.take_recording(&scripts, route, recording).expect(KEPT),
            Err(error) => {
                let name = scripts[route.script].name;
                failures.push(format!("{name}, {}: {error}", route.way));
            }
        })
        .await
    }

    fn routes(&self) -> impl Iterator<Item = Route> {
        (0..self.scripts.len())
            .flat_map(|script| self.ways.iter().map(move |way| Route { script, way: *way }))
    }

    /// What is to be tried and has not gone well yet.
    fn trials(&self, results: &Results) -> Vec<Trial> {
        let mut trials = Vec::new();
        let mut seed = 0;
        for route in self.routes() {
            let Some(recording) = results.recordings.get(&route) else { continue };
            for harm in &self.harms {
                let spots = recording.spots();
                let mut all: Vec<Trial> =
                    spots.into_iter().map(|spot| Trial { route, harm: *harm, spot }).collect();
                match &self.part {
                    Part::Whole => {}
                    Part::Sample(count) => {
                        all = sample(all, *count, seed);
                        seed += all.len();
                    }
                    Part::Only(wanted) => all.retain(|trial| {
                        let place = trial.place(&self.scripts);
                        place == *wanted || place.starts_with(&format!("{wanted} "))
                    }),
                }
                trials.extend(all);
            }
        }
        let repeats = matches!(self.part, Part::Only(_));
        trials.retain(|trial| repeats || !results.passed(trial));
        trials
    }
}

const KEPT: &str = "the file of what was found can be read and written";

/// Chooses as many as wanted, evenly spread. `seed` shifts them, so that the samples of different
/// scripts together come by all kinds of messages.
fn sample(trials: Vec<Trial>, count: usize, seed: usize) -> Vec<Trial> {
    /// Multiples of the golden ratio lie evenly between whole numbers.
    const GOLDEN: usize = 618;
    const WHOLE: usize = 1000;
    let (all, shift) = (trials.len(), seed * GOLDEN % WHOLE);
    let chosen: BTreeSet<usize> =
        (0..count).map(|number| (number * WHOLE + shift) * all / (count * WHOLE)).collect();
    let trials = trials.into_iter().enumerate();
    trials.filter(|(index, _)| chosen.contains(index)).map(|(_, trial)| trial).collect()
}

/// Another order, in which every beginning is an even sample: a walk that is ended early has then
/// come by all kinds of places, and how long the rest will take can be told.
fn spread_out(trials: Vec<Trial>) -> Vec<Trial> {
    let all = trials.len();
    let is_coprime = |stride: &usize| {
        let (mut a, mut b) = (*stride, all);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a == 1
    };
    let Some(stride) = (all * 618 / 1000..all).find(is_coprime) else { return trials };
    let mut trials: Vec<Option<Trial>> = trials.into_iter().map(Some).collect();
    (0..all).filter_map(|number| trials[number * stride % all].take()).collect()
}

/// Parts a number into some of at most that size.
fn shares(all: usize, most: usize) -> impl Iterator<Item = usize> {
    (0..all.div_ceil(most)).map(move |share| most.min(all - share * most))
}

/// Records until two runs in a row were the same.
async fn steady(
    scene: &mut Scene,
    route: Route,
    script: &Script,
) -> Result<Vec<crate::Record>, String> {
    let shape = |record: &[crate::Record]| {
        record.iter().map(|record| (record.point, record.name)).collect::<BTreeSet<_>>()
    };
    let mut before = record(scene, route, script).await?;
    for _ in 0..TRIES {
        let again = record(scene, route, script).await?;
        if shape(&before) == shape(&again) {
            return Ok(again);
        }
        before = again;
    }
    Err("no two undisturbed runs in a row were the same".to_owned())
}

async fn try_often(
    scene: &mut Scene,
    trial: &Trial,
    lock_connection: Option<usize>,
    script: &Script,
) -> Result<Outcome, String> {
    for _ in 0..TRIES {
        match try_out(scene, trial, lock_connection, script).await {
            Ok(outcome) => return Ok(outcome),
            Err(Missed::NotReached) => {}
            Err(Missed::Failed(what)) => return Err(what),
        }
    }
    Err(format!("not reached in {TRIES} runs"))
}

/// What is to be done: by workers that are alone, and by any.
struct Tasks<T> {
    alone: VecDeque<T>,
    any: VecDeque<T>,
}

impl<T> Tasks<T> {
    fn new(tasks: Vec<T>, needs_to_be_alone: impl Fn(&T) -> bool) -> Self {
        let (alone, any): (Vec<T>, Vec<T>) = tasks.into_iter().partition(needs_to_be_alone);
        Self { alone: alone.into(), any: any.into() }
    }

    fn take(&mut self, is_alone: bool) -> Option<T> {
        let alone = if is_alone { self.alone.pop_front() } else { None };
        alone.or_else(|| self.any.pop_front())
    }
}

/// Has workers do tasks until none is left, and `take` what they did.
async fn spread<T, R>(
    scenes: Vec<Scene>,
    tasks: Tasks<T>,
    work: impl AsyncFn(&mut Scene, &T) -> R + 'static,
    take: &mut dyn FnMut(T, R),
) -> Vec<Scene>
where
    T: 'static,
    R: 'static,
{
    let (tasks, work) = (Rc::new(RefCell::new(tasks)), Rc::new(work));
    let (send, mut receive) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for mut scene in scenes {
        let (tasks, work, send) = (Rc::clone(&tasks), Rc::clone(&work), send.clone());
        workers.spawn_local(async move {
            loop {
                let task = tasks.borrow_mut().take(scene.is_alone);
                let Some(task) = task else { return scene };
                let result = work(&mut scene, &task).await;
                send.send((task, result)).ok();
            }
        });
    }
    drop(send);
    while let Some((task, result)) = receive.recv().await {
        take(task, result);
    }
    workers.join_all().await
}
