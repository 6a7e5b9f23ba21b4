create table t (a int not null, b int not null, primary key (b));
create table u (t int references t (b));
