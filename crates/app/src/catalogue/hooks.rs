//! Hooks: what a project runs around its migrations.

super::code::area! { "W43", "Hooks";

HOOK_FILE {
    id: "W4301",
    exit: Usage,
    title: "the file of a hook is not there",
    cause: "`[hooks]` in whimbrel.toml names a file of SQL that the project does not have. It is looked for before anything is run.",
    cure: "Correct its path, which is relative to the project's folder.",
    example: "the file `db/pause.sql` of hook `before` is not there",
}
HOOK_NOT_ONE {
    id: "W4302",
    exit: Usage,
    title: "the file of a hook is not one transaction",
    cause: "A hook that is a file of SQL runs in one transaction, so that it is done or not. This one has a statement that cannot run in one, or several blocks.",
    cure: "Take that statement out of it, or write a line for the shell that runs psql, which has `DATABASE_URL`.",
    example: "`db/vacuum.sql` of hook `before` is not one transaction: `vacuum` (line 1) cannot run inside a transaction",
}
HOOK_BEFORE {
    id: "W4303",
    exit: Failed,
    title: "the hook before a run failed, and nothing was run",
    cause: "A line of `before` ended with an error, or its SQL did.",
    cure: "Its last words are in the hint, and all of them above. Mend it and run the command again: nothing was applied.",
    example: "hook `before` failed: `./pause.sh`: it ended with exit code 3",
}
HOOK_AFTER {
    id: "W4304",
    exit: Attention,
    title: "a hook after a run failed",
    cause: "A line of `after` or `after_failure` ended with an error, or its SQL did. What the run applied is recorded and stays.",
    cure: "Do by hand what it was to do: where everything is applied, no other run repeats it.",
    example: "hook `after` failed: `make types`: it ended with exit code 2",
}
}
