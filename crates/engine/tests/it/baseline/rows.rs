//! The baseline beside the platform's own, row by row.
//!
//! The platform's rows lie beside the repository, where its makers have them; `differences.tsv` has
//! each difference with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::kit::{Database, EXPLICIT, EXPOSED, MAJORS, database};

/// A file of rows, how many of its columns tell one row from another, and the query that gives the
/// same columns.
struct Rows {
    file: &'static str,
    key: usize,
    sql: &'static str,
}

/// The schemas whose objects are compared.
const SCHEMAS: &str = "('auth', 'extensions', 'graphql_public', 'public', 'realtime', 'storage', \
    'supabase_functions', 'vault')";

const ALL: &[Rows] = &[
    Rows {
        file: "roles",
        key: 1,
        sql: "select rolname, rolsuper as super, rolinherit as inherit, rolcreaterole as createrole,
                rolcreatedb as createdb, rolcanlogin as login, rolreplication as replication,
                rolbypassrls as bypassrls, array_to_string(rolconfig, '; ') as settings,
                (select string_agg(g.rolname, ', ' order by g.rolname)
                    from pg_auth_members as m join pg_roles as g on g.oid = m.roleid
                    where m.member = r.oid) as member_of
            from pg_roles as r where rolname !~ '^pg_'",
    },
    Rows {
        file: "schemas",
        key: 1,
        sql: "select nspname, pg_get_userbyid(nspowner) as owner, array_to_string(nspacl, ' ') as acl
            from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'",
    },
    Rows {
        file: "tables",
        key: 2,
        sql: "select n.nspname as schema, c.relname as name, c.relkind as kind,
                pg_get_userbyid(c.relowner) as owner, c.relrowsecurity as rls,
                c.relforcerowsecurity as forced, c.relreplident as replica_identity,
                array_to_string(c.reloptions, ' ') as options,
                pg_get_partkeydef(c.oid) as partition_key, array_to_string(c.relacl, ' ') as acl
            from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname in SCHEMAS and c.relkind in ('r', 'p', 'S', 'v')
                and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')",
    },
    Rows {
        file: "columns",
        key: 4,
        sql: "select n.nspname as schema, c.relname as \"table\", a.attnum as position,
                a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
                a.attnotnull as not_null, a.attidentity as identity, a.attgenerated as generated,
                pg_get_expr(d.adbin, d.adrelid) as expression,
                col_description(c.oid, a.attnum) as comment
            from pg_attribute as a join pg_class as c on c.oid = a.attrelid
            join pg_namespace as n on n.oid = c.relnamespace
            left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
            where n.nspname in SCHEMAS and c.relkind in ('r', 'p') and a.attnum > 0
                and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')",
    },
    Rows {
        file: "constraints",
        key: 3,
        sql: "select n.nspname as schema, c.relname as \"table\", k.conname as name,
                pg_get_constraintdef(k.oid) as definition
            from pg_constraint as k join pg_class as c on c.oid = k.conrelid
            join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname in SCHEMAS and k.contype <> 't' and k.contype <> 'n'
                and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')",
    },
    Rows {
        file: "indexes",
        key: 3,
        sql: "select n.nspname as schema, c.relname as \"table\", i.relname as name,
                pg_get_indexdef(x.indexrelid) as definition
            from pg_index as x join pg_class as i on i.oid = x.indexrelid
            join pg_class as c on c.oid = x.indrelid
            join pg_namespace as n on n.oid = c.relnamespace
            where n.nspname in SCHEMAS
                and not exists (select from pg_constraint as k where k.conindid = x.indexrelid)
                and not exists (select from pg_depend as d where d.classid = 'pg_class'::regclass
                    and d.objid = c.oid and d.deptype = 'e')",
    },
    Rows {
        file: "functions",
        key: 3,
        sql: "select n.nspname as schema, p.proname as name, pg_get_function_arguments(p.oid) as arguments,
                pg_get_function_result(p.oid) as result, l.lanname as language, p.prokind as kind,
                p.provolatile as volatility, p.prosecdef as security_definer,
                array_to_string(p.proconfig, ' ') as settings,
                pg_get_userbyid(p.proowner) as owner, array_to_string(p.proacl, ' ') as acl
            from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
            join pg_language as l on l.oid = p.prolang
            where n.nspname in SCHEMAS and not exists (
                select from pg_depend as d where d.classid = 'pg_proc'::regclass
                    and d.objid = p.oid and d.deptype = 'e')",
    },
    Rows {
        file: "triggers",
        key: 3,
        sql: "select n.nspname as schema, c.relname as \"table\", t.tgname as name,
                pg_get_triggerdef(t.oid) as definition
            from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
            join pg_namespace as n on n.oid = c.relnamespace
            where not t.tgisinternal",
    },
    Rows {
        file: "types",
        key: 2,
        sql: "select n.nspname as schema, t.typname as name, t.typtype as kind,
                (select string_agg(e.enumlabel, ', ' order by e.enumsortorder)
                    from pg_enum as e where e.enumtypid = t.oid) as labels,
                (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                        order by a.attnum)
                    from pg_attribute as a where a.attrelid = t.typrelid and a.attnum > 0) as attributes
            from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
            left join pg_class as c on c.oid = t.typrelid
            where n.nspname in SCHEMAS and t.typtype in ('e', 'c', 'd')
                and (c.oid is null or c.relkind = 'c') and not exists (
                select from pg_depend as d where d.classid = 'pg_type'::regclass
                    and d.objid = t.oid and d.deptype = 'e')",
    },
    Rows {
        file: "default-privileges",
        key: 3,
        sql: "select pg_get_userbyid(defaclrole) as for_role, n.nspname as schema,
                defaclobjtype as kind, array_to_string(defaclacl, ' ') as acl
            from pg_default_acl as d join pg_namespace as n on n.oid = d.defaclnamespace",
    },
    Rows {
        file: "event-triggers",
        key: 1,
        sql: "select evtname as name, evtevent as event, array_to_string(evttags, ' ') as tags,
                p.proname as function, pg_get_userbyid(evtowner) as owner
            from pg_event_trigger as e join pg_proc as p on p.oid = e.evtfoid",
    },
    Rows {
        file: "extensions",
        key: 1,
        sql: "select extname as name, n.nspname as schema, pg_get_userbyid(extowner) as owner
            from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace",
    },
    Rows {
        file: "publications",
        key: 1,
        sql: "select pubname as name, pg_get_userbyid(pubowner) as owner, puballtables as all_tables,
                pubinsert, pubupdate, pubdelete, pubtruncate from pg_publication",
    },
    Rows {
        file: "policies",
        key: 3,
        sql: "select schemaname, tablename, policyname, permissive, array_to_string(roles, ',') as roles,
                cmd, qual, with_check from pg_policies where schemaname <> 'cron'",
    },
];

