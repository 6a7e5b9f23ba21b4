//! Makes a script of what `pg_dump` wrote that runs anywhere, and is the same each time.

use std::fmt::Write as _;

use whimbrel_engine::shadow::Baseline;
use whimbrel_sql::{Backslash, Ident, Qualified, SplitError, TokenKind, split, tokens};

use crate::mask;

/// What of a dump is another's to make.
#[derive(Default)]
pub(super) struct Place<'a> {
    /// What the platform has before the first migration, where there is one.
    pub(super) platform: Option<Baseline>,
    /// The platform's schemas.
    pub(super) schemas: &'a [String],
    /// The role that the migrations run as.
    pub(super) role: &'a str,
    /// Materialised views that hold what their queries gave.
    pub(super) filled: &'a [String],
    /// Statements that belong to it, and that no dump has.
    pub(super) more: &'a [String],
}

/// A dump as a script.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// The script.
    pub(super) text: String,
    /// How many statements it has.
    pub(super) statements: usize,
    /// Whether it makes anything.
    pub(super) makes: bool,
    /// What a person should know of it.
    pub(super) remarks: Vec<String>,
}

/// What every such script begins with: a function may speak of a table that comes after it, and
/// every name is written out.
const HEAD: &str = "\
-- What the database had when it was taken over, as pg_dump wrote it.

set check_function_bodies = false;
select pg_catalog.set_config('search_path', '', false);
";

/// On a platform new objects are open to the roles of its API, by default privileges that no dump
/// revokes again: what the database had closed would be open wherever the script runs. Those that
/// the database has stand at the end of the dump.
const CLOSED: &str = "
-- Nobody gets more than what is granted below.
do $$
declare
    given record;
begin
    for given in
        select distinct r.rolname as grantee, case d.defaclobjtype
            when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' else 'types' end as kind
        from pg_catalog.pg_default_acl d
        join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace and n.nspname = 'public'
        join pg_catalog.pg_roles o on o.oid = d.defaclrole and o.rolname = current_user
        cross join lateral pg_catalog.aclexplode(d.defaclacl) a
        join pg_catalog.pg_roles r on r.oid = a.grantee
    loop
        execute pg_catalog.format(
            'alter default privileges in schema public revoke all on %s from %I', given.kind, given.grantee);
    end loop;
end $$;
";

/// Kinds that say something of an object, and make none.
const SAYINGS: &[&str] = &["ACL", "DEFAULT ACL", "COMMENT", "SECURITY LABEL"];

/// What an option is called whose value is nobody's business.
const SECRETS: &[&str] = &["password", "passwd", "secret", "token", "key"];

/// Kinds that have options.
const WITH_OPTIONS: &[&str] = &["SERVER", "FOREIGN DATA WRAPPER", "FOREIGN TABLE"];

/// What `pg_dump` says above each object: `-- Name: users; Type: TABLE; Schema: public; Owner: -`.
#[derive(Clone, Copy, Debug, Default)]
struct Heading<'t> {
    name: &'t str,
    kind: &'t str,
    schema: &'t str,
}

/// What becomes of the statements below a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// They are settings of the dump's own.
    Settings,
    Kept,
    Left,
}

/// Makes a script of a dump; what is not the project's to make is left out.
pub(super) fn script(dump: &str, place: &Place<'_>) -> Result<Script, SplitError> {
    let mut script = Script { text: HEAD.to_owned(), ..Script::default() };
    if place.platform.is_some() {
        script.text.push_str(CLOSED);
    }
    let (mut heading, mut fate) = (Heading::default(), Fate::Settings);
    let (mut end, mut filled) = (0, Vec::new());
    for statement in split(dump)?.statements.iter() {
        if let Some(next) = Heading::read(&dump[end..statement.span.start]) {
            heading = next;
            fate = place.fate(&heading, &dump[statement.span.clone()], &mut script.remarks);
            if fate == Fate::Kept {
                script.makes |= !SAYINGS.contains(&heading.kind) && !place.is_usual(&heading);
                filled.extend(place.filled.iter().filter(|view| heading.is_view(view)));
            }
        }
        end = statement.span.end;
        let text = &dump[statement.span];
        let is_taken = match fate {
            Fate::Settings | Fate::Left => false,
            Fate::Kept => !is_setting(text),
        };
        if is_taken || is_storage(text) {
            script.push(&heading, text);
        }
    }
    script.makes |= !place.more.is_empty();
    for statement in place.more {
        script.push(&Heading::default(), statement);
    }
    if !filled.is_empty() {
        script.text.push_str("\n-- Filled as whoever wrote their queries sees the search path.\n");
        script.text.push_str("reset search_path;\n");
        for view in filled {
            writeln!(script.text, "refresh materialized view {view};").expect("text takes text");
        }
    }
    script.look_for_secrets();
    Ok(script)
}

