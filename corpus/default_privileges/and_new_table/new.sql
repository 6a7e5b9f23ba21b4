alter default privileges grant select on tables to public;
create table t (a int);
create table u (a int);
revoke select on u from public;
