//! The pages that are made from the code: docs/doctor.md, docs/errors.md, docs/exit-codes.md and
//! docs/reference/.
//!
//! `WHIMBREL_WRITE=1 cargo test -p whimbrel reference` writes them anew.

use std::fmt::Write as _;
use std::fs;

use whimbrel_app::cases::doctor;
use whimbrel_app::catalogue::{self, Code, Raised};
use whimbrel_app::config::keys;
use whimbrel_app::{Exit, database, environment, formats, ledgers};

use crate::help::{commands, listed};
use crate::kit::{Project, root};

/// Where a page says how it came to be.
const MADE: &str =
    "<!-- Made from the code: WHIMBREL_WRITE=1 cargo test -p whimbrel reference -->\n";

/// Every page, by its path.
fn pages() -> Vec<(String, String)> {
    let made = [
        ("docs/doctor.md", doctor_page()),
        ("docs/errors.md", error_page()),
        ("docs/exit-codes.md", exit_codes()),
        ("docs/reference/commands.md", command_pages()),
        ("docs/reference/configuration.md", configuration()),
        ("docs/reference/environment.md", environment_page()),
        ("docs/reference/formats.md", format_page()),
        ("docs/reference/json.md", json_page()),
        ("docs/reference/ledgers.md", ledger_page()),
    ];
    let made = made.into_iter().map(|(path, page)| (path.to_owned(), page));
    made.chain(schemas()).collect()
}

/// The commands that print JSON, and the schema of each.
fn schemas() -> Vec<(String, String)> {
    let project = Project::new(&[]);
    let names = project.done("schema").out;
    let file = |name: &str| {
        (format!("docs/schemas/{name}.json"), project.done(&format!("schema {name}")).out)
    };
    names.lines().map(file).collect()
}

fn json_page() -> String {
    let mut page = format!("# JSON\n\n{MADE}\n{JSON}\n| command | schema |\n| --- | --- |\n");
    for name in Project::new(&[]).done("schema").out.lines() {
        writeln!(page, "| `whimbrel {name} --json` | [{name}.json](../schemas/{name}.json) |")
            .unwrap();
    }
    page
}

/// What stands above the schemas.
const JSON: &str = "\
With `--json` a command prints one JSON value on standard output, its report, and nothing else there;
what a person reads goes to standard error. Where the command cannot even begin, the value is an
object with `error` in the report's place: an id that never changes its meaning ([errors](../errors.md)),
the message, hints, places in files, and the exit code ([exit codes](../exit-codes.md)).

Every report has a `version`. Within a version fields are only added, so a reader should pass over
what it does not know; a field that goes or changes its meaning raises the version. `null` says that
something is not known or not there, and a field is never left out for it. Times are UTC as ISO 8601,
durations are milliseconds, secrets are covered.

The schemas are JSON Schema 2020-12, made from the very types that are printed; each test that reads a
report holds it against them. `whimbrel schema COMMAND` prints the one of the program that you have.
";

#[test]
fn the_pages_are_what_the_code_says() {
    let is_writing = std::env::var_os("WHIMBREL_WRITE").is_some();
    for (path, page) in pages() {
        let file = root().join(&path);
        if is_writing {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &page).unwrap();
        }
        let there = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            there == page,
            "{path} is stale: WHIMBREL_WRITE=1 cargo test -p whimbrel reference"
        );
    }
}

fn exit_codes() -> String {
    let mut page = format!(
        "# Exit codes\n\n{MADE}\n| code | name in JSON | meaning | what to do |\n| --- | --- | --- | --- |\n"
    );
    for exit in Exit::ALL {
        writeln!(
            page,
            "| {} | `{}` | {} | {} |",
            exit.code(),
            exit.name(),
            exit.meaning(),
            exit.advice()
        )
        .unwrap();
    }
    page.push_str("\n`status` and `doctor` end with 0 whatever they show; `status --check` ends with 3 while something is pending or not as it should be, `doctor --check` when there is a warning or trouble.\n\n`preview` and `--dry-run` end as the run would where a migration fails in the rehearsal or cannot run as it is, else with 0: what a run would refuse unless it is allowed (4) they only show (`is_refused` in JSON).\n");
    page
}

