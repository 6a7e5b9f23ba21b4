//! What a script that somebody else runs raises in the database: no errors of a command, so they
//! have no exit code, and their ids are SQLSTATEs.

use whimbrel_engine::paste::{
    ALREADY, ELSEWHERE, NOT_WHOLE, OUT_OF_TURN, STEP_DONE, UNDER_WAY, UNPROVED,
};

/// An error that a part of a script raises, which is undone whole then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Its SQLSTATE: `WB` and three digits. It never changes its meaning, and is never used again.
    pub code: &'static str,
    /// What happened, in a line: lower case, no full stop.
    pub title: &'static str,
    /// How that comes about.
    pub cause: &'static str,
    /// What to do.
    pub cure: &'static str,
    /// What its message looks like.
    pub example: &'static str,
}

/// All of them, ascending.
pub const RAISED: &[Raised] = &[
    Raised {
        code: ALREADY,
        title: "the migration of this part is applied, or undone, already",
        cause: "The part was pasted a second time, or a run did its work meanwhile. The ledger has its entry, or has it no more.",
        cure: "Nothing is to be done: go on with the next part. In an SQL editor paste from there on, since the first error stops all that was pasted.",
        example: "`001_a` is applied already",
    },
    Raised {
        code: OUT_OF_TURN,
        title: "it is not this part's turn",
        cause: "The part before it, or an earlier piece of it, was left out or failed; or what comes after it is in the ledger, since somebody else ran it meanwhile.",
        cure: "Run what the message names first, and look at what it says. Where something later is applied, look at `whimbrel status` and write the script anew.",
        example: "`001_a` comes before `002_b` and is not applied",
    },
    Raised {
        code: UNDER_WAY,
        title: "another run of migrations is under way",
        cause: "A `whimbrel up`, or this script in another window, holds the lock, or a transaction of an earlier run is still open.",
        cure: "Wait until it is done, and run the part again. A window with an open transaction is closed by `rollback;`.",
        example: "another run of migrations is under way in this database",
    },
    Raised {
        code: NOT_WHOLE,
        title: "the part was not run whole, in one transaction",
        cause: "It was pasted without its `begin`, it ends the transaction itself, or a transaction with a part of this script was left open where it was pasted.",
        cure: "Run `rollback;`, then the part from its `begin` to its `commit`. What ran without its `begin` is to be undone by hand.",
        example: "`001_a` was not run from its `begin` on, in one transaction",
    },
    Raised {
        code: ELSEWHERE,
        title: "the database keeps its ledger in another schema",
        cause: "The script was written without a connection, for the schema that whimbrel.toml says or that is usual, and there is a ledger in another one.",
        cure: "Write the script with a connection to the database, or say `schema` in `[ledger]` of whimbrel.toml.",
        example: "this database keeps its ledger in another schema",
    },
    Raised {
        code: UNPROVED,
        title: "a statement outside a transaction did not take, or not yet",
        cause: "The piece before this one, such as a `create index concurrently`, failed, was left out, or is still at work: the catalog does not show what it makes.",
        cure: "Do what the hint says: mostly to wait or to run the piece before it again, then this one.",
        example: "step 2 of `002_b` did not take, or not yet",
    },
    Raised {
        code: STEP_DONE,
        title: "this piece of a part is done already",
        cause: "A migration that is not one transaction comes in pieces, and this one was pasted a second time, or a run did it meanwhile.",
        cure: "Nothing is to be done: go on with the next piece.",
        example: "step 1 of `002_b` is done already",
    },
];
