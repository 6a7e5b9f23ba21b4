do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create foreign data wrapper w;
create server far foreign data wrapper w;
create server near foreign data wrapper w;
create table parent (id int, a text);
create table parts (id int, a text) partition by range (id);
