create foreign data wrapper w;
create server far foreign data wrapper w;
create server near foreign data wrapper w;
create table parent (id int, a text);
create table parts (id int, a text) partition by range (id);
create foreign table f (id bigint not null, b text, c text options (x '2', w '3') default 'q', constraint k check (b <> '')) server far options (table_name 'u', y '1');
