//! Whether git leaves a file out, by the rules of its `.gitignore` files.
//!
//! The rules are those of gitignore(5), as far as people write them for a single file: comments,
//! `!`, patterns with and without a slash, `*`, `?`, `[…]` and `**`.

use std::fs;

use camino::Utf8Path;

use crate::git::Git;

/// Whether the rules of a repository leave out a file that lies in it.
pub(super) fn is_ignored(git: &Git, path: &Utf8Path) -> bool {
    let Ok(tree) = git.tree().canonicalize_utf8() else { return false };
    let Ok(inside) = path.strip_prefix(&tree) else { return true };
    // A folder that is left out takes along all that is in it.
    let ways: Vec<&Utf8Path> = inside.ancestors().filter(|way| !way.as_str().is_empty()).collect();
    ways.into_iter().rev().any(|way| {
        let is_folder = way != inside;
        let excludes = fs::read_to_string(git.excludes()).unwrap_or_default();
        let mut is_out = judge(&excludes, way, is_folder);
        let folders: Vec<&Utf8Path> = way.ancestors().skip(1).collect();
        for folder in folders.into_iter().rev() {
            let rules = fs::read_to_string(tree.join(folder).join(".gitignore"));
            let Ok(rules) = rules else { continue };
            let below = way.strip_prefix(folder).unwrap_or(way);
            is_out = judge(&rules, below, is_folder).or(is_out);
        }
        is_out == Some(true)
    })
}

/// What rules say of a path relative to where they stand; the last that fits counts.
fn judge(rules: &str, path: &Utf8Path, is_folder: bool) -> Option<bool> {
    rules.lines().rev().find_map(|line| {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (line, is_out) = line.strip_prefix('!').map_or((line, true), |rest| (rest, false));
        let line = line.strip_prefix('\\').unwrap_or(line);
        let (pattern, wants_folder) =
            line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
        if wants_folder && !is_folder {
            return None;
        }
        let fits = if pattern.contains('/') {
            fits(pattern.strip_prefix('/').unwrap_or(pattern), path.as_str())
        } else {
            fits(pattern, path.file_name().unwrap_or_default())
        };
        fits.then_some(is_out)
    })
}

/// Whether a text fits a pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    if let Some(after) = pattern.strip_prefix("**/") {
        let mut starts = std::iter::once(0).chain(text.match_indices('/').map(|(at, _)| at + 1));
        return starts.any(|start| fits(after, &text[start..]));
    }
    if pattern == "**" {
        return !text.is_empty();
    }
    let next = text.chars().next();
    let tail = next.map(|c| &text[c.len_utf8()..]);
    match (first, next, tail) {
        ('*', next, tail) => {
            fits(rest, text)
                || next.is_some_and(|c| c != '/') && tail.is_some_and(|tail| fits(pattern, tail))
        }
        ('?', Some(c), Some(tail)) => c != '/' && fits(rest, tail),
        ('[', Some(c), Some(tail)) => match rest.split_once(']') {
            Some((class, rest)) => is_in(class, c) && fits(rest, tail),
            None => false,
        },
        ('\\', Some(c), Some(tail)) => match rest.strip_prefix(c) {
            Some(rest) => fits(rest, tail),
            None => false,
        },
        (literal, Some(c), Some(tail)) => literal == c && fits(rest, tail),
        (_, None, _) | (_, _, None) => false,
    }
}

/// Whether a character is in a class: `a-z`, `!a`, `._`.
fn is_in(class: &str, c: char) -> bool {
    let (class, negated) = match class.strip_prefix(['!', '^']) {
        Some(rest) => (rest, true),
        None => (class, false),
    };
    let letters: Vec<char> = class.chars().collect();
    let mut found = letters.contains(&c) && (c != '-' || !class.trim_matches('-').contains('-'));
    for range in letters.windows(3) {
        found |= range[1] == '-' && range[0] <= c && c <= range[2];
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use camino::Utf8PathBuf;

    use super::*;

    #[test]
    fn it_says_what_git_says() {
        let paths = [".env", ".env.local", "apps/web/.env", "apps/web/.env.local", "build/.env"];
        let rules = [
            "",
            ".env",
            "/.env",
            ".env*",
            ".env*\n!.env",
            "*.local",
            "apps/",
            "apps/*/.env",
            "apps/**/.env",
            "**/.env",
            "web",
            "build",
            "/build/",
            "# .env\n\\.env",
            ".en[a-z]",
            ".en[!v]",
            ".env.?ocal",
            "apps/**\n!apps/web/.env",
            "!.env\n.env",
        ];
        for rule in rules {
            let folder = tempfile::tempdir().unwrap();
            let root = Utf8PathBuf::try_from(folder.path().canonicalize().unwrap()).unwrap();
            let git = |arguments: &[&str]| {
                Command::new("git").args(arguments).current_dir(&root).output().unwrap()
            };
            assert!(git(&["init", "-q"]).status.success());
            fs::create_dir_all(root.join("apps/web")).unwrap();
            fs::create_dir_all(root.join("build")).unwrap();
            fs::write(root.join(".gitignore"), rule).unwrap();
            for path in paths {
                let theirs = git(&["check-ignore", "-q", path]).status.success();
                let ours = is_ignored(&Git::of(&root).unwrap(), &root.join(path));
                assert_eq!(ours, theirs, "`{path}` by {rule:?}");
            }
        }
    }
}
