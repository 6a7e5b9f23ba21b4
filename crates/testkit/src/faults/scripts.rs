//! The scripts of the walk.

use std::fmt::Write as _;

use super::script::{Course, Effect, Script, Scripted, Step};

/// A table with something in it, and one that counts what was done by its rows: neither forbids
/// that a row comes twice, so that nothing hides a migration that is applied twice.
const BEFORE: &str = "
    create table book (id int, title text);
    insert into book select n, 'title ' || n from generate_series(1, 500) n;
    create table mark (what text);
";

/// All scripts, each of a kind that is run in its own way or that ends in its own way.
pub fn scripts() -> Vec<Script> {
    vec![
        table(),
        insert(),
        do_block(),
        copy_data(),
        begin_commit(),
        many_in_a_message(),
        several_blocks(),
        concurrent_index(),
        other_concurrent(),
        enum_value(),
        vacuum(),
        rerunnable_procedure(),
        unknowable_procedure(),
        procedure_of_another_script(),
    ]
}

fn table() -> Script {
    let sql = "create table shelf (id int primary key, place text not null);";
    let effect = Effect {
        count: "select count(*) from pg_class where relname = 'shelf' and relkind = 'r'",
        once: 1,
    };
    one("a table", whole("001_table", sql, effect))
}

fn insert() -> Script {
    let sql = "insert into book values (501, 'one'), (502, 'two');";
    one("an insert", whole("001_insert", sql, rows_above_500(2)))
}

fn do_block() -> Script {
    let sql = "do $$
begin
    for n in 501..503 loop
        insert into book values (n, 'from a block');
    end loop;
end
$$;";
    one("a do block", whole("001_block", sql, rows_above_500(3)))
}

/// Data of several protocol messages.
fn copy_data() -> Script {
    let mut sql = "insert into book values (501, 'before the data');\n\
                   copy book (id, title) from stdin;\n"
        .to_owned();
    for id in 502..=3500 {
        writeln!(sql, "{id}\t{}", "a long title ".repeat(5)).expect("a text takes any text");
    }
    sql.push_str("\\.\n\ninsert into book values (3501, 'after the data');\n");
    let migration = Scripted { id: "001_copy", sql, course: Course::Whole(rows_above_500(3001)) };
    one("data by copy", migration)
}

fn begin_commit() -> Script {
    let sql = "begin isolation level repeatable read;
create table shelf (id int);
insert into shelf values (1), (2);
commit;";
    let effect = Effect { count: "select count(*) from shelf", once: 2 };
    one("a file with begin and commit", whole("001_begin", sql, effect))
}

fn many_in_a_message() -> Script {
    let migration = |id, sql: &str, count| whole(id, sql, Effect { count, once: 1 });
    Script {
        name: "six migrations in one message",
        before: BEFORE,
        migrations: vec![
            migration(
                "001_one",
                "create table shelf (id int); insert into shelf values (1);",
                "select count(*) from shelf where id = 1",
            ),
            migration("002_two", "insert into shelf values (2);", SHELF_2),
            migration(
                "003_three",
                "set search_path = pg_catalog; insert into public.shelf values (3);",
                SHELF_3,
            ),
            migration(
                "004_four",
                "create index on shelf (id);",
                "select count(*) from pg_index where indrelid = to_regclass('shelf')",
            ),
            migration("005_five", "do $$ begin insert into shelf values (5); end $$;", SHELF_5),
            migration(
                "006_six",
                "insert into shelf values (6); alter table shelf add place text default 'here';",
                "select count(*) from shelf where id = 6 and place = 'here'",
            ),
        ],
    }
}

const SHELF_2: &str = "select count(*) from shelf where id = 2";
const SHELF_3: &str = "select count(*) from shelf where id = 3";
const SHELF_5: &str = "select count(*) from shelf where id = 5";

fn several_blocks() -> Script {
    let sql = "begin;
insert into mark values ('one');
commit;
insert into mark values ('two');
begin;
insert into mark values ('three');
commit;";
    let steps = vec![
        Step::Together(mark("select count(*) from mark where what = 'one'")),
        Step::Together(mark("select count(*) from mark where what = 'two'")),
        Step::Together(mark("select count(*) from mark where what = 'three'")),
    ];
    one("several blocks in a file", stepwise("001_blocks", sql, steps))
}

/// One with a name, one whose name the server chooses, so that a second build would not even fail.
fn concurrent_index() -> Script {
    let sql = "insert into mark values ('before');
create index concurrently book_title on book (title);
create unique index concurrently on book (id);
insert into mark values ('after');";
    let steps = vec![
        Step::Together(mark("select count(*) from mark where what = 'before'")),
        Step::Alone(Effect {
            count: "select count(*) from pg_index \
                    where indrelid = 'book'::regclass and not indisunique and indisvalid",
            once: 1,
        }),
        Step::Alone(Effect {
            count: "select count(*) from pg_index \
                    where indrelid = 'book'::regclass and indisunique and indisvalid",
            once: 1,
        }),
        Step::Together(mark("select count(*) from mark where what = 'after'")),
    ];
    one("concurrent indexes", stepwise("001_index", sql, steps))
}

