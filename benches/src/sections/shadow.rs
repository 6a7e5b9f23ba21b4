//! How long it takes to have a shadow.

use std::fs;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use whimbrel_engine::shadow::{self, KeepKind, Lineage, Shadow, ShadowOptions};

use super::Setting;
use crate::Outcome;
use crate::race::{Contender, race};
use crate::report::Section;
use crate::server::{MAJOR, Nobody, options};

/// From the cached template, from a cached state, and with initdb.
pub(super) fn section(setting: &Setting<'_>) -> Outcome<Section> {
    let mut section = Section::new(
        "The shadow",
        "From the call to the first answer of the server, its data on tmpfs. The server's programs are \
         there; *cold* makes a new cluster with initdb.",
    );
    let warm = options();
    let lineage = state(setting, &warm)?;
    let cold = Cold::new(&warm)?;
    let mut racers = [
        Contender::new("from the cached template", || start(setting, &warm)),
        Contender::new("from a cached state of a history", || {
            let begin = Instant::now();
            let mut events = Nobody;
            let start = Shadow::start_from(&warm, MAJOR, &lineage, &mut events);
            let server = setting.runtime.block_on(start)?;
            let took = begin.elapsed();
            if server.inherited() != lineage.len() {
                return Err("the state was not cached".into());
            }
            setting.runtime.block_on(server.stop());
            Ok(took)
        }),
        Contender::new("cold, with initdb", || {
            cold.forget()?;
            start(setting, &cold.options)
        }),
    ];
    race(&mut racers, setting.rounds(20))?;
    section.table("until it answers", &racers, &[]);
    for (number, limit) in [(0, 60.0), (1, 60.0), (2, 1000.0)] {
        let what = format!("shadow {}", racers[number].name);
        section.limit(&what, racers[number].times.least(), limit, "ms");
    }
    Ok(section)
}

fn start(setting: &Setting<'_>, options: &ShadowOptions) -> Outcome<Duration> {
    let begin = Instant::now();
    let server = setting.runtime.block_on(Shadow::start(options, MAJOR, &mut Nobody))?;
    let took = begin.elapsed();
    setting.runtime.block_on(server.stop());
    Ok(took)
}

/// Puts a state into the cache.
fn state(setting: &Setting<'_>, options: &ShadowOptions) -> Outcome<Lineage> {
    let mut lineage = Lineage::of("bench");
    lineage.add(b"nothing but an empty database");
    setting.runtime.block_on(async {
        let server = Shadow::start_from(options, MAJOR, &lineage, &mut Nobody).await?;
        server.keep(&lineage).await?;
        server.stop().await;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    })?;
    Ok(lineage)
}

/// A cache of its own with the programs of the usual one, and no cluster.
struct Cold {
    folder: TempDir,
    options: ShadowOptions,
}

impl Cold {
    fn new(warm: &ShadowOptions) -> Outcome<Self> {
        let programs = shadow::list(&warm.environment)
            .into_iter()
            .find(|keep| keep.kind == KeepKind::Programs)
            .ok_or("no server in the cache")?;
        let programs = programs.path.parent().ok_or("programs lie in a folder")?;
        let folder = tempfile::Builder::new()
            .prefix("whimbrel-bench-cold-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()?;
        std::os::unix::fs::symlink(programs, folder.path().join("dist"))?;
        let mut options = warm.clone();
        let path = folder.path().to_str().ok_or("temporary folders have plain names")?;
        options.environment = options.environment.with("WHIMBREL_CACHE_DIR", path);
        Ok(Self { folder, options })
    }

    fn forget(&self) -> Outcome<()> {
        let templates = self.folder.path().join("template");
        if templates.exists() {
            fs::remove_dir_all(templates)?;
        }
        Ok(())
    }
}
