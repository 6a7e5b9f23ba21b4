//! Errors of hooks.

use whimbrel_app::catalogue::Code;

use super::Seen;
use crate::kit::Project;

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W43");
    let migration = ("migrations/001_users.sql", "create table users ();\n");
    let project = Project::new(&[migration, ("db/vacuum.sql", "vacuum;\n")]).with_database().await;
    for (code, hook) in [
        (Code::HOOK_FILE, "before = 'db/pause.sql'"),
        (Code::HOOK_NOT_ONE, "before = 'db/vacuum.sql'"),
        (Code::HOOK_BEFORE, "before = 'exit 3'"),
    ] {
        project.write("whimbrel.toml", &format!("[hooks]\n{hook}\n"));
        seen.run(code, &project, "up --yes --no-rehearsal");
    }
    project.write("whimbrel.toml", "[hooks]\nafter = 'exit 2'\n");
    seen.run(Code::HOOK_AFTER, &project, "up --yes --no-rehearsal");
    seen.whole();
}
