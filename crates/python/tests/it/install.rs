//! `pip install .`, as a user does it.

use std::env;
use std::process::Command;

use crate::kit::{Project, done, environment, here};

#[tokio::test]
async fn pip_installs_a_package_that_plans() {
    let project = Project::new(&[("001_items.sql", "create table items (id int);")]).await;
    let python = environment(&project.folder.path().join("environment"));
    // What cargo test has compiled serves again: same profile, same folder.
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "-q", "--config-settings=build-args=--profile=dev"]);
    done(&install.arg(here()).env("CARGO_TARGET_DIR", target).output().unwrap());
    let script = "
import pathlib, whimbrel
plan = whimbrel.MigrationRunner().create_migration_plan_blocking()
folder = pathlib.Path(whimbrel.__file__).parent
print(len(plan.migrations), (folder / 'py.typed').exists(), (folder / '_native.pyi').exists())
";
    let mut plan = Command::new(&python);
    plan.args(["-c", script]).current_dir(project.folder.path());
    let output = plan.env("DATABASE_URL", project.url()).output().unwrap();
    assert_eq!(done(&output).trim(), "1 True True");
}
