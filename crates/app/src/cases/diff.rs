//! Prints what makes one state of a database another.

use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_catalog::{Catalog, Change, HazardKind, Mode, Plan, plan};
use whimbrel_engine::prove::{Laboratory, Verdict};
use whimbrel_engine::shadow::{Baseline, ShadowOptions};

use super::{Case, Database};
use crate::catalogue::Code;
use crate::database::DatabaseOptions;
use crate::error::Error;
use crate::events::Events;
use crate::sources::{self, Opened, Piece, Place};
use crate::workspace::Workspace;
use crate::{scopes, wire};

/// What is known of this use case.
pub const CASE: Case = Case { name: "diff", database: Database::Read };

/// The major version where no side has one.
const MAJOR: u32 = 17;

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// What there is.
    pub from: String,
    /// What there is to be.
    pub to: String,
    /// How databases are reached.
    pub database: DatabaseOptions,
    /// Whether the plan is tried in the shadow.
    pub proof: ProofWanted,
}

/// Whether a plan is tried in the shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofWanted {
    /// It is, and one that fails is an error.
    Must,
    /// It is, and what comes of it is said.
    Try,
    /// It is not.
    No,
}

/// What differs, and what makes it equal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// Of this shape.
    pub version: u32,
    /// What differs, by name.
    pub deltas: Vec<DeltaShown>,
    /// The steps, in their order.
    pub steps: Vec<StepShown>,
    /// The same as a script.
    pub script: String,
    /// What is there and nothing here knows how to compare.
    pub unmodelled: Vec<String>,
    /// What came of trying it.
    pub proof: ProofShown,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeltaShown {
    /// `table`, `column`, `policy` …
    pub kind: String,
    /// Its name, qualified.
    pub name: String,
    /// `added`, `removed` or `altered`.
    pub change: &'static str,
    /// What of it differs, where it is altered.
    pub attributes: Vec<&'static str>,
    /// Whether what it is part of comes or goes as a whole.
    pub is_part: bool,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepShown {
    /// What it is about.
    pub about: String,
    /// It.
    pub sql: String,
    /// `any`: in a transaction with others; `commit_after`: one that must be committed before what
    /// it made is used; `alone`: in none.
    pub mode: &'static str,
    /// What can go wrong with it.
    pub hazards: Vec<HazardShown>,
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HazardShown {
    /// `data_loss`, `may_fail` or `gap`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
}

/// What came of trying a plan in the shadow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ProofShown {
    /// It leads where it should.
    Proved {
        /// Where it was tried.
        server: String,
    },
    /// It does not.
    Failed {
        /// How.
        because: String,
    },
    /// It is not known.
    None {
        /// Why.
        because: String,
    },
}

impl Report {
    /// Whether nothing differs but what no plan changes.
    pub fn is_equal(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Compares, plans and proves; nothing is changed.
pub async fn diff(
    workspace: &Workspace,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let place = Place { workspace, database: &options.database };
    let from = sources::open(&options.from, &place).await?;
    let to = sources::open(&options.to, &place).await?;
    let mut bench = Bench::of(workspace, [&from, &to]);
    let from = bench.catalog(from, events).await?;
    let to = bench.catalog(to, events).await?;
    let made = plan(&from, &to).map_err(|source| Error::Usage {
        code: Code::NO_PLAN,
        message: source.to_string(),
        hints: vec!["give both sides from servers of the same major version".to_owned()],
    })?;
    let proof = match options.proof {
        ProofWanted::No => ProofShown::None { because: "it was not wanted".to_owned() },
        _ if made.is_empty() => ProofShown::None { because: "there is nothing to do".to_owned() },
        ProofWanted::Must | ProofWanted::Try => bench.prove(&from, &to, &made, events).await?,
    };
    if let (ProofShown::Failed { because }, ProofWanted::Must) = (&proof, options.proof) {
        return Err(Error::Refused {
            code: Code::PLAN_NOT_PROVED,
            message: format!("the plan does not lead there: {because}"),
            hints: vec!["`--unproved` prints it all the same; please report it".to_owned()],
        });
    }
    Ok(report(&made, [&from, &to], proof))
}

/// Where states are built and plans are tried, once it is needed.
struct Bench<'a> {
    workspace: &'a Workspace,
    major: u32,
    baseline: Option<Baseline>,
    laboratory: Option<Laboratory>,
}

impl<'a> Bench<'a> {
    fn of(workspace: &'a Workspace, sides: [&Opened; 2]) -> Self {
        let read = sides.iter().find_map(|side| match side {
            Opened::Read { catalog, baseline, .. } => Some((catalog.major, *baseline)),
            Opened::Empty | Opened::Sql(_) => None,
        });
        let (major, baseline) = read.unwrap_or((MAJOR, None));
        Self { workspace, major, baseline, laboratory: None }
    }

    async fn laboratory(&mut self, events: &mut dyn Events) -> Result<&mut Laboratory, Error> {
        if self.laboratory.is_none() {
            let options =
                ShadowOptions { baseline: self.baseline, ..self.workspace.shadow_options() };
            let major = u16::try_from(self.major).unwrap_or(u16::MAX);
            self.laboratory =
                Some(Laboratory::open(&options, major, scopes::without, events).await?);
        }
        Ok(self.laboratory.as_mut().expect("it was opened above"))
    }

    async fn catalog(&mut self, side: Opened, events: &mut dyn Events) -> Result<Catalog, Error> {
        let pieces = match side {
            Opened::Read { catalog, .. } => return Ok(scopes::without(*catalog)),
            Opened::Empty => Vec::new(),
            Opened::Sql(pieces) => pieces,
        };
        let texts: Vec<(&str, &str)> =
            pieces.iter().map(|Piece { path, text }| (path.as_str(), text.as_str())).collect();
        let made = self.laboratory(events).await?.make(&texts).await?;
        match made {
            Ok(catalog) => Ok(catalog),
            Err(refused) => Err(Error::NotThere {
                code: Code::SOURCE_SQL,
                message: format!("`{}`, line {}: {}", refused.path, refused.line, refused.message),
                hints: Vec::new(),
            }),
        }
    }

    async fn prove(
        &mut self,
        from: &Catalog,
        to: &Catalog,
        made: &Plan,
        events: &mut dyn Events,
    ) -> Result<ProofShown, Error> {
        let laboratory = self.laboratory(events).await?;
        let server = laboratory.described().to_owned();
        let failed = |because: String| Ok(ProofShown::Failed { because });
        match laboratory.prove(from, to, made).await? {
            Verdict::Proved => Ok(ProofShown::Proved { server }),
            Verdict::NotBuilt { because } => Ok(ProofShown::None {
                because: format!("the shadow cannot be made like the first side: {because}"),
            }),
            Verdict::Differs(deltas) => {
                let names: Vec<String> = deltas.iter().map(|delta| delta.id.to_string()).collect();
                failed(format!("{} comes out otherwise", names.join(", ")))
            }
            Verdict::Refused { step, failure } => {
                let sql = made.steps[step].step.to_string();
                let line = sql.lines().next().unwrap_or_default().to_owned();
                failed(format!("`{line}` is refused: {}", wire::chain(&failure).join(": ")))
            }
        }
    }
}

fn report(made: &Plan, sides: [&Catalog; 2], proof: ProofShown) -> Report {
    let deltas = made.deltas.iter().map(|delta| {
        let (change, attributes) = match &delta.change {
            Change::Added => ("added", Vec::new()),
            Change::Removed => ("removed", Vec::new()),
            Change::Altered(what) => ("altered", what.clone()),
        };
        let (kind, name) = (delta.id.kind().to_owned(), delta.id.to_string());
        let name = name.strip_prefix(&format!("{kind} ")).map(str::to_owned).unwrap_or(name);
        DeltaShown { kind, name, change, attributes, is_part: delta.is_part }
    });
    let steps = made.steps.iter().map(|planned| StepShown {
        about: planned.about.to_string(),
        sql: planned.step.to_string(),
        mode: match planned.step.mode {
            Mode::Any => "any",
            Mode::CommitAfter => "commit_after",
            Mode::Alone => "alone",
        },
        hazards: planned
            .step
            .hazards
            .iter()
            .map(|hazard| {
                let kind = match hazard.kind {
                    HazardKind::DataLoss => "data_loss",
                    HazardKind::MayFail => "may_fail",
                    HazardKind::Gap => "gap",
                };
                HazardShown { kind, text: hazard.text.clone() }
            })
            .collect(),
    });
    let mut unmodelled: Vec<String> =
        sides.iter().flat_map(|side| side.unmodelled.iter().cloned()).collect();
    unmodelled.sort_unstable();
    unmodelled.dedup();
    Report {
        version: wire::VERSION,
        deltas: deltas.collect(),
        steps: steps.collect(),
        script: made.to_string(),
        unmodelled,
        proof,
    }
}
