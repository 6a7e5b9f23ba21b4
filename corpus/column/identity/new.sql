create table t (a int not null generated always as identity (start with 10 increment by 2));
