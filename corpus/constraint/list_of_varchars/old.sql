create table t (a varchar(9));
