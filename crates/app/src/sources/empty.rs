//! A database with nothing in it.

use super::{Opened, Opening, Place, Source};
use crate::workspace::Workspace;

pub(super) struct Empty;

impl Source for Empty {
    fn form(&self) -> &'static str {
        "empty"
    }

    fn about(&self) -> &'static str {
        "nothing"
    }

    fn is_meant(&self, text: &str, _: &Workspace) -> bool {
        text == self.form()
    }

    fn open<'a>(&'a self, _: &'a str, _: &'a Place<'a>) -> Opening<'a> {
        Box::pin(async { Ok(Opened::Empty) })
    }
}
