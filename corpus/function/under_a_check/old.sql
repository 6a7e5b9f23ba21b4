create function f(a int) returns boolean language sql immutable as $$ select a > 0 $$;
create table t (a int check (f(a)));
