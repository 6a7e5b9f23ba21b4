create table t (a int);
create rule r as on delete to t do also notify gone;
alter table t disable rule r;
