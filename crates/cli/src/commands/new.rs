//! `whimbrel new`

use std::io::{self, IsTerminal, Read};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use whimbrel_app::Exit;
use whimbrel_app::cases::new::{self, Options, Report};
use whimbrel_app::catalogue::Code;

use super::Verb;
use crate::failure::Failure;
use crate::house::House;
use crate::page::Page;
use crate::shapes::{Shape, shape};
use crate::theme::Tone;

/// Write a new migration file
///
/// The file gets the next number or the present time, as the migrations before it have it, and the
/// form of its history's format. Its statements are read from stdin if something is piped in.
#[derive(clap::Args, Debug)]
pub(crate) struct New {
    /// What it does, in a few words: add_user_email, "create website snapshots"
    name: String,

    /// One line of prose for its header
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,

    /// Its type, in annotated histories: create_table, alter_table, custom_sql … [default: by content]
    #[arg(long = "type", short = 't', value_name = "TYPE")]
    kind: Option<String>,

    /// Ids of migrations that must be applied before it, in annotated histories [default: the last]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    depends_on: Option<Vec<String>>,

    /// Open the file in $VISUAL or $EDITOR
    #[arg(long, short)]
    edit: bool,
}

impl Verb for New {
    const NAME: &str = "new";
    const EXAMPLES: &str = "  \
  whimbrel new add_user_email --edit
  whimbrel new create_orders --type create_table --depends-on 001_create_users
  pg_dump --schema-only shop | whimbrel new import_shop   Take the statements from stdin";
    const REPORTS: &[Shape] = &[shape::<Report>];

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let workspace = house.workspace()?;
        let options = Options {
            history: house.globals.history.clone(),
            name: self.name,
            description: self.description,
            kind: self.kind,
            depends_on: self.depends_on,
            up: piped(house)?,
        };
        let report = new::new(&workspace, &options)?;
        house.terminal.report(&report, show)?;
        if let (true, Some(first)) = (self.edit, report.files.first()) {
            edit(workspace.folder().root().join(first).as_str(), |name| {
                workspace.surroundings().variable(name).map(str::to_owned)
            })?;
        }
        Ok(Exit::Done)
    }
}

fn show(report: &Report, page: &mut Page) {
    for file in &report.files {
        let wrote = page.paint(Tone::Good, "wrote");
        page.line(format!("{wrote} {file}"));
    }
    for remark in &report.remarks {
        let note = page.paint(Tone::Care, "note:");
        page.line(format!("{note} {remark}"));
    }
}

/// What is piped in; a terminal is not waited for.
fn piped(house: &House) -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        return Ok(String::new());
    }
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        sender.send(io::stdin().read_to_string(&mut text).map(|_| text))
    });
    // A pipe that nobody closes, as some job runners leave one open, would be waited for in silence.
    let read = receiver.recv_timeout(PATIENCE).or_else(|_| {
        let mut page = house.terminal.talk_page();
        page.line("reading the statements from stdin; `</dev/null` says that there are none");
        house.terminal.talk(page);
        receiver.recv()
    });
    let read = read.expect("the reader sends before it ends");
    read.map_err(|source| Failure::Input {
        code: Code::STDIN,
        what: "read stdin".to_owned(),
        source,
    })
}

/// How long stdin is read without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens a file in the person's editor and waits for it.
fn edit(path: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), Failure> {
    let editor = variable("VISUAL").or_else(|| variable("EDITOR"));
    let Some(editor) = editor else {
        return Err(Failure::Usage {
            code: Code::EDITOR,
            message: "neither VISUAL nor EDITOR says which editor to open".to_owned(),
            hints: vec![format!("the file is there: {path}")],
        });
    };
    // `EDITOR="code --wait"` is common: words, and no shell.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).arg(path).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Usage {
            code: Code::EDITOR,
            message: format!("the editor `{program}` ended with {status}"),
            hints: vec![format!("the file is there: {path}")],
        }),
        Err(source) => Err(Failure::Input {
            code: Code::EDITOR,
            what: format!("run the editor `{program}`"),
            source,
        }),
    }
}
