-- Something of everything that people have in a database.
create schema app;
create schema "Odd Names";
create extension citext with schema app;
create type app.mood as enum ('sad', 'it''s ok', 'happy');
create domain app.email as app.citext check (value like '%@%');
create type app.pair as (a integer, b text);
create table app.users (
    id bigint generated always as identity primary key,
    email app.email not null unique,
    mood app.mood default 'happy',
    tags text[] default array['a', 'b'],
    born date,
    age integer generated always as (1 + coalesce(0, 1)) stored
);
create table app.orders (
    id serial primary key,
    buyer bigint not null references app.users on delete cascade deferrable initially deferred,
    at timestamptz not null default now(),
    total numeric(10, 2) constraint positive check (total >= 0)
);
create table "Odd Names"."Select" ("From" integer primary key, "a.b" text collate "C", "quo""te" jsonb);
create table app.events (id bigint not null, day date not null, primary key (id, day)) partition by range (day);
create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
create table app.events_rest partition of app.events default;
create index events_day on app.events (day);
create index orders_lower on app.orders ((total * 2)) where total > 1;
create unique index users_born on app.users (born desc nulls last) include (mood);
create sequence app.numbers start 10 increment 5;
create view app.buyers with (security_barrier) as
    select u.id, u.email, count(*) from app.users u join app.orders o on o.buyer = u.id group by u.id;
create materialized view app.counted as select count(*) from app.orders;
create unique index counted_one on app.counted (count);
create materialized view app.unread as select id from app.users with no data;
create function app.total(buyer bigint) returns numeric language sql stable
    begin atomic select sum(o.total) from app.orders o where o.buyer = $1; end;
create function app.early() returns setof app.users language sql as $$ select * from app.users $$;
create procedure app.clean(inout n integer default 1) language plpgsql as $body$
begin
    -- a line that says \restrict, and one that ends; in a body
    delete from app.orders;
end $body$;
create aggregate app.joined (text) (sfunc = textcat, stype = text, initcond = '');
create function app.touch() returns trigger language plpgsql as $$ begin new.at := now(); return new; end $$;
create trigger touch before update on app.orders for each row when (old.total is distinct from new.total)
    execute function app.touch();
create rule quiet as on delete to "Odd Names"."Select" do instead nothing;
alter table app.orders enable row level security;
create policy mine on app.orders as restrictive for select using (buyer = 1);
create policy theirs on app.orders for insert to current_user with check (total < 100);
comment on table app.users is 'people; it''s them';
comment on column app.users.mood is E'how\nthey are';
comment on function app.total(bigint) is 'sum';
grant select on app.users to public;
grant usage on schema app to public;
revoke execute on function app.early() from public;
alter default privileges in schema app grant select on tables to public;
create statistics app.both on id, day from app.events;
create publication changes for table app.orders;
create foreign data wrapper files;
create server remote foreign data wrapper files options (host 'db.example');
create user mapping for public server remote options (user 'app', password 'hunter2');
create foreign table app.far (id integer) server remote options (name 'x');
create operator app.=== (leftarg = integer, rightarg = integer, function = int4eq);
create collation app.german (provider = libc, locale = 'C');
create cast (app.pair as text) with inout;

create function app.watched() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger watch on ddl_command_end when tag in ('CREATE CAST') execute function app.watched();
