//! Pairs of schemas: the plan from one to the other leads there, both ways, and leaves nothing to do.

use std::fs;
use std::path::{Path, PathBuf};

use whimbrel_catalog::{Catalog, Plan, deltas, plan};
use whimbrel_engine::prove::{Laboratory, Verdict};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus")
}

/// Every pair, by name, with its two texts, and whether there is no way back.
fn pairs() -> Vec<(String, [String; 2], bool)> {
    let mut pairs = Vec::new();
    for kind in fs::read_dir(root()).unwrap() {
        for case in fs::read_dir(kind.unwrap().path()).unwrap() {
            let folder = case.unwrap().path();
            let texts =
                ["old.sql", "new.sql"].map(|file| fs::read_to_string(folder.join(file)).unwrap());
            let name = folder.strip_prefix(root()).unwrap().display().to_string();
            pairs.push((name, texts, folder.join("one-way").exists()));
        }
    }
    pairs.sort();
    assert!(pairs.len() > 40, "{}", pairs.len());
    pairs
}

/// Judges a pair in one direction: what is wrong with it, if anything.
async fn judge(laboratory: &mut Laboratory, old: &Catalog, new: &Catalog) -> Result<Plan, String> {
    let made = plan(old, new).map_err(|error| error.to_string())?;
    if let Some(again) = made_again(old, new, &made) {
        return Err(format!("{again} is dropped and made again"));
    }
    match laboratory.prove(old, new, &made).await.map_err(|error| error.to_string())? {
        Verdict::Proved => Ok(made),
        Verdict::Differs(left) => Err(format!("{left:?} is left by\n{made}")),
        Verdict::NotBuilt { because } => Err(format!("not built: {because}")),
        Verdict::Refused { step, failure } => {
            Err(format!("{}: {failure:?}", made.steps[step].step))
        }
    }
}

/// A table or a column with values of its own that both states have, and the plan drops.
fn made_again(old: &Catalog, new: &Catalog, made: &Plan) -> Option<String> {
    let steps = made.steps.iter().flat_map(|planned| &planned.step.hazards);
    let texts: Vec<&str> = steps.map(|hazard| hazard.text.as_str()).collect();
    let both = old.facts().filter(|fact| new.has(&fact.id) && !fact.is("generated"));
    let holding = both.filter(|fact| matches!(fact.id.kind(), "table" | "column"));
    let mut said = holding.map(|fact| format!("drops {} with", fact.id));
    said.find(|name| texts.iter().any(|text| text.starts_with(name)))
}

async fn whole(major: u16) {
    let mut laboratory =
        Laboratory::open(&whimbrel_testkit::options(), major, |state| state, &mut ())
            .await
            .unwrap();
    let mut wrong = Vec::new();
    for (name, texts, is_one_way) in pairs() {
        let mut states = Vec::new();
        for text in &texts {
            let made = laboratory.make(&[(&name, text)]).await.unwrap();
            states.push(made.unwrap_or_else(|refused| panic!("{name}: {refused:?}")));
        }
        let ways: &[[usize; 2]] = if is_one_way { &[[0, 1]] } else { &[[0, 1], [1, 0]] };
        for &[from, to] in ways {
            if let Err(why) = judge(&mut laboratory, &states[from], &states[to]).await {
                wrong.push(format!("{name}, {from} to {to}: {why}"));
            }
            assert!(deltas(&states[from], &states[from]).is_empty(), "{name}");
        }
    }
    assert!(wrong.is_empty(), "on {major}: {} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test]
async fn every_pair_converges_on_17() {
    whole(17).await;
}

#[tokio::test]
async fn every_pair_converges_on_15() {
    whole(15).await;
}
