//! `whimbrel completions`

use clap_complete::Shell;
use whimbrel_app::Exit;

use super::Verb;
use crate::arguments;
use crate::failure::Failure;
use crate::house::House;
use crate::terminal;

/// Print what a shell needs to complete commands and options
///
/// Where it goes is a matter of the shell; the examples show the usual places. It is made for this
/// build, so make it again after an update.
#[derive(clap::Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Verb for Completions {
    const NAME: &str = "completions";
    const EXAMPLES: &str = "  \
  whimbrel completions bash    > ~/.local/share/bash-completion/completions/whimbrel
  whimbrel completions zsh     > a file `_whimbrel` in a folder of $fpath
  whimbrel completions fish    > ~/.config/fish/completions/whimbrel.fish";

    fn run(self, _: &mut House) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut arguments::command(), "whimbrel", &mut script);
        terminal::data(&script)?;
        Ok(Exit::Done)
    }
}
