create type e as enum ('b', 'a');
create table t (x e default 'a', y e[], check (x <> 'b'));
create index t_x on t (x) where x = 'a';
create view v as select x from t;
create function f(e) returns e language sql as $$ select $1 $$;
