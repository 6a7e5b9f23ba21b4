do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create schema s;
