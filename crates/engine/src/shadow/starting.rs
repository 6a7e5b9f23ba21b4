//! The ways to a running shadow.

use std::io;

use camino::Utf8Path;
use tokio::sync::mpsc;

use super::borrowed::Borrowed;
use super::cache::Cache;
use super::cluster::{self, Recipe};
use super::distribution::Distribution;
use super::error::ShadowError;
use super::kept::KeptFolder;
use super::lineage::Lineage;
use super::link::GuardLink;
use super::options::ShadowOptions;
use super::order::{Home, Order};
use super::own::{Hold, Own};
use super::providers::{self, Provided};
use super::server::{Server, Template};
use super::{admin, overlay, place};
use crate::{Event, Events};

/// The port of a shadow, which is only a part of its socket's name.
const PORT: u16 = 5432;

/// The way to a [`Server`].
#[derive(Debug)]
pub struct Shadow;

impl Shadow {
    /// Starts a throw-away server of a major version.
    pub async fn start(
        options: &ShadowOptions,
        major: u16,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cache = Cache::of(&options.environment);
        match provide(major, options, &cache, events).await? {
            Provided::Programs(programs) => {
                Starting::with(options, cache, programs).throw_away(None, events).await
            }
            Provided::Running(target) => Borrowed::open(*target, major).await.map(Server::borrowed),
        }
    }

    /// Starts a throw-away server that has a database made by the longest prefix of a lineage that
    /// is cached: [`Server::inherited`] says how many steps that are, and the rest is the caller's
    /// to do. [`Server::keep`] then caches the whole.
    pub async fn start_from(
        options: &ShadowOptions,
        major: u16,
        lineage: &Lineage,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cache = Cache::of(&options.environment);
        let server = match provide(major, options, &cache, events).await? {
            Provided::Programs(programs) => {
                Starting::with(options, cache, programs).throw_away(Some(lineage), events).await?
            }
            Provided::Running(target) => {
                Borrowed::open(*target, major).await.map(Server::borrowed)?
            }
        };
        if server.inherited() == 0 {
            server.create_database(lineage.database(), Template::Empty).await?;
        }
        Ok(server)
    }

    /// Starts or joins the server of a project's development database, which is kept between
    /// calls and stops when its last user leaves.
    ///
    /// `major` counts for a new one only: data that is there says its own.
    pub async fn develop(
        options: &ShadowOptions,
        major: u16,
        project: &Utf8Path,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        // Whoever lends a server for trying things out does not mean it to keep anything.
        let options = ShadowOptions { url: None, ..options.clone() };
        let cache = Cache::of(&options.environment);
        let folder = KeptFolder::of(&cache, project);
        let major = folder.major().unwrap_or(major);
        match provide(major, &options, &cache, events).await? {
            Provided::Programs(programs) => {
                Starting::with(&options, cache, programs).kept(&folder, project, events).await
            }
            Provided::Running(target) => Borrowed::open(*target, major).await.map(Server::borrowed),
        }
    }
}

/// A server's programs, about to be started.
struct Starting<'a> {
    options: &'a ShadowOptions,
    cache: Cache,
    programs: Distribution,
    recipe: Recipe,
}

impl<'a> Starting<'a> {
    fn with(options: &'a ShadowOptions, cache: Cache, programs: Distribution) -> Self {
        let recipe = Recipe::plain(&programs);
        Self { options, cache, programs, recipe }
    }

    async fn throw_away(
        self,
        lineage: Option<&Lineage>,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        let cached = lineage
            .map(|lineage| lineage.cached(&self.cache.states(), &self.recipe.key))
            .unwrap_or_default();
        let home = Home::Fresh(place::bases(&self.options.environment));
        let mut order = self.order(home, cluster::throw_away_settings(self.programs.major));
        order.states = cached.iter().map(|(_, entry)| entry.clone()).collect();
        let mut guard = GuardLink::open(self.options, &order)?;
        let started = guard.started(events).await?;
        let taken = cached.iter().find(|(_, entry)| started.state.as_ref() == Some(entry));
        let inherited = taken.map_or(0, |(length, _)| *length);
        let own = Own::new(Hold::guard(guard), started, &self.cache, &self.recipe);
        own.wait_until_ready().await?;
        Ok(Server::own(own, &self.programs, inherited))
    }

