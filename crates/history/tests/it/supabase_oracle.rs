//! The real Supabase CLI and Whimbrel's ledger, each after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use whimbrel_history::formats::seeds::hash_of;
use whimbrel_history::state::{State, belonging, matrix, undecided};
use whimbrel_history::{History, statements};
use whimbrel_testkit::SupabaseCli;

use crate::database::Probe;
use crate::supabase_ledger::{SHAPES, made, record};
use crate::support::{Project, settings};

/// Scripts that are hard to cut, each of which can be applied once.
const FILES: &[(&str, &str)] = &[
    ("supabase/config.toml", "project_id = \"oracle\"\n[db]\nmajor_version = 17\n"),
    (
        "supabase/migrations/20240101000000_make_a.sql",
        "-- Makes a\r\ncreate table a (b text);\r\n\r\n-- it's filled\ninsert into a values ('x; \\ y') /* ; */ ;;\ncreate function f() returns int language sql begin atomic select case when true then 1 end; end;\n-- the end\n",
    ),
    (
        "supabase/migrations/20240102000000_functions.sql",
        "create function g() returns text language plpgsql as $x$\nbegin\n  return 'a;b';\nend\n$x$;\n\ndo $$ begin perform 1; end $$\n",
    ),
    (
        "supabase/migrations/20240103000000_index.sql",
        "-- pg-delta: transaction=false\ncreate index concurrently i on a (b);\nvacuum a;\n",
    ),
    ("supabase/migrations/20240104000000_nothing.sql", "-- nothing here yet\n"),
    ("supabase/migrations/20240105_short.sql", "create table c ();\n-- ===== end\n"),
];

/// What the CLI's list says: version, whether there is a file, whether there is a row.
type Listed = BTreeMap<String, (bool, bool)>;

