//! Extensions that stand in for those that our server lacks.
//!
//! A stand-in has the real one's name, types, functions and tables, so that migrations run; it is
//! an extension like any other, made by the user's own `create extension`. Functions that cannot
//! work without the real library raise 0A000.

use std::borrow::Cow;
use std::ops::Range;

use whimbrel_sql::{Backslash, Token, split, tokens};

use super::ALL;
use crate::wire::{Answer, Failure, Session};

/// Begins the comment of every stand-in, by which one is known.
const MARK: &str = "stand-in of Whimbrel";

/// The body of functions that cannot work, in the scripts.
const UNAVAILABLE: &str = "@unavailable@";

/// Index methods that stand-ins bring and whose options no method of our server knows.
const METHODS: &[&str] = &["hnsw", "ivfflat", "pgroonga", "rum", "diskann", "bm25"];

/// One extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandIn {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether the real one does not even install without `shared_preload_libraries`, so that the
    /// stand-in serves where the real one is there.
    pub(crate) preloads: bool,
    script: &'static str,
    version: &'static str,
    other_versions: &'static [&'static str],
    requires: &'static [&'static str],
    schema: Option<&'static str>,
    relocatable: bool,
}

impl StandIn {
    /// A relocatable extension.
    pub(crate) const fn new(
        name: &'static str,
        version: &'static str,
        script: &'static str,
    ) -> Self {
        Self {
            name,
            preloads: false,
            script,
            version,
            other_versions: &[],
            requires: &[],
            schema: None,
            relocatable: true,
        }
    }

    /// With versions that a script may ask for beside the present one.
    pub(crate) const fn or(self, other_versions: &'static [&'static str]) -> Self {
        Self { other_versions, ..self }
    }

    /// With other extensions that it needs.
    pub(crate) const fn requires(self, requires: &'static [&'static str]) -> Self {
        Self { requires, ..self }
    }

    /// In a schema that it brings along.
    pub(crate) const fn in_schema(self, schema: &'static str) -> Self {
        Self { schema: Some(schema), relocatable: false, ..self }
    }

    /// With objects in schemas of their own, whatever the one it is put into.
    pub(crate) const fn fixed(self) -> Self {
        Self { relocatable: false, ..self }
    }

    /// Which wants to be preloaded.
    pub(crate) const fn preloaded(self) -> Self {
        Self { preloads: true, ..self }
    }

    /// The files of the extension's folder, by name.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let Self { name, version, .. } = self;
        let mut control = format!(
            "comment = '{MARK} for {name}: {}'\ndefault_version = '{version}'\nrelocatable = {}\n",
            "what needs its library does not work", self.relocatable
        );
        let mut add = |line: &str| control.push_str(line);
        if !self.requires.is_empty() {
            add(&format!("requires = '{}'\n", self.requires.join(", ")));
        }
        if let Some(schema) = self.schema {
            add(&format!("schema = '{schema}'\n"));
        }
        let body = format!(
            "$$begin raise exception using errcode = '0A000', \
             message = 'the extension {name} is a stand-in here: what needs its library does not work'; \
             end$$"
        );
        let script = self.script.replace(UNAVAILABLE, &body);
        let mut files = vec![(format!("{name}.control"), control)];
        for version in [version].into_iter().chain(self.other_versions) {
            files.push((format!("{name}--{version}.sql"), script.clone()));
        }
        files
    }
}

/// The names of a database's extensions that are stand-ins.
///
/// The comment is that of the control file: a script may say another of the extension itself.
pub async fn stand_ins(session: &mut Session) -> Result<Vec<String>, Failure> {
    let sql = format!(
        "select e.extname from pg_catalog.pg_extension as e \
         join pg_catalog.pg_available_extensions as a on a.name = e.extname \
         where a.comment like '{MARK}%' order by 1"
    );
    let answers = session.simple(&sql).await?;
    let rows = answers.iter().flat_map(Answer::rows);
    Ok(rows.filter_map(|row| row.at(0).map(str::to_owned)).collect())
}

