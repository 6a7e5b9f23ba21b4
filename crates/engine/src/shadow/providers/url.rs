//! A server that the person names.

use super::{Provider, Search, Wanted};
use crate::Events;
use crate::shadow::error::ShadowError;

/// `--shadow-url`.
pub(super) struct Url;

impl Provider for Url {
    fn name(&self) -> &'static str {
        "--shadow-url"
    }

    fn find(&self, wanted: &Wanted<'_>, _events: &mut dyn Events) -> Result<Search, ShadowError> {
        Ok(match &wanted.options.url {
            Some(target) => Search::Running(Box::new(target.clone())),
            None => Search::Nothing("not given".into()),
        })
    }
}
