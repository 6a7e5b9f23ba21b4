create table t (a int, b int);
create function f() returns int language sql as $$ select 1 $$;
create sequence s;
create schema x;
grant select (a), update (b) on t to public;
grant insert on t to public;
revoke execute on function f() from public;
grant usage on sequence s to public;
grant usage on schema x to public;
