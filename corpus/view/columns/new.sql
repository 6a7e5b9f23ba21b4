create table t (a int, b int);
create view v with (security_invoker = true) as select a, b from t;
grant select on v to public;