fn other_concurrent() -> Script {
    let sql = "drop index concurrently book_id;
reindex table concurrently book;
alter table event detach partition event_old concurrently;
insert into mark values ('after');";
    let steps = vec![
        Step::Alone(Effect {
            count: "select 1 - count(*) from pg_class where relname = 'book_id'",
            once: 1,
        }),
        Step::Alone(Effect::TRACELESS),
        Step::Alone(Effect {
            count: "select 1 - count(*) from pg_inherits where inhrelid = 'event_old'::regclass",
            once: 1,
        }),
        Step::Together(mark("select count(*) from mark where what = 'after'")),
    ];
    Script {
        name: "an index dropped, a table reindexed, a partition detached, each concurrently",
        before: "
            create table book (id int, title text);
            insert into book select n, 'title ' || n from generate_series(1, 500) n;
            create index book_id on book (id);
            create index book_title on book (title);
            create table event (at int) partition by range (at);
            create table event_old partition of event for values from (0) to (10);
            create table mark (what text);
        ",
        migrations: vec![stepwise("001_other", sql, steps)],
    }
}

fn enum_value() -> Script {
    let sql = "alter type mood add value 'happy';
insert into feeling values ('happy'), ('happy');";
    let steps = vec![
        Step::Together(Effect {
            count: "select count(*) from pg_enum where enumlabel = 'happy'",
            once: 1,
        }),
        Step::Together(Effect {
            count: "select count(*) from feeling where what::text = 'happy'",
            once: 2,
        }),
    ];
    Script {
        name: "an enum value and its use",
        before: "create type mood as enum ('sad'); create table feeling (what mood);",
        migrations: vec![stepwise("001_enum", sql, steps)],
    }
}

fn vacuum() -> Script {
    let sql = "insert into mark values ('before');
vacuum (analyze) book;
insert into mark values ('after');";
    let steps = vec![
        Step::Together(mark("select count(*) from mark where what = 'before'")),
        Step::Alone(Effect::TRACELESS),
        Step::Together(mark("select count(*) from mark where what = 'after'")),
    ];
    one("vacuum", stepwise("001_vacuum", sql, steps))
}

/// Moves rows in batches; run again it moves the rest.
fn rerunnable_procedure() -> Script {
    let sql = "-- whimbrel: rerunnable
create procedure move() language plpgsql as $$
begin
    loop
        with moved as (
            delete from book where id in (select id from book order by id limit 100) returning *
        )
        insert into read_book select * from moved;
        exit when not found;
        commit;
    end loop;
end
$$;
call move();
insert into mark values ('after');";
    let steps = vec![
        Step::Together(mark("select count(*) from pg_proc where proname = 'move'")),
        Step::Repeatable(Effect { count: "select count(*) from read_book", once: 500 }),
        Step::Together(mark("select count(*) from mark where what = 'after'")),
    ];
    Script {
        name: "a procedure that commits, marked as rerunnable",
        before: "
            create table book (id int, title text);
            insert into book select n, 'title ' || n from generate_series(1, 500) n;
            create table read_book (id int, title text);
            create table mark (what text);
        ",
        migrations: vec![stepwise("001_procedure", sql, steps)],
    }
}

/// Run a second time it would leave its marks a second time.
fn unknowable_procedure() -> Script {
    let sql = "insert into mark values ('before');
do $$
begin
    for n in 1..3 loop
        insert into mark values ('number ' || n);
        commit;
    end loop;
end
$$;
insert into mark values ('after');";
    let steps = vec![
        Step::Together(mark("select count(*) from mark where what = 'before'")),
        Step::Unknowable(Effect {
            count: "select count(*) from mark where what like 'number %'",
            once: 3,
        }),
        Step::Together(mark("select count(*) from mark where what = 'after'")),
    ];
    one("a block that commits, not marked as rerunnable", stepwise("001_commits", sql, steps))
}

/// Whether a procedure commits is seen only where it is made: the server has to say so.
fn procedure_of_another_script() -> Script {
    let make = "create procedure fill() language plpgsql as $$
begin
    insert into mark select 'filled' where not exists (select from mark where what = 'filled');
    commit;
end
$$;";
    let call = "-- whimbrel: rerunnable\ninsert into mark values ('before');\ncall fill();";
    let steps = vec![
        Step::Together(mark("select count(*) from mark where what = 'before'")),
        Step::Repeatable(mark("select count(*) from mark where what = 'filled'")),
    ];
    Script {
        name: "a procedure of another script, which turns out to commit",
        before: BEFORE,
        migrations: vec![
            whole("001_make", make, mark("select count(*) from pg_proc where proname = 'fill'")),
            stepwise("002_call", call, steps),
        ],
    }
}

fn one(name: &'static str, migration: Scripted) -> Script {
    Script { name, before: BEFORE, migrations: vec![migration] }
}

fn whole(id: &'static str, sql: &str, effect: Effect) -> Scripted {
    Scripted { id, sql: sql.to_owned(), course: Course::Whole(effect) }
}

fn stepwise(id: &'static str, sql: &str, steps: Vec<Step>) -> Scripted {
    Scripted { id, sql: sql.to_owned(), course: Course::Steps(steps) }
}

fn mark(count: &'static str) -> Effect {
    Effect { count, once: 1 }
}

fn rows_above_500(once: i64) -> Effect {
    Effect { count: "select count(*) from book where id > 500", once }
}
