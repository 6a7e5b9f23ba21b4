//! By which way the database is reached, and what leads there.

use std::env::consts::EXE_SUFFIX;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_engine::ways::Api;
use whimbrel_engine::{Origins, Secret, Target};
use whimbrel_history::nearest;

use super::{Database, DatabaseError, DatabaseOptions, Found, look};
use crate::catalogue::Code;
use crate::config::{self, ConnectionConfig};
use crate::workspace::Workspace;

/// A way to a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WayName {
    /// A connection of our own.
    #[default]
    Native,
    /// The program `psql`.
    Psql,
    /// Supabase's Management API.
    Api,
    /// The first, or where that cannot be made, one of the others.
    Auto,
}

/// What a person said about the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayOptions {
    /// Which; `None` is as the environment says.
    pub name: Option<WayName>,
    /// The project at Supabase.
    pub project: Option<String>,
    /// The access token for its Management API.
    pub token: Option<Secret>,
}

impl WayName {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Native, Self::Psql, Self::Api, Self::Auto];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Psql => "psql",
            Self::Api => "api",
            Self::Auto => "auto",
        }
    }
}

/// The way that is wanted: as the command line says, or the environment of the process, or
/// whimbrel.toml.
pub(super) fn wanted(
    workspace: &Workspace,
    options: &DatabaseOptions,
) -> Result<WayName, DatabaseError> {
    if let Some(name) = options.way.name {
        return Ok(name);
    }
    let variable = workspace.surroundings().variable("WHIMBREL_VIA");
    let said = variable.map(|via| (via.to_owned(), "the variable WHIMBREL_VIA"));
    let said = said.or_else(|| {
        let via = settings(workspace, options).find_map(|settings| settings.via.clone());
        via.map(|via| (via, config::FILE))
    });
    let Some((given, place)) = said else { return Ok(WayName::default()) };
    let names = || WayName::ALL.iter().map(|way| way.name());
    let found = WayName::ALL.iter().find(|way| way.name() == given);
    found.copied().ok_or_else(|| DatabaseError::Way {
        code: Code::UNKNOWN_WAY,
        message: format!("`{given}` in {place} is no way"),
        hints: vec![match nearest(&given, names()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the ways are {}", names().collect::<Vec<_>>().join(", ")),
        }],
    })
}

/// What whimbrel.toml says of the connection, the environment's part first.
fn settings<'a>(
    workspace: &'a Workspace,
    options: &DatabaseOptions,
) -> impl Iterator<Item = &'a ConnectionConfig> {
    let config = workspace.config();
    let given = options.database_url.as_ref().and_then(|url| url.reveal().strip_prefix('@'));
    let name = options.environment.as_deref().or(given);
    let environment = name.and_then(|name| config.environments.get(name));
    environment.map(|environment| &environment.connection).into_iter().chain([&config.connection])
}

/// A project's database behind the Management API.
pub(super) fn api(
    workspace: &Workspace,
    options: &DatabaseOptions,
) -> Result<Database, DatabaseError> {
    let (project, place) = project(workspace, options)?;
    let token = token(workspace, &options.way)?;
    let surroundings = workspace.surroundings();
    let url = surroundings.variable("WHIMBREL_SUPABASE_API").unwrap_or(Api::URL);
    let patience = surroundings
        .variable("WHIMBREL_SUPABASE_API_TIMEOUT")
        .and_then(|text| text.parse().ok())
        .and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(Api::PATIENCE);
    let api = Api::new(url, &project, token, patience).map_err(|message| DatabaseError::Way {
        code: Code::API_ADDRESS,
        message,
        hints: Vec::new(),
    })?;
    let environment = options.environment.clone().or_else(|| {
        let given = options.database_url.as_ref()?.reveal();
        given.strip_prefix('@').map(str::to_owned)
    });
    let settings = environment.as_ref().and_then(|name| workspace.config().environments.get(name));
    let remark = of_url(workspace, options).filter(|(other, _)| *other != project).map(
        |(other, elsewhere)| {
            format!("{place} names project {project}, and {elsewhere} leads to {other}")
        },
    );
    Ok(Database {
        target: Target::by_api(api),
        place,
        protected: settings.is_some_and(|settings| settings.protected),
        environment,
        direct: None,
        remark,
        origins: Origins::new(),
    })
}

/// Where the Supabase CLI's `link` writes down the project.
const LINKED: &str = "supabase/.temp/project-ref";

