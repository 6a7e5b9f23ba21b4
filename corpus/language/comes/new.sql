do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create function h() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create function i(internal) returns void language c strict as '$libdir/plpgsql', 'plpgsql_inline_handler';
create trusted language mine handler h inline i;
create function f() returns int language mine as 'begin return 1; end';
comment on language mine is 'mine';
grant usage on language mine to corpus_owner;
revoke usage on language mine from public;
alter language mine owner to corpus_owner;
