//! A migration that the server refuses, by what helps.

super::code::area! { "W41", "A migration fails in the database";

MIGRATION_FAILED {
    id: "W4101",
    exit: Failed,
    title: "the server refused a statement of a migration",
    cause: "The server's own message stands in the error, with its SQLSTATE and the place in the file. Everything that the transaction did was rolled back.",
    cure: "Mend the statement and run it again. Postgres' manual lists the SQLSTATEs in its appendix A.",
    example: "failed to apply `002_b`: statement 1 failed: not on a Friday",
}
SYNTAX {
    id: "W4102",
    exit: Failed,
    title: "a statement of a migration is no SQL",
    cause: "A word is misspelt or missing, or the statement needs a newer Postgres than the server is. SQLSTATE 42601.",
    cure: "The place is shown. Mend it, and compare the server's version with the manual of that statement.",
    example: "failed to apply `002_b`: syntax error at or near \"tabel\"",
}
EXISTS_ALREADY {
    id: "W4103",
    exit: Failed,
    title: "what a migration makes is there already",
    cause: "Somebody made it by hand or with another tool (a dashboard's SQL editor), or the migration was applied without being recorded. SQLSTATE 42P07, 42701, 42710, 42P06, 42723, 42P04.",
    cure: "If it is what the migration makes, record it: `whimbrel repair applied ID` compares and proves it; for a whole database that was there before, `whimbrel adopt`. Else drop it, or write `if not exists`.",
    example: "failed to apply `001_create_users`: statement 1 failed: relation \"users\" already exists",
}
NOT_THERE {
    id: "W4104",
    exit: Failed,
    title: "what a migration uses is not there",
    cause: "A table, column, function, type, schema or role is misspelt, comes only in a later migration, is in a schema outside the search path, or was removed by hand. SQLSTATE 42P01, 42703, 42883, 42704, 3F000.",
    cure: "Correct the name, write its schema, or let the migration come after the one that makes it. `whimbrel status` shows what is not applied.",
    example: "failed to apply `002_b`: statement 1 failed: relation \"usres\" does not exist",
}
STATEMENT_RIGHTS {
    id: "W4105",
    exit: Failed,
    title: "the role may not do what a migration does",
    cause: "The object belongs to another role, or the statement needs a superuser. At Supabase the schemas auth, storage and realtime belong to the platform. SQLSTATE 42501.",
    cure: "Connect as the owner, or have the right granted or the object handed over: `alter table … owner to …`. `whimbrel doctor` lists what belongs to whom.",
    example: "failed to apply `002_b`: statement 1 failed: must be owner of table users",
}
LOCKED_OUT {
    id: "W4106",
    exit: Failed,
    title: "a migration did not get a lock in time",
    cause: "Others use the table, mostly a transaction that somebody left open. A waiting migration makes everybody behind it wait, so it gives up after `lock` and tries again until `retry_for`. SQLSTATE 55P03.",
    cure: "The hints name who is in the way. Run it again when nothing is, or let it try longer: `--retry-for 10min`.",
    example: "failed to apply `002_b`: statement 1 failed: canceling statement due to lock timeout",
}
DEADLOCK {
    id: "W4107",
    exit: Failed,
    title: "a migration and somebody else waited for each other",
    cause: "Two transactions took the same locks in another order, or changed the same rows; the server ended ours. It was tried again. SQLSTATE 40P01, 40001.",
    cure: "Run it again when there is less going on. If it stays, take the locks in the application's order, or do less in one migration.",
    example: "failed to apply `002_b`: statement 2 failed: deadlock detected",
}
CANCELLED {
    id: "W4108",
    exit: Failed,
    title: "a statement of a migration took too long, or was cancelled",
    cause: "`statement_timeout` of whimbrel.toml, the role or the database ended it, or an administrator did. SQLSTATE 57014.",
    cure: "Give it longer: `statement` in [timeouts], or `set local statement_timeout = '10min'` in the script. A large update goes in batches.",
    example: "failed to apply `002_b`: statement 1 failed: canceling statement due to statement timeout",
}
ROWS_CONTRADICT {
    id: "W4109",
    exit: Failed,
    title: "rows contradict a constraint",
    cause: "Rows that are there, or that the migration writes, are null, double, without their partner or outside of a check. SQLSTATE class 23.",
    cure: "The server's detail names such a row. Clean up the rows in the migration before the constraint, or add it `not valid` and validate it later.",
    example: "failed to apply `002_b`: statement 1 failed: column \"email\" of relation \"users\" contains null values",
}
VALUE {
    id: "W4110",
    exit: Failed,
    title: "a value does not fit",
    cause: "A text is no number or date, is too long, or an expression divides by zero. SQLSTATE class 22.",
    cure: "Look for such rows first; a change of type takes `using` with an expression that knows them.",
    example: "failed to apply `002_b`: statement 1 failed: invalid input syntax for type integer: \"nine\"",
}
DEPENDENTS {
    id: "W4111",
    exit: Failed,
    title: "others depend on what a migration drops",
    cause: "A view, a foreign key, a function or a policy needs it. SQLSTATE 2BP01.",
    cure: "The server's detail names them. Drop or change them first and make them again after; `cascade` drops all of them for good.",
    example: "failed to apply `002_b`: statement 1 failed: cannot drop table users because other objects depend on it",
}
DISK_FULL {
    id: "W4112",
    exit: Failed,
    title: "the server's disk is full",
    cause: "A rewrite of a table or a new index needs as much room again as there is data, and it is not there. SQLSTATE 53100.",
    cure: "Make room or enlarge the disk, then run it again; what was under way was rolled back.",
    example: "failed to apply `002_b`: statement 1 failed: could not extend file \"base/5/16384\": No space left on device",
}
READ_ONLY {
    id: "W4113",
    exit: Failed,
    title: "a migration may only read",
    cause: "The script sets its own transaction read only, or a setting of the role does so. SQLSTATE 25006.",
    cure: "Remove that setting. `whimbrel doctor` says where it comes from.",
    example: "failed to apply `002_b`: statement 2 failed: cannot execute CREATE TABLE in a read-only transaction",
}
}
