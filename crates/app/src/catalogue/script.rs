//! Migrations, their scripts, and the choice between them.

super::code::area! { "W3", "Migrations and scripts";

HISTORY {
    id: "W3001",
    exit: Usage,
    title: "the files of a history contradict their format or each other",
    cause: "Two files have the same version, a header has a mistake, something that a migration depends on is not there, dependencies form a circle.",
    cure: "Every mistake is shown where it stands. Mend the files; no database was changed.",
    example: "history `main` has 1 error",
}
NOT_TEXT {
    id: "W3002",
    exit: Usage,
    title: "a script is not UTF-8 text",
    cause: "The file was saved in another encoding (Latin-1, UTF-16), or is no text at all.",
    cure: "Save it as UTF-8. Line and column of the first byte that is not are in the message.",
    example: "`seed.sql` is not UTF-8 text: see line 3, column 9",
}
SCRIPT_CHANGED {
    id: "W3003",
    exit: Usage,
    title: "a file changed while it was being read",
    cause: "An editor, a checkout or a generator wrote it in the meantime. What is sent must be what was fingerprinted.",
    cure: "Run the command again when nobody writes the file.",
    example: "`migrations/001_data.sql` changed while it was being read",
}
SCRIPT {
    id: "W3004",
    exit: Usage,
    title: "a script cannot be cut into statements",
    cause: "A quote, a comment or a dollar quote does not end, `copy … from stdin` lacks its end, or it uses a command of psql's that does something.",
    cure: "The place is shown. Mend the script; no database was changed.",
    example: "`001_a` cannot be run",
}
UNKNOWN_MIGRATION {
    id: "W3101",
    exit: Usage,
    title: "there is no migration of this id",
    cause: "The id, number or prefix fits neither a file nor an entry of the ledger.",
    cure: "The nearest id is in the hint; `whimbrel status` lists them.",
    example: "there is no migration `019_users`",
}
AMBIGUOUS {
    id: "W3102",
    exit: Usage,
    title: "several migrations fit what was given",
    cause: "A prefix or a number is shared by several.",
    cure: "Give more of the id.",
    example: "`create` fits 2 migrations: 001_create_users, 002_create_orders",
}
ALREADY_APPLIED {
    id: "W3103",
    exit: Refused,
    title: "the migration is applied already",
    cause: "`--only` names a migration that the ledger has as applied.",
    cure: "Nothing is to be done. If it may run any number of times, `--again` runs it once more.",
    example: "`001_a` is applied already",
}
NOT_APPLIED {
    id: "W3104",
    exit: Usage,
    title: "the migration is not applied",
    cause: "`down --to` names a migration that is pending, and only what is applied can be undone.",
    cure: "`whimbrel status` shows what is applied.",
    example: "`002_b` is not applied",
}
NO_FILE {
    id: "W3105",
    exit: Usage,
    title: "the migration has no file to run",
    cause: "Only the ledger knows it: its file was removed, or is on another branch.",
    cure: "Bring the file back; `whimbrel repair orphan` writes it from the ledger where that keeps scripts.",
    example: "`001_a` has no file to run",
}
NEEDS_FIRST {
    id: "W3106",
    exit: Refused,
    title: "the migration needs others first",
    cause: "`--only` names a migration that depends on some that are not applied.",
    cure: "`--with-dependencies` runs them, too.",
    example: "`002_b` needs 001_a first",
}
NO_DOWN {
    id: "W3107",
    exit: Refused,
    title: "a migration has no down script",
    cause: "To undo it there must be a script that does, and neither its file nor the ledger has one.",
    cure: "Write it where the hint says that it is read from, or undo it by hand and tell the ledger with `whimbrel repair pending`.",
    example: "1 migration has no down script: 001_a",
}
DOWN_DIFFERS {
    id: "W3108",
    exit: Refused,
    title: "the down script is not the one that was recorded",
    cause: "The file's down script was changed after the migration was applied, so it is not clear which of the two undoes it.",
    cure: "Look at both with `--dry-run --full`, then say `--down-from file` or `--down-from ledger`.",
    example: "the down script of `001_a` is not the one that was recorded when it was applied",
}
OUT_OF_ORDER {
    id: "W3201",
    exit: Refused,
    title: "a migration comes before one that is applied",
    cause: "Mostly a branch that was merged late: its migration has a lower number than what is applied already, and was not written for that state.",
    cure: "Give it a later number, or `--allow out-of-order` if it does not matter.",
    example: "`001_a` comes before `002_b`, which is applied",
}
MODIFIED {
    id: "W3202",
    exit: Refused,
    title: "a migration was changed after it was applied",
    cause: "Its file no longer says what the database got. Comments and blanks do not count.",
    cure: "Put the file back and write the change as a new migration. `--allow modified` goes on as it is, `whimbrel repair checksum` takes the file as it is for good.",
    example: "`001_a` was changed after it was applied",
}
SAME_CONTENT {
    id: "W3203",
    exit: Refused,
    title: "the script is applied already, under another name",
    cause: "A file was renamed or renumbered after it was applied: the ledger has its very script under a key that has no file.",
    cure: "Name the file as it was. `--allow same-content` runs it again.",
    example: "the script of `004_create_b` is applied already, as `main:002_create_b`, which has no file",
}
NOT_PASTEABLE {
    id: "W3204",
    exit: Refused,
    title: "a migration cannot be written as a script to paste",
    cause: "Whoever runs the script does not report how far it came, so what it does must show in the catalog or be one transaction; this migration is neither.",
    cure: "The hint says what to do instead: mostly to run it with `whimbrel up`, or to make the statement a migration of its own.",
    example: "`002_b` cannot be run by a script: it is not one transaction, and there is no journal to remember its steps",
}
TO_BE_WRITTEN {
    id: "W3205",
    exit: Refused,
    title: "a new migration was not filled in",
    cause: "The file is as `whimbrel new` wrote it: it has no statement, and would be recorded as applied.",
    cure: "Write its statements, or take the file away. One that is to do nothing says so in another comment.",
    example: "`002_create_orders` is still as `whimbrel new` wrote it",
}
APPLIED_ELSEWHERE {
    id: "W3206",
    exit: Refused,
    title: "another tool has applied these migrations",
    cause: "The project has no entry of its own yet, and a ledger that another tool left in the database says that migrations of these numbers or names are applied: running them again would do everything twice, or fail.",
    cure: "`whimbrel adopt` takes over what the other tool applied, and proves it. Where the other ledger is about something else, `--allow applied-elsewhere` runs them.",
    example: "`001_a` and `002_b` are applied already, by the ledger of dbmate",
}
NAME {
    id: "W3301",
    exit: Usage,
    title: "a new migration cannot be written like this",
    cause: "Its name says nothing (`misc`, `update`), its type or a dependency does not exist, or the format has no place for what was asked for.",
    cure: "The hint names what would do.",
    example: "the name `misc` does not say what the migration does",
}
SECRET_NAME {
    id: "W3302",
    exit: Usage,
    title: "the name of a new migration looks like a password",
    cause: "Mostly a connection URL in the place of the name. It would be written into a file and a ledger.",
    cure: "A connection URL goes to `--database-url`.",
    example: "the name holds what looks like a password",
}
}