fn cli_list(probe: &Probe, folder: &Path) -> Listed {
    let said = SupabaseCli::get().run(folder, probe.database.target(), "migration list").unwrap();
    said.lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`').trim());
            let (local, remote) = (cells.next()?, cells.next()?);
            let version = if local.is_empty() { remote } else { local };
            let is_version = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
            is_version.then(|| (version.to_owned(), (!local.is_empty(), !remote.is_empty())))
        })
        .collect()
}

async fn own_states(probe: &mut Probe, history: &History) -> Vec<(String, State)> {
    let entries: Vec<_> = probe.entries().await.into_values().collect();
    let own = belonging(history, &entries);
    let undecided: Vec<String> = undecided(history, &own).into_iter().map(str::to_owned).collect();
    let keys: Vec<&str> = undecided.iter().map(String::as_str).collect();
    let recorded = probe.recorded(&keys).await;
    let recorded = recorded.into_iter().map(|(key, one)| (key, one.fingerprints())).collect();
    matrix(history, &own, &recorded)
        .into_iter()
        .map(|row| (row.id().to_owned(), row.state))
        .collect()
}

/// Both say of each version whether it has a file and whether it is applied.
async fn agree(probe: &mut Probe, history: &History, folder: &Path, when: &str) {
    let own: Listed = own_states(probe, history)
        .await
        .into_iter()
        .map(|(id, state)| {
            let local = !matches!(state, State::MissingFile { .. });
            (id, (local, state.is_applied()))
        })
        .collect();
    assert_eq!(cli_list(probe, folder), own, "{when}");
}

async fn states(probe: &mut Probe, history: &History) -> BTreeSet<&'static str> {
    own_states(probe, history).await.into_iter().map(|(_, state)| state.word()).collect()
}

#[tokio::test]
async fn the_cli_and_whimbrel_agree_before_and_after_each_other() {
    let project = Project::new(FILES);
    let history = project.read("supabase", &settings("supabase/migrations")).unwrap();
    let all = project.definitions(&history);
    let cli = SupabaseCli::get();
    for (what, columns, _) in SHAPES.iter().filter(|(what, ..)| !what.contains("odd type")) {
        let folder = tempfile::tempdir().unwrap();
        project.write(folder.path(), |_| true);
        let mut probe = made(17, columns).await;

        // Whimbrel applies the first, the CLI the others.
        for statement in &statements(&all[0].up).unwrap() {
            probe.run(statement).await;
        }
        record(&mut probe, &all[0]).await;
        agree(&mut probe, &history, folder.path(), what).await;
        let said = cli.run(folder.path(), probe.database.target(), "db push").unwrap();
        assert!(!said.contains("20240101000000"), "{what}: {said}");
        assert!(said.contains("20240104000000"), "{what}: {said}");
        assert_eq!(states(&mut probe, &history).await, BTreeSet::from(["applied"]), "{what}");

        // What the CLI wrote of each is what Whimbrel would have written.
        for definition in &all[1..] {
            let key = &definition.migration.key;
            let recorded = probe.recorded(&[key]).await.remove(key).unwrap();
            assert_eq!(recorded.up, statements(&definition.up).unwrap(), "{what}: {key}");
        }

        // A row that the CLI takes out and puts back.
        let repair = "migration repair --status reverted 20240105";
        cli.run(folder.path(), probe.database.target(), repair).unwrap();
        agree(&mut probe, &history, folder.path(), what).await;
        assert_eq!(states(&mut probe, &history).await.len(), 2, "{what}");
    }
}

#[tokio::test]
async fn rows_that_either_takes_out_are_pending_to_the_other() {
    let project = Project::new(FILES);
    let history = project.read("supabase", &settings("supabase/migrations")).unwrap();
    let all = project.definitions(&history);
    let cli = SupabaseCli::get();
    let folder = tempfile::tempdir().unwrap();
    project.write(folder.path(), |_| true);
    let mut probe = Probe::new(17, "supabase").await;
    agree(&mut probe, &history, folder.path(), "an empty database").await;
    cli.run(folder.path(), probe.database.target(), "db push").unwrap();
    let repair = "migration repair --status reverted 20240105";
    cli.run(folder.path(), probe.database.target(), repair).unwrap();
    let repair = "migration repair --status applied 20240105";
    cli.run(folder.path(), probe.database.target(), repair).unwrap();
    assert_eq!(states(&mut probe, &history).await, BTreeSet::from(["applied"]));

    let place = probe.place().await;
    let forget = probe.ledger.forget(&place, all.last().unwrap());
    probe.together(&forget).await;
    agree(&mut probe, &history, folder.path(), "a row less").await;

    project.write(folder.path(), |path| !path.as_str().contains("nothing"));
    let rest = project.without("nothing").read("supabase", &settings("supabase/migrations"));
    agree(&mut probe, &rest.unwrap(), folder.path(), "a file less").await;
}

#[tokio::test]
async fn seeds_have_the_paths_and_hashes_of_the_cli() {
    let files = [
        FILES[0],
        ("supabase/migrations/20240101000000_a.sql", "create table a (b text);"),
        ("supabase/seed.sql", "insert into a values ('seed');\n"),
    ];
    let project = Project::new(&files);
    let folder = tempfile::tempdir().unwrap();
    project.write(folder.path(), |_| true);
    let mut probe = Probe::new(17, "supabase").await;
    let target = probe.database.target();
    SupabaseCli::get().run(folder.path(), target, "db push --include-seed").unwrap();
    let format = whimbrel_history::formats::by_name("supabase").unwrap();
    let seeds = format.seeds(&project, &settings("supabase/migrations")).unwrap().unwrap();
    let place = probe.place().await;
    let query = probe.ledger.seeds().unwrap().read(&place).unwrap();
    let own: Vec<String> = seeds
        .files
        .iter()
        .map(|path| format!("{path}|{}", hash_of(&project, path).unwrap()))
        .collect();
    assert_eq!(probe.rows(&query).await, own);
}
