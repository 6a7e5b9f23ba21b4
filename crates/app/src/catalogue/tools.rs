//! Adopting, repairing, watching runs, and the development database.

super::code::area! { "W6", "Adopt, repair, runs, dev and the library";

NOTHING_TO_ADOPT {
    id: "W6001",
    exit: Usage,
    title: "the project has no migrations that could be in the database",
    cause: "`adopt` records migrations whose effect is there already, and the project has none.",
    cure: "`whimbrel adopt --from-database` writes the first migration from what the database has, proves it and records it.",
    example: "this project has no migrations that could be in the database",
}
ADOPTED_CHANGED {
    id: "W6002",
    exit: Refused,
    title: "a file was changed after the other tool applied it",
    cause: "The other tool's own checksum of it differs, so its entry does not prove what the file says.",
    cure: "Put the file back as it was applied, or go on in spite of it with the flag of the hint.",
    example: "`20240102000000_add_name` was changed after it was applied, by the tool's own checksum",
}
SEVERAL_LEDGERS {
    id: "W6003",
    exit: Usage,
    title: "the database has several ledgers that could be meant",
    cause: "Several tools left their tables, or one did in several schemas.",
    cure: "Say which: `whimbrel adopt --from TOOL`.",
    example: "the database has the ledgers of 2 tools",
}
UNKNOWN_TOOL {
    id: "W6004",
    exit: Usage,
    title: "this tool is not known",
    cause: "`--from` names a tool whose ledger Whimbrel cannot read.",
    cure: "The hint lists those that it can; docs/adopt.md has them with their tables.",
    example: "unknown tool `fleeway`",
}
OWN_LEDGER {
    id: "W6005",
    exit: Usage,
    title: "the ledger is the project's own",
    cause: "`--from` names the tool whose ledger this history keeps anyway.",
    cure: "There is nothing to adopt: `whimbrel status` shows what it has.",
    example: "there is nothing to adopt: `supabase (supabase_migrations.schema_migrations)` is the project's own ledger",
}
NO_LEDGER_OF_TOOL {
    id: "W6006",
    exit: Usage,
    title: "the database has no ledger of this tool",
    cause: "The tool never ran on this database, or its table is in a schema that the role cannot see.",
    cure: "Check the URL. Without `--from`, `whimbrel adopt` takes all migrations as applied and proves it.",
    example: "the database has no ledger of flyway",
}
FOREIGN_LEDGER_RIGHTS {
    id: "W6007",
    exit: Refused,
    title: "the role may not read the other tool's ledger",
    cause: "The table belongs to another role.",
    cure: "`grant select` on it to this role, or connect as its owner.",
    example: "`app` may not read `public.flyway_schema_history`",
}
NO_ENTRY_FITS {
    id: "W6008",
    exit: Refused,
    title: "no entry of the other tool's ledger has a file here",
    cause: "The history is another one, or its files are named otherwise than when they were applied.",
    cure: "Bring the migrations that were applied into the project as SQL files, under the names that the ledger has. Where other files have the same effect, `whimbrel adopt --to ID` proves and records those; where there are none, `whimbrel adopt --from-database` writes the first.",
    example: "none of the 2 entries of knex has a file in history `main`: the first is `20240101000000_create_users.js`",
}
NO_PG_DUMP {
    id: "W6009",
    exit: Usage,
    title: "pg_dump is missing, or older than the server",
    cause: "`adopt --from-database` has pg_dump write down what the database has, and an older pg_dump does not know all that a newer server has.",
    cure: "Install Postgres' client programs of the server's version or a newer one (Debian: `apt install postgresql-client-17` from apt.postgresql.org; macOS: `brew install libpq`), or name the program in WHIMBREL_PG_DUMP.",
    example: "pg_dump 17 or newer is needed, as the server is, and the one here is 15.18",
}
PG_DUMP_FAILED {
    id: "W6010",
    exit: Refused,
    title: "pg_dump did not write down what the database has",
    cause: "It ended with an error: mostly a table that the role may not read, or that somebody has locked.",
    cure: "Mend what its message names, or connect as a role that owns the tables. Nothing was written.",
    example: "pg_dump ended with exit status: 1: pg_dump: error: query failed: ERROR:  permission denied for table users",
}
HISTORY_BEGUN {
    id: "W6011",
    exit: Usage,
    title: "the history has migrations already",
    cause: "`adopt --from-database` writes the first migration of a history, and this one has files, or entries in its ledger.",
    cure: "`whimbrel adopt` takes the files as applied and proves it; `whimbrel repair orphan` writes files back that the ledger has.",
    example: "history `main` has migrations already: the first is `001_a`",
}
NOTHING_IN_DATABASE {
    id: "W6012",
    exit: Usage,
    title: "the database has nothing to write down",
    cause: "It is empty, but for what the platform, an extension or a migration tool keeps there; or the URL leads to another database than was meant.",
    cure: "Check the URL with `whimbrel doctor`. `whimbrel new` begins a history by hand.",
    example: "database `shop` has nothing to write down",
}
NOT_REPAIRABLE {
    id: "W6101",
    exit: Usage,
    title: "what is to be repaired is as it should be",
    cause: "The migration is not in the state that this repair mends: applied already, not applied, known to nobody.",
    cure: "`whimbrel status` shows what there is to repair.",
    example: "`001_a` is applied already",
}
NO_SCRIPT_KEPT {
    id: "W6102",
    exit: Refused,
    title: "the ledger keeps no script of the migration",
    cause: "A file can be written anew only where the ledger has its text; the one of this entry was recorded without.",
    cure: "Bring the file back from a backup or a branch, or `whimbrel repair forget` takes the entry out.",
    example: "the ledger keeps no script of `001_a`",
}
NOT_RESTORABLE {
    id: "W6103",
    exit: Refused,
    title: "the file of a migration cannot be written from the ledger",
    cause: "What would be written would not read back as what was recorded: the entry has no name, or the format has no place for it.",
    cure: "Bring the file back from a backup or a branch.",
    example: "the script of `001_a` does not read back as it was",
}
UNPROVED {
    id: "W6104",
    exit: Refused,
    title: "it cannot be proved that the database is what the ledger would say",
    cause: "The proof builds that state in a shadow and compares, and there is none, or a script does not run there, or it changes only what is not compared: rows, grants, owners and roles.",
    cure: "Mend what the message names, or `--no-proof` goes on without.",
    example: "it cannot be proved that the database is what the ledger would say: `002_b` cannot be replayed in an empty database: relation \"a\" does not exist (42P01)",
}
DIFFERS {
    id: "W6105",
    exit: Refused,
    title: "the database is not what the ledger would say",
    cause: "Objects differ between the database and a shadow in which the migrations ran: something was changed by hand, or a migration was never applied.",
    cure: "The hints name the objects. Bring database and migrations together, or `--no-proof` goes on in spite of it.",
    example: "the database is not what the ledger would say: 2 objects differ",
}
LEDGER_MOVED_ON {
    id: "W6106",
    exit: Refused,
    title: "the ledger says something else by now",
    cause: "Another run or repair changed it between the question and the answer.",
    cure: "Run it again to see what there is to do.",
    example: "the ledger says something else of `001_a` by now",
}
NO_SUCH_RUN {
    id: "W6201",
    exit: Usage,
    title: "there is no run of this number",
    cause: "The journal of this database has none, or it is a run of another database.",
    cure: "`whimbrel runs --all` lists them.",
    example: "there is no run 7 in the journal of `shop`",
}
OTHERS_RUN {
    id: "W6202",
    exit: Refused,
    title: "the role may not stop another role's run",
    cause: "The server lets a role end its own connections, and those of roles that it is a member of.",
    cure: "Connect as the role that the message names, or have `pg_signal_backend` granted.",
    example: "run 7 belongs to role `deploy`, and `app` may not stop what that runs",
}
DEV_ELSEWHERE {
    id: "W6301",
    exit: Usage,
    title: "dev is about the project's own server only",
    cause: "`--database-url` or `--env` was given, which name another one.",
    cure: "Leave them out.",
    example: "`dev` is about this project's own development server, no other database",
}
NOT_STARTED {
    id: "W6302",
    exit: Unreachable,
    title: "the development server is not started",
    cause: "It was never started, or was stopped, or this machine was restarted since.",
    cure: "`whimbrel dev start` starts it, with all that is in it.",
    example: "the development server is not running",
}
NO_DEV_DATABASE {
    id: "W6303",
    exit: Unreachable,
    title: "the development database is not made yet",
    cause: "The server runs, and this branch or project has no database there. A command that only looks makes none: a branch's would be a copy, for which clients of the original are sent away.",
    cure: "`whimbrel dev start` makes it, with `--branch` for a branch.",
    example: "branch `feature` has no database yet",
}
NO_CLIENT {
    id: "W6304",
    exit: Usage,
    title: "psql is not on the PATH",
    cause: "`dev psql` opens psql, which is not part of the servers that Whimbrel fetches.",
    cure: "Install it (`apt install postgresql-client`, `brew install libpq`), or give another client the URL of `whimbrel dev url`.",
    example: "`psql` is not on the PATH, and the servers that Whimbrel fetches have none",
}
VARIABLE_NAME {
    id: "W6305",
    exit: Usage,
    title: "this is no name of a variable",
    cause: "`--env-var` takes letters, digits and `_`, the first no digit.",
    cure: "For example `--env-var DATABASE_URL`.",
    example: "`my-url` is no name of a variable",
}
ENV_FILE_ELSEWHERE {
    id: "W6306",
    exit: Refused,
    title: "a variable of a .env file leads to another machine",
    cause: "The URL that stands there does not lead to this machine, so it is somebody's real database and is not overwritten.",
    cure: "Remove the line, or name another file or variable: `--env-file`, `--env-var`.",
    example: "DATABASE_URL in `.env`, line 3, does not lead to this machine, so it stays as it is",
}
NO_BRANCHES {
    id: "W6307",
    exit: Usage,
    title: "it is not clear which branch is meant",
    cause: "The project is in no git repository, or no branch is checked out there.",
    cure: "Leave `--branch` out, or name one: `--branch NAME`.",
    example: "this project is in no git repository, so it has no branches",
}
OTHER_MAJOR {
    id: "W6308",
    exit: Refused,
    title: "the development database is of another major version",
    cause: "Another major was asked for, by `--major` or whimbrel.toml, than its data has.",
    cure: "`whimbrel dev reset --hard --major N` begins anew; what is in its databases is lost.",
    example: "the development database is of Postgres 16, not 17",
}
ANOTHER_AT_WORK {
    id: "W6309",
    exit: Refused,
    title: "another Whimbrel is at work in the development database",
    cause: "It is being made or filled by another command, and to make it anew would end that.",
    cure: "Let it end, or end it, and try again.",
    example: "another Whimbrel is at work in `app`: whimbrel: 002_b, pid 4711",
}
NOT_TAKEN_OVER {
    id: "W6310",
    exit: Refused,
    title: "the development server of another folder is not taken over",
    cause: "`dev start --from` is for a folder that was moved or removed. That one is there still, or has no server that nobody uses, or this project has a server with data already.",
    cure: "`whimbrel shadow list` shows the servers with their folders; the hint says what to do about this project's own.",
    example: "this project has a development server of its own",
}
AHEAD {
    id: "W6401",
    exit: Refused,
    title: "the database is ahead of the program",
    cause: "A program with embedded migrations met a database in which later ones are applied: an older release was started after a newer one.",
    cure: "Start the release that has them. `Ahead::Serve` lets an older one serve, where it gets along with the newer schema.",
    example: "the database is ahead of this program, which does not know 003_orders",
}
}
