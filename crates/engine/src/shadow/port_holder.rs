//! Who listens on a port, as far as the system tells.

use std::fs;

/// The program that listens on a port of this machine: `node (pid 4711)`.
///
/// Another user's programs show themselves to root alone.
pub(crate) fn of(port: u16) -> Option<String> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| listening(&table, port))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(open) = fs::read_dir(entry.path().join("fd")) else { continue };
        let holds = open.flatten().any(|file| {
            let link = fs::read_link(file.path()).unwrap_or_default();
            links.iter().any(|wanted| link.as_os_str() == wanted.as_str())
        });
        if holds {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// The inodes of the sockets that listen on a port, by a table of the kernel's.
fn listening(table: &str, port: u16) -> Vec<String> {
    /// The kernel's number for it.
    const LISTEN: &str = "0A";
    let ends_with = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row.get(1).is_some_and(|local| local.ends_with(&ends_with)))
        .filter(|row| row.get(3) == Some(&LISTEN))
        .filter_map(|row| row.get(9).map(ToString::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    #[test]
    fn whoever_listens_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = super::of(listener.local_addr().unwrap().port());
        if cfg!(target_os = "linux") {
            let pid = format!("(pid {})", std::process::id());
            assert!(holder.as_deref().is_some_and(|name| name.ends_with(&pid)), "{holder:?}");
        }
    }

    #[test]
    fn a_free_port_is_nobodys() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(super::of(port), None);
    }
}
