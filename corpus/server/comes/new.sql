do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create foreign data wrapper w;
create server far type 't' version '1' foreign data wrapper w options (host 'h', dbname 'it''s');
create user mapping for public server far;
create user mapping for corpus_owner server far;
comment on server far is 'far away';
grant usage on foreign server far to corpus_owner;
alter server far owner to corpus_owner;
