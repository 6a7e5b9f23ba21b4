-- Functions in JavaScript can be made; to call one raises an error.

create function plv8_call_handler() returns language_handler
language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create language plv8 handler plv8_call_handler;
comment on language plv8 is 'stand-in: functions can be made and not be called';
create function plv8_version() returns text
language sql
as $$ select 'stand-in' $$;
create function plv8_reset() returns void
language sql
as $$ select $$;
