//! What a database has before the first migration, where a format presumes more than Postgres.
//!
//! A baseline is SQL in a folder of its own, and the extensions that stand in for those that our
//! server lacks. To add one, write its folder, and add its `mod` line and its line in [`ALL`].

mod stand_in;
mod supabase;

use std::fmt;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::admin;
use super::error::ShadowError;
use crate::wire::{Answer, Failure, Session};

pub(crate) use stand_in::StandIn;
pub use stand_in::{fit_to_stand_ins, stand_ins};

/// Every baseline.
#[rustfmt::skip] // one line each, so that one can be added or taken out
const ALL: &[&dyn Kind] = &[
    &supabase::Supabase,
];

/// What one baseline is.
pub(crate) trait Kind: Sync {
    /// The name by which a format asks for it.
    fn name(&self) -> &'static str;

    /// What projects differ in, the one of a new project first.
    fn variants(&self) -> &'static [&'static str];

    /// The name of the database in a server of its own.
    fn database(&self) -> &'static str;

    /// A query of one value: the variant that a database has, null where it lacks the baseline.
    fn probe(&self) -> &'static str;

    /// The scripts that make it, in order, for a superuser in an empty database.
    fn scripts(&self, major: u16, variant: &str) -> Vec<&'static str>;

    /// Whether an object of this kind and name is the platform's to make and change.
    fn keeps(&self, kind: &str, name: &str) -> bool;

    /// Extensions whose files a server of ours gets where it lacks the real ones.
    fn stand_ins(&self) -> &'static [StandIn];
}

/// A baseline in one of its variants.
#[derive(Clone, Copy)]
pub struct Baseline {
    kind: &'static dyn Kind,
    variant: &'static str,
}

impl Baseline {
    /// The baseline of a name, as a new project has it.
    ///
    /// ```
    /// use whimbrel_engine::shadow::Baseline;
    ///
    /// assert!(Baseline::named("supabase-platform").is_some());
    /// assert!(Baseline::named("nowhere").is_none());
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        let kind = *ALL.iter().find(|kind| kind.name() == name)?;
        Some(Self { kind, variant: kind.variants()[0] })
    }

    /// The same in another variant; an unknown one changes nothing.
    #[must_use]
    pub fn variant(self, name: &str) -> Self {
        let known = self.kind.variants().iter().find(|known| **known == name);
        Self { variant: known.copied().unwrap_or(self.variant), ..self }
    }

    /// The one that a database has, whoever made its migrations; `None` where it has none.
    pub async fn in_database(session: &mut Session) -> Result<Option<Self>, Failure> {
        for kind in ALL {
            let any = Self { kind: *kind, variant: kind.variants()[0] };
            if let Some(found) = any.as_in(session).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same as a database has it; `None` where the database lacks it.
    pub async fn as_in(self, session: &mut Session) -> Result<Option<Self>, Failure> {
        let answers = session.simple(self.kind.probe()).await?;
        let variant = answers.first().and_then(Answer::value);
        Ok(variant.map(|variant| self.variant(variant)))
    }

    /// The name of the database in a server of its own, which scripts may mention.
    pub fn database(&self) -> &'static str {
        self.kind.database()
    }

    /// Whether an object of this kind and name is the platform's to make and change, so that a real
    /// database may have it where this lacks it, and otherwise.
    pub fn keeps(&self, kind: &str, name: &str) -> bool {
        self.kind.keeps(kind, name)
    }

    /// What tells it from every other, for the keys of the cache.
    pub fn identity(&self, major: u16) -> String {
        let mut hash = Sha256::new();
        for script in self.kind.scripts(major, self.variant) {
            hash.update(script.len().to_be_bytes());
            hash.update(script);
        }
        for stand_in in self.kind.stand_ins() {
            for (name, content) in stand_in.files() {
                hash.update(name);
                hash.update(content);
            }
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
    }

    /// Whether its scripts name something.
    pub fn names(&self, major: u16, what: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let scripts = self.kind.scripts(major, self.variant).into_iter();
        scripts.flat_map(|script| script.split(|c| !is_part(c))).any(|word| word == what)
    }

    /// Makes it in an empty database, whole or not at all.
    pub async fn set_up(&self, session: &mut Session, major: u16) -> Result<(), ShadowError> {
        let mut message = String::from("begin;\n");
        for script in self.kind.scripts(major, self.variant) {
            message.push_str(script);
        }
        message.push_str("\ncommit");
        if let Err(failure) = session.simple(&message).await {
            session.simple("rollback").await.ok();
            return Err(admin::refused(&format!("the {} baseline", self.kind.name()), &failure));
        }
        // What it sets for the role that we are takes effect in a new session only.
        Ok(())
    }

    pub(crate) fn stand_ins(&self) -> &'static [StandIn] {
        self.kind.stand_ins()
    }
}

impl fmt::Debug for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.name(), self.variant)
    }
}

impl PartialEq for Baseline {
    fn eq(&self, other: &Self) -> bool {
        (self.kind.name(), self.variant) == (other.kind.name(), other.variant)
    }
}

impl Eq for Baseline {}
