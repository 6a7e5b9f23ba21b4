//! What the commands that change what a ledger says have in common.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use whimbrel_app::run::{
    self, ChangeShown, Consent, Depth, Fetch, Hooks, OnError, Options, Proof, ProofShown, Rehearse,
    Seeds,
};
use whimbrel_app::{Error, Secret};

use crate::arguments::secret;
use crate::commands::Dev;
use crate::house::House;
use crate::page::{Column, Page, Table};
use crate::running::as_given;
use crate::show;
use crate::theme::{Tone, clean};

/// How a change of what a ledger says goes about it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Amending {
    /// Write without asking; needed where there is no terminal
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Only show and prove what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Why: kept in the journal beside who and when
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) dev: Dev,

    /// Prove it on this server, in a database that is made for it and dropped
    #[arg(long, value_name = "URL", value_parser = secret)]
    pub(crate) shadow_url: Option<Secret>,

    /// Allow what is otherwise refused
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Allowed>,
}

/// What is refused unless it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    /// Files that were changed since another tool applied them
    Modified,
    /// A protected environment, without a prompt
    Protected,
}

impl Amending {
    /// The use case's options.
    pub(crate) fn options(&self, house: &House, proof: Proof) -> Options {
        let mut place = house.place(self.dev);
        place.shadow_url.clone_from(&self.shadow_url);
        let is_wanted =
            io::stderr().is_terminal() || matches!(proof, Proof::Required | Proof::Whole);
        Options {
            place,
            depth: if self.dry_run { Depth::Show { sql: false } } else { Depth::Run },
            consent: if self.yes { Consent::Given } else { Consent::Wanted },
            on_error: OnError::Stop,
            allowed: run::Allowed {
                modified: self.allow.contains(&Allowed::Modified),
                protected: self.allow.contains(&Allowed::Protected),
                ..run::Allowed::default()
            },
            seeds: Seeds::Unwanted,
            hooks: Hooks::Unwanted,
            rehearse: Rehearse::Never,
            fetch: if is_wanted { Fetch::Allowed } else { Fetch::Forbidden },
            waiting: None,
            retry_for: None,
            command: as_given(),
            interrupt: house.interrupt.clone(),
            watched: false,
        }
    }
}

/// What the ledger says of each migration.
pub(crate) fn changes(changes: &[ChangeShown], page: &mut Page) {
    let mut table = Table::new([
        Column::text("migration", 20),
        Column::whole("was"),
        Column::whole("is"),
        Column::whole("applied (UTC)"),
    ]);
    for change in changes {
        table.row([
            clean(&change.id),
            change.was.to_owned(),
            page.paint(Tone::Good, change.is),
            change.applied_at.as_deref().map(show::time).unwrap_or_default(),
        ]);
    }
    page.table(&table);
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is written.
    Written,
    /// It would be.
    Shown,
    /// It would not be.
    Refused,
}

impl Outcome {
    /// From what a report says.
    pub(crate) fn of(written: bool, failures: &[Error]) -> Self {
        match (written, failures) {
            (true, _) => Self::Written,
            (false, []) => Self::Shown,
            (false, _) => Self::Refused,
        }
    }
}

/// Whether it was proved, and whether it was written.
pub(crate) fn ending(proof: &ProofShown, count: usize, outcome: Outcome, page: &mut Page) {
    match proof {
        ProofShown::Proved { server, stand_ins, unseen, rows } => {
            let with = show::standing(stand_ins);
            let text =
                format!("proved on {server}{with}: the database is what the ledger says then");
            page.line(page.paint(Tone::Faint, text));
            if !unseen.is_empty() {
                let text = format!(
                    "nothing there shows whether {} ran: rows, grants, owners and roles are not compared",
                    named(unseen)
                );
                page.line(page.paint(Tone::Care, text));
            }
            if !rows.is_empty() {
                let text = format!("nobody compared the rows that {} would change", named(rows));
                page.line(page.paint(Tone::Care, text));
            }
        }
        ProofShown::Differs { server, stand_ins, differences, as_before: false } => {
            let with = show::standing(stand_ins);
            let objects = if differences.len() == 1 { "object differs" } else { "objects differ" };
            let count = differences.len();
            page.line(
                page.paint(Tone::Care, format!("compared on {server}{with}: {count} {objects}")),
            );
        }
        ProofShown::Differs { server, stand_ins, differences, as_before: true } => {
            let with = show::standing(stand_ins);
            let names: Vec<String> = differences
                .iter()
                .map(|one| format!("{} `{}`", one.kind, clean(&one.name)))
                .collect();
            let text = format!(
                "compared on {server}{with}: what differs is not of this, and differs as before: {}",
                names.join(", ")
            );
            page.line(page.paint(Tone::Care, text));
        }
        ProofShown::None { because } => {
            let because = whimbrel_app::mask(&clean(because));
            page.line(page.paint(Tone::Faint, format!("not proved: {because}")));
        }
    }
    let entries = show::count(count, "entry").replace("entrys", "entries");
    match outcome {
        Outcome::Written => {
            page.line(page.paint(Tone::Good, format!("{entries} written, and nothing was run")));
        }
        Outcome::Shown if count > 0 => {
            page.line(format!("{entries} would be written; nothing was"));
        }
        Outcome::Refused if count > 0 => {
            page.line(
                page.paint(Tone::Bad, format!("{entries} would be refused; nothing was written")),
            );
        }
        Outcome::Shown | Outcome::Refused => {}
    }
}

fn named(ids: &[String]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("`{}`", clean(id))).collect();
    names.join(", ")
}
