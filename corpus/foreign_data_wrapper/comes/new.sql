do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create foreign data wrapper w validator postgresql_fdw_validator;
create foreign data wrapper x options (a 'b');
create foreign data wrapper "Bare";
comment on foreign data wrapper w is 'far';
grant usage on foreign data wrapper w to corpus_owner;
