create domain d as bigint;
create table t (a d);
