//! The project, its configuration and its histories.

use whimbrel_app::catalogue::Code;

use super::Seen;
use crate::kit::Project;

const A: (&str, &str) = ("migrations/001_a.sql", "create table a ();\n");

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W11");
    let empty = Project::new(&[]);
    seen.run(Code::NO_PROJECT_FOLDER, &empty, "status --project shop");
    seen.run(Code::NO_MIGRATIONS, &empty, "new add_notes");
    let config = |text: &str| Project::new(&[A, ("whimbrel.toml", text)]);
    seen.run(Code::CONFIGURATION, &config("fromat = 1"), "status");
    seen.run(Code::ALREADY_INITIALISED, &config(""), "init");
    let folder = "[history.shop]\nformat = 'plain'\nfolder = 'migratoins'\n";
    seen.run(Code::HISTORY_FOLDER, &config(folder), "status --dev");
    seen.run(Code::UNKNOWN_HISTORY, &config(""), "new add_notes --history mian");
    let unread = Project::new(&[("whimbrel.toml/x", "")]);
    seen.run(Code::FILE, &unread, "status");
    seen.run(Code::OTHER_TOOLS_PROJECT, &Project::new(&[("alembic.ini", "")]), "init");
    let odd = "[history.odd]\nfolder = 'odd'\n";
    let odd = Project::new(&[("whimbrel.toml", odd), ("odd/readme.md", "")]);
    seen.run(Code::UNKNOWN_FORMAT, &odd, "new add_notes");
    let broken = Project::example("supabase");
    broken.write("supabase/config.toml", "[db\n");
    seen.run(Code::TOOL_SETTINGS, &broken.with_database().await, "up --yes");

    several(&mut seen);
    renamed(&mut seen).await;
    seen.whole();
}

/// Two histories.
fn several(seen: &mut Seen) {
    let two = |after: &str| {
        let config = format!(
            "[history.app]\nformat = 'plain'\nfolder = 'migrations'\nafter = ['jobs']\n\
             [history.jobs]\nformat = 'plain'\nfolder = 'jobs'\n{after}"
        );
        Project::new(&[A, ("jobs/001_b.sql", "create table b ();\n"), ("whimbrel.toml", &config)])
    };
    seen.run(Code::SEVERAL_HISTORIES, &two(""), "new add_notes");
    seen.run(Code::HISTORIES_WAIT, &two("after = ['app']\n"), "status --dev");
}

/// A history that got another name after it was applied.
async fn renamed(seen: &mut Seen) {
    let project = Project::new(&[A]).with_database().await;
    project.done("up --yes --no-rehearsal");
    project.write("whimbrel.toml", "[history.shop]\nformat = 'plain'\nfolder = 'migrations'\n");
    seen.run(Code::HISTORY_RENAMED, &project, "up --yes --no-rehearsal");
}
