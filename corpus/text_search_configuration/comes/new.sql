do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create text search dictionary d (template = simple);
create text search configuration c (copy = english);
alter text search configuration c alter mapping for word, asciiword with d, english_stem;
create table t (a text, v tsvector generated always as (to_tsvector('public.c', a)) stored);
comment on text search configuration c is 'ours';
alter text search configuration c owner to corpus_owner;
