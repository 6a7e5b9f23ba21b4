do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create schema s;
create function s.minus(a float8, b float8) returns float8 language sql immutable as 'select a - b';