impl Script {
    fn push(&mut self, heading: &Heading<'_>, text: &str) {
        let (text, blanked) = if WITH_OPTIONS.contains(&heading.kind) {
            without_secrets(text)
        } else {
            (text.to_owned(), Vec::new())
        };
        for option in blanked {
            let kind = heading.kind.to_lowercase();
            self.remarks.push(format!(
                "option `{option}` of {kind} `{}` is left empty: it is a secret",
                heading.name
            ));
        }
        // It must not fail where the schema is there from the start.
        let text = match text.as_str() {
            "CREATE SCHEMA public" => "CREATE SCHEMA IF NOT EXISTS public",
            text => text,
        };
        self.statements += 1;
        self.text.extend(["\n", text, ";\n"]);
    }

    fn look_for_secrets(&mut self) {
        let shown = mask(&self.text);
        let mut lines = self.text.lines().zip(shown.lines()).zip(1..);
        if let Some((_, line)) = lines.find(|((text, shown), _)| text != shown) {
            self.remarks.push(format!(
                "what looks like a password or key stands in the script (line {line}): look at it \
                 before it goes into a repository"
            ));
        }
    }
}

impl Place<'_> {
    /// Whether the statements of an object go into the script.
    fn fate(&self, heading: &Heading<'_>, first: &str, remarks: &mut Vec<String>) -> Fate {
        let Heading { name, kind, .. } = *heading;
        if kind == "USER MAPPING" {
            remarks.push(format!("left out: {}, which may hold a password", quoted_as_told(name)));
            return Fate::Left;
        }
        let (subject, object) = heading.subject();
        // The comment that an extension brings comes again with it, and only its owner may say it.
        if subject == "EXTENSION" && kind == "COMMENT" {
            return Fate::Left;
        }
        let Some(platform) = self.platform else { return Fate::Kept };
        let is_theirs = match subject {
            "EXTENSION" | "PUBLICATION TABLE" | "PUBLICATION TABLES IN SCHEMA" => false,
            "EVENT TRIGGER" => {
                let runs = |schema: &String| first.contains(&format!("EXECUTE FUNCTION {schema}."));
                kind != "EVENT TRIGGER" || self.schemas.iter().any(runs)
            }
            "DEFAULT ACL" => !first.contains(&format!(" FOR ROLE {} ", Ident(self.role))),
            subject => platform.keeps(&subject.to_lowercase(), &object),
        };
        if is_theirs { Fate::Left } else { Fate::Kept }
    }

    /// Whether a platform's database has it before anybody made anything there.
    fn is_usual(&self, heading: &Heading<'_>) -> bool {
        self.platform.is_some() && ["EXTENSION", "PUBLICATION TABLE"].contains(&heading.kind)
    }
}

impl<'t> Heading<'t> {
    /// Reads the last heading between two statements.
    fn read(between: &'t str) -> Option<Self> {
        let line = between.lines().rev().find_map(|line| line.strip_prefix("-- Name: "))?;
        let (line, _) = line.rsplit_once("; Owner: ")?;
        let (line, schema) = line.rsplit_once("; Schema: ")?;
        let (name, kind) = line.rsplit_once("; Type: ")?;
        Some(Self { name, kind, schema })
    }

    /// What it is about, which for a comment or a grant is another object, and that one's name as
    /// the catalog has it.
    fn subject(&self) -> (&'t str, String) {
        const NAMED: &[&str] = &["EVENT TRIGGER", "EXTENSION", "PUBLICATION", "SCHEMA"];
        let told = SAYINGS.contains(&self.kind).then(|| {
            NAMED.iter().find_map(|kind| {
                let name = self.name.strip_prefix(kind)?.strip_prefix(' ')?;
                Some((*kind, name))
            })
        });
        let (kind, name) = told.flatten().unwrap_or((self.kind, self.name));
        let name = name.trim_matches('"');
        match self.schema {
            "-" => (kind, Ident(name).to_string()),
            schema => (kind, Qualified { schema, name }.to_string()),
        }
    }

