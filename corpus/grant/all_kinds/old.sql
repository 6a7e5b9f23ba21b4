create table t (a int, b int);
create function f() returns int language sql as $$ select 1 $$;
create sequence s;
create schema x;
