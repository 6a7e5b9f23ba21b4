create function f(a int) returns int language sql immutable as $$ select a + 1 $$;
create function g(a int) returns text language sql as $$ select 'x' $$;
