//! A portable server that is in the cache, or whose archive somebody put there.

use super::{Provider, Search, Wanted};
use crate::Events;
use crate::shadow::error::ShadowError;
use crate::shadow::portable;

/// `<cache>/dist/<version>-<platform>/`, or the file of `npm pack` beside it.
pub(super) struct Cached;

impl Provider for Cached {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn find(&self, wanted: &Wanted<'_>, events: &mut dyn Events) -> Result<Search, ShadowError> {
        let Some(package) = wanted.package else {
            return Ok(Search::Nothing(format!(
                "no portable server {} is made for this platform",
                wanted.major
            )));
        };
        if let Some(found) = portable::in_cache(package, wanted.cache) {
            return Ok(Search::Programs(found));
        }
        let archive = wanted.cache.dist().join(package.file_name());
        if archive.is_file() {
            let found =
                portable::from_archive(package, wanted.cache, events, |_, _| Ok(&*archive))?;
            return Ok(Search::Programs(found));
        }
        let folder = wanted.cache.dist().join(package.folder_name());
        Ok(Search::Nothing(format!("`{folder}` and `{archive}`")))
    }
}
