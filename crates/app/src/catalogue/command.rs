//! The command line, the terminal and the system around it.

super::code::area! { "W10", "Command line and surroundings";

COMMAND_LINE {
    id: "W1001",
    exit: Usage,
    title: "the command line is not understood",
    cause: "An argument is misspelt, lacks its value, has one that it cannot have, or contradicts another.",
    cure: "Look at the command's help: `whimbrel COMMAND --help`. The nearest argument is named where there is one.",
    example: "unexpected argument '--yess' found",
}
UNKNOWN_CODE {
    id: "W1002",
    exit: Usage,
    title: "there is no error with this id",
    cause: "Ids are `W` and four digits. This one is in no version of the catalogue up to this program's.",
    cure: "`whimbrel explain` lists them all. If a newer Whimbrel printed it, ask that one.",
    example: "there is no error `W9999`",
}
SURROUNDINGS {
    id: "W1003",
    exit: Usage,
    title: "the command cannot begin here",
    cause: "The current folder was removed, or its path is not UTF-8 and no link to it can be made in the cache, or the system refuses what every program needs: a signal handler, a timer.",
    cure: "Change into a folder that is there; where its path is not UTF-8, name a folder for links in WHIMBREL_CACHE_DIR. If it is none of that, look at the limits of the process (`ulimit -a`).",
    example: "find the current folder: No such file or directory (os error 2)",
}
OUTPUT {
    id: "W1004",
    exit: Failed,
    title: "the report could not be written to stdout",
    cause: "The disk that the output goes to is full, or what it is piped into has a fault. A reader that merely stops reading is no error.",
    cure: "Make room and look with `whimbrel status`: what the command did to a database is done, only the report is lost.",
    example: "write to stdout: No space left on device (os error 28)",
}
STDIN {
    id: "W1005",
    exit: Usage,
    title: "stdin cannot be read",
    cause: "What is piped in is not UTF-8 text, or the pipe has a fault.",
    cure: "Pipe SQL as UTF-8 text, or `</dev/null` if there is none.",
    example: "read stdin: stream did not contain valid UTF-8",
}
EDITOR {
    id: "W1006",
    exit: Usage,
    title: "the editor cannot be opened",
    cause: "`--edit` asks for an editor, and neither VISUAL nor EDITOR names one, or the one that they name is not there or ended with an error.",
    cure: "Set EDITOR, or open the file yourself: it is written already, and its path is in the hint.",
    example: "neither VISUAL nor EDITOR says which editor to open",
}
PROGRAM {
    id: "W1007",
    exit: Usage,
    title: "a program that was asked for cannot be run",
    cause: "The command that Whimbrel was to run with the database's URL, or `psql`, is not there or not executable.",
    cure: "Check its name and the PATH.",
    example: "run `no-such-program`: No such file or directory (os error 2)",
}
}
