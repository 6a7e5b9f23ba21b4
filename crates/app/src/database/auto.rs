//! The way `auto`: a connection of our own, and where none can be made, one that may do better.
//!
//! Another way is taken only where what failed is not shared by it: `psql` knows more ways to say
//! who one is, and the API goes over HTTPS where the server is out of reach. A wrong password, a
//! certificate that is not trusted and whatever a server said hold for every way.

use whimbrel_engine::TargetError;
use whimbrel_engine::ways::By;
use whimbrel_engine::wire::ConnectError;

use super::way::{WayName, psql};
use super::{Database, DatabaseError, DatabaseOptions, by_way, protection, way};
use crate::wire::chain;
use crate::workspace::Workspace;

/// Finds the database for a connection of our own, or for `psql` where the URL has what only that
/// honours.
pub(super) fn find(
    workspace: &Workspace,
    options: &DatabaseOptions,
) -> Result<Database, DatabaseError> {
    let error = match by_way(workspace, options, WayName::Native) {
        Err(error @ DatabaseError::Url { source: TargetError::Unsupported { .. }, .. }) => error,
        found => return found,
    };
    if psql(workspace).is_none() {
        return Err(error);
    }
    let because = chain(&error).join(": ");
    let remark = Some(format!("psql does the talking: {because}"));
    by_way(workspace, options, WayName::Psql).map(|found| Database { remark, ..found })
}

/// The database by another way, where no connection of our own could be made and `auto` is wanted.
///
/// The API is taken only to the project that the connection would have led to.
pub(crate) fn instead(
    workspace: &Workspace,
    options: &DatabaseOptions,
    native: &Database,
    error: &ConnectError,
) -> Option<Database> {
    if way::wanted(workspace, options).ok()? != WayName::Auto {
        return None;
    }
    if error.is_for_psql() && psql(workspace).is_some() {
        return by_way(workspace, options, WayName::Psql).ok();
    }
    if !error.is_for_psql() && !error.is_out_of_reach() {
        return None;
    }
    let project = protection::project(&native.target)?;
    let found = by_way(workspace, options, WayName::Api).ok()?;
    (protection::project(&found.target)? == project).then_some(found)
}

/// Why the way that was found is none of our own, where `auto` took it at once.
pub(crate) fn taken<'d>(
    workspace: &Workspace,
    options: &DatabaseOptions,
    found: &'d Database,
) -> Option<&'d str> {
    let is_auto = way::wanted(workspace, options).ok()? == WayName::Auto;
    found.remark.as_deref().filter(|_| is_auto && found.target.by != By::Connection)
}
