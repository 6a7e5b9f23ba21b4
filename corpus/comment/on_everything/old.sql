create table t (a int constraint c check (a > 0));
create index i on t (a);
create view v as select a from t;
create function f() returns int language sql as $$ select 1 $$;
create policy p on t;
create sequence s;
