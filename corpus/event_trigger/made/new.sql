create function f() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger e on ddl_command_start when tag in ('DROP TABLE') execute function f();
alter event trigger e disable;
