//! Runs: consent, locks, and the ledger.

super::code::area! { "W40", "Runs, locks and ledgers";

NO_CONSENT {
    id: "W4001",
    exit: Refused,
    title: "nobody consented",
    cause: "The command changes a database and asks first, and there is no terminal to ask on.",
    cure: "`--yes` says so, in CI for example.",
    example: "nobody consented to run 2 migrations on `shop` at db.example:5432",
}
PROTECTED {
    id: "W4002",
    exit: Refused,
    title: "nobody consented, and the environment is protected",
    cause: "whimbrel.toml says `protected = true` of this environment, so a bare `--yes` is not enough.",
    cure: "`--yes --allow protected` says so; at a terminal the environment's name is typed.",
    example: "nobody consented to run 2 migrations on `shop` at db.example:5432",
}
DECLINED {
    id: "W4003",
    exit: Refused,
    title: "a person said no",
    cause: "The question whether to go on was answered with no.",
    cure: "Nothing was done, and nothing is to be done.",
    example: "nothing was done",
}
LOCKED {
    id: "W4004",
    exit: Locked,
    title: "another run holds the lock",
    cause: "Migrations of a database run one at a time, and somebody else's are running: a colleague, a deployment, another tool with the same lock.",
    cure: "Wait (`--wait`, `--wait 5min`), or see who it is with `whimbrel runs`. A run that is dead holds no lock.",
    example: "another run holds the lock: pid 4711 (whimbrel as postgres, since 12 s)",
}
GAVE_UP_WAITING {
    id: "W4005",
    exit: Locked,
    title: "the wait for another run took too long",
    cause: "A transaction of an earlier run has not ended within the limit of `--wait`.",
    cure: "Wait longer, or see with `whimbrel runs` who it is and end it with `whimbrel runs cancel`.",
    example: "gave up waiting for a transaction of an earlier run to end",
}
TAKEN_OVER {
    id: "W4006",
    exit: Locked,
    title: "another run took over",
    cause: "This one lost its lock's connection or was suspended for so long that it seemed dead, and another run began. Nothing is applied twice: a run checks that it still has its place in every transaction.",
    cure: "`whimbrel status` shows what the other one did.",
    example: "the run ended early: another run took over, because this one seemed dead",
}
LOCK_LOST {
    id: "W4007",
    exit: Unreachable,
    title: "the lock's connection was lost",
    cause: "The lock lives on a connection of its own, which was ended by the server, a timeout or the network. Without it nothing more is begun.",
    cure: "Run the command again: what had been applied is recorded.",
    example: "the run ended early: lost the lock's connection",
}
INTERRUPTED {
    id: "W4008",
    exit: Interrupted,
    title: "somebody stopped it",
    cause: "Ctrl-C, a termination signal, a terminal that went away, or `whimbrel runs cancel`.",
    cure: "What had been applied stays applied and is recorded; the next run goes on from there.",
    example: "the run ended early: interrupted",
}
BECAME_DUE {
    id: "W4009",
    exit: Refused,
    title: "a migration became due while the run waited",
    cause: "The run that was waited for left the database in another state than the one that was shown and consented to.",
    cure: "Run it again to see what there is to do now.",
    example: "`001_a` became due while this run waited",
}
LEDGER_RIGHTS {
    id: "W4021",
    exit: Failed,
    title: "the role may not read or write the ledger",
    cause: "The tables in which Whimbrel or another tool records what is applied belong to another role, or this role may not make a schema for them. SQLSTATE 42501.",
    cure: "Connect as the role that owns the ledger, or have it granted: `usage` on its schema and `select`, `insert`, `update`, `delete` on its tables; for a first run `create` on the database.",
    example: "read the ledgers: permission denied for schema whimbrel (SQLSTATE 42501)",
}
LEDGER_READ_ONLY {
    id: "W4022",
    exit: Failed,
    title: "the database takes no writes",
    cause: "`default_transaction_read_only` is on for the server, the database or the role: at Supabase when the disk is nearly full. SQLSTATE 25006.",
    cure: "Make room or enlarge the disk first, then `alter database NAME reset default_transaction_read_only`. `whimbrel doctor` says where the setting comes from.",
    example: "the run ended early: make the ledger and begin the run: cannot execute CREATE SCHEMA in a read-only transaction (SQLSTATE 25006)",
}
LEDGER_FAILED {
    id: "W4023",
    exit: Failed,
    title: "the ledger could not be read or written",
    cause: "The server refused a statement of Whimbrel's own: a trigger or a policy on the ledger, a full disk, a timeout, or a server that is not quite Postgres.",
    cure: "The server's reason stands in the message with its SQLSTATE. Mend that and run it again: no migration counts as applied whose entry could not be written.",
    example: "the run ended early: make the ledger and begin the run: this ledger is closed (SQLSTATE P0001)",
}
LEDGER_UNREADABLE {
    id: "W4024",
    exit: Failed,
    title: "a ledger holds what it should not",
    cause: "A row was edited by hand, or a newer version of a tool writes a state that this program does not know.",
    cure: "The message names the ledger and the text that stands there. Correct the row, or update Whimbrel.",
    example: "read ledger `whimbrel`: ledger `whimbrel` holds status `finished` that is not known",
}
JOURNAL_RIGHTS {
    id: "W4025",
    exit: Refused,
    title: "the role may not read or write the journal",
    cause: "Another role made the schema `whimbrel_journal`, in which runs see each other and steps are written down. Without it two runs could not tell whether one of them is dead.",
    cure: "Connect as the role that runs migrations, or have it granted: `usage` on the schema, `select`, `insert`, `update`, `delete` on its tables, `usage` on its sequences.",
    example: "the role `reader` may not read `whimbrel_journal`, which runs need",
}
}
