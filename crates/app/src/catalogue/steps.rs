//! A migration that Whimbrel cannot run as it is: steps, poolers, texts.

super::code::area! { "W42", "A migration cannot be run safely";

UNKNOWN_OUTCOME {
    id: "W4201",
    exit: Failed,
    title: "nothing tells whether a step ran",
    cause: "An earlier run was cut off in a statement that cannot be in a transaction (`vacuum`, a procedure that commits), and what it leaves in the catalog is no evidence.",
    cure: "Look yourself. Then say what is true: `whimbrel repair applied` or `whimbrel repair pending`.",
    example: "failed to apply `002_b`: statement 1 failed: step 1 was begun by run 7, and nothing tells whether it ran: a procedure may have committed a part of its work",
}
STEP_CHANGED {
    id: "W4202",
    exit: Refused,
    title: "a step that is done was changed in the file",
    cause: "A migration that is not one transaction failed half way, and the file was edited in a part that is done already.",
    cure: "Put the statement back (the hint shows it), change only what comes after it, and run it again.",
    example: "cannot apply `001_a`: step 1 is done, but the file has another statement in its place now",
}
NEEDS_JOURNAL {
    id: "W4203",
    exit: Refused,
    title: "a migration in steps needs the journal",
    cause: "It is not one transaction, and without the journal (`journal = false`, or a role that may not make a schema) an interrupted run could not be resumed.",
    cure: "Switch the journal on, or take the statement that cannot be in a transaction into a migration of its own.",
    example: "cannot apply `002_b`: `vacuum` (line 2) cannot run inside a transaction, and without the journal an interrupted run could not be resumed",
}
POOLED {
    id: "W4204",
    exit: Failed,
    title: "a transaction pooler stands in the way of a statement",
    cause: "A statement outside of a transaction needs a setting for its connection, and behind a transaction pooler that would be somebody else's the next moment.",
    cure: "Give the server's own address or the pooler's session mode (at Supabase port 5432) and run it again.",
    example: "failed to apply `002_b`: statement 1 failed: statement_timeout is 5000 ms, which would cancel `create index concurrently a_id on a (id)`, and behind a transaction pooler it cannot be set for this connection alone",
}
POOL_OF_ONE {
    id: "W4205",
    exit: Failed,
    title: "the pooler has one server connection only",
    cause: "The lock is held on it, so that a statement outside of a transaction has none.",
    cure: "Raise the pool's size to two or more, or go past the pooler.",
    example: "failed to apply `002_b`: statement 1 failed: `create index concurrently a_id on a (id)` cannot run: the pooler has one server connection and the lock holds it",
}
UNSENDABLE {
    id: "W4206",
    exit: Failed,
    title: "a statement is nothing that the protocol can carry",
    cause: "It is longer than a gigabyte, or has a NUL byte in it. Nothing of it was sent.",
    cure: "Write large data as `copy … from stdin`, and remove the NUL byte.",
    example: "failed to apply `002_b`: string contains embedded null",
}
CONTRADICTORY {
    id: "W4207",
    exit: Refused,
    title: "what a script says about transactions contradicts itself",
    cause: "It begins a transaction and has a statement in it that cannot be in one, or ends what it did not begin.",
    cure: "Take `begin` and `commit` out, Whimbrel does that; or take the statement into a migration of its own.",
    example: "cannot apply `001_a`: statement 2: `vacuum` on line 2 cannot run in the block begun on line 1",
}
TEXT_GONE {
    id: "W4208",
    exit: Failed,
    title: "a script could not be read again while it ran",
    cause: "A large script is read block by block as it is sent, and its file was changed or removed in the meantime. The transaction was rolled back.",
    cure: "Run it again when nobody writes the file.",
    example: "failed to apply `001_data`: `migrations/001_data.sql` changed while it was being read",
}
STEPS_LOST {
    id: "W4209",
    exit: Refused,
    title: "nobody knows how far a migration came",
    cause: "It is not one transaction and was begun, and what the journal had of its steps is gone: somebody dropped the schema `whimbrel_journal`, or restored the database without it.",
    cure: "Look which of its statements are done. Then finish or undo it by hand and say so: `whimbrel repair applied` or `whimbrel repair pending`. Where all of it may run again, `--allow rerun` begins at its first step.",
    example: "cannot apply `002_b`: its steps were begun, and the journal that says which are done is gone",
}
HALF_DONE {
    id: "W4210",
    exit: Refused,
    title: "a migration is half undone, or half applied without a file",
    cause: "A run was cut off or failed between the steps of a script that is not one transaction. What comes after it was not written for that state.",
    cure: "`whimbrel down` goes on undoing it. Or finish it by hand and say so: `whimbrel repair pending`, `whimbrel repair applied`, and `whimbrel repair forget` where its file is gone.",
    example: "`001_a` is half undone",
}
}
