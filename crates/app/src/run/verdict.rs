//! What a proof decides about what is to be written.

use whimbrel_engine::wire::Session;

use super::amend::{Amending, Change, Proof, Saying, applied_then};
use super::prove::{self, Claim, DifferenceShown, ProofShown, Proved};
use super::rehearse::Ways;
use crate::catalogue::Code;
use crate::error::Error;
use crate::events::Events;
use crate::wire;

/// How many objects an error names.
const NAMED: usize = 12;

/// What came of a proof, and why nothing may be written for it.
pub(super) struct Verdict {
    pub(super) shown: ProofShown,
    pub(super) refusal: Option<Error>,
}

/// Proves what the ledger would say then, and refuses what is wrong.
pub(super) async fn verdict(
    amending: &Amending<'_>,
    session: &mut Session,
    events: &mut dyn Events,
) -> Result<Verdict, Error> {
    let fine = |shown| Ok(Verdict { shown, refusal: None });
    let refused = |because: String| {
        let refusal = Some(unproved(&because, amending.proof));
        Ok(Verdict { shown: ProofShown::None { because }, refusal })
    };
    if amending.proof == Proof::Unwanted {
        return fine(ProofShown::None { because: "it was not wanted".to_owned() });
    }
    let shown = match proved(amending, amending.changes, session, events).await? {
        Proved::Shown(shown) => shown,
        Proved::Fails { history, key, because } => {
            if is_of_the_changes(amending, &history, &key) {
                return refused(because);
            }
            ProofShown::None { because }
        }
    };
    match shown {
        ProofShown::Proved { ref unseen, .. } if amending.proof == Proof::Whole => {
            match unseen.first() {
                Some(id) => refused(format!(
                    "nothing that is compared shows whether `{id}` ran: it changes rows, \
                     grants, owners or roles"
                )),
                None => fine(shown),
            }
        }
        ProofShown::Proved { .. } => fine(shown),
        ProofShown::None { .. } if amending.proof == Proof::IfPossible => fine(shown),
        ProofShown::None { because } => refused(because),
        ProofShown::Differs { server, stand_ins, differences, .. } => {
            let before = differing_now(amending, session, events).await?;
            let is_old = differences.iter().all(|one| before.contains(one));
            let as_before = amending.proof == Proof::IfPossible && is_old;
            let refusal = (!as_before).then(|| differing(&differences, &before, amending.proof));
            let shown = ProofShown::Differs { server, stand_ins, differences, as_before };
            Ok(Verdict { shown, refusal })
        }
    }
}

/// Proves what the ledger would say after changes; what cannot be proved at all is no error where
/// nobody demands it.
async fn proved(
    amending: &Amending<'_>,
    changes: &[Change],
    session: &mut Session,
    events: &mut dyn Events,
) -> Result<Proved, Error> {
    let Amending { project, state, tools, options, proof, .. } = *amending;
    let none = |because| Ok(Proved::Shown(ProofShown::None { because }));
    let applied = applied_then(project, state, changes);
    let marked = changes.iter().filter(|change| matches!(change.saying, Saying::Applied(_)));
    let marked: Vec<&str> = marked.map(|change| change.key.as_str()).collect();
    let claim = Claim { project, state, applied, tools, marked: &marked };
    let ways = Ways { place: &options.place, fetch: options.fetch };
    match prove::prove(claim, ways, session, events).await {
        Err(error @ (Error::Shadow(_) | Error::Rehearse(_))) if proof == Proof::IfPossible => {
            none(wire::chain(&error).join(": "))
        }
        result => result,
    }
}

/// Whether a migration that cannot be replayed fails for what is to be changed: it is marked, or
/// something before it would not be there.
fn is_of_the_changes(amending: &Amending<'_>, history: &str, key: &str) -> bool {
    amending.changes.iter().any(|change| match change.saying {
        Saying::Pending | Saying::Nothing => true,
        Saying::Applied(_) | Saying::AsItsFile => {
            change.key == key && amending.project.histories[change.history].name == history
        }
        Saying::Same => false,
    })
}

/// The objects that differ already, as the ledger is now; none where that is not known, or where
/// the ledger is only beginning.
async fn differing_now(
    amending: &Amending<'_>,
    session: &mut Session,
    events: &mut dyn Events,
) -> Result<Vec<DifferenceShown>, Error> {
    if amending.proof == Proof::Required {
        return Ok(Vec::new());
    }
    Ok(match proved(amending, &[], session, events).await? {
        Proved::Shown(ProofShown::Differs { differences, .. }) => differences,
        Proved::Shown(ProofShown::Proved { .. } | ProofShown::None { .. })
        | Proved::Fails { .. } => Vec::new(),
    })
}

fn unproved(because: &str, proof: Proof) -> Error {
    Error::Refused {
        code: Code::UNPROVED,
        message: format!(
            "it cannot be proved that the database is what the ledger would say: {because}"
        ),
        hints: vec![format!("nothing was written; {} goes on without", without(proof))],
    }
}

/// What to say to go on without a proof.
fn without(proof: Proof) -> &'static str {
    match proof {
        Proof::Whole => "`--no-proof` in place of `--prove`",
        Proof::Required | Proof::IfPossible | Proof::Unwanted => "`--no-proof`",
    }
}

/// What differs, that which the change would add first.
fn differing(differences: &[DifferenceShown], before: &[DifferenceShown], proof: Proof) -> Error {
    let (old, new): (Vec<_>, Vec<_>) = differences.iter().partition(|one| before.contains(one));
    let said = new.iter().map(|one| (one, "")).chain(old.iter().map(|one| (one, ", as before")));
    let mut hints: Vec<String> = said
        .take(NAMED)
        .map(|(one, as_before)| {
            let how = match one.how {
                "missing" => "the migrations make it, and the database lacks it",
                "extra" => "the database has it, and no migration makes it",
                _ => "it is not what the migrations make",
            };
            format!("{} `{}`: {how}{as_before}", one.kind, one.name)
        })
        .collect();
    if differences.len() > NAMED {
        hints.push(format!("and {} more", differences.len() - NAMED));
    }
    hints.push(format!("nothing was written; {} goes on in spite of it", without(proof)));
    let objects = if differences.len() == 1 { "object differs" } else { "objects differ" };
    Error::Refused {
        code: Code::DIFFERS,
        message: format!(
            "the database is not what the ledger would say: {} {objects}",
            differences.len()
        ),
        hints,
    }
}
