//! What a walk has found, kept in a file line by line, so that one that was ended goes on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::script::Script;
use super::trial::{Outcome, Recording, Route, Trial};
use super::{Harm, Spot, Way};

/// Where a walk keeps what it finds.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The file.
    pub path: PathBuf,
    /// Whether what is in it already counts, as far as it was found with the same program.
    pub resume: bool,
}

/// Recorded runs, and what became of those that were disturbed.
#[derive(Debug, Default)]
pub(super) struct Results {
    file: Option<File>,
    pub(super) recordings: BTreeMap<Route, Recording>,
    pub(super) outcomes: BTreeMap<Trial, Outcome>,
}

/// A line of the file. What was tried belongs to the recording of its script and way before it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Recorded { script: String, way: Way, recording: Recording },
    Tried { script: String, way: Way, harm: Harm, spot: Spot, outcome: Outcome },
}

impl Results {
    /// Opens the file, and reads it where it is to be resumed.
    pub(super) fn open(keep: Option<&Keep>, scripts: &[Script]) -> io::Result<Self> {
        let mut results = Self::default();
        let Some(keep) = keep else { return Ok(results) };
        if keep.resume {
            let whole = results.read(&fs::read_to_string(&keep.path)?, scripts)?;
            let file = File::options().append(true).open(&keep.path)?;
            // The end of a walk may have cut its last line.
            file.set_len(whole)?;
            results.file = Some(file);
        } else {
            results.file = Some(File::create(&keep.path)?);
        }
        Ok(results)
    }

    /// Reads whole lines; answers how many bytes they are.
    fn read(&mut self, text: &str, scripts: &[Script]) -> io::Result<u64> {
        let whole = text.rfind('\n').map_or(0, |last| last + 1);
        for line in text[..whole].lines() {
            match serde_json::from_str(line)? {
                Line::Recorded { script, way, recording } => {
                    if let Some(script) = number(scripts, &script) {
                        self.record(Route { script, way }, recording);
                    }
                }
                Line::Tried { script, way, harm, spot, outcome } => {
                    if let Some(script) = number(scripts, &script) {
                        let trial = Trial { route: Route { script, way }, harm, spot };
                        self.outcomes.insert(trial, outcome);
                    }
                }
            }
        }
        Ok(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// Whether a trial was made and went well; another is made again.
    pub(super) fn passed(&self, trial: &Trial) -> bool {
        self.outcomes.get(trial).is_some_and(|outcome| outcome.broken.is_empty())
    }

    /// Takes a recording, with which whatever was tried with an earlier one no longer counts.
    pub(super) fn take_recording(
        &mut self,
        scripts: &[Script],
        route: Route,
        recording: Recording,
    ) -> io::Result<()> {
        self.write(&Line::Recorded {
            script: scripts[route.script].name.to_owned(),
            way: route.way,
            recording: recording.clone(),
        })?;
        self.record(route, recording);
        Ok(())
    }

    pub(super) fn take_outcome(
        &mut self,
        scripts: &[Script],
        trial: Trial,
        outcome: Outcome,
    ) -> io::Result<()> {
        self.write(&Line::Tried {
            script: scripts[trial.route.script].name.to_owned(),
            way: trial.route.way,
            harm: trial.harm,
            spot: trial.spot.clone(),
            outcome: outcome.clone(),
        })?;
        self.outcomes.insert(trial, outcome);
        Ok(())
    }

    fn record(&mut self, route: Route, recording: Recording) {
        self.outcomes.retain(|trial, _| trial.route != route);
        self.recordings.insert(route, recording);
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        file.write_all(text.as_bytes())
    }
}

fn number(scripts: &[Script], name: &str) -> Option<usize> {
    scripts.iter().position(|script| script.name == name)
}