fn error_page() -> String {
    let mut page = format!("# Errors\n\n{MADE}\n{ERRORS}");
    for area in catalogue::AREAS {
        write!(page, "\n## {}\n", area.title).unwrap();
        for code in area.codes {
            let Code { id, exit, title, cause, cure, example } = code;
            let (number, name) = (exit.code(), exit.name());
            write!(
                page,
                "\n### {id}: {title}\n\n```text\nerror[{id}]: {example}\n```\n\n{cause}\n\n**What to do.** {cure} (Exit code {number}, `{name}`.)\n"
            )
            .unwrap();
        }
    }
    write!(page, "\n## Scripts that somebody else runs\n\n{RAISED}").unwrap();
    for raised in catalogue::RAISED {
        let Raised { code, title, cause, cure, example } = raised;
        write!(
            page,
            "\n### {code}: {title}\n\n```text\nERROR: {code}: {example}\n```\n\n{cause}\n\n**What to do.** {cure}\n"
        )
        .unwrap();
    }
    page
}

/// What stands above the errors that a script raises.
const RAISED: &str = "\
A part of a script that `whimbrel script` writes ([ways.md](ways.md)) makes sure that it may run, and
else raises one of these in the database: its id is the SQLSTATE, and the transaction of that part is undone.
Where Whimbrel itself runs the script (`--via`), it reads them and does what they say.
";

/// What stands above the errors.
const ERRORS: &str = "\
Every error has an id, which stands in brackets behind `error` and as `code` in JSON.
`whimbrel explain ID` prints what stands here, `whimbrel explain` lists all of them, both with
`--json` for programs. An id never changes its meaning, so a script may rely on it; an exit code
([exit-codes.md](exit-codes.md)) says in one number what to do about any of them. Messages may be
worded better at any time.
";

fn doctor_page() -> String {
    let mut page = format!("# Doctor\n\n{MADE}\n{DOCTOR}");
    let mut group = "";
    for about in doctor::abouts() {
        if about.group.word() != group {
            group = about.group.word();
            write!(page, "\n### {group}\n\n| check | looks at | why it matters | cure |\n| --- | --- | --- | --- |\n").unwrap();
        }
        writeln!(page, "| `{}` | {} | {} | {} |", about.id, about.looks_at, about.why, about.cure)
            .unwrap();
    }
    page.push_str("\n## Refusals\n\nWhat servers and poolers say when they let nobody in. The first line that fits counts; the words stand in the message.\n\n| SQLSTATE | words | what it means | what to do |\n| --- | --- | --- | --- |\n");
    for known in doctor::KNOWN {
        let words: Vec<String> = known.words.iter().map(|word| format!("`{word}`")).collect();
        writeln!(
            page,
            "| {} | {} | {} | {} |",
            known.codes.join(", "),
            words.join(", "),
            known.means,
            known.cure
        )
        .unwrap();
    }
    page.push_str(NO_WAY);
    page
}

/// What stands below them.
const NO_WAY: &str = "
## No way to the server

| what the system says | what it means | what to do |
| --- | --- | --- |
| network is unreachable, cannot assign requested address, no route to host, address family not supported | mostly the address is an IPv6 one and this machine or container has no IPv6 | at Supabase the session pooler has IPv4; turn IPv6 on for the container |
| name or service not known, no address associated with hostname | a wrong name, or a host of Supabase's with IPv6 only, or a paused project | check the name; at Supabase use the session pooler |
| connection refused | nobody listens at that port; at Supabase a paused project, a ban or a network restriction | check host and port; lift the restriction |
| no answer within … s | mostly a firewall in between | check the port and the firewall; `?connect_timeout=30` waits longer |
| certificate expired | the server's certificate is out of date, or this machine's clock | a new certificate |
| unknown issuer | no authority that is trusted here signed it | `?sslrootcert=FILE` |
| not valid for name | it is made out to another host | use that name, or `?sslmode=verify-ca` |
";

/// What stands above doctor's tables.
const DOCTOR: &str = "\
`whimbrel doctor` explains the project, the way to its database, and what there will hurt. It reads
only: its questions go out in two messages, each in a read-only transaction, and a question that may
not be asked keeps no other from being answered. It goes as far as it can when there is no project,
no database, or no way to it. With `--check` it ends with 3 when there is a warning or trouble;
`--json` has the same findings, each with `check`, `group`, `severity`, `what`, `evidence`, `cure`,
`sql`, and `code` where another command would end with that [error](errors.md).

| severity | means |
| --- | --- |
| ok | as it should be |
| note | worth knowing |
| warning | it will hurt in some cases |
| trouble | it hurts already |

Connecting is what libpq does, so what leads psql to a server leads Whimbrel there: connection URLs
and strings, services, `.pgpass`, `~/.postgresql`, every variable, several hosts. Supabase's hosts
are verified against Supabase's own authority, which is built in.

## Checks
";

