//! Comparing states.

use whimbrel_app::catalogue::Code;

use super::Seen;
use crate::kit::Project;

#[tokio::test]
async fn every_error_comes() {
    let mut seen = Seen::of("W70");
    let project = Project::new(&[
        ("migrations/001_a.sql", "create table a (id int);\n"),
        ("shop.sql", "create table t (price money2);\n"),
    ]);
    seen.run(Code::NO_SOURCE, &project, "diff empty shop");
    seen.run(Code::HISTORY_AS_SOURCE, &project, "diff empty migrations");
    seen.run(Code::SOURCE_FILE, &project, "diff empty none.sql");
    seen.run(Code::SOURCE_SQL, &project, "diff empty shop.sql");
    let [old, new] = [16, 17].map(|major| Project::new(&[]).with_database_of(major));
    let (old, new) = (old.await, new.await);
    seen.run(Code::NO_PLAN, &project, &format!("diff {} {}", new.url(), old.url()));
    let hurried = format!(
        "{}{}options=-c%20statement_timeout%3D1ms",
        new.url(),
        if new.url().contains('?') { "&" } else { "?" }
    );
    new.sql("create table t as select from generate_series(1, 10); do $$ begin for i in 1..1500 loop execute format('create view v%s as select 1 as a', i); end loop; end $$").await;
    seen.run(Code::CATALOG, &project, &format!("diff {hurried} empty"));
    // What watches over a database watches over a plan, too.
    let guard = "create function no() returns event_trigger language plpgsql as \
        $$ begin raise 'no more tables'; end $$;\n\
        create event trigger no on ddl_command_end when tag in ('CREATE TABLE') execute function no();\n";
    project.write("old.sql", guard);
    project.write("new.sql", &format!("create table t (a int);\n{guard}"));
    seen.run(Code::PLAN_NOT_PROVED, &project, "diff old.sql new.sql");
    seen.whole();
}
