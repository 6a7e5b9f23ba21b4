//! What a command found of files and ledgers, kept until either changes.
//!
//! With nothing to do, which is nearly always, the answer is what it was. It is a matter of the
//! program, of the files, and of what the ledgers hold; a hash of each tells whether it still
//! stands, and costs less than to read them. Whatever goes wrong here only costs time.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use camino::Utf8PathBuf;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use whimbrel_engine::state::Seal;

use crate::database::Database;
use crate::folder::is_settled;
use crate::histories::{self, Outline};
use crate::kept;
use crate::seeds;
use crate::workspace::Workspace;

/// A question of a program to a project and a database.
pub(crate) struct Asked {
    place: Utf8PathBuf,
    by: u64,
    environment: Option<String>,
}

/// The question, once the files were looked at.
pub(crate) struct Keeping {
    asked: Asked,
    files: u64,
    /// Whether the files are old enough to be known by their times.
    is_settled: bool,
}

/// What the question was answered with when the files were as they are.
pub(crate) struct Known {
    /// Whether the ledgers are as they were, too.
    pub(crate) seal: Seal,
    body: Vec<u8>,
}

/// What a file holds, before the answer itself.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    by: u64,
    files: u64,
    seal: Seal,
}

impl Asked {
    /// `None` where nothing can be kept: without a cache, and of a program's own files, which have
    /// no times that would tell one build from another.
    pub(crate) fn new(workspace: &Workspace, database: &Database, question: &str) -> Option<Self> {
        let surroundings = workspace.surroundings();
        let cache = surroundings.cache().filter(|_| workspace.folder().is_on_disk())?;
        let Database { target, environment, remark, .. } = database;
        let hosts = format!("{:?}", target.hosts);
        let whose = (workspace.folder().root(), question, hosts, &target.database, &target.user);
        let place = cache.join("answers").join(format!("{:016x}.bin", hash(&whose)));
        let config = format!("{:?}", workspace.config());
        let by = hash((&surroundings.program, config, environment, remark, whose));
        Some(Self { place, by, environment: environment.clone() })
    }

    /// Looks at the files; `None` where that fails, which reading them tells better.
    pub(crate) fn look(self, workspace: &Workspace, outlines: &[Outline]) -> Option<Keeping> {
        let (histories, newest) = histories::look(workspace, outlines).ok()?;
        let seeds = seeds::list(workspace, self.environment.as_deref(), outlines).ok()?;
        let mut hasher = DefaultHasher::new();
        histories.hash(&mut hasher);
        let newest = newest.max(seeds::look(workspace, &seeds, &mut hasher).ok()?);
        let files = hasher.finish();
        let is_settled = is_settled(newest, workspace.surroundings().clock.now());
        Some(Keeping { asked: self, files, is_settled })
    }
}

impl Keeping {
    /// What is known, if the files are what they were.
    pub(crate) fn known(&self) -> Option<Known> {
        let body = kept::read(&self.asked.place)?;
        let head: Head = postcard::take_from_bytes(&body).ok()?.0;
        let is_it = (head.by, head.files) == (self.asked.by, self.files);
        is_it.then_some(Known { seal: head.seal, body })
    }

    /// Keeps an answer that was made of files and ledgers alone.
    pub(crate) fn keep(self, seal: Option<Seal>, answer: &impl Serialize) {
        let Some(seal) = seal.filter(|_| self.is_settled) else { return };
        let head = Head { by: self.asked.by, files: self.files, seal };
        let body = postcard::to_stdvec(&head).and_then(|head| postcard::to_extend(answer, head));
        if let Ok(body) = body {
            // A cache that cannot be written is a cache that is not there.
            let _ = kept::write(&self.asked.place, body);
        }
    }
}

impl Known {
    /// The answer; whatever cannot be read as one is none.
    pub(crate) fn answer<A: DeserializeOwned>(&self) -> Option<A> {
        let (_, answer) = postcard::take_from_bytes::<Head>(&self.body).ok()?;
        postcard::from_bytes(answer).ok()
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
