do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create table orders (id int primary key, total int, note text);
create table items (id int primary key, n int);
create schema s;
create table s.t (id int primary key);
