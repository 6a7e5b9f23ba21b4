do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create function h() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create function i(internal) returns void language c strict as '$libdir/plpgsql', 'plpgsql_inline_handler';
