create table orders (id int primary key, total bigint, note text);
create table items (id int primary key, n int);
create schema s;
create table s.t (id int primary key);
create publication p for table orders where (total > 1);