    async fn kept(
        self,
        folder: &KeptFolder,
        project: &Utf8Path,
        events: &mut dyn Events,
    ) -> Result<Server, ShadowError> {
        folder.make(&self.cache, project)?;
        let home = Home::Kept(folder.path().to_owned());
        let order = self.order(home, cluster::kept_settings(self.programs.major));
        let locking = |error: io::Error| ShadowError::io("lock", folder.path(), &error);
        // Held for as long as the server is used; waits for a guard that is just leaving.
        let client = poll(|| folder.join_clients()).await.map_err(locking)?;
        let start = poll(|| folder.try_start()).await.map_err(locking)?;
        if let Some(started) = folder.running().map_err(locking)? {
            let client = client.try_clone().map_err(locking)?;
            let own = Own::new(Hold::Client(client), started, &self.cache, &self.recipe);
            match own.wait_until_ready().await {
                Ok(()) => return Ok(Server::own(own, &self.programs, 0)),
                // Its guard was just being killed; the next lines start another.
                Err(ShadowError::Died { .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
        let mut guard = GuardLink::open(self.options, &order)?;
        let started = guard.started(events).await?;
        drop(start);
        let own = Own::new(Hold::Client(client), started, &self.cache, &self.recipe);
        own.wait_until_ready().await?;
        Ok(Server::own(own, &self.programs, 0))
    }

    fn order(&self, home: Home, settings: Vec<(String, String)>) -> Order {
        let mut settings = settings;
        settings.extend(self.options.settings.iter().cloned());
        let port = settings.iter().rfind(|(name, _)| name == "port");
        let port = port.and_then(|(_, port)| port.parse().ok()).unwrap_or(PORT);
        settings.retain(|(name, _)| name != "port");
        Order {
            distribution: self.programs.clone(),
            recipe: self.recipe.clone(),
            cache: self.cache.folder().to_owned(),
            states: Vec::new(),
            home,
            swept: place::all_bases(&self.options.environment),
            settings,
            files: self.options.files.clone(),
            port,
        }
    }
}

/// Tries until something is there.
async fn poll<T>(mut attempt: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    loop {
        if let Some(there) = attempt()? {
            return Ok(there);
        }
        tokio::time::sleep(admin::POLL).await;
    }
}

/// The programs with what the baseline's stand-ins add.
fn with_stand_ins(
    programs: Distribution,
    options: &ShadowOptions,
    cache: &Cache,
) -> Result<Distribution, ShadowError> {
    match &options.baseline {
        Some(baseline) => overlay::with_stand_ins(programs, baseline.stand_ins(), cache),
        None => Ok(programs),
    }
}

/// Looks for a server on a thread of its own: npm takes seconds.
async fn provide(
    major: u16,
    options: &ShadowOptions,
    cache: &Cache,
    events: &mut dyn Events,
) -> Result<Provided, ShadowError> {
    struct Relay(mpsc::UnboundedSender<Event>);
    impl Events for Relay {
        fn on(&mut self, event: Event) {
            self.0.send(event).ok();
        }
    }
    let (sender, mut relayed) = mpsc::unbounded_channel();
    let (options, cache) = (options.clone(), cache.clone());
    // A plain thread, so that a caller that gives up does not wait for it.
    let found = std::thread::spawn(move || {
        match providers::find(major, &options, &cache, &mut Relay(sender))? {
            Provided::Programs(programs) => {
                with_stand_ins(programs, &options, &cache).map(Provided::Programs)
            }
            Provided::Running(target) => Ok(Provided::Running(target)),
        }
    });
    while let Some(event) = relayed.recv().await {
        events.on(event);
    }
    // The channel is closed, so the thread is at its end.
    found.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
