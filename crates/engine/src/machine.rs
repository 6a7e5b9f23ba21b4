//! The machine we run on.

/// The machine's own name, for the journal.
#[cfg(unix)]
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The machine's own name, for the journal.
#[cfg(not(unix))]
pub fn machine_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