type Table = BTreeMap<String, BTreeMap<String, String>>;

fn platform() -> Option<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/supabase-baseline");
    Some(PathBuf::from(folder)).filter(|folder| folder.is_dir())
}

/// Fields between tabs; one that holds quotes is quoted, with its quotes doubled.
fn fields(line: &str) -> Vec<String> {
    let field = |field: &str| match field.strip_prefix('"').and_then(|f| f.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => field.to_owned(),
    };
    line.split('\t').map(field).collect()
}

fn keyed(rows: &Rows, columns: &[String], fields: Vec<Vec<String>>) -> Table {
    let rows = fields.into_iter().map(|fields| {
        let named: BTreeMap<String, String> = columns.iter().cloned().zip(fields).collect();
        let key: Vec<&str> = columns[..rows.key].iter().map(|name| named[name].as_str()).collect();
        (key.join(" "), named)
    });
    rows.collect()
}

fn read(rows: &Rows, text: &str) -> Table {
    let mut lines = text.lines().map(fields);
    let columns = lines.next().unwrap();
    keyed(rows, &columns, lines.collect())
}

async fn ask(rows: &Rows, columns: &BTreeSet<String>, database: &mut Database) -> Table {
    let sql = rows.sql.replace("SCHEMAS", SCHEMAS);
    let answers = database.session.simple(&sql).await.unwrap();
    let names: Vec<String> = answers[0].columns().to_vec();
    assert_eq!(&names.iter().cloned().collect::<BTreeSet<_>>(), columns, "{}", rows.file);
    let fields = answers[0]
        .rows()
        .map(|row| (0..names.len()).map(|at| row.at(at).unwrap_or_default().to_owned()).collect());
    keyed(rows, &names, fields.collect())
}

/// Privileges have no order, and `maintain` is only known since 17.
fn normal(column: &str, value: &str, major: u16) -> String {
    if column != "acl" {
        return value.to_owned();
    }
    let mut items: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    if major < 17 {
        for item in &mut items {
            *item = item.replace("m*", "").replace("xtm/", "xt/").replace("tm/", "t/");
        }
    }
    items.sort();
    items.join(" ")
}

/// A difference: the file, the row, and the column or `missing` or `extra`.
fn differences(file: &str, platform: &Table, ours: &Table, major: u16) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    let mut note = |key: &str, what: &str| {
        found.push([file.to_owned(), key.to_owned(), what.to_owned()]);
    };
    for (key, row) in platform {
        let Some(our) = ours.get(key) else {
            note(key, "missing");
            continue;
        };
        for (column, value) in row {
            if normal(column, value, major) != normal(column, &our[column], major) {
                note(key, column);
            }
        }
    }
    for key in ours.keys().filter(|key| !platform.contains_key(*key)) {
        note(key, "extra");
    }
    found
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}

#[tokio::test]
async fn every_difference_from_the_platform_has_its_reason() {
    let Some(folder) = platform() else {
        eprintln!("skipped: the platform's rows are not beside this repository");
        return;
    };
    let known: Vec<Vec<String>> =
        include_str!("differences.tsv").lines().skip(1).map(fields).collect();
    let mut used = BTreeSet::new();
    let mut unknown = Vec::new();
    for (major, variant) in [(17, EXPOSED), (17, EXPLICIT), (15, EXPOSED)] {
        let mut database = database(major, variant).await;
        for rows in ALL {
            let text = fs::read_to_string(folder.join(format!("{}.tsv", rows.file))).unwrap();
            let platform = read(rows, &text);
            let columns = fields(text.lines().next().unwrap()).into_iter().collect();
            let ours = ask(rows, &columns, &mut database).await;
            for [file, key, what] in differences(rows.file, &platform, &ours, major) {
                let on = format!("{major} {variant}");
                let reason = known.iter().position(|known| {
                    fits(&known[0], &on)
                        && known[1] == file
                        && fits(&known[2], &key)
                        && fits(&known[3], &what)
                });
                if let Some(at) = reason {
                    used.insert(at);
                    continue;
                }
                let theirs = platform.get(&key).and_then(|row| row.get(&what));
                let our = ours.get(&key).and_then(|row| row.get(&what));
                unknown.push(format!(
                    "{on} | {file} | {key} | {what}\n    theirs {theirs:?}\n    ours   {our:?}"
                ));
            }
        }
    }
    assert!(unknown.is_empty(), "{} without a reason:\n{}", unknown.len(), unknown.join("\n"));
    let unused: Vec<&Vec<String>> =
        known.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, one)| one).collect();
    assert!(unused.is_empty(), "reasons for nothing: {unused:#?}");
    assert_eq!(MAJORS, [15, 17]);
}
