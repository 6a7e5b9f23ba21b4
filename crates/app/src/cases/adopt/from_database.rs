//! Writes the first migration of a project from what its database has, and takes it over.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;
use whimbrel_engine::shadow::Baseline;
use whimbrel_engine::state::{State, StateError};
use whimbrel_engine::tools as ledgers;
use whimbrel_engine::ways::{DumpError, DumpVersion, LeftOut, PgDump};
use whimbrel_engine::wire::Session;
use whimbrel_history::formats::NewMigration;
use whimbrel_history::tools::Search;
use whimbrel_sql::Ident;

use super::draft::Draft;
use super::dump::{self, Place, Script};
use super::{CASE, Options, Report, adopt, platform};
use crate::cases::init;
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::histories::{self, Outline};
use crate::mask;
use crate::project::Project;
use crate::run::{Depth, prove};
use crate::workspace::Workspace;

/// The first migration, as it was written.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BaselineShown {
    /// Its file.
    #[schemars(with = "String")]
    pub file: Utf8PathBuf,
    /// The version of the `pg_dump` that wrote down what the database has.
    pub pg_dump: String,
    /// How many statements it has.
    pub statements: usize,
    /// What a person should know of it.
    pub remarks: Vec<String>,
    /// What would be written, its secrets covered, where nothing was.
    pub text: Option<String>,
}

/// Writes the first migration, proves it, asks, and records it as applied.
///
/// The file stays if it is recorded, or if it could not be proved, so that a person can mend it.
pub async fn from_database(
    workspace: &Workspace,
    name: &str,
    options: &Options,
    events: &mut dyn Events,
) -> Result<Report, Error> {
    let outline = begun(workspace, options)?;
    let place = &options.run.place;
    let (project, mut session, state) =
        Project::begun(workspace, outline, place, CASE.name, events).await?;
    check_nothing_is_there(&project, &state)?;
    let interrupt = &options.run.interrupt;
    let (version, script) = tokio::select! {
        biased;
        () = interrupt.asked() => return Err(Error::Interrupted),
        read = read(&project, &state, &mut session) => read?,
    };
    session.close().await;
    let now = workspace.surroundings().clock.now().as_second();
    let new = NewMigration {
        name: name.to_owned(),
        description: None,
        kind: None,
        depends_on: None,
        up: script.text,
        down: None,
        now: u64::try_from(now).unwrap_or(0),
    };
    let Outline { format, .. } = &project.outlines[0];
    let files = format.compose(&new, &project.histories[0]).map_err(|refusal| Error::Usage {
        code: Code::NAME,
        message: refusal.message,
        hints: refusal.hints,
    })?;
    let draft = Draft::write(workspace.folder(), &files)?;
    let first = files.into_iter().next().expect("a migration has a file");
    let written = histories::read(workspace, &project.outlines)?;
    let id = written[0].migrations.first().map(|migration| migration.id.clone());
    // With it goes its hold on the development server, which the next step takes anew.
    drop(project);
    let remarks = script.remarks.clone();
    let options = Options { from: None, to: id.clone(), remarks, ..options.clone() };
    let shown = options.run.depth != Depth::Run;
    match adopt(workspace, &options, events).await {
        Ok(report) => {
            if report.written {
                draft.keep();
            }
            let baseline = BaselineShown {
                file: first.path,
                pg_dump: version.text,
                statements: script.statements,
                remarks: script.remarks,
                text: shown.then(|| mask(&first.text)),
            };
            Ok(Report { baseline: Some(baseline), ..report })
        }
        Err(Error::Refused { code, message, mut hints })
            if !shown && [Code::DIFFERS, Code::UNPROVED].contains(&code) =>
        {
            draft.keep();
            let (path, id) = (&first.path, id.unwrap_or_default());
            hints.push(format!(
                "only the file `{path}` stays: mend it, and `whimbrel adopt --to {id}` proves and \
                 records it; or remove it, and begin anew"
            ));
            Err(Error::Refused { code, message, hints })
        }
        Err(error) => Err(error),
    }
}

/// The history whose first migration is to be written; a new one where there is none.
fn begun(workspace: &Workspace, options: &Options) -> Result<Outline, Error> {
    let history = options.run.place.history.as_deref();
    let outlines = histories::only(histories::outlines(workspace)?, history)?;
    if outlines.is_empty() {
        return init::fresh(workspace, &init::Options::default());
    }
    histories::the_one(outlines, history)
}

/// Refuses a history that has begun, in its files or in its ledger.
fn check_nothing_is_there(project: &Project, state: &State) -> Result<(), Error> {
    let history = &project.histories[0];
    let name = &history.name;
    let refused = |message: String, hint: &str| Error::Usage {
        code: Code::HISTORY_BEGUN,
        message,
        hints: vec![hint.to_owned()],
    };
    if let Some(first) = history.migrations.first() {
        return Err(refused(
            format!("history `{name}` has migrations already: the first is `{}`", first.id),
            "`whimbrel adopt` takes those as applied that are in the database, and proves it",
        ));
    }
    let rows = project.rows(state);
    match rows[0].iter().find(|row| row.state.is_applied()) {
        None => Ok(()),
        Some(row) => Err(refused(
            format!(
                "history `{name}` has migrations already: its ledger has `{}`, whose file is gone",
                row.id()
            ),
            "`whimbrel repair orphan` writes files back from the ledger",
        )),
    }
}

