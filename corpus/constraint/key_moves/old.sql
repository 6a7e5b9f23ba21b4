create table t (a int not null, b int not null, primary key (a));
create table u (t int references t);
