//! The project, its configuration and its histories.

super::code::area! { "W11", "Project and configuration";

NO_PROJECT_FOLDER {
    id: "W1101",
    exit: Usage,
    title: "the project's folder is not there",
    cause: "`--project` names something that is no folder.",
    cure: "Correct the path; it is relative to the current folder.",
    example: "`shop` is not a folder",
}
CONFIGURATION {
    id: "W1102",
    exit: Usage,
    title: "whimbrel.toml has mistakes",
    cause: "It is not TOML, or has a key that does not exist, or a value that the key does not take. A key that is not known is a mistake: a setting that is silently ignored is worse than none.",
    cure: "Every mistake is shown where it stands, with the nearest key. docs/reference/configuration.md lists them all.",
    example: "a mistake in `whimbrel.toml`",
}
FILE {
    id: "W1103",
    exit: Usage,
    title: "a file or folder cannot be read or written",
    cause: "The system refuses it: its permissions, a folder where a file should be, a full disk, a file that is there already. Or a script's name is not UTF-8, so that no ledger could hold it.",
    cure: "The message names the path and the system's reason. Mend that and run the command again; no database was changed.",
    example: "read `whimbrel.toml`: Is a directory (os error 21)",
}
ALREADY_INITIALISED {
    id: "W1104",
    exit: Usage,
    title: "the project is set up already",
    cause: "`whimbrel init` found a whimbrel.toml, which it never overwrites.",
    cure: "`whimbrel status` shows what it leads to. Edit it, or remove it to begin anew.",
    example: "`whimbrel.toml` is already there",
}
OTHER_TOOLS_PROJECT {
    id: "W1105",
    exit: Usage,
    title: "the project belongs to a tool whose files are not read yet",
    cause: "A file tells that the project's migrations are another tool's, in a form that Whimbrel does not read. A second history beside it is never begun unasked.",
    cure: "Name a format to begin a history of SQL files beside them: `whimbrel init --format plain`.",
    example: "this project's migrations are those of alembic, as `alembic.ini` tells",
}
UNKNOWN_FORMAT {
    id: "W1106",
    exit: Usage,
    title: "the format of a history cannot be told",
    cause: "A folder's files fit no format that is known, or a name was given that no format has.",
    cure: "Say `format` in [history.NAME] of whimbrel.toml. docs/reference/formats.md lists them with their file names.",
    example: "cannot tell the format of history `app`",
}
NO_MIGRATIONS {
    id: "W1107",
    exit: Usage,
    title: "the project has no migrations",
    cause: "Neither whimbrel.toml nor any of the usual folders leads to a history. Perhaps the command was run in another folder.",
    cure: "`whimbrel init` begins a project, `--project FOLDER` names another one.",
    example: "this project has no migrations",
}
HISTORY_FOLDER {
    id: "W1108",
    exit: Usage,
    title: "the folder of a history is not there",
    cause: "whimbrel.toml names a folder that does not exist: a typing error, or a history without its first migration. It is not taken for an empty history, which would call everything that is applied unknown.",
    cure: "Correct `folder` in [history.NAME], or write the first migration with `whimbrel new`.",
    example: "the folder `migratoins` of history `shop` is not there",
}
UNKNOWN_HISTORY {
    id: "W1109",
    exit: Usage,
    title: "there is no history of this name",
    cause: "`--history` names a history that the project does not have.",
    cure: "The nearest name is in the hint; `whimbrel status` shows all.",
    example: "unknown history `mian`",
}
SEVERAL_HISTORIES {
    id: "W1110",
    exit: Usage,
    title: "it is not clear which history is meant",
    cause: "The project has several histories, or several have a migration of this id, and the command is about one.",
    cure: "Say which with `--history NAME`.",
    example: "this project has 2 histories",
}
HISTORIES_WAIT {
    id: "W1111",
    exit: Usage,
    title: "histories wait for each other",
    cause: "Their `after` settings form a circle, so that none can run first.",
    cure: "Take one `after` out of whimbrel.toml.",
    example: "histories wait for each other: app, jobs",
}
HISTORY_RENAMED {
    id: "W1112",
    exit: Refused,
    title: "the ledger knows the history by another name",
    cause: "The entries of this history's migrations were written under another history's name. To go on would apply everything again.",
    cure: "Call it in whimbrel.toml what the ledger calls it, or rename its entries in the ledger.",
    example: "the ledger knows the migrations of history `shop` as `app`",
}
TOOL_SETTINGS {
    id: "W1113",
    exit: Usage,
    title: "the configuration of another tool cannot be understood",
    cause: "A file such as supabase/config.toml, which says where seeds are and which Postgres is meant, has a mistake.",
    cure: "Mend that file; its own tool names the place, too.",
    example: "`supabase/config.toml`: unclosed table, expected `]`",
}
}
