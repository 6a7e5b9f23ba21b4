create foreign data wrapper w;
create server far foreign data wrapper w;
create server near foreign data wrapper w;
create table parent (id int, a text);
create table parts (id int, a text) partition by range (id);
create foreign table f (id int, a text, c int options (x '1', y '2')) server far options (table_name 't', z '1');
