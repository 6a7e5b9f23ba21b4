//! goose's files: up and down in one, parted by `-- +goose Up` and `-- +goose Down`.
//!
//! `-- +goose StatementBegin` and `StatementEnd` tell goose where a statement ends, which we see for
//! ourselves; `-- +goose NO TRANSACTION` runs the migration step by step. Migrations in Go are
//! named and left out.

use super::marked::{Instead, Marked};
use super::sections::{Marks, Side};

/// goose's files.
pub(super) const GOOSE: Marked = Marked {
    name: "goose",
    summary: "goose's SQL files: one with -- +goose Up and -- +goose Down",
    folders: &["migrations", "db/migrations", "sql/migrations", "sql/schema"],
    marks: Marks {
        side: |text| match command(text)?.as_str() {
            "up" => Some(Side::Up),
            "down" => Some(Side::Down),
            _ => None,
        },
        up: "-- +goose Up",
        words: &["+goose Up", "+goose Down"],
    },
    down: "-- +goose Down",
    up_alone: "-- +goose NO TRANSACTION\n-- +goose Up",
    down_alone: None,
    alone: |text| command(text).is_some_and(|command| command == "no transaction"),
    refused: |text| {
        let asks = command(text).is_some_and(|command| command.starts_with("envsub on"));
        asks.then_some(Instead {
            why: "the file wants variables of the environment put in",
            instead: "write their values down: what a migration does must not depend on where it runs",
        })
    },
    foreign: |path| {
        (path.extension() == Some("go")).then_some(Instead {
            why: "the migration is Go code, which only goose can run",
            instead: "write it in SQL, or go on running it with goose",
        })
    },
};

/// What a comment asks of goose: `up`, `no transaction`.
fn command(text: &str) -> Option<String> {
    let rest = text.strip_prefix("+goose")?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    Some(words.join(" ").to_lowercase())
}
