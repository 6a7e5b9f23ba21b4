create type myrange as range (subtype = int8);
create table t (id int primary key, a myrange);
create function f(myrange) returns myrange language sql as 'select $1';
