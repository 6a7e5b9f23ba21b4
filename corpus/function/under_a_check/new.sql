create function f(b int) returns boolean language sql immutable as $$ select b > 0 $$;
create table t (a int check (f(a)));