    fn is_view(&self, view: &str) -> bool {
        let Self { name, schema, .. } = *self;
        self.kind == "MATERIALIZED VIEW" && Qualified { schema, name }.to_string() == view
    }
}

/// Settings that are the dump's own business, between what it makes.
fn is_setting(text: &str) -> bool {
    let beginnings = ["SET default_", "SET SESSION AUTHORIZATION ", "RESET SESSION AUTHORIZATION"];
    beginnings.iter().any(|beginning| text.starts_with(beginning))
}

/// Where tables are kept, if it is not where all are.
fn is_storage(text: &str) -> bool {
    text.strip_prefix("SET default_table_access_method = ").is_some_and(|method| method != "heap")
}

/// `USER MAPPING app SERVER files` as a person reads it.
fn quoted_as_told(name: &str) -> String {
    match name.strip_prefix("USER MAPPING ").and_then(|rest| rest.split_once(" SERVER ")) {
        Some((user, server)) => format!("the user mapping of `{user}` for server `{server}`"),
        None => format!("`{name}`"),
    }
}

/// A statement without the values of options that are secrets, and those options.
fn without_secrets(text: &str) -> (String, Vec<String>) {
    let (mut clean, mut blanked, mut end) = (String::new(), Vec::new(), 0);
    let mut before: Option<&str> = None;
    for token in tokens(text, Backslash::Plain).map_while(Result::ok) {
        let word = &text[token.span.clone()];
        let option = before.filter(|name| {
            let name = name.to_lowercase();
            SECRETS.iter().any(|secret| name.contains(secret))
        });
        if let (TokenKind::String(_), Some(option)) = (token.kind, option) {
            clean.extend([&text[end..token.span.start], "''"]);
            end = token.span.end;
            blanked.push(option.trim_matches('"').to_owned());
        }
        before = matches!(token.kind, TokenKind::Word | TokenKind::Name).then_some(word);
    }
    clean.push_str(&text[end..]);
    (clean, blanked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = r#"--
-- PostgreSQL database dump
--

\restrict 2yd1

-- Dumped from database version 17.6
-- Dumped by pg_dump version 17.6

SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: public; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA public;


--
-- Name: EXTENSION citext; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION citext IS 'its own';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: a; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.a (
    id integer DEFAULT 1 -- one
);


--
-- Name: USER MAPPING app SERVER s; Type: USER MAPPING; Schema: -; Owner: -
--

CREATE USER MAPPING FOR app SERVER s OPTIONS (
    password 'hunter2'
);


--
-- Name: s; Type: SERVER; Schema: -; Owner: -
--

CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (
    api_key 'it''s',
    host 'db'
);


--
-- Name: a; Type: MATERIALIZED VIEW; Schema: App; Owner: -
--

CREATE MATERIALIZED VIEW "App".a AS
 SELECT 1
  WITH NO DATA;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: -
--

SET SESSION AUTHORIZATION other;
GRANT USAGE ON SCHEMA public TO app;
RESET SESSION AUTHORIZATION;


--
-- PostgreSQL database dump complete
--

\unrestrict 2yd1
"#;

    #[test]
    fn a_dump_becomes_a_script_that_runs_anywhere() {
        let filled = ["\"App\".a".to_owned()];
        let script = script(DUMP, &Place { filled: &filled, ..Place::default() }).unwrap();
        let text = script.text.strip_prefix(HEAD).unwrap();
        assert_eq!(
            text,
            r#"
CREATE SCHEMA IF NOT EXISTS public;

CREATE TABLE public.a (
    id integer DEFAULT 1 -- one
);

CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (
    api_key '',
    host 'db'
);

CREATE MATERIALIZED VIEW "App".a AS
 SELECT 1
  WITH NO DATA;

GRANT USAGE ON SCHEMA public TO app;

-- Filled as whoever wrote their queries sees the search path.
reset search_path;
refresh materialized view "App".a;
"#
        );
        assert_eq!(script.statements, 5);
        assert!(script.makes);
        assert_eq!(
            script.remarks,
            [
                "left out: the user mapping of `app` for server `s`, which may hold a password",
                "option `api_key` of server `s` is left empty: it is a secret",
            ]
        );
    }

    #[test]
    fn a_database_that_has_only_its_rights_has_nothing() {
        let at = DUMP.find("--\n-- Name: SCHEMA public").unwrap();
        let script = script(&DUMP[at..], &Place::default()).unwrap();
        assert!(!script.makes);
    }
}
