//! Follows `standard_conforming_strings` through a script.

use crate::cursor::Cursor;
use crate::token::TokenKind;
use crate::{Backslash, Kind};

/// The setting, and what the end of a transaction makes of it.
///
/// A savepoint that is rolled back to is not followed, nor what a `do` block or a function sets.
#[derive(Debug, Default)]
pub(super) struct Setting {
    /// What holds after a commit.
    session: Backslash,
    /// `set local`: what holds till the transaction ends.
    local: Option<Backslash>,
    /// What held when the block began.
    before: Option<Backslash>,
    /// What the statement being read changes.
    change: Option<Change>,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    to: Backslash,
    scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Session,
    Local,
}

const NAME: &str = "standard_conforming_strings";

impl Setting {
    /// How `'…'` is read now.
    pub(super) fn now(&self) -> Backslash {
        self.local.unwrap_or(self.session)
    }

    /// Takes over what a statement means, behind it.
    pub(super) fn pass(&mut self, kind: &Kind) {
        if let Some(Change { to, scope }) = self.change.take() {
            match scope {
                Scope::Session => (self.session, self.local) = (to, None),
                Scope::Local => self.local = Some(to),
            }
        }
        match kind {
            Kind::Begin { .. } => self.before = Some(self.session),
            Kind::Commit { chain } => {
                self.local = None;
                self.before = chain.then_some(self.session);
            }
            Kind::Rollback => {
                self.local = None;
                self.session = self.before.take().unwrap_or(self.session);
            }
            Kind::Plain
            | Kind::PrepareTransaction
            | Kind::Alone(_)
            | Kind::MayCommit { .. }
            | Kind::AddEnumValue { .. }
            | Kind::CopyIn
            | Kind::Strings { .. } => {}
        }
    }

    /// Reads `set`, `reset` and `select set_config(…)` from behind the first word.
    pub(super) fn kind(&mut self, word: &str, cursor: &mut Cursor<'_>) -> Option<Kind> {
        let change = match word {
            "set" => set(cursor),
            "reset" => reset(cursor),
            _ => configured(cursor),
        }?;
        self.change = Some(change);
        Some(Kind::Strings { backslash: change.to })
    }

    /// Notes `discard all`, which resets every setting.
    pub(super) fn discarded(&mut self) -> Kind {
        self.change = Some(Change { to: Backslash::Plain, scope: Scope::Session });
        Kind::Alone(crate::Alone::DiscardAll)
    }
}

fn set(cursor: &mut Cursor<'_>) -> Option<Change> {
    let scope = match cursor.any_word(&["session", "local"]) {
        Some("local") => Scope::Local,
        _ => Scope::Session,
    };
    if !is_ours(&cursor.name()?) || !(cursor.symbol("=") || cursor.words(&["to"])) {
        return None;
    }
    let value = cursor.string().or_else(|| cursor.name());
    let value = value.or_else(|| Some(cursor.rest().to_owned()))?;
    Some(Change { to: setting(&value)?, scope })
}

fn reset(cursor: &mut Cursor<'_>) -> Option<Change> {
    let name = cursor.name()?;
    let resets = name == "all" || is_ours(&name);
    resets.then_some(Change { to: Backslash::Plain, scope: Scope::Session })
}

/// Finds `set_config('standard_conforming_strings', …)` in a query.
fn configured(cursor: &mut Cursor<'_>) -> Option<Change> {
    if !calls_set_config(cursor.rest().as_bytes()) {
        return None;
    }
    let mut last = None;
    while let Some(token) = cursor.token() {
        let called = token.kind == TokenKind::Word && cursor.is_word(&token, "set_config");
        if called && cursor.symbol("(") && cursor.string().is_some_and(|name| is_ours(&name)) {
            cursor.symbol(",");
            let to = cursor.string().as_deref().and_then(setting);
            cursor.symbol(",");
            let local = cursor.string().or_else(|| cursor.name()).is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                !value.is_empty() && ("true".starts_with(&value) || value == "on" || value == "1")
            });
            let scope = if local { Scope::Local } else { Scope::Session };
            last = to.map(|to| Change { to, scope }).or(last);
        }
    }
    last
}

/// Looks for the function's name without reading tokens, since queries can be large.
fn calls_set_config(text: &[u8]) -> bool {
    const LENGTH: usize = "set_config".len();
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'_') {
        at += found;
        let start = at.saturating_sub("set".len());
        let named = text.get(start..start + LENGTH);
        if named.is_some_and(|name| name.eq_ignore_ascii_case(b"set_config")) {
            return true;
        }
        at += 1;
    }
    false
}

fn is_ours(name: &str) -> bool {
    name.eq_ignore_ascii_case(NAME)
}

/// Reads a boolean setting as the server does, unique beginnings of the words included.
fn setting(value: &str) -> Option<Backslash> {
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&*value);
    if value == "default" || value == "1" || begins("true", 1) || begins("yes", 1) || value == "on"
    {
        Some(Backslash::Plain)
    } else if value == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(Backslash::Escapes)
    } else {
        None
    }
}
