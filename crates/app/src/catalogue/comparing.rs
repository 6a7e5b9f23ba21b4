//! Comparing states, and plans from one to another.

super::code::area! { "W70", "States cannot be compared";

NO_SOURCE {
    id: "W7001",
    exit: Usage,
    title: "a text is no source",
    cause: "What was given to be compared is neither a database, nor SQL, nor anything else that a state could be read of.",
    cure: "Write it as one of the forms that the hint shows.",
    example: "`shop` is no source",
}
HISTORY_AS_SOURCE {
    id: "W7002",
    exit: Usage,
    title: "a folder of SQL is a history",
    cause: "Files of a folder are taken in any order, and those of a history make sense only in their own.",
    cure: "Compare with a database that has the history.",
    example: "`/home/me/shop/migrations` is the folder of the history `main`",
}
SOURCE_FILE {
    id: "W7003",
    exit: Usage,
    title: "a source cannot be read",
    cause: "The file or folder is not there, or may not be read, or is not UTF-8 text.",
    cure: "Give another path, or the rights to it.",
    example: "read `shop.sql`: No such file or directory (os error 2)",
}
SOURCE_SQL {
    id: "W7004",
    exit: Failed,
    title: "the SQL of a source cannot be run",
    cause: "The state is built in a throw-away server, and that refuses a statement.",
    cure: "Mend the statement; what it needs must be in the same source.",
    example: "`shop.sql`, line 1: type \"money2\" does not exist",
}
NO_PLAN {
    id: "W7005",
    exit: Usage,
    title: "no plan can be made between two states",
    cause: "They are of servers of different major versions, whose definitions read differently; or their steps wait for each other in a ring.",
    cure: "Give both sides from servers of the same major version.",
    example: "one side is of Postgres 17, the other of 16",
}
PLAN_NOT_PROVED {
    id: "W7006",
    exit: Refused,
    title: "a plan was tried, and does not lead where it should",
    cause: "It was run in a throw-away server that was made like the first side, and what came of it is not the second side.",
    cure: "`--unproved` prints it all the same. Please report it with both sides: it is a fault of Whimbrel's.",
    example: "the plan does not lead there: `create table public.t (` is refused: no more tables (SQLSTATE P0001)",
}
CATALOG {
    id: "W7007",
    exit: Failed,
    title: "a database's catalog cannot be read",
    cause: "The server ended the read, as by `statement_timeout`, or something was dropped meanwhile.",
    cure: "Run it again; raise the timeout for the role, or in the URL.",
    example: "read the catalog: canceling statement due to statement timeout (SQLSTATE 57014)",
}
}
