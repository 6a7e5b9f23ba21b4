create table t (a int);
create view v as select a as b from t;
create view w as select b from v;
