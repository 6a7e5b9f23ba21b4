//! What a project's git repository says of branches, read from its files: no git is needed.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

/// The longest way back from a branch to those that it came from.
const LONGEST: usize = 32;

/// A repository, as one of its working trees sees it.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    /// What belongs to this working tree: its `HEAD`.
    own: Utf8PathBuf,
    /// What all working trees share: the branches.
    shared: Utf8PathBuf,
    /// The working tree.
    tree: Utf8PathBuf,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// A branch.
    Branch(String),
    /// A commit that no branch stands for.
    Detached,
}

impl Git {
    /// The repository that a folder belongs to.
    pub(crate) fn of(folder: &Utf8Path) -> Option<Self> {
        // What a link leads to may have no UTF-8 path; the link has.
        let folder = folder.canonicalize_utf8().unwrap_or_else(|_| folder.to_owned());
        folder.ancestors().find_map(|tree| {
            let place = tree.join(".git");
            let own = if place.is_dir() { place } else { pointed_to(&place, "gitdir:", tree)? };
            own.join("HEAD").is_file().then(|| {
                // A further working tree has a folder of its own below the repository's.
                let shared = pointed_to(&own.join("commondir"), "", &own);
                Self { shared: shared.unwrap_or_else(|| own.clone()), own, tree: tree.to_owned() }
            })
        })
    }

    /// The folder that is checked out.
    pub(crate) fn tree(&self) -> &Utf8Path {
        &self.tree
    }

    /// Rules that hold for this clone alone, in the form of a `.gitignore`.
    pub(crate) fn excludes(&self) -> Utf8PathBuf {
        self.shared.join("info/exclude")
    }

    /// What is checked out; while a branch is rebased, that branch.
    pub(crate) fn head(&self) -> Head {
        let head = ["HEAD", "rebase-merge/head-name", "rebase-apply/head-name"]
            .iter()
            .filter_map(|name| fs::read_to_string(self.own.join(name)).ok())
            .find_map(|text| {
                let text = text.trim();
                branch(text.strip_prefix("ref:").unwrap_or(text).trim()).map(str::to_owned)
            });
        // Where references are not kept as files, `HEAD` names this one.
        match head.filter(|name| name != ".invalid") {
            Some(name) => Head::Branch(name),
            None => Head::Detached,
        }
    }

    /// All local branches.
    pub(crate) fn branches(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let heads = self.shared.join("refs/heads");
        let mut folders = vec![heads.clone()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = folder.read_dir_utf8() else { continue };
            for entry in entries.flatten() {
                let path = entry.into_path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(name) = path.strip_prefix(&heads)
                    && path.extension() != Some("lock")
                {
                    found.insert(name.to_string());
                }
            }
        }
        let packed = fs::read_to_string(self.shared.join("packed-refs")).unwrap_or_default();
        let names = packed.lines().filter_map(|line| branch(line.split_once(' ')?.1));
        found.extend(names.map(str::to_owned));
        // A branch without a commit is nowhere but here.
        if let Head::Branch(name) = self.head() {
            found.insert(name);
        }
        found
    }

    /// The branch that everything comes from, as far as that can be told.
    pub(crate) fn main_branch(&self) -> Option<String> {
        let remote = fs::read_to_string(self.shared.join("refs/remotes/origin/HEAD"));
        let remote = remote.ok().and_then(|text| {
            Some(text.trim().strip_prefix("ref: refs/remotes/origin/")?.to_owned())
        });
        remote.or_else(|| {
            let branches = self.branches();
            let usual = ["main", "master", "trunk"].into_iter();
            usual.map(str::to_owned).find(|name| branches.contains(name))
        })
    }

    /// The branches that a branch came from, the nearest first, as the logs of the repository tell.
    pub(crate) fn origins(&self, of: &str) -> Vec<String> {
        let mut origins: Vec<String> = Vec::new();
        let mut at = of.to_owned();
        while origins.len() < LONGEST
            && let Some(origin) = self.origin(&at)
            && origin != of
            && !origins.contains(&origin)
        {
            at.clone_from(&origin);
            origins.push(origin);
        }
        origins
    }

    fn origin(&self, of: &str) -> Option<String> {
        let log = fs::read_to_string(self.shared.join("logs/refs/heads").join(of)).ok()?;
        let messages = || log.lines().filter_map(|line| Some(line.split_once('\t')?.1));
        let renamed = messages().rev().find_map(|message| {
            let (old, new) = message.strip_prefix("Branch: renamed ")?.split_once(" to ")?;
            (branch(new) == Some(of)).then(|| branch(old).map(str::to_owned))?
        });
        if renamed.is_some() {
            return renamed;
        }
        let from = messages().next()?.strip_prefix("branch: Created from ")?;
        if from != "HEAD" {
            let name = branch(from).or_else(|| from.strip_prefix("refs/remotes/"));
            let name = name.unwrap_or(from);
            return Some(name.strip_prefix("origin/").unwrap_or(name).to_owned());
        }
        // What was checked out when it was made: it was checked out itself right then.
        let log = fs::read_to_string(self.own.join("logs/HEAD")).ok()?;
        log.lines().find_map(|line| {
            let moved = line.split_once('\t')?.1.strip_prefix("checkout: moving from ")?;
            let (from, to) = moved.rsplit_once(" to ")?;
            (to == of).then(|| from.to_owned())
        })
    }
}

/// The branch that a reference names.
fn branch(reference: &str) -> Option<&str> {
    reference.strip_prefix("refs/heads/").filter(|name| !name.is_empty())
}

/// The folder that a file of one line names, relative to another folder.
fn pointed_to(file: &Utf8Path, label: &str, from: &Utf8Path) -> Option<Utf8PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    Some(from.join(text.lines().next()?.strip_prefix(label)?.trim()))
}

#[cfg(test)]
mod tests;
