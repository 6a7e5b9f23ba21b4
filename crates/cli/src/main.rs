//! The `whimbrel` binary: what a person types, and what they see.
//!
//! Holds no logic: each command turns its arguments into a use case's options, hands over somebody
//! who watches and can be asked, and shows the report.

mod aim;
mod amending;
mod arguments;
mod become_command;
mod commands;
mod failure;
mod house;
mod page;
mod prompt;
mod running;
mod shapes;
mod show;
mod signals;
mod terminal;
mod theme;
mod watcher;
mod words;
mod wrap;

use std::process::ExitCode;

use whimbrel_app::Exit;

use crate::house::House;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    // Before anything else: this process may have been started to watch over a shadow.
    if let Some(code) = whimbrel_app::enter_if_asked() {
        return code;
    }
    ExitCode::from(whimbrel().code())
}

/// Does what the command line says.
fn whimbrel() -> Exit {
    let command = arguments::command();
    let matches = match command.try_get_matches_from(arguments::typed()) {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    let globals = match arguments::globals(&matches) {
        Ok(globals) => globals,
        Err(error) => return refuse(&error),
    };
    let (name, inner) = matches.subcommand().expect("clap requires a subcommand");
    let entry = commands::ALL.iter().find(|entry| entry.name() == name);
    let entry = entry.expect("clap knows only the commands of the list");
    let mut house = House::new(globals);
    let exit = match entry.run(inner, &mut house) {
        Ok(exit) => exit,
        Err(failure) => {
            failure::print(&failure, &house.terminal);
            failure.exit()
        }
    };
    house.exit(exit)
}

/// Shows what clap has to say: help and versions are data, all else is an error.
fn refuse(error: &clap::Error) -> Exit {
    let terminal = Terminal::new(terminal::Manner::default());
    let rendered = error.render();
    if error.use_stderr() {
        failure::print_refusal(&rendered, &terminal);
        return Exit::Usage;
    }
    let text = match terminal.page().theme() {
        theme::Theme::Colour => rendered.ansi().to_string(),
        theme::Theme::Plain => rendered.to_string(),
    };
    match terminal::data(text.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}
