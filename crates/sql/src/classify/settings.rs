//! Statements that set something for the session, `standard_conforming_strings` above all.

use crate::cursor::Cursor;
use crate::token::TokenKind;
use crate::{Alone, Backslash, Kind, Scope};

/// How `'…'` is read, and what the end of a transaction makes of that.
///
/// A savepoint that is rolled back to is not followed, nor what a `do` block or a function sets;
/// and `set local` outside of a block counts as if the script were one transaction.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// What holds after a commit.
    session: Backslash,
    /// `set local`: what holds till the transaction ends.
    local: Option<Backslash>,
    /// What held when the block began.
    before: Option<Backslash>,
}

impl Strings {
    /// How `'…'` is read now.
    pub(super) fn now(&self) -> Backslash {
        self.local.unwrap_or(self.session)
    }

    /// Takes over what a statement means, behind it.
    pub(super) fn pass(&mut self, kind: &Kind) {
        match kind {
            Kind::Strings { backslash, scope: Scope::Session } => {
                (self.session, self.local) = (*backslash, None);
            }
            Kind::Strings { backslash, scope: Scope::Transaction } => self.local = Some(*backslash),
            Kind::Alone(Alone::DiscardAll) => {
                (self.session, self.local) = (Backslash::Plain, None);
            }
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
            | Kind::Setting
            | Kind::PrepareTransaction
            | Kind::Alone(_)
            | Kind::MayCommit { .. }
            | Kind::AddEnumValue { .. }
            | Kind::CopyIn => {}
        }
    }
}

/// Reads `set`, `reset` and `select set_config(…)` from behind the first word.
pub(super) fn kind(word: &str, cursor: &mut Cursor<'_>) -> Option<Kind> {
    match word {
        "set" => set(cursor),
        "reset" => Some(reset(cursor)),
        _ => configured(cursor),
    }
}

fn set(cursor: &mut Cursor<'_>) -> Option<Kind> {
    let scope = match cursor.any_word(&["session", "local"]) {
        Some("local") => Scope::Transaction,
        _ => Scope::Session,
    };
    if let Some(backslash) = set_strings(&mut cursor.clone()) {
        return Some(Kind::Strings { backslash, scope });
    }
    // `set transaction` and `set constraints` end with the transaction too.
    let lasts =
        scope == Scope::Session && cursor.any_word(&["transaction", "constraints"]).is_none();
    lasts.then_some(Kind::Setting)
}

/// Reads `standard_conforming_strings = …`.
fn set_strings(cursor: &mut Cursor<'_>) -> Option<Backslash> {
    if !is_strings(&cursor.name()?) || !(cursor.symbol("=") || cursor.words(&["to"])) {
        return None;
    }
    let value = cursor.string().or_else(|| cursor.name());
    setting(&value.unwrap_or_else(|| cursor.rest().to_owned()))
}

fn reset(cursor: &mut Cursor<'_>) -> Kind {
    match cursor.name() {
        Some(name) if name == "all" || is_strings(&name) => {
            Kind::Strings { backslash: Backslash::Plain, scope: Scope::Session }
        }
        _ => Kind::Setting,
    }
}

/// Reads a query that calls `set_config`: one that does nothing else is a setting, and one that
/// changes how strings are read is that wherever in the query it does.
fn configured(cursor: &mut Cursor<'_>) -> Option<Kind> {
    if !calls_set_config(cursor.rest().as_bytes()) {
        return None;
    }
    let mut alone = cursor.clone();
    alone.words(&["pg_catalog"]);
    alone.symbol(".");
    let alone = alone.words(&["set_config"])
        && arguments(&mut alone).is_some_and(|call| call.scope == Scope::Session)
        && alone.peek().is_none();
    let mut strings = None;
    while let Some(token) = cursor.token() {
        if token.kind == TokenKind::Word
            && cursor.is_word(&token, "set_config")
            && let Some(call) = arguments(cursor).filter(|call| is_strings(&call.name))
            && let Some(backslash) = setting(&call.value)
        {
            strings = Some(Kind::Strings { backslash, scope: call.scope });
        }
    }
    strings.or(alone.then_some(Kind::Setting))
}

/// What a call of `set_config` with constants is given.
struct Call {
    name: String,
    value: String,
    scope: Scope,
}

fn arguments(cursor: &mut Cursor<'_>) -> Option<Call> {
    cursor.symbol("(").then_some(())?;
    let name = cursor.string()?;
    cursor.symbol(",").then_some(())?;
    let value = cursor.string()?;
    cursor.symbol(",").then_some(())?;
    let local = cursor.string().or_else(|| cursor.name())?;
    cursor.symbol(")").then_some(())?;
    let scope = if boolean(&local)? { Scope::Transaction } else { Scope::Session };
    Some(Call { name, value, scope })
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

fn is_strings(name: &str) -> bool {
    name.eq_ignore_ascii_case("standard_conforming_strings")
}

/// Reads the value of `standard_conforming_strings`.
fn setting(value: &str) -> Option<Backslash> {
    let on = value.eq_ignore_ascii_case("default") || boolean(value)?;
    Some(if on { Backslash::Plain } else { Backslash::Escapes })
}

/// Reads a boolean as the server does, unique beginnings of the words included.
fn boolean(value: &str) -> Option<bool> {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&*value);
    if value == "1" || begins("true", 1) || begins("yes", 1) || value == "on" {
        Some(true)
    } else if value == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(false)
    } else {
        None
    }
}