fn command_pages() -> String {
    let project = Project::new(&[]);
    let mut page = format!("# Commands\n\n{MADE}");
    let help = |line: &str| project.done(line).out;
    write!(page, "\n## whimbrel\n\n```text\n{}\n```\n", help("--help").trim_end()).unwrap();
    let mut left = commands();
    left.reverse();
    while let Some(command) = left.pop() {
        let text = help(&format!("{command} --help"));
        let within = listed(&text).into_iter().map(|name| format!("{command} {name}"));
        left.extend(within.rev());
        // The options of every command are shown once, above.
        let (own, rest) = text.split_once("Global options:").unwrap();
        let own = own.trim_end();
        let level = "#".repeat(command.split(' ').count() + 1);
        write!(page, "\n{level} whimbrel {command}\n\n```text\n{own}\n").unwrap();
        if let Some((_, examples)) = rest.split_once("Examples:") {
            write!(page, "\nExamples:{}\n", examples.trim_end()).unwrap();
        }
        page.push_str("```\n");
    }
    page
}

fn configuration() -> String {
    let mut page = format!(
        "# whimbrel.toml\n\n{MADE}\nNo configuration is needed for the common case: `whimbrel init` writes this file with everything switched off.\nA key that is not known is an error, with its place and the nearest key.\n"
    );
    let mut table = String::new();
    for key in keys::ALL {
        let (_, path) = key.path.split_last().unwrap();
        let header = path
            .iter()
            .map(|part| if *part == "*" { "NAME" } else { part })
            .collect::<Vec<_>>()
            .join(".");
        if header != table {
            write!(page, "\n## [{header}]\n\n| key | holds | default | what it does | example |\n| --- | --- | --- | --- | --- |\n").unwrap();
            table = header;
        }
        let name = key.path.last().unwrap();
        let example = key.example;
        writeln!(
            page,
            "| `{name}` | {} | {} | {} | `{example}` |",
            key.kind.expected(),
            key.default,
            key.about
        )
        .unwrap();
    }
    page
}

fn environment_page() -> String {
    let mut page = format!(
        "# Environment\n\n{MADE}\n## Variables\n\n| variable | what it does |\n| --- | --- |\n"
    );
    for (name, about) in environment::VARIABLES {
        writeln!(page, "| `{name}` | {about} |").unwrap();
    }
    page.push_str("\n## What a hook finds\n\n[Hooks](../hooks.md) that are lines for the shell find these, beside what Whimbrel itself was given:\n\n| variable | what it says |\n| --- | --- |\n");
    for (name, about) in environment::FOR_HOOKS {
        writeln!(page, "| `{name}` | {about} |").unwrap();
    }
    page.push_str("\n## Where the database is looked for\n\nThe first place that has a connection URL wins:\n\n1. `--database-url`, a URL or `@NAME` for an environment of whimbrel.toml; `--env NAME` is the same\n");
    for (number, place) in database::places().iter().enumerate() {
        writeln!(page, "{}. {place}", number + 2).unwrap();
    }
    page.push_str("\nWithin one place, `DIRECT_URL` goes before a `DATABASE_URL` that leads to a transaction pooler (port 6543, or `pgbouncer=true`). What is set to nothing is not set.\n");
    page
}

fn format_page() -> String {
    let mut page = format!(
        "# Formats\n\n{MADE}\n| format | files | usual folders | ledger |\n| --- | --- | --- | --- |\n"
    );
    for format in formats::ALL {
        let folders: Vec<String> =
            format.folders().iter().map(|folder| format!("`{folder}`")).collect();
        writeln!(
            page,
            "| `{}` | {} | {} | `{}` |",
            format.name(),
            format.summary().replace('|', "\\|"),
            folders.join(", "),
            format.ledger().name()
        )
        .unwrap();
    }
    page
}

fn ledger_page() -> String {
    let mut page = format!(
        "# Ledgers\n\n{MADE}\n| ledger | tables | schemas, the preferred one first | formats |\n| --- | --- | --- | --- |\n"
    );
    for ledger in ledgers::ALL {
        let tables: Vec<String> =
            ledger.tables().iter().map(|table| format!("`{}`", table.name)).collect();
        let schemas: Vec<String> = ledger
            .tables()
            .first()
            .map(|table| table.schemas.iter().map(|schema| format!("`{schema}`")).collect())
            .unwrap_or_default();
        let formats: Vec<&str> = formats::ALL
            .iter()
            .filter(|format| format.ledger().name() == ledger.name())
            .map(|format| format.name())
            .collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            ledger.name(),
            tables.join(", "),
            schemas.join(", "),
            formats.join(", ")
        )
        .unwrap();
    }
    page
}
