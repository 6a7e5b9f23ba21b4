create table t (a text, b int);
alter table t alter a set storage external;
alter table t alter b set statistics 500;
alter table t alter b set (n_distinct = 5);
