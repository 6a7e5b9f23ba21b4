//! dbmate's files: up and down in one, parted by `-- migrate:up` and `-- migrate:down`.
//!
//! `transaction:false` behind a mark runs the migration step by step.

use super::marked::Marked;
use super::sections::{Marks, Side};

/// dbmate's files.
pub(super) const DBMATE: Marked = Marked {
    name: "dbmate",
    summary: "dbmate's SQL files: one with -- migrate:up and -- migrate:down",
    folders: &["db/migrations"],
    marks: Marks {
        side: |text| match text.split_whitespace().next() {
            Some("migrate:up") => Some(Side::Up),
            Some("migrate:down") => Some(Side::Down),
            _ => None,
        },
        up: "-- migrate:up",
        words: &["migrate:up", "migrate:down"],
    },
    down: "-- migrate:down",
    up_alone: "-- migrate:up transaction:false",
    down_alone: Some("-- migrate:down transaction:false"),
    alone: |text| {
        let mut words = text.split_whitespace();
        words.next() == Some("migrate:up") && words.any(|word| word == "transaction:false")
    },
    refused: |_| None,
    foreign: |_| None,
};
