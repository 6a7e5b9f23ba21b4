//! Who the server runs as. Postgres refuses root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::copy::Owner;
use super::error::ShadowError;

/// Who a program of the server runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Identity {
    /// Whoever we are.
    Ourselves,
    /// Another user: we are root.
    User {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
    /// Ourselves, seen from within as another user by a user namespace: where we are root and
    /// no other id exists, or where our id has no name and `initdb` wants one.
    Namespace {
        /// The user id seen from within.
        uid: u32,
        /// The group id seen from within.
        gid: u32,
    },
}

impl Identity {
    /// Chooses, without trying.
    pub(crate) fn choose() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mapped = fs::read_to_string("/proc/self/uid_map").ok();
        Self::choose_for_root(&users, mapped.as_deref())
    }

    fn choose_for_root(users: &str, mapped: Option<&str>) -> Result<Self, String> {
        let Some((uid, gid)) = unprivileged_user(users, |_| true) else {
            return Err("/etc/passwd names no user but root".into());
        };
        let exists = |uid| mapped.is_none_or(|map| is_mapped(map, uid));
        if let Some((uid, gid)) = unprivileged_user(users, exists) {
            return Ok(Self::User { uid, gid });
        }
        Ok(Self::Namespace { uid, gid })
    }

    /// A name for an id that has none, by a user namespace.
    pub(crate) fn borrowed_name() -> Option<Self> {
        let users = fs::read_to_string("/etc/passwd").ok()?;
        let (uid, gid) = unprivileged_user(&users, |_| true)?;
        Some(Self::Namespace { uid, gid })
    }

    /// Whether the server's user can get at a folder: not through somebody's closed home.
    pub(crate) fn check_access(self, folder: &Utf8Path) -> Result<(), ShadowError> {
        let Self::User { uid, gid } = self else { return Ok(()) };
        let ways: Vec<&Utf8Path> = folder.ancestors().collect();
        for way in ways.into_iter().rev() {
            let meta = fs::metadata(way).map_err(|error| ShadowError::io("read", way, &error))?;
            let bit = match meta {
                ref meta if meta.uid() == uid => 0o100,
                ref meta if meta.gid() == gid => 0o010,
                _ => 0o001,
            };
            if meta.mode() & bit == 0 {
                return Err(ShadowError::NotReadable { folder: way.to_owned(), uid });
            }
        }
        Ok(())
    }

    /// Who must own the server's files, if not whoever makes them.
    pub(crate) fn owner(self) -> Owner {
        match self {
            Self::User { uid, gid } => Some((uid, gid)),
            Self::Ourselves | Self::Namespace { .. } => None,
        }
    }
}

/// `nobody`, or else the first other user that is not root, among those that `exists` accepts.
fn unprivileged_user(users: &str, exists: impl Fn(u32) -> bool) -> Option<(u32, u32)> {
    let users: Vec<(&str, u32, u32)> = users
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (uid > 0 && exists(uid)).then_some((name, uid, gid))
        })
        .collect();
    let nobody = users.iter().find(|(name, ..)| *name == "nobody");
    nobody.or(users.first()).map(|(_, uid, gid)| (*uid, *gid))
}

/// Whether a user id exists in this user namespace, by its `uid_map`.
fn is_mapped(map: &str, uid: u32) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u32> =
            line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if uid >= first && uid - first < count)
    })
}

#[cfg(test)]
mod tests {
    use super::{Identity, is_mapped};

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\n\
                         daemon:x:1:1::/:/bin/false\n\
                         nobody:x:65534:65533::/:/bin/false\n";

    #[test]
    fn root_becomes_nobody() {
        let whole = "0 0 4294967295\n";
        assert_eq!(
            Identity::choose_for_root(USERS, Some(whole)),
            Ok(Identity::User { uid: 65534, gid: 65533 })
        );
    }

    #[test]
    fn another_user_serves_where_nobody_is_not_mapped() {
        assert_eq!(
            Identity::choose_for_root(USERS, Some("0 1000 2\n")),
            Ok(Identity::User { uid: 1, gid: 1 })
        );
    }

    #[test]
    fn a_namespace_serves_where_only_root_is_mapped() {
        assert_eq!(
            Identity::choose_for_root(USERS, Some("         0       1000          1\n")),
            Ok(Identity::Namespace { uid: 65534, gid: 65533 })
        );
    }

    #[test]
    fn without_another_user_there_is_nobody_to_be() {
        assert!(Identity::choose_for_root("root:x:0:0::/:/bin/sh\n", None).is_err());
    }

    #[test]
    fn a_map_of_several_ranges_is_read() {
        let map = "0 1000 1\n1 100000 65536\n";
        assert!(is_mapped(map, 65534));
        assert!(!is_mapped(map, 65537));
    }
}
