//! The process environment, for whoever wants a target's gaps filled from it.

/// Looks up a variable of this process for [`Target::parse`](super::Target::parse).
///
/// Where `USER` is not set, as in most containers, it is the name that `/etc/passwd` has for our
/// effective user, which is what libpq takes.
pub fn process_variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() && name == "USER" { effective_user() } else { value }
}

#[cfg(unix)]
fn effective_user() -> Option<String> {
    user_name(rustix::process::geteuid().as_raw())
}

/// The name that `/etc/passwd` has for a user.
#[cfg(unix)]
pub(crate) fn user_name(uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

#[cfg(not(unix))]
fn effective_user() -> Option<String> {
    std::env::var("USERNAME").ok()
}
