create table t (id bigint primary key, name text not null default 'x', unique (name), check (name <> ''));
