//! The ways to a running shadow.

use std::fs::File;
use std::io;

use camino::Utf8Path;
use tokio::sync::mpsc;

use super::address::{self, Address, Chosen, Ports};
use super::borrowed::Borrowed;
use super::cache::Cache;
use super::cluster::{self, Recipe};
use super::development::Development;
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
use super::waiting::Waiting;
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
        let joined = Self::keep(options, major, project, Manner::Leaving, events).await?;
        Ok(joined.server)
    }

    /// The same, and the server stays when its last user leaves, until
    /// [`Development::stop`](super::Development::stop); other programs reach it by TCP.
    pub async fn serve(
        options: &ShadowOptions,
        major: u16,
        project: &Utf8Path,
        ports: Ports,
        events: &mut dyn Events,
    ) -> Result<Served, ShadowError> {
        let joined = Self::keep(options, major, project, Manner::Staying(ports), events).await?;
        let Joined { server, was_running, chosen } = joined;
        // Whoever may enter the socket's folder needs no address.
        let Chosen { address, passed_over, is_new } = chosen.ok_or(ShadowError::Shared)?;
        let unfinished = Address::is_unfinished();
        if is_new || !admin::rows(&server.master(), &unfinished).await?.is_empty() {
            // Not while somebody who makes databases keeps others out.
            let development = Development::of(&options.environment, project);
            let turn = development.turn(events).await?;
            if admin::rows(&server.master(), &unfinished).await?.is_empty() {
                admin::run(&server.master(), &[&address.log_in()]).await?;
            } else {
                server.put_right(&address).await?;
            }
            drop(turn);
        }
        Ok(Served { server, address, was_running, passed_over })
    }

    async fn keep(
        options: &ShadowOptions,
        major: u16,
        project: &Utf8Path,
        manner: Manner,
        events: &mut dyn Events,
    ) -> Result<Joined, ShadowError> {
        // Whoever lends a server for trying things out does not mean it to keep anything.
        let options = ShadowOptions { url: None, ..options.clone() };
        let cache = Cache::of(&options.environment);
        let folder = KeptFolder::of(&cache, project);
        let major = folder.major().unwrap_or(major);
        match provide(major, &options, &cache, events).await? {
            Provided::Programs(programs) => {
                let starting = Starting::with(&options, cache, programs);
                starting.kept(&folder, project, manner, events).await
            }
            Provided::Running(target) => {
                let server = Borrowed::open(*target, major).await.map(Server::borrowed)?;
                Ok(Joined { server, was_running: true, chosen: None })
            }
        }
    }
}

/// Whether a kept server leaves with its last user.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Leaving,
    Staying(Ports),
}

/// A kept server that was started or joined.
struct Joined {
    server: Server,
    was_running: bool,
    chosen: Option<Chosen>,
}

/// A development server that stays.
#[derive(Debug)]
pub struct Served {
    /// It. Who drops it does not stop it.
    pub server: Server,
    /// Where other programs reach it.
    pub address: Address,
    /// Whether it was there before.
    pub was_running: bool,
    /// The port that would have been preferred, and is taken.
    pub passed_over: Option<u16>,
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
        manner: Manner,
        events: &mut dyn Events,
    ) -> Result<Joined, ShadowError> {
        folder.make(&self.cache, project)?;
        let locking = |error: io::Error| ShadowError::io("lock", folder.path(), &error);
        loop {
            // Held for as long as the server is used; waits for a guard that is just leaving.
            let client = poll(|| folder.join_clients()).await.map_err(locking)?;
            let start = poll(|| folder.try_start()).await.map_err(locking)?;
            let Some(started) = folder.running().map_err(locking)? else {
                return self.kept_anew(folder, manner, client, start, events).await;
            };
            let chosen = match manner {
                Manner::Leaving => None,
                Manner::Staying(_) if !started.open => {
                    drop((client, start));
                    wait_until_left(folder, events).await?;
                    continue;
                }
                Manner::Staying(ports) => {
                    let chosen = address::of_running(folder, ports, started.port)?;
                    folder.stay().map_err(locking)?;
                    Some(chosen)
                }
            };
            let own = Own::new(
                Hold::Client(client.try_clone().map_err(locking)?),
                started,
                &self.cache,
                &self.recipe,
            );
            match own.wait_until_ready().await {
                Ok(()) => {
                    let server = Server::own(own, &self.programs, 0);
                    return Ok(Joined { server, was_running: true, chosen });
                }
                // Its guard was just being killed.
                Err(ShadowError::Died { .. }) => {
                    return self.kept_anew(folder, manner, client, start, events).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Starts the server of a kept folder that has no guard.
    async fn kept_anew(
        self,
        folder: &KeptFolder,
        manner: Manner,
        client: File,
        start: File,
        events: &mut dyn Events,
    ) -> Result<Joined, ShadowError> {
        let had_data = folder.data().exists();
        let mut settings = cluster::kept_settings(self.programs.major);
        let path = folder.path().to_owned();
        let (home, chosen) = match manner {
            Manner::Leaving => (Home::Kept(path), None),
            Manner::Staying(ports) => {
                let chosen = address::choose(folder, &self.cache, ports)?;
                folder.set_address(&chosen.address)?;
                settings.extend(cluster::staying_settings(address::HOST, chosen.address.port()));
                (Home::Staying(path), Some(chosen))
            }
        };
        let mut order = self.order(home, settings);
        if chosen.is_some() {
            order.files.push(("pg_hba.conf".to_owned(), cluster::STAYING_HBA.to_owned()));
        }
        let mut guard = GuardLink::open(self.options, &order)?;
        let started = guard.started(events).await?;
        // Others may join while this one waits; nobody else starts a server to stay meanwhile.
        let start = Some(start).filter(|_| chosen.is_some());
        let own = Own::new(Hold::Client(client), started, &self.cache, &self.recipe);
        let ready = own.wait_until_ready().await;
        if ready.is_err() && chosen.is_some() {
            folder.let_go().ok();
        }
        drop(start);
        match ready {
            Ok(()) => {
                let server = Server::own(own, &self.programs, 0);
                Ok(Joined { server, was_running: false, chosen })
            }
            Err(ShadowError::Died { log }) => {
                if let Some(Chosen { address, .. }) = &chosen {
                    // It may have been taken between the look and the start.
                    address::check_free(address.port())?;
                }
                if had_data {
                    return Err(ShadowError::BrokenData { folder: folder.data(), log });
                }
                Err(ShadowError::Died { log })
            }
            Err(failure) => Err(failure),
        }
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

/// Waits until the guard of a server that others use has left.
async fn wait_until_left(folder: &KeptFolder, events: &mut dyn Events) -> Result<(), ShadowError> {
    let mut waiting = Waiting::for_what("another Whimbrel that uses the development database");
    while folder.is_leased() {
        waiting.look(events);
        tokio::time::sleep(admin::POLL).await;
    }
    Ok(())
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