/// A script as stand-ins can take it, of the same length, so that every position stays: what no
/// stand-in can know becomes blanks.
///
/// - `with (lists = 100)` of `create index … using ivfflat`: Postgres checks such options by the
///   method's own code, which a stand-in does not have.
/// - `security label for pgsodium …`, which becomes `select`.
/// - `version '0.2.1'` of `create extension`, where the stand-in has not heard of that version.
pub fn fit_to_stand_ins(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let has_method = METHODS.iter().any(|method| lower.contains(method));
    let has_version = lower.contains("extension") && lower.contains("version");
    if !has_method && !has_version && !lower.contains("security label") {
        return Cow::Borrowed(text);
    }
    let Ok(script) = split(text) else { return Cow::Borrowed(text) };
    let mut changed: Option<Vec<u8>> = None;
    for statement in script.statements.iter() {
        let words = Words::of(&text[statement.span.clone()]);
        let label = words.foreign_label();
        let (range, instead) = match label {
            Some(range) => (range, "select"),
            None => match words.index_options().or_else(|| words.unknown_version()) {
                Some(range) => (range, ""),
                None => continue,
            },
        };
        let bytes = changed.get_or_insert_with(|| text.as_bytes().to_vec());
        let start = statement.span.start;
        let blanked = &mut bytes[start + range.start..start + range.end];
        for byte in blanked.iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        blanked[..instead.len()].copy_from_slice(instead.as_bytes());
    }
    let changed = changed.and_then(|bytes| String::from_utf8(bytes).ok());
    changed.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The tokens of one statement.
struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, tokens: tokens(text, Backslash::Plain).filter_map(Result::ok).collect() }
    }

    fn get(&self, at: usize) -> Option<&'a str> {
        self.tokens.get(at).map(|token| &self.text[token.span.clone()])
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.get(at).is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    fn find(&self, word: &str) -> Option<usize> {
        (0..self.tokens.len()).find(|at| self.is(*at, word))
    }

    /// A name, or a text in any quotes.
    fn name(&self, at: usize) -> Option<String> {
        Some(self.get(at)?.trim_matches(['"', '\'']).to_ascii_lowercase())
    }

    /// Where `with (…)` stands in a `create index` whose method comes from a stand-in.
    fn index_options(&self) -> Option<Range<usize>> {
        let makes_index = self.is(1, "index") || self.is(1, "unique") && self.is(2, "index");
        if !self.is(0, "create") || !makes_index {
            return None;
        }
        let using = self.find("using")?;
        if !METHODS.contains(&self.name(using + 1)?.as_str()) {
            return None;
        }
        let mut depth = 0_u32;
        let mut with = None;
        for at in using..self.tokens.len() {
            if depth == 0 && self.is(at, "with") && self.is(at + 1, "(") {
                with = Some(self.tokens[at].span.start);
            } else if self.is(at, "(") {
                depth += 1;
            } else if self.is(at, ")") {
                depth = depth.saturating_sub(1);
                if let (0, Some(start)) = (depth, with) {
                    return Some(start..self.tokens[at].span.end);
                }
            }
        }
        None
    }

    /// A whole `security label for …` of an extension that stands in: only its library could take
    /// the label.
    fn foreign_label(&self) -> Option<Range<usize>> {
        if !self.is(0, "security") || !self.is(1, "label") || !self.is(2, "for") {
            return None;
        }
        let provider = self.name(3)?;
        let mut all = ALL.iter().flat_map(|kind| kind.stand_ins());
        let last = self.tokens.last()?;
        let first = self.tokens.first()?;
        all.any(|one| one.name == provider).then_some(first.span.start..last.span.end)
    }

    /// Where `version '…'` stands in a `create extension`, if the stand-in has no such version.
    fn unknown_version(&self) -> Option<Range<usize>> {
        if !self.is(0, "create") || !self.is(1, "extension") {
            return None;
        }
        let name = self.name(if self.is(2, "if") { 5 } else { 2 })?;
        let stand_in = ALL.iter().flat_map(|kind| kind.stand_ins()).find(|one| one.name == name)?;
        let at = self.find("version")?;
        let version = self.name(at + 1)?;
        let known =
            stand_in.version == version || stand_in.other_versions.contains(&version.as_str());
        (!known).then(|| self.tokens[at].span.start..self.tokens[at + 1].span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::fit_to_stand_ins;

    #[test]
    fn options_of_a_method_that_stands_in_become_blanks_of_the_same_length() {
        let text = "create index on t using hnsw (e vector_cosine_ops)\n  with (m = 16, ef = 64) \
                    where e is not null;\nselect 'with (m = 1)'";
        let blank = " ".repeat("with (m = 16, ef = 64)".len());
        assert_eq!(fit_to_stand_ins(text), text.replacen("with (m = 16, ef = 64)", &blank, 1));
    }

    #[test]
    fn options_of_real_methods_stay() {
        for text in [
            "create index on t using btree (hnsw) with (fillfactor = 70)",
            "select hnsw from a join b using (id)",
            "create table hnsw (a int) with (fillfactor = 70)",
        ] {
            assert_eq!(fit_to_stand_ins(text), text);
        }
    }

    #[test]
    fn a_label_for_a_library_that_is_not_here_becomes_a_statement_that_does_nothing() {
        let text = "security label for pgsodium on column t.c is 'ENCRYPT WITH KEY ID x'; select 1";
        let label = text.find(';').unwrap();
        let fitted = format!("select{}{}", " ".repeat(label - 6), &text[label..]);
        assert_eq!(fit_to_stand_ins(text), fitted);
        let real = "security label for selinux on table t is 'x'";
        assert_eq!(fit_to_stand_ins(real), real);
    }

    #[test]
    fn a_version_that_a_stand_in_has_not_heard_of_is_left_out() {
        let text =
            "create extension if not exists \"pg_net\" with schema x version '0.0.987' cascade";
        let fitted = text.replacen("version '0.0.987'", &" ".repeat(17), 1);
        assert_eq!(fit_to_stand_ins(text), fitted);
        let real = "create extension hstore version '0.0.987'";
        assert_eq!(fit_to_stand_ins(real), real);
    }
}