/// The project ref, and where it was found.
fn project(
    workspace: &Workspace,
    options: &DatabaseOptions,
) -> Result<(String, String), DatabaseError> {
    let surroundings = workspace.surroundings();
    if let Some(given) = &options.way.project {
        return Ok((given.clone(), "--project-ref".to_owned()));
    }
    // What is said of an environment goes before what is said of this process.
    let said = settings(workspace, options).find_map(|settings| settings.project_ref.clone());
    if let Some(said) = said {
        return Ok((said, config::FILE.to_owned()));
    }
    for name in ["SUPABASE_PROJECT_REF", "SUPABASE_PROJECT_ID"] {
        if let Some(given) = surroundings.variable(name) {
            return Ok((given.to_owned(), name.to_owned()));
        }
    }
    // A URL that was given is about this database, and a link may be about another.
    if options.database_url.is_none()
        && options.environment.is_none()
        && let Some(text) = workspace.folder().text(Utf8Path::new(LINKED))?
    {
        return Ok((text.trim().to_owned(), LINKED.to_owned()));
    }
    of_url(workspace, options).ok_or_else(|| DatabaseError::Way {
        code: Code::NO_SUPABASE_PROJECT,
        message: "no Supabase project is given".to_owned(),
        hints: vec![format!(
            "give it: `--project-ref REF`, or run `supabase link`; looked at SUPABASE_PROJECT_REF, \
             SUPABASE_PROJECT_ID, {LINKED} and the connection URLs"
        )],
    })
}

/// The project that a connection URL names: by its host, or by its user at a pooler.
fn of_url(workspace: &Workspace, options: &DatabaseOptions) -> Option<(String, String)> {
    let native = WayOptions { name: Some(WayName::Native), ..WayOptions::default() };
    let given = DatabaseOptions { way: native, ..options.clone() };
    let found = super::find(workspace, &given).ok().map(|found| (found.target, found.place));
    let others =
        look(workspace).unwrap_or_default().into_iter().filter_map(|look| match look.found {
            Found::Url(url) => Some((workspace.target(&url, &look.place).ok()?, look.place)),
            Found::Nothing(_) => None,
        });
    let is_said = options.database_url.is_some() || options.environment.is_some();
    let others = others.filter(|_| !is_said);
    found.into_iter().chain(others).find_map(|(target, place)| {
        let project = super::protection::project(&target)?;
        Some((project, place))
    })
}

/// The access token: as it was given, or where the Supabase CLI's `login` leaves it on a machine
/// without a keyring.
fn token(workspace: &Workspace, options: &WayOptions) -> Result<Secret, DatabaseError> {
    let surroundings = workspace.surroundings();
    if let Some(token) = &options.token {
        return Ok(token.clone());
    }
    if let Some(token) = surroundings.variable("SUPABASE_ACCESS_TOKEN") {
        return Ok(Secret::new(token.trim()));
    }
    let home = surroundings.variable("HOME").or_else(|| surroundings.variable("USERPROFILE"));
    let file = home.map(|home| Utf8Path::new(home).join(".supabase/access-token"));
    let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    match kept.as_deref().map(str::trim).filter(|token| !token.is_empty()) {
        Some(token) => Ok(Secret::new(token)),
        None => Err(DatabaseError::Way {
            code: Code::NO_ACCESS_TOKEN,
            message: "no access token for Supabase's Management API is given".to_owned(),
            hints: vec![
                "set SUPABASE_ACCESS_TOKEN to one of the dashboard (Account, Access Tokens)"
                    .to_owned(),
                "`supabase login` leaves one in ~/.supabase/access-token where there is no keyring"
                    .to_owned(),
            ],
        }),
    }
}

/// The `psql` that is named, or that is on the PATH.
pub(super) fn psql(workspace: &Workspace) -> Option<Utf8PathBuf> {
    let surroundings = workspace.surroundings();
    let named = surroundings.variable("WHIMBREL_PSQL").map(Utf8PathBuf::from);
    named.or_else(|| {
        let folders = std::env::split_paths(surroundings.variable("PATH").unwrap_or_default());
        let programs = folders.map(|folder| folder.join(format!("psql{EXE_SUFFIX}")));
        programs
            .filter(|path| path.is_file())
            .find_map(|path| Utf8PathBuf::from_path_buf(path).ok())
    })
}

/// Which ways are open beside a connection of our own, as far as can be seen without taking them.
pub(crate) fn others(workspace: &Workspace, options: &DatabaseOptions) -> Vec<String> {
    let psql = match psql(workspace) {
        Some(path) => format!("`--via psql` would use {path}"),
        None => "`--via psql` is not open: there is no `psql` on the PATH".to_owned(),
    };
    let api = project(workspace, options)
        .and_then(|(project, place)| token(workspace, &options.way).map(|_| (project, place)));
    let api = match api {
        Ok((project, place)) => {
            format!("`--via api` would take project {project} (from {place}), and there is a token")
        }
        Err(error) => format!("`--via api` is not open: {error}"),
    };
    vec![psql, api, "`whimbrel script --after ID` needs no way at all".to_owned()]
}
