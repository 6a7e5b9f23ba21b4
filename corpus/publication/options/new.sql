create table orders (id int primary key, total int, note text);
create table items (id int primary key, n int);
create schema s;
create table s.t (id int primary key);
create publication p for table orders with (publish = 'update', publish_via_partition_root = true);
