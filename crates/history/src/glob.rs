//! The patterns with which a project names files.

/// Whether a path fits a pattern: `*` and `?` stay within a folder, `**` crosses folders.
pub(crate) fn glob(pattern: &str, path: &str) -> bool {
    fits(pattern.as_bytes(), path.as_bytes())
}

fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => path.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => {
            fits(rest, path)
                || (0..path.len()).any(|at| path[at] == b'/' && fits(rest, &path[at + 1..]))
        }
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|at| fits(rest, &path[at..])),
        [b'*', rest @ ..] => {
            let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=end).any(|at| fits(rest, &path[at..]))
        }
        [b'?', rest @ ..] => matches!(path, [byte, path @ ..] if *byte != b'/' && fits(rest, path)),
        [letter, rest @ ..] => {
            matches!(path, [byte, path @ ..] if byte == letter && fits(rest, path))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_folder() {
        assert!(glob("seeds/*.sql", "seeds/a.sql"));
        assert!(!glob("seeds/*.sql", "seeds/b/a.sql"));
        assert!(glob("seeds/**/*.sql", "seeds/b/a.sql"));
        assert!(glob("seeds/**/*.sql", "seeds/a.sql"));
        assert!(glob("99999999999999_*", "99999999999999_master.sql"));
        assert!(!glob("?.sql", "ab.sql"));
    }
}
