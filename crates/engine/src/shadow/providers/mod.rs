//! Where a server comes from.
//!
//! To add a way, write its file, and add its `mod` line and its line in [`PROVIDERS`].

mod cached;
mod installed;
mod node_modules;
mod npm;
mod url;

use super::cache::Cache;
use super::distribution::Distribution;
use super::error::{PackageWanted, ShadowError};
use super::options::ShadowOptions;
use super::portable;
use crate::{Events, Target};

/// All ways, in the order in which they are tried.
#[rustfmt::skip] // one line each, so that one can be added or taken out
pub(crate) const PROVIDERS: &[&dyn Provider] = &[
    &url::Url,
    &installed::Installed,
    &cached::Cached,
    &node_modules::NodeModules,
    &npm::Npm,
];

/// One way to come by a server.
pub(crate) trait Provider: Sync {
    /// A short name: `npm`.
    fn name(&self) -> &'static str;

    /// Looks for a server. An error ends the search: something is there and is not right.
    fn find(&self, wanted: &Wanted<'_>, events: &mut dyn Events) -> Result<Search, ShadowError>;
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) major: u16,
    pub(crate) options: &'a ShadowOptions,
    pub(crate) cache: &'a Cache,
    /// The package for this platform and major, if there is one.
    pub(crate) package: Option<&'static portable::Package>,
}

/// What a provider has found.
#[derive(Clone, Debug)]
pub(crate) enum Search {
    /// A server's programs.
    Programs(Distribution),
    /// A running server.
    Running(Box<Target>),
    /// Nothing, and what was looked for.
    Nothing(String),
}

/// What was found first.
#[derive(Clone, Debug)]
pub(crate) enum Provided {
    /// A server's programs.
    Programs(Distribution),
    /// A running server.
    Running(Box<Target>),
}

/// Asks each provider in turn.
pub(crate) fn find(
    major: u16,
    options: &ShadowOptions,
    cache: &Cache,
    events: &mut dyn Events,
) -> Result<Provided, ShadowError> {
    let (first, last) = portable::majors();
    if !(first..=last).contains(&major) {
        return Err(ShadowError::UnknownMajor { major, first, last });
    }
    let package = portable::platform().and_then(|platform| portable::package(platform, major));
    let wanted = Wanted { major, options, cache, package };
    let (mut looked_for, mut reason) = (Vec::new(), String::new());
    for provider in PROVIDERS {
        match provider.find(&wanted, events)? {
            Search::Programs(programs) => return Ok(Provided::Programs(programs)),
            Search::Running(target) => return Ok(Provided::Running(target)),
            Search::Nothing(what) => {
                looked_for.push(format!("{}: {what}", provider.name()));
                reason = what;
            }
        }
    }
    // The last provider's is the reason; the others were merely looked at.
    looked_for.pop();
    Err(ShadowError::NoServer {
        major,
        reason,
        looked_for,
        package: package
            .map(|package| PackageWanted { spec: package.spec(), folder: cache.dist() }),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PROVIDERS;

    #[test]
    fn every_file_of_a_provider_is_registered_under_a_name_of_its_own() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shadow/providers");
        let files = std::fs::read_dir(folder).unwrap().count() - 1;
        let names: BTreeSet<&str> = PROVIDERS.iter().map(|provider| provider.name()).collect();
        assert_eq!((PROVIDERS.len(), names.len()), (files, files));
    }
}
