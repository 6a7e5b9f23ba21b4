//! What the migrations of a run lose, as the rehearsal saw it and as many rows as the target has.

use whimbrel_catalog::{HoldingKind, LossKind, Named};
use whimbrel_engine::rehearse::{self, Lost, Rows};
use whimbrel_engine::state::StateError;
use whimbrel_engine::wire::Session;

use super::report::Report;
use crate::error::Error;
use crate::wire::{LossHow, LossShown};

/// Notes what each migration loses; those that were not rehearsed stay unknown.
pub(super) async fn note(
    report: &mut Report,
    losses: &[Vec<Lost>],
    session: &mut Session,
) -> Result<(), Error> {
    for (shown, losses) in report.migrations.iter_mut().zip(losses) {
        let mut all = Vec::new();
        for lost in losses {
            all.push(loss(lost, session).await?);
        }
        shown.losses = Some(all);
    }
    Ok(())
}

async fn loss(Lost { loss, table }: &Lost, session: &mut Session) -> Result<LossShown, Error> {
    let holding = &loss.holding;
    let rows = match holding.kind {
        HoldingKind::EnumLabel => None,
        HoldingKind::Table
        | HoldingKind::MaterializedView
        | HoldingKind::Column
        | HoldingKind::InheritedColumn => rows(table, session).await?,
    };
    let how = match loss.kind {
        LossKind::Dropped => LossHow::Dropped,
        LossKind::Replaced => LossHow::Replaced,
        LossKind::NewFile => LossHow::EmptiedOrRewritten,
    };
    let (rows, counted) = match rows {
        Some(Rows::Counted(count)) => (Some(count), true),
        Some(Rows::Estimated(count)) => (Some(count), false),
        None => (None, false),
    };
    Ok(LossShown { how, kind: holding.kind.name(), name: holding.to_string(), rows, counted })
}

async fn rows(table: &Named, session: &mut Session) -> Result<Option<Rows>, Error> {
    Ok(rehearse::rows(session, table).await.map_err(StateError::from)?)
}
