create table t (a int);
create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create constraint trigger g after insert on t deferrable initially deferred for each row execute function f();
