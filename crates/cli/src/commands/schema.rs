//! `whimbrel schema`

use serde_json::json;
use whimbrel_app::Exit;
use whimbrel_app::catalogue::Code;
use whimbrel_app::wire::VERSION;

use super::{ALL, Verb};
use crate::failure::Failure;
use crate::house::House;
use crate::shapes;
use crate::terminal::{self, Terminal};

/// Print the JSON schema of what a command prints with --json
///
/// Fields may be added to a report at any time; one that goes or changes its meaning raises the
/// `version` that stands in every report. Without a name it lists the commands that have one.
#[derive(clap::Args, Debug)]
pub(crate) struct Schema {
    /// The command
    command: Option<String>,
}

impl Verb for Schema {
    const NAME: &str = "schema";
    const EXAMPLES: &str = "  \
  whimbrel schema status    > status.schema.json
  whimbrel schema           Which commands have one";

    fn run(self, house: &mut House) -> Result<Exit, Failure> {
        let Some(name) = self.command else {
            list(house)?;
            return Ok(Exit::Done);
        };
        let found = reporting().find(|command| command.name() == name);
        let Some(command) = found else {
            let names: Vec<&str> = reporting().map(super::Command::name).collect();
            return Err(Failure::Usage {
                code: Code::COMMAND_LINE,
                message: format!("no command `{name}` prints JSON"),
                hints: vec![format!("these do: {}", names.join(", "))],
            });
        };
        Terminal::json(&shapes::schema(command.name(), command.reports()))?;
        Ok(Exit::Done)
    }
}

/// The commands that have a report.
fn reporting() -> impl Iterator<Item = &'static dyn super::Command> {
    ALL.iter().copied().filter(|command| !command.reports().is_empty())
}

fn list(house: &House) -> Result<(), Failure> {
    let names: Vec<&str> = reporting().map(super::Command::name).collect();
    if house.terminal.manner.json {
        Terminal::json(&json!({ "version": VERSION, "commands": names }))?;
    } else {
        terminal::data((names.join("\n") + "\n").as_bytes())?;
    }
    Ok(())
}