/// Has `pg_dump` write down what the database has, and makes a script of it.
async fn read(
    project: &Project,
    state: &State,
    session: &mut Session,
) -> Result<(DumpVersion, Script), Error> {
    let variable = project.workspace.surroundings().variable("WHIMBREL_PG_DUMP");
    let program = PgDump { program: variable.map(Utf8PathBuf::from) };
    let needed = state.facts.major();
    let version = program.version().await.map_err(|error| missing(error, needed))?;
    if version.major < needed {
        return Err(too_old(&version, needed));
    }
    let baseline = Baseline::in_database(session).await.map_err(StateError::from)?;
    let schemas = match baseline {
        Some(baseline) => platform::schemas(session, baseline).await?,
        None => Vec::new(),
    };
    let without = left_out(state, &schemas, session).await?;
    let filled = platform::filled(session).await?;
    let more = platform::on_platform(session, &schemas).await?;
    let dump =
        program.schema(&project.database.target, &without).await.map_err(|error| failed(&error))?;
    let place = Place {
        platform: baseline,
        schemas: &schemas,
        role: &state.facts.role,
        filled: &filled,
        more: &more,
    };
    let script = dump::script(&dump, &place).map_err(|error| unreadable(&error))?;
    if !script.makes {
        return Err(Error::Usage {
            code: Code::NOTHING_IN_DATABASE,
            message: format!("database `{}` has nothing to write down", state.facts.database),
            hints: vec!["`whimbrel new` writes the first migration by hand".to_owned()],
        });
    }
    Ok((version, script))
}

/// What no migration made: our bookkeeping, that of other tools, and what is the platform's.
async fn left_out(
    state: &State,
    platform: &[String],
    session: &mut Session,
) -> Result<LeftOut, Error> {
    let tools = ledgers::find(session, Search::Thorough).await?;
    let mut without = LeftOut::default();
    for name in prove::bookkeeping(state, &tools, session).await? {
        if is_qualified(&name) {
            without.tables.push(name);
        } else {
            without.schemas.push(name);
        }
    }
    for schema in tools.iter().map(|ledger| &ledger.table.schema) {
        let name = Ident(schema).to_string();
        if schema != "public"
            && !without.schemas.contains(&name)
            && platform::has_only(session, schema, &without.tables).await?
        {
            without.schemas.push(name);
        }
    }
    without.schemas.extend(platform.iter().map(|name| Ident(name).to_string()));
    Ok(without)
}

/// Whether a name as SQL has it is that of something in a schema.
fn is_qualified(name: &str) -> bool {
    let mut is_quoted = false;
    name.chars().any(|letter| {
        is_quoted ^= letter == '"';
        letter == '.' && !is_quoted
    })
}

/// Where a `pg_dump` of a version is had.
fn ways_to_have(needed: u16) -> Vec<String> {
    vec![
        format!(
            "Debian and Ubuntu: `apt install postgresql-client-{needed}`, from apt.postgresql.org \
             where the distribution has an older one; macOS: `brew install libpq`"
        ),
        "one that is not on the PATH is named by WHIMBREL_PG_DUMP".to_owned(),
    ]
}

fn missing(error: DumpError, needed: u16) -> Error {
    let why = match error {
        DumpError::Start(source) => format!("it does not start: {source}"),
        error @ (DumpError::Version { .. } | DumpError::Failed { .. }) => mask(&error.to_string()),
    };
    Error::Usage {
        code: Code::NO_PG_DUMP,
        message: format!("pg_dump {needed} or newer is needed, and there is none: {why}"),
        hints: ways_to_have(needed),
    }
}

fn too_old(version: &DumpVersion, needed: u16) -> Error {
    Error::Usage {
        code: Code::NO_PG_DUMP,
        message: format!(
            "pg_dump {needed} or newer is needed, as the server is, and the one here is {}",
            version.text
        ),
        hints: ways_to_have(needed),
    }
}

fn failed(error: &DumpError) -> Error {
    Error::Refused {
        code: Code::PG_DUMP_FAILED,
        message: mask(&crate::wire::chain(error).join(": ")),
        hints: vec!["nothing was written and nothing recorded".to_owned()],
    }
}

/// A dump that cannot be cut is none of a whole.
fn unreadable(error: &whimbrel_sql::SplitError) -> Error {
    Error::Refused {
        code: Code::PG_DUMP_FAILED,
        message: format!("what pg_dump wrote cannot be read: {error}"),
        hints: vec!["nothing was written and nothing recorded".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::is_qualified;

    #[test]
    fn a_dot_in_quotes_parts_nothing() {
        assert!(is_qualified("public.a"));
        assert!(is_qualified("\"a.b\".c"));
        assert!(!is_qualified("\"a.b\""));
        assert!(!is_qualified("drizzle"));
    }
}
