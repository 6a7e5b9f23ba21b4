create table t (a int, b text, c jsonb);
create unique index i on t (a desc nulls last, lower(b) text_pattern_ops) include (c) where a > 0;
create index j on t using gin (c jsonb_path_ops) with (fastupdate = off);
create index k on t (b collate "C");
comment on index i is 'much used';
