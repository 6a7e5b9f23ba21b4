//! The environment variables that change what Whimbrel does.

/// Each with what it does, for the reference page.
pub const VARIABLES: &[(&str, &str)] = &[
    ("DATABASE_URL", "The connection URL, where none is given."),
    ("SUPABASE_DB_URL", "The same."),
    ("DIRECT_URL", "The same; goes before a `DATABASE_URL` that leads to a transaction pooler."),
    (
        "PGHOST, PGHOSTADDR, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE …",
        "libpq's variables fill what a connection URL leaves out, as they do for psql; without any \
         URL the first of them lead to a database.",
    ),
    (
        "PGSERVICE, PGSERVICEFILE, PGSYSCONFDIR",
        "A service of `pg_service.conf`, and where that is; it goes before the other variables.",
    ),
    (
        "PGPASSFILE",
        "The password file, in place of `~/.pgpass`; one that others may read is left alone.",
    ),
    ("PGTARGETSESSIONATTRS, PGLOADBALANCEHOSTS", "Which of several hosts is taken."),
    (
        "WHIMBREL_VIA",
        "The way to the database, as `--via` says it: `native`, `psql`, `api` or `auto`.",
    ),
    ("WHIMBREL_PSQL", "The program `psql`, in place of the one on the PATH."),
    ("WHIMBREL_PG_DUMP", "The program `pg_dump`, in place of the one on the PATH."),
    ("SUPABASE_ACCESS_TOKEN", "The token for `--via api`, where none is given."),
    (
        "SUPABASE_PROJECT_REF, SUPABASE_PROJECT_ID",
        "The project for `--via api`, where none is given.",
    ),
    ("WHIMBREL_SUPABASE_API", "Supabase's Management API, where it is another than everybody's."),
    ("WHIMBREL_SUPABASE_API_TIMEOUT", "Seconds that one of its answers may take; 90 by default."),
    ("VISUAL, EDITOR", "The editor of `new --edit`; `VISUAL` goes first."),
    ("NO_COLOR", "No colour, if it is set to anything."),
    (
        "WHIMBREL_CACHE_DIR",
        "Where servers, clusters and what was read of unchanged files are kept.",
    ),
    ("XDG_CACHE_HOME, HOME", "The same, `whimbrel` below it, where that is not set."),
    ("WHIMBREL_SHADOW_DIR", "Where throw-away servers have their data."),
    (
        "WHIMBREL_SHADOW_INSTALLED",
        "`0` forbids servers that are installed on this machine: the same bytes everywhere.",
    ),
    ("WHIMBREL_OFFLINE", "`1` forbids fetching a server."),
    ("TMPDIR", "Where temporary folders go that find no better place."),
];

/// What a hook finds in its environment.
pub const FOR_HOOKS: &[(&str, &str)] = &[
    ("WHIMBREL_HOOK", "Which hook it is: `before`, `after` or `after_failure`."),
    ("WHIMBREL_COMMAND", "The command: `up`, `down` or `redo`."),
    ("WHIMBREL_ENVIRONMENT", "The environment that the database was named by; empty without one."),
    ("WHIMBREL_DATABASE", "The database's name."),
    (
        "WHIMBREL_MIGRATIONS",
        "Ids with blanks between them: before, what is going to run; after, what this run did and \
         recorded. A list of more than 64 kB ends in `…`.",
    ),
    ("WHIMBREL_OUTCOME", "How the run ended, of hooks after it: `done`, `failed` or `stopped`."),
    (
        "DATABASE_URL",
        "The URL of the database, with its password, wherever Whimbrel found it. Not set where the \
         way is `api`.",
    ),
];
